"""A program that makes one run and counts its steps, with a fault at one of them: ``steps.py FAULT NUMBER ARGUMENTS``.

A step is whatever salesnb's own process asks of the file system below a folder that changes it: a file opened to be
written, a folder made, a name changed or removed, a file written through to the disk, and the exchange of two folders.

The faults are ``kill``, which ends the process as a power cut would, and the names of the system's errors, of which
``ENOSPC`` stays once it is there and the others come once.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any

_PATHS = {"os.mkdir": 1, "os.rename": 2, "os.rmdir": 1, "os.remove": 1, "os.link": 2, "shutil.rmtree": 1}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_LASTING = "ENOSPC"
_REMOVING = ("os.rmdir", "os.remove", "shutil.rmtree")


class Steps:
    """Counts the steps below a folder, and has one of them fail.

    Parameters
    ----------
    folders
        What is below them counts.
    fault
        ``kill``, or the name of an error.
    number
        The step it comes at, from 1.
    """

    def __init__(self, folders: tuple[str, ...], fault: str, number: int) -> None:
        self.folders, self.fault, self.number = folders, fault, number
        self.count = 0
        self.is_on = True
        self._turn = threading.Lock()
        self._owner = os.getpid()
        self._fsync: Callable[[int], None] = os.fsync
        sys.addaudithook(self._heard)
        os.fsync = self._synced  # type: ignore[assignment]

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or os.getpid() != self._owner:
            return
        if event == "ctypes.dlsym" and arguments[1] == "renameat2":
            self._step(event)
        elif event == "open" and isinstance(arguments[0], str | bytes):
            if arguments[2] & _WRITING and self._is_ours(arguments[0]):
                self._step(event)
        elif event in _PATHS and any(map(self._is_ours, arguments[: _PATHS[event]])):
            self._step(event)

    def _synced(self, handle: int) -> None:
        if self.is_on:
            self._step("os.fsync")
        self._fsync(handle)

    def _is_ours(self, path: Any) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(self.folders)

    def _step(self, event: str) -> None:
        with self._turn:
            self.count += 1
            is_now = self.count == self.number
            is_after = self.count > self.number
        if self.fault == "kill":
            if is_now:
                os.kill(os.getpid(), signal.SIGKILL)
        elif event not in _REMOVING and (is_now or (is_after and self.fault == _LASTING)):
            number = getattr(errno, self.fault)
            raise OSError(number, os.strerror(number))


def children(folders: tuple[str, ...], arguments: Sequence[str], first: int, stride: int) -> None:
    """Import once; then fork a child a line of stdin, which is killed at step first, first + stride and so on.

    For each, the number and how it ended go to stdout.
    """
    from salesnb import cli
    from salesnb.run import cluster as _  # noqa: F401
    from salesnb.run import copies, execute, making, pages, pool, predecessors, runner, watching  # noqa: F401

    # Python tries the folder of temporary files once, with a file that it removes; that is no step of ours.
    tempfile.gettempdir()
    number = first
    for _line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            Steps(folders, "kill", number)
            try:
                cli.main(list(arguments))
            except SystemExit as end:
                os._exit(end.code if isinstance(end.code, int) else 1)
            os._exit(0)
        print(number, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        number += stride


if __name__ == "__main__":
    children(tuple(sys.argv[1].split(os.pathsep)), sys.argv[4:], int(sys.argv[2]), int(sys.argv[3]))
