"""The golden pages are those of the present rules."""

from tests.golden.ink_vectors import FILE, content


def test_the_golden_pages_are_what_the_rules_say() -> None:
    """``python -m tests.golden.ink_vectors`` writes them."""
    assert FILE.read_bytes() == content()
