"""Shipped notebooks in a real JupyterLab, driven as a person does: open one, Run All Cells, save."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from salesnb.data.kept import cache_home
from salesnb.run.notebook import find_notebooks, notebooks_folder
from tests.browser.chromium import launched
from tests.notebooks.test_plain import ran
from tests.notebooks.turning import agrees, dragged

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = (*find_notebooks(notebooks_folder()), "_template")
DEADLINE = 300.0
AT_ONCE = 2
_SETTINGS = (
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--ServerApp.allow_root=True",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)


class Server:
    """A JupyterLab of a copy of the notebooks, with nothing of the user's."""

    def __init__(self, place: Path, opened: Mapping[str, str]) -> None:
        self.folder = Path(shutil.copytree(notebooks_folder(), place / "notebooks"))
        self.token = secrets.token_hex(16)
        self.runtime = place / "runtime"
        own = {
            "HOME": str(place),
            # The sample company and the texts of queries, which any program of this user makes once.
            "XDG_CACHE_HOME": str(cache_home().parent),
            "PYTHONPATH": str(ROOT),
            "JUPYTER_CONFIG_DIR": str(place / "config"),
            "JUPYTER_DATA_DIR": str(place / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(place / "workspaces"),
            **opened,
        }
        self.log = place / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *_SETTINGS, f"--ServerApp.token={self.token}"],
                cwd=self.folder, env=os.environ | own, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.url = ""

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            for file in self.runtime.glob("jpserver-*.json"):
                try:
                    self.url = json.loads(file.read_text())["url"]
                    self.ask("api/status")
                except (ValueError, urllib.error.URLError):
                    continue
                return
            time.sleep(0.2)
        pytest.fail(f"JupyterLab did not start: {self.log.read_text()[-2000:]}")

    def ask(self, path: str, method: str = "GET") -> bytes:
        """Ask the server for something."""
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def has_run(self, name: str) -> bool:
        """Whether the saved notebook is that of a run without an error; not while Lab writes it."""
        try:
            return ran(self.folder / f"{name}.ipynb")
        except ValueError:
            return False

    def is_idle(self) -> bool:
        """Whether no kernel works."""
        return all(kernel["execution_state"] == "idle" for kernel in json.loads(self.ask("api/kernels")))

    def stop(self) -> None:
        """Shut it down with its kernels; by force where it does not go."""
        try:
            if self.url and self.process.poll() is None:
                self.ask("api/shutdown", "POST")
                self.process.wait(60)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)

    def processes(self) -> list[str]:
        """Return what still runs of it, by the folder that only its processes know."""
        mark = f"JUPYTER_RUNTIME_DIR={self.runtime}".encode()
        found = []
        for file in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in file.read_bytes():
                    found.append((file.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # it has ended, or is somebody else's
                continue
        return found


@pytest.fixture
def server(tmp_path, opened):
    started = Server(tmp_path, opened)
    try:
        started.wait()
        yield started
    finally:
        started.stop()


def test_run_all(server):
    with launched() as browser:
        for first in range(0, len(NOTEBOOKS), AT_ONCE):
            names = NOTEBOOKS[first : first + AT_ONCE]
            pages = {name: browser.new_page() for name in names}
            for name, page in pages.items():
                page.route(lambda url: not url.startswith(server.url), lambda route: route.abort())
                page.goto(f"{server.url}lab/workspaces/{name}/tree/{name}.ipynb?token={server.token}")
                page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=120_000)
                # Lab shows its notebook before its kernel, and asks which one where it is hurried.
                page.locator(".jp-Toolbar-kernelName", has_text="Python 3").wait_for(timeout=120_000)
                page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(timeout=120_000)
                page.get_by_role("menuitem", name="Run", exact=True).click()
                page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            end, left = time.monotonic() + DEADLINE, set(names)
            while left and time.monotonic() < end:
                time.sleep(1)
                for page in pages.values() if server.is_idle() else ():
                    assert page.locator(".jp-Dialog-content").all_inner_texts() == []
                    page.keyboard.press("Control+s")
                # Once is enough: Lab may be writing the file of one that was whole before.
                left -= {name for name in left if server.has_run(name)}
            assert left == set()
            if "08_quota" in pages:
                agrees(pages["08_quota"], 1.0)
                agrees(pages["08_quota"], dragged(pages["08_quota"], 0.75))
            for page in pages.values():
                page.close()
    server.stop()
    assert server.processes() == []
