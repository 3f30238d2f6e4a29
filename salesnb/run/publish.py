"""Publish: a finished folder takes the place of the one before, whole or not at all.

A report is made in a private folder beside the place it goes to, on the same disk. Where the system can exchange two
folders in one step (Linux: ``renameat2``), it does, and there is no moment without a complete report. Elsewhere the old
folder steps aside and the new one takes its place, two renames; whoever is killed between them leaves the old report
under a name that the next run puts back. Links were the other way: they are not to be had everywhere, and a report
that is copied or mailed should be a folder.

Files are created with the modes that the user's umask says; the private folder lets nobody else in until then.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from salesnb.errors import RefusedForSafety, StorageError
from salesnb.run.lock import lock

MANIFEST = "run.json"
RESULTS = "results.json"
FAILED = "failed"

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/+")
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV)


@dataclass(frozen=True)
class Place:
    """Where one period's report goes, and the private folder it is made in.

    Attributes
    ----------
    root
        The folder of all reports.
    label
        The period, as the name of its folder.
    staging
        The private folder.
    """

    root: Path
    label: str
    staging: Path

    @property
    def target(self) -> Path:
        """The folder of the published report."""
        return self.root / self.label

    @property
    def draft(self) -> Path:
        """The folder that becomes the published report."""
        return self.staging / "report"

    @property
    def failed(self) -> Path:
        """The folder that keeps what failed."""
        return self.root / FAILED / self.label

    def write(self, name: str, text: str) -> None:
        """Write a file of the draft."""
        with storage(self.draft / name):
            (self.draft / contained(name)).write_text(text, encoding="utf-8", newline="\n")

    def publish(self) -> Path:
        """Put the draft in the place of the published report, and return that place.

        Raises
        ------
        RefusedForSafety
            What is there is a link, or a folder that is no report of this program.
        StorageError
            The disk or the folder refused; the old report is untouched.
        """
        with storage(self.target):
            check_replaceable(self.target)
            _to_disk(self.draft)
            swap(self.draft, self.target, aside=self.root / f".{self.label}@previous")
            _remove(self.failed)
        return self.target

    def keep_failed(self, files: Mapping[str, str]) -> Path:
        """Keep the files of a failed run beside the reports, in the place of those of an earlier failure."""
        with storage(self.failed):
            folder = self.staging / FAILED
            _remove(folder)
            folder.mkdir()
            for name, text in files.items():
                (folder / contained(name)).write_text(text, encoding="utf-8", newline="\n")
            check_link(self.failed.parent)
            self.failed.parent.mkdir(exist_ok=True)
            check_replaceable(self.failed)
            swap(folder, self.failed, aside=self.failed.parent / f".{self.label}@previous")
        return self.failed


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
            held.enter_context(lock(root / f".{label}@lock", label))
            check_link(root / label)
            recover(root, label)
            staging = Path(tempfile.mkdtemp(prefix=f".{label}@", suffix=".staging", dir=root))
            held.callback(shutil.rmtree, staging, ignore_errors=True)
            place = Place(root, label, staging)
            place.draft.mkdir()
        yield place


def output_root(out: str | Path) -> Path:
    """Return the folder of all reports, made where it is missing.

    Raises
    ------
    RefusedForSafety
        It is a URL, or something that is no folder.
    StorageError
        It cannot be made.
    """
    text = str(out)
    if not text or "\0" in text or (_SCHEME.match(text) and not Path(text).drive):
        raise RefusedForSafety(
            f"{text!r} is not a folder on this machine", where="out", mend="give a local folder, as in --out outputs"
        )
    root = Path(text).expanduser()
    if root.exists() and not root.is_dir():
        raise RefusedForSafety(f"{text!r} is a file", where="out", mend="give a folder")
    with storage(root):
        root.mkdir(parents=True, exist_ok=True)
        return root.resolve(strict=True)


def contained(name: str) -> str:
    """Return a name of a file or folder that stays where it is put.

    Raises
    ------
    RefusedForSafety
        It is a path, hidden, or has characters that a file name should not have.

    Examples
    --------
    >>> contained("01_scorecard.html")
    '01_scorecard.html'
    """
    if not _LABEL.fullmatch(name):
        raise RefusedForSafety(
            f"{name!r} is not a plain name", where="the output folder", mend="use letters, figures, '-', '_' and '.'"
        )
    return name


def check_link(path: Path) -> None:
    """Raise RefusedForSafety where a path is a link."""
    if path.is_symlink():
        raise RefusedForSafety("this is a link, which could lead anywhere", where=str(path), mend="remove the link")


def check_replaceable(folder: Path) -> None:
    """Raise RefusedForSafety unless a folder is missing or was made by this program."""
    check_link(folder)
    if folder.exists() and not (folder.is_dir() and (folder / MANIFEST).is_file()):
        raise RefusedForSafety(
            f"there is something else of that name, without a {MANIFEST}, and it is not overwritten",
            where=str(folder),
            mend="move it away, or give another folder with --out",
        )


def swap(new: Path, old: Path, *, aside: Path) -> None:
    """Put a folder in the place of another one.

    Parameters
    ----------
    new
        The folder to put there; afterwards it is gone, or holds what was there before.
    old
        The place; it may be empty.
    aside
        Where the old folder stands while there is none in its place; gone afterwards.
    """
    if not old.exists():
        new.rename(old)
    elif not _exchange(new, old):
        old.rename(aside)
        new.rename(old)
        _remove(aside)
    _sync(old.parent)


def recover(root: Path, label: str) -> None:
    """Put right what a killed run of a period left: the caller holds the period's place."""
    for parent in (root, root / FAILED):
        if parent.is_symlink():
            continue
        aside, target = parent / f".{label}@previous", parent / label
        if aside.is_dir() and not aside.is_symlink():
            if target.exists():
                _remove(aside)
            else:
                aside.rename(target)
    own = re.compile(rf"\.{re.escape(label)}@\w+\.staging")
    for leftover in root.iterdir():
        if own.fullmatch(leftover.name):
            _remove(leftover)


@contextlib.contextmanager
def storage(where: Path) -> Iterator[None]:
    """Turn what the system says of a disk or a folder into a StorageError."""
    try:
        yield
    except OSError as error:
        words = {
            errno.ENOSPC: ("the disk is full", "make room, then run again"),
            errno.EDQUOT: ("the quota of the disk is used up", "make room, then run again"),
            errno.EROFS: ("the disk is read-only", "give a folder that can be written to, with --out"),
            errno.EACCES: ("the folder may not be written to", "give one that may, with --out"),
            errno.EPERM: ("the folder may not be written to", "give one that may, with --out"),
        }
        what, mend = words.get(error.errno or 0, (error.strerror or str(error), "check the disk and the folder"))
        raise StorageError(what, where=str(error.filename or where), mend=mend) from error


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the disk cannot."""
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    here, both_ways = -100, 2
    if call(here, os.fsencode(one), here, os.fsencode(other), both_ways) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _to_disk(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
