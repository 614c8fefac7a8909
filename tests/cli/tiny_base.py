"""A tiny base model, and rows to tune it on, for the tests that drive the built program."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ATTUNE = os.environ.get("ATTUNE_BINARY", "attune")
TEMPLATE = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}{%- generation -%}{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- message['content'] + '<|im_end|>' -}}{%- endif -%}{{- '\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 320, "hidden_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
    "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 512, "tie_word_embeddings": True,
    "hidden_act": "silu", "bos_token_id": None, "eos_token_id": 0, "torch_dtype": "bfloat16",
}
SCHEMA = {
    "type": "object", "properties": {"animal": {"enum": ["cat", "dog"]}, "loud": {"type": "boolean"}},
    "required": ["animal", "loud"], "additionalProperties": False,
}


def run(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ATTUNE, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False)


def write_rows(path: Path, count: int) -> None:
    lines = ["text,answer"]
    for i in range(count):
        animal = ("cat", "dog")[i % 2]
        loud = i % 3 == 0
        answer = json.dumps({"animal": animal, "loud": loud}, separators=(",", ":")).replace('"', '""')
        lines.append(f'number {i} is a {"loud" if loud else "quiet"} {animal},"{answer}"')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_base(at: Path, text: str) -> None:
    """A tokenizer and a base in `at`/base that have read a text a few times."""
    (at / "template.jinja").write_text(TEMPLATE, encoding="utf-8")
    (at / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (at / "text.txt").write_text(text * 3, encoding="utf-8")
    made = run("tokenizer", "train", at / "text.txt", "--vocab", 320, "--out", at / "tokenizer",
               "--special", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "--eos", "<|endoftext|>",
               "--chat-template", at / "template.jinja")
    assert made.returncode == 0, made.stderr
    made = run("pretrain", at / "text.txt", "--config", at / "config.json", "--tokenizer", at / "tokenizer",
               "--context", 128, "--tokens", 4000, "--documents-per-step", 4, "--out", at / "base",
               "--work", at / "work")
    assert made.returncode == 0, made.stderr


class TinyBaseCase(unittest.TestCase):
    """A case whose tests share a folder `at` with rows.csv, schema.json and a base that has read the rows."""

    ROWS = 90

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.at = Path(folder.name)
        (cls.at / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
        write_rows(cls.at / "rows.csv", cls.ROWS)
        make_base(cls.at, (cls.at / "rows.csv").read_text(encoding="utf-8"))

    @classmethod
    def tune(cls, *more: object) -> None:
        """Tunes the base on the rows into `at`/tuned."""
        made = run("tune", cls.at / "rows.csv", "--model", cls.at / "base", "--contract", cls.at / "schema.json", "--map",
                   "user=text,assistant=answer", "--out", cls.at / "tuned", "--rank", 4, "--max-answer-tokens", 24, "--epochs", 2,
                   *more)
        assert made.returncode in (0, 3), made.stderr
