"""Lock: one run at a time for one period."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from salesnb.errors import PeriodBusy

_GLANCE = 0.05


@contextlib.contextmanager
def lock(path: Path, label: str, patience: float = 2.0) -> Iterator[None]:
    """Hold a lock that the system lets go when this process ends, however it ends.

    What a run that was killed has left is put right within a moment, under this lock: so one that is held is tried for
    that many seconds.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    ends_at = time.monotonic() + patience
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_same(handle, path):
                break
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() < ends_at:
                time.sleep(_GLANCE)
                continue
            raise PeriodBusy(
                f"another run is making the report of {label}",
                where=str(path.parent / label),
                mend="wait until it ends, or give another folder with --out",
            ) from None
        os.close(handle)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(handle)


def is_same(handle: int, path: Path) -> bool:
    """Tell whether an open lock is still the file of that name: its last holder may have removed it."""
    try:
        named = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    opened = os.fstat(handle)
    return (opened.st_ino, opened.st_dev) == (named.st_ino, named.st_dev)
