"""Choices: the words that a column of the contract may hold, where it holds one of a few."""

from __future__ import annotations

OUTCOMES = ("open", "won", "lost", "disqualified")
KINDS = ("new", "expansion", "renewal")
REVENUE_TYPES = ("one_time", "subscription", "service")
CALLS = ("commit", "best_case", "pipeline")
FORECAST_CATEGORIES = ("omitted", "pipeline", "best_case", "commit", "closed")
EVENT_FIELDS = ("stage", "amount", "expected_close_on", "owner_id", "forecast_category", "outcome", "deleted")
