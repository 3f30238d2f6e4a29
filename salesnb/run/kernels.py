"""Kernels: how a kernel of this very interpreter is described, started, and what environment it gets.

``python3`` always is the interpreter that runs salesnb, whatever kernels are installed on the machine and whatever
kernel a notebook names. Where there is a fork server the kernel is forked from it; else it is a process of its own.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.utils import ensure_async

if TYPE_CHECKING:
    from salesnb.run.forkserver import ForkServer

RESULTS_VARIABLE = "SALESNB_RESULTS_DIR"
NOTEBOOK_VARIABLE = "SALESNB_NOTEBOOK"

_GLANCE = 0.005
_PATIENCE = 1.0
_HEARD_WITHIN = 0.2

_LONGEST_FOLDER = 80


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


class PromptClient(AsyncKernelClient):
    """jupyter_client's client, without the pause of 0.2 s for messages of the start that nobody would mind."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers and what it puts out arrives.

        Parameters
        ----------
        timeout
            How long, in seconds; None is for ever.

        Raises
        ------
        RuntimeError
            It died, or did not answer in time.
        """
        ends_at = math.inf if timeout is None else time.monotonic() + timeout
        while time.monotonic() < ends_at:
            self.kernel_info()
            with contextlib.suppress(Empty):
                answer = await ensure_async(self.shell_channel.get_msg(timeout=_PATIENCE))
                if answer["msg_type"] == "kernel_info_reply":
                    await ensure_async(self.iopub_channel.get_msg(timeout=_HEARD_WITHIN))
                    self._handle_kernel_info_reply(answer)
                    return
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")


class ForkingProvisioner(LocalProvisioner):
    """Starts a kernel by a fork of the server, where jupyter_client would start a process."""

    server: ForkServer
    start_timeout: float

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork the kernel, and return how to reach it."""
        file = str(getattr(self.parent, "connection_file", ""))
        self.process = self.server.fork(  # type: ignore[assignment]
            "salesnb.run.forked:kernel",
            [file],
            environment=kwargs["env"],
            folder=str(kwargs.get("cwd") or Path.cwd()),
            log=Path(file).with_name("kernel.log"),
            timeout=self.start_timeout,
        )
        return self.connection_info


class ForkingManager(AsyncKernelManager):
    """jupyter_client's manager with the provisioner above."""

    server: ForkServer
    start_timeout: float

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        provisioner = ForkingProvisioner(kernel_id="", kernel_spec=self.kernel_spec, parent=self)
        provisioner.server, provisioner.start_timeout = self.server, self.start_timeout
        self.provisioner = provisioner
        return await super()._async_pre_start_kernel(**kwargs)

    async def _async_wait(self, pollinterval: float = _GLANCE) -> None:
        await super()._async_wait(pollinterval=_GLANCE)


def kernel_manager(work: Path, server: ForkServer | None, start_timeout: float) -> AsyncKernelManager:
    """Return the manager of a new kernel, which is not started yet.

    Parameters
    ----------
    work
        A private folder: the kernel's sockets lie there, unless its name is too long for that; then it gets ports.
    server
        What forks it; None for a process of its own.
    start_timeout
        How long to wait for the fork, in seconds.
    """
    kind = AsyncKernelManager if server is None else ForkingManager
    manager = kind(
        kernel_name="python3",
        kernel_spec_manager=RunningInterpreter(),
        transport="ipc" if _has_short_name(work) else "tcp",
        connection_file=str(work / "kernel.json"),
    )
    manager.client_factory = PromptClient
    if isinstance(manager, ForkingManager) and server is not None:
        manager.server, manager.start_timeout = server, start_timeout
    return manager


def _has_short_name(work: Path) -> bool:
    """Tell whether the kernel's sockets may lie in a folder: the system allows them names of a hundred bytes or so."""
    return os.name != "nt" and len(os.fsencode(work)) <= _LONGEST_FOLDER


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
    return python_environment() | {
        RESULTS_VARIABLE: str(results),
        NOTEBOOK_VARIABLE: notebook,
        "IPYTHONDIR": str(profile),
        "JUPYTER_RUNTIME_DIR": str(work),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
    }


def python_environment() -> dict[str, str]:
    """Return this process's environment for another Python that finds this package and makes the same of the same."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "PYTHONSTARTUP")}
    return environment | {
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
