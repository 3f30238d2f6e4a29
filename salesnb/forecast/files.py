"""Files: tables that are forecast and what comes of it, as CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from salesnb.errors import ParameterError, SourceError, StorageError

_KINDS = (".csv", ".parquet")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV or Parquet file; of a CSV every value stays the text it is.

    Raises
    ------
    SourceError
        There is no such file, or it is neither.
    """
    file = Path(path)
    if not file.is_file():
        raise SourceError("there is no such file", where=str(path), mend="check the path")
    _kind(file, SourceError)
    try:
        if file.suffix.lower() == ".csv":
            return pd.read_csv(file, dtype="string", skipinitialspace=True)
        return pd.read_parquet(file)
    except Exception as trouble:  # pandas and Arrow raise what they like for a file that is broken
        first = str(trouble).strip().splitlines()[0] if str(trouble).strip() else type(trouble).__name__
        raise SourceError(
            f"the file cannot be read: {first[:200]}", where=str(path), mend="give a CSV with a header, or Parquet"
        ) from None


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a CSV or Parquet file; a file that is there is replaced only when the new one is whole.

    Raises
    ------
    ParameterError
        The name ends in neither.
    StorageError
        The folder refused.
    """
    file = Path(path)
    _kind(file, ParameterError)
    part = file.with_name(f".{file.name}.part")
    try:
        if file.suffix.lower() == ".csv":
            frame.to_csv(part, index=False, lineterminator="\n")
        else:
            frame.to_parquet(part, index=False)
        part.replace(file)
    except OSError as trouble:
        part.unlink(missing_ok=True)
        raise StorageError(
            f"the forecast cannot be written: {trouble.strerror}", where=str(path), mend="check its rights and its room"
        ) from trouble


def checked_out(path: str | Path) -> None:
    """Refuse a place to write to before any work is done.

    Raises
    ------
    ParameterError
        The name ends in neither ``.csv`` nor ``.parquet``.
    StorageError
        There is no such folder.
    """
    _kind(Path(path), ParameterError)
    if not Path(path).resolve().parent.is_dir():
        raise StorageError("there is no such folder", where=str(Path(path).parent), mend="make it first")


def _kind(file: Path, error: type[SourceError] | type[ParameterError]) -> None:
    if file.suffix.lower() not in _KINDS:
        raise error(
            f"{file.name!r} is neither a CSV nor a Parquet file", where=str(file), mend="give one that ends in .csv or "
            ".parquet",
        )  # fmt: skip
