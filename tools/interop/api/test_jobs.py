"""Fine-tuning jobs: create, list, retrieve, cancel, pause, resume; events, checkpoints, results."""

import csv
import io
import re
import time

import anyio
import openai
import pytest
from attune_server import chat_rows, jsonl
from names import SLASHED, TINY


def supervised(**hyperparameters):
    return {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}}


def test_a_new_job_shows_what_was_asked(client, helpers):
    file = helpers.rows_file()
    job = client.fine_tuning.jobs.create(model=TINY, training_file=file.id, seed=42, suffix="new-job",
                                         metadata={"purpose": "test"}, method=supervised(n_epochs=1))
    try:
        assert job.object == "fine_tuning.job"
        assert job.id.startswith("ftjob-")
        assert job.status in ("validating_files", "queued")
        assert (job.model, job.training_file, job.validation_file, job.seed) == (TINY, file.id, None, 42)
        assert (job.fine_tuned_model, job.finished_at, job.trained_tokens, job.error) == (None, None, None, None)
        assert job.result_files == []
        assert job.metadata == {"purpose": "test"}
        assert job.method.type == "supervised"
        assert job.hyperparameters.n_epochs == 1
        assert job.hyperparameters.batch_size == "auto"
        assert abs(job.created_at - time.time()) < 60
    finally:
        helpers.wait(job.id)


def test_auto_is_resolved_as_documented(client, helpers):
    """Fewer than 34 examples: so many epochs that a hundred are seen, at most 25."""
    job = client.fine_tuning.jobs.create(model=SLASHED, training_file=helpers.rows_file(20).id)
    assert (job.hyperparameters.n_epochs, job.hyperparameters.batch_size,
            job.hyperparameters.learning_rate_multiplier) == ("auto", "auto", "auto")
    assert isinstance(job.seed, int)
    done = helpers.wait(job.id)
    assert done.status == "succeeded", done.error
    assert done.hyperparameters.n_epochs == 100 // 20
    assert done.hyperparameters.batch_size == 1
    assert done.hyperparameters.learning_rate_multiplier > 0
    assert done.method.supervised.hyperparameters.n_epochs == done.hyperparameters.n_epochs
    assert done.fine_tuned_model.startswith(f"ft:{SLASHED}:")


def test_the_hyperparameters_of_older_code_are_taken(client, helpers):
    job = client.fine_tuning.jobs.create(
        model=TINY, training_file=helpers.rows_file().id,
        hyperparameters={"n_epochs": 1, "batch_size": 8, "learning_rate_multiplier": 0.5})
    done = helpers.wait(job.id)
    assert done.status == "succeeded", done.error
    assert (done.hyperparameters.n_epochs, done.hyperparameters.batch_size,
            done.hyperparameters.learning_rate_multiplier) == (1, 8, 0.5)


def test_a_finished_job_shows_its_model_tokens_and_results(client, tuned):
    assert re.fullmatch(rf"ft:{TINY}:[^:]*:animals:[A-Za-z0-9]{{8}}", tuned.fine_tuned_model)
    assert tuned.trained_tokens > 0
    assert tuned.finished_at >= tuned.created_at
    assert tuned.error is None or not tuned.error.code
    (result,) = tuned.result_files
    file = client.files.retrieve(result)
    assert file.purpose == "fine-tune-results"
    rows = list(csv.DictReader(io.StringIO(client.files.content(result).text)))
    steps = [int(row["step"]) for row in rows]
    assert steps == sorted(set(steps))
    assert len(steps) == 3 * 24 // 4
    assert all(float(row["train_loss"]) > 0 for row in rows)
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    accuracy = [row.get("train_accuracy", row.get("train_mean_token_accuracy")) for row in rows]
    assert all(0 <= float(value) <= 1 for value in accuracy)
    assert any(row.get("valid_loss") for row in rows)


