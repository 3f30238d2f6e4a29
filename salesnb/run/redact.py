"""Redactor: takes secrets out of every text that a run writes.

A secret is given by reference (``env:NAME``), so its value is known here: it is replaced wherever it turns up, as it
is or percent-encoded, escaped or in base64. What reads like the name of a secret in the environment counts as one too.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from salesnb.errors import SalesnbError

MASK = "[hidden]"
SHORTEST = 4
SHORTEST_GUESSED = 8

_MAPPING_LIMIT = 2**20
_REFERENCE = re.compile(r"\benv:([A-Za-z_][A-Za-z0-9_]*)")
_SECRET_NAME = re.compile(r"PASSW|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL|PGPASS|_DSN$", re.IGNORECASE)
_USER_AND_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):([^\s@/]+)@")


@dataclass(frozen=True)
class Redactor:
    """What must not be written.

    Attributes
    ----------
    secrets
        The forms of every secret, longest first.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str], references: Iterable[str] = ()) -> Redactor:
        """Collect the secrets of an environment.

        Parameters
        ----------
        environ
            Names and values.
        references
            Texts (a source, the content of a mapping file) whose ``env:NAME`` name secrets.

        Returns
        -------
        Redactor
            Values shorter than four characters (eight where only the name says that it is a secret) are left: to
            hide them would hide half of every text.
        """
        named = {name for text in references for name in _REFERENCE.findall(text)}
        values = {
            value
            for name, value in environ.items()
            if len(value) >= (SHORTEST if name in named else SHORTEST_GUESSED)
            and (name in named or _SECRET_NAME.search(name))
        }
        forms = {form for value in values for form in _forms(value)}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    @classmethod
    def for_source(cls, environ: Mapping[str, str], source: str) -> Redactor:
        """Collect the secrets that a source, and the mapping file that it may be, name."""
        texts = [source]
        path = Path(source)
        with contextlib.suppress(OSError, ValueError):
            if path.suffix.lower() in (".yml", ".yaml") and path.stat().st_size < _MAPPING_LIMIT:
                texts.append(path.read_text(encoding="utf-8", errors="replace"))
        return cls.of(environ, texts)

    def error(self, error: SalesnbError) -> SalesnbError:
        """Take the secrets out of an error's three parts, and return it."""
        error.what, error.where, error.mend = (self.text(part) for part in (error.what, error.where, error.mend))
        error.args = (error.what, error.where, error.mend)
        return error

    def text(self, text: str) -> str:
        """Return a text without the secrets, and without passwords in URLs."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        # Charts are long texts, and hardly any has a URL: to look for one first is much faster.
        return _USER_AND_PASSWORD.sub(rf"\1:{MASK}@", text) if "://" in text and "@" in text else text

    def tree(self, value: Any) -> Any:
        """Return a tree of dicts, lists and texts with every text redacted, keys too; the input is not changed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.tree(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(item) for item in value]
        return value


def _forms(secret: str) -> set[str]:
    """Return a secret as it is, percent-encoded, escaped as JSON and Python do, and in base64 at each offset."""
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    raw = secret.encode("utf-8", "surrogateescape")
    if len(raw) >= 6:
        for offset in range(3):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                coded = encode(b"\0" * offset + raw).decode().rstrip("=")
                start = -(-offset * 8 // 6)
                end = (offset + len(raw)) * 8 // 6
                forms.add(coded[start:end])
    return {form for form in forms if len(form) >= SHORTEST}
