"""Settings: the one reader of the YAML under ``params/``, and how what it says is checked.

YAML has traps for people who only want to write words, so a file is read more strictly than the language allows, and
never to anything but dicts, lists, texts, numbers, true, false and null:

- ``007``, ``2026_03``, ``12:30`` and ``2026-09-30`` are texts, as written; a number looks like ``7``, ``-1.5`` or
  ``2e6``;
- only ``true`` and ``false`` are yes and no: ``NO`` is Norway, ``on`` is a column's name;
- a name given twice, an alias, a tag, a second document and a file over one megabyte are refused.
"""

from __future__ import annotations

import datetime as dtm
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from salesnb.errors import ParameterError, SalesnbError, did_you_mean

MAX_BYTES = 1_000_000

# How to mend what pydantic finds wrong; by the start of the name it gives the error.
_MENDS = {
    "missing": "add a line for it",
    "string_pattern": "write it in that form",
    "string_too_short": "say what it is, or leave the line out",
    "string": "give a text, in quotes",
    "int": "give a whole number, without quotes",
    "float": "give a number, without quotes",
    "tuple": "give a list, as in [rep, team]",
    "dict": "give names with values, as in {name: value}",
    "date": "write a date as 2026-09-30",
    "literal_error": "use one of these words",
    "model": "give names with values",
}

_SECRET = re.compile(r"://[^@\s]*@")
_HALF = re.compile("[\ud800-\udfff]")
_YAML_ENDINGS = (".yml", ".yaml")
_RESOLVERS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-+0123456789")),
)


class _Strict(yaml.SafeLoader):
    """A safe loader of plain values, without YAML's guesses at them."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - the name and type are PyYAML's

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias, with which a small file can stand for a huge value, and half a character."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(None, None, "aliases ('*name') are not read", mark)
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.ScalarNode) and _HALF.search(node.value):
            raise yaml.MarkedYAMLError(None, None, "half of a surrogate pair is no character", node.start_mark)
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a name that is not a text, and one that is given twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None or key.tag != "tag:yaml.org,2002:str":
                raise yaml.MarkedYAMLError(None, None, f"{name!r} is not a name; put it in quotes", key.start_mark)
            if name in seen:
                raise yaml.MarkedYAMLError(None, None, f"{name!r} is given twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in _RESOLVERS:
    _Strict.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def read_yaml(path: str | Path, error: type[ParameterError] = ParameterError) -> dict[str, Any]:
    """Read a settings file: a YAML mapping of names to values.

    Parameters
    ----------
    path
        The file; a relative path is looked up as :func:`locate` says.
    error
        What to raise.

    Returns
    -------
    dict
        Of names to texts, numbers, booleans, None, and lists and dicts of these; empty for an empty file.

    Raises
    ------
    ParameterError
        The file is not there, too large, not UTF-8, not YAML, not a mapping, or has one of the traps named above.
    """
    file = locate(path, error)
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as trouble:
        raise error(
            f"the file cannot be read: {trouble.strerror}", where=str(path), mend="check its rights and its place"
        ) from None
    return parse(content, str(path), error)


def parse(content: bytes, where: str, error: type[ParameterError] = ParameterError) -> dict[str, Any]:
    """Read the content of a settings file: see :func:`read_yaml`.

    Parameters
    ----------
    content
        Its bytes, at most :data:`MAX_BYTES`.
    where
        What to call it.
    error
        What to raise.

    Raises
    ------
    ParameterError
        It is too large, not UTF-8, not YAML, not a mapping, or has one of the traps named above.
    """
    if len(content) > MAX_BYTES:
        raise error(
            f"the file is larger than {MAX_BYTES:,} bytes, which no settings file is",
            where=where,
            mend="give a settings file; data belongs in a table",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        row = content[: trouble.start].count(b"\n") + 1
        raise error(
            f"the file is not UTF-8: byte {content[trouble.start]:#04x}",
            where=f"{where}:{row}",
            mend="save it again as UTF-8",
        ) from None
    try:
        loaded = yaml.load(text, Loader=_Strict)  # a safe loader, made stricter
    except yaml.MarkedYAMLError as trouble:
        mark = trouble.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise error(
            f"the file is not read as settings: {trouble.problem or trouble}",
            where=place,
            mend="mend that line; put a value in quotes where it is meant as a text",
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as trouble:
        raise error(
            f"the file is not read as settings: {str(trouble).splitlines()[0]}",
            where=where,
            mend="write names and values, as in the files under params/",
        ) from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise error(
            f"the file holds a {_noun(loaded)}, not names with values",
            where=where,
            mend="write 'name: value' lines, as in the files under params/",
        )
    return loaded


def _noun(value: object) -> str:
    return {list: "list", str: "text", bool: "yes or no"}.get(type(value), "number")


def locate(path: str | Path, error: type[ParameterError] = ParameterError) -> Path:
    """Find a settings file: as given from the working folder, else from the folder that holds it.

    A notebook runs in ``notebooks/`` and names files as its project does, from the folder above.

    Raises
    ------
    ParameterError
        There is no such file, or it is no ``.yml`` or ``.yaml``.
    """
    given = Path(path)
    if given.suffix.lower() not in _YAML_ENDINGS:
        raise error(
            f"{given.name!r} is not a settings file", where=str(path), mend="give a file that ends in .yml or .yaml"
        )
    for file in (given, Path("..", given)) if not given.is_absolute() else (given,):
        if file.is_file():
            return file
    folder = given.parent if given.parent.is_dir() else Path("..", given.parent)
    near = sorted(file.name for ending in _YAML_ENDINGS for file in folder.glob(f"*{ending}"))
    raise error(
        f"there is no file {given.name!r}",
        where=str(path),
        mend=f"the folder has {', '.join(near)}" if near else "check the path",
    )


def _day(value: object) -> object:
    """Take a date or its ISO text; numbers and moments, which pydantic would take too, are refused."""
    is_iso = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)
    if is_iso or (isinstance(value, dtm.date) and not isinstance(value, dtm.datetime)):
        return value
    raise ParameterError(f"{value!r} is not a date", mend="write a date as 2026-09-30")


Day = Annotated[dtm.date, BeforeValidator(_day)]
"""A date, written ``2026-09-30``."""


class Settings(BaseModel):
    """What all checked settings share: values that never change, and no unknown name."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


