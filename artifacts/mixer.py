"""Mixes the sound of a class: a sum, kept below full scale by a limiter."""

import numpy as np

from artifacts.sources import Samples, Sound

_CEILING = 0.95  # Headroom for the peaks that AAC adds.
_RELEASE = 0.2  # Share of the way back to full gain per block of 40 ms: about 200 ms, without pumping.


class Mixer:
    """Adds up tracks block by block. The gain falls within one block and recovers slowly."""

    def __init__(self, sounds: tuple[Sound, ...]) -> None:
        self._sounds = sounds
        self._gain = 1.0

    def block(self, start: int, length: int) -> Samples:
        """The mix of ``length`` samples from this one on, 2 by n."""
        mixed = np.zeros((2, length), np.float32)
        for sound in self._sounds:
            sound.add_to(mixed, start)
        return self._limited(mixed)

    def _limited(self, mixed: Samples) -> Samples:
        peak = float(np.abs(mixed).max(initial=0.0))
        wanted = min(1.0, _CEILING / peak) if peak > 0 else 1.0
        before = self._gain
        after = wanted if wanted < before else before + (wanted - before) * _RELEASE
        self._gain = after
        if before == after == 1.0:
            return mixed
        # Down at once, so that nothing clips; up along a ramp.
        ramp = np.linspace(min(before, wanted), min(after, wanted), mixed.shape[1], dtype=np.float32)
        limited: Samples = np.clip(mixed * ramp, -1.0, 1.0)
        return limited
