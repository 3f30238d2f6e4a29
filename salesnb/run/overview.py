"""Overview: what the notebooks of a run recorded, as one results.json and as the report's first page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from salesnb import formats
from salesnb.analysis.labels import label
from salesnb.errors import ContractError
from salesnb.run.manifest import Failure
from salesnb.run.pages import Page

SCHEMA = 1

# A number that has one value a segment, and none of the whole, is not missing.
_NO_LOSS = ("ok", "table")
_COMPARED = ("target", "previous", "year_ago")
_LETTERS = {word.lower(): word for word in ("ARR", "CAC", "CSAT", "LTV", "MRR", "NPS", "NRR", "ROI")}
_ALIKE = ("period", "as_of", "source", "fingerprint")
_OWN = ("notebook", "headlines", "numbers", "definitions", "title")


def merged(recorded: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> dict[str, Any]:
    """Merge what each notebook recorded.

    Parameters
    ----------
    recorded
        Notebook name to what its results file holds: ``period, as_of, source, fingerprint, headlines, numbers`` and
        more that is the same for all.
    titles
        Notebook name to its heading.

    Returns
    -------
    dict
        ``schema``; ``period, as_of, source, fingerprint`` and what else all notebooks say alike; ``notebooks``, a list
        of ``name, title, headlines``; ``headlines`` of all in reading order; ``numbers`` of all, each with its
        ``notebook``; ``definitions`` of the KPIs of all. Values that JSON does not have (NaN) are null.

    Raises
    ------
    ContractError
        The notebooks saw different data: the source changed while they ran.
    """
    names = list(recorded)
    for key in _ALIKE:
        said = {json.dumps(own[key]): name for name, own in recorded.items() if own.get(key) is not None}
        if len(said) > 1:
            raise ContractError(
                f"the notebooks do not agree on the {key.replace('_', '-')}: {formats.listed(sorted(said))}",
                where=formats.listed(sorted(said.values())),
                mend="the source changed while they ran: run again",
            )
    shared: dict[str, Any] = {"schema": SCHEMA}
    for key in [*_ALIKE, *sorted({key for results in recorded.values() for key in results})]:
        values = [results[key] for results in recorded.values() if key in results]
        if key not in _OWN and values and all(v == values[0] for v in values):
            shared[key] = values[0]
    tree = {
        **shared,
        "notebooks": [
            {"name": name, "title": titles.get(name, name), "headlines": list(recorded[name].get("headlines", ()))}
            for name in names
        ],
        "headlines": [line for name in names for line in recorded[name].get("headlines", ())],
        "numbers": [{"notebook": name, **number} for name in names for number in recorded[name].get("numbers", ())],
    }
    defined = {name: digest for own in recorded.values() for name, digest in (own.get("definitions") or {}).items()}
    if any("definitions" in own for own in recorded.values()):
        tree["definitions"] = dict(sorted(defined.items()))
    clean: dict[str, Any] = _finite(tree)
    return clean


def split(results: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what one notebook recorded, out of merged results: the way back from :func:`merged`."""
    own: Mapping[str, Any] = next((one for one in results.get("notebooks", ()) if one.get("name") == name), {})
    merged_only = ("schema", "notebooks", "headlines", "numbers", "definitions")
    shared = {key: value for key, value in results.items() if key not in merged_only}
    numbers = [
        {key: value for key, value in number.items() if key != "notebook"}
        for number in results.get("numbers", ())
        if number.get("notebook") == name
    ]
    parts = {**shared, "notebook": name, "headlines": list(own.get("headlines", ())), "numbers": numbers}
    if "definitions" in results:
        named = {f"{number.get('id')}.{number.get('variant')}" for number in numbers}
        parts["definitions"] = {key: digest for key, digest in results["definitions"].items() if key in named}
    return parts


