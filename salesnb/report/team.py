"""Tables of a team: quotas by team and seller, rates, activity, calls, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.apart import FEWEST
from salesnb.analysis.team import Team
from salesnb.analysis.team_headlines import WORDS, year_words
from salesnb.kpis import registry
from salesnb.kpis.dimensions import NONE
from salesnb.report.tables import Cell, Column, Table, Tone, by_row, number, table, text

Row = Mapping[str, Any]


def quota_table(team: Team, *, most: int = 200) -> Table:
    """Make the table of teams and their sellers: booked, quota, attainment, and what luck alone would give."""
    has_quota = bool(team.sellers["quota"].notna().any() or team.groups["quota"].notna().any())
    columns: dict[str, Column] = {
        "who": by_row(_heading(team), _who, is_number=False),
        "booked": number("Booked", formats.money),
        "share": number("Share", lambda v: "" if _no(v) else formats.share(v, 0)),
        "quota": number("Quota", lambda v: "" if _no(v) else formats.money(v)),
        "attainment": by_row("Attained", _attained),
        "low": by_row("By luck alone", _luck),
        "flag": by_row("Against the others", lambda row: _flag(row, "up"), is_number=False),
    }
    if not has_quota:
        columns = {name: columns[name] for name in ("who", "booked", "share")}
    whole = float(team.sellers["booked"].sum())
    rows = _with_groups(team).assign(share=lambda t: t["booked"].astype(float) / whole if whole > 0 else float("nan"))
    luck = (
        f" By luck alone: where {team.confidence:.0%} of those end who have that quota and attain what all attain; "
        "none where fewer than three deals are to be expected."
    )
    return table(
        rows,
        columns,
        caption=team.quota_finding(),
        note=f"Amounts in {team.currency}.{luck if has_quota else _why_no_quota(team)}",
        most=most,
        empty=_nothing(team),
    )


def _why_no_quota(team: Team) -> str:
    needs = [need for need in team.missing["needs"] if need.startswith("quotas")]
    return f" Attainment needs {needs[0]}." if needs else f" No quota belongs to {team.period}."


def _heading(team: Team) -> str:
    return f"{team.grouped_by.capitalize()} and seller" if team.grouped_by else "Seller"


def _with_groups(team: Team) -> pd.DataFrame:
    """Put the row of each group before those of its sellers."""
    sellers = team.sellers.assign(is_group=False).to_dict("records")
    if team.groups.empty:
        return pd.DataFrame(sellers)
    groups = team.groups.assign(is_group=True).to_dict("records")
    mixed = [row for group in groups for row in (group, *(r for r in sellers if r["group"] == group["group"]))]
    return pd.DataFrame(mixed)


def _who(row: Row) -> Cell:
    if not row["is_group"]:
        return Cell(str(row["seller"]), detail=str(row["state"]))
    name = "In no team" if row["group"] == NONE else f"All of {row['group']}"
    manager = f", manager {row['manager']}" if row["manager"] else ""
    return Cell(name, detail=f"{formats.plural(int(row['sellers']), 'active seller')}{manager}")


def _attained(row: Row) -> Cell:
    if _no(row["attainment"]):
        return Cell("" if row["is_group"] else "no quota", "muted")
    other = abs(float(row["achieved"]) - float(row["booked"])) > 0.005
    detail = f"{formats.money(row['achieved'])} on the quota's days" if other else ""
    return Cell(formats.share(row["attainment"], 0), detail=detail)


def _luck(row: Row) -> str:
    if _no(row["low"]):
        return ""
    return f"{formats.share(row['low'], 0).removesuffix(' %')} to {formats.share(row['high'], 0)}"


def _flag(row: Row, better: str) -> Cell:
    tones: dict[str, Tone] = {
        "above": "good" if better == "up" else "bad",
        "below": "bad" if better == "up" else "good",
    }
    words = {"above": "▲ above", "below": "▼ below"}
    if row["flag"] in words:
        return Cell(words[row["flag"]], tones[row["flag"]] if better in ("up", "down") else "")
    return Cell("" if _no(row["p"]) else "not told apart", "muted")


def rate_tables(team: Team) -> list[Table]:
    """Make the tables of each seller's rates: of the period, and of the year with marks and best guesses."""
    made = [_rate_table(team, "year")] if team.kpis else []
    return [_rate_table(team, "period"), *made] if made and team.year != team.period else made


def _rate_table(team: Team, window: str) -> Table:
    rows = team.named[["rep_id", "seller", "state", "group"]].copy()
    columns: dict[str, Column] = {
        "seller": by_row("Seller", lambda row: Cell(str(row["seller"]), detail=_place(row)), is_number=False)
    }
    for name in team.kpis:
        found = team.rate(name, window, "seller")
        records = dict(zip(found.index, found.to_dict("records"), strict=True))
        rows[name] = pd.Series([records.get(rep, {}) for rep in rows["rep_id"]], index=rows.index, dtype=object)
        if name == "win_rate.closed" and window == "period":
            columns["won"] = by_row("Deals won", _won)
        columns[name] = _rate_column(name, window)
    when = str(team.period) if window == "period" else year_words(team)
    note = (
        "Below each value: its interval, and the deals or orders it stands on. A mean of fewer than "
        f"{FEWEST} has none: it would be wider than what it is of."
    )
    if window == "year" or team.year == team.period:
        note += (
            " Best guess: the value drawn towards that of all, the more the fewer deals there are. Marked is who "
            f"differs from the others by more than chance after all comparisons; fewer than {FEWEST} are not."
        )
    said = "; ".join(_overall(team, name, window) for name in team.kpis)
    return table(rows, columns, caption=f"Rates {when}: all, {said}", note=note, empty=_nothing(team))


