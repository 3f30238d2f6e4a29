"""The tables of the data contract: their columns, types, units, keys and what each refers to.

Only ``opportunities`` or ``orders`` is needed to begin. A table that is absent is absent; a column that is absent
is there and null in every row, so that a definition can name it, and ``Book.require`` says what is missing.
"""

from __future__ import annotations

from types import MappingProxyType

from salesnb.data.choices import CALLS, EVENT_FIELDS, FORECAST_CATEGORIES, KINDS, OUTCOMES, REVENUE_TYPES
from salesnb.data.columns import IBIS_TYPES, Column, Contract, key_column, reference

__all__ = ["CONTRACT", "EVENT_FIELDS", "IBIS_TYPES", "Column", "Contract"]

_CURRENCY = Column("currency", "text", "ISO 4217 code; the source's default currency where it is null")

_DEAL = (
    reference("account_id", "accounts", "the customer or prospect"),
    reference("lead_id", "leads", "the lead it came from"),
    reference("owner_id", "reps", "the seller who owns it"),
    Column("kind", "choice", "new business, expansion or renewal", choices=KINDS),
    Column("product", "text", "the product offered"),
    Column("stage", "text", "the stage it stands in, in the source's own words"),
    Column("amount", "money", "its value in the book's currency"),
    _CURRENCY,
    Column("first_contact_at", "time", "first contact with the buyer"),
    Column("created_at", "time", "when the deal was entered"),
    Column("expected_close_on", "date", "when the owner expects it to close"),
    Column("closed_on", "date", "when it was won, lost or disqualified"),
    Column("outcome", "choice", "open, won, lost or disqualified", choices=OUTCOMES, is_required=True),
    Column("loss_reason", "text", "why it was lost"),
    Column("forecast_category", "choice", "the owner's call", choices=FORECAST_CATEGORIES),
    Column("next_step", "text", "the next step agreed"),
    Column("last_activity_at", "time", "the last touch by the seller"),
)

