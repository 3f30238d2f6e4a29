"""The plan of the sample company: what is planted in it, as plain constants."""

from __future__ import annotations

import datetime as dtm
from fractions import Fraction

START = dtm.date(2023, 1, 1)
END = dtm.date(2026, 9, 30)
CURRENCY = "USD"
FX = {"EUR": 108, "GBP": 126}  # hundredths of a dollar: the company books at fixed rates

STAGES = ("Qualification", "Discovery", "Proposal", "Security Review", "Negotiation")
CLOSED_STAGES = ("Closed Won", "Closed Lost", "Disqualified")
SEGMENTS = ("SMB", "Mid-Market", "Enterprise")
SEGMENT_SHARES = (50, 34, 16)
SEGMENT_SIZES = (15_000, 29_000, 62_000)  # median first-year value of a product with factor 100
TYPICAL_DAYS = (75, 105, 150)  # from created to the first expected close

# A deal's chances in a week, in millionths: advance, lost, disqualified, back one stage.
HAZARDS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "SMB": (
        (420_000, 90_000, 60_000, 0),
        (380_000, 60_000, 0, 0),
        (360_000, 70_000, 0, 10_000),
        (240_000, 90_000, 0, 0),
        (400_000, 60_000, 0, 15_000),
    ),
    "Mid-Market": (
        (340_000, 80_000, 50_000, 0),
        (300_000, 55_000, 0, 0),
        (280_000, 60_000, 0, 10_000),
        (170_000, 85_000, 0, 0),
        (320_000, 55_000, 0, 15_000),
    ),
    "Enterprise": (
        (260_000, 70_000, 40_000, 0),
        (220_000, 45_000, 0, 0),
        (200_000, 45_000, 0, 10_000),
        (75_000, 75_000, 0, 0),
        (240_000, 45_000, 0, 15_000),
    ),
}
DELETED = 600  # a week, in every stage
SKIPS = 40_000  # of advances out of the first stage, those that go straight to the third
REOPENED = 15_000  # of lost deals, those that come back in the second stage 3 to 8 weeks later
ENTRY = {"new": 0, "expansion": 1, "renewal": 4}

# Pace: by how much a week's chances of leaving a stage, either way, are multiplied, in hundredths.
LEAD_SEASON = (105, 105, 110, 100, 100, 105, 85, 80, 108, 110, 105, 75)
USUAL_PACE = 103  # all other weeks, so that the year's mean is 1
QUARTER_END_PACE = 150  # the last three weeks of a quarter, last stage
QUARTER_START_PACE = 75  # the first four weeks of a quarter, last stage
SUMMER_PACE = 80  # 15 July to 31 August, every stage
DECEMBER_PACE = 120  # December, last stage
LEADS_PER_MONTH = 295  # at the start
LEAD_GROWTH = 190  # hundredths: the last month's leads over the first's, but for season

REGIONS = ("Americas", "EMEA", "APAC")
REGION_SHARES = (42, 38, 20)
TEAMS = ("Americas East", "Americas West", "EMEA North", "EMEA South", "APAC North", "APAC South")
TEAM_SHARES = (54, 46, 56, 44, 52, 48)
CHANNELS = ("organic", "paid_search", "partner", "event", "referral", "outbound", "webinar")
CHANNEL_SHARES = {
    "Americas": (23, 22, 14, 10, 9, 12, 10),
    "EMEA": (8, 6, 70, 4, 3, 5, 4),
    "APAC": (24, 20, 14, 11, 9, 12, 10),
}
LEAD_TO_DEAL = (300_000, 190_000, 460_000, 290_000, 500_000, 220_000, 200_000)
COST_PER_LEAD = (90, 640, 700, 900, 250, 420, 310)

