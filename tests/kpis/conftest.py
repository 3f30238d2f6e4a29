"""The engines that definitions are tested on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import ibis
import pytest


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty Ibis backend: DuckDB in memory, and a session of a running PostgreSQL server."""
    if request.param == "duckdb":
        connection = ibis.duckdb.connect()
    else:
        address = urlsplit(request.getfixturevalue("postgres_url"))
        connection = ibis.postgres.connect(
            host=address.hostname,
            port=address.port,
            user=address.username,
            password=os.environ["SALESNB_TEST_PASSWORD"],
            database=address.path.lstrip("/"),
        )
    yield connection
    connection.disconnect()
