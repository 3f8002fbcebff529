"""Which of two versions of the same thing wins: for what many draw or write at once.

The rule is that of Excalidraw's own reconciliation: the higher version wins; of equal versions the
lower nonce (a random number that its author drew). A deletion is a version like any other. What is left
of a set of versions is therefore the same in whatever order, however often, and in whatever batches they
come. The log has the winners only, so that followers put what an event says in place of what they have.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar


class Versioned(Protocol):
    """Something of which there are versions."""

    @property
    def version(self) -> int:
        """Grows with every change."""

    @property
    def nonce(self) -> int:
        """Decides between versions that were made at once."""


def wins(one: Versioned, other: Versioned | None) -> bool:
    """Whether ``one`` takes the place of ``other``. The same version again does not."""
    if other is None:
        return True
    return (one.version, -one.nonce) > (other.version, -other.nonce)


Key = TypeVar("Key")
Known = TypeVar("Known", bound=Versioned)
New = TypeVar("New", bound=Versioned)


def winners(known: Mapping[Key, Known], wished: Iterable[tuple[Key, New]]) -> dict[Key, New]:
    """Those of the wished versions that take the place of what is known and of each other."""
    won: dict[Key, New] = {}
    for key, wish in wished:
        if wins(wish, won.get(key)) and wins(wish, known.get(key)):
            won[key] = wish
    return won
