"""The lists of who may do what, as data. That the server obeys them is tested on a real one."""

import json

import pytest

from bus.users import ROLES, USERS, server_config

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


def test_inboxes_are_ones_own() -> None:
    config = json.loads(server_config(PASSWORDS).removeprefix("authorization: "))
    for user in config["users"]:
        inboxes = [s for s in user["permissions"]["subscribe"]["allow"] if s.startswith("_INBOX")]
        assert inboxes == [f"_INBOX.{user['user']}.>"]


def test_every_user_needs_a_password() -> None:
    with pytest.raises(AssertionError, match="ops"):
        server_config(PASSWORDS | {"ops": ""})
