"""Chromium, the one that is installed: started off-line, and watched for everything that a report must not do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_LISTENER = """
window.__violations = [];
addEventListener("securitypolicyviolation", (event) => window.__violations.push(event.violatedDirective));
addEventListener("error", (event) => event.isTrusted && window.__violations.push(String(event.type)), true);
"""

_DESK = {"viewport": {"width": 1280, "height": 900}}
_HAND = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
MODES: dict[str, dict[str, Any]] = {
    "light": {**_DESK, "color_scheme": "light"},
    "dark": {**_DESK, "color_scheme": "dark"},
    "phone": {**_HAND, "color_scheme": "light"},
    "print": {**_DESK, "color_scheme": "light"},
}
"""How a report is looked at."""


@dataclass
class Watched:
    """A page and what it did.

    Attributes
    ----------
    page
        The page of the browser.
    dialogs, requests, said
        The dialogs it opened, the addresses it asked for (its own file among them) and what it wrote to the console.
    """

    page: Page
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What broke the page's policy, and scripts that failed."""
        return list(self.page.evaluate("window.__violations"))


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the installed Chromium; the test is skipped where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip(f"no browser is installed: none of {', '.join(_NAMES)} is on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_SWITCHES))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, mode: str = "light", **settings: Any) -> Iterator[Watched]:
    """Open a file without a network, and watch it.

    Parameters
    ----------
    browser
        A browser that runs.
    file
        The page.
    mode
        One of MODES.
    settings
        More of the browser's context.
    """
    context = browser.new_context(offline=True, **MODES[mode], **settings)
    try:
        context.add_init_script(_LISTENER)
        page = context.new_page()
        watched = Watched(page)

        def dismissed(dialog: Any) -> None:
            watched.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismissed)
        page.on("request", lambda request: watched.requests.append(request.url))
        page.on("console", lambda message: watched.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: watched.said.append(f"error: {error}"))
        context.on("page", lambda other: watched.requests.append(f"another page: {other.url}"))
        if mode == "print":
            page.emulate_media(media="print")
        page.goto(file.as_uri())
        yield watched
    finally:
        context.close()
