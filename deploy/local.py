"""The embedded stack: servers and roles as children of one process, on one directory.

    hold the directory → NATS, Postgres, S3 → streams, tables, bucket → the five roles → HTTPS → demo data

While it runs ``var/stack.json`` tells what runs: pids, ports, users. ``var/demo.json`` has the links.
"""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from pathlib import Path

import msgspec
from msgspec import Struct

from bus.users import USERS, server_config
from deploy import demo, provision
from deploy.ground import Ground, GroundError, Secrets, check_port, hold
from deploy.https import Https
from deploy.options import EDGES_MAX, MEDIA_PORT, ROOT, Options
from deploy.roles import HTTPS, ROLES, SERVICES, Role
from deploy.services import LOOPBACK, S3, Nats, Postgres, ServiceError
from deploy.supervisor import ChildFailed, Status, Supervisor
from schemas.settings import Settings

NAME = "classwire"  # Of the database and the bucket.
WEB = ROOT / "edge" / "web" / "dist"
HURRY_S = (
    1.0  # A second signal later than this is a person in a hurry; sooner it is make's copy of the first.
)
_PORTS = ("nats", "nats_monitor", "postgres", "s3", "s3_master", "s3_volume", "s3_filer", *ROLES, "media")
_EDGES = tuple(f"edge-{n}" for n in range(1, EDGES_MAX + 1))  # Own ports, beside the one that they share.


