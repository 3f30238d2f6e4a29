"""A B2B software company that never was, made from a seed, whose true answers are known.

``make`` gives its tables as frames, ``write`` as CSV files with dirty rows of every kind among them, and ``truth``
says what was planted in it. It feeds the demo, the documentation and the tests.
"""

from __future__ import annotations

from salesnb.data.sample.dirt import Dirt, dirty
from salesnb.data.sample.store import sample_folder, write
from salesnb.data.sample.tables import make
from salesnb.data.sample.truths import Truth, truth

__all__ = ["Dirt", "Truth", "dirty", "make", "sample_folder", "truth", "write"]
