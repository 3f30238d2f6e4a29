"""Panel: what a scenario brings, as tiles, bars and a table: the same under a notebook's sliders and in a page.

A published page draws it by its own script, ``templates/report/what_if.js``; a test holds the two together.
"""

from __future__ import annotations

import datetime as dtm
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from salesnb import formats
from salesnb.report.tables import number, table, text

WIDTH, ROW, LEFT, RIGHT = 640, 26, 150, 70
"""Of the bars: width, height of a row, and what is left for names and chances."""


@dataclass(frozen=True)
class Frame:
    """What stays the same under every scenario.

    Attributes
    ----------
    planned, currency
        The period planned, and the currency.
    target
        What all shall bring; NaN without a target.
    first
        The first day ahead.
    days
        How many days are ahead.
    teams, sellers
        Their names.
    """

    planned: str
    currency: str
    target: float
    first: dtm.date
    days: int
    teams: Sequence[str]
    sellers: Sequence[str]


@dataclass(frozen=True)
class Shown:
    """What a panel shows, as texts and bars.

    Attributes
    ----------
    tiles
        Label, value and a line below.
    bars
        Name, low, middle, high, quota (0 for none) and the chance in words, a team each and last all of them.
    sellers
        Name, quota, what the seller brings and the chance, in words.
    """

    tiles: Sequence[tuple[str, str, str]]
    bars: Sequence[tuple[str, float, float, float, float, str]]
    sellers: Sequence[tuple[str, str, str, str]]


def shown(
    frame: Frame, values: Mapping[str, float], usual: Mapping[str, float], quotas: Mapping[str, Sequence[float]],
    rate: float,
) -> Shown:  # fmt: skip
    """Write the quantities of a scenario as a panel shows them.

    Parameters
    ----------
    frame
        What stays the same.
    values, usual
        The quantities of :class:`salesnb.planning.grid.Grid` under the scenario, and as planned.
    quotas
        Of ``teams`` and ``sellers`` under the scenario.
    rate
        The win rate under it; NaN where not known.
    """
    return Shown(tuple(_tiles(frame, values, usual, sum(quotas["teams"]), rate)), tuple(_bars(frame, values, quotas)),
                 tuple(_sellers(frame, values, quotas)))  # fmt: skip


def _tiles(
    frame: Frame, values: Mapping[str, float], usual: Mapping[str, float], assigned: float, rate: float
) -> list[tuple[str, str, str]]:
    made = []
    has_target = frame.target > 0
    if has_target:
        made.append((f"Chance of {formats.money(frame.target, frame.currency)}", formats.chance(values["chance"]),
                     f"as planned {formats.chance(usual['chance'])}"))  # fmt: skip
    between = f"{formats.money(values['low'])} to {formats.money(values['high'])} in 80 % of cases"
    made.append((f"{frame.planned} brings", formats.money(values["middle"], frame.currency), between))
    if not math.isnan(values["hitting"]):
        made.append(("Sellers at quota", formats.share(values["hitting"], 0),
                     f"as planned {formats.share(usual['hitting'], 0)}"))  # fmt: skip
    if not math.isnan(values["pay"]):
        between = f"{formats.money(values['pay_low'])} to {formats.money(values['pay_high'])} in 80 % of cases"
        made.append(("Pay", formats.money(values["pay"], frame.currency), between))
    if has_target and assigned > 0:
        over = assigned / frame.target - 1
        words = "as much as the target" if abs(over) < 5e-4 else f"{formats.relative(over)} on the target"
        made.append(("Quotas assigned", formats.money(assigned, frame.currency), words))
    if has_target:
        made.append(("Target reached", _day(frame, values["reached"]), f"as planned {_day(frame, usual['reached'])}"))
        if rate > 0:
            need = max(frame.target - values["expected"], 0.0) / rate
            made.append(("Pipeline to create", formats.money(need, frame.currency),
                         "so that the target is to be expected"))  # fmt: skip
    return made


