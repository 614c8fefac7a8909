"""Golden files as JSON with one case a line, so that a difference shows the case."""
import json


def lines(value):
    def one(part):
        return json.dumps(part, ensure_ascii=False)

    def block(part):
        if isinstance(part, list):
            return "[\n" + ",\n".join("  " + one(case) for case in part) + "]"
        if isinstance(part, dict) and len(part) > 2:
            return "{\n" + ",\n".join(f"  {one(key)}: {one(case)}" for key, case in part.items()) + "}"
        return one(part)

    return "{\n" + ",\n".join(f" {one(key)}: {block(part)}" for key, part in value.items()) + "}"


def write_lines(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines(value) + "\n")
