"""The vectors that the browser's fold must reach are what the server's rules say today."""

from schemas.events import EVENTS
from tests.golden.fold_vectors import FOLDER, covered, files


def test_the_golden_stories_are_what_the_rules_tell() -> None:
    """A difference is a change of meaning: think, then ``python -m tests.golden.fold_vectors``."""
    written = {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert written == files()


def test_every_event_is_in_some_story() -> None:
    assert covered() == set(EVENTS)
