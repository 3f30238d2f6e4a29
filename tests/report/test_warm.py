"""What is warmed imports what notebooks use, starts no thread and opens nothing."""

from __future__ import annotations

import subprocess
import sys

SOURCE = """
import os, sys
from salesnb.report.warm import warm
warm()
assert {"scipy.special", "matplotlib.backends.backend_svg", "salesnb.kpis.winning", "duckdb"} <= set(sys.modules)
assert "matplotlib.pyplot" not in sys.modules
import threading
assert threading.active_count() == 1, threading.enumerate()
"""


def test_it_imports_and_starts_no_thread() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", SOURCE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
