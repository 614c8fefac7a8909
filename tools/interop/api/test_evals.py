"""Evals and graders through the official SDK, as code that was written for the hosted service uses them."""

import json
import time

import openai
import pytest
from attune_server import Server
from names import TINY

ITEM_SCHEMA = {"type": "object", "properties": {"question": {"type": "string"}, "label": {"type": "string"}},
               "required": ["question", "label"]}
EXACT = {"type": "string_check", "name": "exact", "input": "{{sample.output_text}}", "reference": "{{item.label}}",
         "operation": "eq"}
ENDED = ("completed", "canceled", "failed")


def rows(count, **more):
    return [{"item": {"question": f"number {i} is a loud owl", "label": "owl"}, **more} for i in range(count)]


def content(given):
    return {"type": "file_content", "content": given}


def asking(source, tokens=6, **more):
    return {"type": "completions", "model": TINY, "source": source,
            "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.question}}"}]},
            "sampling_params": {"temperature": 0, "max_completion_tokens": tokens}, **more}


def create(client, criteria=(EXACT,), **more):
    return client.evals.create(
        data_source_config={"type": "custom", "item_schema": ITEM_SCHEMA, "include_sample_schema": True},
        testing_criteria=list(criteria), **more)


def wait(client, run, timeout=60):
    deadline = time.monotonic() + timeout
    while run.status not in ENDED:
        assert time.monotonic() < deadline, f"{run.id} is still {run.status}"
        time.sleep(0.05)
        run = client.evals.runs.retrieve(run.id, eval_id=run.eval_id)
    return run


@pytest.fixture(scope="module")
def answered(loose):
    """A run over three rows that bring their answers: two of them right."""
    source = {"type": "jsonl", "source": content(
        [{"item": {"question": "q", "label": label}, "sample": {"output_text": answer}}
         for label, answer in (("cat", "cat"), ("dog", "a dog"), ("owl", "owl"))])}
    kept = create(loose, name="answered")
    return wait(loose, loose.evals.runs.create(kept.id, name="first", data_source=source, metadata={"team": "interop"}))


def test_an_eval_is_created_changed_listed_and_deleted(client):
    made = create(client, name="labels", metadata={"team": "interop"})
    assert made.id.startswith("eval_") and made.object == "eval"
    assert made.testing_criteria[0].operation == "eq"
    assert made.data_source_config.schema_["properties"]["item"] == ITEM_SCHEMA
    assert client.evals.retrieve(made.id).to_dict() == made.to_dict()
    assert client.evals.update(made.id, name="renamed", metadata={"team": "other"}).name == "renamed"
    assert client.evals.retrieve(made.id).metadata == {"team": "other"}
    newest = client.evals.list(order="desc", limit=1)
    assert newest.data[0].id == made.id
    assert made.id in [listed.id for listed in client.evals.list(limit=2, order_by="updated_at")]  # over all pages
    deleted = client.evals.delete(made.id)
    assert (deleted.deleted, deleted.eval_id, deleted.object) == (True, made.id, "eval.deleted")
    with pytest.raises(openai.NotFoundError) as raised:
        client.evals.retrieve(made.id)
    assert made.id in raised.value.message


def test_a_run_judges_the_answers_of_its_rows(loose, answered):
    assert answered.status == "completed"
    assert answered.error is None
    assert answered.metadata == {"team": "interop"}
    assert (answered.result_counts.total, answered.result_counts.passed, answered.result_counts.failed) == (3, 2, 1)
    criterion = answered.per_testing_criteria_results[0]
    assert (criterion.testing_criteria, criterion.passed, criterion.failed) == ("exact", 2, 1)
    failed = list(loose.evals.runs.output_items.list(answered.id, eval_id=answered.eval_id, status="fail"))
    assert [item.datasource_item["label"] for item in failed] == ["dog"]
    assert failed[0].results[0].passed is False
    assert failed[0].sample.output[0].content == "a dog"
    one = loose.evals.runs.output_items.retrieve(failed[0].id, eval_id=answered.eval_id, run_id=answered.id)
    assert one.to_dict() == failed[0].to_dict()
    assert [run.id for run in loose.evals.runs.list(answered.eval_id, status="completed")] == [answered.id]


