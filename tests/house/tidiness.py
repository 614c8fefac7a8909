#!/usr/bin/env python3
"""Checks what reviewers should not have to: file sizes, head comments, leftovers.

- A file under src/ has fewer than 400 lines, or its head comment says why it has more (with the words "400 lines").
- A header opens with a comment that says what it is for.
- No TODO, FIXME or the like, no merge marker, no path of one person's machine, no tab, no trailing space.
"""

import re
import sys
from pathlib import Path

MAX_LINES = 400
CODE = {".h", ".cc", ".inc", ".cu"}
TEXT = CODE | {".py", ".sh", ".txt", ".md", ".cmake", ""}
FOLDERS = ["src", "tests", "tools", "scripts", "docs", "cmake", "bench", ".ci"]
NOT_OURS = [Path("tests/golden"), Path("tests/fuzz/corpus"), Path("tests/house/tidiness.py")]

LEFTOVERS = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "a note to oneself; open work belongs in docs/decisions.md"),
    (re.compile(r"^(<<<<<<<|>>>>>>>|=======)( |$)"), "a merge marker"),
    (re.compile(r"(?<![\w.])/(work|root|home)/\w"), "a path of one machine"),
]
CODE_LEFTOVERS = [
    (re.compile(r"\t"), "a tab"),
    (re.compile(r"[ \t]+$"), "a space at the end of the line"),
]


def head_comment(lines):
    head = []
    for line in lines:
        if not line.startswith("//") and line.strip():
            break
        head.append(line)
    return "\n".join(head).strip()


def faults_of(path, name):
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        yield f"{name}: is not UTF-8"
        return
    head = head_comment(lines)
    if name.parts[0] == "src" and path.suffix in CODE:
        if len(lines) >= MAX_LINES and f"{MAX_LINES} lines" not in head:
            yield (f"{name}: {len(lines)} lines; split it, or let its head comment say why it is longer than "
                   f"{MAX_LINES} lines")
        if path.suffix == ".h" and not head:
            yield f"{name}:1: a header opens with a comment that says what it is for and how it is used"
    patterns = LEFTOVERS + (CODE_LEFTOVERS if path.suffix in CODE else [])
    for number, line in enumerate(lines, 1):
        for pattern, what in patterns:
            if pattern.search(line):
                yield f"{name}:{number}: {what}: {line.strip()[:80]}"


def main():
    root = Path(sys.argv[1])
    paths = [p for folder in FOLDERS for p in sorted((root / folder).rglob("*"))]
    paths += [p for p in sorted(root.iterdir()) if p.suffix == ".md"]
    faults, checked = [], 0
    for path in paths:
        name = path.relative_to(root)
        if not path.is_file() or path.suffix not in TEXT or "__pycache__" in name.parts:
            continue
        if any(skipped == name or skipped in name.parents for skipped in NOT_OURS):
            continue
        faults += faults_of(path, name)
        checked += 1
    print("\n".join(faults) or f"{checked} files are tidy")
    return 1 if faults or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
