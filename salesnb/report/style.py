"""Colours, decided once: charts, tiles, tables and pages all ask here.

One colour for each measure, told apart by people who do not see red and green (after Okabe and Ito, "Color universal
design", 2008), and every one of them at least 3 : 1 against the light and the dark surface (WCAG 2.2, 1.4.11). How
numbers are written is in :mod:`salesnb.formats`.
"""

from __future__ import annotations

from types import MappingProxyType

SURFACE = MappingProxyType({"light": "#ffffff", "dark": "#17191e"})
INK = MappingProxyType({"light": "#1a1c20", "dark": "#e8eaed"})
MUTED = MappingProxyType({"light": "#5a5f6a", "dark": "#a6abb5"})
RULE = MappingProxyType({"light": "#e1e4e9", "dark": "#363a42"})

BLUE, GREEN, VERMILION, PINK = "#0072b2", "#009e73", "#d55e00", "#cc79a7"
OCHRE, VIOLET, SKY, TEAL = "#a6781c", "#7e5fc4", "#3a8fc7", "#1b8a8a"
GREY = "#7d828c"

GOOD, BAD, NEUTRAL = BLUE, VERMILION, GREY

_MEASURE_COLOURS: MappingProxyType[str, str] = MappingProxyType(
    {
        "revenue": BLUE,
        "revenue_growth": BLUE,
        "new_customer_revenue": BLUE,
        "existing_customer_revenue": BLUE,
        "new_segment_revenue": BLUE,
        "product_revenue": BLUE,
        "expansion_revenue": BLUE,
        "sales_per_rep": BLUE,
        "win_rate": GREEN,
        "close_rate": GREEN,
        "opportunity_to_win_ratio": GREEN,
        "average_deal_size": OCHRE,
        "average_order_value": OCHRE,
        "sales_cycle_days": PINK,
        "time_to_close_days": PINK,
        "pipeline_value": SKY,
        "pipeline_count": SKY,
        "pipeline_coverage": SKY,
        "pipeline_progression": SKY,
        "gross_margin": TEAL,
        "profit": TEAL,
        "roi": TEAL,
        "mrr": VIOLET,
        "sales_velocity": VIOLET,
        "quota_attainment": BLUE,
        "target_achievement": BLUE,
    }
)


def measure_colour(kpi_id: str) -> str:
    """Return the one colour a KPI has in every picture; grey for a KPI that has none of its own.

    Examples
    --------
    >>> measure_colour("win_rate") == measure_colour("win_rate.pursued") == GREEN
    True
    """
    return _MEASURE_COLOURS.get(kpi_id.partition(".")[0], GREY)


def contrast(colour: str, other: str) -> float:
    """Return the contrast of two ``#rrggbb`` colours, 1 to 21.

    Formula: ``(L1 + 0.05) / (L2 + 0.05)`` with the relative luminance L of the lighter one on top (WCAG 2.2).

    Examples
    --------
    >>> contrast("#ffffff", "#000000")
    21.0
    """
    bright, dim = sorted((_luminance(colour), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
