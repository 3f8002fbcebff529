"""Breaks the tables of the rules one cell at a time, and names each break that no unit test notices.

``python -m tests.mutation [permissions|audiences] [word]`` prints the survivors; it takes minutes and runs
on demand. What is broken:

- *permissions*: each (role, permission) of ``ROLES``, each permission of ``FROM_OUTSIDE``, ``LOCKABLE``,
  ``BY_ROLE_ONLY`` and ``WITH_FLOOR``, each source of ``PUBLISHING``;
- *audiences*: at each place in the rules that makes an ``Event``, for each kind of audience that it was
  seen to choose, every other kind instead.

The tests are collected once; each break is made in a fork, which runs the tests until the first failure:
for an audience those that came by that place, which a first run without a break finds out. Laws that
draw at random are left out: a claim must name what it protects.
"""

import ast
import builtins
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from msgspec.structs import replace

from tests.unit.rooms.audiences import kind_of

ROOT = Path(__file__).parent.parent
CLAIMS = ROOT / "tests" / "unit" / "rooms"
AT_RANDOM = ("test_laws.py", "test_machine.py", "test_golden_fold.py")
TABLE = "test_laws.py"
STAFF = "staff"


class Site(NamedTuple):
    """A place in the rules that makes an event, and a kind of audience that it chose."""

    place: str
    kind: str


class Watch:
    """What the rules' places go through: remembers who came by, or swaps an audience."""

    def __init__(self) -> None:
        self.places: list[str] = []
        self.seen: defaultdict[Site, set[str]] = defaultdict(set)
        self.test = ""
        self.broken: Site | None = None
        self.instead = ""

    def passes(self, place: str, event: Any) -> Any:
        """The event, as it is or broken."""
        site = Site(place, kind_of(event.audience))
        if self.broken is None:
            self.seen[site].add(self.test)
        elif site == self.broken:
            return replace(event, audience=swapped(event.audience, self.instead))
        return event


def swapped(audience: object, instead: str) -> object:
    """Another audience in its place."""
    if isinstance(audience, tuple) and instead == "named":
        return tuple(who for who in audience if who != STAFF)
    if isinstance(audience, tuple) and instead == "named and staff":
        return (*audience, STAFF)
    return instead


WATCH = Watch()


# --- the rules, watched --------------------------------------------------------------------------
class Instrument(ast.NodeTransformer):
    """Sends each ``Event(...)`` past the watch."""

    def __init__(self, file: str) -> None:
        self.file = file

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "Event"):
            return node
        place = f"{self.file}:{node.lineno}"
        WATCH.places.append(place)
        watched = ast.Call(ast.Name("__watched__", ast.Load()), [ast.Constant(place), node], [])
        return ast.copy_location(watched, node)


class Loader(SourceFileLoader):
    """Compiles a module of the rules with the watch in it, and never from a cache."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = Instrument(Path(path).name).visit(ast.parse(self.get_data(path)))
        return compile(ast.fix_missing_locations(tree), path, "exec")


class Finder(PathFinder):
    """Finds the topics of the rules."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("rooms.") or fullname.startswith(("rooms.service", "rooms.follower")):
            return None
        spec = super().find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


# --- what is broken ------------------------------------------------------------------------------
class Break(NamedTuple):
    """One change, and the tests that ought to notice."""

    name: str
    make: Callable[[], None]
    tests: Sequence[pytest.Item]


def rebound(old: object, new: object) -> None:
    """Every module that knows the one knows the other instead."""
    for module in [*sys.modules.values()]:
        for name, value in list(vars(module).items() if isinstance(module, ModuleType) else ()):
            if value is old:
                setattr(module, name, new)


