"""The what-if application: its notebook with the parameters in it, and how it ends."""

from __future__ import annotations

import json
import sys

import pytest

from salesnb.errors import UsageError
from salesnb.params import Params
from salesnb.run import app


def test_the_notebook_has_the_parameters_it_takes(tmp_path) -> None:
    settings = Params.of(period="2026Q2", source="sample", target=5e6, scenarios={"A": {"size": 1.2}})
    made = json.loads(app.prepared(settings, tmp_path))
    injected = [cell for cell in made["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
    assert len(injected) == 1
    text = "".join(injected[0]["source"])
    assert f"os.chdir({str(tmp_path)!r})" in text
    names: dict = {}
    exec(text.replace(f"os.chdir({str(tmp_path)!r})", ""), names)  # our own text
    assert (names["period"], names["source"], names["target"]) == ("2026Q2", "sample", 5e6)
    assert names["scenarios"]["A"]["size"] == 1.2
    assert "cohort_start" not in names, "the notebook takes no such parameter"
    assert "segments" not in names


def test_without_voila_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(app, "find_spec", lambda name: None if name == "voila" else sys)
    with pytest.raises(UsageError, match="voila is not installed"):
        app.serve(Params.of(period="2026Q3"), host="127.0.0.1", port=1, opens=False)
