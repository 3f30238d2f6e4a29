"""Drafts: a first mapping of a source, a notebook or a period's parameters, to be finished by a person."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from salesnb.data.contract import CONTRACT, Column, Contract
from salesnb.data.mapping import plain_name
from salesnb.data.sources import Raw, open_source
from salesnb.errors import ParameterError, RefusedForSafety, StorageError, UsageError, did_you_mean
from salesnb.periods import Period
from salesnb.run.notebook import notebooks_folder

KINDS = ("notebook", "period", "source")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$")

# Names that other systems give to what the contract asks for; a draft only proposes them.
_OFTEN = {
    "opportunity_id": ("id", "dealid", "recordid", "opportunity"),
    "account_id": ("account", "accountname", "customer", "customerid", "company", "companyid", "client"),
    "owner_id": ("owner", "salesagent", "rep", "salesrep", "opportunityowner", "dealowner", "salesperson"),
    "rep_id": ("owner", "salesagent", "rep", "salesrep", "salesperson", "employeekey", "userid"),
    "stage": ("dealstage", "stagename", "status", "pipelinestage"),
    "outcome": ("dealstage", "stagename", "stage", "status", "result"),
    "amount": ("value", "closevalue", "dealvalue", "salesamount", "revenue", "total", "netamount", "amountusd"),
    "created_at": ("createddate", "createdate", "created", "engagedate", "opened", "opendate"),
    "closed_on": ("closedate", "closeddate", "closed", "wondate"),
    "expected_close_on": ("expectedclosedate", "closedate", "estimatedclose"),
    "ordered_at": ("orderdate", "date", "invoicedate", "purchasedate"),
    "order_line_id": ("lineid", "orderline", "id"),
    "order_id": ("ordernumber", "salesordernumber", "invoice", "invoiceno"),
    "product": ("productname", "item", "sku"),
    "name": ("accountname", "companyname", "repname", "fullname"),
    "industry": ("sector", "vertical"),
    "region": ("regionaloffice", "territory", "area"),
    "team": ("manager", "department"),
    "mrr": ("mrramount", "monthlyrecurringrevenue"),
    "started_on": ("startdate", "start"),
    "ended_on": ("enddate", "end", "churndate"),
    "plan": ("plantier", "planname"),
    "starts_on": ("startdate", "start", "date"),
    "ends_on": ("enddate", "end"),
    "nps": ("npsscore", "score", "recommend"),
    "text": ("comment", "comments", "feedback"),
}


def draft(kind: str, name: str, location: str | None = None) -> Path:
    """Write a draft and return where it is.

    Parameters
    ----------
    kind
        ``source`` (to ``params/sources/<name>.yml``), ``notebook`` (to ``notebooks/<name>.ipynb``) or ``period`` (to
        ``params/<name>.yml``).
    location
        For a source: where its tables are.

    Raises
    ------
    UsageError
        There is no such kind, or a source is given without its location.
    RefusedForSafety
        The name is not a plain file name.
    StorageError
        There is such a file already, or it cannot be written.
    """
    if kind not in KINDS:
        raise UsageError(f"cannot begin a {kind!r}", where="new", mend=did_you_mean(kind, KINDS))
    if not _NAME.match(name):
        raise RefusedForSafety(f"{name!r} is not a plain name", where="new", mend="use letters, digits, - and _")
    if kind == "notebook":
        return _write(notebooks_folder() / f"{name}.ipynb", _notebook(name))
    if kind == "period":
        return _write(Path("params", f"{name}.yml"), _period(name))
    if location is None:
        raise UsageError("a source needs its location", where="new source", mend="add --from FOLDER, FILE or URL")
    target = Path("params", "sources", f"{name}.yml")
    return _write(target, _source(name, location, target.parent))


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StorageError("there is such a file already", where=str(path), mend="choose another name") from None
    except OSError as trouble:
        raise StorageError(
            f"it cannot be written: {trouble.strerror}", where=str(path), mend="check the folder"
        ) from None
    return path


def _notebook(name: str) -> str:
    content = json.loads((notebooks_folder() / "_template.ipynb").read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown" and "".join(cell["source"]).startswith("# "):
            title = name.lstrip("0123456789_").replace("_", " ").capitalize() or name
            lines = "".join(cell["source"]).split("\n")
            cell["source"] = "\n".join([f"# {title}", *lines[1:]]).splitlines(keepends=True)
            break
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _period(name: str) -> str:
    period = Period.parse(name)
    return (
        f"# The parameters of {period.label}; also: papermill -f {name}.yml notebooks/01_scorecard.ipynb out.ipynb\n"
        f"period: {_quoted(period.label)}\nsource: sample\n"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _source(name: str, location: str, base: Path) -> str:
    shown = location if "://" in location else _relative(location, base)
    with open_source(location, base=Path()) as source:
        lines = [
            f"# A first mapping of {source.label}: check every line, and add what is missing (docs/mapping.md).",
            f"name: {_quoted(name)}", f"location: {_quoted(shown)}", "currency: USD", "tables:",
        ]  # fmt: skip
        raws = {table: source.raw(table) for table in source.names()}
        if not raws:
            raise ParameterError(
                "there is no table", where=location, mend="give a folder of CSV, Parquet or Excel files"
            )
        system = _system(raws)
        if system:
            told = [f"name: {_quoted(name)}", f"location: {_quoted(shown)}", f"preset: {system}", "currency: USD"]
            return "\n".join([lines[0], *told, '# date_format: "%m/%d/%Y"  # where dates are refused', ""])
        taken: set[str] = set()
        for table, raw in raws.items():
            columns = list(raw.column_names)
            contract, found = max(
                ((c, _proposed(c, columns)) for c in CONTRACT.values() if c.name not in taken),
                key=lambda pair: (_looks_like(pair[0], table), _score(pair[0], pair[1])),
            )
            if _score(contract, found) == 0 and not _looks_like(contract, table):
                lines.append(f"  # {table} was not recognised; it has: {', '.join(columns)}")
                continue
            taken.add(contract.name)
            lines += _table(contract, raw, found)
    return "\n".join(lines) + "\n"


def _system(raws: Mapping[str, Raw]) -> str:
    """The preset whose own column names the deals' table has, or nothing."""
    signs = {"salesforce": {"stagename", "closedate", "iswon"}, "hubspot": {"dealstage", "hubspotownerid"}}
    for raw in raws.values():
        names = {plain_name(column) for column in raw.column_names}
        for system, wanted in signs.items():
            if wanted <= names:
                return system
    return ""


