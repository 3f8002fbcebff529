"""A school's sign-in server: the real one of a package, and one that lies as it is told."""

import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from authlib.deprecate import AuthlibDeprecationWarning  # Its import shows these always: it comes first.
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug import Request, Response
from werkzeug.serving import make_server

Json = dict[str, Any]

with warnings.catch_warnings():
    # Its own use of a module that Authlib is about to drop; ours is joserfc already.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    import oidc_provider_mock


@contextmanager
def real_provider(*people: Json) -> Iterator[str]:
    """The issuer of a running ``oidc-provider-mock`` in which these people live."""
    users = [
        oidc_provider_mock.User(sub=p["sub"], claims={k: v for k, v in p.items() if k != "sub"})
        for p in people
    ]
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


async def consent(url: str, subject: str) -> str:
    """Signs in at the real provider as this person, and gives the address that it leads back to."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(url, data={"sub": subject})
    assert answer.status_code in (302, 303), answer.text
    return answer.headers["location"]


class Liar:
    """A provider whose discovery, token answer and id_token a test may bend."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}, auto_kid=False)
        self.issuer = ""
        self.metadata: Json = {}
        self.claims: Json = {}
        self.sign: Callable[[Json], str] = self.rightly
        self.forms: list[Json] = []

    def rightly(self, claims: Json) -> str:
        """Signed as it should be."""
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key, algorithms=["RS256"])

    def with_public_key_as_secret(self, claims: Json) -> str:
        """HS256 under the bytes of our public key: the classic confusion."""
        secret = OctKey.import_key(self.key.as_pem(private=False))
        return jwt.encode({"alg": "HS256", "kid": "k1"}, claims, secret, algorithms=["HS256"])

    def by_another_key(self, claims: Json) -> str:
        """Signed by somebody, under our key's name, with the address of their keys."""
        header = {"alg": "RS256", "kid": "k1", "jku": f"{self.issuer}/other", "x5u": f"{self.issuer}/other"}
        return jwt.encode(header, claims, RSAKey.generate_key(2048), algorithms=["RS256"])

    def application(self, request: Request) -> Response:
        """Discovery, keys, and the token endpoint, which takes any code as a nonce."""
        if request.path == "/.well-known/openid-configuration":
            return _json(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "code_challenge_methods_supported": ["plain", "S256"],
                    **self.metadata,
                }
            )
        if request.path == "/keys":
            return _json(dict(KeySet([self.key]).as_dict(private=False)))
        if request.path == "/token":
            form = request.form.to_dict()
            self.forms.append(form)
            now = int(time.time())
            claims = {
                "iss": self.issuer,
                "aud": "client",
                "sub": "s1",
                "iat": now,
                "exp": now + 10**8,  # Tests move their clock far ahead.
                "nonce": form["code"],
                "email": "new@demo.test",
                "email_verified": True,
                "name": "New Person",
                **self.claims,
            }
            claims = {name: value for name, value in claims.items() if value is not None}
            return _json({"id_token": self.sign(claims), "token_type": "Bearer", "access_token": "a"})
        return Response(status=404)


def _json(body: Json) -> Response:
    return Response(json.dumps(body), content_type="application/json")


@contextmanager
def liar() -> Iterator[Liar]:
    """A running one."""
    one = Liar()
    server = make_server("127.0.0.1", 0, Request.application(one.application), threaded=True)
    one.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
