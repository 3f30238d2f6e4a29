"""Runs of salesnb that begin warm: a process that has imported what a run imports, and forks one for each run.

A run spends half of its time on importing what it needs, which no fault has to do with. What is forked is a process as
``python -m salesnb`` is one: the leader of a session of its own, with its own environment, folder, standard streams and
dispositions of signals, and the end of any Python program. Run as a program, this file is the process that forks.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_MOST = 2**18
_FILES = 2


class Forked:
    """A process of a run, with as much of :class:`subprocess.Popen` as a scene needs.

    Parameters
    ----------
    pid
        Its number.
    ended
        Where its exit code will come.
    """

    def __init__(self, pid: int, ended: queue.Queue[int]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return its exit code, which is negative where a signal ended it."""
        if self.returncode is None:
            try:
                self.returncode = self._ended.get(timeout=timeout)
            except queue.Empty:
                raise subprocess.TimeoutExpired("salesnb", timeout or 0) from None
        return self.returncode

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(1e-9)
        return self.returncode

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


class Forker:
    """The process that forks, seen from the tests."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SALESNB_", "COV_"))}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.warm", str(theirs.fileno())], pass_fds=[theirs.fileno()],
                cwd=Path(__file__).resolve().parents[2], env=environment, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        self._pids: queue.Queue[int] = queue.Queue()
        self._ended: dict[int, queue.Queue[int]] = {}
        self._turn = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], files: Sequence[int]
    ) -> Forked:
        """Begin ``salesnb ARGUMENTS``, whose output and errors go to two open files."""
        order = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        with self._turn:
            socket.send_fds(self._orders, [json.dumps(order).encode()], list(files))
            pid = self._pids.get(timeout=60)
            return Forked(pid, self._ended[pid])

    def end(self) -> None:
        """Have it end."""
        self._orders.shutdown(socket.SHUT_RDWR)
        self.process.wait(60)
        self._orders.close()

    def _read(self) -> None:
        while answer := self._orders.recv(_MOST):
            told: dict[str, int] = json.loads(answer)
            if "code" in told:
                self._ended.pop(told["pid"]).put(told["code"])
            else:
                self._ended[told["pid"]] = queue.Queue()
                self._pids.put(told["pid"])


def warm() -> None:
    """Import what the process of a run imports, and nothing that only its kernels do; compile nbformat's schema."""
    from typer import _adapters as _  # noqa: F401

    from salesnb import cli, commands  # noqa: F401
    from salesnb.data import stamp  # noqa: F401
    from salesnb.run import lean

    lean.without_stores()
    from salesnb.run import (  # noqa: F401
        copies,
        execute,
        making,
        notebook,
        pages,
        pool,
        predecessors,
        reporting,
        runner,
        vintages,
        watching,
    )  # fmt: skip

    notebook.read('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "none")
    gc.collect()
    gc.freeze()


def serve(orders: socket.socket) -> None:
    """Fork a run for each order, and tell its number, and later how it ended."""
    warm()
    assert threading.active_count() == 1
    assert tempfile.tempdir is None
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake)
    while True:
        ready, _, _ = select.select([orders, woken], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(woken, _MOST)
            _reap(orders)
        if orders in ready:
            packet, files, _, _ = socket.recv_fds(orders, _MOST, _FILES)
            if not packet:
                return
            order = json.loads(packet)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                orders.close()
                os.close(woken)
                os.close(wake)
                _become(order, files)
                return
            for file in files:
                os.close(file)
            orders.send(json.dumps({"pid": pid}).encode())


def _reap(orders: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        orders.send(json.dumps({"pid": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


def _become(order: Mapping[str, Any], files: Sequence[int]) -> None:
    """Be a run, from its first line to the end of the interpreter."""
    from salesnb import cli

    os.setsid()
    for file, number in zip(files, (1, 2), strict=True):
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["salesnb", *order["arguments"]]
    cli.main()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
