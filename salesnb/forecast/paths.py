"""Paths that add up: sample paths of many nodes over many steps, of which every sum is itself a path.

The range of a sum is the range of the summed paths, never the sum of the bounds, which is too wide where errors are of
each node's own and too narrow never. Rows are paths; a path is one and the same future in all nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesnb.errors import ParameterError, did_you_mean

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Paths:
    """Sample paths of leaves, and how leaves and steps are grouped.

    Attributes
    ----------
    values
        Leaf by path by step: ``values[leaf, path, step]``, none below 0 where money is counted.
    leaves
        The names of the leaves, each once.
    groups
        Level, as ``team``, to the group of each leaf; one group of a lower level lies in one of a higher.
    steps
        The label of each step, as the month of a day: equal labels are summed by :meth:`over`.
    """

    values: Floats
    leaves: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        leaves, _, steps = self.values.shape
        if leaves != len(self.leaves) or len(set(self.leaves)) != leaves:
            raise ParameterError("each leaf has one name of its own", where="leaves", mend="name each once")
        if self.steps and len(self.steps) != steps:
            raise ParameterError(f"{len(self.steps)} labels for {steps} steps", where="steps", mend="label each step")
        for level, names in self.groups.items():
            if len(names) != leaves:
                raise ParameterError(f"{len(names)} groups for {leaves} leaves", where=level, mend="give each leaf one")

    def by(self, level: str | None = None) -> dict[str, Floats]:
        """Return the paths of a level's groups, path by step; of the whole, under ``"all"``, where it is None.

        Raises
        ------
        ParameterError
            There is no such level.
        """
        if level is None:
            return {"all": np.asarray(self.values.sum(axis=0))}
        if level == "leaf":
            return dict(zip(self.leaves, self.values, strict=True))
        if level not in self.groups:
            known = ["leaf", *self.groups]
            raise ParameterError(f"there is no level {level!r}", where="level", mend=did_you_mean(level, known))
        names = np.array(self.groups[level], dtype=object)
        return {str(name): np.asarray(self.values[names == name].sum(axis=0)) for name in dict.fromkeys(names)}

    def over(self, labels: Sequence[str] | None = None) -> Paths:
        """Return the paths with the steps of one label summed: days to months, months to the year."""
        given = tuple(self.steps if labels is None else labels)
        if len(given) != self.values.shape[2]:
            raise ParameterError(f"{len(given)} labels for {self.values.shape[2]} steps", where="labels",
                                 mend="label each step")  # fmt: skip
        names = tuple(dict.fromkeys(given))
        summed = [self.values[:, :, [label == name for label in given]].sum(axis=2) for name in names]
        return replace(self, values=np.stack(summed, axis=2), steps=names)

    def pinned(self, level: str | None, name: str, amount: float, step: int = 0) -> Paths:
        """Return the paths with a node put to an amount at a step in every path: a signed commit.

        Its leaves keep their shares of it in each path, equal ones where they were all 0; other nodes stay.

        Parameters
        ----------
        level, name
            The node: ``"leaf"`` and a leaf's name, a level and a group's name, or None and ``"all"``.
        amount, step
            What it is put to, and at which step.

        Raises
        ------
        ParameterError
            There is no such node, or the amount is below 0.
        """
        if amount < 0 or not np.isfinite(amount):
            raise ParameterError(f"a node cannot be pinned to {amount!r}", where=name, mend="give an amount from 0 up")
        groups = (
            self.leaves if level == "leaf" else ("all",) * len(self.leaves) if level is None else self.groups.get(level)
        )
        if groups is None or name not in groups:
            raise ParameterError(f"there is no {level or 'node'} {name!r}", where="pinned", mend=did_you_mean(
                name, list(dict.fromkeys(groups or self.groups))))  # fmt: skip
        mine = np.array([each == name for each in groups])
        values = self.values.copy()
        now = values[mine, :, step]
        total = now.sum(axis=0)
        shares = np.where(total > 0, now / np.where(total > 0, total, 1.0), 1.0 / mine.sum())
        values[mine, :, step] = shares * amount
        return replace(self, values=values)

    def matched(self, total: Floats) -> Paths:
        """Return the paths scaled so that their sum at the one step has given values, largest for largest.

        Parameters
        ----------
        total
            One value a path: what the whole is known to come to, by a better forecast than the sum of its parts.
        """
        whole = self.values[:, :, 0].sum(axis=0)
        wanted = np.empty_like(whole)
        wanted[np.argsort(whole, kind="stable")] = np.sort(total)
        factor = np.where(whole > 0, wanted / np.where(whole > 0, whole, 1.0), 0.0)
        values = self.values * factor[None, :, None]
        values[:, whole <= 0, 0] = wanted[whole <= 0] / len(self.leaves)
        return replace(self, values=values)


def summary(paths: Mapping[str, Floats], level: float = 0.8) -> pd.DataFrame:
    """Return the mean and the range of nodes: ``node, step, mean, low, high``."""
    rows = []
    for name, each in paths.items():
        low, high = np.quantile(each, [(1 - level) / 2, (1 + level) / 2], axis=0)
        for step in range(each.shape[1]):
            rows.append((name, step, float(each[:, step].mean()), float(low[step]), float(high[step])))
    return pd.DataFrame(rows, columns=["node", "step", "mean", "low", "high"])


def hit(paths: Floats, target: float) -> float:
    """Return the probability of at least a target, by the share of paths that reach it: ``(k + 0.5) / (n + 1)``.

    NaN where the target is none; of a target of 0 or below it is that of the paths too, and so nearly 1.
    """
    if not np.isfinite(target) or not len(paths):
        return float("nan")
    return float((np.count_nonzero(paths >= target) + 0.5) / (len(paths) + 1))
