"""A throwaway PostgreSQL server for a test session, made with the system's binaries; skipped where there are none.

``postgres_url`` is the address of an empty database, without the password; the password is in the environment
variable ``PASSWORD_VARIABLE``, so that ``password="env:SALESNB_TEST_PASSWORD"`` opens it. Each worker of pytest-xdist
has a server of its own.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

USER = "salesnb"
PASSWORD_VARIABLE = "SALESNB_TEST_PASSWORD"
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Server:
    """A running server: its address without the password, and the password."""

    port: int
    folder: Path
    password: str = field(repr=False)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        with self.connection(database) as connection:
            for statement in statements:
                connection.execute(statement)

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"db_{secrets.token_hex(4)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def connection(self, database: str = "postgres") -> Any:
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=self.password, dbname=database, autocommit=True
        )


def binaries() -> Path | None:
    """The folder of the newest server installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def server() -> Iterator[Server]:
    """Start a server, hand it out, and take it down with all its files."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    folder = Path(tempfile.mkdtemp(prefix="salesnb-pg-"))
    try:
        account = _account()
        secret = secrets.token_hex(12)
        (folder / "secret").write_text(secret)
        if account:
            entry = pwd.getpwnam(account)
            for path in (folder, folder / "secret"):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        _initialise(programs, folder, account)
        process, running = _start(programs, folder, account, secret)
        try:
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str | None:
    """PostgreSQL refuses to run as root: another account of the system runs it then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    pytest.skip("PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it")


def _as(account: str | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def _initialise(programs: Path, folder: Path, account: str | None) -> None:
    made = subprocess.run(
        [
            programs / "initdb", "--pgdata", folder / "data", "--username", USER, "--pwfile", folder / "secret",
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions",
        ],
        capture_output=True, text=True, cwd=folder, check=False, **_as(account),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr


def _start(programs: Path, folder: Path, account: str | None, secret: str) -> tuple[subprocess.Popen[bytes], Server]:
    for _ in range(5):  # another process may take the port between the choice and the start
        port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": 30,
            "autovacuum": "off",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*_dying_with_parent(), programs / "postgres", "-D", folder / "data", *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, **_as(account),
            )  # fmt: skip
        running = Server(port, folder, secret)
        if _answers(process, running):
            return process, running
        process.kill()
        process.wait(20)
    raise AssertionError(f"the server does not start:\n{(folder / 'log').read_text(errors='replace')[-2000:]}")


def _answers(process: subprocess.Popen[bytes], running: Server) -> bool:
    import psycopg

    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        try:
            running.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _dying_with_parent() -> list[str]:
    """What starts a program so that the kernel ends it if the test session is killed, where the system has that."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT"] if setpriv else []


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A running server of this worker's own; its password is in the environment."""
    for running in server():
        before = os.environ.get(PASSWORD_VARIABLE)
        os.environ[PASSWORD_VARIABLE] = running.password
        try:
            yield running
        finally:
            if before is None:
                del os.environ[PASSWORD_VARIABLE]
            else:
                os.environ[PASSWORD_VARIABLE] = before


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Server) -> str:
    """The address of an empty database, shared by the session's tests; open it with ``password="env:..."``."""
    return postgres_server.new_database()
