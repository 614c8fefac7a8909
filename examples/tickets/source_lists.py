"""The word lists in source/: deciding phrases, sentence frames, names."""

from __future__ import annotations

from pathlib import Path

SOURCE = Path(__file__).parent / "source"


def read_sections(path: Path) -> dict[str, list[str]]:
    """ "[name]" lines, then one entry a line; "#" lines and blank lines are skipped."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            current = sections.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            current.append(line)
    return sections


CUES = read_sections(SOURCE / "cues.txt")
NAMES = {
    name: [word.strip() for line in lines for word in line.split(",") if word.strip()]
    for name, lines in read_sections(SOURCE / "names.txt").items()
}
COMPONENTS = [name.removeprefix("component.") for name in CUES if name.startswith("component.")]
DECIDING = {word for lines in CUES.values() for line in lines for word in line.rpartition(" | ")[2].split()}
