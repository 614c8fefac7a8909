"""Embeddings: the default of the SDK is base64, which it decodes; numbers must be the same.

It decodes after it has held the answer against its types, which know no base64: the strict client cannot use the default.
"""

import base64
import math
import struct

import openai
import pytest
from names import TINY

TEXTS = ["a loud owl", "a quiet cat", "a loud owl"]


def test_the_default_gives_the_same_numbers_as_floats(loose):
    encoded = loose.embeddings.create(model=TINY, input=TEXTS)
    plain = loose.embeddings.create(model=TINY, input=TEXTS, encoding_format="float")
    assert [item.index for item in encoded.data] == [0, 1, 2]
    assert encoded.usage == plain.usage
    assert encoded.usage.prompt_tokens == encoded.usage.total_tokens > 0
    for one, other in zip(encoded.data, plain.data, strict=True):
        assert one.object == "embedding"
        assert len(one.embedding) == 48
        assert list(one.embedding) == pytest.approx(other.embedding, abs=1e-6)


def test_base64_is_little_endian_float32(client):
    raw = client.post("/embeddings", cast_to=object,
                      body={"model": TINY, "input": TEXTS[0], "encoding_format": "base64"})["data"][0]["embedding"]
    values = struct.unpack("<48f", base64.b64decode(raw))
    plain = client.embeddings.create(model=TINY, input=TEXTS[0], encoding_format="float").data[0].embedding
    assert values == pytest.approx(plain, abs=1e-6)


def test_vectors_have_length_one_and_equal_texts_equal_vectors(loose):
    first, second, third = (item.embedding for item in loose.embeddings.create(model=TINY, input=TEXTS).data)
    for vector in (first, second, third):
        assert math.isclose(math.hypot(*vector), 1, rel_tol=1e-3)
    assert list(first) == pytest.approx(list(third), abs=1e-5)
    assert list(first) != pytest.approx(list(second), abs=1e-3)
    alone = loose.embeddings.create(model=TINY, input=TEXTS[1]).data[0].embedding
    assert list(alone) == pytest.approx(list(second), abs=1e-3)  # neighbours in a request change nothing


def test_tokens_mean_the_same_as_their_text(loose, attune, base_model):
    ids = attune.json("tokenize", "--model", base_model, "--text", TEXTS[0])["ids"]
    wanted = list(loose.embeddings.create(model=TINY, input=TEXTS[0]).data[0].embedding)
    for given in (ids, [ids]):
        assert list(loose.embeddings.create(model=TINY, input=given).data[0].embedding) == pytest.approx(wanted, abs=1e-5)


def test_fewer_dimensions_are_the_first_ones(loose):
    whole = loose.embeddings.create(model=TINY, input=TEXTS[0]).data[0].embedding
    short = loose.embeddings.create(model=TINY, input=TEXTS[0], dimensions=8).data[0].embedding
    assert len(short) == 8
    scale = math.hypot(*whole[:8])
    assert list(short) == pytest.approx([value / scale for value in whole[:8]], abs=1e-5)


@pytest.mark.parametrize(("param", "value"), [
    ("input", []), ("input", ""), ("input", ["a"] * 2049), ("input", [10**9]), ("encoding_format", "hex"), ("dimensions", 0),
    ("dimensions", 49), ("input", 5),
])
def test_a_request_outside_its_limits_is_refused_by_name(client, param, value):
    with pytest.raises(openai.BadRequestError) as raised:
        client.embeddings.create(**{"model": TINY, "input": "a", param: value})
    assert param in raised.value.param


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as raised:
        client.embeddings.create(model="text-embedding-3-small", input="a")
    assert raised.value.code == "model_not_found"


@pytest.mark.anyio
async def test_the_asynchronous_client_embeds(async_client):
    answer = await async_client.embeddings.create(model=TINY, input="a loud owl", encoding_format="float")
    assert len(answer.data[0].embedding) == 48
