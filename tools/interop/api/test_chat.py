"""Chat completions: answers, choices, stops, probabilities, streams, and what is refused."""

import math

import anyio
import openai
import pytest
from names import TINY

ASK = [{"role": "user", "content": "number 3 is a loud owl"}]


def ask(client, **more):
    return client.chat.completions.create(**{"model": TINY, "messages": ASK, "max_completion_tokens": 16, "seed": 5, **more})


def text_of(answer):
    return answer.choices[0].message.content


def test_an_answer_has_every_part(client):
    answer = ask(client)
    assert answer.object == "chat.completion"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == TINY
    (choice,) = answer.choices
    assert (choice.index, choice.message.role, choice.logprobs, choice.message.refusal) == (0, "assistant", None, None)
    assert choice.finish_reason in ("stop", "length")
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < usage.completion_tokens <= 16
    assert usage.prompt_tokens > len("number 3 is a loud owl") // 8


def test_the_same_seed_gives_the_same_answer(client):
    assert text_of(ask(client, temperature=1)) == text_of(ask(client, temperature=1))
    greedy = {text_of(ask(client, temperature=0, seed=seed)) for seed in (1, 2, 3)}
    assert len(greedy) == 1
    several = {text_of(ask(client, temperature=2, seed=seed)) for seed in range(6)}
    assert len(several) > 1


def test_several_choices_are_counted_and_differ(client):
    answer = ask(client, n=5, temperature=2)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3, 4]
    assert len({choice.message.content for choice in answer.choices}) > 1
    assert answer.usage.completion_tokens <= 5 * 16


def test_the_tuned_model_answers_as_it_was_taught(client, helpers):
    """A model that has learnt its rows by heart ends its answer by itself."""
    file = helpers.rows_file(24, seed=11)
    job = client.fine_tuning.jobs.create(
        model=TINY, training_file=file.id,
        method={"type": "supervised", "supervised": {"hyperparameters": {
            "n_epochs": 30, "batch_size": 4, "learning_rate_multiplier": 4}}})
    name = helpers.wait(job.id).fine_tuned_model
    answer = ask(client, model=name, temperature=0, max_completion_tokens=60)
    assert answer.choices[0].finish_reason == "stop"
    assert text_of(answer).startswith('{"animal":')
    assert text_of(answer) != text_of(ask(client, temperature=0, max_completion_tokens=60))


def test_an_answer_ends_before_its_stop(client):
    whole = text_of(ask(client, temperature=0, max_completion_tokens=40))
    assert len(whole) > 4
    stop = whole[2:4]
    cut = ask(client, temperature=0, max_completion_tokens=40, stop=stop)
    assert text_of(cut) == whole[:whole.index(stop)]
    assert cut.choices[0].finish_reason == "stop"
    assert text_of(ask(client, temperature=0, max_completion_tokens=40, stop=["never in it", stop])) == text_of(cut)


def test_the_length_is_limited_by_either_name(client):
    for name in ("max_tokens", "max_completion_tokens"):
        answer = client.chat.completions.create(model=TINY, messages=ASK, **{name: 1})
        assert answer.usage.completion_tokens == 1
    assert ask(client, max_completion_tokens=3).usage.completion_tokens <= 3


def test_probabilities_come_with_their_bytes_and_alternatives(client):
    answer = ask(client, logprobs=True, top_logprobs=5, temperature=0)
    content = answer.choices[0].logprobs.content
    spoken = content[:-1] if answer.choices[0].finish_reason == "stop" and \
        b"".join(bytes(t.bytes) for t in content) != text_of(answer).encode() else content
    assert b"".join(bytes(token.bytes) for token in spoken).decode(errors="replace") == text_of(answer)
    for token in content:
        values = [other.logprob for other in token.top_logprobs]
        assert len(values) == 5
        assert values == sorted(values, reverse=True)
        assert math.isclose(token.logprob, values[0])  # greedy takes the best
        assert sum(math.exp(value) for value in values) <= 1 + 1e-6
    without = ask(client, logprobs=True, temperature=0).choices[0].logprobs.content
    assert [token.logprob for token in without] == [token.logprob for token in content]
    assert all(token.top_logprobs == [] for token in without)


def test_a_stream_adds_up_to_the_answer(client):
    whole = ask(client, temperature=1, n=2)
    texts, reasons, ids, roles = ["", ""], [None, None], set(), [None, None]
    for chunk in ask(client, temperature=1, n=2, stream=True):
        assert chunk.object == "chat.completion.chunk"
        assert chunk.usage is None
        ids.add(chunk.id)
        for choice in chunk.choices:
            roles[choice.index] = roles[choice.index] or choice.delta.role
            assert roles[choice.index] == "assistant", "the first chunk of a choice carries the role"
            texts[choice.index] += choice.delta.content or ""
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]
    assert len(ids) == 1
    assert texts == [choice.message.content for choice in whole.choices]
    assert reasons == [choice.finish_reason for choice in whole.choices]


def test_a_stream_tells_its_usage_when_asked(client):
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}, temperature=0))
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert chunks[-1].choices == []
    assert chunks[-1].usage == ask(client, temperature=0).usage


