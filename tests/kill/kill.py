#!/usr/bin/env python3
"""Kills server and workers at random moments, again and again, and then asks whether anything was lost.

    python3 tests/kill/kill.py --program build/release/attune --kills 200 --store sqlite --seed 1

Jobs are submitted as a client with retries does, with an Idempotency-Key each, while `kill -9` hits the server, a worker
or both. When the kills are done and every job has ended, the harness holds what it finds against jobs of the same kind
that nobody disturbed:

- each request made one job, and each job succeeded: none lost, none made twice;
- the events that were ever shown are all there, each once, in the same order; their numbers and the result file are
  those of the undisturbed job, so no step was told twice or left out;
- the adapters of every checkpoint are the same bytes;
- no two workers had one job for longer than a lease lasts;
- each job's webhook came at least once, correctly signed, always with one id.

Standard library only. Exit codes: 0 all held, 1 something did not, 77 the store is not on this machine.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from attune_server import Server, chat_rows, jsonl, make_tiny_model, processes_of  # noqa: E402
from temporary_postgres import Missing, TemporaryPostgres  # noqa: E402

FINAL = ("succeeded", "failed", "cancelled")
KINDS = 3            # different jobs; each is compared with an undisturbed one of its kind
MOST_UNFINISHED = 3  # jobs that wait or run at a time
TWO_WORKERS_SECONDS = 20.0  # a lease lasts 15 s; a worker that lost it must be gone by then


def rows_of(kind: int) -> bytes:
    return jsonl(chat_rows(48, seed=100 + kind))


def request_of(kind: int, file: str) -> dict:
    return {"model": "tiny", "training_file": file, "seed": 7 + kind, "suffix": f"kind-{kind}",
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 8, "batch_size": 4}}}}


class Receiver:
    """A webhook endpoint: keeps what comes, and answers 500 to every fourth delivery."""

    def __init__(self):
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(500 if len(receiver.deliveries) % 4 == 0 else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/hook"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def signature_holds(secret: str, headers: dict[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(given, wanted) for given in headers["webhook-signature"].split(" "))


class Watch(threading.Thread):
    """Looks for two live workers on one job."""

    def __init__(self, home: Path):
        super().__init__(daemon=True)
        self.home, self.stopped, self.longest = home, False, {}

    def run(self) -> None:
        since: dict[tuple[str, int, int], float] = {}
        while not self.stopped:
            workers: dict[str, list[int]] = {}
            for process, command in processes_of(self.home).items():
                job = worker_job(command)
                if job:
                    workers.setdefault(job, []).append(process)
            now = time.monotonic()
            together = {(job, *sorted(pair)[:2]) for job, pair in workers.items() if len(pair) > 1}
            since = {key: since.get(key, now) for key in together}
            for key, began in since.items():
                self.longest[key[0]] = max(self.longest.get(key[0], 0.0), now - began)
            time.sleep(0.05)


def worker_job(command: list[str]) -> str | None:
    """The job of a worker process, or None for any other process."""
    if "worker" not in command[:3]:
        return None
    return next((match[0] for part in command if (match := re.search(r"ftjob-[A-Za-z0-9]+", part))), None)


def patiently(server: Server, deadline: float, call):
    """`call` until the server answers; what a client with retries does."""
    while True:
        try:
            return call()
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def all_pages(server: Server, path: str) -> list[dict]:
    items: list[dict] = []
    while True:
        after = f"&after={items[-1]['id']}" if items else ""
        page = server.json("GET", f"{path}?limit=100{after}")
        items += page["data"]
        if not page["has_more"] or not page["data"]:
            return items


def events_of(server: Server, job: str) -> list[dict]:
    return all_pages(server, f"/v1/fine_tuning/jobs/{job}/events")[::-1]


def adapters_of(server: Server, home: Path, job: dict) -> dict[int, str]:
    """Step -> hash of the adapter's weights, for every checkpoint of the job."""
    found = {}
    files = list((home / "models").rglob("adapter_model.safetensors"))
    for checkpoint in all_pages(server, f"/v1/fine_tuning/jobs/{job['id']}/checkpoints"):
        name = checkpoint["fine_tuned_model_checkpoint"]
        unique = name.split(":")[4]  # ft:base:organisation:suffix:ID[:ckpt-step-N]
        paths = [path for path in files if unique in str(path)]
        found[checkpoint["step_number"]] = "|".join(
            sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)) or "no adapter on disk"
    return found


# Of a step's metrics, those of the machine at that moment.
PACE = {"eta_seconds", "memory_bytes", "peak_fraction", "tokens_per_second"}


def story_of(events: list[dict], job: dict) -> list[tuple[str, str]]:
    """What the events say, without the names that differ from job to job and the pace of the machine."""
    story = []
    for event in events:
        message = event["message"].replace(job["id"], "JOB").replace(job["training_file"], "FILE")
        message = re.sub(r"ft:tiny:[^\s]*", "MODEL", message)
        message = re.sub(r"file-[A-Za-z0-9]+", "RESULT", message)
        data = {name: value for name, value in (event.get("data") or {}).items() if name not in PACE}
        story.append((message, json.dumps(data, sort_keys=True) if event.get("type") == "metrics" else ""))
    return story