def _day(frame: Frame, place: float) -> str:
    if place < 0:
        return "already"
    if place >= frame.days:
        return f"not in {frame.planned}"
    return (frame.first + dtm.timedelta(days=int(place))).isoformat()


def _bars(
    frame: Frame, values: Mapping[str, float], quotas: Mapping[str, Sequence[float]]
) -> list[tuple[str, float, float, float, float, str]]:
    made = []
    for place, name in enumerate(frame.teams):
        low, middle, high, hit = (values[f"t{place}.{one}"] for one in ("low", "middle", "high", "hit"))
        goal = quotas["teams"][place]
        made.append((name or "no team", low, middle, high, goal, formats.chance(hit) if goal > 0 else ""))
    return made


def _sellers(
    frame: Frame, values: Mapping[str, float], quotas: Mapping[str, Sequence[float]]
) -> list[tuple[str, str, str, str]]:
    made = []
    for place, name in enumerate(frame.sellers):
        goal, hit = quotas["sellers"][place], values[f"s{place}.hit"]
        made.append((name, formats.money(goal) if goal > 0 else "", formats.money(values[f"s{place}.middle"]),
                     formats.chance(hit) if goal > 0 and not math.isnan(hit) else ""))  # fmt: skip
    return made


def markup(told: Shown) -> str:
    """Return a panel as HTML: tiles, a bar a team, and sellers in a fold."""
    tiles = "".join(
        f'<li class="snb-tile"><p class="snb-label">{escape(label)}</p><p class="snb-value">{escape(value)}</p>'
        f'<p class="snb-line snb-muted">{escape(line)}</p></li>'
        for label, value, line in told.tiles
    )
    sellers = table(
        pd.DataFrame(told.sellers, columns=["name", "quota", "middle", "hit"]),
        {"name": text("Seller"), "quota": number("Quota", str), "middle": number("Brings", str),
         "hit": number("Chance of quota", str)},
        caption="Sellers in this scenario.",
    )  # fmt: skip
    words = f"Show {formats.plural(len(told.sellers), 'seller')}"
    return (
        f'<ul class="snb-tiles" aria-label="This scenario">{tiles}</ul>{drawn(told)}'
        f'<details class="snb-fold"><summary>{escape(words)}</summary>{sellers.html}</details>'
    )


def drawn(told: Shown) -> str:
    """Draw the bars as SVG: a line for 80 % of cases, a dot for the middle, a tick for the quota."""
    most = max((max(high, goal) for _, _, _, high, goal, _ in told.bars), default=0.0)
    if not most > 0:
        return ""
    height = ROW * len(told.bars) + 8
    span = WIDTH - LEFT - RIGHT

    def x(value: float) -> str:
        return f"{LEFT + span * max(value, 0.0) / most:.1f}"

    lines = []
    for place, (name, low, middle, high, goal, hit) in enumerate(told.bars):
        y = ROW * place + ROW // 2 + 4
        lines.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        lines.append(f'<line class="snb-bar" x1="{x(low)}" x2="{x(high)}" y1="{y}" y2="{y}"/>')
        lines.append(f'<circle class="snb-dot" cx="{x(middle)}" cy="{y}" r="4.5"/>')
        if goal > 0:
            lines.append(f'<line class="snb-goal" x1="{x(goal)}" x2="{x(goal)}" y1="{y - 9}" y2="{y + 9}"/>')
        lines.append(f'<text class="snb-strong" x="{WIDTH - RIGHT + 12}" y="{y + 4}">{escape(hit)}</text>')
    return (
        f'<svg class="snb-bars" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(spoken(told))}">'
        f"{''.join(lines)}</svg>"
        '<p class="snb-note">A line a team: 80 % of cases; dot: the middle; tick: the quota; at the right the '
        "chance to reach it.</p>"
    )


def spoken(told: Shown) -> str:
    """Say what the bars show."""
    return "; ".join(
        f"{name}: {formats.money(low)} to {formats.money(high)}, middle {formats.money(middle)}"
        + (f", quota {formats.money(goal)}, chance {hit}" if goal > 0 else "")
        for name, low, middle, high, goal, hit in told.bars
    )
