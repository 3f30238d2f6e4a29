"""Worth: which step of a funnel is its bottleneck, and what money a repair of it would bring.

The repair of a step is that it lets as much of the money decided at it through as the middle one of the other steps
does (the median of their rates, in money). A share of the money that dropped out at it would then have gone on,
``(target - rate) / (1 - rate)``, and of that the product of the rates of all later steps would have been won. The
bottleneck is the step whose repair is worth most. What is uncertain are the rates: each is drawn from the beta
distribution of its mean and of as many deals as its money is worth (the square of the sum over the sum of squares),
which gives the interval of the worth, and the share of draws in which the step is worth most; the money that dropped
out is taken as it was. Where the deals have no amounts, deals are counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesnb.analysis.apart import FEWEST
from salesnb.kpis.incidence import Array

DRAWS = 4000
_SEED = 20_260


@dataclass(frozen=True)
class Bottleneck:
    """The step of a funnel whose repair is worth most.

    Attributes
    ----------
    step, place
        Its name and place.
    rate, target
        What share of the money it lets through, and what the middle one of the other steps does.
    worth, low, high
        What the repair is worth, in money or deals, with its interval.
    each
        What each amount that dropped out adds to the worth, as a share.
    is_money
        Whether it is money that is counted, not deals.
    chance
        The share of draws in which it is worth most.
    rivals
        Steps that could as well be it: worth most in more of the draws than 1 - confidence; empty where it is told
        apart.
    """

    step: str
    place: int
    rate: float
    target: float
    worth: float
    low: float
    high: float
    each: float
    is_money: bool
    chance: float
    rivals: tuple[str, ...]

    @property
    def is_apart(self) -> bool:
        """Whether it can be told from the other steps."""
        return not self.rivals


def repairs(steps: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return what the repair of each step would be worth.

    Parameters
    ----------
    steps
        Rows of :func:`salesnb.analysis.funnel_steps.of_steps`, the last step included.
    confidence
        The level of the intervals.

    Returns
    -------
    pandas.DataFrame
        ``place, step, rate, target, each, worth, low, high, chance, is_money``, one row a step at which ten or more
        were decided, the last left out; empty where there are fewer than two such steps, as there is then nothing to
        compare with.
    """
    columns = ["place", "step", "rate", "target", "each", "worth", "low", "high", "chance", "is_money"]
    known = steps.iloc[:-1]
    known = known[(known["passed"] + known["dropped"] >= FEWEST).to_numpy()]
    if len(known) < 2:
        return pd.DataFrame(columns=columns)
    is_money = bool(steps["value_reached"].sum() > 0)
    names = ("value_passed", "value_dropped") if is_money else ("passed", "dropped")
    passed, dropped = (known[name].clip(lower=0).to_numpy(dtype=float) for name in names)
    money, decided = dropped, passed + dropped
    weight = known["weight"].to_numpy(dtype=float) if is_money else decided
    rates = np.divide(passed, decided, out=np.zeros_like(passed), where=decided > 0)[None, :]
    target, each = _repaired(rates)
    random = np.random.default_rng(_SEED)
    drawn = random.beta(rates[0] * weight + 0.5, (1 - rates[0]) * weight + 0.5, size=(DRAWS, len(known)))
    worths = _repaired(drawn)[1] * money
    tails = np.quantile(worths, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    best = np.bincount(worths.argmax(axis=1), minlength=len(known)) / DRAWS
    return pd.DataFrame(
        {
            "place": known["place"].to_numpy(),
            "step": known["step"].to_numpy(),
            "rate": rates[0],
            "target": target[0],
            "each": each[0],
            "worth": each[0] * money,
            "low": tails[0],
            "high": tails[1],
            "chance": best,
            "is_money": is_money,
        }
    )


def _repaired(rates: Array) -> tuple[Array, Array]:
    """Return for each draw and step the target, and what each amount dropped there would add."""
    size = rates.shape[1]
    target = np.stack([np.median(np.delete(rates, i, axis=1), axis=1) for i in range(size)], axis=1)
    saved = np.clip((target - rates) / np.where(rates < 1, 1 - rates, np.inf), 0.0, 1.0)
    later = np.stack([rates[:, i + 1 :].prod(axis=1) for i in range(size)], axis=1)
    return target, saved * later


def bottleneck(found: pd.DataFrame, confidence: float) -> Bottleneck | None:
    """Return the step whose repair is worth most; None where no repair is worth anything."""
    if found.empty or not found["worth"].max() > 0:
        return None
    row = found.loc[found["worth"].idxmax()].to_dict()
    rivals = found[(found["chance"] > 1 - confidence) & (found["step"] != row["step"])]
    return Bottleneck(
        step=str(row["step"]),
        place=int(row["place"]),
        rate=float(row["rate"]),
        target=float(row["target"]),
        worth=float(row["worth"]),
        low=float(row["low"]),
        high=float(row["high"]),
        each=float(row["each"]),
        is_money=bool(row["is_money"]),
        chance=float(row["chance"]),
        rivals=tuple(rivals["step"]),
    )


def of_segment(segments: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Add ``each`` and ``worth`` to segments: what it would bring if the segment went on as the other segments do.

    The share of those it dropped that would have gone on, ``(rest - rate) / (1 - rate)``, times the rates of the
    segment's own later steps (those of all where it has fewer than ten there), on the money it dropped; 0 where it
    goes on as often or more often, NaN where there is nothing to compare with.
    """
    overall = dict(zip(steps["place"], steps["rate"], strict=True))
    rows = segments.to_dict("records")
    own = {
        (row["by"], row["segment"], row["place"]): row["rate"] if row["base"] >= FEWEST else overall[row["place"]]
        for row in rows
    }
    last = max(overall, default=0)
    each = []
    for row in rows:
        saved = (row["rest"] - row["rate"]) / (1 - row["rate"]) if row["rate"] < 1 else row["rest"] - row["rate"]
        later = math.prod(own[row["by"], row["segment"], place] for place in range(row["place"] + 1, last))
        each.append(max(saved, 0.0) * later if saved == saved else math.nan)
    return segments.assign(each=each, worth=pd.Series(each, index=segments.index) * segments["value_dropped"])