def account_of(server: Server, home: Path, job: dict) -> dict:
    events = events_of(server, job["id"])
    results = [server.request("GET", f"/v1/files/{file}/content")[2].decode() for file in job["result_files"]]
    return {"events": events, "story": story_of(events, job), "results": results,
            "adapters": adapters_of(server, home, job), "trained_tokens": job["trained_tokens"]}


class Torture:
    def __init__(self, options: argparse.Namespace, folder: Path, base: Path, url: str | None, receiver: Receiver):
        self.options, self.chance = options, random.Random(options.seed)
        self.home = folder / "home"
        environment = {"ATTUNE_DATABASE_URL": url} if url else {}
        self.server = Server(options.program, self.home, {"tiny": base},
                             ["--allow-private-webhooks", *options.serve_argument], environment)
        self.receiver = receiver
        self.submitted: dict[str, tuple[int, str | None]] = {}  # idempotency key -> kind, job id
        self.shown: dict[str, list[str]] = {}                   # job -> ids of events in the order of their first sight
        self.kills = {"server": 0, "worker": 0, "both": 0}
        self.faults: list[str] = []

    def run(self) -> dict:
        self.server.start()
        self.secret = register_webhook(self.server, self.receiver.url)
        files = [self.server.upload(rows_of(kind), f"kind-{kind}.jsonl")["id"] for kind in range(KINDS)]
        watch = Watch(self.home)
        watch.start()
        began = time.monotonic()
        while sum(self.kills.values()) < self.options.kills:
            self.submit(files)
            self.look()
            time.sleep(self.chance.expovariate(1 / self.options.pause))
            self.kill()
        self.ensure_server()
        self.settle()
        watch.stopped = True
        watch.join()
        self.judge(watch)
        return {"seconds": round(time.monotonic() - began, 1), "kills": self.kills, "jobs": len(self.submitted),
                "deliveries": len(self.receiver.deliveries),
                "longest_with_two_workers": round(max(watch.longest.values(), default=0.0), 2)}

    # One job more, unless enough are under way. The answer may be lost; the same key asks again later.
    def submit(self, files: list[str]) -> None:
        try:
            for key, (kind, job) in list(self.submitted.items()):
                if job is None:
                    self.submitted[key] = (kind, self.create(key, kind, files[kind]))
            jobs = self.server.json("GET", "/v1/fine_tuning/jobs?limit=100", timeout=10)["data"]
            if sum(job["status"] not in FINAL for job in jobs) >= MOST_UNFINISHED:
                return
            key, kind = f"key-{len(self.submitted)}", len(self.submitted) % KINDS
            self.submitted[key] = (kind, None)
            self.submitted[key] = (kind, self.create(key, kind, files[kind]))
        except (OSError, http.client.HTTPException):
            self.ensure_server()

    def create(self, key: str, kind: int, file: str) -> str:
        return self.server.json("POST", "/v1/fine_tuning/jobs", request_of(kind, file), {"Idempotency-Key": key}, 20)["id"]

    # What a client that polls has seen must stay.
    def look(self) -> None:
        try:
            for _, job in list(self.submitted.values()):
                if job is None:
                    continue
                seen = self.shown.setdefault(job, [])
                page = self.server.json("GET", f"/v1/fine_tuning/jobs/{job}/events?limit=100", timeout=10)["data"]
                seen += [event["id"] for event in page[::-1] if event["id"] not in set(seen)]
        except (OSError, http.client.HTTPException):
            self.ensure_server()

    def kill(self) -> None:
        workers = [process for process, command in processes_of(self.home).items() if worker_job(command)]
        target = self.chance.choice(["server", "worker", "worker", "both"] if workers else ["server"])
        if target in ("worker", "both") and workers:
            try:
                os.kill(self.chance.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                return  # it had just ended; that was no kill
        if target in ("server", "both"):
            self.server.kill()
        self.kills[target] += 1
        if target != "worker":
            time.sleep(self.chance.choice([0, 0, 0.2, 1.0]))
            self.ensure_server()

    def ensure_server(self) -> None:
        if not self.server.alive():
            self.server.kill()
            self.server.start()

    def settle(self) -> None:
        deadline = time.monotonic() + self.options.settle
        while True:
            jobs = {job["id"]: job for job in all_pages(self.server, "/v1/fine_tuning/jobs")}
            for key, (kind, job) in list(self.submitted.items()):
                if job is None:
                    file = next(j["training_file"] for j in jobs.values() if j["seed"] == 7 + kind)
                    self.submitted[key] = (kind, self.create(key, kind, file))
            waiting = [job["id"] for job in jobs.values() if job["status"] not in FINAL]
            if not waiting:
                break
            if time.monotonic() > deadline:
                self.faults.append(f"{len(waiting)} jobs have not ended after {self.options.settle} s: {waiting[:5]}\n"
                                   f"{self.server.tail()}")
                return
            time.sleep(0.2)
        wanted = {job for _, job in self.submitted.values()}
        deadline = time.monotonic() + self.options.settle
        while not wanted <= {json.loads(body)["data"]["id"] for _, body in self.receiver.deliveries}:
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)

    def undisturbed(self) -> dict[int, dict]:
        """One job of each kind, run by the same server with nobody killing."""
        accounts = {}
        for kind in range(KINDS):
            file = self.server.upload(rows_of(kind), f"kind-{kind}.jsonl")["id"]
            job = self.server.json("POST", "/v1/fine_tuning/jobs", request_of(kind, file))
            accounts[kind] = account_of(self.server, self.home, self.server.wait_for_job(job["id"], timeout=300))
        return accounts

    def judge(self, watch: Watch) -> None:
        jobs = {job["id"]: job for job in all_pages(self.server, "/v1/fine_tuning/jobs")}
        known = [job for _, job in self.submitted.values()]
        if len(known) != len(set(known)) or set(known) != set(jobs):
            self.faults.append(f"{len(self.submitted)} requests made {len(jobs)} jobs: "
                               f"lost {sorted(set(map(str, known)) - set(jobs))}, unknown {sorted(set(jobs) - set(map(str, known)))}")
        wanted = self.undisturbed()
        for kind, id in self.submitted.values():
            if id in jobs:
                self.judge_job(jobs[id], wanted[kind])
        for job, seconds in watch.longest.items():
            if seconds > TWO_WORKERS_SECONDS:
                self.faults.append(f"{job}: two workers lived together for {seconds:.1f} s")
        self.judge_webhooks(set(known))

    def judge_job(self, job: dict, wanted: dict) -> None:
        def fault(text: str) -> None:
            self.faults.append(f"{job['id']}: {text}")

        if job["status"] != "succeeded":
            fault(f"{job['status']}: {job['error']}")
            return
        found = account_of(self.server, self.home, job)
        ids = [event["id"] for event in found["events"]]
        if len(ids) != len(set(ids)):
            fault("an event is listed twice")
        shown = self.shown.get(job["id"], [])
        if [id for id in ids if id in set(shown)] != shown:
            fault(f"events that were shown are gone or in another order: {set(shown) - set(ids)}")
        for name in ("trained_tokens", "results", "adapters"):
            if found[name] != wanted[name]:
                fault(f"{name} differ from the undisturbed job's: {str(found[name])[:300]} is not {str(wanted[name])[:300]}")
        told = [part for part in found["story"] if part in wanted["story"]]
        if told != wanted["story"]:
            missing = [part for part in wanted["story"] if part not in told]
            repeated = sorted({part[0] for part in told if told.count(part) > wanted["story"].count(part)})
            fault(f"the story differs from the undisturbed job's: missing {missing[:3]}, repeated {repeated[:3]}")
        more = [part[0] for part in found["story"] if part not in wanted["story"]]
        if strange := [message for message in more if re.match(r"Step \d+|Checkpoint|New fine-tuned|The job has", message)]:
            fault(f"events that the undisturbed job does not have: {strange[:3]}")

    def judge_webhooks(self, jobs: set[str]) -> None:
        ids: dict[str, set[str]] = {}
        for headers, body in self.receiver.deliveries:
            event = json.loads(body)
            ids.setdefault(event["data"]["id"], set()).add(headers["webhook-id"])
            if not signature_holds(self.secret, headers, body):
                self.faults.append(f"a webhook of {event['data']['id']} is wrongly signed")
        for job in jobs:
            if len(ids.get(job, ())) != 1:
                self.faults.append(f"{job}: webhook ids {sorted(ids.get(job, ()))}, wanted exactly one")


