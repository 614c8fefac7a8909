"""What the API tests share: the built server on a tiny base model, the official SDK's clients, and the tap on the wire.

Every answer that goes over the wire in a test is held against the published specification when the test ends.
"""

import sys
import time
from pathlib import Path

import openai
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import specification  # noqa: E402
from attune_server import Server, chat_rows, jsonl, make_tiny_model  # noqa: E402
from names import SLASHED, TINY  # noqa: E402
from tap import Tap  # noqa: E402


PUBLISHED = pytest.StashKey()


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def program(attune):
    return attune.program


@pytest.fixture(scope="session")
def base_model(program, tmp_path_factory):
    return make_tiny_model(program, tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def server(program, base_model, tmp_path_factory):
    served = Server(program, tmp_path_factory.mktemp("serve") / "home", {TINY: base_model, SLASHED: base_model},
                    ["--allow-private-webhooks"])
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def tap(server):
    tapped = Tap(server.host, server.port)
    yield tapped
    tapped.close()


@pytest.fixture(scope="session")
def published(pytestconfig):
    loaded = specification.load()
    pytestconfig.stash[PUBLISHED] = loaded
    return loaded


def pytest_terminal_summary(terminalreporter, config):
    published = config.stash.get(PUBLISHED, None)
    if published is not None:
        terminalreporter.write_line(f"{published.checked} answers on {len(published.checked_paths)} published paths were held "
                                    f"against the specification: {published.violations} violations")


@pytest.fixture(scope="session")
def client(tap):
    """Strict: every answer must parse as the SDK's own type."""
    with openai.OpenAI(base_url=tap.url + "/v1", api_key="none", _strict_response_validation=True, timeout=120) as made:
        yield made


@pytest.fixture(scope="session")
def loose(tap):
    """As users make it."""
    with openai.OpenAI(base_url=tap.url + "/v1", api_key="none", timeout=120) as made:
        yield made


@pytest.fixture
async def async_client(tap):
    async with openai.AsyncOpenAI(base_url=tap.url + "/v1", api_key="none", _strict_response_validation=True,
                                  timeout=120) as made:
        yield made


@pytest.fixture(autouse=True)
def answers_follow_the_specification(request, published):
    tapped = request.getfixturevalue("tap") if "tap" in request.fixturenames else None
    yield
    if tapped is None or published is None:
        return  # test_server.py says so
    faults = [fault for exchange in tapped.unchecked() for fault in published.check(exchange)]
    assert not faults, "\n".join(faults[:20])


class Helpers:
    """What several tests do with a client."""

    def __init__(self, client):
        self.client = client

    def rows_file(self, count=24, seed=1, filename="rows.jsonl"):
        return self.client.files.create(file=(filename, jsonl(chat_rows(count, seed))), purpose="fine-tune")

    def wait(self, job, *statuses, timeout=120):
        wanted = statuses or ("succeeded", "failed", "cancelled")
        deadline = time.monotonic() + timeout
        while True:
            state = self.client.fine_tuning.jobs.retrieve(job)
            if state.status in wanted:
                return state
            assert state.status not in ("succeeded", "failed", "cancelled"), \
                f"{job} is {state.status} ({state.error}), where {wanted} was awaited"
            assert time.monotonic() < deadline, f"{job} is still {state.status}"
            time.sleep(0.05)

    def long_job(self, **more):
        """A job that trains until it is stopped."""
        file = self.rows_file(400, seed=5, filename="long.jsonl")
        return self.client.fine_tuning.jobs.create(
            model=TINY, training_file=file.id,
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 50, "batch_size": 1}}}, **more)

    def stop(self, job):
        if self.client.fine_tuning.jobs.retrieve(job).status not in ("succeeded", "failed", "cancelled"):
            self.client.fine_tuning.jobs.cancel(job)
            self.wait(job)


@pytest.fixture(scope="session")
def helpers(loose):
    return Helpers(loose)


@pytest.fixture(scope="session")
def tuned(client, helpers):
    """A job that has succeeded: three epochs, with a validation file and a suffix."""
    training = helpers.rows_file(24, seed=1)
    validation = helpers.rows_file(12, seed=2, filename="validation.jsonl")
    job = client.fine_tuning.jobs.create(
        model=TINY, training_file=training.id, validation_file=validation.id, suffix="animals", seed=7,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 4}}},
        metadata={"team": "interop"})
    done = helpers.wait(job.id)
    assert done.status == "succeeded", done.error
    return done
