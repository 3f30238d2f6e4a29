"""The sample company as a folder of CSV files."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from salesnb.data.kept import sample_place
from salesnb.data.sample import dirt
from salesnb.data.sample.dirt import Dirt
from salesnb.data.sample.tables import make
from salesnb.data.sample.writing import csv_bytes, text
from salesnb.errors import StorageError


def write(
    folder: str | os.PathLike[str], seed: int = 7, dirty: bool = True, *, scale: float = 1.0
) -> tuple[Dirt, ...]:  # fmt: skip
    """Write the sample company as CSV files named as the tables of the contract, columns as the contract has them.

    UTF-8, commas, ISO dates, decimal point, blank for null; deals in the currency they were made in. The bytes depend
    on nothing but the arguments.

    Parameters
    ----------
    folder
        Where to; made where it is not there. Files of the same names are written over.
    seed, scale
        As for ``make``.
    dirty
        Add dirty rows of every kind behind the clean ones.

    Returns
    -------
    tuple of Dirt
        The dirty rows; empty where there are none.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    place = Path(folder)
    tables = make(seed, scale, converted=False)
    manifest: tuple[Dirt, ...] = ()
    if dirty:
        texts, manifest = dirt.dirty(tables, seed)
    else:
        texts = {name: text(name, rows) for name, rows in tables.items()}
    short = {(row.table, row.row) for row in manifest if row.kind == "missing field"}
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, rows in texts.items():
            cut = frozenset(row for table, row in short if table == name)
            (place / f"{name}.csv").write_bytes(csv_bytes(rows, cut))
    except OSError as error:
        raise StorageError(
            f"the sample company cannot be written: {error.strerror}", where=str(place),
            mend="name a folder that can be written",
        ) from error  # fmt: skip
    return manifest


def sample_folder(seed: int = 7) -> Path:
    """Return a folder that holds the sample company with its dirty rows, written once and kept.

    It lies in the user's cache (``XDG_CACHE_HOME``, else ``~/.cache``), under a name that changes with this package's
    code; it is written beside and put in place whole, so that two who ask at once both get a complete one. Where the
    cache cannot be written, a temporary folder serves until the program ends.
    """
    kept = sample_place(seed)
    if kept.is_dir():
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".sample-", dir=kept.parent))
    except OSError:
        staged = Path(tempfile.mkdtemp(prefix="salesnb-sample-"))
        atexit.register(shutil.rmtree, staged, ignore_errors=True)
        write(staged, seed)
        return staged
    try:
        write(staged, seed)
        staged.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return kept
