"""Past: what a model may know of one series, cleaned and freed of its season, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from salesnb.errors import ParameterError
from salesnb.forecast.cleaning import Cleaned, cleaned, filled
from salesnb.forecast.frequency import Dates
from salesnb.forecast.patterns import Flags, Floats, Pattern, added, patterns

_THIN = 0.05
"""A series is taken on logarithms where its least value is above so much of its median."""
_RIDGE = 1.0
_ROUNDS = 3
"""How often season and drivers are estimated in turn, each without what the other explains."""


@dataclass(frozen=True)
class Past:
    """One series up to a step, and what is known of the steps ahead.

    Attributes
    ----------
    raw
        The values, NaN where there is none; the first and the last are there.
    season
        The steps of a season.
    horizon
        How many steps ahead there are, those skipped included.
    drivers
        One row a step, those ahead included, and one column a regressor; no column where there is none.
    names
        What the columns of ``drivers`` are.
    dates
        The date of each step, those ahead included; empty where they are not known.
    skip
        How many of the steps ahead are past already, without a value.
    has_longer
        Whether days have a year and hours a week, beside their season.
    lengths
        How long each step is, those ahead included, as its trading days: a month of 23 brings more than one of 20.
        Empty where all are as long; not used where a value is near or below 0.
    """

    raw: Floats
    season: int
    horizon: int
    drivers: Floats
    names: tuple[str, ...] = ()
    dates: Dates = field(default_factory=lambda: np.array([], dtype="datetime64[ns]"))
    skip: int = 0
    has_longer: bool = True
    lengths: Floats = field(default_factory=lambda: np.array([]))

    @classmethod
    def of(
        cls, raw: Floats, season: int, horizon: int, *, drivers: Floats | None = None, names: tuple[str, ...] = (),
        dates: Dates | None = None, lengths: Floats | None = None,
    ) -> Past:  # fmt: skip
        """Make a past.

        Parameters
        ----------
        raw
            The values; NaN at either end is cut off with its drivers and dates.
        season, horizon, names
            See :class:`Past`.
        drivers, dates, lengths
            One row, one date and one length above 0, a value and a step ahead; none where None.

        Raises
        ------
        ParameterError
            A length is not above 0.
        """
        raw = np.asarray(raw, dtype=np.float64)
        there = np.flatnonzero(~np.isnan(raw))
        first, after = (int(there[0]), int(there[-1]) + 1) if len(there) else (0, 0)
        given = np.empty((len(raw) + horizon, 0)) if drivers is None else np.asarray(drivers, dtype=np.float64)
        days = np.array([], dtype="datetime64[ns]") if dates is None else dates[first:]
        skip = len(raw) - after
        long = np.array([]) if lengths is None else np.asarray(lengths, dtype=np.float64)[first:]
        if not np.all(long > 0):
            raise ParameterError("a step has no day that counts", where="lengths", mend="take longer steps")
        return cls(raw[first:after], season, horizon + skip, given[first:], names, days, skip, lengths=long)

    def cut(self, n: int, horizon: int) -> Past:
        """Return what was known after the first ``n`` values, of so many steps ahead."""
        raw = self.raw[:n]
        last = int(np.flatnonzero(~np.isnan(raw))[-1]) + 1
        end = n + horizon
        return replace(
            self, raw=raw[:last], horizon=end - last, drivers=self.drivers[:end], dates=self.dates[:end],
            skip=n - last, lengths=self.lengths[:end],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.raw)

    @cached_property
    def cleaned(self) -> Cleaned:
        """The values without gaps and spikes; what the drivers and lengths explain is no spike."""
        if not self.drivers.shape[1] and not len(self.lengths):
            return cleaned(self.raw, self.season)
        y = filled(self.raw, np.isnan(self.raw), self.season)
        is_log = _on_logarithms(y)
        length = self._log_length(is_log)[: len(y)]
        z = (np.log(y) if is_log else y) - length
        effect = length + self._split(z, np.ones(len(z), dtype=bool))[1].sum(axis=1)[: len(z)]
        bare = self.raw / np.exp(effect) if is_log else self.raw - effect
        made = cleaned(bare, self.season)
        return replace(made, values=made.values * np.exp(effect) if is_log else made.values + effect)

    @property
    def y(self) -> Floats:
        """The values that models learn from."""
        return self.cleaned.values

    @cached_property
    def is_log(self) -> bool:
        """Whether it is taken on logarithms, where seasons and errors are shares: all values well above 0."""
        return _on_logarithms(self.y)

    @cached_property
    def length_part(self) -> Floats:
        """What the length of every step adds, those ahead included, on logarithms; 0 where lengths are not used."""
        return self._log_length(self.is_log)

    def _log_length(self, is_log: bool) -> Floats:
        if not is_log or not len(self.lengths):
            return np.zeros(len(self.raw) + self.horizon)
        found = np.log(self.lengths)
        return np.asarray(found - found[: len(self.raw)].mean())

    @cached_property
    def _z(self) -> Floats:
        """The values on the scale of ``is_log``, without what the lengths add."""
        return np.asarray((np.log(self.y) if self.is_log else self.y) - self.length_part[: len(self.y)])

    @cached_property
    def _parts(self) -> tuple[Floats, Floats]:
        """The season, and the effect of each driver, at every step, also those ahead; logarithms where ``is_log``."""
        return self._split(self._z, ~self.cleaned.is_shock)

    def _split(self, z: Floats, told: Flags) -> tuple[Floats, Floats]:
        n, steps = len(z), np.arange(len(z) + self.horizon)
        season, effects = np.zeros(len(steps)), np.zeros_like(self.drivers)
        for _ in range(_ROUNDS if self.drivers.shape[1] else 1):
            found = patterns(z - effects.sum(axis=1)[:n], self.season, told, has_longer=self.has_longer)
            season = added(found, steps)
            if self.drivers.shape[1]:
                effects = self._effects(z - season[:n])
        return season, effects

    def _effects(self, z: Floats) -> Floats:
        """Return what each driver adds, by ridge regression of step-to-step changes on their changes."""
        n = len(z)
        x = self.drivers - self.drivers[:n].mean(axis=0)
        size = x[:n].std(axis=0)
        x = np.divide(x, size, out=np.zeros_like(x), where=size > 0)
        n_there = int((size > 0).sum())
        if not n_there or n < n_there + 4:
            return np.zeros_like(x)
        dx, dz = np.diff(x[:n], axis=0), np.diff(z)
        weights = np.linalg.solve(dx.T @ dx + _RIDGE * np.eye(x.shape[1]), dx.T @ (dz - np.median(dz)))
        return np.asarray(x * weights)

    @property
    def season_part(self) -> Floats:
        """What the season adds at every step, those ahead included; on logarithms where ``is_log``."""
        return self._parts[0]

    @property
    def driver_parts(self) -> Floats:
        """What each driver adds, one row a step and a column a driver; on logarithms where ``is_log``."""
        return self._parts[1]

    @cached_property
    def driver_part(self) -> Floats:
        """What the drivers add at every step, those ahead included; on logarithms where ``is_log``."""
        return np.asarray(self.driver_parts.sum(axis=1))

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns of the season, without the drivers' effect."""
        left = self._z - self.driver_part[: len(self.y)]
        return patterns(left, self.season, ~self.cleaned.is_shock, has_longer=self.has_longer)

    @cached_property
    def _added(self) -> Floats:
        return self.season_part + self.driver_part + self.length_part

    @cached_property
    def low(self) -> Floats:
        """The values without season and drivers, on logarithms where ``is_log``."""
        z = np.log(self.y) if self.is_log else self.y
        return np.asarray(z - self._added[: len(z)])

    @cached_property
    def flat(self) -> Floats:
        """The values without season and drivers, on their own scale."""
        if not self.is_log:
            return self.low
        return np.asarray(self.y / self._factors[: len(self.y)])

    @cached_property
    def _factors(self) -> Floats:
        factors = np.exp(self._added)
        return np.asarray(factors / factors[: len(self.y)].mean())

    def from_low(self, ahead: Floats) -> Floats:
        """Return a forecast of ``low`` with season and drivers, on the values' own scale."""
        z = np.asarray(ahead, dtype=np.float64) + self._added[len(self.y) :]
        return np.asarray(np.exp(np.clip(z, -700, 700)) if self.is_log else z)

    def from_flat(self, ahead: Floats) -> Floats:
        """Return a forecast of ``flat`` with season and drivers."""
        if not self.is_log:
            return self.from_low(ahead)
        return np.asarray(np.asarray(ahead, dtype=np.float64) * self._factors[len(self.y) :])

    def scaled(self, values: Floats) -> Floats:
        """Return values on the scale of errors: their logarithms where ``is_log``."""
        return np.log(np.maximum(values, 1e-300)) if self.is_log else values


def _on_logarithms(y: Floats) -> bool:
    return bool(y.min() > 0 and y.min() > _THIN * np.median(y))
