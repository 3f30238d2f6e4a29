"""The command line: what goes to stdout, what to stderr, and the exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from salesnb.cli import main

DEALS = """opportunity_id,owner_id,product,outcome,amount,created_at,closed_on
007,ada,Basic,won,100.50,2026-07-01,2026-07-20
008,ada,Basic,lost,50,2026-07-02,2026-08-01
009,bo,=Pro,won,300,2026-07-03,2026-09-30
010,bo,=Pro,open,70,2026-09-01,
011,bo,=Pro,maybe,70,2026-09-01,
"""


@pytest.fixture
def deals(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "opportunities.csv").write_text(DEALS, encoding="utf-8")
    return str(folder)


def said(capsys, *arguments):
    """Run a command; its exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    printed = capsys.readouterr()
    return ended.value.code or 0, printed.out, printed.err


def test_kpi_as_json_has_the_promised_names(capsys, deals):
    code, out, err = said(capsys, "kpi", "win_rate", "--period", "2026Q3", "--source", deals, "--json")
    assert (code, err) == (0, "")
    (number,) = json.loads(out)
    assert list(number) == [
        "id", "variant", "period", "segment", "value", "numerator", "denominator", "n", "low", "high", "unit", "status",
        "reason",
    ]  # fmt: skip
    assert (number["id"], number["variant"], number["period"]) == ("win_rate", "closed", "2026Q3")
    assert number["segment"] is None
    assert (number["numerator"], number["denominator"], number["n"], number["status"]) == (2, 3, 3, "ok")
    assert number["value"] == pytest.approx(2 / 3)
    assert 0 < number["low"] < 2 / 3 < number["high"] < 1


def test_kpi_by_segment(capsys, deals):
    code, out, _ = said(capsys, "kpi", "revenue.booked", "-p", "2026Q3", "-s", deals, "--by", "rep_id", "--json")
    assert code == 0
    assert {row["segment"]: row["value"] for row in json.loads(out)} == {"ada": 100.5, "bo": 300.0}


def test_kpi_for_a_person(capsys, deals):
    code, out, _ = said(capsys, "kpi", "win_rate.closed", "-p", "2026Q3", "-s", deals)
    assert code == 0
    assert out.splitlines()[0] == "win_rate.closed  2026Q3"
    assert "66.7 %" in out


def test_rows_behind_a_number_are_csv_that_no_spreadsheet_computes(capsys, deals):
    code, out, _ = said(capsys, "kpi", "revenue.booked", "-p", "2026Q3", "-s", deals, "--rows")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["opportunity_id"] for row in rows] == ["007", "009"]
    assert [row["product"] for row in rows] == ["Basic", "'=Pro"]
    _, out, _ = said(capsys, "kpi", "revenue.booked", "-p", "2026Q3", "-s", deals, "--rows", "--json")
    assert [row["product"] for row in json.loads(out)] == ["Basic", "=Pro"]


def test_status_needs_says_what(capsys, deals):
    code, out, _ = said(capsys, "kpi", "gross_margin", "-p", "2026Q3", "-s", deals, "--json")
    (number,) = json.loads(out)
    assert (code, number["status"], number["value"]) == (0, "needs", None)
    assert "orders" in number["reason"]


def test_status_na_and_immature(capsys, deals):
    _, out, _ = said(capsys, "kpi", "win_rate", "-p", "2025Q1", "-s", deals, "--json")
    assert [(row["status"], row["value"]) for row in json.loads(out)] == [("na", None)]
    _, out, _ = said(capsys, "kpi", "win_rate", "-p", "2026Q3", "-s", deals, "--as-of", "2026-08-15", "--json")
    assert [(row["status"], row["n"]) for row in json.loads(out)] == [("immature", 2)]


def test_check(capsys, deals):
    code, out, _ = said(capsys, "check", "--source", deals, "--json")
    audit = json.loads(out)
    assert code == 0
    assert audit["tables"] == [
        {"table": "opportunities", "read": 5, "used": 4, "rejected": 1, "flagged": 0, "filtered": 0}
    ]
    assert audit["money"] == [
        {"table": "opportunities", "currency": "USD", "read": 590.5, "used": 520.5, "rejected": 70.0, "unreadable": 0}
    ]
    (problem,) = audit["problems"]
    assert (problem["rule"], problem["rows"], problem["example"]) == ("unknown_outcome", 1, "maybe")
    code, out, _ = said(capsys, "check", "-s", deals)
    assert "opportunities     5     4         1" in out
    assert "say under values what it means" in out


