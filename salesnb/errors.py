"""Every error that salesnb raises on purpose, as one tree, each with its exit code.

::

    SalesnbError                    1   (never raised itself)
    ├── UsageError                  2   the command line cannot be read
    ├── ParameterError              3   a parameter, a period or a settings file is wrong   (ValueError)
    │   ├── PeriodError             3   a period that cannot be read                        (ValueError)
    │   ├── MappingError            3   a mapping file that cannot be used                  (ValueError)
    │   └── UnknownKpi              3   no KPI or variant of that name                      (ValueError)
    ├── ContractError               4   the data cannot be brought into the contract        (ValueError)
    │   └── SourceError             4   a file or a database that cannot be read            (ValueError)
    ├── NeedsData                   4   a table or column that is not there
    ├── CellError                   5   a notebook cell failed
    ├── OutOfTime                   6   a deadline passed
    ├── KernelDied                  7   the kernel ended by itself
    ├── RenderError                 8   a notebook could not be made into a page
    ├── PeriodBusy                  9   another run holds the period
    ├── StorageError               10   the disk or the folder refused
    ├── RefusedForSafety           11   a path, a link or an input that is not safe
    └── Stopped                   130   the user ended it, or it was of no use any more

Every message has three parts: what is wrong, where, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar


class SalesnbError(Exception):
    """What is wrong, where it is, and how to mend it.

    Parameters
    ----------
    what
        One sentence: what is wrong, and what was got.
    where
        File, row and column; notebook and cell; or the parameter's name.
    mend
        One sentence: what the reader can do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what = what
        self.where = where
        self.mend = mend
        super().__init__(what, where, mend)

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.mend:
            parts.append(f"  mend:  {self.mend}")
        return "\n".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.mend))


def _rebuild(kind: type[SalesnbError], what: str, where: str, mend: str) -> SalesnbError:
    return kind(what, where=where, mend=mend)


class UsageError(SalesnbError):
    """The command line cannot be read."""

    exit_code = 2


class ParameterError(SalesnbError, ValueError):
    """A parameter or a settings file is wrong."""

    exit_code = 3


class PeriodError(ParameterError):
    """A period that cannot be read."""


class MappingError(ParameterError):
    """A mapping file that cannot be used."""


class UnknownKpi(ParameterError):
    """No KPI, or no variant of it, has that name."""


class ContractError(SalesnbError, ValueError):
    """The data cannot be brought into the contract without a guess."""

    exit_code = 4


class SourceError(ContractError):
    """A file or a database that cannot be read."""


class NeedsData(SalesnbError):
    """A table or a column that is needed and is not there.

    Attributes
    ----------
    needs
        What is missing: ``"orders"`` or ``"orders.cost"``.
    """

    exit_code = 4

    def __init__(self, what: str, *, where: str = "", mend: str = "", needs: str = "") -> None:
        super().__init__(what, where=where, mend=mend)
        self.needs = needs

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_needs, (self.what, self.where, self.mend, self.needs))


def _rebuild_needs(what: str, where: str, mend: str, needs: str) -> NeedsData:
    return NeedsData(what, where=where, mend=mend, needs=needs)


class CellError(SalesnbError):
    """A cell of a notebook failed."""

    exit_code = 5


class OutOfTime(SalesnbError):
    """A deadline of a cell, a run or a rendering passed."""

    exit_code = 6


class KernelDied(SalesnbError):
    """The kernel ended by itself."""

    exit_code = 7


class RenderError(SalesnbError):
    """A notebook could not be made into a page."""

    exit_code = 8


class PeriodBusy(SalesnbError):
    """Another run holds the period."""

    exit_code = 9


class StorageError(SalesnbError):
    """The disk or the folder refused."""

    exit_code = 10


class RefusedForSafety(SalesnbError):
    """A path, a link or an input that is not safe."""

    exit_code = 11


class Stopped(SalesnbError):
    """It was ended before its end: by the user, or because what it was part of had failed."""

    exit_code = 130


def did_you_mean(got: str, known: Sequence[str]) -> str:
    """Say which known name was probably meant, and else which names there are.

    Examples
    --------
    >>> did_you_mean("opportunites", ["orders", "opportunities"])
    "did you mean 'opportunities'?"
    >>> did_you_mean("zzz", ["orders", "leads"])
    'known: leads, orders'
    """
    near = get_close_matches(got, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return "known: " + ", ".join(sorted(known))
