"""The disk is full, or refuses, at any write: exit code 10, and the old report untouched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.scene import PERIOD, Scene, told, tree

ELSEWHERE = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))
"""Where what is mounted is mounted for this process alone."""
EVERY_STEP = """
import sys
from pathlib import Path
from salesnb.errors import StorageError
from salesnb.params import Params
from salesnb.run.inputs import Inputs
from salesnb.run.job import Deadlines
from salesnb.run.making import Making
from salesnb.run.notebook import find_notebooks
from salesnb.run.order import Order
from salesnb.run.pool import Pool
from salesnb.run.redact import Redactor
from salesnb.run.stop import Stop
from tests.faults.scene import is_whole, tree
from tests.faults.steps import Steps

out, notebooks, fault = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
texts = {name: path.read_text() for name, path in find_notebooks(notebooks).items()}
order = Order(Params.of(period="2026Q3", out=str(out)), texts, tuple(texts), Deadlines(), is_forced=True, keep=1)
pool = Pool(1)
steps = Steps((str(out),), fault, 0)
pool.begin("sample")
report, count = out / "2026Q3", 0
try:
    while True:
        count += 1
        before = tree(report)
        steps.count, steps.number = 0, count
        error = None
        try:
            Making(order, lambda *_: pool, lambda event: None, Stop(), Redactor.for_source({}, "sample")).make()
        except StorageError as trouble:
            error = trouble
        reached, steps.number = steps.count, 0
        hidden = [path.name for path in out.rglob(".*")]
        assert hidden == [], (count, hidden)
        after = tree(report)
        if error is None:
            assert is_whole(report) and after != before, count
            if reached < count:
                break
        else:
            assert error.what and error.where and error.mend, count
            is_late = "after the report had been published" in error.where
            assert is_whole(report) and after != before if is_late else after == before, (count, error.where)
finally:
    pool.close()
