"""Attended: work that goes on in a thread while the main one listens to signals and to the clock.

No signal ever breaks into the work: it asks the work to stop, which ends every process that it waits for, and the work
ends as it would with any other error, with everything put in its place. A second signal changes nothing.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Generic, TypeVar

from salesnb.errors import OutOfTime, Stopped
from salesnb.run.stop import Stop

T = TypeVar("T")

GRACE = 20.0
_GLANCE = 0.5
_WORDS = {"SIGINT": "it was interrupted", "SIGTERM": "it was terminated", "SIGHUP": "its terminal was closed"}


class _Work(threading.Thread, Generic[T]):
    """A call in a thread of its own that does not keep the process alive."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(name="run", daemon=True)
        self._call = call
        self.result: T
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._call()
        except BaseException as error:
            self.error = error


def attended(call: Callable[[], T], stop: Stop, *, seconds: float, told: Callable[[str], None]) -> T:
    """Make a call in a thread, and return what it returns or raise what it raises.

    Parameters
    ----------
    call
        It has to end soon after `stop` is set.
    stop
        Set by the first SIGINT, SIGTERM or SIGHUP.
    seconds
        When to set it anyway.
    told
        Called once with the words of the reason.

    Raises
    ------
    KeyboardInterrupt, SystemExit
        There was a signal, and the work did not come to its end: it was too late to stop one that did.
    OutOfTime
        The work did not end in time, nor in the seconds of grace after that.
    """
    work = _Work(call)
    ends_at, heard, is_late = time.monotonic() + seconds, False, False
    with listening(stop) as signals:
        work.start()
        while work.is_alive():
            work.join(_GLANCE)
            if time.monotonic() > ends_at:
                is_late = is_late or not stop.is_set
                stop.set("the run took longer than it may")
            if stop.is_set and not heard:
                heard = True
                ends_at = min(ends_at, time.monotonic()) + GRACE
                told(stop.why)
            elif heard and time.monotonic() > ends_at:
                break
        if stop.is_set and not heard:
            told(stop.why)
    if signals and (work.is_alive() or work.error is not None):
        raise KeyboardInterrupt if signals[0] == signal.SIGINT else SystemExit(128 + signals[0])
    if work.is_alive():
        raise OutOfTime("the run took longer than it may, and did not end when told to", mend="give it more time")
    if isinstance(work.error, Stopped) and is_late:
        raise OutOfTime(stop.why, where=work.error.where, mend="let it do less, or give it more time")
    if work.error is not None:
        raise work.error
    return work.result


@contextlib.contextmanager
def listening(stop: Stop) -> Iterator[list[int]]:
    """Have signals set the stop, and nothing else; the numbers of those heard are in the list."""
    heard: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        name = signal.Signals(number).name
        threading.Thread(target=stop.set, args=[_WORDS[name]], daemon=True).start()

    numbers = [getattr(signal, name) for name in _WORDS if hasattr(signal, name)]
    before: dict[int, Any] = {}
    for number in numbers:
        handler = signal.getsignal(number)
        if handler is not signal.SIG_IGN:
            before[number] = handler
            signal.signal(number, hear)
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
