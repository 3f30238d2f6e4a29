"""Copies: the data that runs were made of, each kept once, so that late data can be told from changed code.

A copy is a folder ``.data/<fingerprint>/`` under the folder of all reports, named by its content: every period and
every run of the same data shares it. It is private to the user. It stays while a published report or a predecessor
names its fingerprint, and while a run that has just kept it goes on: such a run holds a lock that the system lets go
when its process ends, however it ends. Windows has no such lock; there no copy is ever removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from salesnb.errors import RefusedForSafety, SalesnbError
from salesnb.run.lock import is_same
from salesnb.run.publish import MANIFEST, PREVIOUS, check_link, contained, storage

FOLDER = ".data"

_HELD: dict[Path, int] = {}


def keep(root: Path, fingerprint: str, stored: Path) -> Path | None:
    """Keep a copy of stored tables, and return its folder; None where there is nothing to keep.

    The copy is safe from :func:`sweep` until this process ends, or :func:`let_go` is called.

    Parameters
    ----------
    root
        The folder of all reports.
    fingerprint
        Of the data; a copy of the same data is not made twice.
    stored
        The folder that the tables were stored in; its files are linked where the disk can do that, else copied.

    Raises
    ------
    RefusedForSafety
        A link stands where the copy, or a file of it, should be.
    StorageError
        The disk is full, or refused; nothing of the copy is left.
    """
    if not fingerprint or not stored.is_dir():
        return None
    folder, copy = root / FOLDER, root / FOLDER / contained(fingerprint)
    with storage(folder):
        check_link(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _hold(_lock_of(copy))
        check_link(copy)
        if copy.is_dir():
            return copy
        part = Path(tempfile.mkdtemp(prefix=f".{fingerprint}@", suffix=".part", dir=folder))
        try:
            fill(part, stored)
            part.rename(copy)
        except BaseException as error:
            shutil.rmtree(part, ignore_errors=True)
            # Another run of the same data was faster: its copy is as good.
            if not (isinstance(error, OSError) and copy.is_dir()):
                raise
        return copy


def let_go(root: Path, fingerprint: str) -> None:
    """Let go of a copy that this process has kept; :func:`sweep` removes it where no report names it."""
    handle = _HELD.pop(_lock_of(root / FOLDER / contained(fingerprint)), None)
    if handle is not None:
        os.close(handle)


def copy_of(root: Path, fingerprint: str) -> Path | None:
    """Return the folder of the copy of some data; None where there is none.

    Raises
    ------
    RefusedForSafety
        The copy, or the folder it is in, is a link.
    """
    if not fingerprint.isalnum() or not fingerprint.isascii():
        return None
    copy = root / FOLDER / fingerprint
    check_link(copy.parent)
    check_link(copy)
    return copy if copy.is_dir() else None


def sweep(root: Path) -> tuple[str, ...]:
    """Remove the copies that no report names and no run holds, and return their fingerprints.

    What killed runs left of others goes too.

    Raises
    ------
    RefusedForSafety
        The folder of the copies is a link.
    StorageError
        The disk or the folder refused, or a report cannot be read.
    """
    folder = root / FOLDER
    with storage(folder):
        check_link(folder)
        if not folder.is_dir():
            return ()
        named = _named(root)
        found = {_fingerprint(path.name) for path in folder.iterdir() if not path.is_symlink()}
        return tuple(name for name in sorted(found) if name and _swept(root, folder / name, name in named))


def _swept(root: Path, copy: Path, is_named: bool) -> bool:
    """Clear what killed runs left of one copy, and the copy itself where nobody needs it; tell whether that is gone."""
    with _alone(_lock_of(copy)) as is_alone:
        if not is_alone:
            return False
        for path in copy.parent.glob(f".{copy.name}@*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
        # A run may have published since the reports were read, and have ended before the lock was taken.
        if is_named or not copy.is_dir() or copy.is_symlink() or copy.name in _named(root):
            return False
        gone = Path(tempfile.mkdtemp(prefix=f".{copy.name}@", suffix=".gone", dir=copy.parent))
        copy.rename(gone)
        shutil.rmtree(gone)
        return True


def _named(root: Path) -> set[str]:
    """Return the fingerprints that reports name.

    They are read in the order in which a report moves: published, in a run's private folder, among the predecessors.
    So one that moves meanwhile is seen at least once.
    """
    found = set()
    for top, levels in ((root, 1), (root, 2), (root / PREVIOUS, 2)):
        for path in _below(top, levels):
            try:
                tree = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
                continue
            if isinstance(tree, dict):
                found.add(str(tree.get("fingerprint")))
    return found


def _below(folder: Path, levels: int) -> Iterator[Path]:
    """Yield what is so many levels below a folder.

    Other runs end meanwhile: a folder that goes while it is read is one with nothing in it (``glob`` raises). So is
    one that may not be read, which is no run's.
    """
    try:
        inside = list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for path in inside:
        yield from (path,) if levels == 1 else _below(path, levels - 1)


def made_of(root: Path, inputs: Mapping[str, str]) -> Path | None:
    """Return the copy of the data that a report was made of which had the same data, code and versions; None else.

    Parameters
    ----------
    root
        The folder of all reports.
    inputs
        Digests by name, as run.json has them; an empty one is not known, and is the same as none.
    """
    alike = ("data", "package", "versions")
    if not all(inputs.get(name) for name in alike):
        return None
    for path in root.glob(f"*/{MANIFEST}"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError, SalesnbError):
            tree = json.loads(path.read_text(encoding="utf-8"))
            if all(tree["inputs"][name] == inputs[name] for name in alike):
                found = copy_of(root, str(tree["fingerprint"]))
                if found is not None:
                    return found
    return None


def fill(part: Path, stored: Path) -> None:
    """Put the files of a folder into another one: links where the disk can do that, else copies."""
    for path in sorted(stored.rglob("*")):
        check_link(path)
        target = part / path.relative_to(stored)
        if path.is_dir():
            target.mkdir(mode=0o700)
        elif path.is_file():
            try:
                os.link(path, target, follow_symlinks=False)
            except (OSError, NotImplementedError):
                shutil.copyfile(path, target, follow_symlinks=False)
            target.chmod(0o600)
            _to_disk(target)
        else:
            raise RefusedForSafety("this is neither a file nor a folder", where=str(path), mend="remove it")


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock_of(copy: Path) -> Path:
    return copy.parent / f".{copy.name}@held"


def _fingerprint(name: str) -> str:
    return name.removeprefix(".").partition("@")[0] if name.startswith(".") else name


def _hold(path: Path) -> None:
    """Hold a lock together with others, until this process ends."""
    if path in _HELD and is_same(_HELD[path], path):
        return
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        _flock(handle, is_shared=True)
        if is_same(handle, path):
            break
        os.close(handle)
    _HELD[path] = handle


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Try to hold a lock alone, and tell whether that could be done; its file goes afterwards."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        is_alone = _flock(handle, is_shared=False) and is_same(handle, path)
        yield is_alone
        if is_alone:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _flock(handle: int, *, is_shared: bool) -> bool:
    if sys.platform == "win32":
        return is_shared
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
