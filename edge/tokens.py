"""Signed values: access tokens (JWT), CSRF tokens and media addresses, and the keys behind them.

Access tokens are signed with Ed25519 and name their key by ``kid``, which is only ever looked up in our
own key ring: never a path, never an address (``jku``, ``x5u`` are ignored). The algorithm is fixed
here and not taken from the token, so neither ``none`` nor a confusion of key types gets through.
The other two are HMAC-SHA256 under keys of their own, derived from the ring's secret.

Time is an argument everywhere. ``RemoteTokenError`` is raised for whatever we did not sign or no longer
honour; it says why for the log, never for the asker.
"""

import hashlib
import hmac
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Annotated, Literal

import jwt
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta, Struct

from edge.identity import Person
from schemas.envelope import Capability
from schemas.ids import LoginId, LoginToken, RoomToken, TenantToken
from schemas.limits import ACCESS_TOKEN_S

ISSUER = "classwire"
AUDIENCE = "classwire-edge"
_ALGORITHM = "EdDSA"
_ACCESS_TYPE = "at+jwt"  # RFC 9068 §2.1: a refresh or other token is never taken for an access token.
_TOKEN_CHARS_MAX = 4_096
KEYS_KEPT_MAX = 3


class RemoteTokenError(Exception):
    """A token that is not ours, not of this kind, or no longer valid."""


# --- keys ----------------------------------------------------------------------------------------
class SigningKey(Struct, frozen=True):
    """One key of the ring; ``seed`` is the Ed25519 private key, base64url."""

    kid: str
    seed: str
    created_at: int

    def private(self) -> Ed25519PrivateKey:
        """The key as the library takes it."""
        return Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(self.seed))


class KeyRing(Struct, frozen=True):
    """All keys, newest first: the first signs, all verify. ``secret`` is the root of the HMAC keys."""

    keys: tuple[SigningKey, ...]
    secret: str

    def find(self, kid: object) -> SigningKey | None:
        """The key of this name."""
        return next((key for key in self.keys if key.kid == kid), None)

    def derive(self, purpose: str) -> bytes:
        """The HMAC key for one purpose."""
        return hmac.digest(self.secret.encode(), purpose.encode(), hashlib.sha256)


def new_ring(now: int) -> KeyRing:
    """A ring with one fresh key."""
    return KeyRing((new_key(now),), secrets.token_urlsafe(32))


def rotate(ring: KeyRing, now: int) -> KeyRing:
    """A ring that signs with a fresh key and still honours the last ones."""
    return KeyRing((new_key(now), *ring.keys[: KEYS_KEPT_MAX - 1]), ring.secret)


def new_key(now: int) -> SigningKey:
    """A fresh key."""
    seed = urlsafe_b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
    return SigningKey(secrets.token_hex(6), seed, now)


