"""The SDK's own resource tests, unchanged, against the server: each difference is listed here with its reason.

The tests come with the SDK's source distribution, which is fetched into build/ once. `stage.py` puts the objects that they
take for granted onto the server. A test that fails without being listed fails here, and so does a listed one that passes.
"""

import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as xml
from importlib.metadata import version
from pathlib import Path

import pytest
from stage import Stage

ROOT = Path(__file__).resolve().parents[3]
RESOURCES = ["test_files.py", "test_uploads.py", "test_models.py", "test_completions.py", "test_embeddings.py",
             "test_webhooks.py", "chat/test_completions.py", "fine_tuning/test_jobs.py", "fine_tuning/jobs",
             "fine_tuning/checkpoints"]

# Pattern of "module::test" -> why the server answers otherwise than the mock that these tests were made for.
DIFFERENCES = {
    r"(files|jobs|checkpoints|permissions)::.*(list|list_events|retrieve)_with_all_params":
        "limit=0: a page holds at least one item; refused with 400",
    r"jobs::.*method_create_with_all_params":
        "type supervised together with objects for dpo and reinforcement: contradictory; refused with 400",
    r"chat.test_completions::.*create_with_all_params":
        "audio, functions, tools, prediction and web search at once: refused by name with 400",
    r"chat.test_completions::.*(method|raw_response|streaming_response)_(retrieve|update|list|delete)":
        "stored chat completions are not kept; 404 or 405",
    r"test_completions::.*create_with_all_params":
        "a suffix to fill in before, and log-probabilities of 0 tokens with best_of 0: refused by name with 400",
    r"jobs::.*(method|raw_response|streaming_response)_pause\\[strict\\]":
        "the SDK's type of the status has no paused, which the specification's own example answers",
}


@pytest.fixture(scope="module")
def sdk_source():
    """The folder of the SDK's source distribution, with its tests."""
    name = f"openai-{version('openai')}"
    folder = ROOT / "build" / "sdk-source"
    if not (folder / name / "tests").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                               "--no-build-isolation", "--no-binary", "openai", "-d", folder,
                               f"openai=={version('openai')}"], capture_output=True, text=True, timeout=900, check=False)
        if done.returncode != 0:
            pytest.skip(f"the SDK's source distribution is not to be had: {done.stderr.strip().splitlines()[-1:]}")
        with tarfile.open(folder / f"{name}.tar.gz") as packed:
            packed.extractall(folder, filter="data")
    return folder / name


def outcomes(report):
    """Test -> "passed", or the first line of its failure."""
    found = {}
    for case in xml.parse(report).iter("testcase"):
        fault = next((child for child in case if child.tag in ("failure", "error")), None)
        if case.find("skipped") is None:
            name = f"{case.get('classname').removeprefix('tests.api_resources.')}::{case.get('name')}"
            found[name] = "passed" if fault is None else (fault.get("message") or "failed").splitlines()[0][:300]
    return found


def test_the_tests_of_the_sdk_pass_but_for_the_listed_differences(sdk_source, server, tuned, tmp_path):
    stage = Stage(server, {"id": tuned.id})
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", sdk_source, "-o", "asyncio_mode=auto",
         "-o", "asyncio_default_fixture_loop_scope=session", "-p", "no:cacheprovider", "--junitxml", report, "--tb=line",
         *(f"tests/api_resources/{name}" for name in RESOURCES)],
        cwd=sdk_source, env={"PATH": "/usr/bin:/bin", "TEST_API_BASE_URL": stage.url, "PYTHONPATH": str(sdk_source)},
        capture_output=True, text=True, timeout=900, check=False)
    stage.close()
    assert report.is_file(), done.stdout[-3000:] + done.stderr[-3000:]
    found = outcomes(report)
    assert len(found) > 600
    unexpected, used = [], set()
    for test, outcome in found.items():
        listed = next((pattern for pattern in DIFFERENCES if re.search(pattern, test)), None)
        if outcome != "passed":
            used.add(listed)
            if listed is None:
                unexpected.append(f"{test}: {outcome}")
    refusals = {(method, re.sub(r"(file|ftjob|upload|cp|whe|part)[-_][A-Za-z0-9]+", r"\1-…", target), status, body[:200])
                for method, target, status, body in stage.refusals}
    broken = [refusal for refusal in refusals if refusal[2] >= 500]
    assert not broken, broken
    assert not unexpected, f"{len(unexpected)} of {len(found)} failed without being listed:\n" + \
        "\n".join(sorted(unexpected)[:40]) + "\nrefusals:\n" + "\n".join(map(str, sorted(refusals)[:40]))
    assert used >= set(DIFFERENCES), f"no longer a difference: {set(DIFFERENCES) - used}"
