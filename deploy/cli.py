"""The ``classwire`` command."""

import argparse
import asyncio
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from deploy import doctor, options
from deploy.ground import GroundError
from schemas import settings
from schemas.settings import SettingsError

ROLES = {
    "edge": "serves browsers: sign-in, REST, the socket, the web client",
    "rooms": "decides commands into events",
    "sfu": "forwards media",
    "projectors": "keeps the read models in PostgreSQL",
    "artifacts": "turns recordings into files",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one verb and exits with its status."""
    chosen = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = chosen.run
    try:
        status = run(chosen)
    except (SettingsError, GroundError) as error:
        print(error, file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="classwire", description="Live classes on an ordered log.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(
        name: str, run: Callable[[argparse.Namespace], int], help_: str, epilog: str = ""
    ) -> argparse.ArgumentParser:
        verb = verbs.add_parser(
            name, help=help_, description=help_ + ".", epilog=epilog, formatter_class=form
        )
        verb.set_defaults(run=run, verb=name)
        return verb

    add("up", _up, "starts everything on this machine", f"environment:\n{options.TABLE}")
    for role, purpose in ROLES.items():
        add(role, _role, f"runs the role that {purpose}", f"environment:\n{settings.table()}")
    add("doctor", lambda _: doctor.report(os.environ), "tells what is installed and what is missing")
    add("setup", _setup, "makes streams and tables where the environment points (production)")
    add("demo", _demo, "prints new sign-in links of the running demo")
    bench = add("bench", _bench, "measures what this machine carries; nothing else may run meanwhile")
    bench.add_argument(
        "what",
        choices=("log", "fanout", "forward", "room"),
        help="log: commands, catch-up, read models; fanout: one event to everybody in a room; "
        "forward: a media packet beside its floor; room: viewers with real ICE, DTLS and SRTP",
    )
    bench.add_argument("--clients", type=int, default=2_000, help="fanout: sockets in the room [2000]")
    bench.add_argument("--edges", type=int, help="fanout: edge processes [one per 2,500 clients]")
    bench.add_argument("--viewers", type=int, default=100, help="room: who watch the teacher [100]")
    bench.add_argument("--layer", choices=("high", "low"), help="room: of the camera [low above 300 viewers]")
    bench.add_argument("--storm", type=int, default=0, help="room: so many more join within 5 s [0]")
    bench.add_argument("--json", action="store_true", help="one object instead of a table")
    rebuild = add(
        "rebuild", _rebuild, "builds the read models anew from the log, beside the live ones, and swaps"
    )
    rebuild.add_argument("--verify", action="store_true", help="only compares; nothing is swapped")
    room = add("room", _room_export, "writes a room's whole log to a file, or plays one into an empty room")
    ways = room.add_subparsers(required=True, metavar="WAY")
    leave = ways.add_parser("export", help="from NATS and the archive into one file")
    leave.add_argument("room", metavar="TENANT/ROOM")
    leave.add_argument("file", type=Path)
    enter = ways.add_parser(
        "import", help="into an empty room; ids, seqs and times stay; run again it goes on where it broke off"
    )
    enter.add_argument("file", type=Path)
    enter.add_argument("room", metavar="TENANT/ROOM")
    enter.set_defaults(run=_room_import)
    tenant = add("tenant", _tenant, "gives a tenant's own consumer eyes on its log, or takes them back")
    tenant.add_argument("what", choices=("analytics",), help="analytics: NATS credentials for its events")
    tenant.add_argument("tenant", help="the tenant's id")
    tenant.add_argument("--end", action="store_true", help="takes the credentials back")
    school = add("school", _school, "makes a school, gives it domains, and lets its first administrator in")
    school.add_argument("tenant", help="its id: letters, digits, - and _")
    school.add_argument("--title", required=True, help="what people call it")
    school.add_argument("--domain", action="append", default=[], help="a domain that is the school's; repeat")
    school.add_argument("--administrator", default="", metavar="EMAIL", help="gets a one-time sign-in link")
    add("rotate-keys", _rotate_keys, "lets all edges sign with a fresh key; nobody is signed out")
    return parser


def _school(chosen: argparse.Namespace) -> int:
    from deploy import schools  # noqa: PLC0415

    wanted = schools.School(chosen.tenant, chosen.title, chosen.domain, chosen.administrator)
    link = asyncio.run(schools.make(_settings_or_running("edge"), wanted))
    print(f"{chosen.title} is there." + (f" Its administrator signs in once by {link}" if link else ""))
    return 0


def _rotate_keys(_: argparse.Namespace) -> int:
    from deploy import schools  # noqa: PLC0415

    kid = asyncio.run(schools.rotate_keys(_settings_or_running("edge")))
    print(f"Every edge signs with {kid} in a minute.")
    return 0


def _up(_: argparse.Namespace) -> int:
    from deploy import local  # noqa: PLC0415 - imports every part; `--help` must not wait for that

    return local.up(options.read(os.environ))


def _role(chosen: argparse.Namespace) -> int:
    runpy.run_module(chosen.verb, run_name="__main__", alter_sys=True)
    return 0


def _setup(_: argparse.Namespace) -> int:
    from deploy import provision  # noqa: PLC0415

    asyncio.run(provision.everything(settings.read(os.environ)))
    print("Streams, buckets, tables and the S3 bucket are there.")
    return 0


def _demo(_: argparse.Namespace) -> int:
    from deploy import demo  # noqa: PLC0415

    edge = running_settings(options.read(os.environ).var, "edge")
    made = asyncio.run(demo.make(edge, edge.public_url))
    print(f"Teacher  {made.teacher_link}\nStudent  {made.student_link}")
    return 0


def _rebuild(chosen: argparse.Namespace) -> int:
    from deploy import rebuild  # noqa: PLC0415

    return asyncio.run(rebuild.run(_settings_or_running("projectors"), verify=chosen.verify))


def _room_export(chosen: argparse.Namespace) -> int:
    from deploy import room  # noqa: PLC0415

    key = room.parse_key(chosen.room)
    return asyncio.run(room.export_room(_settings_or_running("rooms"), key, chosen.file))


def _room_import(chosen: argparse.Namespace) -> int:
    from deploy import room  # noqa: PLC0415

    key = room.parse_key(chosen.room)
    return asyncio.run(room.import_room(_settings_or_running("rooms"), chosen.file, key))


def _bench(chosen: argparse.Namespace) -> int:
    if chosen.what == "fanout":
        from deploy import bench_fanout  # noqa: PLC0415 - needs what only developers have

        return bench_fanout.main(clients=chosen.clients, edges=chosen.edges, as_json=chosen.json)
    if chosen.what == "forward":
        from deploy import bench_forward  # noqa: PLC0415

        return bench_forward.main(as_json=chosen.json)
    if chosen.what == "room":
        from deploy import bench_room  # noqa: PLC0415

        return bench_room.main(
            viewers=chosen.viewers, layer=chosen.layer, storm=chosen.storm, as_json=chosen.json
        )
    from deploy import bench_log  # noqa: PLC0415

    return bench_log.main(as_json=chosen.json)


def _tenant(chosen: argparse.Namespace) -> int:
    from deploy import tenants  # noqa: PLC0415

    given = settings.read(os.environ)
    if given.nats_user:
        return asyncio.run(tenants.print_account(given, chosen.tenant, end=chosen.end))
    var = options.read(os.environ).var
    return asyncio.run(tenants.on_stack(running_settings(var, "setup"), var, chosen.tenant, end=chosen.end))


def _settings_or_running(role: str) -> settings.Settings:
    """A role's settings: those of the environment, else those of the stack that runs in ``./var``."""
    given = settings.read(os.environ)
    return (
        given if given.postgres or given.nats_user else running_settings(options.read(os.environ).var, role)
    )


def running_settings(var: Path, role: str) -> settings.Settings:
    """The settings of a role of the stack that runs on a directory. Raises GroundError."""
    path = var / "stack.json"
    if not path.exists():
        raise GroundError(f"Classwire does not run on {var}. Start it: make run")
    return settings.read(msgspec.json.decode(path.read_bytes())["environment"][role])


if __name__ == "__main__":
    main()
