"""A source and its mapping into a Book: shaped, checked in one pass a table, nothing lost without a reason."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import MappingProxyType

from salesnb.data.book import Book
from salesnb.data.checked import Checked, check
from salesnb.data.contract import CONTRACT
from salesnb.data.ending import last_day
from salesnb.data.mapping import Mapping, build_mapping, read_mapping
from salesnb.data.named import by_name
from salesnb.data.opening import Opening
from salesnb.data.sources import open_source
from salesnb.data.tally import tally
from salesnb.errors import ContractError, MappingError, SourceError

ORDER = (
    "fx_rates", "reps", "accounts", "leads", "opportunities", "opportunity_events", "opportunity_snapshots",
    "orders", "subscriptions", "activities", "costs", "quotas", "territories", "feedback", "forecast_calls",
    "quotes", "touches", "benchmarks",
)  # fmt: skip
"""The tables in the order in which they are checked: what others refer to, and rates, first."""
_SAMPLE = "sample"


def open_book(source: str | Path = _SAMPLE) -> Book:
    """Open a source as a Book.

    Parameters
    ----------
    source
        A mapping file (``*.yml``); a folder, file or database whose tables and columns are named as the contract
        names them; or ``"sample"``, the seeded sample company.

    Returns
    -------
    Book
        As of its last day.

    Raises
    ------
    MappingError
        The mapping file cannot be used, or there is none and the names are not the contract's.
    SourceError
        A file or a database cannot be read.
    ContractError
        Columns that can be read in more than one way; no table that can be used.
    """
    text = str(source)
    if text == _SAMPLE:
        from salesnb.data.sample import sample_folder
        from salesnb.data.sample.plan import STAGES

        told = {"location": str(sample_folder()), "name": "Sample company", "stages": STAGES}
        return _open(build_mapping(told, where=_SAMPLE), Path())
    path = Path(text)
    if path.suffix.lower() in (".yml", ".yaml"):
        if not path.is_file():
            raise SourceError(
                "there is no such mapping file", where=text, mend="write one with: salesnb new source NAME"
            )
        mapping = read_mapping(path)
        return _open(mapping if mapping.name else mapping.model_copy(update={"name": path.stem}), path.parent)
    name = text.rsplit("/", 1)[-1] if "://" in text else path.name
    return _open(build_mapping({"location": text, "name": name}, where=text), Path())


def _location(mapping: Mapping) -> str:
    if not mapping.location.startswith("env:"):
        return mapping.location
    variable = mapping.location.removeprefix("env:")
    if not os.environ.get(variable):
        raise MappingError(f"the environment variable {variable} is not set", where="location", mend=f"set {variable}")
    return os.environ[variable]


def _open(mapping: Mapping, base: Path) -> Book:
    opening = Opening(mapping, open_source(_location(mapping), base=base, password=mapping.password))
    tables = dict(mapping.tables) or by_name(opening)
    checked: dict[str, Checked] = {}
    for name in ORDER:
        if name not in tables:
            continue
        try:
            done = check(CONTRACT[name], tables[name], opening, checked)
        except (MappingError, ContractError) as trouble:
            opening.troubles.append(trouble)
            continue
        if done is not None:
            checked[name] = done
    opening.raise_troubles()
    if not checked:
        raise ContractError(
            "no table of the contract could be found", where=opening.source.label,
            mend="map at least opportunities or orders; salesnb new source writes a first mapping",
        )  # fmt: skip
    return _book(opening, checked)


def _book(opening: Opening, checked: dict[str, Checked]) -> Book:
    mapping = opening.mapping
    data_end = mapping.as_of or last_day({name: done.used for name, done in checked.items()})
    checked = {name: done.until(data_end, opening) for name, done in checked.items()}
    audit, given = tally(checked, opening)
    digest = hashlib.sha256(json.dumps(mapping.model_dump(mode="json", exclude={"location", "password"})).encode())
    for done in checked.values():
        digest.update("".join(done.digests).encode())
    return Book(
        name=mapping.name or opening.source.label, currency=mapping.currency, as_of=data_end, data_end=data_end,
        tables=MappingProxyType({name: done.used for name, done in checked.items()}),
        given=MappingProxyType(given), audit=audit, fingerprint=digest.hexdigest(), stages=mapping.stages,
        connection=opening.source,
    )  # fmt: skip
