"""Tiles of a team: what all sellers did together, and who is there."""

from __future__ import annotations

from salesnb import formats
from salesnb.analysis.team import Team
from salesnb.analysis.team_headlines import CONCENTRATION, PER_REP, WORDS
from salesnb.kpis import registry
from salesnb.report.tiles import Face, Tiles, row_of


def tiles(team: Team) -> Tiles:
    """Make the tiles of a team: attainment, what a seller books, how much hangs on the best, and who is there."""
    return row_of(
        [] if team.nothing else [face for face in (_quota(team), *_spread(team), *_rates(team), _people(team)) if face],
        f"The team in {team.period}",
        nothing=f"There is nothing to report for {team.period}.",
    )


def _quota(team: Team) -> Face | None:
    holders = team.groups if team.quota_holder == "team" else team.named
    has = holders[holders["quota"].notna()]
    if has.empty:
        return None
    reached = int((has["attainment"] >= 1).sum())
    amounts = f"{formats.money(has['achieved'].sum())} of {formats.money(has['quota'].sum(), team.currency)}"
    lines = [amounts, f"{reached} of {len(has)} reached theirs{'' if team.is_complete else ' so far'}"]
    return Face("Quota attainment", formats.share(has["achieved"].sum() / has["quota"].sum()), "", lines)


def _spread(team: Team) -> list[Face]:
    faces = []
    for name, title, of in ((PER_REP, "Booked per active seller", "money"), (CONCENTRATION, "", "ratio")):
        record = team.whole.get(name, {})
        if not formats.is_missing(record.get("value")):
            amounts = [formats.money(record["numerator"]), formats.money(record["denominator"])]
            who = formats.plural(int(record["denominator"]), "active seller")
            line = f"{amounts[0]} by {who}" if of == "money" else f"{amounts[0]} of {amounts[1]} {team.currency}"
            best = f"Booked by the best {-(-int(record['n']) // 5)} of {record['n']}"
            faces.append(Face(title or best, formats.value(record["value"], of, team.currency), "", [line]))
    return faces


def _rates(team: Team) -> list[Face]:
    faces = []
    for name in team.kpis:
        row = team.rate(name, "period", "all").iloc[0]
        if not formats.is_missing(row["value"]):
            unit = registry.find(name).unit
            between = formats.interval(row["low"], row["high"], unit)
            lines = [f"{team.confidence:.0%} interval {between}, n = {formats.exact(row['n'])}" if between else ""]
            value = formats.value(row["value"], unit, team.currency)
            faces.append(Face(WORDS[name].capitalize(), value, "", [line for line in lines if line]))
    return faces


def _people(team: Team) -> Face:
    named, needs = team.named, set(team.missing["needs"])
    counts = (
        ("is_hired", "hired", "reps.hired_on"),
        ("has_left", "left", "reps.left_on"),
        ("is_ramping", "ramping", "reps.hired_on"),
    )
    known = [f"{int(named[column].sum())} {words}" for column, words, need in counts if need not in needs]
    told = ", ".join(known) or "who came or left is not known"
    line = told if team.has_reps else "who booked anything"
    return Face("Active sellers", formats.exact(int(named["is_active"].sum())), "", [line])
