"""Chart: a finished picture with its words; and the empty canvas every picture starts from.

Pictures are SVG with text as text in the reader's own interface font: sharp at any size, and of a tenth of the weight
of a PNG at twice the resolution. Ink and surface follow the reader's light or dark scheme; each picture brings its own
surface, so that it is legible wherever it is shown. The same result gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesnb import formats
from salesnb.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.4
_LINE = 78

_FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',Arial,sans-serif"
_ROLES = {"s": style.SURFACE, "i": style.INK, "m": style.MUTED, "r": style.RULE}
_LIGHT, _DARK = (";".join(f"--{k}:{v[scheme]}" for k, v in _ROLES.items()) for scheme in ("light", "dark"))
_SCHEME = (
    f"<style>text{{font-family:{_FONTS}}}:root{{{_LIGHT}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}</style>"
)


@dataclass(frozen=True)
class Chart:
    """A picture and the sentence that stands in for it.

    Attributes
    ----------
    title
        The finding, with its number.
    alt
        What a reader who does not see the picture needs: the finding, then the values.
    svg
        The picture.
    """

    title: str
    alt: str
    svg: str

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        described = {"alt": self.alt}
        return {"image/svg+xml": self.svg, "text/plain": self.alt}, {**described, "image/svg+xml": described}


def plain(text: object) -> str:
    r"""Return text that matplotlib shows as it is: a dollar sign does not begin mathematics.

    What a drawing cannot hold, such as a control character, becomes U+FFFD: with it no reader could open the file.

    Examples
    --------
    >>> plain("5 $ to 7 $")
    '5 \\$ to 7 \\$'
    """
    return formats.visible(str(text)).replace("$", r"\$")


@contextmanager
def canvas(
    title: str, subtitle: str, *, height: float, shape: tuple[int, int] = (1, 1), **grid: Any
) -> Iterator[tuple[Figure, Sequence[Axes]]]:
    """Open a figure with its title and subtitle written and its axes bare.

    Parameters
    ----------
    title, subtitle
        The finding; and unit, period and n. Both are wrapped.
    height
        Inches of the part below the words.
    shape
        Rows and columns of axes.
    grid
        More for matplotlib's ``subplots``: ``sharex``, ``gridspec_kw``.

    Yields
    ------
    tuple
        The figure, and its axes in one flat list.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    heads = textwrap.wrap(formats.unbroken(title), _LINE) or [""]
    subs = textwrap.wrap(formats.unbroken(subtitle), int(_LINE * 1.32))
    words = 0.16 + 0.235 * len(heads) + 0.185 * len(subs) + 0.12
    settings: Any = {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "text.color": style.INK["light"],
        "axes.labelcolor": style.MUTED["light"],
        "axes.edgecolor": style.RULE["light"],
        "xtick.color": style.MUTED["light"],
        "ytick.color": style.MUTED["light"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "hatch.linewidth": 0.8,
        "svg.fonttype": "none",
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(WIDTH, height + words), facecolor=style.SURFACE["light"])
        axes = figure.subplots(*shape, squeeze=False, **grid)
        below = height / (height + words)  # the part below the words, which has to hold some of the axes
        figure.subplots_adjust(top=below, bottom=min(0.11, below / 2))
        y = 1 - 0.16 / (height + words)
        for lines, size, weight, colour, step in (
            (heads, 12.5, "bold", style.INK["light"], 0.235),
            (subs, 9.5, "normal", style.MUTED["light"], 0.185),
        ):
            for line in lines:
                figure.text(0.012, y, plain(line), fontsize=size, fontweight=weight, color=colour, va="top")
                y -= step / (height + words)
        for ax in axes.flat:
            ax.tick_params(length=0)
        yield figure, list(axes.flat)


def words_alone(title: str) -> Chart:
    """Return a picture of its title alone: what stands where there is nothing to draw."""
    with canvas(str(title), "", height=0.1) as (figure, (ax,)):
        ax.set_axis_off()
        return finish(figure, str(title), str(title))


def finish(figure: Figure, title: str, alt: str) -> Chart:
    """Write a figure to SVG and bind it with its words.

    The same figure gives the same bytes: no date, and ids drawn from the words alone.
    """
    import matplotlib as mpl

    salt = hashlib.sha256(alt.encode()).hexdigest()[:12]
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none"}), io.StringIO() as file:
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        svg = file.getvalue()
    return Chart(title, alt, _themed(svg))


def _themed(svg: str) -> str:
    """Let ink and surface follow the reader's scheme, and drop what a page does not need; words stay as they are."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]*>", lambda tag: _themed_tag(tag[0]), svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg.replace(">", ">" + _SCHEME, 1)


def _themed_tag(tag: str) -> str:
    for name, colours in _ROLES.items():
        light = colours["light"]
        tag = re.sub(rf"(fill|stroke): {light}", rf"\1: var(--{name}, {light})", tag)
    tag = re.sub(r"font-family: [^;]*; ", "", tag)
    tag = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", tag)
    return re.sub(r"(?<![\d.])([1-9]\d*\.\d{2})\d+", r"\1", tag)
