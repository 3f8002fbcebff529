"""What the REST API promises of its refusals: every problem code, and which route answers which.

``CODES`` is the catalogue: a code's status never changes. ``codes_of`` adds up what a route can answer:
what its parts imply (a sign-in, a body, a room, a key), what the commands that it submits are refused
with, and what ``ROUTES`` names besides. The OpenAPI document (``edge.openapi``) and
``docs/api/problems.md`` are made of it; ``tests/integration/edge/test_contract.py`` asks every route and
holds the answers against it.
"""

from collections.abc import Iterable
from typing import Final

from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from edge.auth import require_csrf
from edge.problems import phrase_of, status_of
from schemas.rejections import SENTENCES, Code

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Meaning(Struct, frozen=True):
    """A problem code's status of HTTP and what it says to somebody who writes a client."""

    status: int
    sentence: str


_OF_THE_EDGE: Final[dict[str, Meaning]] = {
    "busy": Meaning(503, "Too many uploads are running. Ask again after `Retry-After`."),
    "checksum_algorithm": Meaning(400, "`Upload-Checksum` names no known algorithm, or has no digest."),
    "checksum_mismatch": Meaning(460, "The bytes of this request were damaged on the way. Send them again."),
    "conflict": Meaning(409, "Somebody else changed it at the same moment. Read it again."),
    "csrf": Meaning(403, "`X-CSRF-Token` is missing, or not this login's. Repeat the CSRF cookie in it."),
    "cut_off": Meaning(400, "The body ended before its end."),
    "digest_mismatch": Meaning(422, "The bytes are not those that were announced."),
    "email_taken": Meaning(409, "There is an account with this address."),
    "file_type": Meaning(415, "Files of this kind are not taken, or the file is not what its name says."),
    "foreign_origin": Meaning(403, "`Origin` names another site."),
    "idempotency_in_progress": Meaning(
        409, "The first request with this `Idempotency-Key` is still being worked on. Ask again."
    ),
    "idempotency_key_reused": Meaning(422, "This `Idempotency-Key` was used for another request."),
    "infected": Meaning(422, "The virus scanner found something in the file."),
    "internal": Meaning(500, "A mistake of ours. It is logged under `request_id`."),
    "insufficient_scope": Meaning(403, "The API key may not do this; its scopes do not reach."),
    "invalid_api_key": Meaning(401, "The API key is unknown, revoked or expired."),
    "last_administrator": Meaning(409, "The school would be left without an administrator."),
    "link_ended": Meaning(403, "The signed address has ended. Ask for a new one."),
    "method_not_allowed": Meaning(405, "This resource does not understand this method; see `Allow`."),
    "no_provider": Meaning(404, "People with this address sign in with a password."),
    "not_found": Meaning(404, "It is not there, or not for you: the two look the same."),
    "not_signed_in": Meaning(401, "There is no valid login. Refresh it, or sign in."),
    "passcode_needed": Meaning(401, "The guest link asks for its passcode."),
    "precondition_failed": Meaning(412, "It is no longer what `If-Match` names. Read it again."),
    "provider_address": Meaning(422, "The provider's address is none that we call."),
    "provider_away": Meaning(503, "The school's own sign-in does not answer. Ask again later."),
    "range_not_satisfiable": Meaning(416, "There is no such span of bytes."),
    "scan_failed": Meaning(503, "The file could not be checked for viruses. Send it again."),
    "too_large": Meaning(413, "The body is larger than this resource takes."),
    "too_many_attempts": Meaning(429, "Too many attempts to sign in. Wait for `Retry-After`."),
    "too_many_requests": Meaning(429, "More than `RateLimit-Policy` allows. Wait for `Retry-After`."),
    "too_short": Meaning(422, "The file is shorter than was announced."),
    "too_slow": Meaning(408, "The body stood still for too long."),
    "tus_version": Meaning(412, "`Tus-Resumable` must be the version in `Tus-Version`."),
    "unavailable": Meaning(503, "A part of the house is away. Ask again after `Retry-After`."),
    "unsupported_media_type": Meaning(415, "Send JSON."),
    "upload_ended": Meaning(403, "The upload's ticket has ended or is another's. Announce the file again."),
    "upload_gone": Meaning(410, "The upload was given up, refused, or has ended by itself. Begin it again."),
    "upload_running": Meaning(409, "This file is being sent already."),
    "user_disabled": Meaning(409, "The user is disabled. Enable them first."),
    "weak_password": Meaning(422, "The password is too short, too long or easy to guess: see `detail`."),
    "webhook_address": Meaning(422, "The webhook's address is none that we call."),
    "webhook_not_active": Meaning(409, "The webhook is paused or disabled. Switch it on first."),
    "wrong_offset": Meaning(409, "Other bytes come next. Ask by `HEAD` and go on from there."),
    "wrong_credentials": Meaning(401, "Name or secret is wrong; which one is not told."),
    "wrong_passcode": Meaning(401, "The passcode is wrong."),
    "wrong_password": Meaning(403, "The present password is wrong."),
}

