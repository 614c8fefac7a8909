#!/usr/bin/env python3
"""Checks that a layer uses only itself and the layers before it, in its includes and in what it links.

The order is the list of folders in the top CMakeLists.txt. Includes are written from src/: "io/json.h".
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
LINKED = re.compile(r"\battune_([a-z]+)\b")
NOT_LAYERS = {"layer", "options"}


def read_order(root):
    listed = re.search(r"foreach\(layer ([a-z ]+)\)[^)]*\n[^)]*src/", (root / "CMakeLists.txt").read_text())
    if not listed:
        sys.exit("CMakeLists.txt: the list of layers, foreach(layer base io ...), was not found")
    return listed.group(1).split()


def include_faults(source, layer, order, root):
    for included in INCLUDE.findall(source.read_text(encoding="utf-8")):
        target = included.split("/")[0]
        where = source.relative_to(root)
        if target not in order or "/" not in included:
            yield f'{where}: "{included}" is not written from src/, as in "io/json.h"'
        elif order.index(target) > order.index(layer):
            yield f'{where}: {layer} comes before {target} and may not include "{included}"'
        elif not any((root / place / included).is_file() for place in ("src", "tests")):
            # a header below tests/ stands in for hardware that the test machine lacks
            yield f'{where}: "{included}" does not exist'


def link_faults(cmake, layer, order, root):
    text = re.sub(r"#.*", "", cmake.read_text())
    for target in LINKED.findall(text):
        if target in NOT_LAYERS:
            continue
        if target in order and order.index(target) > order.index(layer):
            yield f"{cmake.relative_to(root)}: {layer} comes before {target} and may not link attune_{target}"


def main():
    root = Path(sys.argv[1])
    order = read_order(root)
    faults = []
    folders = sorted(p.name for p in (root / "src").iterdir() if p.is_dir())
    faults += [f"src/{name} is not in the list of layers of CMakeLists.txt" for name in folders if name not in order]
    checked = 0
    for layer in order:
        for source in sorted((root / "src" / layer).rglob("*")):
            if source.suffix in (".h", ".cc", ".inc", ".cu"):
                faults += include_faults(source, layer, order, root)
                checked += 1
            elif source.name == "CMakeLists.txt":
                faults += link_faults(source, layer, order, root)
    print("\n".join(faults) or f"{checked} files keep the order {' '.join(order)}")
    return 1 if faults or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
