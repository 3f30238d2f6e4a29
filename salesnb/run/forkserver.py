"""Fork server: processes forked from one that has imported the heavy parts already, as objects like ``Popen``.

For Linux, where a fork is safe and the system ends a child with its parent; elsewhere :func:`is_available` says no and
ordinary processes serve.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from salesnb.run.forking import PACKET

CHOICE = "SALESNB_KERNELS"
ORDINARY = "ordinary"

_LOST = -signal.SIGKILL if sys.platform != "win32" else 1


def is_available() -> bool:
    """Tell whether processes can be forked here; ``SALESNB_KERNELS=ordinary`` says not to."""
    return sys.platform.startswith("linux") and os.environ.get(CHOICE) != ORDINARY


class ForkedProcess:
    """A process forked by the server, with the part of ``subprocess.Popen`` that is used of it."""

    stdin = stdout = stderr = None

    def __init__(self, server: ForkServer, pid: int) -> None:
        self._server = server
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, minus the signal's number where one ended it; None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended and return its exit code; ``TimeoutExpired`` where that takes longer."""
        with self._server.changed:
            if not self._server.changed.wait_for(lambda: self.returncode is not None, timeout):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to it and all that it started."""
        if self.returncode is None:
            self._server.send(do="signal", pid=self.pid, number=int(number))

    def kill(self) -> None:
        """Kill it and all that it started."""
        self.send_signal(signal.SIGKILL)

    terminate = kill


class ForkServer:
    """The process that forks, seen from its master; safe to use from several threads.

    Parameters
    ----------
    environment
        Of the server while it imports.
    log
        What the server prints goes there.
    """

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.changed = threading.Condition()
        self._sending = threading.Lock()
        self._processes: dict[int, ForkedProcess] = {}
        self._forked: dict[int, ForkedProcess] = {}
        self._asked = 0
        self._is_over = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PACKET)
        with theirs, log.open("ab") as out:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "salesnb.run.forking", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=dict(environment),
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen, name="fork server", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._server.pid

    def preload(self, modules: Sequence[str]) -> None:
        """Have modules imported before the next fork; those that cannot be are left to whoever wants them."""
        self.send(do="preload", modules=list(modules))

    def preload_later(self, modules: Sequence[str]) -> None:
        """Have modules imported, one by one, while the first forks are at work and none is asked for."""
        self.send(do="later", modules=list(modules))

    def sweep(self, home: Path, places: Sequence[tuple[Path, str]] = ()) -> None:
        """Name what is to be put right should this process be killed.

        Parameters
        ----------
        home
            A private folder, to be removed.
        places
            Folders of reports, each with the period that a run makes a report of.
        """
        self.send(do="sweep", home=str(home), places=[(str(root), label) for root, label in places])

    def fork(
        self,
        target: str,
        arguments: Sequence[Any],
        *,
        environment: Mapping[str, str],
        folder: str,
        log: Path,
        files: Sequence[int] = (),
        timeout: float | None = None,
    ) -> ForkedProcess:
        """Fork a process that calls a function.

        Parameters
        ----------
        target
            ``module:function``.
        arguments
            Values that JSON has; the numbers of the files follow them.
        environment, folder, log
            Of the new process; it prints to the log.
        files
            Open files to hand over.
        timeout
            How long to wait for it, in seconds.

        Raises
        ------
        RuntimeError
            The server has ended, or did not fork in time.
        """
        with self.changed:
            self._asked += 1
            number = self._asked
        order = {"target": target, "arguments": list(arguments), "environment": dict(environment)}
        self.send(files, do="fork", id=number, folder=folder, log=str(log), **order)
        with self.changed:
            self.changed.wait_for(lambda: number in self._forked or self._is_over, timeout)
            if number not in self._forked:
                raise RuntimeError("the process that forks kernels has ended or does not answer")
            return self._forked.pop(number)

    def send(self, files: Sequence[int] = (), **order: Any) -> None:
        """Send an order; nothing happens where the server has gone."""
        packet = json.dumps(order).encode()
        with self._sending, contextlib.suppress(OSError):
            socket.send_fds(self._socket, [packet], files)

    def close(self) -> None:
        """End the server and every process that it forked."""
        self.send(do="end")
        try:
            self._server.wait(5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._listener.join(5)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                packet = self._socket.recv(PACKET)
            except OSError:
                packet = b""
            with self.changed:
                if not packet:
                    self._is_over = True
                    for process in self._processes.values():
                        process.returncode = _LOST if process.returncode is None else process.returncode
                    self.changed.notify_all()
                    return
                self._heard(json.loads(packet))
                self.changed.notify_all()

    def _heard(self, message: Mapping[str, Any]) -> None:
        if message["told"] == "forked":
            process = ForkedProcess(self, message["pid"])
            self._processes[process.pid] = self._forked[message["id"]] = process
        elif message["told"] == "ended":
            self._processes.pop(message["pid"]).returncode = message["code"]
