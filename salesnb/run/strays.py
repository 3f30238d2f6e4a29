"""Strays: processes that a run started and that nothing else ends any more, found by what their environment says.

A child of a cell can leave the kernel's group, and where the process that forks kernels is killed, whatever the kernels
had started belongs to nobody. Each of them still has the run's private folder in its environment. For Linux; elsewhere
nothing is found.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

_ROUNDS = 20


def end(home: Path) -> None:
    """Kill every process that was started with a private folder in its environment, and what these start meanwhile.

    Parameters
    ----------
    home
        The folder, which this process has made for itself.
    """
    for _ in range(_ROUNDS):
        found = _of(home)
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return


def _of(home: Path) -> list[int]:
    mark = b"=" + os.fsencode(home)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = process.joinpath("environ").read_bytes()
            if mark + b"\0" in said or mark + b"/" in said:
                found.append(int(process.name))
    return [pid for pid in found if pid != os.getpid()]
