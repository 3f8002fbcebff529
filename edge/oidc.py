"""Sign-in at a school's own server: OpenID Connect Core 1.0, authorization code flow with PKCE.

::

    page ─► departure (state, browser) ─► provider ─► return(code, state) ─► token request ─► id_token ─► who

What protects it, and against what:

- ``state`` is single-use, short-lived, and bound to the browser by a cookie: login CSRF, replay.
- ``nonce`` ties the id_token to the departure: injected tokens and codes (OIDC Core §3.1.2.1).
- PKCE with S256 always (RFC 7636); a provider that says it knows PKCE but not S256 is not asked at all.
- Each provider has a return address of its own, and ``iss`` counts where it is said (RFC 9207): mix-up.
- The issuer, audience, algorithms and key set come from what the administrator wrote and from its own
  discovery, never from the token: ``alg``, ``kid``, ``jku`` choose nothing but a key of that set.

Nonce and verifier are derived from the state and stored nowhere. Time is an argument.
"""

import asyncio
import hashlib
import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Meta, Struct

from edge import outward
from edge.outward import RemoteServerError
from edge.tokens import KeyRing, derive_secret
from schemas.limits import (
    OIDC_CLOCK_SKEW_S,
    OIDC_KEYS_AGAIN_S,
    OIDC_METADATA_S,
    OIDC_REQUESTS_AT_ONCE_MAX,
)
from schemas.webhooks import Network

log = logging.getLogger(__name__)

# Asymmetric only: with HS256 whoever knows the client's secret, or confuses a public key for it, could sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_TOKEN_CHARS_MAX = 16_384
_SUBJECT_CHARS_MAX = 255  # OIDC Core §2, sub.
_Text = Annotated[str, Meta(max_length=2_000)]


class RemoteProviderError(Exception):
    """The provider, or what came back in its name, is not to be believed; the text is for the log."""


class Provider(Struct, frozen=True):
    """A school's sign-in server, as its administrator wrote it down."""

    id: str
    tenant: str
    title: str
    issuer: str
    client_id: str
    client_secret: str
    is_trusted: bool
    default_capability: str | None


class Metadata(Struct, frozen=True):
    """Of the discovery document what we use (OpenID Connect Discovery 1.0 §3)."""

    issuer: _Text
    authorization_endpoint: _Text
    token_endpoint: _Text
    jwks_uri: _Text
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False


class Claims(Struct, frozen=True):
    """Of an id_token what we use. ``email_verified`` is a string with some providers, against the text."""

    iss: str
    sub: Annotated[str, Meta(min_length=1, max_length=_SUBJECT_CHARS_MAX)]
    aud: str | tuple[str, ...]
    exp: int
    iat: int
    nonce: str = ""
    azp: str | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    email_verified: bool | str = False
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None

    @property
    def verified_email(self) -> str | None:
        """The address, if the provider says that it has seen to it."""
        return self.email if self.email_verified in (True, "true") else None


class _Tokens(Struct, frozen=True):
    id_token: Annotated[str, Meta(max_length=_TOKEN_CHARS_MAX)]
    token_type: str = ""


class _Known(Struct):
    """What a provider has said of itself, and when we asked."""

    metadata: Metadata
    keys: KeySet
    asked_at: int


# --- going out -----------------------------------------------------------------------------------
def departure_address(
    ring: KeyRing, provider: Provider, metadata: Metadata, *, state: str, returns_to: str, hint: str
) -> str:
    """Where the browser is sent."""
    verifier = _verifier(ring, state)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": returns_to,
        "scope": "openid email profile",
        "state": state,
        "nonce": _nonce(ring, state),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if hint:
        query["login_hint"] = hint
    glue = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{glue}{urlencode(query)}"


def _verifier(ring: KeyRing, state: str) -> str:
    return derive_secret(ring, "oidc-verifier", state)


def _nonce(ring: KeyRing, state: str) -> str:
    return derive_secret(ring, "oidc-nonce", state)


# --- coming back ---------------------------------------------------------------------------------
def check_claims(provider: Provider, claims: Claims, nonce: str, now: int) -> Claims:
    """OIDC Core §3.1.3.7. Raises RemoteProviderError."""
    audiences = (claims.aud,) if isinstance(claims.aud, str) else claims.aud
    now_s = now // 1000
    if claims.iss != provider.issuer:
        raise RemoteProviderError("issuer")
    if provider.client_id not in audiences:
        raise RemoteProviderError("audience")
    if (len(audiences) > 1 or claims.azp is not None) and claims.azp != provider.client_id:
        raise RemoteProviderError("authorized party")
    if now_s - OIDC_CLOCK_SKEW_S >= claims.exp or claims.iat > now_s + OIDC_CLOCK_SKEW_S:
        raise RemoteProviderError("time")
    if not nonce or claims.nonce != nonce:
        raise RemoteProviderError("nonce")
    return claims


