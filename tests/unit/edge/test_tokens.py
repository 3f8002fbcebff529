"""Signed values: what is refused (reliability S13, S16) and that keys can change under them."""

import base64
import json
import stat
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from edge.identity import Person
from edge.tokens import (
    KEYS_KEPT_MAX,
    KeyRing,
    MediaGrant,
    RemoteTokenError,
    derive_secret,
    is_csrf_of,
    issue_access,
    issue_csrf,
    load_ring,
    new_ring,
    read_access,
    read_media,
    rotate,
    save_ring,
    sign_media,
)
from schemas.ids import LoginId, TenantId
from schemas.limits import ACCESS_TOKEN_S

NOW = 1_763_719_200_000
RING = new_ring(NOW)
TESS = Person("user", "u1", TenantId("demo"), "Tess", ("teach",))
LOGIN = LoginId("l1")
CLAIMS = {
    "iss": "classwire",
    "aud": "classwire-edge",
    "typ": "access",
    "sub": "u1",
    "iat": NOW // 1000,
    "exp": NOW // 1000 + 600,
    "login": "l1",
    "tenant": "demo",
    "kind": "user",
    "name": "Tess",
}


def signed(claims: dict[str, object], ring: KeyRing = RING, **header: object) -> str:
    """A token with any claims and headers, rightly signed."""
    headers = {"kid": ring.keys[0].kid, "typ": "at+jwt", **header}
    return jwt.encode(claims, ring.keys[0].private(), algorithm="EdDSA", headers=headers)


def test_an_access_token_says_who_it_was_issued_to() -> None:
    """Until its end, and not a second longer."""
    token = issue_access(RING, TESS, LOGIN, NOW)
    access = read_access(RING, token, NOW + ACCESS_TOKEN_S * 1000 - 1)
    assert (access.person, access.login) == (TESS, LOGIN)
    with pytest.raises(RemoteTokenError, match="expired"):
        read_access(RING, token, NOW + ACCESS_TOKEN_S * 1000)


