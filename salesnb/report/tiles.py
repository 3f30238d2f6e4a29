"""Tiles: the headline KPIs of a scorecard, each with its target, its change and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from salesnb import formats
from salesnb.analysis.scorecard import Scorecard
from salesnb.report.tables import opening

UP, DOWN, LEVEL = "▲", "▼", "■"


@dataclass(frozen=True)
class Tiles:
    """A row of tiles: HTML for pages, lines for terminals."""

    alt: str
    html: str
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def tiles(card: Scorecard) -> Tiles:
    """Make the tiles of a scorecard: value, target, change to the period before and to a year ago, interval and n."""
    faces = [_face(card, {str(k): v for k, v in row.items()}) for row in card.tiles.to_dict("records")]
    alt = f"Headline KPIs of {card.period}"
    return row_of(faces, alt, nothing=f"No headline KPI has a value in {card.period}.")


def row_of(faces: Sequence[Face], alt: str, *, nothing: str) -> Tiles:
    """Make a row of tiles, or a line that says why there is none.

    Parameters
    ----------
    alt
        What the tiles are of.
    nothing
        What is said where there are none.
    """
    if not faces:
        return Tiles(alt, f'<p class="snb-empty">{escape(nothing)}</p>', alt)
    items = "\n".join(_item(face) for face in faces)
    text = "\n".join(" | ".join(filter(None, [face.label, face.value, *face.lines])) for face in faces)
    return Tiles(alt, f'<ul class="snb-tiles" aria-label="{escape(alt)}">\n{items}\n</ul>', text)


@dataclass(frozen=True)
class Face:
    """What one tile says.

    Attributes
    ----------
    label, value
        What it is of, and the number.
    verdict
        ``on plan`` or ``behind``, which give it a colour, or anything else.
    lines
        What stands below the number.
    opens
        The key of the rows behind the number; empty where it opens nothing.
    """

    label: str
    value: str
    verdict: str
    lines: Sequence[str]
    opens: str = ""


def _face(card: Scorecard, row: Mapping[str, Any]) -> Face:
    unit = str(row["unit"])
    lines = [
        _against_target(row, card.currency),
        _since(
            row["change"], row["change_relative"], unit, row["better"], row["is_change_real"], _named(card, "previous")
        ),
        _since(
            row["change_yoy"], row["yoy_relative"], unit, row["better"], row["is_yoy_real"], _named(card, "year_ago")
        ),
        _sure(row, unit, card),
    ]
    value = formats.value(row["value"], unit, card.currency)
    return Face(str(row["label"]), value, str(row["verdict"]), [line for line in lines if line])


def _named(card: Scorecard, which: str) -> str:
    other = card.calendar.previous if which == "previous" else card.calendar.year_ago
    part = f" (on record from {card.first_day})" if card.calendar.coverage[which] == "part" else ""
    if other.grain == "range" and card.period.grain != "range":
        whole = card.period.previous if which == "previous" else card.period.year_ago
        return f"{whole}, same days{part}"
    return f"{other}{part}"


def _against_target(row: Mapping[str, Any], currency: str) -> str:
    if formats.is_missing(row["target"]):
        return ""
    target = formats.value(row["target"], str(row["unit"]), currency)
    if row["verdict"] == "running":
        return f"target {target}, {formats.share(row['achieved'], 0)} of it so far"
    if formats.is_missing(row["value"]):
        return f"target {target}"
    mark = "On plan" if row["verdict"] == "on plan" else "Behind plan"
    is_unsure = not formats.is_missing(row["low"]) and row["low"] <= row["target"] <= row["high"]
    unsure = ", may be chance" if is_unsure else ""
    if row["unit"] in ("money", "count", "money_per_day", "number") and row["better"] != "down":
        return f"{mark}: {formats.share(row['achieved'], 0)} of target {target}{unsure}"
    return f"{mark}: {formats.change(row['gap'], str(row['unit']))} to target {target}{unsure}"


def _since(change: Any, relative: Any, unit: str, better: Any, is_real: Any, other: str) -> str:
    if formats.is_missing(change):
        return ""
    amount = float(change)
    size = formats.change(change, unit)
    arrow = LEVEL if size[0] not in ("+", formats.MINUS) else UP if amount > 0 else DOWN
    if unit in ("money", "count", "money_per_day", "number") and not formats.is_missing(relative):
        size = f"{size} ({formats.relative(relative)})"
    if is_real is None or is_real != is_real or amount == 0:
        sure = ""
    elif not is_real:
        sure = ", may be chance"
    else:
        sure = ", better" if (amount > 0) == (better == "up") and better in ("up", "down") else ""
        sure = ", worse" if not sure and better in ("up", "down") else sure
    return f"{arrow} {size} on {other}{sure}"


def _sure(row: Mapping[str, Any], unit: str, card: Scorecard) -> str:
    if formats.is_missing(row["value"]):
        return str(row["reason"])
    n = f"n = {formats.exact(row['n'])}"
    between = formats.interval(row["low"], row["high"], unit)
    return f"{card.confidence:.0%} interval {between}, {n}" if between else n


def _item(face: Face) -> str:
    tone = {"on plan": " snb-tile-good", "behind": " snb-tile-bad"}.get(face.verdict, "")
    lines = "".join(
        f'<p class="{_tone(line, last=i == len(face.lines) - 1)}">{escape(formats.unbroken(line))}</p>'
        for i, line in enumerate(face.lines)
    )
    return (
        f'<li class="snb-tile{tone}"><p class="snb-label">{escape(face.label)}</p>'
        f'<p class="snb-value">{opening(face.value, face.opens)}</p>{lines}</li>'
    )


def _tone(line: str, *, last: bool) -> str:
    if line.endswith(", worse") or line.startswith("Behind plan"):
        return "snb-line snb-bad"
    if line.endswith(", better") or line.startswith("On plan"):
        return "snb-line snb-good"
    return "snb-line snb-muted" if last else "snb-line"