SettingsType = TypeVar("SettingsType", bound=Settings)


def checked(kind: type[SettingsType], values: Mapping[str, Any], where: str) -> SettingsType:
    """Make settings of a kind out of plain values.

    Parameters
    ----------
    kind
        The class of settings.
    values
        Name to value.
    where
        What to call the place they come from.

    Raises
    ------
    ParameterError
        Any of them is unknown, missing or wrong; all problems are told at once, sorted by name.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as trouble:
        problems = sorted(_problem(kind, found) for found in _told(trouble))
    names = ", ".join(dict.fromkeys(name for name, _, _ in problems if name))
    what = "\n".join(f"{name}: {what}" if name else what for name, what, _ in problems)
    is_one = len(problems) == 1
    mend = "; ".join(mend if is_one or not name else f"{name}: {mend}" for name, _, mend in problems)
    raise ParameterError(what, where=f"{where}: {names}" if names else where, mend=mend)


def _told(trouble: ValidationError) -> list[Any]:
    """Return pydantic's findings; a list is not too short where what was in it is wrong, which is told of each."""
    every = trouble.errors(include_url=False)
    wrong = [found["loc"] for found in every]

    def is_inside(loc: Any) -> bool:
        return any(len(other) > len(loc) and other[: len(loc)] == loc for other in wrong)

    return [found for found in every if found["type"] != "too_short" or not is_inside(found["loc"])]


def _problem(kind: type[BaseModel], found: Any) -> tuple[str, str, str]:
    """Say one of pydantic's findings as a name, what is wrong with it and how to mend it."""
    name = ".".join(str(part) for part in found["loc"])
    cause = found.get("ctx", {}).get("error")
    if isinstance(cause, SalesnbError):
        return name or cause.where, cause.what, cause.mend
    if found["type"] == "extra_forbidden":
        known = list(_inner(kind, found["loc"][:-1]).model_fields)
        return name, "there is no such name", did_you_mean(str(found["loc"][-1]), known)
    what = found["msg"][:1].lower() + found["msg"][1:]
    if found["type"] != "missing":
        what += f", and is {_SECRET.sub('://...@', repr(found['input'])):.60}"
    near = [mend for start, mend in _MENDS.items() if found["type"].startswith(start)]
    return name, what, near[0] if near else "give a value inside the bounds"


def _inner(kind: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel]:
    for name in path:
        if isinstance(name, str) and name in kind.model_fields:  # else the key of a mapping
            inner = get_args(kind.model_fields[name].annotation)
            kind = next(found for found in inner if isinstance(found, type) and issubclass(found, BaseModel))
    return kind
