"""Auto: the forecast of one series, by the combination unless a backtest says that something else is far better.

The combination is the mean of five models that err in different ways. Choosing the model that missed least over past
windows of a series is worse than the mean, on M3 as elsewhere, and so is weighing them by it (docs/decisions.md):
what three windows tell of one series is mostly chance. So a model is taken alone only where it
missed at most 0.4 times as much in every window, and one that missed three times as much as the best is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from salesnb import formats
from salesnb.forecast.backtest import WINDOWS, Window, backtest, listed
from salesnb.forecast.models import COMBINED, RIVALS, known, tried
from salesnb.forecast.past import Past
from salesnb.forecast.patterns import Floats, longer_than
from salesnb.forecast.ranges import PATHS, about, paths, scale, surprises
from salesnb.forecast.thin import thin

BETTER = 0.4
"""A model is taken alone where it missed in every window at most so much of what the combination did."""
HOPELESS = 3.0
"""A member that missed so many times as much as the best one is left out."""
CLEARLY = 0.75
"""The year of days is left out where without it past windows were missed by so many times as much: mostly it helps."""
COMBINATION = "combination"


@dataclass(frozen=True)
class Forecast:
    """What will happen to one series.

    Attributes
    ----------
    model
        What it is by: a name of :mod:`salesnb.forecast.models`, ``combination``, or a fallback.
    reason
        Why, in a sentence.
    notes
        What was done to the series, and what cannot be known, a sentence each.
    weights
        Model to its weight.
    point
        The forecast, one number a step ahead: the mean of the paths.
    paths
        Sample paths, one row each; no row where no range can be known.
    tried
        The backtest: see :func:`salesnb.forecast.backtest.listed`.
    parts
        What the forecast is made of, one row a step ahead: ``trend``, ``season``, ``length`` (what the trading days of
        the step add) and a column a regressor. Their product is the forecast where ``is_product``, else their sum.
    is_product
        Whether parts are factors.
    past
        The series as it was learnt from: without the regressors, trading days or longer pattern that did not help.
    """

    model: str
    reason: str
    notes: tuple[str, ...]
    weights: Mapping[str, float]
    point: Floats
    paths: Floats = field(repr=False)
    tried: pd.DataFrame = field(repr=False)
    parts: pd.DataFrame = field(repr=False)
    is_product: bool
    past: Past = field(repr=False)

    def interval(self, level: float = 0.8) -> tuple[Floats, Floats]:
        """Return the bounds between which a step ahead lies with a probability; NaN where that is not known."""
        if not len(self.paths):
            none = np.full(len(self.point), np.nan)
            return none, none
        low, high = np.quantile(self.paths, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return np.asarray(low), np.asarray(high)


def forecast(
    past: Past, model: str = "auto", *, seed: int = 0, n_paths: int = PATHS, n_windows: int = WINDOWS
) -> Forecast:
    """Forecast a series.

    Parameters
    ----------
    past
        The series, and how many steps ahead.
    model
        ``auto`` or a name of :data:`salesnb.forecast.models.CHOICES`.
    seed, n_paths
        Where random numbers start, and how many paths to draw. The same seed gives the same numbers.
    n_windows
        Over how many past windows models are tried; 0: the combination is taken as it is, which is four times quicker.

    Returns
    -------
    Forecast
        By a named fallback where the series is too thin for a model. Where no value of the past is below 0, no forecast
        is either, and a note says where that changed one.

    Raises
    ------
    ParameterError
        There is no model of that name.
    """
    name = known(model)
    rng = np.random.default_rng(seed)
    fallback = thin(past, rng, n_paths)
    if fallback is not None:
        what, why, point, drawn = fallback
        return _kept(past, what, why, {what: 1.0}, (point, drawn), ())
    names = (*COMBINED, *RIVALS) if name == "auto" else (name,)
    past, windows, unused = _settled(past, names, n_windows)
    weights, why = _chosen(windows) if name == "auto" else ({name: 1.0}, "it was asked for")
    said = {each: tried(each, past) for each in weights}
    there = {each: one for each, one in said.items() if one is not None}
    if not there:
        there, weights = {"naive": np.full(past.horizon, past.y[-1])}, {"naive": 1.0}
        why = f"{name} cannot be fitted to {formats.plural(len(past), 'value')}"
    total = sum(weights[each] for each in there)
    shares = {each: weights[each] / total for each in there}
    point = sum((share * there[each] for each, share in shares.items()), np.zeros(past.horizon))
    found = surprises(past)
    apart = np.std([past.scaled(np.maximum(one, 1e-9) if past.is_log else one) for one in there.values()], axis=0)
    drawn = paths(past, point, found, scale(_missed(windows, shares)), rng, n_paths, apart)
    what = COMBINATION if len(shares) > 1 else next(iter(shares))
    return _kept(past, what, why + unused, shares, (point, drawn), windows)


def _settled(past: Past, names: tuple[str, ...], n_windows: int) -> tuple[Past, list[Window], str]:
    """Return the past with what helps of its regressors, trading days and longer pattern.

    That is with what past windows were missed by less; where it is no matter, all stays.
    """
    ahead = past.horizon - past.skip
    windows = backtest(past, names, ahead, n_windows)
    if not windows:
        return past, windows, ""
    has_drivers, has_lengths = bool(past.drivers.shape[1]), bool(past.length_part.any())
    longer = longer_than(past.season, windows[0].origin)
    without: dict[str, dict[str, Any]] = {
        "the regressors": {"drivers": past.drivers[:, :0], "names": ()} if has_drivers else {},
        "trading days": {"lengths": past.lengths[:0]} if has_lengths else {},
        longer: {"has_longer": False} if longer else {},
    }
    left_out = [one for one, changes in without.items() if changes]
    choices: list[tuple[float, Past, list[Window], list[str]]] = [(_sum(windows), past, windows, [])]
    for out in [[one] for one in left_out] + ([left_out] if len(left_out) > 1 else []):
        changes = {name: value for one in out for name, value in without[one].items()}
        bare = replace(past, **changes)
        others = backtest(bare, names, ahead, n_windows)
        choices.append((_sum(others) / (CLEARLY if longer in out else 1.0), bare, others, out))
    _, past, windows, out = min(choices, key=lambda one: one[0])
    if not out:
        return past, windows, ""
    told = formats.listed(out)
    are, them = ("is", "it") if out == [longer] else ("are", "them")
    return past, windows, f"; {told} {are} left out, for with {them} past windows were missed by more"


def _sum(windows: list[Window]) -> float:
    """Return the error of the mean of all models over windows."""
    return sum(each.error(_mixed(each.said, dict.fromkeys(each.said, 1.0))) for each in windows if each.said)


def _kept(
    past: Past, what: str, why: str, weights: Mapping[str, float], drawn: tuple[Floats, Floats],
    windows: tuple[Window, ...] | list[Window],
) -> Forecast:  # fmt: skip
    """Keep what is ahead of today, and nothing below 0 where nothing was."""
    point, sample = drawn[0][past.skip :], drawn[1][:, past.skip :]
    notes = list(past.cleaned.notes())
    if past.skip:
        notes.append(
            f"the last {formats.plural(past.skip, 'step')} had no value and {'is' if past.skip == 1 else 'are'} bridged"
        )
    if len(point) > len(past) > 1:
        notes.append(
            f"{len(point)} steps are asked of {len(past)} values: beyond as many, take the range for what it is"
        )
    if past.y.min() >= 0 and (np.any(point < 0) or np.any(sample < 0)):
        n = int(np.count_nonzero(point < 0))
        if n:
            notes.append(f"{formats.plural(n, 'step')} would be below 0 and {'is' if n == 1 else 'are'} put to 0")
        point, sample = np.maximum(point, 0.0), np.maximum(sample, 0.0)
        sample = about(sample, point) if len(sample) else sample
    parts, is_product = _parts(past, point)
    return Forecast(
        what,
        why,
        tuple(notes),
        MappingProxyType(dict(weights)),
        point,
        sample,
        listed(windows),
        parts,
        is_product,
        past,
    )


def _parts(past: Past, point: Floats) -> tuple[pd.DataFrame, bool]:
    """Take a forecast apart: what season, trading days and regressors do not explain is trend."""
    ahead = slice(len(past) + past.skip, None)
    added = {"season": past.season_part[ahead], "length": past.length_part[ahead]}
    added |= {name: past.driver_parts[ahead, place] for place, name in enumerate(past.names)}
    if past.is_log:
        found = {name: np.exp(np.clip(value, -700, 700)) for name, value in added.items()}
        trend = point / np.prod(list(found.values()), axis=0)
    else:
        found, trend = added, point - np.sum(list(added.values()), axis=0)
    return pd.DataFrame({"trend": trend, **found}), past.is_log


def _errors(windows: list[Window]) -> pd.DataFrame:
    """Return the mean absolute error of each model in each window, over that of all models there."""
    rows = [{name: one.error(said) for name, said in one.said.items()} for one in windows]
    frame = pd.DataFrame(rows).dropna(axis=1)
    return frame.div(frame.mean(axis=1).replace(0.0, 1.0), axis=0)


def _chosen(windows: list[Window]) -> tuple[dict[str, float], str]:
    """Return the models to take with their weights, and why."""
    equal = dict.fromkeys(COMBINED, 1.0)
    if len(windows) < 2:
        return equal, "the series is too short to hold models against its own past, so that all five count alike"
    errors = _errors(windows)
    mean = errors.mean()
    members = [name for name in COMBINED if name in mean]
    if not members:
        return equal, "no model could be tried on the past, so that all five count alike"
    best = float(mean[members].min())
    weights = {name: 1.0 for name in members if mean[name] <= HOPELESS * best}
    mixed = np.array([one.error(_mixed(one.said, weights)) for one in windows])
    tried_on = f"over {formats.plural(len(windows), 'past window')}"
    for name in sorted(mean.index, key=lambda one: float(mean[one])):
        alone = np.array([one.error(one.said[name]) for one in windows])
        if len(windows) > 2 and bool(np.all(alone <= BETTER * mixed)) and mixed.min() > 0:
            by = formats.share(1 - float(np.mean(alone) / np.mean(mixed)), 0)
            return {name: 1.0}, f"{tried_on} it missed by {by} less than the combination, and by far less in every one"
    actual = np.nanmean(np.abs(np.concatenate([one.actual for one in windows])))
    missed = f" missed by {formats.share(float(mixed.mean() / actual))} of what came" if actual else " was tried"
    out = [name for name in members if name not in weights]
    left = f"; left out for missing three times as much as the best: {formats.listed(out)}" if out else ""
    return weights, f"{tried_on} the combination{missed}, and no model alone by far less{left}"


def _mixed(said: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    there = {name: weight for name, weight in weights.items() if name in said}
    total = sum(there.values())
    return np.asarray(sum(weight * said[name] for name, weight in there.items()) / total)


def _missed(windows: list[Window], weights: Mapping[str, float]) -> list[tuple[Floats, Floats]]:
    """Return the errors of a mixture in each window with what was said of their size."""
    found = []
    for one in windows:
        if not any(name in one.said for name in weights):
            continue
        known_steps = ~np.isnan(one.actual)
        if one.past.is_log:
            known_steps &= one.actual > 0
        mixed = _mixed(one.said, weights)
        errors = one.past.scaled(one.actual) - one.past.scaled(mixed)
        spread = one.found.spread[one.past.skip :]
        found.append((errors[known_steps], spread[known_steps]))
    return found
