"""Write the parts of the documentation that are lists: the KPIs, the data contract and the command line.

``make docs`` runs this; a test holds the pages equal to what it would write.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent

_NOTE = "<!-- Written by `make docs`: change the code it describes, not this page. -->"
_BETTER = {"up": "more is better", "down": "less is better", "target": "near its target is better", "none": "neither"}


def kpis_page() -> str:
    """Return the catalogue of KPIs as Markdown."""
    from salesnb.kpis.registry import all_kpis

    kpis = all_kpis()
    lines = [
        "# KPI catalogue",
        _NOTE,
        "One definition each, every variant named; an id alone means its default. In the formulas `P` is the period,"
        " from its first day to its last. A rate over no rows is n/a, never 0.",
        f"`salesnb kpi ID[.VARIANT] --period P` computes any of these {len(kpis)}, `--rows` lists the rows behind it.",
    ]
    for family, members in groupby(kpis, lambda kpi: kpi.family):
        lines.append(f"## {family.capitalize()}")
        for _, group in groupby(members, lambda kpi: kpi.id):
            variants = list(group)
            head = next(kpi for kpi in variants if kpi.is_default)
            lines.append(f"### {head.id}")
            lines.append(
                _table(
                    ("variant", "what it answers", "formula", "needs"),
                    (
                        (_name(kpi), kpi.meaning, kpi.formula, ", ".join(_need(need) for need in kpi.needs))
                        for kpi in variants
                    ),
                )
            )
            lines.append("\n".join(_about(head)))
            lines += [_differences(kpi, head) for kpi in variants if _differences(kpi, head)]
    return _page(lines)


def _name(kpi: Any) -> str:
    return f"**{kpi.variant}** (default)" if kpi.is_default else kpi.variant


def _need(need: str) -> str:
    return " or ".join(f"`{name}`" for name in need.split("|"))


def _about(kpi: Any) -> list[str]:
    facts = {
        "unit": f"{_words(kpi.unit)}; {_BETTER[kpi.better]}",
        "category": f"{kpi.category}; of three, {kpi.category3}",
        "a row behind it is": kpi.grain,
        "split by": _words(kpi.by or ""),
        "owner": f"{kpi.owner}; reviewed {kpi.cadence}",
        "when it misses": kpi.action,
        "source": kpi.source,
    }
    return [f"- {name}: {text}" for name, text in facts.items() if text]


def _differences(kpi: Any, head: Any) -> str:
    """Say in what, other than its formula, a variant differs from the default."""
    if kpi is head:
        return ""
    own = [line for line, heads in zip(_about_all(kpi), _about_all(head), strict=True) if line != heads]
    return f"{kpi.variant} differs: " + "; ".join(own) + "." if own else ""


def _about_all(kpi: Any) -> list[str]:
    return [
        f"in {_words(kpi.unit)}",
        _BETTER[kpi.better],
        f"category {kpi.category}",
        f"of three, {kpi.category3}",
        f"a row behind it is {kpi.grain}",
        f"split by {_words(kpi.by)}" if kpi.by else "not split",
        f"owner {kpi.owner}",
        f"when it misses, {kpi.action}",
        f"source: {kpi.source}" if kpi.source else "no source",
    ]


def contract_page() -> str:
    """Return the tables of the data contract as Markdown."""
    from salesnb.data.contract import CONTRACT

    lines = [
        "# Data contract",
        _NOTE,
        "The tables that a source is brought into. Only `opportunities` or `orders` is needed to begin; a table or"
        " column that is not there is said to be needed by what needs it, and the rest works.",
        _table(
            ("table", "a row is", "key", "money", "known at"),
            (
                (f"[{t.name}](#{t.name})", t.a_row_is, _code(t.key), _code(t.money), _code(t.known_at))
                for t in CONTRACT.values()
            ),
        ),
        "A column that must be given is marked *; a row with a null in it is rejected. `id` columns stay texts;"
        " `date` is a business-local day, `time` a business-local moment, `money` an exact decimal.",
    ]
    for table in CONTRACT.values():
        lines.append(f"## {table.name}")
        lines.append(f"A row is {table.a_row_is}.")
        lines.append(
            _table(
                ("column", "kind", "what it holds", "must be"),
                (
                    (f"`{c.name}`" + ("*" if c.is_required else ""), c.kind, c.meaning, _bounds(c))
                    for c in table.columns
                ),
            )
        )
    return _page(lines)


def _bounds(column: Any) -> str:
    if column.choices:
        return "one of " + ", ".join(f"`{choice}`" for choice in column.choices)
    if column.refers_to:
        return f"a key of [{column.refers_to}](#{column.refers_to})"
    low, high = (None if bound is None else f"{bound:g}" for bound in (column.low, column.high))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{low} or more" if low is not None else f"{high} or less" if high is not None else ""


def cli_page() -> str:
    """Return the reference of the command line as Markdown."""
    from typer.main import get_command

    from salesnb.cli import app
    from salesnb.errors import SalesnbError

    root: Any = get_command(app)
    lines = [
        "# Command line",
        _NOTE,
        _plain(root.help),
        "What is asked for goes to standard output, and all else to standard error.",
        _table(
            ("command", "what it does"),
            ((f"[`salesnb {name}`](#salesnb-{name})", _first(c.help)) for name, c in root.commands.items()),
        ),
    ]
    for name, command in root.commands.items():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        lines.append(f"## salesnb {name}")
        lines.append(
            f"`salesnb {' '.join([name, *(_argument(p) for p in arguments), *(['[OPTIONS]'] * bool(options))])}`"
        )
        lines.append(_plain(command.help))
        if arguments or options:
            lines.append(
                _table(
                    ("", "what it is", "default"),
                    ((_spelling(p), _plain(getattr(p, "help", "") or ""), _default(p)) for p in (*arguments, *options)),
                )
            )
    lines += ["## Exit codes", _table(("code", "when"), _exit_codes(SalesnbError))]
    return _page(lines)


def _exit_codes(root: Any) -> list[tuple[str, str]]:
    """What each exit code stands for: the first error in the tree that has it, of salesnb's own."""
    first: dict[int, str] = {}
    for kind in root.__subclasses__():
        if kind.__module__ == root.__module__:
            first.setdefault(kind.exit_code, _first(inspect.getdoc(kind)))
    told = [(str(code), first[code]) for code in sorted(first)]
    return [("0", "Done"), ("1", "A bug of salesnb's own"), *told, ("130, 143", "Stopped by a signal")]


def _argument(param: Any) -> str:
    name = param.metavar or param.name.upper()
    return name if param.required else f"[{name}]"


def _spelling(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{_argument(param)}`"
    value = "" if param.is_flag else f" {param.metavar or param.name.upper()}"
    return ", ".join(f"`{spelling}{value}`" for spelling in (*param.opts, *param.secondary_opts))


def _default(param: Any) -> str:
    value = param.default
    if param.required or value is None or value is False or callable(value) or value == ():
        return "must be given" if param.required else ""
    return f"`{value}`"


def _plain(text: str | None) -> str:
    return inspect.cleandoc(text or "").replace("\b", "").strip()


def _first(text: str | None) -> str:
    return _plain(text).split("\n\n")[0].replace("\n", " ").rstrip(".")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _code(name: str | None) -> str:
    return f"`{name}`" if name else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "data-contract.md": contract_page,
    "kpis.md": kpis_page,
}


def main() -> None:
    """Write every page, and say which ones changed."""
    for name, page in PAGES.items():
        file = FOLDER / name
        text = page()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}", file=sys.stderr)


if __name__ == "__main__":
    main()