PRODUCTS = ("Atlas Platform", "Beacon Insights", "Cargo Sync", "Ledger Guard")
PRODUCT_SHARES = (40, 28, 20, 12)
PRODUCT_FACTORS = (115, 100, 85, 75)
PRICE_RISE_ON = dtm.date(2025, 7, 1)
PRICE_RISE_FACTOR = 116
PRICE_RISE_CHURN = 250
PRICE_RISE_MONTHS = 6

CUT_ON = dtm.date(2026, 3, 16)
CUT_REGION = "EMEA"
CUT_CHANNEL = "partner"
MISSED = "2026Q3"

RAMP = (25, 55, 80, 100)  # hundredths of a ramped seller's flow of deals, by quarter since hired
GROUPS = ("promoter", "passive", "detractor")
GROUP_SHARES = (50, 30, 20)
CHURN = (8_000, 15_000, 36_000)  # a month, in millionths
DOWNGRADE = 4_000
SELF_SERVICE_UPGRADE = 6_000
COMES_BACK = 70_000  # of customers who left, those who return after 3 to 9 months
EXPANSION = 26_000  # a month, of customers of at least three months
RENEWAL_OFFERED = 400_000  # at each anniversary of an active customer
CART_TO_ORDER = 560_000
QUOTE_ERROR = 70_000
STAFF_SATISFIED = 780_000

# What each region plans to book a quarter, in thousands, from 2023Q2 to 2026Q3: 95.5 % of the mean of 90 companies
# whose channel was not cut. It knows nothing of what a seed brings, so that chances of hitting it can be calibrated.
PLAN: dict[str, tuple[int, ...]] = {
    "Americas": (685, 750, 915, 955, 1210, 1145, 1480, 1435, 1725, 1690, 2140, 2000, 2325, 2240),
    "EMEA": (865, 950, 1200, 1215, 1505, 1525, 1855, 1850, 2220, 2155, 2750, 2595, 3080, 2940),
    "APAC": (310, 365, 450, 450, 560, 540, 670, 650, 795, 775, 1005, 925, 1085, 1070),
}
PLAN_FROM = (2023, 2)


def outcomes(segment: str, entry: int, lost_factor: int = 100) -> tuple[Fraction, Fraction]:
    """Return the exact chances that a deal which enters at a stage is won, and lost, in the end.

    The stages are a chain with absorbing ends; a lost deal comes back in the second stage with chance ``REOPENED``.
    Solved by elimination in fractions, so that no rounding enters.
    """
    million = Fraction(1, 1_000_000)
    size = len(STAGES)
    reopened = REOPENED * million
    rows: list[list[Fraction]] = []
    for stage, (advance, lost, disqualified, back) in enumerate(HAZARDS[segment]):
        gone = Fraction(lost * lost_factor, 100)
        leaving = advance + gone + disqualified + back + DELETED
        row = [Fraction(int(column == stage)) for column in range(size)] + [Fraction(0), Fraction(0)]
        onward = advance / leaving
        if stage == 0:
            row[2] -= onward * SKIPS * million
            onward *= 1 - SKIPS * million
        if stage == size - 1:
            row[size] += onward
        else:
            row[stage + 1] -= onward
        row[stage - 1] -= back / leaving if back else Fraction(0)
        row[1] -= gone / leaving * reopened
        row[size + 1] += gone / leaving * (1 - reopened)
        rows.append(row)
    for pivot in range(size):
        scale = rows[pivot][pivot]
        rows[pivot] = [value / scale for value in rows[pivot]]
        for other in range(size):
            if other != pivot and rows[other][pivot]:
                times = rows[other][pivot]
                rows[other] = [mine - times * its for mine, its in zip(rows[other], rows[pivot], strict=True)]
    return rows[entry][size], rows[entry][size + 1]


def plan_quarters() -> tuple[str, ...]:
    """Return the quarters that have a plan, as ``"2023Q2"``, in order."""
    first = PLAN_FROM[0] * 4 + PLAN_FROM[1] - 1
    return tuple(f"{number // 4}Q{number % 4 + 1}" for number in range(first, first + len(PLAN["EMEA"])))
