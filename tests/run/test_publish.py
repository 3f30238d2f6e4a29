"""A published report is the complete old one or the complete new one, and nothing is written outside its place."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from salesnb.errors import PeriodBusy, RefusedForSafety, StorageError
from salesnb.run import publish
from salesnb.run import swap as swap_module
from salesnb.run.holding import hold, recover
from salesnb.run.publish import MANIFEST, Place, contained, output_root, remove, storage
from salesnb.run.swap import swap


def make(place: Place, word: str) -> None:
    place.write(MANIFEST, "{}")
    place.write("index.html", word)


def published(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_a_report_takes_the_place_of_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way == "two renames":
        monkeypatch.setattr(swap_module, "_exchange", lambda one, other: False)
    for word in ("old", "new"):
        with hold(tmp_path, "2026Q3") as place:
            make(place, word)
            left = place.publish()
            if word == "old":
                assert left is None
            else:
                assert left == (place.draft if way == "exchange" else tmp_path / ".2026Q3@previous")
                assert (left / "index.html").read_text() == "old"
                remove(left)
        assert published(tmp_path) == {"2026Q3/index.html": word, "2026Q3/run.json": "{}"}


def test_what_is_not_published_leaves_nothing(tmp_path: Path) -> None:
    with hold(tmp_path, "2026Q3") as place:
        make(place, "old")
        place.publish()

    def fail() -> None:
        with hold(tmp_path, "2026Q3") as place:
            make(place, "new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert published(tmp_path) == {"2026Q3/index.html": "old", "2026Q3/run.json": "{}"}
    assert [path.name for path in tmp_path.iterdir()] == ["2026Q3"]


def test_whoever_is_killed_between_the_two_renames_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap_module, "_exchange", lambda one, other: False)
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    rename, calls = Path.rename, []

    def killed(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            swap(tmp_path / "new", tmp_path / "old", aside=tmp_path / ".old@previous")
    assert not (tmp_path / "old").exists()
    recover(tmp_path, "old")
    assert published(tmp_path) == {"new/index.html": "new", "old/index.html": "old"}


def test_recovery_drops_what_is_superseded_and_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    for name in ("2026", ".2026@previous", ".2026@abc1.staging", ".2026-07@abc2.staging", "notes"):
        (tmp_path / name).mkdir()
    recover(tmp_path, "2026")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".2026-07@abc2.staging", "2026", "notes"]


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with hold(tmp_path, "2026Q3"):
        with pytest.raises(PeriodBusy, match=r"another run is making the report of 2026Q3"), hold(tmp_path, "2026Q3"):
            pass  # pragma: no cover
        with hold(tmp_path, "2026Q2"):
            assert len(list(tmp_path.glob("*.lock")) + list(tmp_path.glob(".*@lock"))) == 2
    with hold(tmp_path, "2026Q3"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_let_go_when_its_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from salesnb.run.holding import hold\n"
        f"with hold({str(tmp_path)!r}, '2026Q3'): print('held', flush=True); time.sleep(60)"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(PeriodBusy), hold(tmp_path, "2026Q3"):
            pass  # pragma: no cover
        process.kill()
        process.wait(10)
    assert len(list(tmp_path.iterdir())) == 2  # its lock and its private folder
    with hold(tmp_path, "2026Q3"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("umask", "folder", "file"), [(0o022, 0o755, 0o644), (0o077, 0o700, 0o600), (0o002, 0o775, 0o664)]
)
def test_modes_follow_the_umask_and_staging_is_private(tmp_path: Path, umask: int, folder: int, file: int) -> None:
    before = os.umask(umask)
    try:
        with hold(tmp_path / "out", "2026Q3") as place:
            assert stat.S_IMODE(place.staging.stat().st_mode) == 0o700
            make(place, "x")
            place.publish()
    finally:
        os.umask(before)
    target = tmp_path / "out" / "2026Q3"
    assert stat.S_IMODE(target.stat().st_mode) == folder
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()} == {file}


@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "..", ".", "", ".hidden", "a\\b", "a\0b", "-rf", "a b", "ä"])
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(RefusedForSafety, match="is not a plain name"):
        contained(name)


@pytest.mark.parametrize("name", ["2026Q3", "2026-07-14", "2026Q1..2026Q3", "01_scorecard.html"])
def test_a_plain_name_is_not(name: str) -> None:
    assert contained(name) == name


@pytest.mark.parametrize("out", ["https://example.org/x", "s3://bucket/x", "file:///tmp/x", "", "a\0b"])
def test_a_folder_that_is_none_is_refused(out: str) -> None:
    with pytest.raises(RefusedForSafety, match="is not a folder on this machine"):
        output_root(out)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedForSafety, match="is a file"):
        output_root(tmp_path / "file")


def test_a_link_in_place_of_a_report_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "2026Q3").symlink_to(elsewhere)
    with pytest.raises(RefusedForSafety, match="this is a link"), hold(tmp_path / "out", "2026Q3"):
        pass  # pragma: no cover
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_place_of_the_failed_ones_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "failed").symlink_to(tmp_path / "elsewhere")
    with hold(tmp_path, "2026Q3") as place, pytest.raises(RefusedForSafety, match="this is a link"):
        place.keep_failed({MANIFEST: "{}"})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "photo.jpg").write_text("dear")
    with hold(tmp_path, "2026") as place:
        make(place, "x")
        with pytest.raises(RefusedForSafety, match="it is not overwritten"):
            place.publish()
    assert published(tmp_path) == {"2026/photo.jpg": "dear"}


def test_a_failure_is_kept_and_goes_with_the_next_success(tmp_path: Path) -> None:
    for word in ("first", "second"):
        with hold(tmp_path, "2026Q3") as place:
            place.keep_failed({MANIFEST: word, "01_a.ipynb": word})
        assert published(tmp_path) == {"failed/2026Q3/01_a.ipynb": word, "failed/2026Q3/run.json": word}
    with hold(tmp_path, "2026Q3") as place:
        make(place, "good")
        place.publish()
    assert published(tmp_path) == {"2026Q3/index.html": "good", "2026Q3/run.json": "{}"}


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "the folder may not be written to"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_the_disk_says_is_told_in_words(number: int, what: str) -> None:
    with pytest.raises(StorageError) as told, storage(Path("out")):
        raise OSError(number, os.strerror(number), "out/2026Q3/index.html")
    assert (told.value.what, told.value.where) == (what, "out/2026Q3/index.html")
    assert told.value.exit_code == 10


def test_a_full_disk_while_publishing_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold(tmp_path, "2026Q3") as place:
        make(place, "old")
        place.publish()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(publish, "to_disk", full)
    with hold(tmp_path, "2026Q3") as place:
        make(place, "new")
        with pytest.raises(StorageError, match="the disk is full"):
            place.publish()
    assert published(tmp_path) == {"2026Q3/index.html": "old", "2026Q3/run.json": "{}"}
