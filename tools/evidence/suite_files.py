"""What the makers of evidence suites share: reading data sets, plain or packed, and writing a suite with its rows.

A maker is run as

    python3 tools/evidence/banking77.py DATASETS [OUT]

DATASETS is the folder that holds the data sets, each with its PROVENANCE.md; OUT is examples/evidence. It writes
OUT/NAME/suite.yaml, contract.json where the suite has one, train.jsonl, validation.jsonl and test.jsonl.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Iterable

UNPACKERS = {".zst": ["zstd", "-dcq"], ".xz": ["xz", "-dcq"]}


def folders() -> tuple[Path, Path]:
    if len(sys.argv) not in (2, 3) or not Path(sys.argv[1]).is_dir():
        sys.exit(f"usage: {Path(sys.argv[0]).name} DATASETS [OUT]: DATASETS is the folder of the data sets, one folder each")
    return Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else Path("examples/evidence")


def text_of(path: Path) -> str:
    unpack = UNPACKERS.get(path.suffix)
    if unpack is None:
        return path.read_text(encoding="utf-8")
    return subprocess.run([*unpack, str(path)], check=True, stdout=subprocess.PIPE).stdout.decode("utf-8")


def json_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in text_of(path).splitlines() if line.strip()]


def order_of(key: str) -> str:
    """A fixed order that has nothing to do with that of the source."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def row(identity: str, system: str, question: str, answer: str, **metadata: object) -> dict:
    made = {"id": identity, "messages": [{"role": "system", "content": system}, {"role": "user", "content": question},
                                         {"role": "assistant", "content": answer}]}
    if metadata:
        made["metadata"] = metadata
    return made


def write_suite(out: Path, name: str, suite: str, parts: dict[str, Iterable[dict]], contract: dict | None = None) -> None:
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suite.yaml").write_text(suite.lstrip("\n"), encoding="utf-8")
    if contract is not None:
        (folder / "contract.json").write_text(json.dumps(contract, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for part, rows in parts.items():
        rows = list(rows)
        (folder / f"{part}.jsonl").write_text("".join(compact(one) + "\n" for one in rows), encoding="utf-8")
        print(f"{folder / part}.jsonl: {len(rows)} rows")
