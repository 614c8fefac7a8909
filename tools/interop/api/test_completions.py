"""Completions: text that goes on, and the probabilities of a given text, as evaluation harnesses ask for them.

The SDK's types know no null for the probability of an echoed prompt's first token, nor for the finish_reason of a chunk; the
service sends both. Tests that meet one use the client that does not hold answers against those types.
"""

import math

import openai
import pytest
from names import TINY

PROMPT = "number 3 is a loud owl"


def complete(client, **more):
    return client.completions.create(**{"model": TINY, "prompt": PROMPT, "max_tokens": 8, "temperature": 0, **more})


def test_a_completion_has_every_part(client):
    answer = complete(client)
    assert answer.object == "text_completion"
    assert answer.id.startswith("cmpl-")
    (choice,) = answer.choices
    assert (choice.index, choice.logprobs) == (0, None)
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage.completion_tokens <= 8
    assert complete(client, max_tokens=None).usage.completion_tokens <= 16  # the default


def test_prompts_of_every_kind_mean_the_same(client, attune, base_model):
    ids = attune.json("tokenize", "--model", base_model, "--text", PROMPT)["ids"]
    wanted = complete(client).choices[0].text
    for prompt in ([PROMPT], ids, [ids]):
        assert complete(client, prompt=prompt).choices[0].text == wanted
    several = complete(client, prompt=[PROMPT, "a quiet cat", PROMPT], n=2)
    assert [choice.index for choice in several.choices] == list(range(6))
    assert [several.choices[i].text for i in (0, 1, 4, 5)] == [wanted] * 4


def test_the_probabilities_of_a_prompt_are_those_of_the_score_command(loose, attune, base_model):
    ids = attune.json("tokenize", "--model", base_model, "--text", PROMPT)["ids"]
    scored = attune.json("score", "--model", base_model, "--tokens", ",".join(map(str, ids)))["logprobs"]
    for prompt in (PROMPT, ids):
        choice = complete(loose, prompt=prompt, echo=True, logprobs=3, max_tokens=0).choices[0]
        assert choice.text == PROMPT
        assert "".join(choice.logprobs.tokens) == PROMPT
        assert choice.logprobs.token_logprobs[0] is None
        assert choice.logprobs.token_logprobs[1:] == pytest.approx(scored, abs=2e-3)
        offset = 0
        for token, at in zip(choice.logprobs.tokens, choice.logprobs.text_offset, strict=True):
            assert at == offset
            offset += len(token)
        for value, alternatives in zip(choice.logprobs.token_logprobs[1:], choice.logprobs.top_logprobs[1:], strict=True):
            best = max(alternatives.values())
            assert value <= best + 1e-6
            assert len(alternatives) in (3, 4)  # the token itself is added when it is not among the best


def test_echo_with_one_token_more_ends_in_that_token(loose):
    """What lm-evaluation-harness sends: it leaves the last probability out and compares the first alternative."""
    choice = complete(loose, echo=True, logprobs=1, max_tokens=1, seed=1234).choices[0]
    plain = complete(loose, echo=True, logprobs=1, max_tokens=0).choices[0]
    assert choice.logprobs.token_logprobs[:-1] == plain.logprobs.token_logprobs
    assert choice.text == PROMPT + complete(loose, max_tokens=1).choices[0].text


def test_the_probabilities_of_an_answer(client):
    choice = complete(client, logprobs=2).choices[0]
    assert "".join(choice.logprobs.tokens).startswith(choice.text)
    for token, value, alternatives in zip(choice.logprobs.tokens, choice.logprobs.token_logprobs,
                                          choice.logprobs.top_logprobs, strict=True):
        assert math.isclose(alternatives[token], value, abs_tol=1e-6)
        assert value == max(alternatives.values())


def test_a_stream_adds_up_to_the_text(loose):
    whole = complete(loose, n=2, temperature=1, seed=3)
    texts = ["", ""]
    for chunk in complete(loose, n=2, temperature=1, seed=3, stream=True):
        assert chunk.object == "text_completion"
        for choice in chunk.choices:
            texts[choice.index] += choice.text
    assert texts == [choice.text for choice in whole.choices]


def test_the_best_of_several_is_given(client):
    answer = complete(client, best_of=4, n=1, temperature=1.5, seed=3)
    assert len(answer.choices) == 1


def test_a_tuned_model_completes(client, tuned):
    assert complete(client, model=tuned.fine_tuned_model).model == tuned.fine_tuned_model


@pytest.mark.parametrize(("param", "value"), [
    ("logprobs", 6), ("best_of", 21), ("n", 0), ("max_tokens", -1), ("temperature", 3), ("suffix", "end"), ("prompt", []),
    ("prompt", [10**9]), ("prompt", {"text": "a"}), ("echo", "yes"),
])
def test_a_request_outside_its_limits_is_refused_by_name(client, param, value):
    with pytest.raises(openai.BadRequestError) as raised:
        complete(client, **{param: value})
    assert param in raised.value.param


def test_a_prompt_longer_than_the_context_is_refused(client):
    with pytest.raises(openai.BadRequestError) as raised:
        complete(client, prompt="owl " * 4000)
    assert raised.value.code == "context_length_exceeded"


@pytest.mark.anyio
async def test_the_asynchronous_client_completes(async_client, client):
    assert (await complete(async_client)).choices[0].text == complete(client).choices[0].text
