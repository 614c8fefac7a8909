"""Files: the calls of client.files, with paging, checks at upload and deletion."""

import openai
import pytest
from attune_server import chat_rows, jsonl

ROWS = jsonl(chat_rows(12))


def test_a_file_is_kept_as_it_was_sent(client):
    made = client.files.create(file=("zoë & co.jsonl", ROWS), purpose="fine-tune")
    assert (made.object, made.purpose, made.filename, made.bytes) == ("file", "fine-tune", "zoë & co.jsonl", len(ROWS))
    assert made.id.startswith("file-")
    assert client.files.retrieve(made.id) == client.files.wait_for_processing(made.id, poll_interval=0.05)
    assert client.files.retrieve(made.id).status == "processed"
    assert client.files.content(made.id).read() == ROWS
    assert client.files.content(made.id).text == ROWS.decode()


def test_a_path_and_an_open_file_are_sent_alike(client, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROWS)
    by_path = client.files.create(file=path, purpose="fine-tune")
    with path.open("rb") as opened:
        by_handle = client.files.create(file=opened, purpose="fine-tune")
    assert by_path.filename == by_handle.filename == "rows.jsonl"
    assert client.files.content(by_path.id).read() == client.files.content(by_handle.id).read() == ROWS


def test_any_bytes_are_a_file_for_other_purposes(client):
    content = bytes(range(256)) * 300 + b"\r\n--edge--\r\n"
    made = client.files.create(file=("noise.bin", content), purpose="user_data")
    assert client.files.content(made.id).read() == content


def test_lists_page_newest_first_and_each_file_once(client):
    made = [client.files.create(file=(f"page{i}.jsonl", ROWS), purpose="fine-tune").id for i in range(5)]
    listed = [file.id for file in client.files.list(limit=2, purpose="fine-tune")]
    assert [id for id in listed if id in made] == made[::-1]
    assert len(listed) == len(set(listed))
    oldest_first = [file.id for file in client.files.list(limit=3, order="asc")]
    assert [id for id in oldest_first if id in made] == made
    page = client.files.list(limit=2)
    assert page.has_more and len(page.data) == 2
    assert page.get_next_page().data[0].id not in {file.id for file in page.data}


def test_a_list_holds_one_purpose_when_asked(client):
    made = client.files.create(file=("other.txt", b"text"), purpose="user_data")
    assert made.id in {file.id for file in client.files.list(purpose="user_data")}
    assert made.id not in {file.id for file in client.files.list(purpose="fine-tune")}
    assert client.files.list(purpose="vision").data == []


def test_a_deleted_file_is_gone(client):
    made = client.files.create(file=("gone.jsonl", ROWS), purpose="fine-tune")
    twin = client.files.create(file=("twin.jsonl", ROWS), purpose="fine-tune")
    gone = client.files.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "file", True)
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError) as raised:
            call(made.id)
        assert made.id in raised.value.message
    assert client.files.content(twin.id).read() == ROWS  # the same bytes under another name stay


def test_a_file_that_expires_says_when(client):
    made = client.files.create(file=("short.jsonl", ROWS), purpose="fine-tune",
                               expires_after={"anchor": "created_at", "seconds": 3600})
    assert made.expires_at == made.created_at + 3600
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.create(file=("short.jsonl", ROWS), purpose="fine-tune",
                            expires_after={"anchor": "created_at", "seconds": 5})
    assert "expires_after" in (raised.value.param or "")


def test_lines_that_are_no_dictionaries_are_refused_in_the_words_of_the_service(client):
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.create(file=("bad.jsonl", b'{"messages": [\n' + ROWS), purpose="fine-tune")
    assert raised.value.body["message"].startswith(
        "Expected file to have JSONL format, where every line is a JSON dictionary. Line 1 is not a dictionary")
    assert raised.value.type == "invalid_request_error"


@pytest.mark.parametrize("purpose", ["", "training", "fine-tune-results"])
def test_a_purpose_that_is_not_for_uploads_is_refused(client, purpose):
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.create(file=("rows.jsonl", ROWS), purpose=purpose)
    assert raised.value.param == "purpose"


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 10001}, {"order": "sideways"}, {"limit": "many"}])
def test_a_list_outside_its_limits_is_refused(client, query):
    with pytest.raises(openai.BadRequestError) as raised:
        client.get("/files", cast_to=object, options={"params": query})
    assert raised.value.param in query
