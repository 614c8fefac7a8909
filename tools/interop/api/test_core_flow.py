"""Upload, job, events, tuned model, chat on the demo data: code of the hosted service with only its address changed."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attune_server import make_tiny_model, Server

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NODE = HERE.parent / "node"

# Wide enough for a ticket, small enough to train in seconds.
CONFIG = {"vocab_size": 512, "hidden_size": 64, "max_position_embeddings": 2048}


@pytest.fixture(scope="module")
def tickets(program, tmp_path_factory):
    """Training and validation rows as JSONL, from the demo's CSV by the program's own data command; and a ticket."""
    folder = tmp_path_factory.mktemp("tickets")
    rows = list(csv.DictReader(io.StringIO((ROOT / "examples/tickets/tickets.csv").read_text(encoding="utf-8-sig"))))
    files = {}
    for split, count in (("train", 64), ("validation", 16)):
        chosen = [row for row in rows if row["split"] == split and row["answer"].strip().startswith("{") and row["body"]]
        files[split] = folder / f"{split}.jsonl"
        files[split].write_text("".join(json.dumps({"messages": [
            {"role": "user", "content": row["body"][:400]}, {"role": "assistant", "content": row["answer"]}]}) + "\n"
            for row in chosen[:count]), encoding="utf-8")
    question = next(row["body"][:400] for row in rows if row["split"] == "test")
    return files["train"], files["validation"], question


@pytest.fixture(scope="module")
def demo_server(program, tmp_path_factory, request):
    """A small base model made on the spot; with --slow the demo's own, which trains for minutes."""
    base = ROOT / "models" / "attune-base"
    if not request.config.getoption("--slow") or not (base / "model.safetensors").is_file():
        base = make_tiny_model(program, tmp_path_factory.mktemp("demo"), CONFIG, tokens=20000)
    served = Server(program, tmp_path_factory.mktemp("demo-serve") / "home", {"attune-base": base})
    served.start()
    yield served
    served.stop()


def check(told, base="attune-base"):
    assert told["model"].startswith(f"ft:{base}:")
    assert ":tickets:" in told["model"]
    assert told["trained_tokens"] > 0
    assert len(told["checkpoints"]) == 2
    assert told["losses"][0] < told["losses"][1]  # newest first
    assert told["results"].splitlines()[0].startswith("step,train_loss")
    assert told["answer"]


def environment(server):
    return {**os.environ, "OPENAI_BASE_URL": server.url + "/v1", "OPENAI_API_KEY": "none"}


def test_python_code_runs_with_only_its_address_changed(demo_server, tickets):
    done = subprocess.run([sys.executable, HERE / "core_flow.py", "attune-base", *map(str, tickets)],
                          env=environment(demo_server), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout))


@pytest.fixture(scope="session")
def node_packages():
    """The Node SDK, installed as pinned in tools/interop/node."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # requirements.txt brings Node
    node, npm = shutil.which("node", path=programs), shutil.which("npm", path=programs)
    assert node and npm, "no node and npm: run scripts/interop, which installs them"
    folder = ROOT / "build" / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        wanted, have = NODE / name, folder / name
        if not have.is_file() or have.read_bytes() != wanted.read_bytes():
            shutil.rmtree(folder / "node_modules", ignore_errors=True)
            shutil.copy(wanted, have)
    if not (folder / "node_modules" / "openai").is_dir():
        done = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True,
                              text=True, timeout=300, check=False, env={**os.environ, "PATH": programs})
        if done.returncode != 0:
            pytest.skip(f"the Node SDK could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    for source in NODE.glob("*.mjs"):
        shutil.copy(source, folder)
    return node, folder


def test_node_code_runs_with_only_its_address_changed(demo_server, tickets, node_packages):
    node, folder = node_packages
    done = subprocess.run([node, folder / "core_flow.mjs", "attune-base", *map(str, tickets)], cwd=folder,
                          env=environment(demo_server), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout))


def test_the_node_sdk_makes_every_call(tap, tuned, node_packages, tmp_path):
    node, folder = node_packages
    # The SDK asks for an administrator's key before it lets anybody share checkpoints.
    done = subprocess.run([node, "--test", "--test-timeout=60000", folder / "calls.test.mjs"], cwd=folder,
                          capture_output=True, text=True, timeout=300,
                          env={**os.environ, "OPENAI_BASE_URL": tap.url + "/v1", "OPENAI_API_KEY": "none",
                               "OPENAI_ADMIN_KEY": "none", "TUNED_MODEL": tuned.fine_tuned_model, "TUNED_JOB": tuned.id}, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