CODES: Final[dict[str, Meaning]] = dict(
    sorted(
        {
            **{str(code): Meaning(status_of(code), SENTENCES[code]) for code in Code},
            **_OF_THE_EDGE,
        }.items()
    )
)
"""Every problem code. Those of the rules are the same as in ``rejected`` on the socket."""

_COMMAND = ("log_unavailable", "expired", "forbidden", "no_such_room")
_CLASS = ("forbidden", "session_not_live", "no_such_participant", "room_full")
_PLAN = ("room_archived", "malformed", "limit_reached")
_LETTER = ("wrong_credentials", "weak_password", "too_many_attempts", "log_unavailable")
_TUS = ("tus_version", "upload_gone", "checksum_algorithm", "upload_running", "busy", "not_found")
_BYTES = (
    "wrong_offset",
    "checksum_mismatch",
    "digest_mismatch",
    "too_short",
    "too_slow",
    "cut_off",
    "scan_failed",
    "infected",
)
_UPLOAD = ("forbidden", "no_such_file", "limit_reached", "file_type", "too_large", "malformed")

_ALWAYS = (
    "internal",
    "insufficient_scope",
    "invalid_api_key",
    "malformed",
    "too_many_requests",
    "unavailable",
)
_BYTES = (
    "upload_running",
    "busy",
    "digest_mismatch",
    "too_short",
    "too_slow",
    "cut_off",
    "scan_failed",
    "infected",
)