CONTRACT: MappingProxyType[str, Contract] = MappingProxyType(
    {
        table.name: table
        for table in (
            Contract(
                "accounts",
                "a customer or prospect",
                (
                    key_column("account_id", "the account"),
                    Column("name", "text", "its name"),
                    Column("segment", "text", "the market segment it belongs to"),
                    Column("industry", "text", "its industry"),
                    Column("size_band", "text", "its size, in the source's own bands"),
                    Column("region", "text", "the sales region it lies in"),
                    Column("country", "text", "its country"),
                    Column("created_on", "date", "when it was entered"),
                    Column("is_target", "boolean", "whether it is a named target"),
                ),
                key="account_id",
                known_at="created_on",
            ),
            Contract(
                "leads",
                "a lead",
                (
                    key_column("lead_id", "the lead"),
                    Column("created_at", "time", "when it came in"),
                    Column("source", "text", "the channel it came from"),
                    Column("campaign", "text", "the campaign it came from"),
                    reference("owner_id", "reps", "the seller who works it"),
                    reference("account_id", "accounts", "the account it became"),
                    Column("opportunity_id", "id", "the deal it became"),
                    Column("qualified_at", "time", "when it was found worth working"),
                    Column("converted_at", "time", "when it became a deal"),
                    Column("status", "text", "its state, in the source's own words"),
                ),
                key="lead_id",
                known_at="created_at",
            ),
            Contract(
                "opportunities",
                "a deal as it is now",
                (key_column("opportunity_id", "the deal"), *_DEAL),
                key="opportunity_id",
                money="amount",
                known_at="created_at",
            ),
            Contract(
                "opportunity_events",
                "one change of one field of a deal",
                (
                    Column("opportunity_id", "id", "the deal", is_required=True, refers_to="opportunities"),
                    Column("changed_at", "time", "when it changed", is_required=True),
                    Column("field", "choice", "what changed", choices=EVENT_FIELDS, is_required=True),
                    Column("old", "text", "the value before, as text: ISO dates, decimal point; null at creation"),
                    Column("new", "text", "the value after, as text"),
                ),
                known_at="changed_at",
            ),
            Contract(
                "opportunity_snapshots",
                "a deal as it was on a date",
                (
                    Column("snapshot_on", "date", "the date of the snapshot", is_required=True),
                    key_column("opportunity_id", "the deal"),
                    *_DEAL,
                ),
                money="amount",
                known_at="snapshot_on",
            ),
            Contract(
                "activities",
                "a call, meeting, email or admin block",
                (
                    key_column("activity_id", "the activity"),
                    reference("rep_id", "reps", "who did it"),
                    Column("kind", "text", "call, meeting, email or admin"),
                    Column("happened_at", "time", "when it happened"),
                    Column("minutes", "number", "how long it took, in minutes", low=0),
                    reference("opportunity_id", "opportunities", "the deal it was for"),
                    reference("lead_id", "leads", "the lead it was for"),
                ),
                key="activity_id",
                known_at="happened_at",
            ),
            Contract(
                "orders",
                "an order line",
                (
                    key_column("order_line_id", "the order line"),
                    Column("order_id", "id", "the order it is a line of"),
                    reference("account_id", "accounts", "who bought"),
                    Column("ordered_at", "time", "when it was ordered", is_required=True),
                    Column("product", "text", "what was bought"),
                    Column("quantity", "number", "how many"),
                    Column("amount", "money", "net of discount; negative for a return"),
                    Column("cost", "money", "what it cost the seller"),
                    Column("discount", "money", "the discount given, in money"),
                    Column("revenue_type", "choice", "one_time, subscription or service", choices=REVENUE_TYPES),
                    _CURRENCY,
                    reference("rep_id", "reps", "who sold it"),
                    Column("is_return", "boolean", "whether the line takes goods back"),
                ),
                key="order_line_id",
                money="amount",
                known_at="ordered_at",
            ),
            Contract(
                "subscriptions",
                "a subscription at one price",
                (
                    key_column("subscription_id", "the subscription"),
                    reference("account_id", "accounts", "who subscribed"),
                    Column("plan", "text", "the plan"),
                    Column("started_on", "date", "its first day", is_required=True),
                    Column("ended_on", "date", "the first day it is no longer active; null while it runs"),
                    Column("mrr", "money", "monthly recurring revenue"),
                    _CURRENCY,
                ),
                key="subscription_id",
                money="mrr",
                known_at="started_on",
            ),
            Contract(
                "costs",
                "a month's spend",
                (
                    Column("month", "date", "the first day of the month", is_required=True),
                    Column("channel", "text", "the marketing channel, or the sales team"),
                    Column("function", "choice", "sales or marketing", choices=("sales", "marketing")),
                    Column("amount", "money", "what was spent"),
                ),
                money="amount",
                known_at="month",
            ),
            Contract(
                "reps",
                "a seller",
                (
                    key_column("rep_id", "the seller"),
                    Column("name", "text", "the seller's name"),
                    Column("team", "text", "the team"),
                    Column("region", "text", "the region"),
                    Column("role", "text", "the role"),
                    Column("manager_id", "id", "the manager, in the source's own words"),
                    Column("hired_on", "date", "the first day"),
                    Column("left_on", "date", "the first day no longer there; null while there"),
                ),
                key="rep_id",
            ),
            Contract(
                "quotas",
                "a target for a span of days",
                (
                    reference("rep_id", "reps", "whose target; null for a team's"),
                    Column("team", "text", "whose target; null for a seller's"),
                    Column("starts_on", "date", "its first day", is_required=True),
                    Column("ends_on", "date", "its last day, included; null while it runs"),
                    Column("metric", "choice", "what is counted", choices=("bookings", "revenue")),
                    Column("amount", "money", "the target", is_required=True),
                ),
                money="amount",
                known_at="starts_on",
            ),
            Contract(
                "territories",
                "who holds an account, when",
                (
                    reference("account_id", "accounts", "the account"),
                    Column("territory", "text", "the territory"),
                    reference("rep_id", "reps", "who holds it"),
                    Column("valid_from", "date", "its first day"),
                    Column("valid_to", "date", "its last day, included; null while it holds"),
                    Column("potential", "money", "what the account could buy in a year"),
                ),
            ),
            Contract(
                "feedback",
                "a survey answer or review",
                (
                    key_column("response_id", "the answer"),
                    reference("account_id", "accounts", "who answered"),
                    Column("responded_on", "date", "when"),
                    Column("nps", "integer", "would recommend, 0 to 10", low=0, high=10),
                    Column("csat", "integer", "satisfied, 1 to 5", low=1, high=5),
                    Column("text", "text", "the comment"),
                    Column("source", "text", "which survey; 'staff' for the sellers' own"),
                    Column("wave", "text", "the wave of the survey, where answers have no day of their own"),
                ),
                key="response_id",
                known_at="responded_on",
            ),
            Contract(
                "forecast_calls",
                "what someone said would close",
                (
                    Column("as_of", "date", "when it was said", is_required=True),
                    Column("period", "text", "for which period, as '2026Q3'", is_required=True),
                    reference("rep_id", "reps", "who said it; null for a team's call"),
                    Column("team", "text", "which team said it; null for a seller's call"),
                    Column("category", "choice", "what kind of call", choices=CALLS, is_required=True),
                    Column("amount", "money", "how much would close in the whole period"),
                ),
                money="amount",
                known_at="as_of",
            ),
            Contract(
                "quotes",
                "a quote",
                (
                    key_column("quote_id", "the quote"),
                    reference("opportunity_id", "opportunities", "the deal"),
                    Column("created_at", "time", "when it was asked for"),
                    Column("sent_at", "time", "when it went out"),
                    Column("accepted_at", "time", "when it was accepted"),
                    Column("discount", "number", "the discount as a share, 0 to 1", low=0, high=1),
                    Column("has_error", "boolean", "whether it had to be corrected"),
                ),
                key="quote_id",
                known_at="created_at",
            ),
            Contract(
                "touches",
                "a marketing touch or web event",
                (
                    key_column("touch_id", "the touch"),
                    Column("visitor_id", "id", "the visitor"),
                    reference("account_id", "accounts", "the account, once known"),
                    Column("happened_at", "time", "when"),
                    Column("channel", "text", "the channel"),
                    Column("campaign", "text", "the campaign"),
                    Column("kind", "text", "visit, signup, cart, order, lead, ..."),
                ),
                key="touch_id",
                known_at="happened_at",
            ),
            Contract(
                "benchmarks",
                "what others report, for a span of days",
                (
                    Column("name", "text", "what is told, as 'competitors_new_customers'", is_required=True),
                    Column("starts_on", "date", "its first day", is_required=True),
                    Column("ends_on", "date", "its last day, included", is_required=True),
                    Column("value", "number", "the number", is_required=True),
                    Column("source", "text", "who says so"),
                    Column("published_on", "date", "when it was published"),
                ),
                known_at="published_on",
            ),
            Contract(
                "fx_rates",
                "a day's rate",
                (
                    Column("on", "date", "the day", is_required=True),
                    Column("currency", "text", "the currency, ISO 4217", is_required=True),
                    Column("rate", "number", "how much of the book's currency one unit buys", is_required=True, low=0),
                ),
                known_at="on",
            ),
        )
    }
)
