"""A kernel is this interpreter, whatever a notebook or the machine says, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from salesnb.run.kernels import RunningInterpreter, kernel_environment


@pytest.mark.parametrize("name", ["python3", "ir", "another"])
def test_every_name_is_this_interpreter(name: str) -> None:
    spec = RunningInterpreter().get_kernel_spec(name)
    assert spec.argv[:3] == [sys.executable, "-m", "ipykernel_launcher"]


def test_what_a_kernel_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = str(tmp_path / "more")
    monkeypatch.setenv("PYTHONPATH", f"{more}{os.pathsep}{more}")
    monkeypatch.setenv("PYTHONHASHSEED", "42")
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.setenv("CRM_PASSWORD", "x")
    told = kernel_environment("01_a", tmp_path)
    assert told["SALESNB_RESULTS_DIR"] == str(tmp_path / "results")
    assert told["SALESNB_NOTEBOOK"] == "01_a"
    assert told["PYTHONHASHSEED"] == "0"
    assert told["PYTHONPATH"].split(os.pathsep) == [str(Path(__file__).resolve().parents[2]), more]
    assert {told[name] for name in ("TMPDIR", "TEMP", "TMP")} == {str(tmp_path / "tmp")}
    assert told["CRM_PASSWORD"] == "x"
    assert "MPLBACKEND" not in told
    assert os.environ["PYTHONHASHSEED"] == "42"
    assert all((tmp_path / name).is_dir() for name in ("results", "ipython", "tmp"))