ROUTES: Final[dict[str, tuple[str, ...]]] = {
    "analytics.attendance": (),
    "analytics.attendance_sheet": ("forbidden",),
    "analytics.room_engagement": ("forbidden",),
    "analytics.session_engagement": ("forbidden", "not_found"),
    "analytics.session_quality": (),
    "analytics.usage": ("forbidden",),
    "api_keys.create_api_key": ("forbidden", "limit_reached", "log_unavailable"),
    "api_keys.list_api_keys": ("forbidden",),
    "api_keys.revoke_api_key": ("forbidden", "not_found", "log_unavailable"),
    "audit.list_audit": ("forbidden",),
    "audit.list_facts": ("forbidden", "log_unavailable"),
    "boards.get_page": ("not_found",),
    "breakouts.breakouts": ("forbidden",),
    "breakouts.group_attendance": ("forbidden",),
    "consents.list_consents": ("forbidden",),
    "consents.list_redactions": ("forbidden",),
    "courses.change_course": ("forbidden", "not_found", "precondition_failed", "log_unavailable"),
    "courses.create_course": ("forbidden", "limit_reached", "log_unavailable"),
    "courses.end_enrolment": ("forbidden", "not_found", "log_unavailable"),
    "courses.enrol": ("forbidden", "not_found", "limit_reached", "log_unavailable"),
    "courses.get_course": ("not_found",),
    "courses.list_courses": (),
    "courses.list_enrolments": ("forbidden", "not_found"),
    "files.announce": _UPLOAD,
    "files.get_file": ("no_such_file",),
    "files.link_file": ("no_such_file",),
    "files.list_files": (),
    "files.list_history": ("forbidden",),
    "files.remove_file": (*_COMMAND, "no_such_file"),
    "files.send": (
        *_COMMAND,
        *_UPLOAD,
        *_BYTES,
        "upload_ended",
    ),
    "guest_links.create_guest_link": ("forbidden", "limit_reached"),
    "guest_links.end_guest_link": ("forbidden", "not_found"),
    "guest_links.list_guest_links": ("forbidden",),
    "lobby.admit": (*_COMMAND, *_CLASS),
    "lobby.at_the_door": ("forbidden",),
    "lobby.deny": (*_COMMAND, *_CLASS),
    "lobby.list_knocks": ("forbidden",),
    "login.me": (),
    "login.renew": ("not_signed_in", "csrf", "log_unavailable"),
    "login.sign_in": ("wrong_credentials", "too_many_attempts", "log_unavailable"),
    "login.sign_in_as_guest": (
        "wrong_credentials",
        "wrong_passcode",
        "passcode_needed",
        "too_many_attempts",
        "log_unavailable",
    ),
    "login.sign_in_by_link": ("wrong_credentials", "too_many_attempts", "log_unavailable"),
    "login.sign_out": ("log_unavailable",),
    "logins.end_login": ("not_found", "log_unavailable"),
    "logins.have_seen_stolen": (),
    "logins.list_logins": (),
    "logins.sign_out_everywhere": ("log_unavailable",),
    "members.list_members": ("forbidden",),
    "messages.list_messages": (),
    "messages.list_reactions": (),
    "oidc.arrive": ("too_many_attempts", "log_unavailable"),
    "oidc.depart": ("no_provider", "provider_away", "too_many_attempts"),
    "passwords.accept_invitation": _LETTER,
    "passwords.ask_confirmation": ("forbidden", "too_many_attempts", "log_unavailable"),
    "passwords.change_own_password": (
        "forbidden",
        "wrong_password",
        "weak_password",
        "too_many_attempts",
        "log_unavailable",
    ),
    "passwords.confirm_email": ("wrong_credentials", "too_many_attempts", "log_unavailable"),
    "passwords.forget_password": ("too_many_attempts", "log_unavailable"),
    "passwords.reset_password": _LETTER,
    "policy.get_policy": ("forbidden",),
    "policy.put_policy": ("forbidden", "precondition_failed", "log_unavailable"),
    "polls.export": ("forbidden", "not_found"),
    "polls.get_poll": ("not_found",),
    "polls.list_polls": (),
    "providers.change_provider": ("forbidden", "not_found", "log_unavailable"),
    "providers.create_provider": ("forbidden", "limit_reached", "provider_address", "log_unavailable"),
    "providers.delete_provider": ("forbidden", "not_found", "log_unavailable"),
    "providers.get_provider": ("forbidden", "not_found"),
    "providers.list_providers": ("forbidden",),
    "pulse.pulse": ("forbidden",),
    "questions.export_questions": ("forbidden",),
    "questions.list_questions": (),
    "recordings.link_artifact": ("not_found",),
    "recordings.list_accesses": ("forbidden",),
    "recordings.list_recordings": (),
    "rooms.archive_room": _COMMAND,
    "rooms.assign_course": _COMMAND,
    "rooms.change_settings": _COMMAND,
    "rooms.create_room": (*_COMMAND, "room_exists"),
    "rooms.get_room": (),
    "rooms.list_rooms": (),
    "rooms.rename_room": _COMMAND,
    "rooms.restore_room": _COMMAND,
    "sessions.cancel": (*_COMMAND, "session_live", "no_such_session"),
    "sessions.cancel_series": _COMMAND,
    "sessions.end": (*_COMMAND, "session_not_live"),
    "sessions.extend": (*_COMMAND, "session_not_live", "limit_reached"),
    "sessions.list_sessions": (),
    "sessions.move": (*_COMMAND, "session_live", "no_such_session"),
    "sessions.rename": (*_COMMAND, "no_such_session"),
    "sessions.schedule": (*_COMMAND, *_PLAN),
    "sessions.schedule_series": (*_COMMAND, *_PLAN),
    "sessions.start": (*_COMMAND, "session_live", "room_archived", "no_such_session"),
    "sessions.timetable": (),
    "studio.export_notes": ("not_found",),
    "studio.list_notes": (),
    "studio.list_stage": (),
    "tus.create": (*_UPLOAD, "busy", "idempotency_key_reused", "tus_version"),
    "tus.give_up": ("not_found", "tus_version", "upload_gone"),
    "tus.send_bytes": (
        *_COMMAND,
        *_UPLOAD,
        *_BYTES,
        "checksum_algorithm",
        "checksum_mismatch",
        "not_found",
        "tus_version",
        "upload_gone",
        "wrong_offset",
    ),
    "tus.tell": ("not_found", "tus_version", "upload_gone"),
    "tenants.change_tenant": ("forbidden", "not_found", "log_unavailable"),
    "tenants.get_tenant": ("not_found",),
    "tenants.list_tenants": ("not_found",),
    "users.change_user": ("forbidden", "not_found", "last_administrator", "log_unavailable"),
    "users.create_user": ("forbidden", "email_taken", "limit_reached", "log_unavailable"),
    "users.disable_user": ("forbidden", "not_found", "last_administrator", "log_unavailable"),
    "users.enable_user": ("forbidden", "not_found", "log_unavailable"),
    "users.get_user": ("forbidden", "not_found"),
    "users.invite_user": ("forbidden", "not_found", "user_disabled", "limit_reached", "log_unavailable"),
    "users.list_users": ("forbidden",),
    "webhooks.change_webhook": ("forbidden", "not_found", "webhook_address", "log_unavailable"),
    "webhooks.create_webhook": ("forbidden", "limit_reached", "webhook_address", "log_unavailable"),
    "webhooks.delete_webhook": ("forbidden", "not_found", "log_unavailable"),
    "webhooks.get_delivery": ("forbidden", "not_found"),
    "webhooks.get_webhook": ("forbidden", "not_found"),
    "webhooks.list_deliveries": ("forbidden", "not_found"),
    "webhooks.list_webhooks": ("forbidden",),
    "webhooks.redeliver": ("forbidden", "not_found", "webhook_not_active", "log_unavailable"),
    "webhooks.replay": ("forbidden", "not_found", "webhook_not_active", "log_unavailable"),
    "webhooks.rotate_secret": ("forbidden", "not_found", "conflict", "log_unavailable"),
}
"""What routes refuse besides what their parts imply, by ``name_of``."""


