"""What new customers cost, as tables and a picture: by channel, with intervals, and what touches led to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesnb import formats
from salesnb.analysis.acquisition_card import RULES, AcquisitionCard, new_key, rule_key
from salesnb.report import style
from salesnb.report.canvas import Chart, canvas, finish, plain, words_alone
from salesnb.report.tables import Cell, Table, by_row, number, table, text

Row = Mapping[str, Any]
_MARKS = {"dearer": ("▲ dearer", "bad"), "cheaper": ("▼ cheaper", "good")}
_MOST = 12


def cost_chart(found: AcquisitionCard) -> Chart:
    """Draw what a customer cost in each channel with its interval, the dearest first."""
    title = found.channel_finding() or found.finding()
    rows = found.channels[found.channels["cac"].notna()] if len(found.channels) else found.channels
    if found.nothing or rows.empty:
        return words_alone(title)
    subtitle = (
        f"marketing cost of a new customer in {found.period}, {found.currency}, with its {found.confidence:.0%} "
        f"interval (exact, Poisson) · line: all · n = {formats.plural(int(rows['customers'].sum()), 'customer')}"
    )
    paid = found.channels[found.channels["cost"].fillna(0) > 0]
    whole = float(paid["cost"].sum() / paid["customers"].sum())
    top = float(rows["high"].fillna(rows["cac"]).max())
    with canvas(title, subtitle, height=0.4 + 0.27 * len(rows)) as (figure, (ax,)):
        ax.axvline(whole, color=style.MUTED["light"], linewidth=1)
        for place, row in enumerate(rows.to_dict("records")):
            colour = {"dearer": style.BAD, "cheaper": style.GOOD}.get(row["flag"], style.GREY)
            ax.hlines(place, row["low"], row["high"], color=colour, linewidth=2)
            ax.scatter([row["cac"]], [place], s=40, color=colour, zorder=3)
            words = f"{formats.money(row['cac'])} · {formats.plural(int(row['customers']), 'customer')}"
            ax.text(top * 1.03, place, plain(words), va="center", fontsize=8.5)
        ax.set_yticks(range(len(rows)), [plain(name) for name in rows["channel"]])
        ax.set_ylim(len(rows) - 0.45, -0.55)
        ax.set_xlim(0, top * 1.25)
        ax.xaxis.set_major_formatter(lambda v, _: plain(formats.money(v)))
        figure.subplots_adjust(left=0.15, right=0.98, bottom=0.3 / figure.get_figheight())
        told = "; ".join(f"{row['channel']} {formats.money(row['cac'])}" for row in rows.to_dict("records"))
        return finish(figure, title, f"{title} {subtitle}. {told}.")


def channel_table(found: AcquisitionCard) -> Table:
    """Make the table of what each channel cost and brought."""
    keys = {number.key for number in found.behind}

    def customers(row: Row) -> Cell:
        opened = new_key(row["channel"])
        return Cell(formats.exact(row["customers"]), opens=opened if opened in keys else "")

    def cost(row: Row) -> Cell:
        if formats.is_missing(row["cac"]):
            return Cell(formats.NOT_AVAILABLE, "muted", "no customer" if row["cost"] > 0 else "no cost")
        mark, tone = _MARKS.get(row["flag"], ("", ""))
        words = formats.money(row["cac"])
        detail = formats.interval(row["low"], row["high"], "money")
        return Cell(f"{words} {mark}".strip(), tone, detail)  # type: ignore[arg-type]

    return table(
        found.channels,
        {
            "channel": text("Channel"),
            "leads": number("Leads", formats.exact),
            "customers": by_row("New customers", customers),
            "cost": number("Marketing", formats.money),
            "cac": by_row("Of a customer", cost),
            "payback": number("Paid back after", _months),
            "clv": number("Worth over its life", formats.money),
            "ratio": number("Times its cost", lambda v: "" if formats.is_missing(v) else f"{v:.1f}"),
            "roi": number("Return in the period", lambda v: "" if formats.is_missing(v) else formats.relative(v, 0)),
        },
        caption=found.channel_finding() or found.finding(),
        note=_note(found),
        empty=found.finding(),
    )


def _months(value: Any) -> str:
    return "" if formats.is_missing(value) else formats.value(value, "months")


def _note(found: AcquisitionCard) -> str:
    told = [
        f"Amounts in {found.currency}. A customer is its first lead's channel's; cost is marketing alone, sales "
        "belongs to no channel.",
        f"Dearer, cheaper: than all other channels, the share of false marks held at "
        f"{formats.share(1 - found.confidence, 0)}.",
        "Return: gross profit of deals won in the period over the cost in it, less 1.",
    ]
    if found.lag > 0:
        told.append(f"The money for a customer is spent about {formats.plural(found.lag, 'month')} before it is won.")
    told += [f"{name}: {why}." for name, why in found.missing.items() if why]
    return " ".join(told)


def touch_table(found: AcquisitionCard) -> Table:
    """Make the table of new customers' revenue by channel under each rule of attribution."""
    rows = found.channels.dropna(subset=list(RULES), how="all") if len(found.channels) else found.channels
    keys = {number.key for number in found.behind}

    def given(rule: str) -> Any:
        def show(row: Row) -> Cell:
            opened = rule_key(rule, row["channel"])
            return Cell(formats.money(row[rule]), opens=opened if opened in keys else "")

        return show

    return table(
        rows,
        {
            "channel": text("Channel"),
            "first": by_row("First touch", given("first")),
            "last": by_row("Last touch", given("last")),
            "linear": by_row("All touches alike", given("linear")),
        },
        caption=found.rule_finding() or "Which touches led to new customers cannot be told",
        note=f"Revenue in {found.period} of the customers who first bought in it, {found.currency}; each column sums "
        "to all of it. No rule is true: where they differ, one channel opens what another closes.",
        empty=found.missing.get("channel_performance", found.finding()),
    )


def campaign_table(found: AcquisitionCard) -> Table:
    """Make the table of new customers' revenue by campaign under each rule."""
    rows = found.campaigns
    more = f" {formats.plural(len(rows) - _MOST, 'more campaign')} not shown." if len(rows) > _MOST else ""
    first = rows.iloc[0] if len(rows) else None
    said = f"{first['campaign']} brought most by first touch: {formats.money(first['first'], found.currency)}" if (
        first is not None
    ) else "Which campaigns led to new customers cannot be told"  # fmt: skip
    return table(
        rows.head(_MOST),
        {
            "campaign": by_row("Campaign", _campaign, is_number=False),
            "customers": number("New customers", formats.exact),
            "first": number("First touch", formats.money),
            "last": number("Last touch", formats.money),
            "linear": number("All touches alike", formats.money),
        },
        caption=said,
        note=f"Amounts in {found.currency}. Campaigns have no cost of their own in the data, so no cost of a "
        f"customer.{more}",
        empty="No touch of a new customer names a campaign.",
    )


def _campaign(row: Row) -> Cell:
    return Cell(str(row["campaign"]), detail=str(row["channel"]))