def test_events_tell_the_story_of_the_job_in_order(client, tuned):
    newest_first = list(client.fine_tuning.jobs.list_events(tuned.id, limit=4))
    assert len({event.id for event in newest_first}) == len(newest_first)
    events = newest_first[::-1]
    assert [event.created_at for event in events] == sorted(event.created_at for event in events)
    messages = [event.message for event in events]
    expected = [
        rf"Created fine-tuning job: {tuned.id}",
        rf"Validating training file: {tuned.training_file} and validation file: {tuned.validation_file}",
        r"Files validated, moving job to queued state",
        r"Fine-tuning job started",
        r"Step \d+/18: training loss=\d+\.\d+.*",
        r"Checkpoint created at step 6.*",
        r"Checkpoint created at step 12.*",
        rf"New fine-tuned model created: {re.escape(tuned.fine_tuned_model)}",
        r"The job has successfully completed",
    ]
    at = 0
    for pattern in expected:
        found = next((i for i in range(at, len(messages)) if re.fullmatch(pattern, messages[i])), None)
        assert found is not None, f"no {pattern!r} after event {at}:\n" + "\n".join(messages)
        at = found + 1
    assert all(event.object == "fine_tuning.job.event" and event.level == "info" for event in events)


def test_metrics_events_carry_numbers(client, tuned):
    events = [event for event in client.fine_tuning.jobs.list_events(tuned.id, limit=100) if event.type == "metrics"][::-1]
    steps = [event.data["step"] for event in events]
    assert steps == sorted(set(steps))
    for event in events:
        assert event.data["total_steps"] == 18
        assert event.data["train_loss"] > 0
        assert 0 <= event.data["train_mean_token_accuracy"] <= 1
    ends = [event.data for event in events if event.data.get("full_valid_loss") is not None]
    assert [data["step"] for data in ends] == [6, 12, 18]
    assert all(0 <= data["full_valid_mean_token_accuracy"] <= 1 for data in ends)


def test_pages_of_events_hold_each_event_once(client, tuned):
    whole = [event.id for event in client.fine_tuning.jobs.list_events(tuned.id, limit=100)]
    for limit in (1, 7):
        assert [event.id for event in client.fine_tuning.jobs.list_events(tuned.id, limit=limit)] == whole
    assert len(client.fine_tuning.jobs.list_events(tuned.id).data) == min(20, len(whole))


def test_checkpoints_are_models_with_metrics(client, tuned):
    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(tuned.id, limit=1))
    assert [checkpoint.step_number for checkpoint in checkpoints] == [18, 12, 6]
    for checkpoint in checkpoints:
        assert checkpoint.id.startswith("ftckpt_")
        assert checkpoint.fine_tuning_job_id == tuned.id
        assert checkpoint.metrics.full_valid_loss > 0
        assert checkpoint.metrics.step == checkpoint.step_number
    for checkpoint in checkpoints[1:]:
        assert re.fullmatch(rf"ft:{TINY}:[^:]*:animals:[A-Za-z0-9]{{8}}:ckpt-step-{checkpoint.step_number}",
                            checkpoint.fine_tuned_model_checkpoint)
    page = client.fine_tuning.jobs.checkpoints.list(tuned.id, limit=2)
    assert page.has_more
    for checkpoint in checkpoints:
        answer = client.chat.completions.create(model=checkpoint.fine_tuned_model_checkpoint, max_completion_tokens=4,
                                                messages=[{"role": "user", "content": "number 3 is a loud owl"}])
        assert answer.model == checkpoint.fine_tuned_model_checkpoint


def test_jobs_list_newest_first_and_each_once(client, helpers, tuned):
    file = helpers.rows_file(10)
    made = [client.fine_tuning.jobs.create(model=TINY, training_file=file.id, metadata={"batch": "listed"},
                                           method=supervised(n_epochs=1, batch_size=10)).id for _ in range(5)]
    listed = [job.id for job in client.fine_tuning.jobs.list(limit=2)]
    assert listed[:5] == made[::-1]
    assert len(listed) == len(set(listed))
    assert tuned.id in listed
    assert [job.id for job in client.fine_tuning.jobs.list(metadata={"batch": "listed"})] == made[::-1]
    assert list(client.fine_tuning.jobs.list(metadata={"batch": "another"})) == []
    for job in made:
        assert helpers.wait(job).status == "succeeded"


