"""Metrics, log, W&B run files and MLflow, each read by the tool that users have for it. Slow: `scripts/interop --slow`."""

import gzip
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from attune_server import Server, chat_rows, jsonl
from names import TINY

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "tools" / "interop" / "monitoring.txt"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tools():
    """The folder of programs of an environment that has W&B's and Prometheus' own packages."""
    venv = ROOT / "build" / "venv-monitoring"
    marker = venv / "installed.txt"
    if not marker.is_file() or marker.read_bytes() != REQUIREMENTS.read_bytes():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        done = subprocess.run([venv / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS],
                              capture_output=True, text=True, check=False, timeout=1200)
        if done.returncode != 0:
            pytest.skip(f"the tools could not be installed: {done.stderr.strip().splitlines()[-1:]}")
        shutil.copy(REQUIREMENTS, marker)
    return venv / "bin"


class Recorder:
    """A server on a free port that keeps what it is sent; a subclass answers."""

    def __init__(self):
        self.calls, recorder = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                recorder.calls.append((self.command, self.path, body))
                status, answer = recorder.reply(self.command, self.path, body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class WandbCloud(Recorder):
    """As much of W&B's service as `wandb sync` asks for."""

    def reply(self, _method, path, body):
        if not path.startswith("/graphql"):
            return 200, {}
        query = json.loads(body)
        asked, given = query["query"], query.get("variables") or {}
        if "upsertBucket" in asked:
            project = {"id": "p", "name": given.get("project"), "entity": {"id": "e", "name": given.get("entity") or "me"}}
            return 200, {"data": {"upsertBucket": {"inserted": True, "bucket": {
                "id": "b", "name": given.get("name"), "displayName": given.get("displayName"), "description": "", "config": "{}",
                "sweepName": None, "historyLineCount": 0, "project": project}}}}
        if "createRunFiles" in asked:
            files = [{"name": name, "uploadUrl": f"{self.url}/upload/{name}"} for name in given["files"]]
            return 200, {"data": {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}}
        return 200, {"data": {"viewer": {"id": "1", "entity": "me", "username": "me", "flags": "{}", "teams": {"edges": []}},
                              "serverInfo": {"cliVersionInfo": {"max_cli_version": "99.0"}}}}

    def streamed(self, name):
        """The lines that were streamed to a file of the run."""
        lines = {}
        for _, path, body in self.calls:
            if path.endswith("/file_stream"):
                chunk = json.loads(body).get("files", {}).get(name)
                for number, line in enumerate(chunk["content"] if chunk else []):
                    lines[chunk["offset"] + number] = json.loads(line)
        return [lines[number] for number in sorted(lines)]

    def upserted(self):
        return next(json.loads(body)["variables"] for _, path, body in self.calls
                    if path.startswith("/graphql") and b"upsertBucket" in body)

    def exit_code(self):
        codes = [json.loads(body).get("exitcode") for _, path, body in self.calls if path.endswith("/file_stream")]
        return next((code for code in codes if code is not None), None)


class Mlflow:
    """MLflow's own tracking server."""

    def __init__(self, tools, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.tools, self.folder, self.port, self.process = tools, folder, port, None
        self.url = f"http://127.0.0.1:{port}"

    def start(self):
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        with open(self.folder / "mlflow.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.tools / "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
                 "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"],
                cwd=self.folder, stdout=log, stderr=log, env=environment, start_new_session=True)
        wait_for(lambda: self.call("experiments/search", {"max_results": 1}) is not None, "MLflow did not start", 300)

    def call(self, path, body):
        asked = urllib.request.Request(f"{self.url}/api/2.0/mlflow/{path}", json.dumps(body).encode(),
                                       {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/api/2.0/mlflow/{path}", timeout=30) as answer:
            return json.load(answer)

    def run_of(self, job):
        found = self.call("runs/search", {"experiment_ids": self.experiments(),
                                          "filter": f"tags.`attune.job_id` = '{job}'"})
        return (found or {}).get("runs", [None])[0]

    def experiments(self):
        return [row["experiment_id"] for row in self.call("experiments/search", {"max_results": 100})["experiments"]]

    def close(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(30)


def wait_for(condition, what, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def start_job(server, **more):
    return server.json("POST", "/v1/fine_tuning/jobs", {
        "model": TINY, "training_file": server.upload(jsonl(chat_rows(24)))["id"],
        "hyperparameters": {"n_epochs": 2, "batch_size": 4}, **more})


def events_of(server, job):
    return server.json("GET", f"/v1/fine_tuning/jobs/{job}/events?limit=1000")["data"][::-1]


def test_prometheus_reads_the_metrics(server, tools):
    server.wait_for_job(start_job(server)["id"])
    status, headers, body = server.request("GET", "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    reader = ("import json, sys; from prometheus_client.parser import text_string_to_metric_families as parse; "
              "print(json.dumps([[f.name, f.type, [[s.name, s.labels, s.value] for s in f.samples]] "
              "for f in parse(sys.stdin.read())]))")
    done = subprocess.run([tools / "python", "-c", reader], input=body, capture_output=True, check=True)
    families = {name: (kind, samples) for name, kind, samples in json.loads(done.stdout)}
    assert families["attune_http_requests"][0] == "counter"
    assert families["attune_http_request_duration_seconds"][0] == "histogram"
    created = [value for _, labels, value in families["attune_http_requests"][1]
               if labels == {"method": "POST", "route": "/v1/fine_tuning/jobs", "status": "200"}]
    assert created and created[0] >= 1
    succeeded = [value for _, labels, value in families["attune_jobs"][1] if labels == {"status": "succeeded"}]
    assert succeeded and succeeded[0] >= 1


def test_wandb_sync_sends_the_run_of_a_job(server, tools, tmp_path):
    job = start_job(server, integrations=[{"type": "wandb", "wandb": {"project": "tickets", "name": "first", "tags": ["mine"]}}])
    done = server.wait_for_job(job["id"])
    notes = server.home / "tracking" / "wandb" / f"{job['id']}.json"
    wait_for(lambda: notes.is_file() and json.loads(notes.read_text())["ended"], "the run was not ended")
    [run] = (server.home / "wandb").glob(f"offline-run-*-{job['id']}")
    cloud = WandbCloud()
    try:
        environment = {**os.environ, "WANDB_BASE_URL": cloud.url, "WANDB_API_KEY": "0" * 40, "WANDB_DIR": str(tmp_path),
                       "WANDB_CACHE_DIR": str(tmp_path), "WANDB_CONFIG_DIR": str(tmp_path)}
        synced = subprocess.run([tools / "wandb", "sync", run], env=environment, capture_output=True, text=True, check=False,
                                timeout=300, cwd=tmp_path)
        assert synced.returncode == 0, synced.stdout + synced.stderr
    finally:
        cloud.close()
    upserted = cloud.upserted()
    assert (upserted["name"], upserted["project"], upserted["displayName"]) == (job["id"], "tickets", "first")
    assert upserted["tags"] == ["openai/finetune", f"openai/{TINY}", f"openai/{job['id']}", "mine"]
    metrics = [event["data"] for event in events_of(server, job["id"]) if event["type"] == "metrics"]
    history = cloud.streamed("wandb-history.jsonl")
    assert [row["_step"] for row in history] == [row["step"] for row in metrics]
    assert [row["train_loss"] for row in history] == [row["train_loss"] for row in metrics]
    summary = cloud.streamed("wandb-summary.json")[-1]
    assert (summary["status"], summary["fine_tuned_model"]) == ("succeeded", done["fine_tuned_model"])
    assert cloud.exit_code() == 0


def test_mlflow_gets_what_it_missed_while_it_was_down(program, base_model, tools, tmp_path):
    mlflow = Mlflow(tools, tmp_path)
    server = Server(program, tmp_path / "home", {TINY: base_model},
                    environment={"MLFLOW_TRACKING_URI": mlflow.url, "MLFLOW_EXPERIMENT_NAME": "interop"})
    server.start()
    try:
        job = start_job(server)
        done = server.wait_for_job(job["id"])
        assert done["status"] == "succeeded"  # whatever the tracker does
        mlflow.start()
        wait_for(lambda: (mlflow.run_of(job["id"]) or {}).get("info", {}).get("status") == "FINISHED", "no finished run", 120)
        run = mlflow.run_of(job["id"])
        metrics = [event["data"] for event in events_of(server, job["id"]) if event["type"] == "metrics"]
        points = mlflow.get(f"metrics/get-history?run_id={run['info']['run_id']}&metric_key=train_loss")["metrics"]
        assert [(point["step"], point["value"]) for point in points] == [(row["step"], row["train_loss"]) for row in metrics]
        assert {"key": "n_epochs", "value": "2"} in run["data"]["params"]
        assert {"key": "attune.fine_tuned_model", "value": done["fine_tuned_model"]} in run["data"]["tags"]
        assert run["info"]["end_time"] == done["finished_at"] * 1000
    finally:
        server.stop()
        mlflow.close()
