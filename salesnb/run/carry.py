"""Carry: pages of the report before that stay, because they are made of the same inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesnb.run.inputs import changed
from salesnb.run.manifest import NotebookRecord, digest
from salesnb.run.overview import split
from salesnb.run.pages import Page
from salesnb.run.publish import MANIFEST, RESULTS


@dataclass(frozen=True)
class Kept:
    """One page that stays.

    Attributes
    ----------
    page
        Its name and title; the file is in `files`.
    record
        What the run before recorded of it.
    results
        What the notebook recorded of its numbers then.
    files
        File name to content.
    """

    page: Page
    record: NotebookRecord
    results: Mapping[str, Any]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Before:
    """The report that is published already, as its manifest tells.

    Attributes
    ----------
    folder
        Where it is.
    manifest
        Its run.json; empty where there is none that tells of a published run.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def at(cls, folder: Path) -> Before:
        """Read what is published in a folder; whatever is broken there counts as not there."""
        manifest = _json(folder / MANIFEST)
        is_whole = manifest.get("state") == "published" and isinstance(manifest.get("files"), dict)
        return cls(folder, manifest if is_whole else {})

    @property
    def notebooks(self) -> Mapping[str, Mapping[str, Any]]:
        """Name to what became of each notebook."""
        found = self.manifest.get("notebooks")
        return {str(one.get("name")): one for one in found or () if isinstance(one, dict)}

    def seconds(self, name: str) -> float:
        """Return how long a notebook took; 0 where that is not known."""
        seconds = self.notebooks.get(name, {}).get("execute_seconds")
        return float(seconds) if isinstance(seconds, int | float) else 0.0

    def why(self, name: str, inputs: Mapping[str, str]) -> tuple[str, ...]:
        """Return, in words, why a notebook has to run again; nothing where its page can stay."""
        old = self.notebooks.get(name)
        if old is None or old.get("state") != "published" or not isinstance(old.get("inputs"), dict):
            return ("there is no page of it",)
        return changed(old["inputs"], inputs) or (() if self._files(name) else ("its page is not as it was published",))

    def is_intact(self) -> bool:
        """Tell whether every file is the one that was published."""
        return bool(self.manifest) and all(self._content(name) is not None for name in self.manifest["files"])

    def kept(self, name: str) -> Kept:
        """Return the page of a notebook that stays; see :meth:`why`."""
        record, files = self._record(name), self._files(name)
        results = split(_json(self.folder / RESULTS), name)
        return Kept(Page(name, record.title, files[f"{name}.html"]), record, results, files)

    def records(self) -> tuple[NotebookRecord, ...]:
        """Return what the run before recorded of every page."""
        return tuple(self._record(name) for name, old in self.notebooks.items() if old.get("state") == "published")

    def _record(self, name: str) -> NotebookRecord:
        old = self.notebooks[name]
        return NotebookRecord(
            name,
            str(old["sha256"]),
            "published",
            str(old.get("title") or name),
            kept=True,
            execute_seconds=old.get("execute_seconds"),
            render_seconds=old.get("render_seconds"),
            notes=tuple(old.get("notes", ())),
            inputs=old["inputs"],
        )

    def _files(self, name: str) -> dict[str, str]:
        found = {part: self._content(part) for part in (f"{name}.html", f"{name}.ipynb", RESULTS)}
        if None in found.values():
            return {}
        return {part: text for part, text in found.items() if text is not None and part != RESULTS}

    def _content(self, name: str) -> str | None:
        """Return a file's text where it is the one that was published."""
        path = self.folder / name
        told = self.manifest["files"].get(name)
        if not isinstance(told, dict) or path.is_symlink() or not path.is_file():
            return None
        raw = path.read_bytes()
        return raw.decode("utf-8") if digest(raw) == told.get("sha256") else None


def _json(path: Path) -> dict[str, Any]:
    """Return what a file of an earlier report says; nothing where it is missing or broken."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}
