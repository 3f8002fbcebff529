"""Sign-in at the school's own server: against a real one, and against one that lies.

One of them is a real server in a thread; each test populates a school of its own.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from edge.http.oidc import own_path
from schemas.limits import OIDC_DEPARTURE_S
from tests.integration.edge.conftest import School, until
from tests.integration.edge.page import Browser
from tests.integration.edge.provider import Liar, consent, liar, real_provider

Json = dict[str, Any]
SAM = {"sub": "sam-7", "email": "student@demo.test", "email_verified": True, "name": "Sam"}
NEW = {"sub": "new-8", "email": "new@demo.test", "email_verified": True, "name": "New Person"}
GUEST = {"sub": "guest-9", "email": "student@demo.test", "email_verified": False, "name": "Not Sam"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The real server."""
    with real_provider(SAM, NEW, GUEST) as address:
        yield address


@pytest.fixture
def bent() -> Iterator[Liar]:
    """The one that lies."""
    with liar() as one:
        yield one


@pytest.fixture
async def tess(school: School) -> Browser:
    """The administrator of a school whose domain is demo.test."""
    for domain, tenant in (("demo.test", "demo"), ("other.test", "other")):
        await school.edge.parts.pool.execute(
            "insert into identity.tenant_domain (domain, tenant, created_at) values ($1, $2, 0)",
            domain,
            tenant,
        )
    return await school.browser(school.teacher)


async def provider(tess: Browser, issuer: str, **fields: Any) -> Json:
    """A provider of the school's, to which its domain leads."""
    wish = {
        "title": "School",
        "issuer": issuer,
        "client_id": "client",
        "client_secret": "geheim & secret",
        "domains": ["demo.test"],
        "is_trusted": True,
        "default_capability": "learn",
        **fields,
    }
    made = await tess.post("/providers", wish)
    assert made.status_code == 201, made.text
    body: Json = made.json()
    return body


async def depart(browser: Browser, email: str = "new@demo.test", leads_to: str = "/") -> dict[str, str]:
    """What the browser is sent out with."""
    answer = await browser.post("/login/oidc", {"email": email, "next": leads_to})
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["url"]
    return {"url": url, **{k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}}


async def arrive(browser: Browser, out: dict[str, str], **bent: str) -> str:
    """Comes back from the one that lies, and gives the path that it leads to."""
    query = {"code": out["nonce"], "state": out["state"], **bent}
    return await follow(browser, out["redirect_uri"], **{k: v for k, v in query.items() if v})


async def follow(browser: Browser, url: str, **query: str) -> str:
    """Where our answer leads; always to ourselves."""
    answer = await browser.http.get(url, params=query or None, headers={"Origin": ""})
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    assert location.startswith(f"{browser.url}/")
    return location.removeprefix(browser.url)


@pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")  # Of the server's own library.
@pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning")
async def test_a_school_signs_in_by_its_own_server(school: School, tess: Browser, issuer: str) -> None:
    """A new person gets an account, a known one is linked, and both come again; all against a real server."""
    made = await provider(tess, issuer)
    assert "secret" not in str(made)
    stored = await school.edge.parts.pool.fetchval("select client_secret from identity.provider")
    assert b"geheim" not in stored
    nora = school.fresh_browser()
    for _ in range(2):
        out = await depart(nora, leads_to="/r/physics?x=1")
        assert out["code_challenge_method"] == "S256"
        assert out["redirect_uri"] == made["return_address"]
        assert await follow(nora, await consent(out["url"], "new-8")) == "/r/physics?x=1"
    me = (await nora.get("/me")).json()["user"]
    assert (me["display_name"], me["capabilities"]) == ("New Person", ["learn"])
    sam = school.fresh_browser()
    assert await follow(sam, await consent((await depart(sam))["url"], "sam-7")) == "/"
    assert (await sam.get("/me")).json()["user"]["id"] == school.student.id
    assert (await tess.get(f"/users/{school.student.id}")).json()["email_verified"]
    # Somebody whose address the server has not seen to gets nobody's account.
    mallory = school.fresh_browser()
    answer = await follow(mallory, await consent((await depart(mallory))["url"], "guest-9"))
    assert answer == "/signin#problem=no_account"
    assert (await mallory.get("/me")).status_code == 401
    kinds = [fact["type"] for _, fact in school.audited]
    await until(lambda: {"login.by_oidc", "account.linked"} <= {fact["type"] for _, fact in school.audited})
    assert "provider.created" in kinds


async def test_a_departure_is_for_one_browser_once_and_soon(
    school: School, tess: Browser, bent: Liar
) -> None:
    """State: login CSRF, replay, a made-up one, one that is too old."""
    await provider(tess, bent.issuer)
    victim, mallory = school.fresh_browser(), school.fresh_browser()
    theirs = await depart(mallory)
    interrupted = "/signin#problem=sign_in_interrupted"
    assert await arrive(victim, theirs) == interrupted
    await depart(victim)
    assert await arrive(victim, theirs) == interrupted
    own = await depart(victim)
    assert await arrive(victim, own, state="") == interrupted
    assert await arrive(victim, own, state=theirs["state"]) == interrupted
    own = await depart(victim)
    assert await arrive(victim, own) == "/"
    assert await arrive(victim, own) == interrupted
    late = await depart(school.fresh_browser())
    school.now += OIDC_DEPARTURE_S * 1000 + 1
    assert await arrive(victim, late) == interrupted
    assert bent.forms[0]["code_verifier"] != bent.forms[0]["code"]


