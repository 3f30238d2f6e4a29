"""Fixtures for the tests of reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from salesnb.data.book import Book
from salesnb.data.load import open_book
from salesnb.data.sources import Raw, Reading, open_source

Read = Callable[..., "Seen"]


class Seen:
    """What was read of one file, with its source closed: the rows as lists in order, and the rest of Raw."""

    def __init__(self, raw: Raw) -> None:
        frame = raw.table.order_by(["_file", "_row"]).execute()
        self.columns = list(frame.columns)
        frame = frame.astype(object).where(frame.notna(), None)
        self.numbers = frame["_row"].tolist()
        self.files = frame["_file"].tolist()
        self.rows = frame.drop(columns=["_file", "_row"]).to_numpy().tolist()
        self.malformed = raw.malformed[["row", "value", "reason"]].to_numpy().tolist()
        self.notes, self.digest, self.names = raw.notes, raw.digest, raw.column_names


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write bytes (or text, as UTF-8) to a file and read it back through an opened folder."""

    def reading(content: bytes | str, name: str = "deals.csv", **how: object) -> Seen:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        with open_source(".", base=tmp_path) as source:
            return Seen(source.raw(name, Reading(**how)))  # type: ignore[arg-type]

    return reading


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Book]:
    """Write files (text as UTF-8, or bytes) and a mapping beside them, and open it; no mapping: open the folder."""

    def opening(files: Mapping[str, str | bytes], mapping: Mapping[str, Any] | None = None) -> Book:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        if mapping is None:
            return open_book(tmp_path)
        path = tmp_path / "mapping.yml"
        path.write_text(json.dumps({"location": ".", **mapping}, indent=1), encoding="utf-8")  # JSON is YAML
        return open_book(path)

    return opening
