"""Team, which answers who sells what, and who needs help.

One frozen result for one period: what every seller and team booked against quota, how they win, what they did, what
they said would close; and which of them differ from the rest by more than the luck of a few deals explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from salesnb.analysis import team_headlines as told
from salesnb.analysis.attained import Luck, with_quotas
from salesnb.analysis.calendar import Records, year_to
from salesnb.analysis.callers import Callers, callers
from salesnb.analysis.comparison import Values
from salesnb.analysis.effort import Effort, effort
from salesnb.analysis.marks import told_apart
from salesnb.analysis.rates import COLUMNS as RATED
from salesnb.analysis.rates import Sums, rates
from salesnb.analysis.roster import Roster
from salesnb.analysis.spread import spread
from salesnb.analysis.team_card import TeamCard
from salesnb.analysis.team_needs import missing
from salesnb.analysis.team_numbers import numbers
from salesnb.data.book import Book
from salesnb.errors import NeedsData
from salesnb.kpis.answers import answer
from salesnb.kpis.dimensions import NONE
from salesnb.kpis.people import booked_by_rep
from salesnb.kpis.quotas import holder_of, metric_of
from salesnb.periods import Period

OF_DEALS = ("win_rate.closed", "average_deal_size.mean", "sales_cycle_days.mean")
OF_ORDERS = ("average_order_value.mean",)
QUOTA = "quota_attainment.booked"


class Team(TeamCard):
    """A team that says what its numbers say; see :class:`salesnb.analysis.team_card.TeamCard` for the data."""

    def headlines(self) -> list[str]:
        """Say who sold what, who differs from the rest, and what the page cannot tell."""
        return told.headlines(self)

    def quota_finding(self) -> str:
        """Say how the quotas were attained and by how many, and who differs by more than luck."""
        return told.quota_finding(self)

    def rate_finding(self, name: str) -> str:
        """Say who differs from the rest by one KPI over the year, or that nobody does."""
        return told.rate_finding(self, name)

    def effort_finding(self) -> str:
        """Say how much of the recorded time is selling time; empty where nothing is recorded."""
        return told.effort_finding(self)

    def calls_finding(self) -> str:
        """Say whose calls are off to one side by more than chance; empty where there are none."""
        return told.calls_finding(self)

    def numbers(self) -> pd.DataFrame:
        """List every number of the page, for results.json.

        Returns
        -------
        pandas.DataFrame
            ``id, variant, period, by`` (``rep_id``, or what sellers are grouped by) ``, segment, value, numerator,
            denominator, n, low, high, unit, status, reason, target``.
        """
        return numbers(self)


def team(book: Book, period: Period, *, trend_periods: int = 8, confidence: float = 0.95) -> Team:
    """Answer "who sells what, and who needs help?" for one period.

    Parameters
    ----------
    book, period
        The book, and the period.
    trend_periods
        Over how many periods the calls are held against what closed, this one included.
    confidence
        The level of the intervals, and 1 - the share of false marks.
    """
    values = Values(book, confidence)
    held, year, nothing = values.book, year_to(period), _nothing(book, period)
    names = () if nothing else OF_DEALS if book.has("opportunities") else OF_ORDERS
    sums = {name: Sums.of(held, name, period, year) for name in names}
    nothing = nothing or _unrecorded(held, period, sums)
    sums = {} if nothing else sums
    roster = Roster.of(held, period) if not nothing else Roster.nobody(period)
    sizes = sums.get("average_deal_size.mean") or sums.get(OF_ORDERS[0])
    booked = _booked(held, period, sizes)
    quotas = None if nothing else _quotas(values, period)
    did = None if nothing else effort(held, period)
    called = None if nothing else _called(held, period, trend_periods, confidence)
    listed = roster.listed(_ids(sums, booked, quotas, did))
    luck = Luck.of(sizes if quotas is not None and _is_like(held, sizes) else None)
    own = quotas if quotas is not None and quotas.index.name == "rep_id" else None
    sellers = with_quotas(listed, "rep_id", [booked.get(rep, 0.0) for rep in listed["rep_id"]], own, luck, confidence)
    groups = _groups(roster, sellers, quotas, luck, confidence)
    found = [rates(each, roster.groups, frozenset(sellers["rep_id"]), confidence) for each in sums.values()]
    rated = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(RATED))
    sellers, groups, rated = told_apart(sellers, groups, rated, 1 - confidence)
    return Team(
        period=period,
        as_of=book.as_of,
        year=year,
        currency=book.currency,
        confidence=confidence,
        nothing=nothing,
        grouped_by=roster.grouped_by,
        has_reps=roster.has_table,
        quota_holder="" if quotas is None else str(quotas.index.name),
        sellers=sellers,
        groups=groups,
        rates=rated,
        whole=MappingProxyType(spread(sellers)),
        effort=did,
        callers=called,
        missing=missing(book),
    )


def _nothing(book: Book, period: Period) -> str:
    if not (book.has("opportunities") or book.gives("orders.rep_id")):
        return f"needs opportunities or orders.rep_id{book.rejected_words('opportunities', 'orders')}"
    return "" if period.start <= book.as_of else f"it has not begun, the data end on {book.as_of}"


def _unrecorded(book: Book, period: Period, sums: Mapping[str, Sums]) -> str:
    """Say that a period lies before the first record of sales; empty where it does not."""
    if any(len(each.rows) for each in sums.values()):
        return ""
    first = Records.of(book).first_day
    if first is None:
        return "no deal is closed and nothing ordered"
    return f"records of closed deals and orders begin on {first}" if period.end <= first else ""


def _booked(book: Book, period: Period, sizes: Sums | None) -> dict[str, float]:
    """Return what each seller booked; what nobody is credited with under ``"(none)"``.

    The amounts of the deals won are there with their sizes; an order line is its own seller's, whoever has the order.
    """
    if sizes is None:
        return {}
    if sizes.name not in OF_ORDERS:
        return {str(rep): float(amount) for rep, amount in sizes.by(None, only_now=True)["y"].items()}
    found = answer(book, booked_by_rep(book, period))
    return dict(zip(found["rep_id"].astype(str), found["booked"].astype("float64"), strict=True))


def _quotas(values: Values, period: Period) -> pd.DataFrame | None:
    """Return ``achieved, quota`` by holder; the index is named ``rep_id`` or ``team``. None where there are none."""
    if not values.book.has("quotas"):
        return None
    holder = holder_of(values.book, "quotas")
    frame = values.frame(QUOTA, period, holder)
    frame = frame[(frame["status"] != "needs") & (frame["denominator"] > 0)]
    if frame.empty:
        return None
    index = pd.Index(frame["segment"].astype(str), name=holder)
    return pd.DataFrame({"achieved": frame["numerator"].to_numpy(), "quota": frame["denominator"].to_numpy()}, index)


def _called(book: Book, period: Period, periods: int, confidence: float) -> Callers | None:
    try:
        found = callers(book, period, periods=periods, confidence=confidence)
    except NeedsData:
        return None
    return found if len(found.rows) else None


def _ids(
    sums: Mapping[str, Sums], booked: Mapping[str, float], quotas: pd.DataFrame | None, did: Effort | None
) -> set[str]:
    """Return everyone who sold, had a quota or did anything in the period."""
    ids = {str(rep) for each in sums.values() for rep in each.rows.loc[each.rows["is_now"], "rep_id"]}
    ids |= set(booked)
    ids |= set(quotas.index) if quotas is not None and quotas.index.name == "rep_id" else set()
    return ids | (set() if did is None else set(did.rows["rep_id"].astype(str)) - {NONE})


def _is_like(book: Book, sizes: Sums | None) -> bool:
    """Tell whether the quotas count what the sizes are of: deals, or orders."""
    is_of_deals = book.has("opportunities") if metric_of(book) == "bookings" else not book.gives("orders.rep_id")
    return sizes is not None and is_of_deals == (sizes.name not in OF_ORDERS)


def _groups(
    roster: Roster, sellers: pd.DataFrame, quotas: pd.DataFrame | None, luck: Luck, confidence: float
) -> pd.DataFrame:
    """Return one row a group, in the order of the sellers; none where the source does not say who is in which."""
    is_held = quotas is not None and quotas.index.name == "team"
    names = list(dict.fromkeys([*sellers["group"], *(quotas.index if is_held and quotas is not None else [])]))
    frame = pd.DataFrame({"group": names if roster.grouped_by else []}, dtype=object)
    frame["manager"] = [", ".join(roster.managers_of(group)) for group in frame["group"]]
    summed = sellers.groupby("group")[["booked", "achieved", "quota", "is_active"]].sum(min_count=1)
    frame["sellers"] = [int(summed["is_active"].get(group, 0)) for group in frame["group"]]
    booked = [float(summed["booked"].get(group, 0.0)) for group in frame["group"]]
    parts = quotas if is_held else summed[["achieved", "quota"]].astype("float64")
    return with_quotas(frame, "group", booked, parts, luck, confidence)