def test_a_job_is_cancelled_while_it_trains(client, helpers):
    job = helpers.long_job()
    helpers.wait(job.id, "running")
    assert client.fine_tuning.jobs.cancel(job.id).id == job.id
    done = helpers.wait(job.id)
    assert done.status == "cancelled"
    assert done.fine_tuned_model is None
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=5))
    assert any("cancel" in event.message.lower() for event in events)
    with pytest.raises((openai.BadRequestError, openai.ConflictError)) as raised:
        client.fine_tuning.jobs.cancel(job.id)
    assert "cancelled" in raised.value.message


def test_a_paused_job_goes_on_where_it_stopped(helpers, loose):
    """The published type of the status has no "paused", so this client does not insist on it."""
    job = helpers.long_job()
    try:
        helpers.wait(job.id, "running")
        time.sleep(0.5)
        loose.fine_tuning.jobs.pause(job.id)
        helpers.wait(job.id, "paused", timeout=20)

        def last_step():
            events = loose.fine_tuning.jobs.list_events(job.id, limit=50)
            return next((event.data["step"] for event in events if event.type == "metrics"), 0)

        time.sleep(3)  # the worker hears of it with its next heartbeat, a second away at most, and ends its step
        step = last_step()
        time.sleep(1)
        assert last_step() == step > 0
        assert loose.fine_tuning.jobs.retrieve(job.id).status == "paused"
        assert loose.fine_tuning.jobs.resume(job.id).status in ("queued", "running")
        deadline = time.monotonic() + 30
        while last_step() <= step:
            assert time.monotonic() < deadline, "no step after the job was resumed"
            time.sleep(0.1)
        steps = [event.data["step"] for event in loose.fine_tuning.jobs.list_events(job.id, limit=100)
                 if event.type == "metrics"]
        assert steps == sorted(set(steps), reverse=True)
    finally:
        helpers.stop(job.id)


def test_only_a_paused_job_is_resumed_and_only_a_live_one_paused(client, tuned):
    for action in (client.fine_tuning.jobs.resume, client.fine_tuning.jobs.pause, client.fine_tuning.jobs.cancel):
        began = time.monotonic()
        with pytest.raises((openai.BadRequestError, openai.ConflictError)) as raised:
            action(tuned.id)
        assert "succeeded" in raised.value.message
        assert time.monotonic() - began < 0.4, "the SDK tried again: the answer needs x-should-retry: false"


def test_a_tuned_model_is_tuned_further(client, helpers, tuned):
    job = client.fine_tuning.jobs.create(model=tuned.fine_tuned_model, training_file=helpers.rows_file(12, seed=3).id,
                                         method=supervised(n_epochs=1, batch_size=4))
    done = helpers.wait(job.id)
    assert done.status == "succeeded", done.error
    assert done.model == tuned.fine_tuned_model
    assert done.fine_tuned_model != tuned.fine_tuned_model
    assert done.fine_tuned_model.startswith(f"ft:{TINY}:")


@pytest.mark.parametrize("integration", [{"type": "wandb", "wandb": {"project": "p", "name": "n", "tags": ["t"]}}])
def test_an_integration_is_kept_and_does_not_block_the_job(client, helpers, integration):
    job = client.fine_tuning.jobs.create(model=TINY, training_file=helpers.rows_file(10).id, integrations=[integration],
                                         method=supervised(n_epochs=1, batch_size=5))
    assert job.integrations[0].wandb.project == "p"
    assert helpers.wait(job.id).status == "succeeded"


def test_too_few_examples_fail_in_the_words_of_the_service(client, helpers):
    job = client.fine_tuning.jobs.create(model=TINY, training_file=helpers.rows_file(7).id)
    done = helpers.wait(job.id)
    assert done.status == "failed"
    assert (done.error.code, done.error.param) == ("invalid_n_examples", "training_file")
    assert done.error.message == "Training file has 7 example(s), but must have at least 10 examples"
    assert done.fine_tuned_model is None
    assert client.fine_tuning.jobs.list_events(job.id, limit=1).data[0].level == "error"


