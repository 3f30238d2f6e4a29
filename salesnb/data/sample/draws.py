"""Draws that come out the same on every machine and under every version of numpy.

Only the raw 64-bit words of PCG64 are used, which numpy promises never to change, and only whole-number arithmetic
is done on them: no logarithm, no exponential, nothing that a mathematics library could round otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]

NONE = -(2**62)
"""The whole number that stands for null in columns of days, seconds and cents."""

MILLION = 1_000_000

SALT = 17
"""Chosen so that the default seed gives an ordinary company: on plan, but for the quarter that missed."""

SIZES = (
    380, 470, 530, 580, 625, 665, 700, 735, 765, 800, 830, 860, 890, 920, 950, 975, 1000,
    1030, 1060, 1090, 1120, 1155, 1190, 1230, 1270, 1315, 1365, 1420, 1485, 1565, 1670, 1840, 2300,
)  # fmt: skip
"""Inverse distribution of a deal's size in thousandths of its segment's median, at 0, 1/32, ... 1."""


@dataclass(frozen=True)
class Draws:
    """A stream of draws of its own, told apart from others by its number.

    Attributes
    ----------
    words
        The source of raw 64-bit words.
    """

    words: np.random.PCG64

    @classmethod
    def of(cls, seed: int, stream: int) -> Draws:
        """Return the stream of that number under that seed."""
        return cls(np.random.PCG64(np.random.SeedSequence((seed, stream, SALT))))

    def below(self, bound: int | Ints, size: int) -> Ints:
        """Return whole numbers from 0 up to, not including, ``bound`` (at most 2**31), one bound or one each."""
        high = (self.words.random_raw(size) >> np.uint64(32)).astype(np.uint64)
        return ((high * np.asarray(bound, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)

    def between(self, low: int, high: int, size: int) -> Ints:
        """Return whole numbers from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1, size)

    def hits(self, ppm: int | Ints, size: int) -> Flags:
        """Return true with a chance of ``ppm`` in a million, one chance for all or one each."""
        return self.below(MILLION, size) < np.asarray(ppm)

    def pick(self, weights: Sequence[int], size: int) -> Ints:
        """Return positions, each as likely as its whole-number weight."""
        ends = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(ends, self.below(int(ends[-1]), size), side="right").astype(np.int64)

    def curve(self, points: Sequence[int], size: int) -> Ints:
        """Return values of an inverse distribution given at equal steps of probability, straight between them."""
        table = np.asarray(points, dtype=np.int64)
        place = self.below((len(points) - 1) << 16, size)
        step, part = place >> 16, place & 0xFFFF
        values: Ints = table[step] + (((table[step + 1] - table[step]) * part) >> 16)
        return values