def read_id_token(token: str, keys: KeySet) -> Claims:
    """The claims of a token that a key of this set signed. Raises RemoteProviderError."""
    try:
        signed = jws.deserialize_compact(token, keys, algorithms=list(ALGORITHMS))
        return msgspec.json.decode(signed.payload, type=Claims)
    except (JoseError, ValueError, TypeError, msgspec.MsgspecError) as error:
        raise RemoteProviderError(f"id_token: {type(error).__name__}") from error


class Providers:
    """Asks providers, and remembers for a while what they say of themselves."""

    def __init__(self, ring: KeyRing, networks: tuple[Network, ...]) -> None:
        self._ring = ring
        self.networks = networks
        self._known: dict[tuple[str, str], _Known] = {}
        self._turns = asyncio.Semaphore(OIDC_REQUESTS_AT_ONCE_MAX)

    async def departure(self, provider: Provider, *, state: str, returns_to: str, hint: str, now: int) -> str:
        """Where the browser is sent. Raises RemoteProviderError."""
        known = await self._of(provider, now)
        return departure_address(
            self._ring, provider, known.metadata, state=state, returns_to=returns_to, hint=hint
        )

    async def arrival(
        self, provider: Provider, query: Mapping[str, str], *, state: str, returns_to: str, now: int
    ) -> Claims:
        """Who came back with this query. Raises RemoteProviderError."""
        known = await self._of(provider, now)
        said = query.get("iss")
        if said is None and known.metadata.authorization_response_iss_parameter_supported:
            raise RemoteProviderError("no issuer in the answer")  # RFC 9207 §2.4.
        if said is not None and said != provider.issuer:
            raise RemoteProviderError("the answer of another issuer")
        if "error" in query or not query.get("code"):
            raise RemoteProviderError(f"refused: {query.get('error', 'no code')[:80]!r}")
        token = await self._redeem(provider, known.metadata, query["code"], state, returns_to)
        claims = await self._read(provider, known, token, now)
        return check_claims(provider, claims, _nonce(self._ring, state), now)

    async def _redeem(
        self, provider: Provider, metadata: Metadata, code: str, state: str, returns_to: str
    ) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": returns_to,
            "code_verifier": _verifier(self._ring, state),
        }
        basic = None
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # RFC 6749 §2.3.1: both are form-encoded before they are joined.
            basic = (_form(provider.client_id), _form(provider.client_secret))
        else:
            form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        try:
            async with self._turns:
                body = await outward.post_form(metadata.token_endpoint, self.networks, form, basic=basic)
            return msgspec.json.decode(body, type=_Tokens).id_token
        except (RemoteServerError, msgspec.MsgspecError, UnicodeError) as error:
            raise RemoteProviderError(f"token request: {error}") from error

    async def _read(self, provider: Provider, known: _Known, token: str, now: int) -> Claims:
        try:
            return read_id_token(token, known.keys)
        except RemoteProviderError:
            if now - known.asked_at < OIDC_KEYS_AGAIN_S * 1000:
                raise
        return read_id_token(token, (await self._ask(provider, now)).keys)  # Its keys may have rotated.

    # --- what a provider says of itself ----------------------------------------------------------
    async def _of(self, provider: Provider, now: int) -> _Known:
        known = self._known.get((provider.tenant, provider.issuer))
        if known is None or now - known.asked_at > OIDC_METADATA_S * 1000:
            return await self._ask(provider, now)
        return known

    async def _ask(self, provider: Provider, now: int) -> _Known:
        where = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            async with self._turns:
                metadata = msgspec.json.decode(await outward.get(where, self.networks), type=Metadata)
                if metadata.issuer != provider.issuer:
                    raise RemoteProviderError("the discovery document of another issuer")  # Discovery §4.3.
                _check_pkce(metadata)
                raw = msgspec.json.decode(await outward.get(metadata.jwks_uri, self.networks))
            keys = KeySet.import_key_set(raw)
        except (RemoteServerError, JoseError, ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
            raise RemoteProviderError(f"discovery: {error}") from error
        known = _Known(metadata, keys, now)
        self._known[provider.tenant, provider.issuer] = known
        return known


def _check_pkce(metadata: Metadata) -> None:
    methods = metadata.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        raise RemoteProviderError("PKCE without S256")


def _form(text: str) -> str:
    return urlencode({"": text})[1:]
