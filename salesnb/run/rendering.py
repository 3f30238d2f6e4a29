"""Rendering: one process that makes pages, so that a page that takes too long, or breaks it, can be ended.

A request is a line of JSON, and so is the answer. The process imports what it needs while the first notebook still
runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from salesnb import errors
from salesnb.errors import OutOfTime, RenderError, SalesnbError
from salesnb.run.outline import Heading
from salesnb.run.pages import Facts, Page

if TYPE_CHECKING:
    from salesnb.run.forkserver import ForkServer
    from salesnb.run.stop import Stop

_GLANCE = 0.02


class Process(Protocol):
    """The part of ``Popen`` that is used here."""

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        ...

    def kill(self) -> None:
        """Kill it."""
        ...


class Renderer:
    """The rendering process, seen from the run; safe to use from several threads, one page at a time.

    Parameters
    ----------
    server
        What forks it; None for a process of its own.
    environment, home
        Its environment, and the private folder that it writes its log to.
    """

    def __init__(self, server: ForkServer | None, environment: Mapping[str, str], home: Path) -> None:
        self._server, self._environment, self._home = server, environment, home
        self._turn = threading.Lock()
        self._process: Process | None = None
        self._requests: IO[bytes] | None = None
        self._answers: IO[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the process, where it does not run: a fork, or one of its own where nothing forks, or no more."""
        if self._process is not None and self._process.poll() is None:
            return
        self._drop()
        log = self._home / "render.log"
        if self._server is not None:
            try:
                self._fork(self._server, log)
            except RuntimeError:
                self._drop()
            else:
                return
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "salesnb.run.forked", "render_on_pipes", "[]"],
                env=dict(self._environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                start_new_session=True,
            )
        self._process, self._requests, self._answers = process, process.stdin, process.stdout

    def _fork(self, server: ForkServer, log: Path) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        self._requests, self._answers = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")
        try:
            self._process = server.fork(
                "salesnb.run.forked:render",
                [],
                environment=self._environment,
                folder=str(self._home),
                log=log,
                files=[theirs_in, theirs_out],
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)

    def page(self, name: str, notebook: str, facts: Facts, seconds: float) -> Page:
        """Make a page of an executed notebook.

        Parameters
        ----------
        name, notebook
            Its name and its text.
        facts
            What the head and the foot say.
        seconds
            The deadline.

        Raises
        ------
        RenderError
            The notebook cannot be made into a page, or the process ended.
        OutOfTime
            It took longer; the process is ended.
        """
        answer = self._asked({"page": name, "notebook": notebook, "facts": asdict(facts)}, f"{name}.ipynb", seconds)
        contents = tuple(Heading(**heading) for heading in answer["contents"])
        facts_told = tuple((pair[0], pair[1]) for pair in answer["facts"])
        return Page(name, answer["title"], answer["html"], contents, tuple(answer["notes"]), facts_told)

    def contents(self, content: Mapping[str, Any], facts: Facts, seconds: float) -> str:
        """Make the first page, with the errors of :meth:`page`."""
        return str(self._asked({"content": content, "facts": asdict(facts)}, "index.html", seconds)["html"])

    @contextlib.contextmanager
    def lent(self, stop: Stop) -> Iterator[Renderer]:
        """Lend it to a run: where that is stopped meanwhile, the process is ended, and that is what went wrong."""
        try:
            with stop.ending(self.kill):
                yield self
        except SalesnbError:
            stop.check()
            raise
        stop.check()

    def _asked(self, request: Mapping[str, Any], where: str, seconds: float) -> dict[str, Any]:
        with self._turn:
            self.start()
            process, requests, answers = self._process, self._requests, self._answers
            assert process is not None
            assert requests is not None
            assert answers is not None
            late = _Alarm(seconds, process.kill)
            try:
                requests.write(json.dumps(request).encode() + b"\n")
                requests.flush()
                line = answers.readline()
            except OSError:
                line = b""
            finally:
                late.cancel()
            if not line:
                code = _code(process)
                self._drop()
                if late.is_over:
                    raise OutOfTime(
                        f"the page took longer than {seconds:g} seconds to make", where=where,
                        mend="let the notebook show less, or give it more time",
                    )  # fmt: skip
                raise RenderError(
                    f"the process that makes pages ended with the code {code}", where=where,
                    mend="mostly it ran out of memory: let the notebook show less at once",
                )  # fmt: skip
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            kind, *parts = answer["error"]
            raise getattr(errors, kind)(parts[0], where=parts[1], mend=parts[2])
        return answer

    def kill(self) -> None:
        """End the process, whatever it is at; the next page starts another."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process, and wait until it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            _code(self._process)
        self._drop()

    def _drop(self) -> None:
        for pipe in (self._requests, self._answers):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        self._process = self._requests = self._answers = None


class _Alarm(threading.Timer):
    """Calls something when time is over, and remembers that it did."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self.is_over = False
        self._call = call
        super().__init__(max(seconds, 0.0), self._over)
        self.daemon = True
        self.start()

    def _over(self) -> None:
        self.is_over = True
        self._call()


def _code(process: Process) -> int | None:
    ends = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < ends:
        time.sleep(_GLANCE)
    return process.poll()


def serve(requests: int, answers: int) -> None:
    """Be the rendering process: answer requests until there are no more."""
    from salesnb.run import lean

    lean.without_grammars()
    from salesnb.run import render as making
    from salesnb.run.notebook import read

    making.warm()
    with os.fdopen(requests, "rb") as lines, os.fdopen(answers, "wb") as out:
        for line in lines:
            request = json.loads(line)
            told = request["facts"]
            pairs = tuple((name, value) for name, value in told["pairs"])
            facts = Facts(told["period"], told["source"], pairs, told["stamp"])
            answer: dict[str, Any]
            try:
                if "content" in request:
                    answer = {"html": making.render_contents(request["content"], facts)}
                else:
                    name = request["page"]
                    answer = asdict(making.render(name, read(request["notebook"], name), facts))
            except SalesnbError as error:
                answer = {"error": [type(error).__name__, error.what, error.where, error.mend]}
            out.write(json.dumps(answer).encode() + b"\n")
            out.flush()
