"""Shapes: what came out of a notebook, held to the names, types and sizes that it may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def fields(value: Any, names: str, where: str) -> Mapping[str, Any]:
    """Return a mapping that has just the names given, apart by blanks.

    Raises
    ------
    ValueError
        It is none, or has others.
    """
    if not isinstance(value, dict) or set(value) != set(names.split()):
        raise ValueError(f"{where} has not the fields {names.replace(' ', ', ')}")
    return value


def items(value: Any, most: int, where: str) -> Sequence[Any]:
    """Return a list of at most so many.

    Raises
    ------
    ValueError
        It is none, or longer.
    """
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"{where} is no list, or longer than {most:,d}")
    return value


def text(value: Any, most: int, where: str) -> str:
    """Return a text of at most so many characters.

    Raises
    ------
    ValueError
        It is none, or longer.
    """
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"{where} is no text, or longer than {most:,d} characters")
    return value
