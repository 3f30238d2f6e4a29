"""Holding: one run at a time makes the report of a period, and puts right first what a killed one left."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from salesnb.errors import PeriodBusy
from salesnb.run import predecessors
from salesnb.run.lock import lock
from salesnb.run.publish import FAILED, Place, check_link, contained, output_root, remove, storage


@contextlib.contextmanager
def hold(out: str | Path, label: str) -> Iterator[Place]:
    """Hold a period's place while its report is made: one run at a time.

    What a run that was killed left behind is put right first: a report that had stepped aside comes back, its private
    folder goes.

    Parameters
    ----------
    out
        The folder of all reports; it is made where it is missing.
    label
        The period.

    Raises
    ------
    PeriodBusy
        Another run holds it.
    RefusedForSafety
        The folder or the label is none that may be written to.
    StorageError
        The disk or the folder refused.
    """
    contained(label)
    root = output_root(out)
    with contextlib.ExitStack() as held:
        with storage(root):
            check_link(root / f".{label}@lock")
            held.enter_context(lock(root / f".{label}@lock", label))
            check_link(root / label)
            _put_right(root, label)
            staging = Path(tempfile.mkdtemp(prefix=f".{label}@", suffix=".staging", dir=root))
            held.callback(shutil.rmtree, staging, ignore_errors=True)
            place = Place(root, label, staging)
            place.draft.mkdir()
        yield place


def tidy(root: Path, label: str) -> None:
    """Put right what a killed run of a period left; nothing where another run holds the period, which does it."""
    with contextlib.suppress(PeriodBusy), lock(root / f".{label}@lock", label, patience=0):
        _put_right(root, label)


def _put_right(root: Path, label: str) -> None:
    predecessors.rescue(root, label)
    recover(root, label)


def recover(root: Path, label: str) -> None:
    """Put right what a killed run of a period left: the caller holds the period's place."""
    for parent in (root, root / FAILED):
        if parent.is_symlink():
            continue
        aside, target = parent / f".{label}@previous", parent / label
        if aside.is_dir() and not aside.is_symlink():
            if target.exists():
                remove(aside)
            else:
                aside.rename(target)
    own = re.compile(rf"\.{re.escape(label)}@\w+\.staging")
    for leftover in root.iterdir():
        if own.fullmatch(leftover.name):
            remove(leftover)
            if leftover.is_symlink() or leftover.exists():
                leftover.unlink()
