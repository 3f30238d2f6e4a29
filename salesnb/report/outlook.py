"""Outlook as pictures and tables: the months to come with their range, the season, and the race of models."""

from __future__ import annotations

import datetime as dtm

import numpy as np

from salesnb import formats
from salesnb.analysis.outlook import Outlook, name_of
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Column, Table, number, table, text

_MOST = 36


def fan_chart(found: Outlook) -> Chart:
    """Draw the months behind and those ahead, with the range of each."""
    title = found.finding()
    if found.nothing or found.made is None:
        return words_alone(title)
    past, ahead = found.history.iloc[-_MOST:], found.ahead
    colour = style.measure_colour("revenue")
    subtitle = (
        f"{found.currency} per month · {past['month'].iloc[0]} to {ahead['month'].iloc[-1]} · dashed: forecast · "
        f"shaded: {formats.share(found.level, 0)} range of each month"
    )
    x, later = np.arange(len(past)), np.arange(len(past), len(past) + len(ahead))
    with canvas(title, subtitle, height=2.7) as (figure, (ax,)):
        ax.plot(x, past["amount"], color=colour, linewidth=1.8)
        ax.plot([x[-1], *later], [past["amount"].iloc[-1], *ahead["forecast"]], color=colour, linewidth=1.8,
                linestyle=(0, (4, 2)))  # fmt: skip
        if ahead["low"].notna().all():
            ax.fill_between(later, ahead["low"], ahead["high"], color=colour, alpha=0.18, linewidth=0)
        months = [*past["month"], *ahead["month"]]
        ticks = [place for place, month in enumerate(months) if month.endswith(("-01", "-07"))]
        ax.set_xticks(ticks, [plain(months[place]) for place in ticks])
        ax.set_ylim(bottom=min(0.0, float(past["amount"].min())))
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        ends = [(x[-1], past["amount"].iloc[-1]), (later[-1], ahead["forecast"].iloc[-1])]
        for place, value in ends:
            ax.annotate(plain(formats.money(value)), (place, value), (0, 6), textcoords="offset points", fontsize=8.5,
                        ha="center", color=style.INK["light"], fontweight="bold")  # fmt: skip
        figure.subplots_adjust(left=0.09, right=0.95, bottom=0.32 / figure.get_figheight())
        told = "; ".join(f"{row['month']} {formats.money(row['forecast'])}" for row in ahead.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def season_chart(found: Outlook) -> Chart:
    """Draw what each month of the year adds to the trend or takes from it."""
    title = found.season_finding() if not found.nothing else found.headlines()[0]
    if not found.season:
        return words_alone(title)
    names = [dtm.date(2000, month, 1).strftime("%b") for month in found.season]
    values = [factor - 1 for factor in found.season.values()]
    with canvas(title, "share of the trend, by month of the year", height=1.6) as (figure, (ax,)):
        ax.bar(
            range(len(names)), values, color=[style.GOOD if value >= 0 else style.BAD for value in values], width=0.68
        )
        for place, value in enumerate(values):
            ax.annotate(plain(formats.relative(value, 0)), (place, value), (0, 3 if value >= 0 else -11), ha="center",
                        textcoords="offset points", fontsize=8.5, color=style.INK["light"])  # fmt: skip
        ax.axhline(0, color=style.MUTED["light"], linewidth=0.8)
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks([])
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.margins(y=0.25)
        figure.subplots_adjust(left=0.02, right=0.98, bottom=0.3 / figure.get_figheight())
        told = "; ".join(f"{name} {formats.relative(value, 0)}" for name, value in zip(names, values, strict=True))
        return finish(figure, title, f"{title} {told}.")


def month_table(found: Outlook) -> Table:
    """Make the table of the months to come."""
    columns: dict[str, Column] = {
        "month": text("Month"),
        "forecast": number("Forecast", lambda v: formats.money(v)),
        "low": number("Low", lambda v: formats.money(v)),
        "high": number("High", lambda v: formats.money(v)),
    }
    columns |= _parts(found)
    why = "" if found.made is None else found.made.reason.partition("; ")[2]
    notes = "" if found.made is None else "; ".join(filter(None, [*found.made.notes, why]))
    notes = notes[:1].upper() + notes[1:]
    return table(
        found.ahead, columns, caption=found.finding(), empty=f"{found.nothing}.",
        note=f"In {found.currency}; low and high hold a month in {formats.share(found.level, 0)} of cases. The bounds "
        "of months must not be summed: a quarter's range is that of summed paths, as above."
        + (f" {notes}." if notes else ""),
    )  # fmt: skip


def _parts(found: Outlook) -> dict[str, Column]:
    """Return the columns of what makes the forecast: trend, and season and trading days where they do anything."""
    if found.made is None or found.ahead.empty:
        return {}
    neutral = 1.0 if found.made.is_product else 0.0
    titles = {"season": "Season", "length": "Trading days"}
    there = {name: title for name, title in titles.items() if not np.allclose(found.ahead[name], neutral)}
    if not there:
        return {}

    def part(value: float) -> str:
        return (
            formats.relative(value - 1, 0) if found.made and found.made.is_product else formats.change(value, "money")
        )

    return {
        "trend": number("Trend", lambda v: formats.money(v)),
        **{name: number(title, part) for name, title in there.items()},
    }


def race_table(found: Outlook) -> Table:
    """Make the table of the race: how far each model was off over the same past months."""
    columns: dict[str, Column] = {
        "model": text("Model", lambda name: name_of(name)[:1].upper() + name_of(name)[1:]),
        "wape": number("Off", lambda v: formats.share(v)),
        "bias": number("Too high or low", lambda v: formats.relative(v)),
        "mase": number("MASE", lambda v: formats.value(v, "number")),
        "n": number("Forecasts", lambda v: formats.exact(v)),
    }
    return table(
        found.race, columns, caption=found.race_finding() if not found.nothing else found.headlines()[0],
        note="One to three months ahead, from up to six past months. MASE: the miss over that of the same month a year "
        "before; below 1 is better than that. Choosing the winner of so few windows is worse than the combination.",
        empty="It takes two windows of the past to race.",
    )  # fmt: skip
