"""Work in a thread, with signals and the clock."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from salesnb.errors import OutOfTime, Stopped
from salesnb.run import attended as module
from salesnb.run.attended import attended
from salesnb.run.stop import Stop


def test_it_returns_what_the_call_returns() -> None:
    assert attended(lambda: threading.current_thread().name, Stop(), seconds=10, told=print) == "run"


def test_it_raises_what_the_call_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        attended(lambda: 1 / 0, Stop(), seconds=10, told=print)


@pytest.mark.parametrize(
    ("number", "error", "code", "words"),
    [
        (signal.SIGINT, KeyboardInterrupt, None, "it was interrupted"),
        (signal.SIGTERM, SystemExit, 143, "it was terminated"),
        (signal.SIGHUP, SystemExit, 129, "its terminal was closed"),
    ],
)
def test_a_signal_stops_the_work_which_ends_in_its_own_way(
    number: int, error: type[BaseException], code: int | None, words: str
) -> None:
    stop, ended, told = Stop(), threading.Event(), []

    def work() -> None:
        halt = threading.Event()
        with stop.ending(halt.set):
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
            assert halt.wait(20)
        time.sleep(0.05)
        ended.set()
        stop.check()

    before = signal.getsignal(number)
    with pytest.raises(error) as raised:
        attended(work, stop, seconds=60, told=told.append)
    assert ended.is_set()
    assert told == [words]
    assert getattr(raised.value, "code", None) == code
    assert signal.getsignal(number) == before


def test_a_signal_that_comes_too_late_changes_nothing() -> None:
    assert attended(lambda: os.kill(os.getpid(), signal.SIGINT) or 7, Stop(), seconds=60, told=lambda why: None) == 7


def test_the_clock_stops_it_too() -> None:
    stop = Stop()

    def work() -> None:
        halt = threading.Event()
        with stop.ending(halt.set):
            halt.wait(20)
        stop.check()

    with pytest.raises(OutOfTime, match="the run took longer than it may"):
        attended(work, stop, seconds=0.05, told=lambda why: None)


def test_what_does_not_listen_is_left_after_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.1)
    over = threading.Event()
    with pytest.raises(OutOfTime, match="did not end when told to"):
        attended(lambda: over.wait(20), Stop(), seconds=0.05, told=lambda why: None)
    over.set()


def test_in_another_thread_no_handler_is_touched() -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append(attended(lambda: 1, Stop(), seconds=10, told=print)))
    thread.start()
    thread.join()
    assert found == [1]


def test_a_stop_ends_what_comes_late_at_once() -> None:
    stop, ends = Stop(), []
    stop.set("first")
    stop.set("second")
    with stop.ending(lambda: ends.append(1)):
        assert ends == [1]
    with pytest.raises(Stopped, match="first"):
        stop.check()
