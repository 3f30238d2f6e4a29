"""Order: what a run is to make, and what came of it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from salesnb.errors import SalesnbError
from salesnb.params import Params
from salesnb.run.job import Deadlines
from salesnb.run.manifest import Manifest


@dataclass(frozen=True)
class Order:
    """What is to be made.

    Attributes
    ----------
    settings
        All parameters.
    texts
        Name to the text of every notebook, in reading order.
    wanted
        The names of those that are asked for.
    deadlines
        When to give up.
    is_forced
        Execute also what is as it was.
    goes_on
        Publish what succeeded although some notebook failed.
    keep
        How many of the reports before to keep.
    """

    settings: Params
    texts: Mapping[str, str]
    wanted: tuple[str, ...]
    deadlines: Deadlines = field(default_factory=Deadlines)
    is_forced: bool = False
    goes_on: bool = False
    keep: int = 5


@dataclass(frozen=True)
class RunResult:
    """A published report.

    Attributes
    ----------
    period
        Its label.
    folder, index
        Where it is, and its first page.
    headlines
        The findings of all notebooks, in reading order.
    manifest
        What the run did; of a report that stayed as it was, what the run that made it did, as far as it is read back.
    is_unchanged
        Whether nothing was executed, because all inputs are what they were.
    failed
        The notebooks that are missing in it, each with the reason; only where the run was asked to go on.
    """

    period: str
    folder: Path
    index: Path
    headlines: tuple[str, ...]
    manifest: Manifest
    is_unchanged: bool = False
    failed: Mapping[str, SalesnbError] = field(default_factory=dict)
