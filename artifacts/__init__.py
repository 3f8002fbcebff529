"""Artifacts: what stays after a class.

A job names a recording. The ``worker`` reads the room's log (``timeline``: who was there, which tracks
flowed when), reads the recorded RTP from the bus, and does three steps, each safe to repeat: **capture**
writes one file per track without transcoding (``unroll`` and ``reorder`` put packets back in order,
``depayload`` makes frames of them, ``clock`` says when each was captured, ``trackfile`` writes); **compose**
makes one MP4 of the whole class and a poster (``layout`` says who is where, ``picture`` draws, ``mixer``
mixes, ``names`` letters); **announce** says that all is there. ``store`` is the object store; the edge
reads through it. Start with ``timeline``, then ``capture``.

The film has neither pauses nor people who were left out (``pieces``, ``timeline``). After a redaction a
new version is made from the tracks of the one before it (``recut``), and only then are old objects
removed. A ``purge`` job removes a recording that was deleted or has expired.

The ``archiver`` has no recordings: it moves the logs of rooms at rest from NATS to S3 (``archive`` jobs), and
takes out of them what was redacted.

Invariants: an artifact's id and key derive from recording, version, kind and track, and a command's id
from what it says, so that whatever was done twice is there once. Every time is counted in the film; two
tracks of one person share that person's clock, so that lips and voice agree.

Formats: Opus and VP8 go to WebM; H.264 goes to MP4, because WebM does not allow it and every browser
plays it there. Muted times and lost packets leave a gap in the timestamps; nothing is invented.

Deliberately absent: rules (``rooms`` decides what a recording is), signed addresses (the edge signs its
own URLs), and any state but scratch files.
"""
