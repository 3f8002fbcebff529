"""The lists of who may do what, as data. That the server obeys them is tested on a real one."""

import json
from typing import Any

import pytest

from bus.tenants import account
from bus.users import ROLES, USERS, server_config
from schemas.ids import TenantId

PASSWORDS = {user: f"p-{user}" for user in USERS}


def test_only_rooms_may_publish_events() -> None:
    may = [role for role, lists in ROLES.items() if "class.*.*.evt.*" in lists.publish]
    assert may == ["rooms"]


def test_commands_come_from_four_roles() -> None:
    may = {role for role, lists in ROLES.items() if "class.*.*.cmd.*" in lists.publish}
    assert may == {"edge", "rooms", "sfu", "artifacts"}


def test_nobody_subscribes_to_class_subjects() -> None:
    assert not [role for role, lists in ROLES.items() if any("class" in s for s in lists.subscribe)]


def test_nobody_but_setup_has_the_whole_api() -> None:
    assert [role for role, lists in ROLES.items() if "$JS.API.>" in lists.publish] == ["setup"]


def roles_account() -> dict[str, Any]:
    """The account of all roles, as the configuration has it."""
    text = server_config(PASSWORDS)
    account: dict[str, Any] = json.loads(text[text.index(":", 10) + 1 : text.index("\ninclude")])
    return account


def test_roles_share_an_account_and_tenants_stand_in_a_file_of_their_own() -> None:
    assert [user["user"] for user in roles_account()["users"]] == list(USERS)
    assert 'include "tenants.conf"' in server_config(PASSWORDS)


def test_a_tenants_account_imports_its_own_and_nothing_else() -> None:
    school = account(TenantId("school"), "p")
    imported = [line.get("service") or line["stream"] for line in school["imports"]]
    assert {line["account"] for line in imported} == {"CLASS"}
    assert [line["subject"] for line in imported] == [
        "$JS.API.CONSUMER.MSG.NEXT.EVT.tenant-school",
        "$JS.API.CONSUMER.INFO.EVT.tenant-school",
        "$JS.ACK.EVT.tenant-school.>",
        "live.school.>",
    ]


def test_inboxes_are_ones_own() -> None:
    for user in roles_account()["users"]:
        inboxes = [s for s in user["permissions"]["subscribe"]["allow"] if s.startswith("_INBOX")]
        assert inboxes == [f"_INBOX.{user['user']}.>"]


def test_every_user_needs_a_password() -> None:
    with pytest.raises(AssertionError, match="ops"):
        server_config(PASSWORDS | {"ops": ""})
