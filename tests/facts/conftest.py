"""The numbers that were computed apart from this program, and the books they were computed from."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import salesnb

SOURCES = Path(__file__).resolve().parents[2] / "params" / "sources"


@pytest.fixture(scope="session")
def facts(shared_data):
    """FACTS.md as section -> name -> value; a section is named by the first word of its heading."""
    sections: dict[str, dict[str, object]] = {}
    name = ""
    for line in (shared_data / "FACTS.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].split()[0]
            sections[name] = {}
        elif found := re.match(r"- ([\w.\-]+): `(.*)`$", line):
            sections[name][found[1]] = json.loads(found[2])
    return sections


@pytest.fixture(scope="session")
def maven(shared_data):
    return salesnb.open(SOURCES / "maven.yml")


@pytest.fixture(scope="session")
def adventureworks(shared_data):
    return salesnb.open(SOURCES / "adventureworks.yml")
