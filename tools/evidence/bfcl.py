"""Berkeley Function Calling Leaderboard v4 (Apache-2.0) as a suite: one call of one of the declared functions.

The parts simple_python, multiple, live_simple and live_multiple, which want exactly one call. Left out: rows whose types have no rule
in the checker, or whose prompt is longer than MOST_CHARACTERS. The data set
has no training part. Rows that share a declared function stay on one side: they are joined into groups, and whole groups are
held out. The group with the most rows is trained on. In the metadata of a row are the declared functions, the accepted calls and
the name of the wanted function, by which intervals are drawn.
"""

from __future__ import annotations

from suite_files import compact, folders, json_lines, order_of, row, write_suite

PARTS = ("simple_python.jsonl", "multiple.jsonl", "live_simple.jsonl", "live_multiple.jsonl.zst")
MOST_CHARACTERS = 2400
TYPES = {"string", "any", "integer", "float", "number", "boolean", "array", "tuple", "dict", "object"}
SYSTEM = "Call one of these functions. Answer with the call alone, as JSON: [{\"name\":...,\"arguments\":{...}}]\n"
SUITE = """
# Function calls by BFCL's rules, for functions that no training row has: the right name, arguments and types?
name: bfcl
data: test.jsonl
examples: train.jsonl
validation: validation.jsonl
metrics: [{tool_calls: {functions: functions, accepted: accepted}}]
cluster: function
max_tokens: 200
arms:
  - {name: zero_shot, model: models/attune-base}
  - {name: few_shot, model: models/attune-base, shots: 2, pick: similar}
  - {name: tuned, model: out/evidence/bfcl/adapter, instructed: false}
"""


def known_types(function: dict) -> bool:
    for parameter in function["parameters"].get("properties", {}).values():
        if parameter.get("type") not in TYPES:
            return False
        if "items" in parameter and parameter["items"].get("type") not in TYPES:
            return False
    return True


def signature(function: dict) -> str:
    """forecast(city: string, days?: integer): Tells the weather."""
    parameters = function["parameters"]
    required = set(parameters.get("required", []))
    listed = []
    for name, parameter in parameters.get("properties", {}).items():
        choices = "|".join(str(choice) for choice in parameter.get("enum", []))
        kind = choices if 0 < len(choices) <= 80 else parameter["type"]
        listed.append(f"{name}{'' if name in required else '?'}: {kind}")
    return f"{function['name']}({', '.join(listed)}): {' '.join(function['description'].split())}"


def only(value: object) -> object:
    """Accepted objects have a list of accepted values for each member."""
    if isinstance(value, dict):
        chosen = {name: first(values) if isinstance(values, list) else values for name, values in value.items()}
        return {name: one for name, one in chosen.items() if one is not None}
    if isinstance(value, list):
        return [only(one) for one in value]
    return value


def first(values: list) -> object:
    """The first accepted value; None where the parameter may be left out first of all."""
    return None if not values or values[0] == "" else only(values[0])


def call_of(accepted: dict) -> dict:
    (name, arguments), = accepted.items()
    chosen = {parameter: first(values) for parameter, values in arguments.items()}
    return {"name": name, "arguments": {parameter: value for parameter, value in chosen.items() if value is not None}}


def rows_of(datasets) -> list[dict]:
    at = datasets / "bfcl"
    rows = []
    for part in PARTS:
        accepted = {one["id"]: one["ground_truth"] for one in json_lines(at / "possible_answer" / f"BFCL_v4_{part.removesuffix('.zst')}")}
        for one in json_lines(at / f"BFCL_v4_{part}"):
            functions, wanted = one["function"], accepted[one["id"]]
            question = "\n".join(turn["content"] for turn in one["question"][0] if turn["role"] == "user").strip()
            system = SYSTEM + "\n".join(signature(function) for function in functions if known_types(function))
            if len(wanted) != 1 or not all(map(known_types, functions)) or len(system) + len(question) > MOST_CHARACTERS:
                continue
            (name,) = wanted[0]
            if not question or name not in {function["name"] for function in functions}:
                continue
            rows.append(row(one["id"], system, question, compact([call_of(wanted[0])]), functions=functions, accepted=wanted,
                            function=name))
    return rows


def groups_of(rows: list[dict]) -> list[list[dict]]:
    """Rows that share a function, directly or by others between."""
    leader: dict[str, str] = {}

    def lead(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    names = [[function["name"] for function in one["metadata"]["functions"]] for one in rows]
    for together in names:
        for name in together:
            leader[lead(name)] = lead(together[0])
    groups: dict[str, list[dict]] = {}
    for one, together in zip(rows, names):
        groups.setdefault(lead(together[0]), []).append(one)
    return list(groups.values())


def main() -> None:
    datasets, out = folders()
    rows = rows_of(datasets)
    groups = sorted(groups_of(rows), key=lambda group: order_of(group[0]["id"]))
    largest = max(groups, key=len)
    parts: dict[str, list[dict]] = {"train": list(largest), "validation": [], "test": []}
    for group in groups:
        if group is largest:
            continue
        part = "test" if len(parts["test"]) < 300 else "validation" if len(parts["validation"]) < 50 else "train"
        parts[part] += group
    for part, listed in parts.items():
        parts[part] = sorted(listed, key=lambda one: order_of(one["id"]))
    print(f"{len(rows)} rows in {len(groups)} groups, the largest of {len(largest)}")
    write_suite(out, "bfcl", SUITE, parts)


main()
