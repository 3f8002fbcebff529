"""Every recording that is not erased yet: the part of the state that ``rooms.retention`` keeps."""

from typing import Literal

from msgspec import Struct

Work = Literal["", "record", "working", "purge"]


class Shelved(Struct, frozen=True, array_like=True):
    """What must be known of a recording for as long as it is kept.

    ``keep_until`` None: as the tenant's policy says; 0: for ever. ``version`` counts rebuilds. ``work``
    is what waits for a worker: its artifacts (``record``, then ``working`` when one took it up), or that
    its objects go (``purge``).
    """

    stopped_at: int | None = None
    keep_until: int | None = None
    version: int = 0
    work: Work = ""
