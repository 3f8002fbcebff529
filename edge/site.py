"""The address that browsers know us by: it fixes Origin, cookie names and flags."""

from urllib.parse import urlsplit

from msgspec import Struct

from schemas.settings import Settings, SettingsError


class Site(Struct, frozen=True):
    """``origin`` as browsers send it (RFC 6454 §6.2), and whether it is https."""

    origin: str
    is_secure: bool

    @property
    def access_cookie(self) -> str:
        """``__Host-`` binds a cookie to this very host, path / and https (RFC 6265bis §4.1.3)."""
        return "__Host-cw_access" if self.is_secure else "cw_access"

    @property
    def csrf_cookie(self) -> str:
        """Readable by the page, which repeats it in a header."""
        return "__Host-cw_csrf" if self.is_secure else "cw_csrf"

    @property
    def refresh_cookie(self) -> str:
        """Sent to /api/v1/login only; ``__Host-`` allows no path, so it is ``__Secure-``."""
        return "__Secure-cw_refresh" if self.is_secure else "cw_refresh"

    @property
    def departure_cookie(self) -> str:
        """Binds a sign-in at a school's own server to the browser that began it."""
        return "__Host-cw_departure" if self.is_secure else "cw_departure"


def site(settings: Settings) -> Site:
    """The site that the settings describe. Raises SettingsError."""
    url = urlsplit(settings.public_url or f"http://{settings.listen}")
    if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/"):
        raise SettingsError(
            f"CLASSWIRE_PUBLIC_URL must be a scheme and a host, such as https://class.example, "
            f"not {settings.public_url!r}."
        )
    default_port = 443 if url.scheme == "https" else 80
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    port = "" if url.port in (None, default_port) else f":{url.port}"
    return Site(f"{url.scheme}://{host}{port}", url.scheme == "https")
