"""Headlines as a list that a page shows first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from salesnb import formats
from salesnb.report.tables import opening


class Result(Protocol):
    """What every analysis returns: a frozen result that can say what it found."""

    def headlines(self) -> list[str]:
        """Return the computed sentences, the most important first."""
        ...


@dataclass(frozen=True)
class Sentences:
    """Computed sentences: a list in HTML, lines in a terminal."""

    alt: str
    html: str
    text: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def headlines(result: Result) -> Sentences:
    """Make the list of a result's headlines; the first one is set larger, and one that is ``Told`` opens its rows."""
    told = result.headlines()
    items = "\n".join(f"<li>{opening(formats.unbroken(s), getattr(s, 'opens', ''))}</li>" for s in told)
    return Sentences("Headlines", f'<ul class="snb-headlines">\n{items}\n</ul>', "\n".join(f"- {s}" for s in told))
