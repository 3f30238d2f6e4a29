"""Stop: the way to end executions from another thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from salesnb.errors import Stopped


class Stop:
    """Ends what is under way, at once, and lets nothing new begin.

    Attributes
    ----------
    why
        The reason, in words; empty while nobody asked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], None]] = []
        self.why = ""

    @property
    def is_set(self) -> bool:
        """Whether it has been asked for."""
        return bool(self.why)

    def set(self, why: str) -> None:
        """End what is under way; the words say why, and the first ones count."""
        with self._lock:
            self.why = self.why or why
            ends, self._ends = self._ends, []
        for end in ends:
            end()

    def check(self) -> None:
        """Raise Stopped where it has been asked for."""
        if self.why:
            raise Stopped(self.why)

    @contextlib.contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Have something ended by a call while the block lasts; at once where a stop has been asked for already."""
        with self._lock:
            is_late = self.is_set
            self._ends.append(end)
        if is_late:
            end()
        try:
            yield
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._ends.remove(end)
