"""Sliders and fields: what they change is what what_if says, and nothing that is typed ends in an error."""

from __future__ import annotations

import base64
import datetime as dtm
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesnb import formats
from salesnb.errors import ParameterError
from salesnb.params import Params, read_params
from salesnb.periods import Period
from salesnb.planning.quota import quota
from salesnb.planning.scenario import what_if
from salesnb.report import saving
from salesnb.report.widget_rows import amount, count, date
from salesnb.report.widgets import Panel
from salesnb.scenarios import Changes, Hire, named, written
from salesnb.settings import parse
from tests.planning.making import book, quotas

Q = Period.parse


@pytest.fixture(scope="module")
def found():
    return quota(book(quotas=quotas("2026Q2", 7000)), Q("2026Q1"), seed=2, trend_periods=2, source="sample")


@pytest.fixture
def panel(found, tmp_path, monkeypatch) -> Panel:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    return Panel(found)


def agrees(panel: Panel) -> None:
    """The panel shows what what_if says of the changes that the controls stand for."""
    truth = what_if(panel.plan, panel.changes(), seed=panel.found.seed)
    assert f'<p class="snb-value">{formats.chance(truth.chance)}</p>' in panel.panel.value
    assert formats.money(truth.middle, panel.found.currency) in panel.panel.value
    day = truth.reached[0.5]
    assert (day.isoformat() if day else "not in 2026Q2") in panel.panel.value


def test_it_begins_as_planned(panel: Panel) -> None:
    assert panel.changes() == Changes()
    agrees(panel)


def test_a_slider_and_a_field_are_one(panel: Panel) -> None:
    panel.sliders["size"].value = 1.2
    assert panel.fields["size"].value == "120.0"
    assert panel.changes() == Changes(size=1.2)
    agrees(panel)
    panel.fields["created"].value = "90"
    assert panel.sliders["created"].value == pytest.approx(0.9)
    assert panel.changes() == Changes(size=1.2, created=0.9)
    agrees(panel)
    panel.fields["created"].value = "1e999"
    assert panel.fields["created"].value == "130.0"
    assert "too high" in panel.words["created"].value
    panel.fields["created"].value = "<b>"
    assert panel.fields["created"].value == "100.0"
    assert "no number" in panel.words["created"].value
    panel.sliders["size"].value = 1.0
    assert panel.changes() == Changes()
    assert panel.words["size"].value == ""


def test_hires_quotas_and_leavers(panel: Panel) -> None:
    row = panel.hires[0]
    row.day.value, row.count.value, row.team.value = "2026-05-01", "2", "n"
    panel.quotas["r0"].value = "9,000"
    panel.leaving["r1"].value = "2026-04-30"
    assert panel.changes() == Changes(
        hires=(Hire(starts_on=dtm.date(2026, 5, 1), count=2, team="n"),), quotas={"r0": 9000.0},
        leavers={"r1": dtm.date(2026, 4, 30)},
    )  # fmt: skip
    agrees(panel)
    panel.quotas["r0"].value, panel.leaving["r1"].value, row.count.value = "-5", "soon", "x"
    assert "too low" in panel.words["r0"].value
    assert "no day" in panel.words["r1"].value
    assert "no number" in row.word.value
    assert panel.changes().quotas == {"r0": 0.0}
    agrees(panel)
    panel.reset.click()
    assert panel.changes() == Changes()
    agrees(panel)


def test_scenarios_are_saved_loaded_and_set_side_by_side(panel: Panel, found, tmp_path) -> None:
    panel.fields["size"].value = "110"
    panel.name.value = "Bigger deals & more"
    panel.save.click()
    file = tmp_path / "params" / "bigger_deals_more.yml"
    assert "Saved as" in panel.message.value
    params = read_params(file)
    assert params.scenarios == {"Bigger deals & more": Changes(size=1.1)}
    assert (params.period, params.source) == ("2026Q1", "sample")
    assert "Bigger deals &amp; more" in panel.compared.value
    panel.save.click()
    assert "there is a file" in panel.message.value, "a file is never written over"
    panel.reset.click()
    again = Panel(found)
    again.start.value = dict(again.start.options)["bigger_deals_more.yml: Bigger deals & more"]
    assert again.changes() == Changes(size=1.1)
    agrees(again)
    again.start.value = dict(again.start.options)["One seller more a team"]
    assert [hire.team for hire in again.changes().hires] == ["n", "s"]
    agrees(again)


