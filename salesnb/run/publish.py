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
import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from salesnb.errors import RefusedForSafety, StorageError
from salesnb.run.swap import swap, to_disk

MANIFEST = "run.json"
RESULTS = "results.json"
FAILED = "failed"
PREVIOUS = "previous"

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/+")


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

    @property
    def lock(self) -> Path:
        """The file that says that a run holds the place."""
        return self.root / f".{self.label}@lock"

    def append(self, name: str, text: str) -> None:
        """Add to a file of the draft."""
        with storage(self.draft / name), (self.draft / contained(name)).open("a", encoding="utf-8") as file:
            file.write(text)

    def publish(self) -> Path | None:
        """Put the draft in the place of the published report, and return where the report before is now.

        That is in the private folder, which goes with this run: move it, or it goes too. None where there was none.

        Raises
        ------
        RefusedForSafety
            What is there is a link, or a folder that is no report of this program.
        StorageError
            The disk or the folder refused; the old report is untouched.
        """
        with storage(self.target):
            check_replaceable(self.target)
            to_disk(self.draft)
            old = swap(self.draft, self.target, aside=self.root / f".{self.label}@previous")
        if not self.failed.parent.is_symlink() and (self.failed / MANIFEST).is_file():
            with contextlib.suppress(OSError):
                remove(self.failed)
        return old

    def keep_failed(self, files: Mapping[str, str]) -> Path:
        """Keep the files of a failed run beside the reports, in the place of those of an earlier failure."""
        with storage(self.failed):
            folder = self.staging / FAILED
            remove(folder)
            folder.mkdir()
            for name, text in files.items():
                (folder / contained(name)).write_text(text, encoding="utf-8", newline="\n")
            check_link(self.failed.parent)
            self.failed.parent.mkdir(exist_ok=True)
            check_replaceable(self.failed)
            old = swap(folder, self.failed, aside=self.failed.parent / f".{self.label}@previous")
            if old is not None:
                remove(old)
        return self.failed


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


def remove(folder: Path) -> None:
    """Remove a folder, where it is one and no link."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
