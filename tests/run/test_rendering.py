"""The rendering process: pages come back, and a page that takes too long or breaks it ends only itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from salesnb.errors import OutOfTime, ParameterError, RenderError
from salesnb.run.forkserver import ForkServer, is_available
from salesnb.run.kernels import python_environment
from salesnb.run.notebook import read
from salesnb.run.pages import Facts
from salesnb.run.render import render
from salesnb.run.rendering import Renderer
from tests.run.conftest import notebook

FACTS = Facts("2026Q3", "Little & Co", (("Period", "2026Q3"),), "Made today")
TEXT = nbformat.writes(notebook("## Part", title="Why & how?"))


@pytest.fixture(params=["forked", "ordinary"])
def renderer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Renderer]:
    server = None
    if request.param == "forked":
        if not is_available():
            pytest.skip("processes are not forked on this system")
        server = ForkServer(python_environment(), tmp_path / "server.log")
    made = Renderer(server, python_environment(), tmp_path)
    yield made
    made.close()
    if server is not None:
        server.close()


def test_a_page_is_the_same_as_without_a_process(renderer: Renderer) -> None:
    page = renderer.page("01_why", TEXT, FACTS, 60)
    assert page == render("01_why", read(TEXT, "01_why"), FACTS)
    assert page.title == "Why & how?"
    assert [heading.text for heading in page.contents] == ["Part"]
    again = renderer.page("01_why", TEXT, FACTS, 60)
    assert again == page


def test_an_error_comes_back_as_what_it_is(renderer: Renderer) -> None:
    with pytest.raises(ParameterError, match="not a notebook that can be read") as error:
        renderer.page("01_why", "{}", FACTS, 60)
    assert error.value.where.startswith("01_why.ipynb")
    assert renderer.page("01_why", TEXT, FACTS, 60).title == "Why & how?"


def test_a_page_that_takes_too_long_is_ended_and_the_next_one_is_made(renderer: Renderer) -> None:
    renderer.page("01_why", TEXT, FACTS, 60)
    process = renderer._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)  # type: ignore[attr-defined]
    with pytest.raises(OutOfTime, match=r"longer than 0\.2 seconds"):
        renderer.page("01_why", TEXT, FACTS, 0.2)
    assert renderer.page("01_why", TEXT, FACTS, 60).title == "Why & how?"


def test_a_process_that_ends_is_a_render_error(renderer: Renderer) -> None:
    renderer.page("01_why", TEXT, FACTS, 60)
    process = renderer._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)  # type: ignore[attr-defined]
    killer = threading.Thread(target=lambda: (time.sleep(0.1), renderer.kill()))
    killer.start()
    with pytest.raises(RenderError, match="ended with the code -9"):
        renderer.page("01_why", TEXT, FACTS, 60)
    killer.join()
    assert "2026Q3" in renderer.contents(
        {"title": "Sales report 2026Q3", "sheets": [], "kpis": [], "more": 0, "missing": [], "failed": [], "files": []},
        FACTS, 60,
    )  # fmt: skip
