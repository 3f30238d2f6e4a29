"""Saving: scenarios as files under ``params/``, which a run, papermill and a notebook take."""

from __future__ import annotations

import re
from pathlib import Path

from salesnb.errors import ParameterError, SalesnbError, StorageError
from salesnb.params import Params
from salesnb.scenarios import Changes
from salesnb.settings import checked, parse, read_yaml

_MOST_FILES = 200


def folder() -> Path:
    """Return the folder of parameters: here, or above where a notebook runs in ``notebooks/``."""
    here, above = Path("params"), Path("..", "params")
    return above if not here.is_dir() and above.is_dir() else here


def slug(name: str) -> str:
    """Return a file's name for a scenario: small letters, figures and low lines."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "scenario"


def save(name: str, text: str) -> Path:
    """Write a scenario to a new file.

    Parameters
    ----------
    name, text
        Of the scenario, and what :func:`salesnb.scenarios.written` makes of it.

    Returns
    -------
    pathlib.Path
        The file. A file that is there is never written over.

    Raises
    ------
    ParameterError
        There is a file of that name.
    StorageError
        It cannot be written.
    """
    file = folder() / f"{slug(name)}.yml"
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise ParameterError(f"there is a file {file} already", where="name", mend="choose another name") from None
    except OSError as trouble:
        raise StorageError(
            f"the scenario cannot be written: {trouble.strerror}", where=str(file), mend="check its rights and its room"
        ) from trouble
    return file


def listed() -> list[tuple[str, Changes]]:
    """Return the scenarios of the files under ``params/``, by file and name; other files are left out."""
    made: list[tuple[str, Changes]] = []
    for file in sorted(folder().glob("*.yml"))[:_MOST_FILES]:
        try:
            content = read_yaml(file)
            if "scenarios" in content:
                found = checked(Params, content, str(file)).scenarios
                made += [(f"{file.name}: {name}", changes) for name, changes in found.items()]
        except SalesnbError:
            continue
    return made


def read(content: bytes, name: str) -> dict[str, Changes]:
    """Read the scenarios of a file that was handed over.

    Raises
    ------
    ParameterError
        It is no file of parameters, or has no scenario.
    """
    found = checked(Params, parse(content, name), name).scenarios
    if not found:
        raise ParameterError("there is no scenario in it", where=name, mend="give a file that was saved here")
    return found
