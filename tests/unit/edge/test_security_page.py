"""``edge/SECURITY.md`` says what is so: each point has a state, and each that is met has its tests."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "edge/SECURITY.md").read_text()
ROW = re.compile(r"^\| (\d+\.\d+[^|]*?) \| ([^|]+?) \| ([^|]*?) \| ?([^|]*?) ?\|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.(?:py|ts|tsx))::(\w+)`")
ROWS = ROW.findall(PAGE)


def names_in(name: str) -> set[str]:
    """The tests in the file of this name."""
    found = [path for path in (ROOT / "tests").rglob(Path(name).name) if str(path).endswith(name)]
    return {
        node.name
        for path in found
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_row_is_read() -> None:
    """So that the checks below see all of the page."""
    assert len(ROWS) == len(re.findall(r"^\| \d", PAGE, re.MULTILINE))
    assert {point.partition(".")[0] for point, *_ in ROWS} >= {"4", "7", "9", "10"}


@pytest.mark.parametrize(("point", "state", "reason", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_a_point_is_met_with_tests_or_says_why_not(point: str, state: str, reason: str, tests: str) -> None:
    """Met needs tests; open and not applicable need a reason."""
    assert state in {"met", "not applicable", "open"}
    assert len(reason) > 10
    assert state != "met" or NAMED.findall(tests), f"{point} is met by no test"


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED.findall(PAGE))))
def test_a_named_test_exists(file: str, test: str) -> None:
    """A test that is renamed takes its point with it."""
    assert test in names_in(file)
