"""Marks: which sellers and teams are told from the others, after as many looks as there are."""

from __future__ import annotations

import math

import pandas as pd

from salesnb.kpis.intervals import benjamini_hochberg


def marked(
    holders: pd.DataFrame, rates: pd.DataFrame, overall: float, false_share: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mark the holders of quotas and the rates that differ from the others, all tests of both taken together.

    Every seller is looked at by attainment and by every rate: with forty sellers that is well over a hundred looks, of
    which five in a hundred would be marked by chance alone.

    Parameters
    ----------
    holders
        ``attainment, p``, one row a seller or team.
    rates
        ``value, p`` of the same sellers or teams, and ``whole``, the value of all.
    overall
        The attainment of all.
    false_share
        The expected share of false marks that is accepted (Benjamini and Hochberg 1995).

    Returns
    -------
    tuple
        Both frames with ``q`` (p adjusted for the number of looks) and ``flag``: ``above`` or ``below`` the others, or
        empty: cannot be told apart.
    """
    q = benjamini_hochberg(pd.concat([holders["p"], rates["p"]]).astype("float64"))
    made = []
    for frame, own, value, whole in (
        (holders, q[: len(holders)], holders["attainment"], pd.Series(overall, index=holders.index)),
        (rates, q[len(holders) :], rates["value"], rates["whole"]),
    ):
        flags = [
            "" if not sure <= false_share or mine == all_of else "above" if mine > all_of else "below"
            for sure, mine, all_of in zip(own, value, whole, strict=True)
        ]
        made.append(frame.assign(q=own, flag=flags))
    return made[0], made[1]


def told_apart(
    sellers: pd.DataFrame, groups: pd.DataFrame, rated: pd.DataFrame, false_share: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Mark sellers among sellers and groups among groups; the year's rates are the ones compared.

    Parameters
    ----------
    sellers, groups
        As :class:`salesnb.analysis.team.Team` has them, without ``q`` and ``flag``.
    rated
        The rates of both, and of all.
    false_share
        The expected share of false marks that is accepted, among sellers and among groups.

    Returns
    -------
    tuple
        The three with ``q`` and ``flag``.
    """
    is_all, is_year = rated["level"] == "all", rated["window"] == "year"
    whole = rated[is_all & is_year].set_index("name")["value"]
    rated = rated.assign(whole=rated["name"].map(whole), q=math.nan, flag="")
    made = []
    for level, holders in (("seller", sellers), ("group", groups)):
        mine = rated[(rated["level"] == level) & is_year]
        has = holders["quota"] > 0
        overall = holders.loc[has, "achieved"].sum() / holders.loc[has, "quota"].sum() if has.any() else math.nan
        holders, mine = marked(holders, mine, float(overall), false_share)
        rated.loc[mine.index, ["q", "flag"]] = mine[["q", "flag"]]
        made.append(holders)
    return made[0], made[1], rated.drop(columns="whole")
