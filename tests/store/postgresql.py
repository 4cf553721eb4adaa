"""A PostgreSQL cluster of our own, from the programs that the system has: made, run and thrown away by the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

UNPRIVILEGED = "postgres"


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, the newest version's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1] if found and (found[-1] / "initdb").exists() else None


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """The address of a running cluster's first database; the test is skipped where there are no programs for one."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("there is no PostgreSQL under /usr/lib/postgresql")
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    if user is not None and user not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("there is no user that may run PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="ferraris-postgresql-"))

    def run(program: str, *arguments: str) -> None:
        command = [str(bin_folder / program), *arguments]
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True, timeout=60)

    try:
        if user is not None:
            shutil.chown(folder, user)
        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "ferraris", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c max_connections=20 -c shared_buffers=16MB"
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://ferraris@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(cluster_url: str, name: str) -> str:
    """The address of a new, empty database."""
    engine = sa.create_engine(cluster_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return cluster_url.replace("/postgres?", f"/{name}?")