def test_a_stream_carries_probabilities(client):
    whole = ask(client, temperature=0, logprobs=True, top_logprobs=2).choices[0].logprobs.content
    streamed = [token for chunk in ask(client, temperature=0, logprobs=True, top_logprobs=2, stream=True)
                for choice in chunk.choices if choice.logprobs for token in choice.logprobs.content or []]
    assert streamed == whole


def test_the_stream_helper_of_the_sdk_follows(client):
    """The helper takes an answer that was cut by its length for a failure, so this one ends by its stop."""
    whole = text_of(ask(client, temperature=0, max_completion_tokens=40))
    stop = next(whole[i:i + 2] for i in range(1, len(whole) - 2) if whole.index(whole[i:i + 2]) > 0)
    with client.chat.completions.stream(model=TINY, messages=ASK, max_completion_tokens=40, stop=stop, temperature=0) as stream:
        kinds = [event.type for event in stream]
    assert kinds.count("content.done") == 1
    assert stream.get_final_completion().choices[0].message.content == whole[:whole.index(stop)]


def test_a_stream_may_be_left_early(client):
    with ask(client, stream=True, max_completion_tokens=200, temperature=1.5) as stream:
        next(iter(stream))
    assert text_of(ask(client)) is not None


def test_the_stream_ends_as_the_protocol_says(client, tap):
    list(ask(client, stream=True))
    exchange = tap.exchanges()[-1]
    assert exchange.headers["content-type"].startswith("text/event-stream")
    assert exchange.body.endswith(b"data: [DONE]\n\n")
    assert b"event:" not in exchange.body


@pytest.mark.parametrize("messages", [
    [{"role": "system", "content": "Answer in JSON."}, *ASK],
    [{"role": "developer", "content": "Answer in JSON."}, *ASK],
    [{"role": "user", "content": [{"type": "text", "text": "number 3 "}, {"type": "text", "text": "is a loud owl"}]}],
    [*ASK, {"role": "assistant", "content": "{}"}, {"role": "user", "content": "and a cat?", "name": "anna"}],
])
def test_conversations_of_every_shape_are_answered(client, messages):
    assert ask(client, messages=messages).choices[0].message.content is not None


def test_parts_of_text_are_the_text(client):
    parts = [{"role": "user", "content": [{"type": "text", "text": ASK[0]["content"]}]}]
    assert text_of(ask(client, messages=parts, temperature=0)) == text_of(ask(client, temperature=0))


def test_penalties_and_bias_change_the_answer(client):
    plain = ask(client, temperature=0, max_completion_tokens=40)
    penalised = ask(client, temperature=0, max_completion_tokens=40, frequency_penalty=2, presence_penalty=2)
    assert text_of(plain) != text_of(penalised)
    assert text_of(ask(client, temperature=1, top_p=1e-9)) == text_of(ask(client, temperature=0))


FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize(("param", "value"), [
    ("temperature", 2.1), ("temperature", -0.1), ("top_p", 1.5), ("n", 0), ("n", 129), ("stop", ["a", "b", "c", "d", "e"]),
    ("frequency_penalty", 3), ("presence_penalty", -3), ("max_completion_tokens", 0), ("max_tokens", -1), ("messages", []),
    ("top_logprobs", 21), ("top_logprobs", 2), ("logit_bias", {"1": 101}), ("tools", [FUNCTION]),
    ("response_format", {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}),
    ("modalities", ["audio"]), ("model", 5), ("seed", "five"), ("stream", "yes"),
])
def test_a_request_outside_its_limits_is_refused_by_name(client, param, value):
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, **{param: value})
    assert raised.value.type == "invalid_request_error"
    assert param in raised.value.param
    assert raised.value.request_id


@pytest.mark.parametrize(("message", "param"), [
    ({"role": "robot", "content": "hi"}, "messages"),
    ({"role": "user"}, "messages"),
    ({"role": "user", "content": None}, "messages"),
    ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://localhost/cat.png"}}]}, "messages"),
    ({"content": "hi"}, "messages"),
])
def test_a_message_that_cannot_be_read_is_refused(client, message, param):
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, messages=[*ASK, message])
    assert param in raised.value.param
    assert "1" in raised.value.param  # which message


def test_a_conversation_longer_than_the_context_is_refused(client):
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, messages=[{"role": "user", "content": "owl " * 4000}])
    assert raised.value.code == "context_length_exceeded"
    assert raised.value.param == "messages"
    assert "512" in raised.value.message


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as raised:
        ask(client, model="gpt-4o")
    assert raised.value.code == "model_not_found"


@pytest.mark.anyio
async def test_the_asynchronous_client_streams(async_client, client):
    text = ""
    async for chunk in await ask(async_client, stream=True, temperature=0):
        text += chunk.choices[0].delta.content or "" if chunk.choices else ""
    assert text == text_of(ask(client, temperature=0))


@pytest.mark.anyio
async def test_requests_at_the_same_time_get_their_own_answers(async_client):
    seeds = list(range(12))
    alone = [text_of(await ask(async_client, seed=seed, temperature=1.5)) for seed in seeds]
    together = [None] * len(seeds)

    async def one(number):
        together[number] = text_of(await ask(async_client, seed=seeds[number], temperature=1.5))

    async with anyio.create_task_group() as group:
        for number in range(len(seeds)):
            group.start_soon(one, number)
    assert together == alone
