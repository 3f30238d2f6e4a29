"""The files of a folder: which there are, which a name or a pattern stands for, and that none lies outside."""

from __future__ import annotations

import hashlib
import os
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pandas as pd

from salesnb.data.parquet import load_parquet
from salesnb.data.raw import Raw, Reading, unknown_name
from salesnb.data.spreadsheets import load_sheet, sheet_names
from salesnb.data.textfiles import Loaded, load_text_file
from salesnb.data.workspace import Workspace
from salesnb.errors import RefusedForSafety, SalesnbError, SourceError

TEXT_FILES = (".csv", ".tsv", ".txt")
SHEET_FILES = (".xlsx", ".xlsm")
PARQUET_FILES = (".parquet",)
DATABASE_FILES = (".duckdb", ".db", ".ddb")
READABLE = (*TEXT_FILES, *SHEET_FILES, *PARQUET_FILES)


class FolderFiles:
    """The files of one folder, or only one of them, read into DuckDB; what was read once is not read again.

    Parameters
    ----------
    folder
        The folder, as an absolute path or one from the working directory.
    label
        What messages call it.
    only
        The one file that may be read; None: all of the folder.
    """

    def __init__(self, folder: Path, label: str, *, only: str | None = None) -> None:
        self._folder = Path(os.path.realpath(folder))
        self._only = only
        self.label = label
        # A file that was named itself may be a link to elsewhere; one found in a folder may not.
        self._workspace = Workspace([self._folder if only is None else self._folder / only])
        self.backend: Any = self._workspace.backend
        self._read: dict[tuple[str, Reading], Raw] = {}

    def names(self) -> tuple[str, ...]:
        """Return the files that can be read, a workbook by its sheets."""
        names: list[str] = []
        for file in self._files(""):
            try:
                sheets = sheet_names(self._folder / file, file) if file.lower().endswith(SHEET_FILES) else ()
            except SalesnbError:  # a damaged file says so when it is asked for, and does not hide the others
                sheets = ()
            names.extend([f"{file}#{sheet}" for sheet in sheets] or [file])
        return tuple(names)

    def raw(self, name: str, reading: Reading) -> Raw:
        """Return the rows of a file, of a sheet, or of all files of a pattern.

        Raises
        ------
        SourceError
            No such file, or content that cannot be read without a guess.
        RefusedForSafety
            A name that leads out of the folder, or a file that is not safe to open.
        """
        if (name, reading) not in self._read:
            self._read[name, reading] = self._raw(name, reading)
        return self._read[name, reading]

    def _raw(self, name: str, reading: Reading) -> Raw:
        self._refuse_unsafe(name)
        file, sheet = self._parts(name)
        if sheet is not None:
            if reading.sheet not in (None, sheet):
                raise SourceError(
                    f"two sheets are named, {sheet!r} and {reading.sheet!r}", where=name, mend="leave `sheet:` out"
                )
            reading = Reading(header=reading.header, sheet=sheet, skip_rows=reading.skip_rows)
        files = self._matching(file)
        parts = [self._load(found, reading) for found in files]
        if len(parts) == 1:
            return parts[0].raw(name, self._workspace)
        return self._together(name, files, parts)

    def close(self) -> None:
        """End the database; its tables are gone."""
        self._workspace.close()

    def _files(self, folder: str) -> list[str]:
        """Return the files that can be read in a folder below this one, as paths from this one."""
        if self._only is not None:
            return [self._only] if not folder else []
        place = self._folder / folder
        if not place.is_dir():
            return []
        found = [
            f"{folder}/{child.name}" if folder else child.name
            for child in place.iterdir()
            if child.suffix.lower() in READABLE and not child.name.startswith((".", "~$")) and self._is_inside(child)
        ]
        return sorted(name for name in found if (self._folder / name).is_file())

    def _parts(self, name: str) -> tuple[str, str | None]:
        file, mark, sheet = name.rpartition("#")
        if mark and file.lower().endswith(SHEET_FILES) and name not in self._files(_parent(name)):
            return file, sheet
        return name, None

    def _refuse_unsafe(self, name: str) -> None:
        posix, windows = PurePosixPath(name), PureWindowsPath(name)
        if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in name:
            raise RefusedForSafety(
                f"{name!r} leads out of the source's folder", where=self.label, mend="give a file's name in the folder"
            )

    def _matching(self, name: str) -> list[str]:
        """Return the files that a name or a pattern stands for."""
        known = self._files(_parent(name))
        if name in known:
            return [name]
        if any(mark in name for mark in "*?["):
            if found := [file for file in known if fnmatchcase(file, name)]:
                return found
            raise SourceError(
                f"no file matches {name!r}", where=self.label, mend=f"the files are: {', '.join(known) or 'none'}"
            )
        path = self._folder / name
        if self._only is None and path.exists():
            if not self._is_inside(path):
                raise RefusedForSafety(
                    f"{name!r} is a link that leads out of the source's folder",
                    where=self.label,
                    mend="put the file itself into the folder",
                )
            raise not_read(name, self.label)
        raise unknown_name(name, self.names(), self.label)

    def _is_inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self._folder)

    def _load(self, file: str, reading: Reading) -> Loaded:
        path = self._folder / file
        suffix = path.suffix.lower()
        try:
            if suffix in TEXT_FILES:
                _only_for(reading, file, sheet=None)
                return load_text_file(path, file, reading, self._workspace)
            if suffix in SHEET_FILES:
                _only_for(reading, file, encoding=None, delimiter=None)
                return load_sheet(path, file, reading, _digest(path), self._workspace)
            _only_for(reading, file, encoding=None, delimiter=None, header=None, sheet=None, skip_rows=0)
            return load_parquet(path, file, _digest(path), self._workspace)
        except OSError as error:
            raise SourceError(
                f"the file cannot be read ({error.strerror or error})", where=file, mend="see that it may be read"
            ) from None

    def _together(self, name: str, files: list[str], parts: list[Loaded]) -> Raw:
        first = parts[0]
        for file, part in zip(files[1:], parts[1:], strict=True):
            differ = sorted(set(part.names) ^ set(first.names))
            if differ:
                raise SourceError(
                    f"files read together have different columns: {', '.join(map(repr, differ[:5]))} is not in both",
                    where=f"{files[0]} and {file}",
                    mend="read them one by one, or give them the same columns",
                )
        table = self._workspace.joined([part.table for part in parts], first.names, name)
        digest = hashlib.sha256(repr([(f, part.digest) for f, part in zip(files, parts, strict=True)]).encode())
        frames = [part.malformed for part in parts if len(part.malformed)] or [first.malformed]
        return Raw(
            name=name,
            table=self._workspace.table(table),
            malformed=pd.concat(frames, ignore_index=True),
            notes=tuple(note for part in parts for note in part.notes),
            digest=digest.hexdigest(),
            column_names=first.names,
        )


def _parent(name: str) -> str:
    """Return the folder of a name, as a path from the source's folder; empty for the folder itself."""
    folder = str(PurePosixPath(name).parent)
    return "" if folder == "." else folder


def _only_for(reading: Reading, file: str, **unset: object) -> None:
    given = [name for name, default in unset.items() if getattr(reading, name) != default]
    if given:
        raise SourceError(
            f"`{given[0]}:` does not apply to a file of this kind", where=file, mend=f"leave `{given[0]}:` out"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_read(name: str, where: str) -> SourceError:
    """Return the error for a file whose name has no ending that is known."""
    return SourceError(
        f"{name!r} is not a file of a kind that is read",
        where=where,
        mend=f"give a file ending in one of {', '.join((*READABLE, *DATABASE_FILES))}",
    )
