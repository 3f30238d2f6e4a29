"""Kept: where in the user's cache the sample company lies, and all else that is kept there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def sample_place(seed: int = 7) -> Path:
    """The folder in the user's cache (``XDG_CACHE_HOME``, else ``~/.cache``) that the sample company is kept in.

    Its name changes with the code that makes the sample, on which, with the seed, every byte of it depends.
    """
    code = hashlib.sha256()
    data = Path(__file__).parent
    for module in (*sorted((data / "sample").glob("*.py")), data / "contract.py"):
        code.update(module.read_bytes())
    return cache_home() / f"sample-{seed}-{code.hexdigest()[:16]}"


def cache_home() -> Path:
    """The folder in the user's cache that is this package's."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "salesnb"
