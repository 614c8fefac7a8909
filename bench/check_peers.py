#!/usr/bin/env python3
"""Checking chat JSONL side by side, on the same file in one run, each on one core:

- `attune data check`: all row checks, the search for secrets among them;
- the format checks that hosted APIs advise to run before an upload, in Python: JSON, roles, keys, contents, an answer.

    bench/chat_rows.py 60 > rows.jsonl
    python bench/check_peers.py build/release/attune rows.jsonl
"""

import argparse
import collections
import json
import os
import pathlib
import resource
import subprocess
import time

KEYS = {"role", "content", "name", "weight", "function_call", "tool_calls", "tool_call_id"}
ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


def advised_checks(path: pathlib.Path) -> collections.Counter:
    faults: collections.Counter = collections.Counter()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            messages = row.get("messages") if isinstance(row, dict) else None
            if not messages:
                faults["no messages"] += 1
                continue
            for message in messages:
                faults["keys missing"] += "role" not in message or "content" not in message
                faults["unknown keys"] += any(key not in KEYS for key in message)
                faults["unknown role"] += message.get("role") not in ROLES
                content = message.get("content")
                faults["no content"] += not isinstance(content, str) or not content
            faults["no answer"] += all(message.get("role") != "assistant" for message in messages)
    return +faults


def of_children(command: list) -> tuple[float, float]:
    """Wall and processor time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attune", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    size = arguments.file.stat().st_size / 1e6
    cores = sorted(os.sched_getaffinity(0))

    def show(name: str, times: list[tuple[float, float]]) -> None:
        wall, used = (min(column) for column in zip(*times))
        print(f"{name}: {used:.2f} s of a core ({size / used:.0f} MB/s), {wall:.2f} s by the clock ({size / wall:.0f} MB/s)")

    command = [arguments.attune, "data", "check", arguments.file]
    if len(cores) > 1:
        show(f"attune, {len(cores)} cores", [of_children(command) for _ in range(arguments.rounds)])
    os.sched_setaffinity(0, cores[:1])
    show("attune, one core", [of_children(command) for _ in range(arguments.rounds)])
    without = [*command, "--pii", "allow"]
    show("the same without secrets", [of_children(without) for _ in range(arguments.rounds)])

    times = []
    for _ in range(arguments.rounds):
        start, begin = time.perf_counter(), time.process_time()
        faults = advised_checks(arguments.file)
        times.append((time.perf_counter() - start, time.process_time() - begin))
    show("advised checks in Python", times)
    print(f"  faults: {dict(faults) or 'none'}")


if __name__ == "__main__":
    main()
