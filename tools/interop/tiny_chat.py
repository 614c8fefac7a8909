"""Tokenizers and a tiny chat model made on the spot, as Transformers saves them."""

import json
import random
import unicodedata

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, LlamaConfig

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")

# Ranges that tell tokenizers apart: case, digits, marks, joiners, wide and private characters, spaces of all kinds.
RANGES = [
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x30, 0x39), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F),
    (0x5D0, 0x5EA), (0x620, 0x669), (0x905, 0x96F), (0xE01, 0xE5B), (0x1E00, 0x1FFE), (0x2000, 0x206F),
    (0x20A0, 0x20C0), (0x2100, 0x218B), (0x2460, 0x24FF), (0x3000, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xADFF),
    (0xF900, 0xFAD9), (0xFB00, 0xFB06), (0xFF01, 0xFF5E), (0x1D400, 0x1D4FF), (0x1F300, 0x1F6FF), (0x1F900, 0x1F9FF),
    (0x1, 0x1F), (0x7F, 0x9F), (0xE000, 0xE010), (0xFE00, 0xFE0F), (0x10400, 0x1044F),
]
PIECES = ["'s", "'LL", "don't ", " \n", "\r\n", "\n\n\n", "  ", "\t", "     x", "1234567", "3.14", "e\u0301", "A\u030A",
          "\u1112\u1161\u11ab", "👩‍👩‍👧", "🇩🇪", "\u200d", "\ufeff", "\u00a0", "\u3000", "def f(x):\n    return x\n", "https://a.b/c?d=e",
          "<b>", "{\"k\": [1, 2]}", "…", "ﬁ", "Ⅷ", "ß", "İ", "Σς", "日本語", "한국어", "हिन्दी", "ไทย", "مرحبا", "word", " Word", " THE"]


def assigned(character):
    return unicodedata.category(character) not in ("Cn", "Cs")


def random_texts(seed, count):
    """Mixtures of random characters and telling pieces; never an unassigned character, whose class changes with the
    Unicode version of each library."""
    source = random.Random(seed)
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(source.randint(1, 40)):
            if source.random() < 0.4:
                parts.append(source.choice(PIECES))
            else:
                low, high = source.choice(RANGES)
                run = [chr(source.randint(low, high)) for _ in range(source.randint(1, 6))]
                parts.append("".join(c for c in run if assigned(c)))
        texts.append("".join(parts))
    return [text for text in texts if text]


def byte_level(corpus, vocabulary=700):
    """GPT-2's kind: byte-level BPE with its own pre-tokenisation."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def llama3_style(corpus, vocabulary=900):
    """Llama 3's and Qwen's kind: a split by regular expression, then bytes; NFC first; ignore_merges; a BOS."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
                                   r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=["<|begin|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))])
    return tokenizer


def sentencepiece_style(corpus):
    """Llama 2's and Mistral's kind: a space becomes U+2581, unknown characters become bytes."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=900, limit_alphabet=150, show_progress=False,
        special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + ["▁"]))
    state = json.loads(trained.to_str())
    more = len(state["model"]["vocab"])
    assert more > 259
    state["model"].update(byte_fallback=True, fuse_unk=True)
    state["added_tokens"] = [t for t in state["added_tokens"] if not t["content"].startswith(("<0x", "▁"))]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    return tokenizer


def added_tokens_style(corpus):
    """Added tokens with every flag: stripping on each side, whole words only, normalised or not."""
    tokenizer = byte_level(corpus)
    tokenizer.add_tokens([AddedToken("[L]", lstrip=True), AddedToken("[R]", rstrip=True),
                          AddedToken("[B]", lstrip=True, rstrip=True), AddedToken("whole", single_word=True),
                          AddedToken("abc", normalized=False), AddedToken("abcdef", normalized=False)])
    return tokenizer


def corpus():
    return random_texts(7, 400) + ["the printer on floor three does not print", "please reset my password",
                                   "a refund for order 4711 was promised last week"] * 20


def write_model(folder, seed=11):
    """A tiny Llama with a chat template, saved by Transformers: what a user's model folder looks like."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = byte_level(corpus())
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": None, "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>", "model_max_length": 512, "chat_template": CHAT_TEMPLATE}))
    torch.manual_seed(seed)
    end = tokenizer.token_to_id("<|im_end|>")
    config = LlamaConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=48, intermediate_size=96,
                         num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                         max_position_embeddings=1024, bos_token_id=None, eos_token_id=end,
                         pad_token_id=tokenizer.token_to_id("<|endoftext|>"), tie_word_embeddings=True,
                         initializer_range=0.1)
    AutoModelForCausalLM.from_config(config).float().save_pretrained(folder)
    return tokenizer