def permissions(items: Sequence[pytest.Item]) -> Iterator[Break]:
    """Every cell of the tables of permissions."""
    from rooms import permissions as tables  # noqa: PLC0415 - only when it is watched

    first = sorted(items, key=lambda item: item.path.name != TABLE)
    for role, permission in ((r, p) for r in tables.ROLES for p in tables.Permission):

        def flip(role: Any = role, permission: Any = permission) -> None:
            rebound(tables.ROLES, {**tables.ROLES, role: tables.ROLES[role] ^ {permission}})

        yield Break(f"ROLES {role} {permission}", flip, first)
    for name in ("FROM_OUTSIDE", "LOCKABLE", "BY_ROLE_ONLY", "WITH_FLOOR"):
        known = getattr(tables, name)
        for permission in tables.Permission:

            def turn(table: Any = known, permission: Any = permission) -> None:
                rebound(table, table ^ {permission})

            yield Break(f"{name} {permission}", turn, first)
    for source, needed in tables.PUBLISHING.items():
        for other in {*tables.PUBLISHING.values()} - {needed}:

            def let(source: Any = source, other: Any = other) -> None:
                rebound(tables.PUBLISHING, {**tables.PUBLISHING, source: other})

            yield Break(f"PUBLISHING {source} {other}", let, first)


KINDS = ("everyone", STAFF, "named and staff", "named")


def audiences(items: Sequence[pytest.Item]) -> Iterator[Break]:
    """Every audience that the rules were seen to choose; a place where nobody comes by is a survivor."""
    claims = [item for item in items if item.path.name not in (*AT_RANDOM, "test_manual.py")]
    by_id = {}
    for item in claims:
        WATCH.test = item.nodeid
        if passes(item):
            by_id[item.nodeid] = item
        else:
            print(f"left out, it fails without any break: {item.nodeid}")
    WATCH.test = ""
    reached = {site.place for site, tests in WATCH.seen.items() if tests & by_id.keys()}
    for place in sorted({*WATCH.places} - reached):
        yield Break(f"{place} nobody comes by", lambda: None, ())
    for site, tests in sorted(WATCH.seen.items()):
        topic = f"test_{site.place.partition('.')[0]}.py"
        here = sorted((by_id[t] for t in tests & by_id.keys()), key=lambda item: item.path.name != topic)
        for instead in KINDS:
            is_possible = isinstance(instead, str) and instead != site.kind
            if (
                not here
                or not is_possible
                or (instead.startswith("named") and not site.kind.startswith("named"))
            ):
                continue

            def choose(site: Site = site, instead: str = instead) -> None:
                WATCH.broken, WATCH.instead = site, instead

            yield Break(f"{site.place} {site.kind} -> {instead}", choose, here)


# --- running -------------------------------------------------------------------------------------
def passes(item: pytest.Item) -> bool:
    """Whether a test passes."""
    reports = runtestprotocol(item, nextitem=None, log=False)
    return all(report.passed or report.skipped for report in reports)


def survives(broken: Break) -> bool:
    """Whether no test notices. The break lives and dies in a fork."""
    child = os.fork()
    if child == 0:
        broken.make()
        os._exit(int(not all(passes(item) for item in broken.tests)))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Mutation:
    """Runs in place of pytest's own loop."""

    def __init__(self, tables: list[str], word: str) -> None:
        self.tables = tables
        self.word = word
        self.survivors: list[str] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Breaks, watches, tells."""
        makers = {"permissions": permissions, "audiences": audiences}
        count = 0
        for table in self.tables:
            for broken in makers[table](session.items):
                if self.word in broken.name:
                    count += 1
                    if survives(broken):
                        self.survivors.append(broken.name)
                        print(f"survives: {broken.name}", flush=True)
        print(f"{count} breaks, {len(self.survivors)} survive")
        return True


def main(arguments: list[str]) -> int:
    """0 when every break was noticed."""
    known = ("permissions", "audiences")
    tables = [word for word in arguments if word in known] or list(known)
    word = next((word for word in arguments if word not in known), "")
    vars(builtins)["__watched__"] = WATCH.passes
    sys.meta_path.insert(0, Finder)
    mutation = Mutation(tables, word)
    options = ["-q", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", str(CLAIMS)]
    pytest.main(options, plugins=[mutation])
    return int(bool(mutation.survivors))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
