"""HTTPS for others on the network: caddy with its own authority, before a server on loopback."""

import http.server
import ipaddress
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import services
from deploy.https import Https
from deploy.services import free_ports


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what the proxy told it."""

    def do_GET(self) -> None:
        body = f"{self.headers['Host']} {self.headers['X-Forwarded-Proto']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Says nothing."""


@pytest.fixture
def backend() -> Iterator[int]:
    """A plain HTTP server on loopback."""
    with http.server.HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_page_is_served_under_the_own_authority_by_address(backend: int, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    https = Https(
        data=tmp_path / "caddy", host="127.0.0.1", address="127.0.0.1", port=port, edge_port=backend
    )
    child = services.start(https, tmp_path / "log")
    try:
        trusting = ssl.create_default_context(cafile=str(https.certificate))
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=trusting) as answer:
            assert answer.read().decode() == f"127.0.0.1:{port} https"
        pem = ssl.get_server_certificate(("127.0.0.1", port))
        assert ssl.PEM_cert_to_DER_cert(pem).find(ipaddress.ip_address("127.0.0.1").packed) > 0
    finally:
        assert child.stop_now() == 0
    assert not any(
        word in (tmp_path / "log").read_text() for word in ("admin endpoint started", '"level":"error"')
    )
