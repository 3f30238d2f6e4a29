"""Swap: a folder takes the place of another one, and what is written is on the disk."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
from pathlib import Path

_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV)


def swap(new: Path, old: Path, *, aside: Path) -> Path | None:
    """Put a folder in the place of another one, and return where that is now; None where there was none.

    Parameters
    ----------
    new
        The folder to put there; afterwards it is gone, or holds what was there before.
    old
        The place; it may be empty.
    aside
        Where the old folder stands where two folders cannot be exchanged in one step.
    """
    if not old.exists():
        new.rename(old)
        left = None
    elif _exchange(new, old):
        left = new
    else:
        old.rename(aside)
        try:
            new.rename(old)
        except OSError:
            aside.rename(old)
            raise
        left = aside
    # Whatever becomes of the machine now, what is found in that place is complete: the old folder or the new one.
    with contextlib.suppress(OSError):
        _sync(old.parent)
    return left


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


def to_disk(folder: Path) -> None:
    """Have the files of a folder, and the folder itself, written to the disk."""
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