def name_of(handler: HTTPRouteHandler) -> str:
    """A route's name: its module below ``edge.http`` and its function."""
    return f"{handler.fn.__module__.rpartition('.')[2]}.{handler.fn.__name__}"


def codes_of(handler: HTTPRouteHandler) -> tuple[str, ...]:
    """Every problem code with which a route answers, in order."""
    found = {*ROUTES.get(name_of(handler), ()), *_ALWAYS}
    parameters = handler.fn.__annotations__
    if "access" in parameters:
        found |= {"not_signed_in", "invalid_api_key", "insufficient_scope"}
    if "room" in parameters:
        found |= {"no_such_room", "log_unavailable"}
    if any(path.count("{") for path in handler.paths):
        found.add("not_found")
    if set(handler.http_methods) & _WRITES:
        found |= {"foreign_origin", "unsupported_media_type", "too_large"}
    if is_repeatable(handler):
        found |= {"idempotency_key_reused", "idempotency_in_progress"}
    if require_csrf in (handler.guards or ()):
        found |= {"csrf", "not_signed_in"}
    return tuple(sorted(found))


def is_repeatable(handler: HTTPRouteHandler) -> bool:
    """Whether a route takes ``Idempotency-Key``."""
    return bool(set(handler.http_methods) & _WRITES) and "access" in handler.fn.__annotations__


def by_status(codes: Iterable[str]) -> dict[int, tuple[str, ...]]:
    """The codes of each status."""
    found: dict[int, list[str]] = {}
    for code in codes:
        found.setdefault(CODES[code].status, []).append(code)
    return {status: tuple(found[status]) for status in sorted(found)}


def catalogue() -> str:
    """``docs/api/problems.md``."""
    lines = [
        "# Problem codes of the REST API",
        "",
        "Errors are problem details (RFC 9457, `application/problem+json`): `type`, `title`, `status`,",
        "`detail`, `code`, `request_id`, `traceparent`. `code` is for programs and never changes its meaning",
        "or its status; `detail` is for people. The OpenAPI document at `/api/v1/openapi.json` names for",
        "each route the codes that it answers with. Made by `python -m deploy.contract` from",
        "`edge/contract.py` and `schemas/rejections.py`.",
        "",
        "| code | status | meaning |",
        "|---|---|---|",
        *(
            f"| `{code}` | {meaning.status} {phrase_of(meaning.status)} | {meaning.sentence} |"
            for code, meaning in CODES.items()
        ),
    ]
    return "\n".join(lines) + "\n"
