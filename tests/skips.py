"""Under ``CI=true`` a skipped test fails the run, unless ``tests/README.md`` lists it with a reason."""

import os
import re
from pathlib import Path

import pytest

_LISTED = re.compile(r"^- `(tests/[^`]+)`: \S", re.MULTILINE)


def allowed(readme: str) -> tuple[str, ...]:
    """The files and tests that the section "Skips" lists, each with its reason."""
    section = readme.partition("\n## Skips\n")[2].partition("\n## ")[0]
    return tuple(_LISTED.findall(section))


def forbidden(skipped: list[str], listed: tuple[str, ...]) -> list[str]:
    """The skipped tests that are neither listed nor in a listed file; parameters do not matter."""
    return [
        test
        for test in skipped
        if not any(test == entry or test.startswith((entry + "::", entry + "[")) for entry in listed)
    ]


class SkipJudge:
    """A pytest plugin that collects what was skipped."""

    def __init__(self, readme: Path) -> None:
        self._readme = readme
        self._skipped: dict[str, str] = {}
        self._forbidden: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test was skipped, before or while it ran."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped[report.nodeid] = _reason(report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A whole file was skipped."""
        if report.skipped:
            self._skipped[report.nodeid] = _reason(report.longrepr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turns a run that skipped too much into a failed one."""
        if os.environ.get("CI") != "true":
            return
        self._forbidden = forbidden(list(self._skipped), allowed(self._readme.read_text()))
        if self._forbidden and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says which, and why that counts as failed."""
        if self._forbidden:
            terminalreporter.section("skipped, but not allowed to under CI=true (tests/README.md)", red=True)
            for test in self._forbidden:
                terminalreporter.line(f"{test}: {self._skipped[test]}")


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
