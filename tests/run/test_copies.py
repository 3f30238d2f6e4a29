"""The data of runs is kept once, privately, and as long as somebody needs it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salesnb.errors import RefusedForSafety, StorageError
from salesnb.run import copies
from salesnb.run.copies import copy_of, keep, let_go, sweep

needs_locks = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    folder = tmp_path / "stored"
    (folder / "tables").mkdir(parents=True)
    (folder / "book.json").write_text("{}")
    (folder / "tables" / "orders.parquet").write_bytes(b"PAR1")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "outputs"
    folder.mkdir()
    yield folder
    for path in [path for path in copies._HELD if path.is_relative_to(folder)]:
        os.close(copies._HELD.pop(path))


def name(root: Path, where: str, fingerprint: str) -> None:
    (root / where).mkdir(parents=True)
    (root / where / "run.json").write_text(json.dumps({"fingerprint": fingerprint}))


def inside(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".data").iterdir())


def modes(folder: Path) -> dict[str, int]:
    paths = [folder, *folder.rglob("*")]
    return {path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in paths}


@needs_locks
def test_a_copy_has_everything_and_lets_nobody_else_in(root: Path, stored: Path) -> None:
    copy = keep(root, "f1", stored)
    assert copy == root / ".data" / "f1" == copy_of(root, "f1")
    assert modes(copy) == {".": 0o700, "book.json": 0o600, "tables": 0o700, "tables/orders.parquet": 0o600}
    assert modes(root / ".data")["."] == 0o700
    assert (copy / "tables" / "orders.parquet").read_bytes() == b"PAR1"


def test_a_copy_is_made_of_links_where_it_can_be(root: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EXDEV, "another disk")

    linked = keep(root, "f1", stored)
    monkeypatch.setattr(os, "link", refuse)
    copied = keep(root, "f2", stored)
    assert linked is not None
    assert copied is not None
    assert (linked / "book.json").stat().st_ino == (stored / "book.json").stat().st_ino
    assert (copied / "book.json").stat().st_ino != (stored / "book.json").stat().st_ino
    assert (copied / "book.json").read_text() == "{}"


def test_the_same_data_is_kept_once(root: Path, stored: Path) -> None:
    assert keep(root, "f1", stored) == keep(root, "f1", stored)
    (stored / "book.json").unlink()
    assert sorted(path.name for path in (keep(root, "f1", stored) or root).iterdir()) == ["book.json", "tables"]


def test_there_may_be_nothing_to_keep(root: Path, stored: Path) -> None:
    assert keep(root, "", stored) is None
    assert keep(root, "f1", root / "missing") is None
    assert copy_of(root, "f1") is None
    assert sweep(root) == ()
    assert list(root.iterdir()) == []


def test_a_full_disk_leaves_nothing(root: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(copies.shutil, "copyfile", full)
    with pytest.raises(StorageError, match="the disk is full"):
        keep(root, "f1", stored)
    let_go(root, "f1")
    assert sweep(root) == ()
    assert inside(root) == []


@needs_locks
def test_what_no_report_names_is_swept(root: Path, stored: Path) -> None:
    name(root, "2026Q3", "f1")
    name(root, "previous/2026Q3/20261121T230000Z", "f2")
    name(root, ".2026Q4@ab.staging/report", "f3")
    (root / "2026Q1").mkdir()
    (root / "2026Q1" / "run.json").write_text("broken")
    for fingerprint in ("f1", "f2", "f3", "f4"):
        keep(root, fingerprint, stored)
        let_go(root, fingerprint)
    assert sweep(root) == ("f4",)
    assert inside(root) == ["f1", "f2", "f3"]


@needs_locks
def test_what_a_run_in_progress_keeps_is_not_swept(root: Path, stored: Path) -> None:
    code = "import sys; from pathlib import Path; from salesnb.run.copies import keep; "
    code += "print(keep(Path(sys.argv[1]), 'f1', Path(sys.argv[2])), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(root), str(stored)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == str(root / ".data" / "f1")
        assert sweep(root) == ()
        assert keep(root, "f1", stored) is not None
        let_go(root, "f1")
        assert sweep(root) == ()
        other.kill()
        other.wait(60)
    assert sweep(root) == ("f1",)
    assert inside(root) == []


@needs_locks
def test_what_is_published_while_it_is_swept_stays(root: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(root, "f1", stored)
    let_go(root, "f1")
    said = [set(), {"f1"}]
    monkeypatch.setattr(copies, "_named", lambda root: said.pop(0))
    assert sweep(root) == ()
    assert inside(root) == ["f1"]


@needs_locks
def test_other_runs_may_end_while_it_is_swept(root: Path, stored: Path) -> None:
    """Their private folders go, and reports move to their predecessors, while the folders are read."""
    name(root, "2026Q3", "f1")
    keep(root, "f1", stored)
    let_go(root, "f1")
    is_over = threading.Event()

    def others() -> None:
        while not is_over.is_set():
            for i in range(8):
                name(root, f".2026Q{i}@ab.staging/report", "f2")
            for i in range(8):
                shutil.rmtree(root / f".2026Q{i}@ab.staging")

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(300):
            assert sweep(root) == ()
    finally:
        is_over.set()
        thread.join()
    assert inside(root) == ["f1"]


@needs_locks
@pytest.mark.parametrize("suffix", [".part", ".gone"])
def test_leftovers_of_killed_runs_go_unless_their_run_goes_on(root: Path, stored: Path, suffix: str) -> None:
    keep(root, "f1", stored)
    name(root, "2026Q3", "f1")
    (root / ".data" / f".f1@abc{suffix}" / "tables").mkdir(parents=True)
    assert sweep(root) == ()
    assert inside(root) == [f".f1@abc{suffix}", ".f1@held", "f1"]
    let_go(root, "f1")
    assert sweep(root) == ()
    assert inside(root) == ["f1"]


@needs_locks
def test_a_run_waits_for_a_sweep_and_then_keeps_its_own(
    root: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock's file is gone when the sweep is over: whoever waited for it takes the new one."""
    keep(root, "f1", stored)
    let_go(root, "f1")
    flock, calls = copies._flock, []

    def swept_meanwhile(handle: int, *, is_shared: bool) -> bool:
        calls.append(is_shared)
        if len(calls) == 1:
            assert sweep(root) == ("f1",)
        return flock(handle, is_shared=is_shared)

    monkeypatch.setattr(copies, "_flock", swept_meanwhile)
    assert keep(root, "f1", stored) is not None
    assert sweep(root) == ()
    assert calls == [True, False, True, False]
    assert inside(root) == [".f1@held", "f1"]


