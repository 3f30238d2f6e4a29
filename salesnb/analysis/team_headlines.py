"""What a team's page says in words: computed sentences, the most important first."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.team_card import TeamCard
from salesnb.kpis import registry
from salesnb.kpis.dimensions import NONE

WORDS = {
    "attainment": "attainment",
    "win_rate.closed": "win rate",
    "average_deal_size.mean": "deal size",
    "sales_cycle_days.mean": "days to win",
    "average_order_value.mean": "order size",
}
CONCENTRATION, PER_REP = "top_rep_concentration.top_20pct", "sales_per_rep.mean"


def headlines(team: TeamCard) -> list[str]:
    """Say who sold what, who differs from the others, and what the page cannot tell."""
    if team.nothing:
        return [f"There is nothing to report for {team.period}: {team.nothing}."]
    told = [
        quota_finding(team),
        apart_finding(team),
        group_finding(team),
        gap_finding(team),
        _spread(team),
        _moves(team),
        effort_finding(team),
        calls_finding(team),
        _unnamed(team),
        _missing(team),
    ]
    return [sentence for sentence in told if sentence]


def quota_finding(team: TeamCard) -> str:
    """Say how the quotas were attained and by how many; without quotas, what was booked by how many."""
    if team.nothing:
        return headlines(team)[0]
    holders, one = (team.groups, team.grouped_by) if team.quota_holder == "team" else (team.named, "seller")
    has = holders[holders["quota"].notna()]
    so_far = "" if team.is_complete else f" so far, up to {team.as_of}"
    if has.empty:
        sold = team.sellers["booked"].sum()
        if sold == 0:
            return f"Nobody booked anything in {team.period}{so_far}."
        count = formats.plural(int((team.named["booked"] != 0).sum()), "seller")
        amount = formats.money(sold, team.currency)
        return f"{count} booked {amount} in {team.period}{so_far}; there is no quota to hold it against."
    reached = int((has["attainment"] >= 1).sum())
    share = formats.share(has["achieved"].sum() / has["quota"].sum())
    amounts = f"{formats.money(has['achieved'].sum())} of {formats.money(has['quota'].sum(), team.currency)}"
    if (has["achieved"] - has["booked"]).abs().sum() > 0.005 * has["quota"].sum():
        so_far += ", booked on the quotas' own days"
    if len(has) == 1:
        name = has["group" if team.quota_holder == "team" else "seller"].iloc[0]
        return f"{name} attained {share} of the quota of {team.period}{so_far}, {amounts}."
    return (
        f"{reached} of {formats.plural(len(has), one)} reached their quota in {team.period}{so_far}; "
        f"together they attained {share}, {amounts}."
    )


def apart_finding(team: TeamCard) -> str:
    """Say which sellers differ from the others by anything, and that the rest must not be ranked."""
    sellers = team.named
    if len(sellers) < 2:
        return f"There is one seller, {sellers['seller'].iloc[0]}: nobody to compare with." if len(sellers) else ""
    looks = _looks(team, "seller")
    if looks == 0:
        return "The sellers cannot be compared: nobody has deals enough."
    found = _marked(team, "seller")
    measures = formats.listed([WORDS[name] for name in _measures(team)])
    if not found:
        return (
            f"No seller can be told from the others by {measures}, over {formats.plural(looks, 'comparison')}: "
            "their differences are of a size that chance gives, so do not rank them."
        )
    told = [f"{name} by {formats.listed(list(why))}" for name, why in found.items()]
    some = formats.plural(len(sellers) - len(found), "other")
    return (
        f"More than chance sets apart {formats.listed(told, 5)}; the {some} cannot be told from each other by "
        f"{measures}, so do not rank them."
    )


def rate_finding(team: TeamCard, name: str) -> str:
    """Say which sellers differ from the others by one KPI over the year, or that nobody does."""
    words, unit = WORDS[name], registry.find(name).unit
    rows = team.rate(name, "year", "seller")
    rows = rows[rows.index != NONE]
    seen = rows[rows["value"].notna()]
    span = year_words(team)
    if seen.empty:
        return f"There is nothing to show of {words} {span}."
    tested = seen[seen["p"].notna()]
    if tested.empty:
        return f"There are too few deals to compare sellers by {words} {span}."

    def said(row: pd.Series[Any]) -> str:
        value = formats.value(row["value"], unit)
        return f"{team.names.get(str(row.name), row.name)}, {value} of {formats.exact(row['n'])}"

    marked = tested[tested["flag"] != ""].sort_values("q", kind="stable")
    if marked.empty:
        low, high = tested.loc[tested["value"].idxmin()], tested.loc[tested["value"].idxmax()]
        spread = f"{formats.value(low['value'], unit)} to {formats.value(high['value'], unit)}"
        return f"No seller can be told from the others by {words} {span}: chance gives so many a spread of {spread}."
    sides = [
        f"{side} the others {formats.listed([said(row) for _, row in marked[marked['flag'] == side].iterrows()], 3)}"
        for side in ("above", "below")
        if (marked["flag"] == side).any()
    ]
    return f"By {words} {span}: {'; '.join(sides)}. The rest cannot be told apart."


def year_words(team: TeamCard) -> str:
    """Return the words for the window that rates are compared over."""
    if team.year == team.period:
        return f"in {team.period}"
    return f"over the year to {min(team.year.last_day, team.as_of)}"


def effort_finding(team: TeamCard) -> str:
    """Say how much of the recorded time is selling time."""
    did = team.effort
    if did is None:
        return ""
    counts = [formats.plural(int(did.rows[f"{one}s"].sum()), one) for one in ("call", "meeting", "email")]
    told = f"Recorded in {team.period} are {formats.listed(counts)}"
    if not did.has_hours:
        return f"{told}; how long they took is not."
    hours = f"{told}, and {formats.exact(did.rows['hours'].sum())} hours in all"
    if not did.has_admin:
        return f"{hours}; no admin time is recorded, so selling time is not known."
    return f"{hours}, of which {formats.share(did.selling_share, 0)} is selling time and the rest admin."


def calls_finding(team: TeamCard) -> str:
    """Say whose calls are off to one side by more than chance."""
    called = team.callers
    if called is None:
        return ""
    when = f"{called.weeks} weeks before the end"
    if not called.tested:
        return f"Nobody has calls enough to tell whether they are too high or too low {when}."
    marked = called.marked
    if marked.empty:
        return f"Nobody's calls {when} are too high or too low by 5 % and more than chance, over {called.words}."
    sides = []
    for flag in ("high", "low"):
        rows = marked[marked["flag"] == flag].to_dict("records")
        told = [f"{team.names.get(row['holder'], row['holder'])} ({formats.relative(row['bias'], 0)})" for row in rows]
        sides += [f"too {flag}: {formats.listed(told, 4)}"] if told else []
    return f"Calls {when} miss to one side by more than chance, over {called.words}; {'; '.join(sides)}."


def group_finding(team: TeamCard) -> str:
    """Say which teams differ from the others by anything, or that none does."""
    groups = team.groups[team.groups["group"] != NONE]
    if len(groups) < 2 or not _looks(team, "group"):
        return ""
    found = _marked(team, "group")
    measures = formats.listed([WORDS[name] for name in _measures(team)], 5)
    if not found:
        return f"No {team.grouped_by} can be told from the others by {measures}."
    told = [f"{name} by {formats.listed(list(why))}" for name, why in found.items()]
    return f"Of the {team.grouped_by}s, more than chance sets apart {formats.listed(told, 4)}."


def gap_finding(team: TeamCard) -> str:
    """Say which teams are furthest behind their quotas, in money; nothing before the period is over."""
    behind = team.groups.assign(gap=team.groups["quota"] - team.groups["achieved"])
    behind = behind[behind["gap"] > 0].sort_values("gap", ascending=False, kind="stable")
    if behind.empty or not team.is_complete or team.groups["quota"].notna().sum() < 2:
        return ""
    told = [
        f"{row['group']} by {formats.money(row['gap'], team.currency)} ({formats.share(row['attainment'], 0)})"
        for row in behind.to_dict("records")
    ]
    return f"Furthest behind the quotas of its sellers is {formats.listed(told[:1])}" + (
        f", then {formats.listed(told[1:3])}." if len(told) > 1 else "."
    )


def _measures(team: TeamCard) -> list[str]:
    has_quota = team.sellers["p"].notna().any() or team.groups["p"].notna().any()
    return [*(["attainment"] if has_quota else []), *team.kpis]


def _looks(team: TeamCard, level: str) -> int:
    frame = team.sellers if level == "seller" else team.groups
    rows = team.rates[(team.rates["level"] == level) & (team.rates["window"] == "year")]
    return int(frame["p"].notna().sum() + rows["p"].notna().sum())


def _marked(team: TeamCard, level: str) -> dict[str, list[str]]:
    """Return who differs from the others, and by what: ``{"Ann": ["attainment (above, 165 %)"]}``."""
    key = "rep_id" if level == "seller" else "group"
    frame = team.sellers if level == "seller" else team.groups
    found: dict[str, list[str]] = {}
    for row in frame[frame["flag"] != ""].to_dict("records"):
        found.setdefault(row[key], []).append(f"attainment ({row['flag']}, {formats.share(row['attainment'], 0)})")
    rows = team.rates[(team.rates["level"] == level) & (team.rates["flag"] != "")]
    for row in rows.to_dict("records"):
        value = formats.value(row["value"], registry.find(row["name"]).unit)
        found.setdefault(row["key"], []).append(f"{WORDS[row['name']]} ({row['flag']}, {value})")
    return {team.names.get(name, name): why for name, why in found.items()}


def _spread(team: TeamCard) -> str:
    top, mean = team.whole.get(CONCENTRATION, {}), team.whole.get(PER_REP, {})
    told = []
    if mean.get("value", 0) > 0:
        count = formats.plural(int(mean["denominator"]), "active seller")
        told.append(f"{count} booked {formats.money(mean['value'], team.currency)} each on average")
    if not formats.is_missing(top.get("value")) and top["n"] > 1:
        best = -(-int(top["n"]) // 5)
        who = "the best one" if best == 1 else f"the best {best}"
        told.append(f"{who} of {top['n']} booked {formats.share(top['value'], 0)} of it all")
    sentence = "; ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _moves(team: TeamCard) -> str:
    told = []
    for column, words in (("is_hired", "hired"), ("has_left", "left")):
        names = list(team.named.loc[team.named[column], "seller"])
        told += [f"{words}: {formats.listed(names)}"] if names else []
    ramping = team.named[team.named["is_ramping"] & ~team.named["is_hired"]]
    told += [f"still ramping: {formats.listed(list(ramping['seller']))}"] if len(ramping) else []
    return f"In {team.period} {'; '.join(told)}." if told else ""


def _unnamed(team: TeamCard) -> str:
    sold = float(team.sellers.loc[team.sellers["rep_id"] == NONE, "booked"].sum())
    unknown = team.named[team.named["state"].str.startswith("not in")]
    told = [f"{formats.money(sold, team.currency)} is booked on deals without an owner"] if sold else []
    without = team.named[team.named["is_active"] & team.named["quota"].isna()]
    if team.quota_holder == "rep_id" and len(without):
        told.append(f"without a quota: {formats.listed(list(without['seller']))}")
    if len(unknown):
        told.append(f"{formats.listed(list(unknown['seller']))} sold or was to, and is not in the table of sellers")
    sentence = "; ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _missing(team: TeamCard) -> str:
    if team.missing.empty:
        return ""
    told = [f"{row['needs']} ({row['costs']})" for row in team.missing.to_dict("records")]
    return f"What this page cannot tell, as it needs what the source does not give: {formats.listed(told, 4)}."
