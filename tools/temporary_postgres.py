"""A PostgreSQL server for one test, in a folder of its own, reached by a socket there and by a port of the loopback.

    with TemporaryPostgres() as url: ...      # raises Missing when the programs are not installed
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path


class Missing(RuntimeError):
    """PostgreSQL's server programs are not on this machine."""


def programs() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not folders:
        raise Missing("PostgreSQL is not installed (Debian package postgresql)")
    return folders[-1].parent


class TemporaryPostgres:
    def __init__(self):
        self.bin = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="attune-postgres-"))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.user = None
        if os.geteuid() == 0:  # the server refuses to run as root
            self.user = "postgres"
            shutil.chown(self.folder, self.user)

    def _run(self, *command: object) -> None:
        as_user = ["runuser", "-u", self.user, "--"] if self.user else []
        done = subprocess.run([*as_user, *map(str, command)], capture_output=True, text=True, timeout=60, check=False,
                              cwd=self.folder)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}")

    def __enter__(self) -> str:
        data = self.folder / "data"
        self._run(self.bin / "initdb", "-D", data, "-U", "attune", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = (f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off "
                   "-c max_connections=200")
        self._run(self.bin / "pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o", options, "start")
        return f"postgresql://attune@127.0.0.1:{self.port}/postgres"

    def __exit__(self, *_: object) -> None:
        try:
            self._run(self.bin / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
