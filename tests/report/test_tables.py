"""Tables: escaped, captioned, scoped, numbers on the right, nothing dropped in silence."""

from __future__ import annotations

import pandas as pd

from salesnb import formats
from salesnb.report.tables import Cell, by_row, folded, number, table, text

ROWS = pd.DataFrame({"rep": ["Ann <b>", "Bo & Co"], "sold": [1_200_000.0, 50.0], "won": [0.5, None]})
COLUMNS = {"rep": text("Rep"), "sold": number("Sold", formats.money), "won": number("Won", formats.share)}


def test_the_whole_of_a_table() -> None:
    made = table(ROWS, COLUMNS, caption="Sales > 0", note="In USD & no more.")
    assert made.html == (
        '<div class="snb-scroll" role="region" aria-label="Sales &gt; 0" tabindex="0">'
        '<table class="snb-table"><caption>Sales &gt; 0</caption>'
        '<thead><tr><th scope="col">Rep</th><th scope="col" class="num">Sold</th><th scope="col" class="num">Won</th>'
        "</tr></thead>\n<tbody>\n"
        '<tr><th scope="row">Ann &lt;b&gt;</th><td class="num">1.2 M</td><td class="num">50.0 %</td></tr>\n'
        '<tr><th scope="row">Bo &amp; Co</th><td class="num">50</td><td class="num">n/a</td></tr>\n'
        '</tbody></table></div><p class="snb-note">In USD &amp; no more.</p>'
    )
    assert made.text == "\n".join(
        ["Sales > 0", "Rep       Sold     Won", "Ann <b>  1.2 M  50.0 %", "Bo & Co     50     n/a", "In USD & no more."]
    )
    assert made.alt == "Sales > 0"
    assert made._repr_mimebundle_() == {"text/html": made.html, "text/plain": made.text}


def test_a_cell_has_a_tone_and_a_smaller_line() -> None:
    columns = {"rep": by_row("Rep", lambda row: Cell(row["rep"], "bad", "behind < plan"), is_number=False)}
    made = table(ROWS.head(1), columns, caption="c")
    assert (
        '<th scope="row" class="snb-bad">Ann &lt;b&gt;<span class="snb-detail">behind &lt; plan</span></th>'
        in made.html
    )
    assert "Ann <b> (behind < plan)" in made.text


def test_rows_beyond_the_most_are_counted() -> None:
    made = table(ROWS, COLUMNS, caption="c", note="Note.", most=1)
    assert "Bo" not in made.html
    assert "Note. 1 more row not shown." in made.html


def test_a_table_of_no_rows_says_so() -> None:
    made = table(ROWS.head(0), COLUMNS, caption="Sales", empty="None <yet>.")
    assert made.html == '<p class="snb-empty"><strong>Sales</strong> None &lt;yet&gt;.</p>'
    assert made.text == "Sales\nNone <yet>."


def test_a_missing_text_is_empty() -> None:
    made = table(pd.DataFrame({"a": ["x", None, float("nan")]}), {"a": text("A")}, caption="c")
    assert made.html.count('<th scope="row"></th>') == 2


def test_a_folded_table_shows_what_it_holds() -> None:
    made = table(pd.DataFrame({"a": ["x"]}), {"a": text("A")}, caption="Who is <late>.")
    shut = folded(made, 13, "seller")
    words = "Who is &lt;late&gt;: show 13 sellers"
    assert shut.html == f'<details class="snb-fold"><summary>{words}</summary>{made.html}</details>'
    assert (shut.caption, shut.text) == (made.caption, made.text)
    assert folded(made, 12, "seller") is made
