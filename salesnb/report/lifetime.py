"""Lifetime value as pictures and tables: the readings side by side, the hold-out check, and who brings most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from salesnb import formats
from salesnb.analysis.lifetime_card import ALL, NEXT, LifetimeCard
from salesnb.kpis import registry
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Table, by_row, number, table, text

Row = Mapping[str, Any]
_MUTED = style.MUTED["light"]
_MODELS = {"bg_nbd": "BG/NBD", "gamma_gamma": "Gamma-Gamma", "beta_geometric": "shifted-beta-geometric"}
_CHECKED = "How far the model of buying can be trusted cannot be told"


def readings_table(found: LifetimeCard) -> Table:
    """Make the table of what a customer is worth, by every reading, and why they differ."""

    def worth(row: Row) -> Cell:
        if formats.is_missing(row["value"]):
            return Cell("cannot tell", "muted")
        return Cell(formats.money(row["value"]), detail=formats.interval(row["low"], row["high"], "money"))

    return table(
        found.readings,
        {
            "name": by_row(
                "Reading",
                lambda row: Cell(str(row["name"]), detail=registry.find(row["name"]).meaning),
                is_number=False,
            ),
            "value": by_row(f"Worth, {found.currency}", worth),
            "n": number("n", formats.exact),
            "meaning": by_row("How", _how, is_number=False),
        },
        caption=found.worth_finding(),
        note="They answer different questions and are never the same: so far, over a lifetime, its margin, and ahead.",
    )


def _reading(row: Row) -> Cell:
    return Cell(str(row["name"]), detail=registry.find(row["name"]).meaning)


def _how(row: Row) -> Cell:
    return Cell(registry.find(row["name"]).formula, detail=str(row["reason"]))


def holdout_chart(found: LifetimeCard) -> Chart:
    """Draw the repeat purchases of each week and their sum, as they came and as the model expects them."""
    title, rows = found.check_finding() or f"{_CHECKED}.", found.weeks
    if rows.empty:
        return words_alone(title)
    subtitle = (
        f"repeat purchases by week, and summed · grey: came · blue: the model, fitted to {found.held_out_day} (line) · "
        f"n = {formats.exact(rows['actual'].sum())} purchases"
    )
    with canvas(title, subtitle, height=2.4, shape=(1, 2)) as (figure, axes):
        for ax, is_summed, words in zip(axes, (False, True), ("a week", "so far"), strict=True):
            came = rows["actual"].cumsum() if is_summed else rows["actual"]
            said = rows["expected"].cumsum() if is_summed else rows["expected"]
            ax.plot(rows["week"], came, color=style.GREY, linewidth=1.6)
            ax.plot(rows["week"], said, color=style.BLUE, linewidth=2)
            first = rows.loc[rows["is_held_out"], "week"]
            if len(first):
                ax.axvline(float(first.iloc[0]) - 0.5, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)))
            ax.set_ylim(0, float(max(came.max(), said.max())) * 1.1)
            ax.set_xlabel(f"week · {words}")
            ax.yaxis.set_major_formatter(lambda v, _: plain(formats.compact(v)))
        figure.subplots_adjust(left=0.07, right=0.98, bottom=0.5 / figure.get_figheight(), wspace=0.18)
        held = rows[rows["is_held_out"]]
        told = f"In the held out weeks {held['actual'].sum():.0f} came and {held['expected'].sum():.0f} were expected"
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def frequency_table(found: LifetimeCard) -> Table:
    """Make the table of what customers did in the hold-out, by how often they had bought before."""
    return table(
        found.by_frequency,
        {
            "frequency": text("Bought again before", lambda n: f"{int(n)}{' or more' if n == 7 else ''} times"),
            "customers": number("Customers", formats.exact),
            "actual": number("Then bought, a customer", lambda v: f"{v:.2f}"),
            "expected": number("Expected", lambda v: f"{v:.2f}"),
        },
        caption=found.check_finding() or _CHECKED,
        note="Purchases a customer after the calibration. The model has not seen them.",
        empty="; ".join(found.doubts).capitalize() or "Nobody bought without a contract, or for too few weeks.",
    )


def parameter_table(found: LifetimeCard) -> Table:
    """Make the table of the models' parameters with their standard errors."""

    def shown(name: str) -> Callable[[Row], Cell]:
        return lambda row: Cell("unknown", "muted") if formats.is_missing(row[name]) else Cell(f"{row[name]:.4g}")

    return table(
        found.parameters,
        {
            "model": text("Model", lambda name: _MODELS[name]),
            "name": text("Parameter"),
            "value": by_row("Value", shown("value")),
            "error": by_row("Standard error", shown("error")),
            "low": by_row("From", shown("low")),
            "high": by_row("To", shown("high")),
        },
        caption="The models, by maximum likelihood",
        note=f"{found.confidence:.0%} intervals, of the parameters' logarithms; time in weeks, renewals in months.",
        empty="There is nothing to fit a model to.",
    )


