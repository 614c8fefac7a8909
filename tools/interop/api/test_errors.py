"""Errors, request ids, limits, retries and idempotency: what the SDK makes of them."""

import json
import re
import time

import openai
import pytest
from attune_server import chat_rows, jsonl
from names import TINY

ASK = [{"role": "user", "content": "number 3 is a loud owl"}]


def test_every_answer_carries_a_request_id_of_its_own(client):
    ids = [client.models.list()._request_id, client.files.list()._request_id,
           client.chat.completions.create(model=TINY, messages=ASK, max_completion_tokens=1)._request_id]
    assert all(id.startswith("req_") for id in ids)
    assert len(set(ids)) == 3
    with pytest.raises(openai.NotFoundError) as raised:
        client.files.retrieve("file-ofnothing")
    assert raised.value.request_id.startswith("req_")


def test_answers_carry_the_headers_of_the_service(client):
    headers = client.models.with_raw_response.list().headers
    assert headers["openai-version"] == "2020-10-01"
    assert float(headers["openai-processing-ms"]) >= 0
    assert headers["content-type"].startswith("application/json")


def test_generation_tells_its_rate_limits(client):
    headers = client.chat.completions.with_raw_response.create(model=TINY, messages=ASK, max_completion_tokens=1).headers
    assert int(headers["x-ratelimit-limit-requests"]) > 0
    assert 0 <= int(headers["x-ratelimit-remaining-requests"]) <= int(headers["x-ratelimit-limit-requests"])
    assert re.fullmatch(r"(\d+h)?(\d+m)?(\d+(\.\d+)?s)?|\d+ms", headers["x-ratelimit-reset-requests"])
    assert "x-ratelimit-limit-tokens" not in headers  # there is no such limit


RAW = [
    ("GET", "/v1/nothing", b"", {}, 404),
    ("GET", "/", b"", {}, 404),
    ("PUT", "/v1/files", b"", {}, 405),
    ("DELETE", "/v1/fine_tuning/jobs", b"", {}, 405),
    ("POST", "/v1/chat/completions", b"{", {"Content-Type": "application/json"}, 400),
    ("POST", "/v1/chat/completions", b"[]", {"Content-Type": "application/json"}, 400),
    ("POST", "/v1/chat/completions", b"", {"Content-Type": "application/json"}, 400),
    ("POST", "/v1/fine_tuning/jobs", b"\xff\xfe", {"Content-Type": "application/json"}, 400),
    ("POST", "/v1/fine_tuning/jobs", b"[" * 100000, {"Content-Type": "application/json"}, 400),
    ("POST", "/v1/files", b"hello", {"Content-Type": "text/plain"}, 415),
    ("POST", "/v1/files", b"hello", {"Content-Type": "multipart/form-data"}, 400),
    ("POST", "/v1/files", b"--x\r\n\r\n", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
    ("GET", "/v1/files/..%2f..%2fetc%2fpasswd", b"", {}, 400),
    ("GET", "/v1/models/%00", b"", {}, 400),
    ("GET", "/v1/models/%zz", b"", {}, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), RAW)
def test_every_refusal_has_the_whole_error_object(server, method, path, body, headers, status):
    got, answered, content = server.request(method, path, body, headers)
    assert got == status
    error = json.loads(content)["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert error["message"]
    assert answered["x-request-id"].startswith("req_")


def test_a_lost_answer_is_asked_for_again(client, tap):
    tap.lose_answers(1)
    assert TINY in {model.id for model in client.models.list()}
    retried = [e for e in tap.exchanges() if e.request_headers.get("x-stainless-retry-count") == "1"]
    assert retried


def test_an_idempotency_key_trains_once_though_the_answer_was_lost(client, tap, helpers):
    file = helpers.rows_file(10)
    before = {job.id for job in client.fine_tuning.jobs.list()}
    tap.lose_answers(1)
    job = client.fine_tuning.jobs.create(
        model=TINY, training_file=file.id, hyperparameters={"n_epochs": 1}, extra_headers={"Idempotency-Key": "once-1"})
    again = client.fine_tuning.jobs.create(
        model=TINY, training_file=file.id, hyperparameters={"n_epochs": 1}, extra_headers={"Idempotency-Key": "once-1"})
    assert again.id == job.id
    assert {listed.id for listed in client.fine_tuning.jobs.list()} - before == {job.id}
    began = time.monotonic()
    with pytest.raises(openai.ConflictError):
        client.fine_tuning.jobs.create(
            model=TINY, training_file=file.id, hyperparameters={"n_epochs": 2}, extra_headers={"Idempotency-Key": "once-1"})
    assert time.monotonic() - began < 0.4, "the SDK tried again: the answer needs x-should-retry: false"
    helpers.wait(job.id)


def test_without_a_key_the_same_request_is_a_new_job(client, helpers):
    file = helpers.rows_file(10)
    jobs = {client.fine_tuning.jobs.create(model=TINY, training_file=file.id, hyperparameters={"n_epochs": 1}).id
            for _ in range(2)}
    assert len(jobs) == 2
    for job in jobs:
        helpers.wait(job)


def test_unknown_fields_of_newer_clients_are_no_fault(client):
    """Harmless ones are ignored; the list of those that are refused is in the chat tests."""
    answer = client.chat.completions.create(model=TINY, messages=ASK, max_completion_tokens=1, user="anna", store=False,
                                            metadata={"a": "b"}, safety_identifier="someone", prompt_cache_key="k",
                                            service_tier="auto", extra_headers={"OpenAI-Organization": "o", "x-other": "1"})
    assert answer.choices


def test_a_time_out_of_the_client_leaves_the_server_well(tap):
    impatient = openai.OpenAI(base_url=tap.url + "/v1", api_key="none", timeout=0.001, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        for _ in range(20):
            impatient.chat.completions.create(model=TINY, messages=ASK, max_completion_tokens=200)
    patient = openai.OpenAI(base_url=tap.url + "/v1", api_key="none")
    assert patient.models.list().data


def test_the_key_may_come_as_azure_sends_it(server):
    status, _, _ = server.request("GET", "/v1/models", headers={"api-key": "none"})
    assert status == 200


def test_a_large_body_is_refused_before_it_is_read(server):
    body = json.dumps({"model": TINY, "messages": [{"role": "user", "content": "x" * (40 << 20)}]}).encode()
    try:
        status, _, content = server.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    except (ConnectionError, BrokenPipeError):
        status, content = 413, b'{"error":{"message":"cut off"}}'
    assert status in (400, 413)
    assert json.loads(content)["error"]["message"]
    assert server.request("GET", "/healthz")[0] == 200


def test_one_bad_file_among_good_ones_harms_nobody(client):
    with pytest.raises(openai.BadRequestError):
        client.files.create(file=("bad.jsonl", b"not json\n"), purpose="fine-tune")
    assert client.files.create(file=("good.jsonl", jsonl(chat_rows(10))), purpose="fine-tune").status in ("uploaded", "processed")
