"""Many runs at once: of one period, of sixteen, as processes of their own and as one backfill."""

from __future__ import annotations

import pytest

from tests.faults.scene import PERIOD, Scene, is_whole, told

SIXTEEN = [f"{year}Q{quarter}" for year in range(2023, 2027) for quarter in range(1, 5)]


def test_two_runs_of_one_period(scene: Scene) -> None:
    """The second finds the period held, and says so; the first does not notice."""
    gate = scene.folder / "gate"
    scene.write(f"import os, time\n{scene.saying()}\nwhile not os.path.exists({str(gate)!r}): time.sleep(.01)")
    first = scene.start()
    scene.hear()
    second = scene.run()
    assert second.code == 9
    assert second.error["what"] == f"another run is making the report of {PERIOD}"
    assert all(second.error[part] for part in ("where", "mend"))
    assert scene.is_old()
    assert not scene.failed.exists()
    gate.touch()
    assert first.end().code == 0
    assert scene.is_new()


def test_four_runs_of_one_period_begun_at_once(scene: Scene) -> None:
    """However they meet: whoever holds the period makes it, the others say that it is held, or find it made."""
    scene.write("print('the new report')")
    ended = [running.end() for running in [scene.start() for _ in range(4)]]
    codes = sorted(one.code for one in ended)
    assert set(codes) <= {0, 9}
    assert sum("executed" in one.kinds() for one in ended) == 1
    assert scene.is_new()


def test_sixteen_periods_at_once(scene: Scene) -> None:
    """Half of them where names are too long for sockets in a folder, so that kernels get ports: none clash."""
    scene.write("print(period)")
    deep = scene.temporary / ("x" * 100)
    deep.mkdir()
    folders = [scene.temporary, deep] * 8
    runs = [scene.start(period=one, TMPDIR=str(folder)) for one, folder in zip(SIXTEEN, folders, strict=True)]
    ended = [running.end() for running in runs]
    deep.rmdir()
    assert [one.code for one in ended] == [0] * 16, [one.errors for one in ended]
    for period in SIXTEEN:
        assert is_whole(scene.out / period)
        assert f"<pre>{period}</pre>" in (scene.out / period / "01_one.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("kernels", ["", "ordinary"])
def test_a_backfill_of_sixteen_periods(scene: Scene, kernels: str) -> None:
    periods = SIXTEEN if not kernels else SIXTEEN[-6:]
    scene.write("print(period)", "1 / (period != '2026Q2')")
    running = scene.start(
        "--jobs", "4", period=f"{periods[0]}..{periods[-1]}", verb="backfill", SALESNB_KERNELS=kernels
    )
    ended = running.end()
    assert ended.code == 5, ended
    last = ended.events[-1]
    assert (list(last["failed"]), len(last["reports"])) == (["2026Q2"], len(periods) - 1)
    for period in periods:
        assert (scene.out / period).exists() == (period != "2026Q2")
        if period != "2026Q2":
            assert is_whole(scene.out / period)
            assert f"<pre>{period}</pre>" in (scene.out / period / "01_one.html").read_text(encoding="utf-8")
    assert told(scene.out / "failed" / "2026Q2" / "run.json")["error"]["exit_code"] == 5


def test_a_backfill_beside_a_run_of_one_of_its_periods(scene: Scene) -> None:
    gate = scene.folder / "gate"
    wait = f"{scene.saying()}\n    import os, time\n    while not os.path.exists({str(gate)!r}): time.sleep(.01)"
    scene.write(f"if period == '{PERIOD}':\n    {wait}")
    first = scene.start()
    scene.hear()
    ended = scene.start(period="2026Q1..2026Q4", verb="backfill").end()
    assert ended.code == 9
    assert list(ended.events[-1]["failed"]) == [PERIOD]
    assert scene.is_old()
    gate.touch()
    assert first.end().code == 0
    assert [is_whole(scene.out / f"2026Q{quarter}") for quarter in range(1, 5)] == [True] * 4


def test_a_backfill_says_how_to_run_what_failed(scene: Scene) -> None:
    scene.write("1 / (period != '2026Q2')")
    command = [word for word in scene.command(period="2026Q1..2026Q2", verb="backfill") if word != "--json"]
    running = scene.launch([*command, "--force"], is_json=False)
    ended = running.end()
    errors = ended.errors
    assert ended.code == 5
    folders = f"--out {scene.out} --notebooks {scene.notebooks}"
    assert errors.splitlines()[-1] == f"run just these again: salesnb backfill 2026Q2 {folders} --force"
    assert "1 of 2 reports are published" in errors


def test_three_notebooks_of_which_one_fails(scene: Scene) -> None:
    for name in ("01_one", "02_two", "03_three"):
        scene.write("x = 1", "y = 2", "1 / (2 - x * y)" if name == "02_two" else "print(x)", "print(y)", name=name)
    ended = scene.run("--jobs", "1")
    scene.held(ended, 5, "done", "done", "failed", "never reached", name="02_two")
    assert "done" not in scene.states("03_three")
    assert [one["state"] for one in told(scene.failed / "run.json")["notebooks"]] == ["rendered", "failed", "failed"]
    assert "executed" not in [event["kind"] for event in ended.events if event.get("notebook") == "03_three"]


def test_three_notebooks_of_which_one_fails_and_the_others_go_on(scene: Scene) -> None:
    for name in ("01_one", "02_two", "03_three"):
        scene.write("x = 1", "y = 2", "1 / (2 - x * y)" if name == "02_two" else "print(x)", "print(y)", name=name)
    ended = scene.run("--keep-going")
    assert ended.code == 5, ended
    assert scene.is_new()
    notes = {one["name"]: one for one in told(scene.report / "run.json")["notebooks"]}
    assert {name: one["state"] for name, one in notes.items()} == {
        "01_one": "published", "02_two": "failed", "03_three": "published",
    }  # fmt: skip
    assert sorted(path.name for path in scene.report.glob("*.html")) == ["01_one.html", "03_three.html", "index.html"]
    index = (scene.report / "index.html").read_text(encoding="utf-8")
    assert "02_two.ipynb, cell 5 (under &#39;What of 02_two?&#39;): a cell failed with ZeroDivisionError" in index
    assert scene.states("02_two") == ["done", "done", "failed", "never reached"]
    assert (scene.failed / "02_two.ipynb").is_file()
    assert ended.events[-1]["failed"]["02_two"]["exit_code"] == 5


def test_all_notebooks_fail_and_nothing_is_published(scene: Scene) -> None:
    for name in ("01_one", "02_two"):
        scene.write("1 / 0", name=name)
    scene.held(scene.run("--keep-going"), 5, "failed")


def test_a_failed_notebook_runs_again_and_the_others_stay(scene: Scene) -> None:
    scene.write("print(1)", name="01_one")
    scene.write("1 / 0", name="02_two")
    assert scene.run("--keep-going").code == 5
    scene.write("1 / 1", name="02_two")
    ended = scene.run()
    assert ended.code == 0, ended
    assert [event["notebook"] for event in ended.events if event["kind"] == "executing"] == ["02_two"]
    assert [event["notebook"] for event in ended.events if event["kind"] == "kept"] == ["01_one"]
    assert not scene.failed.exists()
    assert told(scene.report / "run.json")["error"] is None
