#!/usr/bin/env python3
"""Writes tests/metrics/golden/tool_match.json: BFCL's own verdicts on right and spoilt calls for rows of its data.

Needs the wheel of bfcl-eval, which is only read, and the data set:
  pip download --no-deps bfcl-eval
  python3 tools/make_tool_match_golden.py bfcl_eval-*.whl ../shared/datasets/bfcl
"""
import copy
import collections
import json
import pathlib
import random
import sys
import tempfile
import types
import zipfile

folder = tempfile.mkdtemp()
wheel = zipfile.ZipFile(sys.argv[1])
wheel.extractall(folder, [n for n in wheel.namelist() if n.startswith(("bfcl_eval/eval_checker/ast_eval/", "bfcl_eval/constants/"))])
sys.path.insert(0, folder)
config = types.ModuleType("bfcl_eval.constants.model_config")
config.MODEL_CONFIG_MAPPING = collections.defaultdict(lambda: types.SimpleNamespace(underscore_to_dot=False))
sys.modules["bfcl_eval.constants.model_config"] = config
from bfcl_eval.constants.enums import Language  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # noqa: E402

data = pathlib.Path(sys.argv[2])
rng = random.Random(5)


def right_value(value):
    if isinstance(value, dict):
        return {key: right_value(next((v for v in values if v != ""), "")) for key, values in value.items() if "" not in values}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [right_value(v) for v in value]
    return value


def right_calls(truth):
    calls = []
    for call in truth:
        (name, parameters), = call.items()
        calls.append({name: {k: right_value(next(v for v in vs if v != "")) for k, vs in parameters.items() if vs and vs[0] != ""}})
    return calls


def spoilt(calls):
    """The calls themselves, and each changed in one way."""
    yield "as wanted", calls
    yield "none", []
    yield "twice", calls + calls[:1]
    yield "reversed", calls[::-1]
    name, arguments = next(iter(calls[0].items()))
    for key in list(arguments)[:3]:
        value = arguments[key]
        for other in (str(value).upper(), [value], None, {"x": value}, value + 1 if isinstance(value, (int, float)) and not isinstance(value, bool) else f" {value}. ",
                      float(value) if isinstance(value, int) and not isinstance(value, bool) else "wrong", value[:-1] if isinstance(value, (str, list)) else True):
            changed = copy.deepcopy(calls)
            changed[0][name][key] = other
            yield f"{key} changed", changed
        changed = copy.deepcopy(calls)
        del changed[0][name][key]
        yield f"{key} missing", changed
    changed = copy.deepcopy(calls)
    changed[0][name]["unheard_of"] = 1
    yield "one more parameter", changed
    yield "another name", [{name + "_x": arguments}] + calls[1:]


cases = []
for category, count in (("simple_python", 7), ("multiple", 4), ("parallel", 4), ("parallel_multiple", 4), ("live_simple", 7)):
    rows = [json.loads(line) for line in open(data / f"BFCL_v4_{category}.jsonl")]
    truths = {row["id"]: row["ground_truth"] for row in map(json.loads, open(data / "possible_answer" / f"BFCL_v4_{category}.jsonl"))}
    for row in rng.sample(rows, count):
        truth = truths[row["id"]]
        functions = copy.deepcopy(row["function"])
        for function in functions:
            function.pop("description", None)
            for schema in function["parameters"]["properties"].values():
                schema.pop("description", None)
        outputs = []
        for what, calls in spoilt(right_calls(truth)):
            try:
                valid = ast_checker(functions, calls, truth, Language.PYTHON, category, "any")["valid"]
            except Exception:  # the reference cannot judge every spoilt call
                continue
            outputs.append({"what": what, "calls": calls, "ok": bool(valid)})
        cases.append({"id": row["id"], "functions": functions, "wanted": truth, "outputs": outputs})
path = pathlib.Path(__file__).parent.parent / "tests/metrics/golden/tool_match.json"
with open(path, "w") as out:
    out.write(json.dumps({"made_by": {"bfcl-eval": pathlib.Path(sys.argv[1]).name.split("-")[1]}, "cases": []})[:-2] + "\n")
    out.write(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]}\n")
print(len(cases), "rows,", sum(len(c["outputs"]) for c in cases), "outputs,", sum(o["ok"] for c in cases for o in c["outputs"]), "right ->", path)