def load_ring(path: Path, now: int) -> KeyRing:
    """The ring in this file, made if it is missing. Several processes may start at once."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeyRing)
    except FileNotFoundError:
        return _create_ring(path, now)


def save_ring(path: Path, ring: KeyRing) -> None:
    """Replaces the file in one step, readable by its owner only."""
    temporary = _write_private(path, ring)
    temporary.replace(path)


def _create_ring(path: Path, now: int) -> KeyRing:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _write_private(path, new_ring(now))
    try:
        os.link(temporary, path)  # Fails when another process was first; then its ring counts.
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return msgspec.json.decode(path.read_bytes(), type=KeyRing)


def _write_private(path: Path, ring: KeyRing) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(ring))
        file.flush()
        os.fsync(file.fileno())
    return temporary


# --- access tokens -------------------------------------------------------------------------------
class _AccessClaims(Struct, frozen=True, omit_defaults=True):
    iss: str
    aud: str
    typ: Literal["access"]
    sub: Annotated[str, Meta(min_length=1, max_length=40)]
    iat: int
    exp: int
    login: LoginToken
    tenant: TenantToken
    kind: Literal["user", "guest"]
    name: str
    capabilities: tuple[Capability, ...] = ()
    room: RoomToken | None = None
    admitted: bool = False


class Access(Struct, frozen=True):
    """What an access token says: who, by which login, until when (Unix ms)."""

    person: Person
    login: LoginId
    expires_at: int


def issue_access(ring: KeyRing, person: Person, login: LoginId, now: int) -> str:
    """An access token for the next ``ACCESS_TOKEN_S``."""
    key = ring.keys[0]
    claims = _AccessClaims(
        iss=ISSUER,
        aud=AUDIENCE,
        typ="access",
        sub=person.id,
        iat=now // 1000,
        exp=now // 1000 + ACCESS_TOKEN_S,
        login=login,
        tenant=person.tenant,
        kind=person.kind,
        name=person.display_name,
        capabilities=person.capabilities,
        room=person.room,
        admitted=person.admitted,
    )
    return jwt.encode(
        msgspec.to_builtins(claims),
        key.private(),
        algorithm=_ALGORITHM,
        headers={"kid": key.kid, "typ": _ACCESS_TYPE},
    )


def read_access(ring: KeyRing, token: str, now: int) -> Access:
    """Who an access token names. Raises RemoteTokenError."""
    claims = _verified_claims(ring, token)
    if (claims.iss, claims.aud) != (ISSUER, AUDIENCE):
        raise RemoteTokenError("issuer or audience")
    if not claims.iat - 60 <= now // 1000 < claims.exp:  # Another edge's clock may be a minute ahead.
        raise RemoteTokenError("expired")
    person = Person(
        claims.kind,
        claims.sub,
        claims.tenant,
        claims.name,
        claims.capabilities,
        claims.room,
        claims.admitted,
    )
    return Access(person, claims.login, claims.exp * 1000)


def _verified_claims(ring: KeyRing, token: str) -> _AccessClaims:
    if len(token) > _TOKEN_CHARS_MAX:
        raise RemoteTokenError("length")
    try:
        header = jwt.get_unverified_header(token)
        key = ring.find(header.get("kid"))
        if key is None or header.get("typ") != _ACCESS_TYPE or header.get("crit") is not None:
            raise RemoteTokenError("header")
        # Times, issuer and audience are checked by the caller, against the time it was given.
        body = jwt.api_jws.decode(token, key.private().public_key(), algorithms=[_ALGORITHM])
        return msgspec.json.decode(body, type=_AccessClaims)
    except (jwt.PyJWTError, msgspec.DecodeError, UnicodeError) as error:
        raise RemoteTokenError(type(error).__name__) from error


# --- CSRF tokens ---------------------------------------------------------------------------------
def issue_csrf(ring: KeyRing, login: LoginId) -> str:
    """A token that only pages of this login can repeat."""
    salt = secrets.token_urlsafe(12)
    return f"{salt}.{_csrf_mac(ring, login, salt)}"


def is_csrf_of(ring: KeyRing, token: str, login: LoginId) -> bool:
    """Whether we made this token for this login: a planted cookie of another login does not do."""
    salt, _, mac = token.partition(".")
    return hmac.compare_digest(mac.encode(), _csrf_mac(ring, login, salt).encode())


def _csrf_mac(ring: KeyRing, login: LoginId, salt: str) -> str:
    return _text(hmac.digest(ring.derive("csrf"), f"{login}/{salt}".encode(), hashlib.sha256))


def derive_secret(ring: KeyRing, purpose: str, *parts: str) -> str:
    """A secret that comes out the same when the same request is repeated, and is stored nowhere."""
    return _text(hmac.digest(ring.derive(purpose), json.dumps(parts).encode(), hashlib.sha256))


# --- secrets at rest -----------------------------------------------------------------------------
def seal(ring: KeyRing, place: str, secret: bytes) -> bytes:
    """A secret as it may lie in the database: AES-256-GCM, bound to its ``place`` there."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(ring.derive("seal")).encrypt(nonce, secret, place.encode())


def open_sealed(ring: KeyRing, place: str, sealed: bytes) -> bytes:
    """The secret that was sealed for this place by this ring. Raises RemoteTokenError."""
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(ring.derive("seal")).decrypt(nonce, body, place.encode())
    except (InvalidTag, ValueError) as error:
        raise RemoteTokenError("sealed") from error


_NONCE_BYTES = 12  # NIST SP 800-38D §8.2: the length for which GCM is made.


# --- media addresses -----------------------------------------------------------------------------
class MediaGrant(Struct, frozen=True, array_like=True):
    """Leave to read one object until ``expires_at`` (Unix seconds), under this name. ``link`` names the
    row of the access log (``edge.replays``); empty: readings are not logged."""

    key: Annotated[str, Meta(max_length=300)]
    media_type: Annotated[str, Meta(max_length=80)]
    filename: Annotated[str, Meta(max_length=120)]
    expires_at: int
    link: Annotated[str, Meta(max_length=40)] = ""


def sign_media(ring: KeyRing, grant: MediaGrant) -> str:
    """The token of a ``/media/`` address. It holds one key and one end; nothing in it can be changed."""
    body = msgspec.json.encode(grant)
    return f"{_text(body)}.{_text(_media_mac(ring, body))}"


def read_media(ring: KeyRing, token: str, now: int) -> MediaGrant:
    """What a ``/media/`` token grants. Raises RemoteTokenError."""
    encoded, _, mac = token.partition(".")
    if len(token) > _TOKEN_CHARS_MAX:
        raise RemoteTokenError("length")
    try:
        body = _bytes(encoded)
        if not hmac.compare_digest(_bytes(mac), _media_mac(ring, body)):
            raise RemoteTokenError("signature")
        grant = msgspec.json.decode(body, type=MediaGrant)
    except (ValueError, msgspec.DecodeError) as error:
        raise RemoteTokenError("form") from error
    if grant.expires_at * 1000 <= now:
        raise RemoteTokenError("expired")
    return grant


def _media_mac(ring: KeyRing, body: bytes) -> bytes:
    return hmac.digest(ring.derive("media"), body, hashlib.sha256)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not ASCII")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
