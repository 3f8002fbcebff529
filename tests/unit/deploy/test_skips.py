"""A green run under CI=true means that everything ran."""

from pathlib import Path

import pytest

from tests.skips import SkipJudge, allowed, forbidden

pytest_plugins = ("pytester",)

README = """
## Skips

- `tests/a/test_listed.py`: needs an engine.
- `tests/b/test_some.py::test_one`: only root may.
- `tests/c/test_no_reason.py`:

## Other

- `tests/d/test_elsewhere.py`: not in the section.
"""


def test_only_lines_with_a_reason_in_the_section_count() -> None:
    assert allowed(README) == ("tests/a/test_listed.py", "tests/b/test_some.py::test_one")


def test_listed_files_and_tests_may_skip_and_others_may_not() -> None:
    skipped = [
        "tests/a/test_listed.py::test_any",
        "tests/a/test_listed.py",
        "tests/b/test_some.py::test_one[x]",
        "tests/b/test_some.py::test_one_more",
        "tests/a/test_listed_not.py::test_any",
    ]
    assert forbidden(skipped, allowed(README)) == [
        "tests/b/test_some.py::test_one_more",
        "tests/a/test_listed_not.py::test_any",
    ]


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("", 0)])
def test_unlisted_skip_fails_a_ci_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, status: int
) -> None:
    monkeypatch.setenv("CI", ci)
    (tmp_path / "README.md").write_text(README)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile("import pytest\ndef test_it(): pytest.skip('no tool')\ndef test_good(): pass")
    result = pytester.inline_run("-p", "no:randomly", plugins=[SkipJudge(tmp_path / "README.md")])
    assert result.ret == status


def test_the_list_in_force_names_only_what_exists() -> None:
    root = Path(__file__).parent.parent.parent.parent
    for entry in allowed((root / "tests" / "README.md").read_text()):
        path, _, test = entry.partition("::")
        assert (root / path).exists()
        assert not test or f"def {test}(" in (root / path).read_text()
