#!/usr/bin/env python3
"""Measures the server under load on this machine: requests, idle streams, fan-out of events, a large upload, and requests
while a job trains.

    python3 bench/load/run.py --build build/bench [--check] [requests streams upload training]

`--build` has the program and load_bench (configure with -DATTUNE_BENCH=ON). With `--check` the exit code is 1 when a
figure misses its bar. Prints a table, and everything as JSON with `--json`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from attune_server import Server, chat_rows, jsonl, make_tiny_model, memory_of  # noqa: E402

MEGABYTE = 1e6


class Bench:
    def __init__(self, build: Path, folder: Path, seconds: float):
        self.load = build / "bench" / "load" / "load_bench"
        program = build / "attune"
        self.seconds = seconds
        base = make_tiny_model(program, folder / "base")
        self.server = Server(program, folder / "home", {"tiny": base})
        self.server.start()
        file = self.server.upload(jsonl(chat_rows(40)))["id"]
        self.job = self.start_job(file, epochs=2)
        self.server.wait_for_job(self.job)

    def start_job(self, file: str, epochs: int) -> str:
        return self.server.json("POST", "/v1/fine_tuning/jobs", {
            "model": "tiny", "training_file": file,
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs, "batch_size": 1}}}})["id"]

    def memory(self) -> dict[str, int]:
        return memory_of(self.server.process.pid)

    def run_load(self, *arguments: object, at_open=None) -> dict:
        process = subprocess.Popen([str(self.load), arguments[0], "--port", str(self.server.port), *map(str, arguments[1:])],
                                   stdout=subprocess.PIPE, text=True)
        last = ""
        for line in process.stdout:
            if line.strip() == "open" and at_open:
                at_open()
            elif line.strip():
                last = line
        if process.wait() != 0:
            raise RuntimeError(f"load_bench {arguments[0]}: exit {process.returncode}\n{self.server.tail()}")
        return json.loads(last)

    def requests(self) -> dict:
        best = self.run_load("requests", "--path", f"/v1/fine_tuning/jobs/{self.job}", "--connections", 32,
                             "--seconds", self.seconds)
        few = self.run_load("requests", "--path", f"/v1/fine_tuning/jobs/{self.job}", "--connections", 1, "--seconds", 2)
        return {**best, "one_connection_p50_ms": few["p50_ms"], "bars": [
            ("requests/s", best["requests_per_second"], ">=", 15000), ("p99 ms", best["p99_ms"], "<", 10),
            ("failures", best["failures"], "<=", 0)]}

    def long_job(self) -> str:
        job = self.start_job(self.server.upload(jsonl(chat_rows(2000, seed=3)), "long.jsonl")["id"], epochs=50)
        self.server.wait_for_job(job, ("running", "failed"))
        return job

    def streams(self, count: int = 2000) -> dict:
        """A paused job is silent; resuming and cancelling it makes events for all streams at once."""
        job = self.long_job()
        time.sleep(1)
        self.server.json("POST", f"/v1/fine_tuning/jobs/{job}/pause")
        self.server.wait_for_job(job, ("paused",))
        time.sleep(1)
        before = self.memory()["VmRSS"]
        seen = {}

        def look() -> None:
            time.sleep(1)
            seen["rss"] = self.memory()["VmRSS"]

        told = self.run_load("streams", "--path", f"/v1/fine_tuning/jobs/{job}/events?stream=true", "--streams", count,
                             "--idle-seconds", 3, "--seconds", 4, "--trigger", f"POST /v1/fine_tuning/jobs/{job}/cancel",
                             at_open=look)
        events = told.pop("events")
        first = events[0] if events else {"streams": 0, "last_ms": float("inf"), "first_ms": 0, "repeats": 0}
        return {**told, "before_mb": before / MEGABYTE, "with_streams_mb": seen["rss"] / MEGABYTE, "events": len(events),
                "first_event": first, "bars": [
                    ("streams opened", told["opened"], ">=", count), ("streams lost early", count - first["streams"], "<=", 0),
                    ("memory MB", seen["rss"] / MEGABYTE, "<", 300),
                    ("all have the event after ms", max(e["last_ms"] for e in events) if events else float("inf"), "<", 1000),
                    ("repeats", sum(e["repeats"] for e in events), "<=", 0)]}

    def upload(self, size: int = 2 << 30) -> dict:
        before = self.memory()["VmRSS"]
        told = self.run_load("upload", "--bytes", size)
        after = self.memory()
        told["answer"] = told["answer"].strip()[:200]
        return {**told, "before_mb": before / MEGABYTE, "peak_mb": after["VmHWM"] / MEGABYTE, "bars": [
            ("status", told["status"], ">=", 200), ("peak memory MB", after["VmHWM"] / MEGABYTE, "<", 100)]}

    def training(self) -> dict:
        job = self.long_job()
        told = self.run_load("requests", "--path", f"/v1/fine_tuning/jobs/{job}", "--connections", 8, "--seconds", self.seconds)
        self.server.json("POST", f"/v1/fine_tuning/jobs/{job}/cancel")
        self.server.wait_for_job(job)
        return {**told, "bars": [("p99 ms while training", told["p99_ms"], "<", 50), ("failures", told["failures"], "<=", 0)]}


def holds(found: float, comparison: str, bar: float) -> bool:
    return {">=": found >= bar, "<": found < bar, "<=": found <= bar}[comparison]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measures", nargs="*", default=[], help="upload, requests, training, streams; default all")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--bytes", type=int, default=2 << 30, help="of the upload")
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    results = {}
    with tempfile.TemporaryDirectory(prefix="attune-load-", dir=ROOT / "out" if (ROOT / "out").is_dir() else None) as folder:
        bench = Bench(options.build, Path(folder), options.seconds)
        try:
            # The upload first: the highest memory of the process is its own then.
            for name in options.measures or ["upload", "requests", "training", "streams"]:
                more = {"upload": [options.bytes], "streams": [options.streams]}.get(name, [])
                results[name] = getattr(bench, name)(*more)
        finally:
            bench.server.stop()
    missed = 0
    for name, result in results.items():
        for what, found, comparison, bar in result["bars"]:
            good = holds(found, comparison, bar)
            missed += not good
            if not options.json:
                print(f"{name:10} {what:30} {found:12.2f}   wanted {comparison} {bar:<8} {'ok' if good else 'MISSED'}")
    if options.json:
        print(json.dumps(results))
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
