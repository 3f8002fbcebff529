"""The mix is loud enough and never clips."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artifacts.mixer import Mixer
from artifacts.names import avatar, initials, tag
from artifacts.sources import Samples

BLOCK = 1_920


class Tone:
    """A constant voice."""

    def __init__(self, level: float) -> None:
        self.level = level

    def add_to(self, block: Samples, start: int) -> None:
        """Adds itself."""
        block += self.level


def mix(*levels: float, blocks: int = 1) -> list[Samples]:
    mixer = Mixer(tuple(Tone(level) for level in levels))  # type: ignore[misc]  # Only add_to is used.
    return [mixer.block(n * BLOCK, BLOCK) for n in range(blocks)]


def test_one_voice_is_left_as_it_is() -> None:
    assert np.allclose(mix(0.5)[0], 0.5)


def test_nobody_is_silence() -> None:
    assert not mix()[0].any()


@settings(max_examples=50)
@given(st.lists(st.floats(-1, 1, width=32), max_size=30))
def test_many_voices_never_clip(levels: list[float]) -> None:
    for block in mix(*levels, blocks=3):
        assert np.abs(block).max(initial=0) <= 0.96


def test_after_a_loud_moment_the_gain_comes_back() -> None:
    loud, quiet = Tone(4.0), Tone(0.1)
    mixer = Mixer((quiet, loud))  # type: ignore[arg-type]  # Only add_to is used.
    mixer.block(0, BLOCK)
    loud.level = 0.0
    blocks = [mixer.block(n * BLOCK, BLOCK) for n in range(1, 40)]
    assert blocks[0].max() < 0.06
    assert blocks[-1].max() > 0.099


def test_initials_are_of_first_and_last_word() -> None:
    assert [initials(n) for n in ("Tess Teacher", "sam", "Ana Maria da Silva", " ", "")] == [
        "TT",
        "S",
        "AS",
        "",
        "",
    ]


@given(st.text(max_size=80), st.integers(8, 640), st.integers(10, 40))
@settings(max_examples=60, deadline=None)
@example(name="\x85\u202e", width=80, height=20)
def test_any_name_fits_its_tag(name: str, width: int, height: int) -> None:
    drawn = tag(name, width, height)
    assert drawn.shape[1] <= max(width, 2)
    assert (drawn.shape[0] % 2, drawn.shape[1] % 2, drawn.shape[2]) == (0, 0, 4)
    assert avatar("p", name, 64, 36).shape == (36, 64, 3)
