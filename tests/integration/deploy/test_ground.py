"""What a person can mend is one clear sentence; what was there yesterday is there today."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import ground, options
from deploy.ground import GroundError, check_port, hold


def test_second_stack_on_the_same_directory_is_told_so(tmp_path: Path) -> None:
    with (
        hold(tmp_path),
        pytest.raises(GroundError, match=rf"already runs on .*process {os.getpid()}"),
        hold(tmp_path),
    ):
        pass


def test_directory_is_free_again_after_its_holder_was_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib, deploy.ground\n"
        "with deploy.ground.hold(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run((sys.executable, "-c", script, str(tmp_path)), check=False, cwd=options.ROOT)
    with hold(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_foreign_owner_is_named_with_the_mend(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with (
        pytest.raises(GroundError, match=r"belongs to nobody, but you are root.*chown -R root"),
        hold(tmp_path),
    ):
        pass


def test_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "DISK_FREE_BYTES_MIN", 1 << 60)
    with pytest.raises(GroundError, match=r"nearly full.*Make room"), hold(tmp_path):
        pass


def test_taken_port_is_named_with_the_mend() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(GroundError, match=rf"Port {port} .* is taken.*CLASSWIRE_PORT={port + 1}"):
            check_port(port, "127.0.0.1", variable="CLASSWIRE_PORT")


def test_secrets_and_ports_outlive_a_stop(tmp_path: Path) -> None:
    with hold(tmp_path) as first:
        secrets, ports = first.secrets(("edge", "rooms")), first.ports(("nats", "s3"))
    with hold(tmp_path) as second:
        assert second.secrets(("edge", "rooms")) == secrets
        assert second.ports(("nats", "s3")) == ports
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_kept_port_that_somebody_took_is_replaced(tmp_path: Path) -> None:
    with hold(tmp_path) as held, socket.socket() as other:
        port = held.ports(("nats",))["nats"]
        other.bind(("127.0.0.1", port))
        other.listen()
        assert held.ports(("nats",))["nats"] != port


def test_port_that_is_no_number_is_named() -> None:
    with pytest.raises(GroundError, match="CLASSWIRE_PORT must be a port"):
        options.read({"CLASSWIRE_PORT": "eight"})


def test_host_that_is_no_address_is_named() -> None:
    with pytest.raises(GroundError, match=r"CLASSWIRE_HOST=no\.such\.host\.invalid"):
        options.read({"CLASSWIRE_HOST": "no.such.host.invalid"})
