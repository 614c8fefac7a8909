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
             "fine_tuning/checkpoints", "fine_tuning/alpha", "test_evals.py", "evals"]

# Pattern of "module::test" -> why the server answers otherwise than the mock that these tests were made for.
DIFFERENCES = {
    r"(test_files|test_jobs|test_checkpoints|test_permissions|test_evals|test_runs|test_output_items)\..*::test_method_(list|list_events|retrieve)_with_all_params":
        "limit=0: the specification gives no least value, and a page of nothing has no end; refused with 400",
    r"completions\..*::test_method_create_with_all_params":
        "logit_bias for a token named 'foo', and tools, audio and web search at once; refused by name with 400",
    r"chat\.test_completions\..*::test_\w+_(retrieve|update|list|delete)\b":
        "chat completions are not stored; 404, or 405 for the list",
    r"chat\.test_completions\..*::test_method_list_with_all_params":
        "the same",
    r"test_jobs\..*::test_\w+_pause\b":
        "the SDK's type of the status has no paused, which the specification's own example answers",
    r"test_embeddings\..*::test_(method|raw_response|streaming_response)_create\[(strict|aiohttp)\]":
        "the SDK asks for base64 and decodes it after it has held the answer against its types, which know no base64",
    r"test_runs\..*::test_\w+_(create|retrieve|cancel)(_with_all_params)?\b|test_output_items\..*::test_\w+_(retrieve|list)\b":
        "the SDK's types have an error in every run and sample; where there is none it is null, as in the specification's "
        "examples",
    r"test_webhooks\..*::test_\w+_(create|test)\b":
        "event type batch.completed: there are no batches here; refused by name with 400",
    r"test_webhooks\..*::test_method_update_with_all_params":
        "the same",
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


def test_the_tests_of_the_sdk_pass_but_for_the_listed_differences(sdk_source, server, tuned, tmp_path, published):
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
    assert len(found) > 1000
    faults = [fault for exchange in stage.exchanges for fault in published.check(exchange)] if published else []
    assert not faults, "\n".join(faults[:20])
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
