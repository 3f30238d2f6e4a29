"""Opening: a source while it is being opened, its mapping, and what was found wrong so far, to be raised at once."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from typing import Any

from salesnb.data import held
from salesnb.data.mapping import Mapping
from salesnb.data.origins import FileRule
from salesnb.data.sources import Raw, Reading, Source
from salesnb.errors import ContractError, MappingError, SalesnbError, SourceError


@dataclass(frozen=True)
class Opening:
    """A source, its mapping, and the problems found so far.

    Attributes
    ----------
    mapping, source
        What is opened, and how.
    troubles
        The problems, in the order they were found.
    """

    mapping: Mapping
    source: Source
    troubles: list[SalesnbError] = field(default_factory=list)
    _read: dict[tuple[str, Reading], Raw] = field(default_factory=dict)
    _held: list[str] = field(default_factory=list)

    @property
    def backend(self) -> Any:
        """The Ibis backend of the source."""
        return self.source.backend

    def raw(self, name: str, rule: FileRule) -> Raw:
        """Return the rows of a file or table, read once; what the rule does not say of it, the mapping says."""
        mapping = self.mapping
        reading = Reading(
            encoding=rule.encoding or mapping.encoding, delimiter=rule.delimiter or mapping.delimiter,
            header=rule.header, sheet=rule.sheet, skip_rows=rule.skip_rows,
        )  # fmt: skip
        if (name, reading) not in self._read:
            self._read[name, reading] = self.source.raw(name, reading)
        return self._read[name, reading]

    def held(self, table: Any, name: str) -> Any:
        """Put an expression's rows into a temporary table of the source's backend and return that."""
        return held.hold(self.backend, self.new_name(name), table)

    def new_name(self, name: str) -> str:
        """A name of a temporary table or view that is not taken, however many sources one database serves."""
        unique = f"{name}_{len(self._held)}_{id(self):x}"
        self._held.append(unique)
        return unique

    def one_row(self, table: Any, asked: MappingABC[str, Any]) -> dict[str, Any]:
        """Return aggregates of a table, each under its name; None where there is nothing to aggregate."""
        [row] = held.rows(self.backend, self.backend.compile(table.aggregate(**asked)))
        return dict(zip(asked, row, strict=True))

    def raise_troubles(self) -> None:
        """Raise all problems as one error, of the kind that has to be mended first; nothing where there is none.

        Raises
        ------
        MappingError, SourceError, ContractError
            The problems: one as it is, several as a list.
        """
        found = list({str(trouble): trouble for trouble in self.troubles}.values())
        if not found:
            return
        if len(found) == 1:
            raise found[0]
        kind = next(k for k in (MappingError, SourceError, ContractError) if any(isinstance(t, k) for t in found))
        lines = sorted(f"  - {trouble.where}: {trouble.what}" for trouble in found)
        mends = dict.fromkeys(trouble.mend for trouble in found if trouble.mend)
        raise kind(f"{len(found)} problems:\n" + "\n".join(lines), where=self.source.label, mend="; ".join(mends))
