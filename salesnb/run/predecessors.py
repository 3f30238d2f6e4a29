"""Predecessors: the reports that were published before, kept under ``previous/<period>/<when it ended>/``.

A report that has been replaced is moved there by one rename, and one too many is renamed to a hidden name before its
files go, so that whoever is killed leaves whole folders and hidden leftovers, which the next run clears. Every function
that changes something is called by the run that holds the period's place.
"""

from __future__ import annotations

import datetime as dtm
import json
import re
import shutil
from pathlib import Path
from typing import Any

from salesnb.errors import RefusedForSafety
from salesnb.run.publish import MANIFEST, PREVIOUS, check_link, contained, storage

KEPT = 5
"""How many predecessors a report keeps where nobody says otherwise."""

_NAME = re.compile(r"([0-9]{8}T[0-9]{6}Z)(?:-([0-9]+))?", re.ASCII)
_GOING = ".going-"


def step_aside(root: Path, label: str, old: Path) -> Path:
    """Move a report that has just been replaced to its predecessors, and return where it is now.

    Parameters
    ----------
    root
        The folder of all reports.
    label
        The period.
    old
        The folder of the report, on the same disk.

    Raises
    ------
    RefusedForSafety
        The report is a link or no report, or what it would be moved into is a link.
    StorageError
        The disk or the folder refused; the report is where it was.
    """
    with storage(old):
        folder = _folder(root, label)
        check_link(old)
        if not (old / MANIFEST).is_file():
            raise RefusedForSafety(f"there is no {MANIFEST} in it", where=str(old), mend="move it away by hand")
        folder.mkdir(parents=True, exist_ok=True)
        return old.rename(folder / _free(folder, _stamp(old)))


def prune(root: Path, label: str, keep: int = KEPT) -> tuple[Path, ...]:
    """Remove all predecessors but the newest, and return the names that are gone.

    Parameters
    ----------
    root, label
        The folder of all reports, and the period.
    keep
        How many stay.

    Raises
    ------
    RefusedForSafety
        The folder of the predecessors, or one of them, is a link.
    StorageError
        The disk or the folder refused.
    """
    folder = _folder(root, label)
    with storage(folder):
        _clear(folder)
        gone = _entries(folder)[max(keep, 0) :]
        for path in gone:
            hidden = path.rename(folder / f"{_GOING}{path.name}")
            shutil.rmtree(hidden)
    return gone


def runs_of(root: Path, label: str) -> tuple[Path, ...]:
    """Return the folders of a period's reports: the published one first, then its predecessors, newest first.

    Raises
    ------
    RefusedForSafety
        One of them, or the folder they are in, is a link.
    """
    published = root / contained(label)
    check_link(published)
    here = (published,) if (published / MANIFEST).is_file() else ()
    return (*here, *_entries(_folder(root, label)))


def rescue(root: Path, label: str) -> tuple[Path, ...]:
    """Move aside what a run left that was killed between publishing and :func:`step_aside`; return where it is now.

    To be called before the leftovers of killed runs are removed. In a private folder that was left, a report that says
    it is published is the one that was replaced, unless it ended later than the one that is published: then it is a
    draft whose run did not come to publish it.

    Raises
    ------
    RefusedForSafety
        What it would be moved into is a link.
    StorageError
        The disk or the folder refused.
    """
    now = _ended(root / contained(label))
    if now is None:
        return ()
    left = [root / f".{label}@previous", *sorted(root.glob(f".{label}@*.staging/report"))]
    found = []
    for path in left:
        if path.is_symlink() or path.parent.is_symlink() or _told(path).get("state") != "published":
            continue
        ended = _ended(path)
        if ended is not None and ended <= now:
            found.append(step_aside(root, label, path))
    return tuple(found)


def _folder(root: Path, label: str) -> Path:
    folder = root / PREVIOUS / contained(label)
    for path in (folder.parent, folder):
        check_link(path)
        if path.exists() and not path.is_dir():
            raise RefusedForSafety("this is no folder", where=str(path), mend="move it away")
    return folder


def _entries(folder: Path) -> tuple[Path, ...]:
    """Return the reports in a folder, newest first; what has another name is not ours."""
    found: list[tuple[str, int, Path]] = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            check_link(path)
            if (path / MANIFEST).is_file():
                found.append((match[1], int(match[2] or 1), path))
    return tuple(path for *_, path in sorted(found, reverse=True))


def _clear(folder: Path) -> None:
    """Remove what a killed run was just removing."""
    for path in folder.glob(f"{_GOING}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


def _free(folder: Path, stamp: str) -> str:
    """Return a name for a report: its stamp, with a number above those of its own second where there are any."""
    taken = [match for match in map(_NAME.fullmatch, (path.name for path in folder.iterdir())) if match]
    numbers = [int(match[2] or 1) for match in taken if match[1] == stamp]
    return f"{stamp}-{max(numbers) + 1}" if numbers else stamp


def _stamp(report: Path) -> str:
    """Return when a report's run ended, as a name; where it does not say, when its manifest was written."""
    ended = _ended(report)
    if ended is None:
        ended = dtm.datetime.fromtimestamp((report / MANIFEST).stat().st_mtime, dtm.UTC)
    return ended.strftime("%Y%m%dT%H%M%SZ")


def _ended(report: Path) -> dtm.datetime | None:
    told = _told(report)
    for name in ("ended_at", "started_at"):
        try:
            return dtm.datetime.fromisoformat(str(told.get(name))).astimezone(dtm.UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _told(report: Path) -> dict[str, Any]:
    try:
        tree = json.loads((report / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}
