"""What Attune trains and writes is what the Python libraries read."""

import json

import pytest
from transformers import AutoTokenizer

import reference
import tiny_chat

CONTEXT = 256


@pytest.fixture(scope="module")
def chat_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny-chat"
    tiny_chat.write_model(folder)
    return folder


def text_documents(folder, count=4):
    """Token lists of real text under the folder's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return [tokenizer(text, add_special_tokens=False).input_ids[:200] for text in tiny_chat.random_texts(31, count)]


def test_transformers_reads_a_model_that_attune_pretrains(attune, chat_model, tmp_path):
    rows = tmp_path / "texts.jsonl"
    rows.write_text("".join(json.dumps({"text": t}) + "\n" for t in tiny_chat.corpus()))
    out = tmp_path / "pretrained"
    done = attune.run("pretrain", rows, "--config", chat_model / "config.json", "--tokenizer", chat_model, "--out", out,
                      "--tokens", 20000, "--context", CONTEXT, "--tokens-per-batch", CONTEXT * 4,
                      "--learning-rate", "0.01", "--dtype", "f32")
    assert done.returncode == 0, done.stderr.decode()
    documents = text_documents(out)
    model = reference.load(out)
    theirs = [reference.logprobs(model, d) for d in documents]
    reference.assert_close([attune.logprobs(out, d) for d in documents], theirs)
