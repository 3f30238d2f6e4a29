"""The sample company, opened once for the notebooks that a process of these tests executes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from salesnb.data.load import open_book
from salesnb.data.opened import FOLDER_VARIABLE, READY, SOURCE_VARIABLE
from salesnb.data.stored import save
from salesnb.data.texts import RUN_VARIABLE


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What tells a notebook where the sample company is opened already, and what others found, as a run tells it."""
    place = tmp_path_factory.mktemp("opened")
    for name in ("book", "found"):
        (place / name).mkdir(mode=0o700)
    book = open_book("sample")
    try:
        save(book, place / "book")
    finally:
        book.connection.close()
    (place / "book" / READY).touch()
    return {
        FOLDER_VARIABLE: str(place / "book"),
        SOURCE_VARIABLE: "sample",
        RUN_VARIABLE: str(place / "found"),
    }
