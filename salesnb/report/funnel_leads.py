"""Tables of leads and of web visitors: how many came to each step and went on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesnb import formats
from salesnb.analysis.behind import key
from salesnb.analysis.funnel import Funnel
from salesnb.analysis.funnel_card import words_of
from salesnb.analysis.funnel_headlines import lead_finding, web_finding
from salesnb.report.funnel import counted, rate, segment
from salesnb.report.tables import Cell, Column, Table, by_row, table, text

_LEADS, _WEB = "funnel-leads", "funnel-web"


def lead_table(card: Funnel) -> Table:
    """Make the table of the steps of the leads."""
    return _simple(
        card.leads,
        _LEADS,
        "Step",
        lead_finding(card) or "How leads become customers is not known",
        _lead_why(card),
        card,
    )


def _lead_why(card: Funnel) -> str:
    needs = [need for need in card.missing["needs"] if need.startswith("leads")]
    return f"It needs {needs[0]}." if needs and card.leads.empty else f"No lead came in {words_of(card.window)}."


def source_table(card: Funnel) -> Table:
    """Make the table of the sources of leads: of those that came to each step, the share that went on so far."""
    steps = list(dict.fromkeys(card.lead_segments["step"]))
    rows = [
        {"who": Cell(str(segment)), **{row["step"]: row for row in own.to_dict("records")}}
        for segment, own in card.lead_segments.groupby("segment", sort=False)
    ]
    columns: dict[str, Column] = {"who": by_row("Source", lambda row: row["who"], is_number=False)}
    columns |= {step: by_row(f"Go on from {step}", segment(step)) for step in steps}
    return table(
        pd.DataFrame(rows, columns=["who", *steps]),
        columns,
        caption="Leads by source, and how many of each step went on so far",
        note="Marks as above: more or fewer than of the other sources, by more than chance.",
        empty="It needs leads.source." if len(card.leads) else _lead_why(card),
    )


def web_table(card: Funnel) -> Table:
    """Make the table of the steps of the web visitors."""
    needs = [need for need in card.missing["needs"] if need.startswith("touches")]
    why = f"It needs {needs[0]}." if needs else f"No visitor came {words_of(card.window)}."
    return _simple(card.web, _WEB, "Step", web_finding(card) or "What web visitors do is not known", why, card)


def _simple(rows: pd.DataFrame, topic: str, head: str, caption: str, empty: str, card: Funnel) -> Table:
    is_lead = topic == _LEADS
    columns: dict[str, Column] = {
        "step": text(head),
        "reached": by_row("Came to it", counted("reached", topic)),
        "passed": by_row("Went on so far", counted("passed", topic)),
        "rate": by_row("Go on", rate(topic, is_decided=False)),
    }
    if is_lead:
        columns["p50_days"] = by_row("Half of them within", _half)
        columns["still"] = by_row("May still go on", counted("still", topic))
    return table(
        rows if len(rows) and rows["reached"].sum() else rows.iloc[:0],
        columns,
        caption=caption,
        note=f"{words_of(card.window).capitalize()}; what became of them up to {card.as_of}."
        if is_lead
        else f"{words_of(card.window).capitalize()}; a visitor with a cart or an order has been there.",
        empty=empty,
    )


def _half(row: Mapping[str, Any]) -> Cell:
    if formats.is_missing(row["p50_days"]):
        return Cell("", "muted")
    return Cell(formats.days(row["p50_days"]), opens=key(_LEADS, row["place"], "passed"))
