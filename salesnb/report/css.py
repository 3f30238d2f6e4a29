"""Style sheet of tables and tiles: one text that a published page and JupyterLab both use.

Every class begins with ``snb-``. Colours are custom properties with a light and a dark value; a page that has a scheme
of its own sets the same names.
"""

from __future__ import annotations

from salesnb.report import style


def _properties(scheme: str) -> str:
    good, bad = ("#005b94", "#b34700") if scheme == "light" else ("#6cb6ee", "#ff9d5c")
    pairs = {
        "surface": style.SURFACE[scheme],
        "ink": style.INK[scheme],
        "muted": style.MUTED[scheme],
        "rule": style.RULE[scheme],
        "good": good,
        "bad": bad,
    }
    return "".join(f"--snb-{name}:{colour};" for name, colour in pairs.items())


CSS = f"""
:root{{{_properties("light")}}}
@media screen and (prefers-color-scheme:dark){{:root{{{_properties("dark")}}}}}
.snb-scroll{{overflow-x:auto;margin:.75rem 0 .25rem;max-width:100%}}
.snb-table{{border-collapse:collapse;font-size:.875rem;line-height:1.35;color:var(--snb-ink);min-width:min(100%,30rem)}}
.snb-table caption{{caption-side:top;text-align:left;font-weight:600;padding:.25rem 0 .5rem;color:var(--snb-ink)}}
.snb-table th,.snb-table td{{padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top;font-weight:400;
border-bottom:1px solid var(--snb-rule);background:none}}
.snb-table thead th{{color:var(--snb-muted);font-weight:600;border-bottom:2px solid var(--snb-rule);
vertical-align:bottom}}
.snb-table .num{{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-left:.5rem}}
.snb-table thead .num{{white-space:normal}}
.snb-table .num+:not(.num){{padding-left:.75rem}}
.snb-table tbody th{{font-weight:500;min-width:8rem;max-width:22rem;overflow-wrap:anywhere}}
.snb-detail{{display:block;color:var(--snb-muted);font-size:.78rem;font-weight:400;overflow-wrap:anywhere}}
.snb-table .snb-break{{overflow-wrap:anywhere;min-width:7rem;max-width:14rem}}
.snb-fold>summary{{cursor:pointer;color:var(--snb-ink);font-weight:600;font-size:.875rem;margin:.75rem 0}}
.snb-good{{color:var(--snb-good);font-weight:600}}
.snb-bad{{color:var(--snb-bad);font-weight:600}}
.snb-muted{{color:var(--snb-muted)}}
.snb-note,.snb-empty{{color:var(--snb-muted);font-size:.82rem;margin:.25rem 0 1rem}}
.snb-empty strong{{color:var(--snb-ink)}}
.snb-headlines{{margin:.5rem 0 1rem;padding-left:1.2rem;line-height:1.5;max-width:46rem}}
.snb-headlines li{{margin:.3rem 0}}
.snb-headlines li:first-child{{font-size:1.15rem;font-weight:600;line-height:1.35}}
.snb-tiles{{display:grid;grid-template-columns:repeat(auto-fill,minmax(15.5rem,1fr));gap:.75rem;padding:0;margin:1rem 0;
list-style:none}}
.snb-tile{{border:1px solid var(--snb-rule);border-top:3px solid var(--snb-muted);border-radius:.35rem;
padding:.7rem .8rem;
color:var(--snb-ink);background:var(--snb-surface);font-size:.81rem;line-height:1.45;break-inside:avoid;margin:0}}
.snb-tile-good{{border-top-color:var(--snb-good)}}
.snb-tile-bad{{border-top-color:var(--snb-bad)}}
.snb-tile p{{margin:0}}
.snb-tile .snb-label{{color:var(--snb-muted);font-weight:600}}
.snb-tile .snb-value{{font-size:1.55rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums;
white-space:nowrap}}
.snb-opens,.snb-opens:visited{{color:inherit;text-decoration:none}}
.snb-bars{{display:block;width:100%;max-width:44rem;height:auto;font-size:12px;margin:.5rem 0}}
.snb-bars text{{fill:var(--snb-ink)}}
.snb-bars .snb-strong{{font-weight:650}}
.snb-bar{{stroke:var(--snb-good);stroke-width:7;stroke-opacity:.45}}
.snb-dot{{fill:var(--snb-good)}}
.snb-goal{{stroke:var(--snb-ink);stroke-width:1.5}}
.snb-past{{color:var(--snb-muted);font-size:.8rem}}
.snb-strip{{vertical-align:middle}}
.snb-strip line{{stroke:var(--snb-muted)}}
.snb-strip circle{{fill:var(--snb-ink)}}
.snb-past-mark{{fill:var(--snb-good);fill-opacity:.45}}
.snb-facts{{color:var(--snb-ink);margin:0 0 1rem;font-size:.875rem}}
.snb-facts b{{font-weight:600}}
"""
