"""Opened: the book that a run has opened once for all its notebooks, where there is one."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from salesnb.errors import SalesnbError

if TYPE_CHECKING:
    from salesnb.data.book import Book

FOLDER_VARIABLE = "SALESNB_BOOK_DIR"
SOURCE_VARIABLE = "SALESNB_BOOK_SOURCE"
READY = "ready"
FAILED = "failed"

_GLANCE = 0.01


def opened_book(source: str) -> Book:
    """Open a source, or load the book that this run has made of it.

    Where the environment names a folder and this very source, the book is loaded from there, as soon as the run has
    finished storing it. Where it could not be stored, and everywhere else, the source is opened.

    Parameters
    ----------
    source
        As for :func:`salesnb.data.load.open_book`, with the same errors.
    """
    from salesnb.data.load import open_book

    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder or os.environ.get(SOURCE_VARIABLE) != source or not _is_ready(Path(folder)):
        return open_book(source)
    from salesnb.data.stored import load

    try:
        return load(Path(folder))
    except SalesnbError:
        return open_book(source)


def _is_ready(folder: Path) -> bool:
    """Wait until the run has stored the book, and tell whether it could; the run's deadlines end the wait."""
    while folder.is_dir():
        if (folder / READY).exists():
            return True
        if (folder / FAILED).exists():
            return False
        time.sleep(_GLANCE)
    return False
