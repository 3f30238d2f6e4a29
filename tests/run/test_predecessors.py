"""Reports that were replaced are kept whole, the last few of them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from salesnb.errors import RefusedForSafety
from salesnb.run import predecessors
from salesnb.run.predecessors import prune, rescue, runs_of, step_aside
from salesnb.run.publish import MANIFEST


def report(folder: Path, ended_at: str | None, state: str = "published") -> Path:
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text(json.dumps({"state": state, "ended_at": ended_at}), encoding="utf-8")
    (folder / "index.html").write_text(f"of {ended_at}", encoding="utf-8")
    return folder


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.name == "index.html")


def at(minute: int) -> str:
    return f"2026-11-21T23:{minute:02}:00+00:00"


def test_a_replaced_report_is_kept_under_the_moment_it_ended(tmp_path: Path) -> None:
    old = report(tmp_path / ".2026Q3@x.staging" / "report", "2026-11-22T00:15:00+01:00")
    assert step_aside(tmp_path, "2026Q3", old) == tmp_path / "previous" / "2026Q3" / "20261121T231500Z"
    assert names(tmp_path) == ["previous/2026Q3/20261121T231500Z/index.html"]
    assert not old.exists()


def test_two_reports_of_one_second_are_both_kept_and_the_later_is_newer(tmp_path: Path) -> None:
    for word in ("a", "b", "c"):
        kept = step_aside(tmp_path, "2026Q3", report(tmp_path / word, at(15)))
        (kept / "word").write_text(word)
    assert [(path.name, (path / "word").read_text()) for path in runs_of(tmp_path, "2026Q3")] == [
        ("20261121T231500Z-3", "c"), ("20261121T231500Z-2", "b"), ("20261121T231500Z", "a"),
    ]  # fmt: skip
    prune(tmp_path, "2026Q3", keep=1)
    assert step_aside(tmp_path, "2026Q3", report(tmp_path / "d", at(15))).name == "20261121T231500Z-4"


def test_a_report_that_does_not_say_when_it_ended_is_kept_too(tmp_path: Path) -> None:
    old = report(tmp_path / "old", None)
    os.utime(old / MANIFEST, (0, 3600))
    assert step_aside(tmp_path, "2026Q3", old).name == "19700101T010000Z"


def test_the_last_five_stay(tmp_path: Path) -> None:
    report(tmp_path / "2026Q3", at(9))
    for minute in range(7):
        step_aside(tmp_path, "2026Q3", report(tmp_path / "old", at(minute)))
    step_aside(tmp_path, "2026Q2", report(tmp_path / "old", at(0)))
    gone = prune(tmp_path, "2026Q3")
    assert [path.name for path in gone] == ["20261121T230100Z", "20261121T230000Z"]
    assert [path.relative_to(tmp_path).as_posix() for path in runs_of(tmp_path, "2026Q3")] == [
        "2026Q3", *(f"previous/2026Q3/20261121T230{minute}00Z" for minute in (6, 5, 4, 3, 2)),
    ]  # fmt: skip
    assert runs_of(tmp_path, "2026Q2") == (tmp_path / "previous" / "2026Q2" / "20261121T230000Z",)
    assert runs_of(tmp_path, "2026Q1") == ()


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    step_aside(tmp_path, "2026Q3", report(tmp_path / "old", at(0)))
    folder = tmp_path / "previous" / "2026Q3"
    report(folder / "notes", at(0))
    (folder / "20260101T000000Z").mkdir()
    assert [path.name for path in prune(tmp_path, "2026Q3", keep=0)] == ["20261121T230000Z"]
    assert sorted(path.name for path in folder.iterdir()) == ["20260101T000000Z", "notes"]


def test_whoever_is_killed_while_pruning_leaves_whole_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute in range(3):
        step_aside(tmp_path, "2026Q3", report(tmp_path / "old", at(minute)))

    def killed(path: Path) -> None:
        (path / "index.html").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(predecessors.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            prune(tmp_path, "2026Q3", keep=1)
    assert [(path / "index.html").is_file() for path in runs_of(tmp_path, "2026Q3")] == [True, True]
    prune(tmp_path, "2026Q3", keep=1)
    assert [path.name for path in (tmp_path / "previous" / "2026Q3").iterdir()] == ["20261121T230200Z"]


@pytest.mark.parametrize("where", [".2026Q3@ab.staging/report", ".2026Q3@previous"])
def test_a_run_killed_before_it_moved_the_report_aside_loses_nothing(tmp_path: Path, where: str) -> None:
    report(tmp_path / "2026Q3", at(9))
    report(tmp_path / where, at(5))
    report(tmp_path / ".2026Q30@ab.staging" / "report", at(5))
    assert rescue(tmp_path, "2026Q3") == (tmp_path / "previous" / "2026Q3" / "20261121T230500Z",)
    assert names(tmp_path) == [
        ".2026Q30@ab.staging/report/index.html", "2026Q3/index.html",
        "previous/2026Q3/20261121T230500Z/index.html",
    ]  # fmt: skip
    assert rescue(tmp_path, "2026Q3") == ()


@pytest.mark.parametrize(("ended_at", "state"), [(at(10), "published"), (at(5), "rendered"), (None, "published")])
def test_a_draft_that_was_never_published_is_no_predecessor(tmp_path: Path, ended_at: str | None, state: str) -> None:
    report(tmp_path / "2026Q3", at(9))
    report(tmp_path / ".2026Q3@ab.staging" / "report", ended_at, state)
    assert rescue(tmp_path, "2026Q3") == ()
    shutil.rmtree(tmp_path / "2026Q3")
    assert rescue(tmp_path, "2026Q3") == ()


@pytest.mark.parametrize("linked", ["previous", "previous/2026Q3", "previous/2026Q3/20261121T230000Z"])
def test_links_are_refused(tmp_path: Path, linked: str) -> None:
    root, away = tmp_path / "outputs", report(tmp_path / "away", at(0))
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(away, target_is_directory=True)
    with pytest.raises(RefusedForSafety, match="link"):
        runs_of(root, "2026Q3")
    with pytest.raises(RefusedForSafety, match="link"):
        prune(root, "2026Q3", keep=0)
    assert names(away) == ["index.html"]


def test_a_link_is_not_moved_nor_what_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(report(tmp_path / "away", at(0)), target_is_directory=True)
    with pytest.raises(RefusedForSafety, match="link"):
        step_aside(tmp_path, "2026Q3", tmp_path / "link")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RefusedForSafety, match=r"no run\.json"):
        step_aside(tmp_path, "2026Q3", tmp_path / "folder")
    (tmp_path / "previous").write_text("a file")
    with pytest.raises(RefusedForSafety, match="no folder"):
        step_aside(tmp_path, "2026Q3", tmp_path / "away")
    assert names(tmp_path) == ["away/index.html"]


@pytest.mark.parametrize("label", ["..", "a/b", ".hidden"])
def test_a_label_is_a_plain_name(tmp_path: Path, label: str) -> None:
    with pytest.raises(RefusedForSafety, match="plain name"):
        runs_of(tmp_path, label)
