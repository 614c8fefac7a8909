"""What the interop tests share: the built program, and models to compare."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also the tests marked slow")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: runs for minutes or installs large packages; needs --slow")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: ask for it with --slow"))


class Attune:
    def __init__(self, program):
        self.program = program

    def run(self, *arguments, stdin=None, timeout=300):
        """The finished process; `stdin` is bytes."""
        return subprocess.run([str(self.program), *map(str, arguments)], input=stdin or b"", capture_output=True,
                              timeout=timeout, check=False)

    def json(self, *arguments, stdin=None, timeout=300):
        done = self.run(*arguments, "--json", stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"attune {' '.join(map(str, arguments))}: exit {done.returncode}\n" \
            f"{done.stderr.decode(errors='replace')}"
        return json.loads(done.stdout)

    def logprobs(self, model, tokens, adapter=None, dtype="f32"):
        import torch

        more = ["--adapter", adapter] if adapter else []
        answer = self.json("score", "--model", model, "--tokens", ",".join(map(str, tokens)), "--dtype", dtype, *more)
        values = torch.tensor(answer["logprobs"], dtype=torch.float64)
        assert len(values) == len(tokens) - 1
        return values


@pytest.fixture(scope="session")
def attune():
    """The built program."""
    program = Path(os.environ.get("ATTUNE_BINARY", ROOT / "build" / "release" / "attune"))
    assert program.is_file(), f"{program} is not built; run scripts/interop, or name it in ATTUNE_BINARY"
    return Attune(program)


@pytest.fixture(autouse=True)
def one_thread():
    if torch := sys.modules.get("torch"):  # the server's tests do without
        torch.set_num_threads(1)
