"""Home: the private folder of a run's temporary files, held by a lock as long as its owner lives.

Where the owner is killed, the process that forks removes the folder; where there was none, or not yet, the next run
finds that nobody holds it, and removes it then.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from salesnb.run.lock import is_same

PREFIX = "salesnb-run-"


class Home:
    """A private folder.

    Attributes
    ----------
    path
        Where it is, without links in it.
    """

    def __init__(self) -> None:
        _sweep(Path(tempfile.gettempdir()))
        while True:
            self.path = Path(os.path.realpath(tempfile.mkdtemp(prefix=PREFIX)))
            self._handle = _held(self.path)
            if self._handle is not None:
                return

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._handle:
            os.close(self._handle)
            self._handle = None


def _held(folder: Path) -> int | None:
    """Hold a folder alone; None where another process does, or it is gone. 0 where the system has no such locks."""
    if sys.platform == "win32":
        return 0
    import fcntl

    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_same(handle, folder):
                return handle
        os.close(handle)
    return None


def _sweep(parent: Path) -> None:
    """Remove the folders of runs that have ended without doing so."""
    if sys.platform == "win32":
        return
    for folder in _own(parent):
        handle = _held(folder)
        if handle is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)


def _own(parent: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for folder in parent.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                if folder.stat(follow_symlinks=False).st_uid == os.getuid():
                    yield folder