def register_webhook(server: Server, url: str) -> str:
    """The endpoint's secret."""
    return server.json("POST", "/v1/webhook_endpoints", {
        "name": "kill", "url": url,
        "event_types": ["fine_tuning.job.succeeded", "fine_tuning.job.failed"]})["signing_secret"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.environ.get("ATTUNE_BINARY", str(ROOT / "build/release/attune")))
    parser.add_argument("--kills", type=int, default=int(os.environ.get("ATTUNE_KILLS", "4")))
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=1.2, help="mean seconds between kills")
    parser.add_argument("--settle", type=float, default=240, help="seconds that jobs may take after the last kill")
    parser.add_argument("--serve-argument", action="append", default=[], help="passed on to attune serve")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the database and the server's log")
    options = parser.parse_args()

    with ExitStack() as stack:
        url = None
        if options.store == "postgresql":
            try:
                url = stack.enter_context(TemporaryPostgres())
            except Missing as missing:
                print(f"skipped: {missing}")
                return 77
        folder = Path(tempfile.mkdtemp(prefix="attune-kill-"))
        if not options.keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        receiver = Receiver()
        stack.callback(receiver.close)
        base = make_tiny_model(options.program, folder / "base")
        torture = Torture(options, folder, base, url, receiver)
        stack.callback(torture.server.stop)
        told = torture.run()
        print(json.dumps({"store": options.store, "seed": options.seed, **told}))
        for fault in torture.faults:
            print(f"FAULT {fault}", file=sys.stderr)
        if options.keep:
            print(f"kept {folder}")
        return 1 if torture.faults else 0


if __name__ == "__main__":
    sys.exit(main())