def test_where_several_share_a_server_nothing_is_written(found, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "other.yml").write_text(written("2026Q1", {"Secret": Changes(size=2)}))
    shared = Panel(found, is_shared=True)
    assert not any("Secret" in name for name, _ in shared.start.options), "nobody's file is shown to another"
    shared.fields["size"].value = "110"
    shared.save.click()
    data = re.search(r'href="data:application/yaml;base64,([^"]+)"', shared.message.value)[1]
    content = base64.b64decode(data)
    assert saving.read(content, "x.yml") == {"My scenario": Changes(size=1.1)}
    assert [file.name for file in (tmp_path / "params").iterdir()] == ["other.yml"]
    shared.reset.click()
    shared.upload.value = ({"name": "x.yml", "type": "", "size": len(content), "content": content,
                            "last_modified": dtm.datetime(2026, 1, 1, tzinfo=dtm.UTC)},)  # fmt: skip
    assert shared.changes() == Changes(size=1.1)
    assert "My scenario" in shared.compared.value
    shared.upload.value = ({"name": "<x>.yml", "type": "", "size": 1, "content": b"period: [",
                            "last_modified": dtm.datetime(2026, 1, 2, tzinfo=dtm.UTC)},)  # fmt: skip
    assert "&lt;x&gt;" in shared.message.value


def uploaded(name: str, content: bytes) -> dict:
    return {"name": name, "type": "", "size": len(content), "content": content,
            "last_modified": dtm.datetime(2026, 1, 1, tzinfo=dtm.UTC)}  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_nothing_that_is_typed_ends_in_an_error(found, one: str, two: str, three: str) -> None:
    made = Panel(found, is_shared=True)
    made.fields["size"].value, made.quotas["r0"].value, made.leaving["r1"].value = one, two, three
    made.hires[0].day.value, made.hires[0].count.value, made.name.value = one, two, three
    made.save.click()
    assert "snb-tiles" in made.panel.value


def test_typed_amounts_counts_and_days() -> None:
    assert [amount(text)[0] for text in ("", "1,000", "nan", "-1", "1e999", "x")] == [None, 1000, None, 0, 1e9, None]
    assert [count(text)[0] for text in ("", "2.4", "0", "1e999", "-1e999", "y")] == [1, 2, 1, 1000, 1, 1]
    assert [date(text)[0] for text in ("", "2026-05-01", "2026-13-01", "May")] == [
        None,
        dtm.date(2026, 5, 1),
        None,
        None,
    ]
    assert all(word for _, word in (amount("x"), count("y"), date("May"), amount("-1"), count("0")))


def test_a_saved_file_is_what_a_run_takes() -> None:
    joins = (Hire(starts_on=dtm.date(2026, 11, 2), count=2, team="A: b"),)
    changes = Changes(win_rate=0.5, hires=joins, quotas={"r": 5}, leavers={"s": dtm.date(2026, 12, 1)})
    text = written("2026Q3", {"Plan 'B': # 1": changes}, source="sample", target=None)
    params = Params.of(**parse(text.encode(), "x"))
    assert params.scenarios == {"Plan 'B': # 1": changes}
    assert Params.of(**params.for_notebook()) == params
    assert named("  a\n b\t ") == "a b"
    assert "\x00" not in named("a\x00")
    for name in ("", "x" * 61):
        with pytest.raises(ParameterError, match="characters"):
            named(name)
    with pytest.raises(ParameterError, match="13 scenarios"):
        Params.of(period="2026Q3", scenarios={str(n): {} for n in range(13)})
    with pytest.raises(ParameterError, match="no scenario"):
        saving.read(b"period: 2026Q3", "x.yml")
    with pytest.raises(ParameterError, match="sise"):
        saving.read(b"period: 2026Q3\nscenarios: {A: {sise: 2}}", "x.yml")
    assert saving.slug("Ünter  Plan!") == "nter_plan"