def test_a_token_with_these_claims_is_read() -> None:
    """So that the refusals below are for the reason they name."""
    assert read_access(RING, signed(CLAIMS), NOW).person.id == "u1"


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_a_token_without_a_claim_is_refused(missing: str) -> None:
    """Each of them is needed."""
    with pytest.raises(RemoteTokenError):
        read_access(RING, signed({k: v for k, v in CLAIMS.items() if k != missing}), NOW)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "somebody"),
        ("aud", "another-service"),
        ("aud", ["classwire-edge"]),
        ("typ", "refresh"),
        ("exp", "9999999999"),
        ("exp", NOW // 1000),
        ("iat", NOW // 1000 + 3_600),
        ("kind", "service"),
        ("tenant", "de.mo"),
        ("login", "*"),
        ("capabilities", ["everything"]),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(claim: str, value: object) -> None:
    """Also when it is rightly signed."""
    with pytest.raises(RemoteTokenError):
        read_access(RING, signed({**CLAIMS, claim: value}), NOW)


@pytest.mark.parametrize("kid", [None, "", "../../etc/passwd", "other", ["k"], 7])
def test_a_key_is_only_found_by_a_name_in_our_ring(kid: object) -> None:
    """Paths, lists and unknown names find nothing."""
    token = signed(CLAIMS)
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": kid}
    forged = ".".join((b64(json.dumps(header).encode()), *token.split(".")[1:]))
    with pytest.raises(RemoteTokenError):
        read_access(RING, forged, NOW)


def test_addresses_of_keys_in_a_token_are_never_followed() -> None:
    """``jku`` and ``x5u`` are nothing to us: the ring's key counts, and it did not sign this."""
    other = new_ring(NOW)
    headers = {
        "kid": RING.keys[0].kid,
        "typ": "at+jwt",
        "jku": "https://evil.test/k",
        "x5u": "https://evil.test/x",
    }
    forged = jwt.encode(CLAIMS, other.keys[0].private(), algorithm="EdDSA", headers=headers)
    with pytest.raises(RemoteTokenError):
        read_access(RING, forged, NOW)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256"])
def test_the_algorithm_is_ours_to_choose(algorithm: str) -> None:
    """Neither unsigned nor signed with our public key as an HMAC secret."""
    public = RING.keys[0].private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    header = b64(json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": RING.keys[0].kid}).encode())
    body = b64(json.dumps(CLAIMS).encode())
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{header}.{body}".encode(), public
    )
    signature = "" if algorithm.lower() == "none" else b64(mac)
    with pytest.raises(RemoteTokenError):
        read_access(RING, f"{header}.{body}.{signature}", NOW)


def test_a_token_of_another_kind_is_no_access_token() -> None:
    """Neither a plain JWT nor one with a critical extension."""
    for header in ({"typ": "JWT"}, {"typ": None}, {"crit": ["b64"], "b64": True}):
        with pytest.raises(RemoteTokenError):
            read_access(RING, signed(CLAIMS, **header), NOW)


@given(st.text(max_size=300))
def test_anything_else_raises_only_the_remote_error(text: str) -> None:
    """No other exception comes out of bytes from the network."""
    for read in (read_access, read_media):
        with pytest.raises(RemoteTokenError):
            read(RING, text, NOW)


def test_keys_rotate_and_old_ones_verify_for_a_while() -> None:
    """New tokens have the new key; the ring stays small."""
    token, ring = issue_access(RING, TESS, LOGIN, NOW), RING
    for turn in range(KEYS_KEPT_MAX - 1):
        ring = rotate(ring, NOW + turn)
        assert read_access(ring, token, NOW).login == LOGIN
        assert jwt.get_unverified_header(issue_access(ring, TESS, LOGIN, NOW))["kid"] == ring.keys[0].kid
    ring = rotate(ring, NOW)
    assert len(ring.keys) == KEYS_KEPT_MAX
    with pytest.raises(RemoteTokenError):
        read_access(ring, token, NOW)


def test_the_ring_is_kept_in_a_file_for_its_owner_only(tmp_path: Path) -> None:
    """Two processes that start at once come to the same ring."""
    path = tmp_path / "secrets" / "keys.json"
    ring = load_ring(path, NOW)
    assert load_ring(path, NOW + 1) == ring
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    save_ring(path, rotate(ring, NOW))
    assert load_ring(path, NOW).keys[1] == ring.keys[0]
    assert [p.name for p in path.parent.iterdir()] == ["keys.json"]


def test_a_csrf_token_is_bound_to_its_login() -> None:
    """A planted one of another login, or of another ring, is refused."""
    token = issue_csrf(RING, LOGIN)
    assert is_csrf_of(RING, token, LOGIN)
    assert not is_csrf_of(RING, token, LoginId("l2"))
    assert not is_csrf_of(new_ring(NOW), token, LOGIN)
    for wrong in ("", ".", "x", token[:-1], token + "x", "é.é"):
        assert not is_csrf_of(RING, wrong, LOGIN)


def test_a_media_token_grants_one_object_until_its_end() -> None:
    """Nothing in it can be changed."""
    grant = MediaGrant("demo/physics/r1/a1.mp4", "video/mp4", "Waves.mp4", NOW // 1000 + 300)
    token = sign_media(RING, grant)
    assert read_media(RING, token, NOW + 299_999) == grant
    with pytest.raises(RemoteTokenError, match="expired"):
        read_media(RING, token, NOW + 300_000)
    body, _, mac = token.partition(".")
    other = b64(json.dumps(["other/room/r1/a1.mp4", "video/mp4", "x", NOW]).encode())
    for forged in (f"{other}.{mac}", f"{body}.", body, f"{body}.{mac[:-4]}AAAA", token + "A"):
        with pytest.raises(RemoteTokenError):
            read_media(RING, forged, NOW)
    with pytest.raises(RemoteTokenError):
        read_media(new_ring(NOW), token, NOW)


def test_a_derived_secret_repeats_for_the_same_request_only() -> None:
    """So that a repeated request gets the same link, and nobody else can make it."""
    one = derive_secret(RING, "guest-link", "demo/r1", "u1", "k1")
    assert one == derive_secret(RING, "guest-link", "demo/r1", "u1", "k1")
    assert one != derive_secret(RING, "guest-link", "demo/r1", "u1k1", "")
    assert one != derive_secret(new_ring(NOW), "guest-link", "demo/r1", "u1", "k1")


def b64(data: bytes) -> str:
    """Base64url as in a JWT."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
