"""What another program, a killed run or a bad disk left in the output folder: a run puts it right, or refuses."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.scene import PERIOD, Scene, is_whole, told, tree

Leave = Callable[[Path], object]
"""What is done to the folder of a period's report; the folder of all reports is the one above."""
STAGING = f".{PERIOD}@abc_12.staging"


def put(path: Path, content: str | bytes | None) -> None:
    """Put a file somewhere, or with no content a folder, whatever is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def beside(report: Path, end: str) -> Path:
    """A hidden name that belongs to a report's run."""
    return report.with_name(f".{report.name}@{end}")


def kept(report: Path, kind: str) -> Path:
    """Where failures or predecessors of a report are."""
    return report.parent / kind / report.name


def half_aside(report: Path) -> None:
    shutil.copytree(report, beside(report, "previous"))
    (beside(report, "previous") / "index.html").unlink()


TYPES = '{"state": "published", "files": {"a": 1}, "notebooks": {"b": 2}, "ended_at": 7}'
MORE_TYPES = '{"state": "published", "files": {}, "notebooks": [{"name": ["x"]}, 3, null]}'

MENDED: dict[str, Leave] = {
    "run.json cut": lambda r: cut(r / "run.json"),
    "run.json garbage": lambda r: put(r / "run.json", b"\xff\xfe\x00garbage"),
    "run.json empty": lambda r: put(r / "run.json", ""),
    "run.json a list": lambda r: put(r / "run.json", "[1, 2]"),
    "run.json deep": lambda r: put(r / "run.json", "[" * 200_000),
    "run.json of wrong types": lambda r: put(r / "run.json", TYPES),
    "run.json of more wrong types": lambda r: put(r / "run.json", MORE_TYPES),
    "results.json cut": lambda r: cut(r / "results.json"),
    "garbage for a page": lambda r: put(r / "01_one.html", os.urandom(4096)),
    "half a folder": lambda r: [(r / name).unlink() for name in ("index.html", "01_one.html", "results.json")],
    "a folder for a page": lambda r: put(r / "index.html", None),
    "a page more": lambda r: put(r / "99_other.html", "<p>"),
    "a lock that nobody holds": lambda r: put(beside(r, "lock"), "4711"),
    "a private folder": lambda r: put(beside(r, "abc_12.staging") / "report" / "index.html", "half"),
    "a private folder with a failure": lambda r: put(beside(r, "abc_12.staging") / "failed" / "run.json", "{"),
    "an empty private folder": lambda r: put(beside(r, "abc_12.staging"), None),
    "a file for a private folder": lambda r: put(beside(r, "abc_12.staging"), "a file"),
    "a report that had stepped aside": lambda r: r.rename(beside(r, "previous")),
    "half a report that had stepped aside": half_aside,
    "a failure without words": lambda r: put(kept(r, "failed") / "run.json", ""),
    "predecessors that are none": lambda r: put(kept(r, "previous") / "20260101T000000Z" / "run.json", "{"),
    "predecessors cut while they went": lambda r: put(kept(r, "previous") / ".going-20260101T000000Z" / "x", "x"),
    "data that is none": lambda r: put(r.parent / ".data" / "0123abcd" / "x", "x"),
    "data half copied": lambda r: put(r.parent / ".data" / ".0123abcd@x.part" / "x", "x"),
}


def test_mended(scene: Scene) -> None:
    """Every kind of leftover, each in a period of its own; one backfill puts all of them right."""
    scene.write("print('the new report')")
    years = range(2000, 2000 + len(MENDED))
    reports = {name: scene.out / str(year) for name, year in zip(MENDED, years, strict=True)}
    for name, leave in MENDED.items():
        shutil.copytree(scene.report, reports[name])
        leave(reports[name])
    ended = scene.start(period=f"{years[0]}..{years[-1]}", verb="backfill").end()
    assert ended.code == 0, ended
    for name, report in reports.items():
        assert is_whole(report), name
        assert "the new report" in (report / "01_one.html").read_text(encoding="utf-8"), name
        assert not kept(report, "failed").exists()
    assert not (scene.out / ".data").exists() or list((scene.out / ".data").iterdir()) == []


@pytest.mark.parametrize("leave", ["results.json cut", "half a folder", "a folder for a page"])
def test_mended_where_no_input_changed(scene: Scene, leave: str) -> None:
    """Also where nothing else asks for a run: a broken page is made again."""
    scene.write("print('the old report')")
    MENDED[leave](scene.report)
    ended = scene.run()
    assert ended.code == 0, ended
    assert "unchanged" not in ended.kinds()
    assert is_whole(scene.report)


def elsewhere(scene: Scene, name: str) -> None:
    """Have a name in the output folder be a link to a folder of somebody else's."""
    theirs = scene.folder / "theirs"
    (theirs / PERIOD).mkdir(parents=True)
    (theirs / "letter.txt").write_text("precious")
    (theirs / PERIOD / "run.json").write_text("{}")
    path = scene.out / name
    path.parent.mkdir(exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.symlink_to(theirs, target_is_directory=True)


@pytest.mark.parametrize(
    "name", [PERIOD, f".{PERIOD}@lock", "previous", f"previous/{PERIOD}", ".data"], ids=lambda name: name.strip(".")
)
def test_a_link_is_refused(scene: Scene, name: str) -> None:
    scene.write("print('the new report')")
    elsewhere(scene, name)
    theirs = tree(scene.folder / "theirs")
    ended = scene.run()
    assert ended.code == 11, ended
    assert all(ended.error[part] for part in ("what", "where", "mend"))
    assert tree(scene.folder / "theirs") == theirs
    (scene.out / name).unlink()


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("failed", "1 / 0"),
        ("failed", "print(1)"),
        (f"failed/{PERIOD}", "1 / 0"),
        (f"failed/{PERIOD}", "print(1)"),
        (STAGING, "print(1)"),
        (f".{PERIOD}@previous", "print(1)"),
    ],
)
def test_a_link_is_never_followed(scene: Scene, name: str, cell: str) -> None:
    """Where something goes that is not needed for the report: the run ends as it would, and their folder stays."""
    scene.write(cell)
    elsewhere(scene, name)
    theirs = tree(scene.folder / "theirs")
    ended = scene.run()
    assert ended.code == (5 if cell == "1 / 0" else 0), ended
    assert tree(scene.folder / "theirs") == theirs
    (scene.out / name).unlink(missing_ok=True)


def test_a_folder_of_somebody_else(scene: Scene) -> None:
    scene.write("print(1)")
    (scene.report / "run.json").unlink()
    before = tree(scene.out)
    ended = scene.run()
    assert ended.code == 11, ended
    assert tree(scene.report) == {name.removeprefix(f"{PERIOD}/"): text for name, text in before.items()}


def test_a_failed_folder_of_somebody_else_stays(scene: Scene) -> None:
    scene.write("print(1)")
    put(scene.failed / "letter.txt", "precious")
    assert scene.run().code == 0
    assert (scene.failed / "letter.txt").read_text() == "precious"


def test_a_failure_goes_when_a_run_succeeds(scene: Scene) -> None:
    scene.write("1 / 0")
    scene.held(scene.run(), 5, "failed")
    scene.write("1 / 1")
    assert scene.run().code == 0
    assert not scene.failed.exists()
    assert told(scene.report / "run.json")["state"] == "published"
