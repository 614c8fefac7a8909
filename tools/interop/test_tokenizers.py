"""Token ids and decoded text against the tokenizers library, on random Unicode."""

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer

import tiny_chat
from places import BASE, SHARED

KINDS = {"byte_level": tiny_chat.byte_level, "llama3": tiny_chat.llama3_style,
         "sentencepiece": tiny_chat.sentencepiece_style, "added_tokens": tiny_chat.added_tokens_style}


def compare(attune, path, tokenizer, texts, special):
    more = ["--special"] if special else []
    for text in texts:
        ours = attune.json("tokenize", "--model", path, "--file", "-", *more, stdin=text.encode())
        theirs = tokenizer.encode(text, add_special_tokens=False).ids
        assert ours["ids"] == theirs, f"{text!r}\nours   {ours['ids']}\ntheirs {theirs}"
        assert ours["decoded"] == tokenizer.decode(theirs, skip_special_tokens=False), repr(text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_tokenizer_of_each_kind_agrees(attune, tmp_path, kind):
    tokenizer = KINDS[kind](tiny_chat.corpus())
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    compare(attune, path, tokenizer, tiny_chat.random_texts(seed=20, count=60), special=False)


def test_added_tokens_agree_in_all_their_positions(attune, tmp_path):
    tokenizer = tiny_chat.added_tokens_style(tiny_chat.corpus())
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    texts = ["a [L] b", "a [R] b", "a [B] b", "[L][R][B]", "  [L]  [R]  [B]  ", "whole", "a whole b", "wholesale unwhole",
             "whole.whole", "abcabcdefabcde", "xabc abcdef", "[L", "é[L]é", "whole whole", "_whole_", "1whole"]
    compare(attune, path, tokenizer, texts, special=False)


def test_control_tokens_in_text_are_parsed_only_when_asked(attune, tmp_path):
    tokenizer = tiny_chat.byte_level(tiny_chat.corpus())
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    text = "<|im_start|>user\nhi<|im_end|><|endoftext|>"
    compare(attune, path, tokenizer, [text], special=True)
    control = {tokenizer.token_to_id(t) for t in ("<|im_start|>", "<|im_end|>", "<|endoftext|>")}
    ours = attune.json("tokenize", "--model", path, "--file", "-", stdin=text.encode())
    assert not control & set(ours["ids"])
    assert ours["decoded"] == text


def test_smollm2_agrees(attune):
    folder = SHARED / "tokenizers" / "smollm2"
    if not folder.is_dir():
        pytest.skip("the SmolLM2 tokenizer is not here")
    compare(attune, folder, Tokenizer.from_file(str(folder / "tokenizer.json")),
            tiny_chat.random_texts(seed=21, count=60), special=True)


def test_qwen_agrees(attune):
    folder = SHARED / "tokenizers" / "qwen2.5"
    if not folder.is_dir():
        pytest.skip("the Qwen2.5 tokenizer is not here")
    tokenizer = Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
                                   r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    compare(attune, folder, tokenizer, tiny_chat.random_texts(seed=22, count=60), special=False)


def test_the_tokenizer_of_the_shipped_base_agrees(attune):
    if not (BASE / "tokenizer.json").is_file():
        pytest.skip("models/attune-base is not here")
    compare(attune, BASE, Tokenizer.from_file(str(BASE / "tokenizer.json")),
            tiny_chat.random_texts(seed=23, count=60), special=True)


def test_a_tokenizer_that_attune_trains_is_read_by_the_libraries(attune, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(tiny_chat.corpus()), encoding="utf-8")
    template = tmp_path / "template.jinja"
    template.write_text(tiny_chat.CHAT_TEMPLATE)
    folder = tmp_path / "trained"
    done = attune.run("tokenizer", "train", lines, "--out", folder, "--vocab", 600, "--eos", "<|im_end|>",
                      "--pad", "<|endoftext|>", "--chat-template", template)
    assert done.returncode == 0, done.stderr.decode()
    compare(attune, folder, Tokenizer.from_file(str(folder / "tokenizer.json")),
            tiny_chat.random_texts(seed=24, count=30), special=True)
    loaded = AutoTokenizer.from_pretrained(folder)
    assert (loaded.eos_token, loaded.pad_token) == ("<|im_end|>", "<|endoftext|>")
    prompt = loaded.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False, add_generation_prompt=True)
    assert prompt == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
