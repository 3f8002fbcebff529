"""What of the time of a class is in its film: the pieces between pauses and cuts, put end to end. Pure.

The **wall** counts Unix milliseconds, the **film** milliseconds from its own beginning. A piece that was
cut out of the middle leaves two, and everything after it moves forward in the film.
"""

from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct

Spans = Iterable[tuple[int, int]]
"""Half-open times, in order and apart from each other."""


class Piece(Struct, frozen=True):
    """The wall's ``[since, until)``, which begins at ``at_ms`` in the film."""

    since: int
    until: int
    at_ms: int

    @property
    def end_ms(self) -> int:
        """Where it ends in the film."""
        return self.at_ms + self.until - self.since


Pieces = tuple[Piece, ...]


def join(spans: Spans) -> Pieces:
    """A film of these times of the wall."""
    pieces: list[Piece] = []
    for since, until in spans:
        if since < until:
            pieces.append(Piece(since, until, pieces[-1].end_ms if pieces else 0))
    return tuple(pieces)


def length_ms(pieces: Pieces) -> int:
    """How long the film is."""
    return pieces[-1].end_ms if pieces else 0


def film_ms(pieces: Pieces, wall: float) -> float | None:
    """Where a moment is in the film; None when it is not in it."""
    for piece in pieces:
        if piece.since <= wall < piece.until:
            return piece.at_ms + wall - piece.since
    return None


def next_ms(pieces: Pieces, wall: float) -> float | None:
    """The same, or the beginning of the next piece for a moment between two; None after the last."""
    found = film_ms(pieces, wall)
    if found is not None:
        return found
    return next((float(piece.at_ms) for piece in pieces if wall < piece.since), None)


def wall_ms(pieces: Pieces, at_ms: float) -> float:
    """Which moment is shown here in the film; past its end, as if the last piece went on."""
    piece = next((p for p in pieces if at_ms < p.end_ms), pieces[-1])
    return piece.since + at_ms - piece.at_ms


def spans_in_film(pieces: Pieces, spans: Spans) -> tuple[tuple[int, int], ...]:
    """Where these times of the wall are in the film. What a cut parts stays parted."""
    return tuple(
        (
            piece.at_ms + max(since, piece.since) - piece.since,
            piece.at_ms + min(until, piece.until) - piece.since,
        )
        for since, until in spans
        for piece in pieces
        if max(since, piece.since) < min(until, piece.until)
    )


def within(pieces: Pieces, spans: Spans) -> Pieces:
    """Only what lies in these times of the wall, where it is in the film."""
    return tuple(
        Piece(start, min(until, piece.until), piece.at_ms + start - piece.since)
        for since, until in spans
        for piece in pieces
        if (start := max(since, piece.since)) < min(until, piece.until)
    )


def without(pieces: Pieces, since_ms: int, until_ms: int) -> Pieces:
    """The film without this time of it."""
    kept: list[tuple[int, int]] = []
    for piece in pieces:
        before = piece.since + min(max(since_ms - piece.at_ms, 0), piece.until - piece.since)
        after = piece.since + min(max(until_ms - piece.at_ms, 0), piece.until - piece.since)
        kept += [(piece.since, before), (max(after, before), piece.until)]
    return join(kept)


def between(since: int, until: int, pauses: Spans) -> Pieces:
    """A film of a recording with pauses."""
    edges = [since, *(edge for pause in pauses for edge in pause), until]
    return join((start, end) for start, end in list(pairwise(edges))[::2])
