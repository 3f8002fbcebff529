"""How loud a microphone is, from the level that each packet carries (RFC 6464)."""

_SILENCE_DB = 127
_RISE = 0.5  # A word is noticed within three packets (60 ms) ...
_FALL = 0.08  # ... and a pause between words does not flicker: about half a second.


class Loudness:
    """Smoothed level of one producer in dB below overload: 0 is loudest, 127 is silence."""

    __slots__ = ("_heard", "_level")

    def __init__(self) -> None:
        self._level = float(_SILENCE_DB)
        self._heard = False

    def add(self, value: bytes) -> None:
        """One packet's extension value; the voice bit is not used."""
        level = value[0] & 0x7F
        self._level += (level - self._level) * (_RISE if level < self._level else _FALL)
        self._heard = True

    def take(self) -> int | None:
        """The level, if anything was heard since the last call."""
        heard, self._heard = self._heard, False
        if not heard:
            self._level = float(_SILENCE_DB)
            return None
        return round(self._level)