print(count)
"""


@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
def test_refused_at_every_step(scene: Scene, fault: str) -> None:
    """In one process, with one pool, for all steps; ENOSPC stays once it is there, EIO comes once."""
    scene.write("print('the new report')")
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", EVERY_STEP, str(scene.out), str(scene.notebooks), fault],
        cwd=scene.folder, env=scene.environment | {"PYTHONPATH": root},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 15
    assert scene.is_new()


def mounted(scene: Scene, size: int, command: list[str]) -> list[str]:
    """A command that runs where the output folder is a disk of its own, of so many kB, with the old report on it."""
    out, copy = str(scene.out), str(scene.folder / "copy")
    script = (
        f"set -e; cp -a {out} {copy}; mount -t tmpfs -o size={size}k scene {out}; cp -a {copy}/. {out}/; set +e; "
        f'"$@"; code=$?; rm -rf {copy}; cp -a {out} {copy}; umount {out}; rm -rf {out}/*; cp -a {copy}/. {out}/; '
        f"rm -rf {copy}; exit $code"
    )
    return [*ELSEWHERE, "sh", "-c", script, "sh", *command]


@pytest.fixture(scope="module")
def can_mount() -> None:
    try:
        done = subprocess.run([*ELSEWHERE, "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if done.returncode:
        pytest.skip("a disk cannot be mounted here")


@pytest.mark.usefixtures("can_mount")
@pytest.mark.parametrize("room", [0, 4, 16, 40, 64])
def test_a_real_disk_is_full(scene: Scene, room: int) -> None:
    """With so many kB of room beside the old report, of which the new one needs more."""
    scene.write("print('the new report')", f"print('x' * {60_000})")
    used = sum(-(-path.stat().st_size // 4096) * 4 for path in scene.report.iterdir())
    ended = scene.launch(mounted(scene, used + room, scene.command())).end()
    assert ended.code == 10, ended
    assert ended.error["what"] == "the disk is full"
    assert ended.error["mend"] == "make room, then run again"
    assert ended.error["where"]
    assert scene.is_old()


@pytest.mark.usefixtures("can_mount")
def test_a_real_disk_with_room_enough(scene: Scene) -> None:
    scene.write("print('the new report')")
    ended = scene.launch(mounted(scene, 4000, scene.command())).end()
    assert ended.code == 0, ended
    assert scene.is_new()


@pytest.mark.usefixtures("can_mount")
def test_the_disk_of_temporary_files_is_full(scene: Scene) -> None:
    scene.write("print('the new report')", "open(__import__('tempfile').mkstemp()[1], 'w').write('x' * 10**6)")
    command = ["sh", "-c", f'mount -t tmpfs -o size=200k scene {scene.temporary}; "$@"', "sh", *scene.command()]
    ended = scene.launch([*ELSEWHERE, *command]).end()
    assert ended.code in (5, 10), ended
    assert scene.is_old()


@pytest.mark.parametrize("place", ["tmp", "out"])
def test_a_folder_that_is_not_there(scene: Scene, place: str) -> None:
    scene.write("print(1)")
    missing = str(scene.folder / "file" / "below")
    (scene.folder / "file").write_text("a file")
    if place == "tmp":
        ended = scene.run(TMPDIR=missing)
        assert ended.code in (0, 10), ended
    else:
        ended = scene.run("--out", missing)
        assert ended.code == 10
        assert all(ended.error[part] for part in ("what", "where", "mend"))
        assert scene.is_old()
    (scene.folder / "file").unlink()


def test_nobody_can_be_told(scene: Scene) -> None:
    """What a run prints goes to a full disk: the report is published, and the exit code tells."""
    scene.write("print(1)")
    command = ["sh", "-c", '"$@" > /dev/full', "sh", *scene.command()]
    ended = scene.launch(command).end()
    assert ended.code == 10, ended
    assert scene.is_new()


def test_nobody_listens(scene: Scene) -> None:
    """Who read the events has gone: the run goes on, and publishes."""
    scene.write("print(1)")
    ended = scene.launch(["bash", "-c", '"$@" | head -n 1; exit ${PIPESTATUS[0]}', "bash", *scene.command()]).end()
    assert ended.code == 0, ended
    assert ended.kinds() == ["run"]
    assert scene.is_new()


def test_nobody_listens_to_a_run_that_fails(scene: Scene) -> None:
    scene.write("1 / 0")
    ended = scene.launch(["bash", "-c", '"$@" | head -n 1; exit ${PIPESTATUS[0]}', "bash", *scene.command()]).end()
    assert ended.code == 5, ended
    assert scene.is_old()
    assert told(scene.failed / "run.json")["error"]["exit_code"] == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is refused to root")
def test_a_folder_that_may_not_be_written_to(scene: Scene) -> None:
    scene.write("print(1)")
    before = tree(scene.out)
    scene.out.chmod(0o500)
    try:
        ended = scene.run()
    finally:
        scene.out.chmod(0o700)
    assert ended.code == 10
    assert ended.error["what"] == "the folder may not be written to"
    assert tree(scene.out) == before
    assert (scene.out / PERIOD).is_dir()


def test_a_record_that_cannot_be_written_loses_no_report(scene: Scene) -> None:
    """What was forecast goes to a file beside the reports; the report before is among its predecessors by then."""
    number = {"id": "landing", "variant": "naive", "period": "2026Q4", "value": 1.0}
    results = {"as_of": "2026-09-30", "source": "s", "fingerprint": None, "headlines": [], "numbers": [number]}
    scene.write(
        "import json, os, pathlib\nprint('the new report')\n"
        "file = pathlib.Path(os.environ['SALESNB_RESULTS_DIR'], os.environ['SALESNB_NOTEBOOK'] + '.json')\n"
        f"file.write_text(json.dumps({results!r}))"
    )
    (scene.out / "forecasts.jsonl").mkdir()
    ended = scene.run()
    assert ended.code == 10, ended
    assert "forecasts.jsonl" in ended.error["where"]
    assert scene.is_new()
    assert len(list(scene.out.glob("previous/*/*"))) == 1
