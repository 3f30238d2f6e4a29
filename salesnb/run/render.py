"""Render: an executed notebook in, one page out that needs nothing but itself.

The page shows text, tables and pictures, and no code. Everything else that a cell put out is refused, with a visible
note. Of text, what can act is gone (see :mod:`salesnb.run.sanitise`); a content security policy in the page lets
nothing load and nothing run but the few lines whose digest it names. The same notebook gives the same page but for the
one stamped line.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from html import unescape
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from salesnb import formats
from salesnb.errors import RenderError, SalesnbError
from salesnb.report.css import CSS
from salesnb.run import rowsets, sanitise
from salesnb.run.outline import Outline
from salesnb.run.outputs import blocks
from salesnb.run.pages import Facts, Page

_TITLE = re.compile(r"\A\s*#[ \t]+(\S.*?)(?:[ \t]+#+)?[ \t]*(?:\n|\Z)")
_MARKS = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_FACTS = re.compile(r'<p class="snb-facts">(.*?)</p>', re.DOTALL)
_FACT = re.compile(r"([^<>:·]+): <b>(.*?)</b>", re.DOTALL)


def templates() -> Path:
    """Return the folder of the templates that come with the package."""
    return Path(str(resources.files("salesnb.report").joinpath("templates")))


def warm() -> None:
    """Prepare what the first page would otherwise wait for."""
    _template("notebook.html.j2")
    _assets("page.js")


def render(name: str, notebook: Any, facts: Facts) -> Page:
    """Make a page of an executed notebook.

    Parameters
    ----------
    name
        ``01_scorecard``.
    notebook
        The executed notebook.
    facts
        What the head and the foot say.

    Raises
    ------
    RenderError
        The notebook cannot be made into a page.
    """
    outline = Outline()
    try:
        title, cells = _titled(name, notebook.cells)
        pairs, cells = _told(cells)
        shown = [Markup(block) for cell in cells for block in blocks(cell, outline)]
        contents = tuple(heading for heading in outline.headings if heading.level == 2)
        content = {
            "title": title,
            "language": notebook.metadata.get("language") or "en",
            "period": sanitise.visible(facts.period),
            "source": sanitise.visible(facts.source),
            "facts": _visible(pairs or facts.pairs),
            "stamp": facts.stamp,
            "contents": contents,
            "blocks": shown,
            "rows": Markup(outline.rows),
            "what_if": Markup(outline.what_if),
            "opens": _hint(outline),
        }
        scripts = ("page.js", "what_if.js") if outline.what_if else ("page.js",)
        html = _template("notebook.html.j2").render(resources={"salesnb": {"page": content, **_assets(*scripts)}})
        outline.notes += rowsets.dead(outline.opens, rowsets.keys(outline.rows))
    except SalesnbError:
        raise
    except Exception as error:
        raise RenderError(
            f"the notebook could not be made into a page: {type(error).__name__}: {str(error)[:300]}",
            where=f"{name}.ipynb, in the section {outline.section!r}" if outline.section else f"{name}.ipynb",
            mend="look at what its cells put out there",
        ) from error
    return Page(name, title, html, contents, tuple(dict.fromkeys(outline.notes)), pairs)


def render_contents(content: Mapping[str, Any], facts: Facts) -> str:
    """Make the first page of a report from what it lists; see :mod:`salesnb.run.overview`."""
    page = {
        "language": "en",
        "period": facts.period,
        "source": facts.source,
        "facts": list(facts.pairs),
        "stamp": facts.stamp,
        "contents": (),
        **content,
    }
    return _template("contents.html.j2").render(resources={"salesnb": {"page": _visible(page), **_assets()}})


def policy(css: str, script: str | None) -> str:
    """Return the content security policy of a page: nothing but its own pictures, this style and this script."""
    parts = ["default-src 'none'", "img-src data:", f"style-src {_source(css)}"]
    if script is not None:
        parts.append(f"script-src {_source(script)}")
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates() / "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@cache
def _assets(*scripts: str) -> Mapping[str, Any]:
    folder = templates() / "report"
    css = _minified(CSS + (folder / "page.css").read_text(encoding="utf-8"))
    code = "".join((folder / script).read_text(encoding="utf-8") for script in scripts) or None
    return {"css": Markup(css), "script": Markup(code) if code else None, "policy": Markup(policy(css, code))}


def _minified(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s+", " ", css).strip()


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return sanitise.visible(value)
    if isinstance(value, Mapping):
        return {key: _visible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(item) for item in value]
    return value


def _hint(outline: Outline) -> str:
    """Say how many numbers open rows, in words that are true without scripts too."""
    known = rowsets.keys(outline.rows)
    live = sum(key in known for key in outline.opens)
    if not live:
        return ""
    open_them = "opens the rows behind it" if live == 1 else "open the rows behind them"
    return f"{formats.plural(live, 'number')} on this page {open_them}, in a browser that runs the page's script."


def _titled(name: str, cells: list[Any]) -> tuple[str, list[Any]]:
    """Take the first heading out of the cells: it becomes the page's own."""
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            match = _TITLE.match(cell.source)
            if match:
                rest = {**cell, "source": cell.source[match.end() :]}
                title = sanitise.visible(_MARKS.sub("", match[1]))
                return title, [*cells[:index], type(cell)(rest), *cells[index + 1 :]]
            break
    return re.sub(r"^\d+_", "", name).replace("_", " ").strip().capitalize() or name, list(cells)


def _told(cells: list[Any]) -> tuple[tuple[tuple[str, str], ...], list[Any]]:
    """Take what the open sheet says of period and data out of the cells: it becomes the page's head."""
    for index, cell in enumerate(cells):
        for output in cell.get("outputs", ()):
            match = _FACTS.search(output.get("data", {}).get("text/html", ""))
            if match:
                pairs = tuple((unescape(name).strip(), unescape(value)) for name, value in _FACT.findall(match[1]))
                rest = type(cell)({**cell, "outputs": [other for other in cell.outputs if other is not output]})
                return pairs, [*cells[:index], rest, *cells[index + 1 :]]
    return (), cells