def as_json(results: Mapping[str, Any]) -> str:
    """Return merged results as the text of results.json; the same results give the same text."""
    return json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def pairs(results: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what the head of a page says: period, as-of date, source, and the rows read, used and rejected."""
    told = [("Period", results.get("period")), ("As of", results.get("as_of")), ("Source", results.get("source"))]
    rows = results.get("rows")
    if isinstance(rows, Mapping) and {"read", "used", "rejected"} <= set(rows):
        words = ", ".join(f"{formats.exact(rows[key])} {key}" for key in ("read", "used", "rejected"))
        told.append(("Rows", words))
    return tuple((name, str(value)) for name, value in told if value)


def contents(
    results: Mapping[str, Any], pages: Sequence[Page], *, left_out: Sequence[str] = (), failed: Sequence[Failure] = ()
) -> dict[str, Any]:
    """Return what the first page of a report lists.

    Parameters
    ----------
    results
        Of all notebooks, merged.
    pages
        In reading order.
    left_out
        Notebooks that this run was not asked for.
    failed
        What went wrong, where a report is published all the same.
    """
    period = str(results.get("period", ""))
    lines = {one["name"]: one["headlines"] for one in results.get("notebooks", ())}
    figures = _figures(results.get("numbers", ()), period)
    missing: dict[str, list[str]] = {}
    for number in figures:
        if _is_absent(number):
            missing.setdefault(_reason(number), []).append(_name(number))
    there = [number for number in figures if not formats.is_missing(number.get("value"))]
    compared = [number for number in there if any(number.get(key) is not None for key in _COMPARED)]
    shown = compared or there
    titles = _titles(shown)
    if left_out:
        missing["not asked for in this run"] = list(left_out)
    return {
        "title": f"Sales report {period}",
        "sheets": [
            {"name": page.name, "file": f"{page.name}.html", "title": page.title, "headlines": lines.get(page.name, [])}
            for page in pages
        ],
        "kpis": [
            _row(number, title, str(results.get("currency") or "")) for number, title in zip(shown, titles, strict=True)
        ],
        "more": len(there) - len(shown),
        "missing": [(reason, ", ".join(names)) for reason, names in missing.items()],
        "failed": [f"{failure.where}: {failure.what}" for failure in failed],
        "files": [
            ("results.json", "every number shown, with its variant, period, segment, n and interval"),
            ("run.json", "how this report was made: parameters, versions, data, every cell"),
            *((f"{page.name}.ipynb", f"the executed notebook of {page.title!r}") for page in pages),
        ],
    }


def _figures(numbers: Sequence[Mapping[str, Any]], period: str) -> list[Mapping[str, Any]]:
    """Keep each KPI's number of the whole, in this period, once."""
    kept: dict[tuple[str, str], Mapping[str, Any]] = {}
    for number in numbers:
        if number.get("segment") is None and str(number.get("period", period)) == period and number.get("id"):
            kept.setdefault((str(number["id"]), str(number.get("variant", ""))), number)
    return list(kept.values())


def _is_absent(number: Mapping[str, Any]) -> bool:
    return number.get("status", "ok") not in _NO_LOSS and formats.is_missing(number.get("value"))


def _row(number: Mapping[str, Any], title: str, currency: str) -> dict[str, str]:
    unit = str(number.get("unit", "number"))

    def shown(key: str) -> str:
        return "" if formats.is_missing(number.get(key)) else formats.value(number[key], unit, currency)

    return {
        "title": title,
        "name": _name(number),
        "value": formats.value(number.get("value"), unit, currency),
        "remark": "" if number.get("status", "ok") == "ok" else _reason(number),
        "interval": formats.interval(number.get("low"), number.get("high"), unit),
        "n": "" if formats.is_missing(number.get("n")) else formats.exact(number["n"]),
        "target": shown("target"),
        "previous": shown("previous"),
        "year_ago": shown("year_ago"),
    }


def _titles(numbers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a title for each figure; those that would share one are told apart as on the scorecard, by variant."""
    plain = [_title(number) for number in numbers]
    told = [label(_name(n)) if plain.count(t) > 1 else t for n, t in zip(numbers, plain, strict=True)]
    return [_name(n) if told.count(t) > 1 else t for n, t in zip(numbers, told, strict=True)]


def _title(number: Mapping[str, Any]) -> str:
    words = str(number["id"]).capitalize().split("_")
    return str(number.get("label") or " ".join(_LETTERS.get(word.lower(), word) for word in words))


def _name(number: Mapping[str, Any]) -> str:
    return ".".join(filter(None, [str(number["id"]), str(number.get("variant") or "")]))


def _reason(number: Mapping[str, Any]) -> str:
    return str(number.get("reason") or number.get("status"))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
