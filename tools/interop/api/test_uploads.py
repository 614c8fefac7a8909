"""Uploads: a file in parts, as client.uploads sends it."""

import hashlib

import anyio
import openai
import pytest
from attune_server import chat_rows, jsonl

ROWS = jsonl(chat_rows(40))


def begin(client, content=ROWS, **more):
    return client.uploads.create(**{"bytes": len(content), "filename": "rows.jsonl", "mime_type": "application/jsonl",
                                    "purpose": "fine-tune", **more})


def test_parts_are_joined_in_the_order_of_their_ids(client):
    upload = begin(client)
    assert (upload.object, upload.status, upload.bytes) == ("upload", "pending", len(ROWS))
    assert upload.expires_at == upload.created_at + 3600
    cut = len(ROWS) // 3
    last = client.uploads.parts.create(upload.id, data=ROWS[cut:])
    first = client.uploads.parts.create(upload.id, data=ROWS[:cut])
    assert (first.object, first.upload_id) == ("upload.part", upload.id)
    done = client.uploads.complete(upload.id, part_ids=[first.id, last.id], md5=hashlib.md5(ROWS).hexdigest())
    assert done.status == "completed"
    assert (done.file.bytes, done.file.filename, done.file.purpose) == (len(ROWS), "rows.jsonl", "fine-tune")
    assert client.files.content(done.file.id).read() == ROWS


@pytest.mark.parametrize("by_path", [True, False])
def test_the_chunked_helper_sends_a_file_in_parts(client, tmp_path, by_path):
    path = tmp_path / "long.jsonl"
    path.write_bytes(ROWS)
    more = {"file": path} if by_path else {"file": ROWS, "filename": "long.jsonl", "bytes": len(ROWS)}
    done = client.uploads.upload_file_chunked(mime_type="application/jsonl", purpose="fine-tune", part_size=1000, **more)
    assert done.status == "completed"
    assert client.files.content(done.file.id).read() == ROWS


@pytest.mark.anyio
async def test_parts_may_arrive_at_the_same_time(async_client):
    upload = await begin(async_client)
    size = 500
    pieces = [ROWS[at:at + size] for at in range(0, len(ROWS), size)]
    parts = [None] * len(pieces)

    async def send(number):
        parts[number] = await async_client.uploads.parts.create(upload.id, data=pieces[number])

    async with anyio.create_task_group() as group:
        for number in range(len(pieces)):
            group.start_soon(send, number)
    done = await async_client.uploads.complete(upload.id, part_ids=[part.id for part in parts])
    assert (await async_client.files.content(done.file.id)).read() == ROWS


@pytest.mark.anyio
async def test_the_asynchronous_helper_sends_a_file_in_parts(async_client):
    done = await async_client.uploads.upload_file_chunked(
        file=ROWS, filename="async.jsonl", bytes=len(ROWS), mime_type="application/jsonl", purpose="fine-tune", part_size=2000)
    assert done.file.bytes == len(ROWS)


def test_a_sum_that_does_not_fit_is_refused(client):
    upload = begin(client)
    part = client.uploads.parts.create(upload.id, data=ROWS[:-1])
    with pytest.raises(openai.BadRequestError):
        client.uploads.complete(upload.id, part_ids=[part.id])
    with pytest.raises(openai.BadRequestError):
        client.uploads.complete(upload.id, part_ids=[part.id, "part_of_nothing"])


def test_a_wrong_md5_is_refused(client):
    upload = begin(client)
    part = client.uploads.parts.create(upload.id, data=ROWS)
    with pytest.raises(openai.BadRequestError) as raised:
        client.uploads.complete(upload.id, part_ids=[part.id], md5="0" * 32)
    assert raised.value.param == "md5"


def test_a_cancelled_upload_takes_nothing_more(client):
    upload = begin(client)
    part = client.uploads.parts.create(upload.id, data=ROWS)
    assert client.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.uploads.parts.create(upload.id, data=ROWS)
    with pytest.raises(openai.BadRequestError):
        client.uploads.complete(upload.id, part_ids=[part.id])


def test_an_unknown_upload_is_not_found(client):
    with pytest.raises(openai.NotFoundError):
        client.uploads.parts.create("upload_of_nothing", data=b"x")
    with pytest.raises(openai.NotFoundError):
        client.uploads.cancel("upload_of_nothing")


@pytest.mark.parametrize(("param", "value"), [("bytes", 0), ("bytes", 9 << 30), ("purpose", "evals"), ("filename", "")])
def test_an_upload_outside_its_limits_is_refused(client, param, value):
    with pytest.raises(openai.BadRequestError) as raised:
        begin(client, **{param: value})
    assert raised.value.param == param