async def lied_to(school: School, bent: Liar, claims: Json) -> str:
    """Where an id_token with these claims leads."""
    bent.claims = claims
    browser = school.fresh_browser()
    return await arrive(browser, await depart(browser))


async def test_an_id_token_that_is_not_for_us_now_signs_nobody_in(
    school: School, tess: Browser, bent: Liar
) -> None:
    """Nonce, issuer, audience, authorized party, time: each of them; and signatures that are none."""
    await provider(tess, bent.issuer)
    refused = "/signin#problem=provider_refused"
    lies: tuple[Json, ...] = (
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"aud": "somebody-else"},
        {"aud": ["client", "somebody-else"]},
        {"aud": None},
        {"azp": "somebody-else"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": ""},
    )
    for claims in lies:
        school.now += 61_000  # Attempts are bounded.
        bent.claims = {"exp": 4_000_000_000, "iat": 1_000_000_000} | claims
        assert await lied_to(school, bent, bent.claims) == refused, claims
    bent.claims = {"exp": 4_000_000_000, "iat": 1_000_000_000}
    for sign in (bent.with_public_key_as_secret, bent.by_another_key, unsigned, lambda _: "a.b.c"):
        school.now += 61_000
        bent.sign = sign
        assert await lied_to(school, bent, bent.claims) == refused, sign
    bent.sign = bent.rightly
    assert await lied_to(school, bent, bent.claims) == "/"


def unsigned(claims: Json) -> str:
    """``alg: none``."""
    return jwt.encode(claims, "", algorithm="none")


async def test_answers_of_another_issuer_and_weak_pkce_are_refused(
    school: School, tess: Browser, bent: Liar
) -> None:
    """Mix-up (RFC 9207, one return address per provider), and a provider that would lower PKCE."""
    made = await provider(tess, bent.issuer)
    second = await provider(tess, bent.issuer, domains=[], client_id="other")
    refused = "/signin#problem=provider_refused"
    browser = school.fresh_browser()
    assert await arrive(browser, await depart(browser), iss="https://evil.test") == refused
    assert await arrive(browser, await depart(browser), error="access_denied") == refused
    assert await arrive(browser, await depart(browser), code="") == refused
    out = await depart(browser)
    elsewhere = {**out, "redirect_uri": second["return_address"]}
    assert await arrive(browser, elsewhere) == "/signin#problem=sign_in_interrupted"
    assert second["return_address"] != made["return_address"]
    for metadata in ({"code_challenge_methods_supported": ["plain"]}, {"issuer": "https://evil.test"}):
        school.now += 3_700_000
        bent.metadata = metadata
        answer = await browser.post("/login/oidc", {"email": "new@demo.test"})
        assert (answer.status_code, answer.json()["code"]) == (503, "provider_away"), metadata
    bent.metadata = {"authorization_response_iss_parameter_supported": True}
    assert await arrive(browser, await depart(browser)) == refused
    assert await arrive(browser, await depart(browser), iss=bent.issuer) == "/"


async def test_accounts_are_linked_only_where_the_provider_may_speak_for_them(
    school: School, tess: Browser, bent: Liar
) -> None:
    """Trusted, verified, in the school's own domain, and of the same school: all four."""
    made = await provider(tess, bent.issuer, is_trusted=False, default_capability=None)
    none = "/signin#problem=no_account"
    sam = {"email": "student@demo.test"}
    assert await lied_to(school, bent, sam) == none
    headers = {"X-CSRF-Token": tess.cookie("cw_csrf") or ""}
    path = f"/api/v1/providers/{made['id']}"
    changed = await tess.http.patch(path, json={"is_trusted": True}, headers=headers)
    assert changed.json()["is_trusted"]
    assert await lied_to(school, bent, {**sam, "email_verified": False}) == none
    assert await lied_to(school, bent, {"email": "teacher@other.test"}) == none
    assert await lied_to(school, bent, {"email": None}) == none
    assert await lied_to(school, bent, {}) == none  # Makes nobody.
    school.now += 61_000
    assert await lied_to(school, bent, sam | {"exp": 4_000_000_000}) == "/"
    other = await tess.post(
        "/providers",
        {
            "title": "x",
            "issuer": bent.issuer,
            "client_id": "c",
            "client_secret": "s",
            "domains": ["other.test"],
        },
    )
    assert (other.status_code, other.json()["code"]) == (422, "malformed")
    assert (await tess.delete(f"/providers/{made['id']}")).status_code == 204
    answer = await school.fresh_browser().post("/login/oidc", {"email": "new@demo.test"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_provider")


async def test_a_provider_in_our_own_network_is_not_asked(school: School, tess: Browser) -> None:
    """Only where the operator opened it: 127.0.0.0/8 in these tests."""
    for address in (
        "http://169.254.169.254/",
        "https://10.0.0.1",
        "ftp://id.example",
        "https://u:p@id.example",
    ):
        wish = {"title": "x", "issuer": address, "client_id": "c", "client_secret": "s"}
        answer = await tess.post("/providers", wish)
        assert (answer.status_code, answer.json()["code"]) == (422, "provider_address"), address


@pytest.mark.parametrize(
    "path",
    ["//evil.test", "https://evil.test", "/\\evil.test", "\\evil", "", "javascript:x", "/a\nb", "/a b"],
)
def test_a_sign_in_leads_to_our_own_pages_only(path: str) -> None:
    """Open redirects: everything that a browser could take for another host."""
    assert own_path(path) == "/"
    assert own_path("/r/physics?x=1#y") == "/r/physics?x=1#y"
