"""Forking: the process that has imported the heavy parts and forks kernels and other workers from itself.

It is started by :class:`salesnb.run.forkserver.ForkServer` and talks to it over one socket, a JSON object a packet. It
starts no thread and opens no file of the user's, so that a fork of it is as good as a new process. It is in a session
of its own, so that Ctrl-C at the terminal reaches only its master, who decides.

When the master has gone, however it went, the socket ends: then every child is killed, with all that it started, what
the master left half-done is cleared away, and this process ends too. A child whose server is killed is killed by the
system. So nothing is left behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from salesnb.run import lean

PACKET = 2**20
MOST_FILES = 4

_PDEATHSIG, _SUBREAPER = 1, 36
_UNWANTED_FIRST = "900"
_CALM = 0.3
"""How many seconds without an order make an idle moment."""


class Server:
    """The process that forks.

    Parameters
    ----------
    master
        The socket to the process that gives the orders.
    """

    def __init__(self, master: socket.socket) -> None:
        self._master = master
        self._children: set[int] = set()
        self._home = ""
        self._places: list[tuple[str, str]] = []
        self._later: list[str] = []
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)

    def serve(self) -> None:
        """Follow orders until the master has gone; what is imported is no garbage, and is not searched for it."""
        gc.disable()
        _control(_SUBREAPER, 1)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        watched = selectors.DefaultSelector()
        watched.register(self._master, selectors.EVENT_READ)
        watched.register(self._woken, selectors.EVENT_READ)
        try:
            while True:
                # What comes later waits until something has been forked and nothing is asked for, one at a time.
                ready = watched.select(_CALM if self._later and self._children else None)
                if not ready:
                    _imported([self._later.pop(0)])
                for key, _ in ready:
                    if key.fileobj is self._master:
                        order, files = self._order()
                        if order is None:
                            return
                        self._follow(order, files)
                    else:
                        with contextlib.suppress(BlockingIOError):
                            os.read(self._woken, PACKET)
                self._reap()
        finally:
            self._end()

    def _order(self) -> tuple[dict[str, Any] | None, list[int]]:
        try:
            packet, files, _, _ = socket.recv_fds(self._master, PACKET, MOST_FILES)
        except ConnectionError:
            return None, []
        order = json.loads(packet) if packet else {"do": "end"}
        return (None if order["do"] == "end" else order), files

    def _follow(self, order: Mapping[str, Any], files: list[int]) -> None:
        if order["do"] == "preload":
            self._tell(told="warm", missing=_imported(order["modules"]))
        elif order["do"] == "later":
            self._later += order["modules"]
        elif order["do"] == "fork":
            self._fork(order, files)
        elif order["do"] == "signal" and order["pid"] in self._children:
            _signalled(order["pid"], order["number"])
        elif order["do"] == "sweep":
            self._home, self._places = order["home"], order["places"]

    def _fork(self, order: Mapping[str, Any], files: list[int]) -> None:
        own = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self._become(order, own)
                code = _called(order["target"], [*order["arguments"], *files])
            except BaseException:
                traceback.print_exc()
            finally:
                with contextlib.suppress(BaseException):
                    sys.stdout.flush()
                    sys.stderr.flush()
                os._exit(code)
        for file in files:
            os.close(file)
        self._children.add(pid)
        self._tell(told="forked", id=order["id"], pid=pid)

    def _become(self, order: Mapping[str, Any], server: int) -> None:
        """Turn this fork into a process of its own."""
        lean.collect_seldom()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._master.close()
        os.close(self._woken)
        os.close(self._wake)
        os.setsid()
        _control(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_UNWANTED_FIRST, encoding="ascii")
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.environ.clear()
        os.environ.update(order["environment"])
        time.tzset()
        os.chdir(order["folder"])
        _forget()

    def _reap(self) -> None:
        """Take note of every child that ended, and kill what it had started."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            if ended.si_pid in self._children:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(ended.si_pid, signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            if ended.si_pid in self._children:
                self._children.discard(ended.si_pid)
                self._tell(told="ended", pid=ended.si_pid, code=os.waitstatus_to_exitcode(status))

    def _tell(self, **message: Any) -> None:
        with contextlib.suppress(OSError):
            self._master.send(json.dumps(message).encode())

    def _end(self) -> None:
        """Kill every child and grandchild, and remove what the master would have removed."""
        signal.set_wakeup_fd(-1)
        self._master.close()
        own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        for pid in self._children:
            _signalled(pid, signal.SIGKILL)
        while True:
            with contextlib.suppress(OSError, ValueError):
                for pid in map(int, own.read_text(encoding="ascii").split()):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)
        for root, label in self._places:
            _put_right(root, label)


def _imported(modules: list[str]) -> list[str]:
    """Import modules, call what is named as ``module:function``, and return what could not be."""
    missing = []
    for name in modules:
        module, _, function = name.partition(":")
        try:
            found = import_module(module)
            if function:
                getattr(found, function)()
        except Exception:
            missing.append(name)
    gc.collect()
    gc.freeze()
    return missing


def _called(target: str, arguments: list[Any]) -> int:
    module, _, name = target.partition(":")
    try:
        done = getattr(import_module(module), name)(*arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return done if isinstance(done, int) else 0


def _forget() -> None:
    """Forget what this process knows of the server's environment: its folder of temporary files and its chance."""
    import tempfile

    tempfile.tempdir = None
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _signalled(pid: int, number: int) -> None:
    """Send a signal to a child and its group; to the child alone where it has no group of its own yet."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _control(what: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(what, value, 0, 0, 0)


def _put_right(root: str, label: str) -> None:
    """Clear what the master left of a report that it did not come to publish, unless another run is at it by now."""
    from salesnb.errors import SalesnbError
    from salesnb.run.holding import tidy

    with contextlib.suppress(SalesnbError, OSError):
        tidy(Path(root), label)


def main(number: str) -> None:
    """Serve on an inherited socket."""
    Server(socket.socket(fileno=int(number))).serve()


if __name__ == "__main__":
    main(sys.argv[1])
