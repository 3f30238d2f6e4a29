"""Carry: pages of the report before that stay, because they were made of the same inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesnb.run.manifest import Manifest, NotebookRecord, digest
from salesnb.run.overview import split
from salesnb.run.publish import MANIFEST, RESULTS
from salesnb.run.render import Page

_ALIKE = ("fingerprint", "source", "params", "versions")


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


def kept(published: Path, manifest: Manifest, wanted: Mapping[str, str]) -> dict[str, Kept]:
    """Return the pages of a published report that this run may take over.

    Parameters
    ----------
    published
        The folder of the report before.
    manifest
        Of this run. Its data, source, parameters and versions have to be the same as then.
    wanted
        Notebook name to the digest of the notebook as it is written now; it has to be the same as then, too.

    Returns
    -------
    dict
        By name; nothing where there is no such report, or where its files are not those it was published with.
    """
    before = _json(published / MANIFEST)
    now = json.loads(manifest.as_json())
    if before.get("state") != "published" or not now["fingerprint"]:
        return {}
    if any(before.get(key) != now[key] for key in _ALIKE):
        return {}
    results = _json(published / RESULTS)
    found: dict[str, Kept] = {}
    for old in before.get("notebooks", ()):
        name = str(old.get("name"))
        if name not in wanted or wanted[name] != old.get("sha256"):
            continue
        names = (f"{name}.html", f"{name}.ipynb")
        files = {part: _content(published / part, before["files"].get(part, {}).get("sha256")) for part in names}
        if None in files.values():
            continue
        title = str(old.get("title") or name)
        record = NotebookRecord(
            name,
            wanted[name],
            "published",
            title,
            kept=True,
            execute_seconds=old.get("execute_seconds"),
            render_seconds=old.get("render_seconds"),
            notes=tuple(old.get("notes", ())),
        )
        whole = {part: text for part, text in files.items() if text is not None}
        found[name] = Kept(Page(name, title, whole[names[0]]), record, split(results, name), whole)
    return found


def _json(path: Path) -> dict[str, Any]:
    """Return what a file of an earlier report says; nothing where it is missing or broken."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _content(path: Path, sha256: str | None) -> str | None:
    """Return a file's text where it is the one that was published."""
    if path.is_symlink() or not path.is_file():
        return None
    raw = path.read_bytes()
    return raw.decode("utf-8") if digest(raw) == sha256 else None
