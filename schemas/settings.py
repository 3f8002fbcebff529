"""Settings of a role: environment variables, read once in its ``__main__`` and passed down.

This is the one place where they are documented; ``classwire <role> --help`` prints this table.
"""

from collections.abc import Mapping
from typing import Annotated, get_type_hints

from msgspec import Meta, Struct

from schemas.limits import API_PER_MINUTE


class SettingsError(Exception):
    """A setting is missing or not understood; the text names it and the mend."""


class Settings(Struct, frozen=True, kw_only=True):
    """Every setting, with its environment variable's default.

    A field ``nats_url`` is the variable ``CLASSWIRE_NATS_URL``.
    """

    process: Annotated[str, Meta(description="Unique name on the bus; default: role and a random part")] = ""
    nats_url: Annotated[str, Meta(description="NATS servers, comma-separated")] = "nats://127.0.0.1:4222"
    nats_user: Annotated[str, Meta(description="This role's NATS user")] = ""
    nats_password: Annotated[str, Meta(description="and its password")] = ""
    nats_media_user: Annotated[str, Meta(description="sfu: NATS user of the recording connection")] = ""
    nats_media_password: Annotated[str, Meta(description="and its password")] = ""
    nats_archiver_user: Annotated[str, Meta(description="artifacts: NATS user that purges archived logs")] = (
        ""
    )
    nats_archiver_password: Annotated[str, Meta(description="and its password")] = ""
    nats_replicas: Annotated[
        int, Meta(description="Replicas of streams and buckets: 1 embedded, 3 cluster")
    ] = 1
    postgres: Annotated[str, Meta(description="PostgreSQL DSN (edge, projectors)")] = ""
    s3_endpoint: Annotated[str, Meta(description="S3 endpoint URL (edge, artifacts, rooms)")] = ""
    s3_access_key: Annotated[str, Meta(description="S3 access key")] = ""
    s3_secret_key: Annotated[str, Meta(description="S3 secret key")] = ""
    s3_bucket: Annotated[str, Meta(description="S3 bucket")] = "classwire"
    log_retention_s: Annotated[
        int,
        Meta(description="artifacts: a log moves to S3 after this many seconds at rest; 0: never by age"),
    ] = 90 * 86_400
    health_port: Annotated[
        int, Meta(description="Port of /healthz /readyz /metrics on loopback; 0: none")
    ] = 0
    listen: Annotated[str, Meta(description="edge: address and port of HTTP")] = "127.0.0.1:8000"
    edges: Annotated[
        int,
        Meta(description="edge: above 1, this is one of so many processes that share the port of `listen`"),
    ] = 1
    public_url: Annotated[str, Meta(description="edge: URL that browsers use; fixes Origin and cookies")] = ""
    api_per_minute: Annotated[
        int,
        Meta(description="edge: REST requests of one login a minute; its address and tenant have many times"),
    ] = API_PER_MINUTE
    secret_file: Annotated[str, Meta(description="edge: file with the signing keys, created if missing")] = ""
    scan: Annotated[
        str,
        Meta(
            description="edge: virus scanner: clamd://host:port, unix:/path or a command; none: not scanned"
        ),
    ] = ""
    web_dir: Annotated[str, Meta(description="edge: built browser client")] = ""
    media_listen: Annotated[str, Meta(description="sfu: address to bind for media")] = "127.0.0.1"
    media_port: Annotated[int, Meta(description="sfu: the node's one UDP port")] = 44_444
    media_address: Annotated[str, Meta(description="sfu: announced address; default: media_listen")] = ""
    forwarder: Annotated[
        str, Meta(description="sfu: the packet path: python, native (young), or auto: native where built")
    ] = "python"
    work_dir: Annotated[str, Meta(description="artifacts: scratch space")] = ""
    webhook_networks: Annotated[
        str,
        Meta(
            description="edge, artifacts: networks that webhooks may reach though they are not public, "
            "also by http; comma-separated"
        ),
    ] = ""
    smtp_url: Annotated[
        str, Meta(description="edge: mail server, smtps://user:password@host; none: mail_dir")
    ] = ""
    mail_dir: Annotated[str, Meta(description="edge: folder for mails where there is no mail server")] = ""
    mail_from: Annotated[str, Meta(description="edge: sender of mails")] = "Classwire <classwire@localhost>"
    oidc_networks: Annotated[
        str,
        Meta(
            description="edge: networks in which schools' sign-in servers may be though they are not "
            "public, also by http; comma-separated"
        ),
    ] = ""
    log_level: Annotated[str, Meta(description="debug, info, warning, error")] = "info"


def read(environ: Mapping[str, str]) -> Settings:
    """The settings that the environment gives. Raises SettingsError."""
    values: dict[str, str | int] = {}
    hints = get_type_hints(Settings)
    for field, hint in hints.items():
        text = environ.get(f"CLASSWIRE_{field.upper()}")
        if text is None:
            continue
        if hint is int:
            if not text.isdigit():
                raise SettingsError(f"CLASSWIRE_{field.upper()} must be a number, not {text!r}.")
            values[field] = int(text)
        else:
            values[field] = text
    return Settings(**values)  # type: ignore[arg-type]


def table() -> str:
    """The variables with their defaults and meaning, one per line."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = []
    for field, hint in hints.items():
        default = Settings.__struct_defaults__[Settings.__struct_fields__.index(field)]
        meta: Meta = hint.__metadata__[0]
        rows.append(f"CLASSWIRE_{field.upper():<16} {meta.description}  [{default!s}]")
    return "\n".join(rows)