def _place(row: Row) -> str:
    return ", ".join(part for part in ("" if row["group"] == NONE else str(row["group"]), str(row["state"])) if part)


def _overall(team: Team, name: str, window: str) -> str:
    row = team.rate(name, window, "all").iloc[0]
    return f"{WORDS[name]} {formats.value(row['value'], registry.find(name).unit)}"


def _won(row: Row) -> str:
    found = row["win_rate.closed"]
    return f"{formats.exact(found['numerator'])} of {formats.exact(found['n'])}" if found else "0"


def _rate_column(name: str, window: str) -> Column:
    entry = registry.find(name)

    def show(row: Row) -> Cell:
        found = row[name]
        if not found or _no(found["value"]):
            return Cell(formats.NOT_AVAILABLE, "muted")
        is_sure = entry.unit == "ratio" or found["n"] >= FEWEST
        between = formats.interval(found["low"], found["high"], entry.unit) if is_sure else ""
        detail = ", ".join(filter(None, [between, f"n = {formats.exact(found['n'])}"]))
        if window == "year" and not _no(found["shrunk"]):
            detail += f"; best guess {formats.value(found['shrunk'], entry.unit)}"
        mark = _flag(found, entry.better) if found["flag"] else Cell("")
        return Cell(f"{formats.value(found['value'], entry.unit)} {mark.text}".strip(), mark.tone, detail)

    return by_row(WORDS[name].capitalize(), show, is_number=window == "period")


def effort_table(team: Team) -> Table:
    """Make the table of what each seller did, and how much of the time was selling time."""
    did = team.effort
    rows = did.rows if did is not None else pd.DataFrame(columns=["rep_id", "calls"])
    columns = {
        "rep_id": text("Seller", lambda rep: Cell(team.names.get(rep, "nobody is named" if rep == NONE else str(rep)))),
        "calls": number("Calls", formats.exact),
        "meetings": number("Meetings", formats.exact),
        "emails": number("Emails", formats.exact),
        "hours": number("Hours recorded", formats.exact),
        "selling_share": number("Selling time", lambda v: formats.share(v, 0)),
    }
    if did is not None and not did.has_hours:
        columns = {name: column for name, column in columns.items() if name not in ("hours", "selling_share")}
    if len(rows):
        order = {rep: place for place, rep in enumerate(team.sellers["rep_id"])}
        rows = rows.assign(_place=[order.get(rep, len(order)) for rep in rows["rep_id"]]).sort_values("_place")
    needs = [need for need in team.missing["needs"] if need.startswith("activities")]
    return table(
        rows,
        columns,
        caption=team.effort_finding() or "What the sellers did is not known",
        note="What is recorded, no more: who records little seems to do little. Selling time is all but admin.",
        empty=f"It needs {needs[0]}." if needs else f"No activity of {team.period} is on record.",
    )


def calls_table(team: Team) -> Table:
    """Make the table of what each seller said would close, and what did."""
    called = team.callers
    rows = pd.DataFrame(columns=["holder"]) if called is None else called.rows
    over = "" if called is None else called.words
    columns = {
        "holder": text("Who", lambda who: Cell(team.names.get(who, str(who)))),
        "committed": number("Called", lambda v: "" if _no(v) else formats.money(v)),
        "booked": number("Booked", lambda v: "" if _no(v) else formats.money(v)),
        "bias_now": number("Too high by", lambda v: "" if _no(v) else formats.relative(v, 0)),
        "bias": by_row(f"Over {over}", _bias),
        "flag": by_row("Told from chance", _called, is_number=False),
    }
    if called is not None and len(rows):
        order = {rep: place for place, rep in enumerate(team.sellers["rep_id"])}
        rows = rows.assign(_place=[order.get(who, len(order)) for who in rows["holder"]]).sort_values("_place")
        if rows["committed"].isna().all():
            columns = {k: column for k, column in columns.items() if k not in ("committed", "booked", "bias_now")}
    needs = [need for need in team.missing["needs"] if need.startswith("forecast_calls")]
    weeks = "" if called is None else f"Calls as they stood {called.weeks} weeks before the end. "
    return table(
        rows,
        columns,
        caption=team.calls_finding() or "What the sellers said would close is not known",
        note=f"{weeks}Below 0 is too low. Amounts in {team.currency}.",
        empty=f"It needs {needs[0]}." if needs else f"Nobody called what would close in {team.period} or before.",
    )


def _bias(row: Row) -> Cell:
    between = formats.interval(row["low"], row["high"], "ratio")
    detail = ", ".join(filter(None, [between, formats.plural(int(row["calls"]), "call")]))
    return Cell(formats.relative(row["bias"], 0), detail=detail)


def _called(row: Row) -> Cell:
    words = {"high": Cell("▲ too high", "bad"), "low": Cell("▼ too low", "bad"), "few": Cell("too few", "muted")}
    return words.get(row["flag"], Cell("" if _no(row["p"]) else "no", "muted"))


def missing_table(team: Team) -> Table:
    """Make the table of what the source does not give, and what the page cannot tell without it."""
    return table(
        team.missing,
        {"needs": text("Needs"), "costs": text("To tell")},
        caption="What this page cannot tell" if len(team.missing) else "What is missing",
        empty="Nothing: the source gives all that this page asks for.",
    )


def _nothing(team: Team) -> str:
    return team.headlines()[0]


def _no(value: Any) -> bool:
    return formats.is_missing(value)