def up(options: Options) -> int:
    """Runs a stack until SIGTERM or Ctrl-C; the exit status."""
    try:
        with hold(options.var) as ground:
            _check(options)
            return asyncio.run(_until_stopped(options, ground))
    except (GroundError, ServiceError, ChildFailed, demo.DemoError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _check(options: Options) -> None:
    """What a person can mend, before anything is started."""
    check_port(options.port, options.media_listen, variable="CLASSWIRE_PORT")
    if options.media_port is not None:
        check_port(
            options.media_port, options.media_listen, variable="CLASSWIRE_MEDIA_PORT", kind=socket.SOCK_DGRAM
        )
    if not (WEB / "index.html").exists():
        raise GroundError("The web client is not built. Run `make setup`.")


async def _until_stopped(options: Options, ground: Ground) -> int:
    """Runs a stack until a signal comes, or until a child cannot be kept running."""
    stack, stopping = Stack(options, ground), asyncio.Event()

    first_at = 0.0

    def on_signal() -> None:
        nonlocal first_at
        now = time.monotonic()
        if not stopping.is_set():
            first_at = now
            stopping.set()
        elif now - first_at > HURRY_S:
            stack.supervisor.kill()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    running = asyncio.create_task(stack.run())
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait((running, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    running.cancel()
    await asyncio.wait((running,))
    await stack.stop()
    if not running.cancelled() and not stopping.is_set():
        running.result()
    return 0


class Plan(Struct, frozen=True):
    """Everything about a stack that is decided before anything runs."""

    nats: Nats
    postgres: Postgres
    s3: S3
    roles: tuple[Role, ...]
    https: Https | None
    settings: dict[str, Settings]
    """By role, and for ``setup``."""


class Stack:
    """The servers and roles on one directory."""

    def __init__(self, options: Options, ground: Ground) -> None:
        self._options = options
        self._ground = ground
        self._began = time.monotonic()
        self._secrets = ground.secrets(USERS)
        self._plan = plan(options, ground.root, self._secrets, ground.ports((*_PORTS, *_own_ports(options))))
        self.supervisor = Supervisor(ground.logs, self._say, self._write_status)

    async def run(self) -> None:
        """Starts everything, says that it is ready, and goes on until a child cannot be kept."""
        self._say(f"starting; data, logs and secrets are in {self._ground.root}")
        made, start = self._plan, self.supervisor.start
        await _together(*(start(server, stage=SERVICES) for server in (made.nats, made.postgres, made.s3)))
        await asyncio.to_thread(made.postgres.create_database, NAME)
        await provision.everything(made.settings["setup"])
        self._say("streams, tables and bucket are ready")
        await _together(*(start(role, stage=role.stage) for role in made.roles))
        if made.https is not None:
            await start(made.https, stage=HTTPS)
        await self._announce()
        await self.supervisor.failed()

    async def stop(self) -> None:
        """Stops everything in reverse order."""
        self._say("stopping")
        await self.supervisor.stop()
        self._ground.remove("stack.json")
        self._say("stopped")

    async def _announce(self) -> None:
        made = await demo.make(self._plan.settings["edge"], self._options.url)
        self._ground.write("demo.json", made)
        if self._plan.https is not None:
            print(f"\nDevices may install this certificate: {self._plan.https.certificate}")
        print(f"\nTeacher  {made.teacher_link}")
        print(f"Student  {made.student_link}")
        print("Each link signs in once, in a browser of its own. Ctrl-C stops everything.\n")
        print(f"Classwire is ready: {made.url}", flush=True)

    def _say(self, line: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {line}", flush=True)

    def _write_status(self, children: dict[str, Status]) -> None:
        self._ground.write(
            "stack.json",
            {
                "url": self._options.url,
                "nats_url": self._plan.nats.url,
                "nats_monitor_port": self._plan.nats.monitor_port,
                "users": self._secrets.nats,
                "postgres": self._plan.postgres.dsn(NAME),
                "environment": {name: environment(of) for name, of in self._plan.settings.items()},
                "children": children,
            },
        )


def plan(options: Options, root: Path, secrets: Secrets, ports: dict[str, int]) -> Plan:
    """The servers, roles and their settings."""
    nats = Nats(
        data=root / "nats",
        port=ports["nats"],
        monitor_port=ports["nats_monitor"],
        authorization=server_config(secrets.nats),
    )
    postgres = Postgres(data=root / "postgres", port=ports["postgres"], password=secrets.postgres)
    s3 = S3(
        data=root / "s3",
        ports=(ports["s3"], ports["s3_master"], ports["s3_volume"], ports["s3_filer"]),
        access_key=secrets.s3_access_key,
        secret_key=secrets.s3_secret_key,
    )
    edge_port = ports["edge"] if options.host else options.port
    shared = Settings(
        nats_url=nats.url,
        postgres=postgres.dsn(NAME),
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=s3.secret_key,
        s3_bucket=NAME,
        listen=f"{LOOPBACK}:{edge_port}",
        public_url=options.url,
        secret_file=str(root / "edge.keys"),
        mail_dir=str(root / "mail"),
        web_dir=str(WEB),
        media_listen=options.media_listen,
        media_port=options.media_port or (MEDIA_PORT if options.host else ports["media"]),
        media_address=options.address,
        work_dir=str(root / "work"),
    )
    settings = {
        role: msgspec.structs.replace(
            shared,
            nats_user=role,
            nats_password=secrets.nats[role],
            nats_media_user=media if media in secrets.nats else "",
            nats_media_password=secrets.nats.get(media, ""),
            nats_archiver_user="archiver" if role == "artifacts" else "",
            nats_archiver_password=secrets.nats["archiver"] if role == "artifacts" else "",
            health_port=ports.get(role, 0),
        )
        for role in ("setup", *ROLES)
        for media in (f"{role}_media",)
    }
    roles = tuple(
        Role(role, environment(settings[role]), ports[role]) for role in ROLES if role != "edge"
    ) + _edges(settings["edge"], edge_port, [ports[name] for name in _own_ports(options)])
    https = None
    if options.host:
        https = Https(
            data=root / "caddy",
            host=options.host,
            address=options.address,
            port=options.port,
            edge_port=edge_port,
        )
    return Plan(nats=nats, postgres=postgres, s3=s3, roles=roles, https=https, settings=settings)


def _own_ports(options: Options) -> tuple[str, ...]:
    return _EDGES[: options.edges] if options.edges > 1 else ()


def _edges(settings: Settings, port: int, own_ports: list[int]) -> tuple[Role, ...]:
    """One edge, or several that share its port; each of these also answers on a port of its own."""
    if not own_ports:
        return (Role("edge", environment(settings), port),)
    shared = [msgspec.structs.replace(settings, edges=len(own_ports), health_port=own) for own in own_ports]
    names = ("edge", *(f"edge-{n}" for n in range(2, len(own_ports) + 1)))
    return tuple(
        Role(name, environment(each), each.health_port) for name, each in zip(names, shared, strict=True)
    )


def environment(settings: Settings) -> dict[str, str]:
    """The variables that ``schemas.settings.read`` turns into these settings."""
    default = Settings()
    return {
        f"CLASSWIRE_{field.upper()}": str(getattr(settings, field))
        for field in settings.__struct_fields__
        if getattr(settings, field) != getattr(default, field)
    }


async def _together(*steps: Coroutine[object, object, object]) -> None:
    """Runs steps at once; the first failure cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
