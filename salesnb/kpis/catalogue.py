"""The catalogue: what a KPI is, how one is registered, and how it is found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from salesnb.errors import UnknownKpi, did_you_mean
from salesnb.kpis.measure import Measure

if TYPE_CHECKING:
    from salesnb.data.book import Book
    from salesnb.periods import Period

Unit = Literal["money", "ratio", "count", "days", "number", "money_per_day", "percent", "points", "months"]
Better = Literal["up", "down", "target", "none"]
Function: TypeAlias = "Callable[[Book, Period], Measure]"

FAMILIES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "revenue": ("revenue", "products", "profit", "recurring"),
        "acquisition": ("acquisition", "acquired", "channels", "lifetimes"),
        "pipeline": ("winning", "pipeline", "velocity"),
        "customers": ("retention", "voice"),
        "people": ("people",),
        "targets": ("targets", "calls"),
    }
)
"""Each family of KPIs, in the order of the catalogue, and the modules that define it."""
_INHERITED = (
    "unit",
    "better",
    "category",
    "category3",
    "needs",
    "owner",
    "cadence",
    "action",
    "grain",
    "source",
    "by",
    "is_forward",
    "needs_decide",
)
_CATALOGUE: dict[str, Kpi] = {}


@dataclass(frozen=True)
class Kpi:
    """One reading of one KPI.

    Attributes
    ----------
    id, variant
        Its name is ``id.variant``.
    is_default
        Whether the id alone means this variant.
    meaning, formula
        One sentence that says what it answers, and its formula in words.
    unit, better
        What it is counted in, and which way is better.
    category
        activity, efficiency, effectiveness or revenue.
    category3
        The other taxonomy in use: revenue, efficiency or activity.
    family
        The family it is filed under: a key of :data:`FAMILIES`.
    needs
        The tables and columns it needs; ``"orders|opportunities"`` is either.
    owner, cadence, action
        Who answers for it, how often it is reviewed, and what to do when it misses.
    grain
        What one row behind it is.
    source
        Where the definition comes from.
    by
        A table KPI's own dimension, used where no other is asked for.
    is_forward
        Whether it may be asked of a period that has not begun.
    needs_decide
        Whether what is in ``needs`` is all that it ever needs. Then the needs alone tell whether it can be computed;
        else the definition is asked too, which may want more by the data or the period.
    measure
        The definition itself.
    """

    id: str
    variant: str
    is_default: bool
    meaning: str
    formula: str
    unit: Unit
    better: Better
    category: str
    category3: str
    family: str
    needs: tuple[str, ...]
    owner: str
    cadence: str
    action: str
    grain: str
    source: str
    by: str | None
    is_forward: bool
    needs_decide: bool
    measure: Function

    @property
    def name(self) -> str:
        """``id.variant``, as in ``win_rate.closed``."""
        return f"{self.id}.{self.variant}"


def kpi(
    id: str,
    variant: str,
    *,
    meaning: str,
    formula: str,
    default: bool = False,
    otherwise: Mapping[str, Any] = MappingProxyType({}),
    **attributes: Any,
) -> Callable[[Function], Function]:
    """Register the function below it as a KPI of its module's family.

    Parameters
    ----------
    default
        Whether the id alone means this variant; it comes first in its module.
    otherwise
        Attributes of the default variant where ``attributes`` does not say: see :func:`shared`.
    attributes
        The other attributes of :class:`Kpi`. A variant has those of its id's default where it does not say otherwise.

    Raises
    ------
    ValueError
        The name is taken, the default is missing or given twice, or an attribute is.
    """

    def register(function: Function) -> Function:
        head = next((k for k in _CATALOGUE.values() if k.id == id and k.is_default), None)
        if f"{id}.{variant}" in _CATALOGUE or default == (head is not None):
            raise ValueError(f"{id}.{variant}: the name is taken, or its id has no default before it, or has two")
        inherited = otherwise if head is None else {name: getattr(head, name) for name in _INHERITED}
        module = function.__module__.rpartition(".")[2]
        family = next((name for name, modules in FAMILIES.items() if module in modules), module)
        told = {"source": "", "by": None, "is_forward": False, "needs_decide": False, **inherited, **attributes}
        entry = Kpi(
            id=id,
            variant=variant,
            is_default=default,
            meaning=meaning,
            formula=formula,
            family=family,
            measure=function,
            **told,
        )
        _CATALOGUE[entry.name] = entry
        return function

    return register


def shared(**attributes: Any) -> Callable[..., Callable[[Function], Function]]:
    """Return :func:`kpi` for several KPIs that have these attributes in common.

    They hold for a default variant that does not say otherwise; its variants then follow it, as they always do.
    """
    return partial(kpi, otherwise=MappingProxyType(attributes))


@cache
def load() -> None:
    """Import every family that there is, so that its KPIs are in the catalogue."""
    for module in (module for modules in FAMILIES.values() for module in modules):
        if find_spec(f"salesnb.kpis.{module}") is not None:
            import_module(f"salesnb.kpis.{module}")


def all_kpis() -> tuple[Kpi, ...]:
    """Return every KPI and variant: by family, then id, the default first, then variant."""
    load()
    place = {family: i for i, family in enumerate(FAMILIES)}
    known = _CATALOGUE.values()
    return tuple(sorted(known, key=lambda k: (place.get(k.family, len(place)), k.id, not k.is_default, k.variant)))


def find(name: str) -> Kpi:
    """Return a KPI by ``id.variant``, or by ``id`` for its default variant.

    Raises
    ------
    UnknownKpi
        No KPI, or no variant of it, has that name; the message has the nearest.
    """
    load()
    wanted, _, variant = name.strip().partition(".")
    ids = sorted({k.id for k in _CATALOGUE.values()})
    if wanted not in ids:
        raise UnknownKpi(f"no KPI is called {wanted!r}", where=name, mend=did_you_mean(wanted, ids))
    for entry in _CATALOGUE.values():
        if entry.id == wanted and (entry.variant == variant if variant else entry.is_default):
            return entry
    variants = sorted(k.variant for k in _CATALOGUE.values() if k.id == wanted)
    raise UnknownKpi(f"{wanted} has no variant {variant!r}", where=name, mend=did_you_mean(variant, variants))
