"""The what-if application, in a real browser: sliders, words beside fields, a download, and nobody sees another's."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from salesnb.data.kept import cache_home
from salesnb.params import read_params
from salesnb.scenarios import Changes
from tests.browser.chromium import launched
from tests.notebooks.turning import WAIT, agrees, dragged

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 120.0


class Server:
    """``salesnb what-if`` on a free port, with a home of its own."""

    def __init__(self, place: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.place, self.url = place, f"http://127.0.0.1:{port}/"
        (place / "tmp").mkdir()
        own = {"HOME": str(place), "TMPDIR": str(place / "tmp"), "XDG_CACHE_HOME": str(cache_home().parent),
               "PYTHONPATH": str(ROOT)}  # fmt: skip
        self.log = place / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "salesnb", "what-if", "2026Q3", "--port", str(port), "--no-browser"],
                cwd=place, env=os.environ | own, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        """Wait until it answers at all; the notebook runs only when somebody visits."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}voila/static/none", timeout=5)
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.2)
        pytest.fail(f"the application did not start: {self.log.read_text()[-2000:]}")

    def stop(self) -> int:
        """Interrupt it as a person does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                pytest.fail("it did not end")
        return self.process.returncode

    def left(self) -> list[str]:
        """What is left of it: processes, by the folder that only they know, and files."""
        mark = f"TMPDIR={self.place / 'tmp'}".encode()
        found = []
        for file in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in file.read_bytes().split(b"\0"):
                    found.append((file.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
            except OSError:
                continue
        return [*found, *(str(path) for path in (self.place / "tmp").glob("salesnb*"))]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    # A socket's path may be no longer than a hundred characters, and kernels put theirs below the folder.
    with tempfile.TemporaryDirectory() as short:
        started = Server(Path(short))
        try:
            started.wait()
            yield started
        finally:
            started.stop()


def visited(page: Page, server: Server) -> list[str]:
    """Visit the application; return the addresses elsewhere that it asks for meanwhile and later."""
    away: list[str] = []
    page.on(
        "request", lambda one: away.append(one.url) if not one.url.startswith((server.url, "data:", "blob:")) else None
    )
    page.goto(server.url, timeout=WAIT)
    page.locator(".snb-tiles[aria-label='This scenario']").wait_for(timeout=WAIT)
    page.locator(".noUi-handle").first.wait_for(timeout=WAIT)
    return away


def test_two_visitors(server: Server, tmp_path: Path) -> None:
    with launched() as browser:
        one, two = (browser.new_context(accept_downloads=True).new_page() for _ in range(2))
        away = visited(one, server)
        agrees(one, 1.0)
        size = dragged(one, 0.75)
        assert size != 1
        agrees(one, size)
        away += visited(two, server)
        agrees(two, 1.0)
        other = dragged(two, 0.2)
        agrees(two, other)
        agrees(one, size)
        field = one.locator(".widget-hbox", has=one.get_by_text("Win rate", exact=True)).last.locator(
            "input[type=text]"
        )
        field.fill("1e999")
        field.press("Tab")
        expect(one.get_by_text("too high: 54.7 is the most")).to_be_visible(timeout=WAIT)
        one.get_by_role("button", name="Reset").click()
        agrees(one, 1.0)
        two.get_by_role("button", name="Save").click()
        link = two.get_by_role("link", name="Download my_scenario.yml")
        with two.expect_download() as download:
            link.click(timeout=WAIT)
        download.value.save_as(tmp_path / "mine.yml")
        assert read_params(tmp_path / "mine.yml").scenarios == {"My scenario": Changes(size=other)}
        assert not one.get_by_text("my_scenario").count(), "what one saves is nothing to the other"
        assert not [path for path in server.place.iterdir() if path.name == "params"], "nothing is written"
        assert away == []
        assert not re.search(r"Traceback|Error", two.locator("body").inner_text())
    assert server.stop() == 0
    assert server.left() == []
