"""Client: papermill's way to a kernel, with our own way through the cells, and an eye on how much they put out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

_OUTPUTS = ("display_data", "update_display_data", "execute_result")
_OUTPUT, _MESSAGE = 4096, 256
"""What counts for an output, and for any other message, however little is in it: a million of nothing are a flood."""


class Attempt(Protocol):
    """One execution: what the engine and the client call back."""

    def run(self, manager: NotebookExecutionManager, start_timeout: float) -> None:
        """Start a kernel and execute every cell in it."""
        ...

    def cells(self, manager: NotebookExecutionManager) -> None:
        """Execute every cell in its turn."""
        ...


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client.

    Attributes
    ----------
    attempt
        Goes through the cells.
    most_output, on_flood
        How many bytes the cells may put out, and what is called when it is more.
    """

    attempt: Attempt
    most_output: int
    on_flood: Callable[[], None]
    put_out = 0

    @property
    def is_flooded(self) -> bool:
        """Whether the cells put out too much."""
        return self.put_out > self.most_output

    def papermill_execute_cells(self) -> None:
        """Go through the cells."""
        self.attempt.cells(self.nb_man)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take what a cell puts out, as long as it is not too much."""
        content = msg["content"]
        if not self.is_flooded:
            itself = _OUTPUT if msg["msg_type"] in _OUTPUTS else _MESSAGE
            self._count(itself + len(content.get("text", "")) + _size(content.get("data")))
        return None if self.is_flooded else super().process_message(msg, cell, cell_index)

    def _count(self, size: int) -> None:
        self.put_out += size
        if self.is_flooded:
            self.on_flood()


class ManagedEngine(Engine):  # type: ignore[misc]
    """papermill's engine that leaves everything to an attempt."""

    name = "salesnb"

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        attempt: Attempt,
        start_timeout: float,
        **others: Any,
    ) -> None:
        """Execute a notebook.

        Parameters
        ----------
        nb_man, kernel_name
            What papermill hands over.
        attempt
            Does it.
        start_timeout
            How long the kernel may take to start, in seconds.
        others
            Of no use here.
        """
        attempt.run(nb_man, start_timeout)


papermill_engines.register(ManagedEngine.name, ManagedEngine)


def _size(data: Mapping[str, Any] | None) -> int:
    return sum(len(value) if isinstance(value, str) else len(str(value)) for value in (data or {}).values())
