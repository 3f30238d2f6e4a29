"""App: the what-if notebook served as an application by Voila: sliders in a browser, a kernel of its own a visitor."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from salesnb.data.stamp import stamp
from salesnb.errors import UsageError
from salesnb.params import Params
from salesnb.report.controls import APP_VARIABLE
from salesnb.run.home import Home
from salesnb.run.notebook import declared, find_notebooks, notebooks_folder, text_of
from salesnb.run.render import templates

NOTEBOOK = "08_quota"
_GOES = 10.0
_IDLE = 3600


def serve(settings: Params, *, host: str, port: int, opens: bool) -> int:
    """Serve the what-if notebook until it is interrupted.

    Each visitor has a kernel of their own, so that none sees another's scenario; a kernel that nobody is connected to
    is ended after an hour. Nothing is written: a scenario is saved by download.

    Parameters
    ----------
    settings
        The period, the source and all else that the notebook takes.
    host, port
        Where to listen; the next free port where that one is taken.
    opens
        Whether to open a browser.

    Returns
    -------
    int
        The exit code of the server; 0 where it was interrupted.

    Raises
    ------
    UsageError
        Voila or ipywidgets is not installed.
    SourceError, MappingError
        The source is not there.
    """
    stamp(settings.source)
    missing = [name for name in ("voila", "ipywidgets") if find_spec(name) is None]
    if missing:
        raise UsageError(f"{missing[0]} is not installed", mend="install it with: pip install 'salesnb[lab]'")
    home = Home()
    try:
        shutil.copytree(templates() / "voila", home.path / "share" / "voila" / "templates" / "salesnb")
        paths = os.pathsep.join(filter(None, [str(home.path / "share"), os.environ.get("JUPYTER_PATH", "")]))
        file = home.path / f"{NOTEBOOK}.ipynb"
        file.write_text(prepared(settings, Path.cwd()), encoding="utf-8")
        command = [
            sys.executable, "-m", "voila", str(file), f"--Voila.ip={host}", f"--port={port}", "--template=salesnb",
            "--VoilaConfiguration.strip_sources=True", "--VoilaConfiguration.show_tracebacks=False",
            f"--MappingKernelManager.cull_idle_timeout={_IDLE}", "--MappingKernelManager.cull_interval=60",
            *([] if opens else ["--no-browser"]),
        ]  # fmt: skip
        environment = os.environ | {APP_VARIABLE: "1", "JUPYTER_PATH": paths}
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(process)
    finally:
        home.remove()


def prepared(settings: Params, folder: Path) -> str:
    """Return the notebook with the parameters in it.

    Parameters
    ----------
    settings
        The parameters; the notebook takes those it declares.
    folder
        The folder that relative paths are meant from; the kernel works there.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    file = find_notebooks(notebooks_folder(), [NOTEBOOK])[NOTEBOOK]
    notebook = load_notebook_node(str(file))
    names = declared(notebook)
    values = {name: value for name, value in settings.for_notebook().items() if name in names}
    made = parameterize_notebook(notebook, values)
    for cell in made.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.source = f"import os\nos.chdir({str(folder)!r})\n{cell.source}"
    return text_of(made)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server with its kernels; by force where it does not go."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_GOES)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