def test_items_come_page_by_page(loose, answered):
    pages = loose.evals.runs.output_items.list(answered.id, eval_id=answered.eval_id, limit=1)
    assert len(pages.data) == 1 and pages.has_more
    assert [item.datasource_item_id for item in pages] == [0, 1, 2]
    backwards = loose.evals.runs.output_items.list(answered.id, eval_id=answered.eval_id, order="desc")
    assert [item.datasource_item_id for item in backwards] == [2, 1, 0]


def test_a_run_asks_a_model_as_chat_would(loose):
    run = wait(loose, loose.evals.runs.create(create(loose).id, data_source=asking(content(rows(4)))))
    assert (run.status, run.model, run.name) == ("completed", TINY, TINY)
    usage = run.per_model_usage[0]
    assert (usage.run_model_name, usage.invocation_count) == (TINY, 4)
    item = loose.evals.runs.output_items.list(run.id, eval_id=run.eval_id).data[2]
    answer = loose.chat.completions.create(model=TINY, temperature=0, max_completion_tokens=6,
                                           messages=[{"role": "user", "content": "number 2 is a loud owl"}])
    assert item.sample.output[0].content == answer.choices[0].message.content
    assert item.sample.usage.prompt_tokens == answer.usage.prompt_tokens
    assert usage.completion_tokens <= 4 * 6


def test_a_tuned_model_is_measured_from_a_file(loose, tuned):
    lines = "".join(json.dumps(row) + "\n" for row in rows(5)) + "not JSON\n"
    file = loose.files.create(file=("rows.jsonl", lines.encode()), purpose="evals")
    kept = create(loose, criteria=[
        {"type": "text_similarity", "name": "alike", "input": "{{sample.output_text}}", "reference": "{{item.label}}",
         "evaluation_metric": "fuzzy_match", "pass_threshold": 0.99}])
    run = loose.evals.runs.create(kept.id, data_source=asking({"type": "file_id", "id": file.id}, model=tuned.fine_tuned_model))
    loose.files.delete(file.id)  # the run keeps its content
    run = wait(loose, run)
    assert (run.status, run.model) == ("completed", tuned.fine_tuned_model)
    assert (run.result_counts.total, run.result_counts.errored) == (6, 1)
    broken = loose.evals.runs.output_items.list(run.id, eval_id=run.eval_id).data[5]
    assert (broken.status, broken.sample.error.code) == ("error", "invalid_item")


def test_a_model_judges_with_labels(loose, answered):
    judge = {"type": "label_model", "name": "judge", "model": TINY, "labels": ["yes", "no"], "passing_labels": ["yes"],
             "input": [{"role": "developer", "content": "Answer yes or no."},
                       {"type": "message", "role": "user",
                        "content": {"type": "input_text", "text": "Is {{sample.output_text}} {{item.label}}?"}}]}
    run = wait(loose, loose.evals.runs.create(create(loose, [judge]).id, data_source=asking(content(rows(3)))))
    assert run.result_counts.errored == 0
    assert run.per_model_usage[0].invocation_count == 6
    for item in loose.evals.runs.output_items.list(run.id, eval_id=run.eval_id):
        assert item.results[0].sample["output"][0]["content"] in ("yes", "no")


def test_a_run_is_canceled_and_deleted(loose):
    kept = create(loose)
    run = loose.evals.runs.create(kept.id, data_source=asking(content(rows(400)), tokens=300))
    canceled = loose.evals.runs.cancel(run.id, eval_id=kept.id)
    assert canceled.status == "canceled"
    with pytest.raises(openai.BadRequestError):
        loose.evals.runs.cancel(run.id, eval_id=kept.id)
    deleted = loose.evals.runs.delete(run.id, eval_id=kept.id)
    assert (deleted.object, deleted.run_id) == ("eval.run.deleted", run.id)
    with pytest.raises(openai.NotFoundError):
        loose.evals.runs.retrieve(run.id, eval_id=kept.id)


@pytest.mark.parametrize(("param", "source"), [
    ("data_source.model", asking(content(rows(1)), model="gpt-4o")),
    ("data_source.source.type", asking({"type": "stored_completions", "model": "gpt-4o"})),
    ("data_source.source.id", {"type": "jsonl", "source": {"type": "file_id", "id": "file-ofnothing"}}),
    ("data_source.source.content", {"type": "jsonl", "source": content([])}),
    ("data_source.sampling_params.response_format",
     asking(content(rows(1)), sampling_params={"response_format": {"type": "json_object"}})),
])
def test_a_run_that_cannot_be_is_refused(loose, answered, param, source):
    with pytest.raises(openai.BadRequestError) as raised:
        loose.evals.runs.create(answered.eval_id, data_source=source)
    assert raised.value.param == param