def _relative(location: str, base: Path) -> str:
    return Path(os.path.relpath(Path(location).resolve(), base.resolve())).as_posix()


def _looks_like(contract: Contract, table: str) -> bool:
    stem = plain_name(table.rsplit(".", 1)[0])
    return plain_name(contract.name) == stem or plain_name(contract.name.rstrip("s")) == stem


def _proposed(contract: Contract, columns: list[str]) -> dict[str, str]:
    known = {plain_name(column): column for column in columns}
    found = {}
    for column in contract.columns:
        wanted = (plain_name(column.name), *_OFTEN.get(column.name, ()))
        match = next((known[word] for word in wanted if word in known), None)
        if match is not None:
            found[column.name] = match
    return found


def _score(contract: Contract, found: dict[str, str]) -> int:
    """How well the columns fit: required ones count three times, and a missing one rules the table out."""
    required = [c.name for c in contract.columns if c.is_required]
    if any(name not in found for name in required):
        return 0
    return len(set(found.values())) + 2 * len(required)


def _table(contract: Contract, raw: Raw, found: dict[str, str]) -> list[str]:
    lines = [f"  {contract.name}:", f"    from: {_quoted(raw.name)}", "    columns:"]
    words = {c.name: _words(raw, found[c.name], c) for c in contract.columns if c.kind == "choice" and c.name in found}
    closed = [theirs for theirs, ours in words.get("outcome", {}).items() if ours != "open"]
    for column in contract.columns:
        if column.name not in found:
            continue
        rule = _quoted(found[column.name])
        if column.kind == "choice":
            values = ", ".join(f"{_quoted(theirs)}: {ours}" for theirs, ours in words[column.name].items())
            rule = f"{{from: {rule}, values: {{{values}}}}}  # check each: {', '.join(column.choices)}"
        elif column.name == "closed_on" and found.get("expected_close_on") == found["closed_on"] and closed:
            when = f"{_quoted(found['outcome'])}: [{', '.join(map(_quoted, closed))}]"
            rule = f"{{cases: [{{when: {{{when}}}, from: {rule}}}]}}"
        lines.append(f"      {column.name}: {rule}")
    missing = [c.name for c in contract.columns if c.is_required and c.name not in found]
    lines += [f"      # {name} is needed: say which column it is" for name in missing]
    left = [column for column in raw.column_names if column not in found.values()]
    if left:
        lines.append(f"      # not used yet: {', '.join(left)}")
    return lines


def _words(raw: Raw, name: str, column: Column) -> dict[str, str]:
    """The words a column holds, at most twenty, each with the choice it seems to mean."""
    counted = raw.table.group_by(word=raw.table[name].cast("string")).agg(rows=raw.table.count())
    frame = counted.filter(counted.word.notnull()).order_by([counted.rows.desc(), "word"]).limit(20).execute()
    meant = {}
    for word in frame["word"]:
        near = next((choice for choice in column.choices if plain_name(choice) in plain_name(word)), None)
        if near is None and column.name == "outcome":
            near = "open"
        if near is not None:
            meant[str(word)] = near
    return meant
