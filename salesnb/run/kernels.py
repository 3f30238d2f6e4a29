"""Kernels: how a kernel of this very interpreter is described and what environment it gets.

``python3`` always is the interpreter that runs salesnb, whatever kernels are installed on the machine and whatever
kernel a notebook names. This is the one place to change for kernels that are started in another way.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

RESULTS_VARIABLE = "SALESNB_RESULTS_DIR"
NOTEBOOK_VARIABLE = "SALESNB_NOTEBOOK"


class RunningInterpreter(KernelSpecManager):
    """Knows one kernel: this interpreter."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the same description for every name."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            interrupt_mode="signal",
        )


def kernel_environment(notebook: str, work: Path) -> dict[str, str]:
    """Return the environment of a kernel.

    Parameters
    ----------
    notebook
        The notebook's name; the kernel finds it in ``SALESNB_NOTEBOOK``.
    work
        A private folder: the results go to ``results`` in it, which the kernel finds in ``SALESNB_RESULTS_DIR``, and
        whatever IPython and Jupyter like to write, and every temporary file, goes there too: a kernel that is killed
        leaves nothing.

    Returns
    -------
    dict
        This process's environment, but the same for the same inputs where Python would make it differ.
    """
    results, profile, temporary = (work / name for name in ("results", "ipython", "tmp"))
    for folder in (results, profile, temporary):
        folder.mkdir(exist_ok=True)
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "PYTHONSTARTUP")}
    return environment | {
        RESULTS_VARIABLE: str(results),
        NOTEBOOK_VARIABLE: notebook,
        "IPYTHONDIR": str(profile),
        "JUPYTER_RUNTIME_DIR": str(work),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