def test_a_bad_row_never_trains(client, helpers):
    """Either the upload or the job says what is wrong, where, in the words of the service."""
    rows = chat_rows(12)
    del rows[9]["messages"][1]["role"]
    try:
        file = client.files.create(file=("bad.jsonl", jsonl(rows)), purpose="fine-tune")
    except openai.BadRequestError as raised:
        said = raised.message
    else:
        job = client.fine_tuning.jobs.create(model=TINY, training_file=file.id)
        done = helpers.wait(job.id)
        assert (done.status, done.error.code, done.error.param) == ("failed", "invalid_training_file", "training_file")
        said = done.error.message
    assert "Example 10, message 2" in said
    assert "Discriminator 'role' is missing in value" in said


@pytest.mark.parametrize(("changes", "param"), [
    ({"suffix": "x" * 65}, "suffix"),
    ({"suffix": ""}, "suffix"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**31}, "seed"),
    ({"method": supervised(n_epochs=0)}, "n_epochs"),
    ({"method": supervised(n_epochs=51)}, "n_epochs"),
    ({"method": supervised(n_epochs="lots")}, "n_epochs"),
    ({"method": supervised(batch_size=257)}, "batch_size"),
    ({"method": supervised(learning_rate_multiplier=0)}, "learning_rate_multiplier"),
    ({"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1}}}}, "method"),
    ({"method": {"type": "reinforcement"}}, "method"),
    ({"method": {"type": "magic"}}, "method"),
    ({"training_file": "file-ofnothing"}, "training_file"),
    ({"validation_file": "file-ofnothing"}, "validation_file"),
    ({"metadata": {"key" * 30: "value"}}, "metadata"),
    ({"metadata": {str(i): "value" for i in range(17)}}, "metadata"),
    ({"metadata": {"key": "v" * 513}}, "metadata"),
    ({"integrations": [{"type": "wandb", "wandb": {}}]}, "integrations"),
])
def test_a_job_outside_its_limits_is_refused_by_name(client, helpers, changes, param):
    asked = {"model": TINY, "training_file": None, **changes}
    if asked["training_file"] is None:
        asked["training_file"] = helpers.rows_file(10).id
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as raised:
        client.fine_tuning.jobs.create(**asked)
    assert raised.value.type == "invalid_request_error"
    assert param in (raised.value.param or "")
    assert raised.value.request_id


def test_an_unknown_base_model_is_refused(client, helpers):
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as raised:
        client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=helpers.rows_file(10).id)
    assert raised.value.code in ("model_not_found", "model_not_available")
    assert "gpt-4o-mini" in raised.value.message


def test_a_file_for_another_purpose_trains_nothing(client):
    file = client.files.create(file=("rows.jsonl", jsonl(chat_rows(12))), purpose="user_data")
    with pytest.raises(openai.BadRequestError) as raised:
        client.fine_tuning.jobs.create(model=TINY, training_file=file.id)
    assert raised.value.param == "training_file"


@pytest.mark.parametrize("call", ["retrieve", "cancel", "pause", "resume", "list_events"])
def test_an_unknown_job_is_not_found(client, call):
    with pytest.raises(openai.NotFoundError) as raised:
        getattr(client.fine_tuning.jobs, call)("ftjob-ofnothing")
    assert "ftjob-ofnothing" in raised.value.message


@pytest.mark.anyio
async def test_the_asynchronous_client_follows_a_job(async_client):
    file = await async_client.files.create(file=("rows.jsonl", jsonl(chat_rows(12))), purpose="fine-tune")
    job = await async_client.fine_tuning.jobs.create(model=TINY, training_file=file.id,
                                                     method=supervised(n_epochs=1, batch_size=6))
    with anyio.fail_after(60):
        while (await async_client.fine_tuning.jobs.retrieve(job.id)).status not in ("succeeded", "failed"):
            await anyio.sleep(0.05)
    done = await async_client.fine_tuning.jobs.retrieve(job.id)
    assert done.status == "succeeded", done.error
    messages = [event.message async for event in async_client.fine_tuning.jobs.list_events(job.id, limit=3)]
    assert messages[0] == "The job has successfully completed"
    assert messages[-1] == f"Created fine-tuning job: {job.id}"
    assert job.id in [listed.id async for listed in async_client.fine_tuning.jobs.list(limit=2)]
    checkpoints = [checkpoint async for checkpoint in async_client.fine_tuning.jobs.checkpoints.list(job.id)]
    assert [checkpoint.step_number for checkpoint in checkpoints] == [2]
