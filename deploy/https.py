"""HTTPS before the edge, because browsers give no microphone to plain HTTP from another machine.

caddy with a certificate authority of its own in ``var/caddy``: people confirm it once, or install
``var/caddy/pki/authorities/local/root.crt``. Nothing is changed in the machine's trust store, and there
is no administration port.
"""

import socket
import ssl
from pathlib import Path

from msgspec import Struct

from deploy.child import Command
from deploy.services import LOOPBACK, is_local, tool, write_private


class Https(Struct, frozen=True, kw_only=True):
    """caddy on ``host:port``, passing everything, WebSockets too, to the edge on loopback."""

    data: Path
    host: str
    address: str
    port: int
    edge_port: int
    name: str = "https"

    @property
    def _config(self) -> Path:
        return self.data / "Caddyfile"

    @property
    def certificate(self) -> Path:
        """The root certificate that a device may install."""
        return self.data / "pki" / "authorities" / "local" / "root.crt"

    def prepare(self) -> None:
        """Writes the Caddyfile."""
        self.data.mkdir(exist_ok=True)
        write_private(self._config, _caddyfile(self))

    def command(self) -> Command:
        """``caddy run``, its state kept in our own directory."""
        home = str(self.data)
        return Command(
            name=self.name,
            argv=(tool("caddy"), "run", "--adapter", "caddyfile", "--config", str(self._config)),
            env={"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home},
        )

    def is_ready(self) -> bool:
        """Whether it completes a handshake (the certificate is issued by then)."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # It is our own; readiness is all that is asked.
        listen = self.address if is_local(self.address) else LOOPBACK
        try:
            with (
                socket.create_connection((listen, self.port), timeout=2) as raw,
                context.wrap_socket(raw, server_hostname=self.host),
            ):
                return True
        except OSError:
            return False


def _caddyfile(https: Https) -> str:
    # Browsers send no server name for an IP address: `default_sni` gives them the certificate anyway.
    bind = f"bind {https.address}" if is_local(https.address) else ""
    return f"""{{
    admin off
    auto_https disable_redirects
    skip_install_trust
    default_sni {https.host}
    persist_config off
    storage file_system "{https.data}"
    servers {{
        protocols h1 h2
    }}
}}

https://{https.host}:{https.port} {{
    {bind}
    tls internal
    reverse_proxy 127.0.0.1:{https.edge_port}
}}
"""