def ahead_table(found: LifetimeCard) -> Table:
    """Make the table of the customers without a contract who are expected to bring most within a year."""
    return table(
        found.ahead,
        {
            "account_id": text("Customer"),
            "frequency": number("Bought again", lambda n: f"{int(n)} times"),
            "last_on": text("Last", lambda day: str(day)[:10]),
            "spent": number("So far", formats.money),
            "alive": number("Still a customer", lambda p: formats.share(p, 0)),
            "purchases": number("Purchases expected", lambda v: f"{v:.1f}"),
            "value": by_row(
                "Worth",
                lambda row: Cell(
                    formats.money(row["value"]), "", formats.interval(row["low"], row["high"], "money"), ALL
                ),
            ),
        },
        caption=found.ahead_finding() or "Nobody buys without a contract",
        note=f"Within {NEXT} days, in {found.currency}; the interval is of the models' parameters, not of luck.",
        empty="; ".join(found.doubts).capitalize() or "Nobody bought without a contract.",
    )


def _ahead(row: Row) -> Cell:
    return Cell(formats.money(row["value"]), "", formats.interval(row["low"], row["high"], "money"), ALL)


def tenure_chart(found: LifetimeCard) -> Chart:
    """Draw the share of customers under contract still there after so many months, as seen and by the model."""
    title, rows = found.renewal_finding() or "Nobody pays under contract.", found.tenures
    if rows.empty or found.renewing is None or found.renewing.doubts:
        return words_alone(title)
    subtitle = (
        "share still there by months since the first paid contract · grey: seen (Kaplan, Meier) · violet: the model · "
        f"n = {formats.plural(found.renewing.customers, 'customer')}"
    )
    with canvas(title, subtitle, height=2.2) as (figure, (ax,)):
        seen = rows[rows["at_risk"] >= 10]
        ax.step(seen["months"], seen["stayed"], where="post", color=style.GREY, linewidth=1.8)
        ax.plot(rows["months"], rows["model"], color=style.measure_colour("mrr"), linewidth=2)
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("months")
        ax.yaxis.set_major_formatter(lambda v, _: plain(formats.share(v, 0)))
        figure.subplots_adjust(left=0.07, right=0.97, bottom=0.5 / figure.get_figheight())
        told = "; ".join(
            f"{row['months']:.0f} months {formats.share(row['stayed'], 0)}, model {formats.share(row['model'], 0)}"
            for row in rows[rows["months"] % 6 == 0].to_dict("records")
        )
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def tenure_table(found: LifetimeCard) -> Table:
    """Make the table of customers under contract by months since they began."""
    return table(
        found.tenures[found.tenures["months"] % 3 == 0],
        {
            "months": number("Months", lambda n: str(int(n))),
            "at_risk": number("Watched so long", formats.exact),
            "stayed": number("Still there", lambda v: formats.share(v)),
            "model": number("By the model", lambda v: formats.share(v)),
        },
        caption=found.renewal_finding() or "Nobody pays under contract",
        note="Those still there on the last day count for as long as they were watched (censored).",
        empty="There are no paid subscriptions of accounts.",
    )
