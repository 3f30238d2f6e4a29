"""What every file of the repository keeps to, and the verbs it is worked with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

# Written in parts, so that this file does not hold what it looks for.
HOSTS = re.compile(
    r"\b(?:py"
    r"pi|test\.py"
    r"pi|files\.python"
    r"hosted|registry\.npm"
    r"js|deb\.deb"
    r"ian|repo\.anac"
    r"onda)\.(?:org|com)\b",
    re.I,
)
INDEXES = re.compile(
    r"--(?:extra-)?index" r"-url|--find" r"-links|--default" r"-index|--trusted" r"-host|^index" r"-url", re.M
)
PLACES = re.compile(r"(?<![\w.:/*~<-])/(?:work|root|opt|(?:home|Users)(?!/(?:a|ann|me)\b))/[\w.]")
"""Paths of somebody's machine; Ann's home is nobody's."""
VERBS = ["demo", "test", "check", "lint", "types", "lab", "bench", "docs", "lock", "clean"]


def files() -> list[Path]:
    """Every file that is, or would be, under version control."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git here to say which files are the repository's")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return [file for name in listed.split("\0") if name and (file := ROOT / name).is_file()]


def texts() -> dict[str, str]:
    found = {}
    for file in files():
        content = file.read_bytes()
        if b"\0" not in content:
            found[file.relative_to(ROOT).as_posix()] = content.decode("utf-8", errors="replace")
    return found


def holding(pattern: re.Pattern[str], among: dict[str, str]) -> list[str]:
    return [f"{name}: {match[0]}" for name, text in among.items() if (match := pattern.search(text))]


@pytest.mark.parametrize("pattern", [HOSTS, INDEXES, PLACES], ids=["registry host", "index address", "machine path"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    found = texts()
    assert {"pyproject.toml", "requirements.lock", "Makefile", ".ci/run"} <= set(found)
    assert holding(pattern, found) == []


def test_what_is_looked_for_is_found() -> None:
    host, option, place = "files.python" + "hosted.org", "--index" + "-url", "/" + "home/jo/crm.csv"
    assert holding(HOSTS, {"a": f"https://{host}/x"}) == [f"a: {host}"]
    assert holding(INDEXES, {"a": f"pip install {option} x"}) == [f"a: {option}"]
    assert holding(PLACES, {"a": f"open('{place}')"}) == ["a: " + place[:7]]
    assert holding(PLACES, {"a": "/home/ann/crm.csv, src/home/jo, https://example.com/root/x"}) == []


def test_make_lists_its_verbs() -> None:
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    listed = subprocess.run(["make"], cwd=ROOT, env=own, capture_output=True, check=True, text=True).stdout.splitlines()
    assert [line.split()[1] for line in listed] == VERBS
    assert all(len(line.split()) > 3 for line in listed)


def test_make_says_when_python_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    made = subprocess.run(["make", "test", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 2
    assert f"salesnb needs Python 3.11 or newer, and {old} is Python 3.9.2" in made.stderr
    made = subprocess.run(["make", "test", "PYTHON=no-such-python"], cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 2
    assert "there is no no-such-python" in made.stderr


def test_ci_runs_what_people_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "exec make check"


def test_the_hooks_are_local() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    assert [hook["id"] for hook in config["repos"][0]["hooks"]] == ["ruff", "ruff-format", "mypy", "nbstripout"]


def test_the_licence_and_the_changes_are_there() -> None:
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("BSD 3-Clause License\n")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changes
    assert "Keep a Changelog" in changes