def test_links_are_refused(tmp_path: Path, root: Path, stored: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (stored / "link").symlink_to("/etc/passwd")
    with pytest.raises(RefusedForSafety, match="link"):
        keep(root, "f1", stored)
    assert [path for path in inside(root) if not path.endswith("@held")] == []
    (root / ".data" / "f2").symlink_to(away, target_is_directory=True)
    for refused in (lambda: keep(root, "f2", stored), lambda: copy_of(root, "f2")):
        with pytest.raises(RefusedForSafety, match="link"):
            refused()
    other = tmp_path / "other"
    other.mkdir()
    (other / ".data").symlink_to(away, target_is_directory=True)
    for refused in (lambda: keep(other, "f1", away), lambda: sweep(other), lambda: copy_of(other, "f1")):
        with pytest.raises(RefusedForSafety, match="link"):
            refused()
    assert list(away.iterdir()) == []


@pytest.mark.parametrize("fingerprint", ["../x", ".", "a/b", ".hidden"])
def test_a_fingerprint_is_no_path(root: Path, stored: Path, fingerprint: str) -> None:
    with pytest.raises(RefusedForSafety, match="plain name"):
        keep(root, fingerprint, stored)
    assert copy_of(root, fingerprint) is None


def test_the_data_of_a_report_with_the_same_inputs_is_found(root: Path, stored: Path) -> None:
    keep(root, "f1", stored)
    inputs = {"data": "d", "package": "p", "versions": "v", "goals": ""}
    (root / "2026Q2").mkdir()
    (root / "2026Q2" / "run.json").write_text("{")
    assert copies.made_of(root, inputs) is None
    (root / "2026Q3").mkdir()
    (root / "2026Q3" / "run.json").write_text(json.dumps({"fingerprint": "f1", "inputs": {**inputs, "goals": "other"}}))
    assert copies.made_of(root, inputs) == root / ".data" / "f1"
    for name in ("data", "package", "versions"):
        assert copies.made_of(root, {**inputs, name: "other"}) is None
        assert copies.made_of(root, {**inputs, name: ""}) is None
    (root / "2026Q3" / "run.json").write_text(json.dumps({"fingerprint": "../f1", "inputs": inputs}))
    assert copies.made_of(root, inputs) is None