@pytest.mark.parametrize(("param", "config", "criterion"), [
    ("data_source_config.type", {"type": "logs", "metadata": {"usecase": "x"}}, EXACT),
    ("data_source_config.type", {"type": "stored_completions"}, EXACT),
    ("data_source_config.item_schema", {"type": "custom", "item_schema": {"type": "text"}}, EXACT),
    ("testing_criteria[0].type", None, {"type": "python", "name": "p", "source": "def grade(sample, item): return 1"}),
    ("testing_criteria[0].pass_threshold", None, {**EXACT, "type": "text_similarity", "evaluation_metric": "bleu"}),
    ("testing_criteria[0]", None, {**EXACT, "input": "{{output_text}}"}),
])
def test_an_eval_that_cannot_be_is_refused(client, param, config, criterion):
    if "evaluation_metric" in criterion:
        criterion = {name: value for name, value in criterion.items() if name != "operation"}
    with pytest.raises(openai.BadRequestError) as raised:
        client.evals.create(data_source_config=config or {"type": "custom", "item_schema": ITEM_SCHEMA},
                            testing_criteria=[criterion])
    assert raised.value.param == param


def test_a_grader_is_run_and_validated(client, loose):
    graders = client.fine_tuning.alpha.graders
    result = graders.run(grader=EXACT, item={"label": "owl"}, model_sample="owl")
    assert (result.reward, result.metadata.name, result.metadata.token_usage) == (1, "exact", None)
    assert not any(value for value in result.metadata.errors.to_dict().values())
    assert graders.run(grader=EXACT, model_sample="owl").metadata.errors.invalid_variable_error
    assert graders.validate(grader=EXACT).grader.reference == "{{item.label}}"
    alike = {"type": "text_similarity", "name": "alike", "input": "{{sample.output_json.animal}}",
             "reference": "{{item.label}}", "evaluation_metric": "rouge_l"}
    multi = {"type": "multi", "name": "both", "graders": {"exact": EXACT, "alike": alike},
             "calculate_output": "0.25 * exact + 0.75 * max(alike, 0) ** 2"}
    done = loose.fine_tuning.alpha.graders.run(grader=multi, item={"label": "owl"}, model_sample='{"animal": "owl"}')
    assert done.reward == 0.75
    assert done.sub_rewards == {"exact": 0, "alike": 1}
    with pytest.raises(openai.BadRequestError) as raised:
        graders.validate(grader={**multi, "calculate_output": "exact + other"})
    assert "other" in raised.value.message


def test_requests_are_counted_under_their_route(server, client):
    made = create(client)
    client.evals.retrieve(made.id)
    text = server.request("GET", "/metrics")[2].decode()
    assert 'route="/v1/evals/{eval_id}"' in text
    assert made.id not in text


def test_a_run_outlives_a_kill_of_its_server(program, base_model, tmp_path):
    served = Server(program, tmp_path / "home", {TINY: base_model})
    served.start()
    try:
        with openai.OpenAI(base_url=served.url + "/v1", api_key="none") as client:
            run = client.evals.runs.create(create(client).id, data_source=asking(content(rows(400)), tokens=100))
            while client.evals.runs.retrieve(run.id, eval_id=run.eval_id).result_counts.total == 0:
                time.sleep(0.02)
        served.kill()
        served.start()
        with openai.OpenAI(base_url=served.url + "/v1", api_key="none") as client:
            before = client.evals.runs.retrieve(run.id, eval_id=run.eval_id)
            assert before.status == "in_progress"
            assert 0 < before.result_counts.total < 400
            ended = wait(client, before, timeout=120)  # its lease of half a minute must end first
            assert (ended.status, ended.result_counts.total, ended.result_counts.errored) == ("completed", 400, 0)
            numbers = [item.datasource_item_id for item in
                       client.evals.runs.output_items.list(run.id, eval_id=run.eval_id, limit=100)]
            assert numbers == list(range(400))
    finally:
        served.stop()
