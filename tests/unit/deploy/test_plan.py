"""What is decided about a stack before anything runs."""

import ipaddress
from pathlib import Path

import pytest

from bus.users import USERS
from deploy.ground import Secrets
from deploy.local import Plan, environment, plan
from deploy.options import MEDIA_PORT, Options
from deploy.roles import ROLES
from schemas import settings
from schemas.settings import Settings

SECRETS = Secrets(
    nats={u: f"secret of {u}" for u in USERS}, postgres="p", s3_access_key="a", s3_secret_key="s"
)
NAMES = ("nats", "nats_monitor", "postgres", "s3", "s3_master", "s3_volume", "s3_filer", *ROLES, "media")
PORTS = {name: 11_000 + index for index, name in enumerate(NAMES)}


def made(**choices: object) -> Plan:
    return plan(Options(**choices), Path("/data"), SECRETS, PORTS)  # type: ignore[arg-type]


def test_environment_says_what_the_settings_say() -> None:
    for given in made().settings.values():
        assert settings.read(environment(given)) == given
    assert environment(Settings()) == {}


def test_every_role_has_its_own_user() -> None:
    for role in made().roles:
        assert role.settings["CLASSWIRE_NATS_USER"] == role.name
        assert role.settings["CLASSWIRE_NATS_PASSWORD"] == f"secret of {role.name}"


def test_recorded_media_goes_by_a_user_of_its_own() -> None:
    assert made().settings["sfu"].nats_media_user == "sfu_media"
    assert made().settings["edge"].nats_media_user == ""


def test_archived_events_are_removed_by_a_user_of_its_own() -> None:
    assert made().settings["artifacts"].nats_archiver_user == "archiver"
    assert made().settings["artifacts"].nats_archiver_password == "secret of archiver"
    assert made().settings["edge"].nats_archiver_user == ""


def test_alone_everything_stays_on_this_machine() -> None:
    alone = made()
    edge, sfu = alone.settings["edge"], alone.settings["sfu"]
    assert alone.https is None
    assert (edge.listen, edge.public_url) == ("127.0.0.1:8000", "http://localhost:8000")
    assert ipaddress.ip_address(sfu.media_listen).is_loopback
    assert sfu.media_port == PORTS["media"]


def test_for_others_https_stands_before_an_edge_on_loopback() -> None:
    shared = made(host="127.0.0.1", address="127.0.0.1", port=8443)
    edge, sfu = shared.settings["edge"], shared.settings["sfu"]
    assert shared.https is not None
    assert shared.https.edge_port == PORTS["edge"]
    assert edge.listen == f"127.0.0.1:{PORTS['edge']}"
    assert edge.public_url == "https://127.0.0.1:8443"
    assert (sfu.media_address, sfu.media_port) == ("127.0.0.1", MEDIA_PORT)


def test_address_behind_translation_is_announced_but_not_bound() -> None:
    shared = made(host="203.0.113.7", address="203.0.113.7")  # RFC 5737: nobody's.
    assert shared.settings["sfu"].media_listen == "0.0.0.0"
    assert shared.settings["sfu"].media_address == "203.0.113.7"


@pytest.mark.parametrize("role", ROLES)
def test_only_the_edge_is_asked_on_its_public_port(role: str) -> None:
    ports = {member.name: member.ready_port for member in made().roles}
    assert ports[role] == (8000 if role == "edge" else PORTS[role])


def test_several_edges_share_a_port_and_each_answers_on_its_own() -> None:
    """The supervisor asks each by itself; the kernel spreads browsers over all."""
    ports = PORTS | {"edge-1": 11, "edge-2": 12}
    planned = plan(Options(edges=2), Path("/data"), SECRETS, ports)
    edges = [role for role in planned.roles if role.name.startswith("edge")]
    assert [(role.name, role.ready_port) for role in edges] == [("edge", 11), ("edge-2", 12)]
    assert len({role.settings.get("CLASSWIRE_LISTEN") for role in edges}) == 1
    assert all(role.settings["CLASSWIRE_EDGES"] == "2" for role in edges)
    assert {role.stage for role in edges} == {planned.roles[-1].stage}
