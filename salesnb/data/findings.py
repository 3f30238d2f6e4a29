"""Findings: what one kernel of a run has computed, found again by the other kernels of the same run.

The notebooks of a report, and the reports of a backfill, ask the same of one book: the bookings of a quarter are the
change of the next one and the year-ago of another. What is dear and depends on nothing but the book and what is asked
is computed by the kernel that asks first and kept, pickled, in the private folder that the run's kernels share. The
folder goes with the run, so nothing is ever found that an earlier run computed; in JupyterLab and under plain papermill
there is none, and everything is computed.

A finding is kept under all that it depends on. A book that was changed, by ``at`` or ``replace``, is not
:func:`marked` any more, and nothing is found for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from salesnb.data.texts import RUN_VARIABLE, put

if TYPE_CHECKING:
    from salesnb.data.book import Book

T = TypeVar("T")

MOST_BYTES = 2**22
"""A larger finding is not kept: to write and to read it would take longer than to compute it."""


def marked(book: Book, *changes: Hashable) -> Book:
    """Return the same book, for which findings may be kept.

    Parameters
    ----------
    book
        As the source was opened, or changed from that in a way that `changes` tells. One without a fingerprint cannot
        be told from others, and is returned as it is.
    changes
        What was done to it since it was opened, as values whose ``repr`` tells them apart.
    """
    if book.fingerprint:
        about = (book.fingerprint, book.as_of.isoformat(), book.fiscal_year_start, changes)
        object.__setattr__(book, "mark", repr(about))
    return book


def found(book: Book | None, *key: Hashable, make: Callable[[], T]) -> T:
    """Return what another kernel of this run has found under a key, or find it, and for them too.

    Parameters
    ----------
    book
        What it was computed of; None where it depends on the key alone.
    key
        All that it depends on besides the book and the code, as values whose ``repr`` tells them apart.
    make
        Computes it: something that can be pickled. An error is not kept.
    """
    run = os.environ.get(RUN_VARIABLE)
    if not run or (book is not None and not book.mark):
        return make()
    told = repr((None if book is None else book.mark, key))
    path = Path(run, f"{hashlib.sha256(told.encode()).hexdigest()}.found")
    # The folder is the run's own and private to the user, whose notebooks write to it.
    with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
        kept: T = pickle.loads(path.read_bytes())
        return kept
    made = make()
    content = pickle.dumps(made, pickle.HIGHEST_PROTOCOL)
    if len(content) <= MOST_BYTES:
        put(path, content)
    return made