def test_kpis_lists_every_one(capsys):
    from salesnb import all_kpis

    _, out, _ = said(capsys, "kpis", "--json")
    assert [(row["id"], row["variant"]) for row in json.loads(out)] == [(k.id, k.variant) for k in all_kpis()]
    _, out, _ = said(capsys, "kpis")
    assert "win_rate.closed *" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["kpi", "winrate", "-p", "2026Q3"], 3, ["no KPI is called 'winrate'", "did you mean 'win_rate'?"]),
        (["kpi", "win_rate.closd", "-p", "2026Q3"], 3, ["has no variant 'closd'", "did you mean 'closed'?"]),
        (["kpi", "win_rate", "-p", "2026Q5"], 3, ["2026Q5"]),
        (["kpi", "win_rate", "-p", "2026Q3", "-s", "nowhere.yml"], 4, ["nowhere.yml", "mend"]),
        (["kpi", "win_rate", "-p", "2026Q3", "-s", "postgresql://me:secret@h/d"], 3, ["password"]),
        (["kpi", "win_rate"], 2, ["--period"]),
        (["check", "--sorce", "x"], 2, ["--sorce"]),
        (["run", "2026Q3", "--only", "nothing"], 3, ["nothing"]),
        (["run"], 2, ["no period is given", "salesnb run 2026Q3"]),
        (["new", "dashboard", "x"], 2, ["cannot begin a 'dashboard'"]),
        (["new", "source", "../x", "--from", "."], 11, ["is not a plain name"]),
        (["new", "source", "x"], 2, ["--from"]),
    ],
)
def test_errors_say_what_where_and_how_to_mend(capsys, arguments, code, words):
    got, out, err = said(capsys, *arguments)
    assert (got, out) == (code, "")
    for word in words:
        assert word in err
    assert "Traceback" not in err
    assert "secret" not in err


def test_a_fault_of_ours_is_no_traceback(capsys, deals, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("salesnb.kpis.registry.compute", broken)
    code, out, err = said(capsys, "kpi", "win_rate", "-p", "2026Q3", "-s", deals)
    assert (code, out) == (1, "")
    assert "a fault of salesnb itself: ZeroDivisionError" in err
    assert "Traceback" not in err
    monkeypatch.setenv("SALESNB_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["kpi", "win_rate", "-p", "2026Q3", "-s", deals])


def test_stopped_by_hand(capsys, monkeypatch):
    def stopped(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("salesnb.kpis.registry.all_kpis", stopped)
    code, _, _ = said(capsys, "kpis")
    assert code == 130


def test_new_source_drafts_a_mapping_that_opens(capsys, tmp_path, monkeypatch):
    folder = tmp_path / "crm"
    folder.mkdir()
    (folder / "deals.csv").write_text("Deal ID,Sales Agent,Stage,Value,Close Date,Mood\n1,ada,won,10,2026-01-05,fine\n")
    monkeypatch.chdir(tmp_path)
    code, out, _ = said(capsys, "new", "source", "mine", "--from", "crm")
    path = tmp_path / "params" / "sources" / "mine.yml"
    assert (code, out.strip()) == (0, os.path.relpath(path, tmp_path))
    text = path.read_text()
    assert 'opportunity_id: "Deal ID"' in text
    assert "# not used yet: Mood" in text
    code, out, _ = said(capsys, "check", "-s", str(path), "--json")
    assert (code, json.loads(out)["tables"][0]["used"]) == (0, 1)
    code, _, err = said(capsys, "new", "source", "mine", "--from", "crm")
    assert (code, "already" in err) == (10, True)


def test_check_fails_where_not_one_row_could_be_used(capsys, deals, tmp_path):
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "location: export\ntables:\n  opportunities:\n    from: opportunities.csv\n"
        "    columns: {opportunity_id: opportunity_id, outcome: product, amount: amount}\n"
    )
    (tmp_path / "export" / "reps.csv").write_text("rep_id\nada\n")
    mapping.write_text(mapping.read_text() + "  reps: {from: reps.csv, columns: {rep_id: rep_id}}\nas_of: 2026-09-30\n")
    code, out, err = said(capsys, "check", "-s", str(mapping))
    assert code == 4
    assert "opportunities     5     0         5" in out
    assert "not one row of opportunities could be used" in err


def test_new_source_of_a_known_system_names_its_preset(capsys, tmp_path, monkeypatch):
    folder = tmp_path / "sf"
    folder.mkdir()
    (folder / "Opportunity.csv").write_text(
        "Id,StageName,CloseDate,IsWon,IsClosed\n1,Closed Won,2026-01-05,true,true\n"
    )
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "new", "source", "ours", "--from", "sf")[0] == 0
    assert "preset: salesforce" in (tmp_path / "params" / "sources" / "ours.yml").read_text()
    code, out, _ = said(capsys, "check", "-s", "params/sources/ours.yml", "--json")
    assert (code, json.loads(out)["tables"][0]["used"]) == (0, 1)


def test_new_period(capsys, tmp_path, monkeypatch):
    from salesnb.params import read_params

    monkeypatch.chdir(tmp_path)
    assert said(capsys, "new", "period", "2026Q4")[0] == 0
    assert read_params(tmp_path / "params" / "2026Q4.yml").period == "2026Q4"


def test_the_module_is_the_command():
    """As a process: help on stdout, and nothing heavy imported for it."""
    code = (
        "import sys; sys.argv = ['salesnb', '--help']\n"
        "from salesnb.cli import main\n"
        "try:\n main()\n"
        "except SystemExit as ended:\n"
        " heavy = {'pandas', 'ibis', 'numpy', 'matplotlib', 'nbconvert'} & set(sys.modules)\n"
        " print(sorted(heavy), file=sys.stderr); raise\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "Compute one KPI for one period" in done.stdout
    assert done.stderr.strip() == "[]"
