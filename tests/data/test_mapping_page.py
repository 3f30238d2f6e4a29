"""docs/mapping.md has every word that a mapping may use, and every rule with what becomes of a row that breaks it."""

from __future__ import annotations

import datetime as dtm
import re
from pathlib import Path
from typing import Any

import ibis
import pytest
import yaml

from salesnb.data import checks
from salesnb.data.contract import CONTRACT
from salesnb.data.lookups import Lookup
from salesnb.data.mapping import Mapping, build_mapping
from salesnb.data.origins import Case, ChangesRule, ColumnRule, FileRule, JoinRule, TableRule
from salesnb.data.rule import Rule
from salesnb.errors import MappingError
from salesnb.settings import read_yaml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
MODELS = (Mapping, TableRule, ColumnRule, Case, JoinRule, FileRule, ChangesRule)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_word(model):
    words = {field.alias or name for name, field in model.model_fields.items()}
    assert {word for word in words if not re.search(rf"(`|\b){word}(`|\b)", PAGE)} == set()


def parsed_as_settings(text: str, folder: Path) -> dict[str, Any]:
    (folder / "part.yml").write_text(text, encoding="utf-8")
    return dict(read_yaml(folder / "part.yml", MappingError))


def test_the_examples_are_read(tmp_path):
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    whole, joins, versions, log = [parsed_as_settings(block, tmp_path) for block in blocks]
    deals = whole["tables"]["opportunities"]
    deals["joins"] = joins["joins"]
    for events in (versions, log):
        tables = {"opportunities": deals, **events}
        mapping = build_mapping({**whole, "tables": tables}, where="docs/mapping.md")
        assert mapping.tables["opportunity_events"][0].changes is not None
        assert mapping.tables["opportunities"][0].joins[0].values == {"GTXPro": "GTX Pro"}


def test_the_examples_of_columns_are_read():
    section = PAGE.split("## Words of a column")[1].split("## Look-ups")[0]
    examples = re.findall(r"\| `((?:\w+): .*)` \|$", section, re.MULTILINE)
    read = 0
    for example in examples:
        parsed = yaml.safe_load(example)
        [(name, rule)] = parsed.items()
        if isinstance(rule, dict):
            assert any(name in contract.names for contract in CONTRACT.values())
            ColumnRule.model_validate(rule)
            read += 1
        else:
            ColumnRule.model_validate({"from": "column", name: rule})
    assert read == 9


def every_rule() -> list[Rule]:
    found: list[Rule] = []
    lookup = Lookup(0, "<file>.csv", "product", "flag", {"a": "b"})
    for contract in CONTRACT.values():
        schema = {**contract.schema, "_file": "string", "_row": "int64", "norate__": "boolean"}
        schema |= {f"raw__{name}": "string" for name in contract.names}
        schema |= {"miss__0": "boolean", "alias__0": "boolean"}
        table = ibis.table(schema, name=contract.name)
        keys = {column.name: table[column.name] for column in contract.columns if column.refers_to}
        mapped = {name: name for name in contract.names}
        doubted = frozenset(column.name for column in contract.columns if column.kind not in ("id", "text"))
        found += checks.rules(table, contract, mapped, doubted, (lookup,), keys)
        last = checks.after_the_end(table, contract, dtm.date(2026, 1, 1))
        found += [last] if last is not None else []
    return found


def test_every_rule():
    rows = dict(re.findall(r"^\| `([\w<>]+)` \| ([a-z ]+) \|", PAGE.split("## What becomes of a row")[1], re.MULTILINE))
    seen = set()
    for rule in every_rule():
        names = [rule.name, *(re.sub(f"{rule.column}$", "<column>", rule.name) for _ in "x")]
        known = next((name for name in names if name in rows), None)
        assert known, f"{rule.name} is not in docs/mapping.md"
        assert rule.action in rows[known], rule.name
        assert rule.reason
        assert rule.mend
        seen.add(known)
    assert set(rows) - seen == {"malformed_line"}
