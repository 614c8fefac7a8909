#!/usr/bin/env python3
"""Writes a GGUF of random weights at the sizes of a config.json, for llama_cpp.mjs (pip package gguf 0.19.0).

    python3 bench/peers/make_gguf.py --config config.json --type bf16 --out model.gguf
"""

from __future__ import annotations

import argparse
import json

import gguf
import numpy as np

TYPES = {"f32": gguf.GGMLQuantizationType.F32, "bf16": gguf.GGMLQuantizationType.BF16,
         "q8_0": gguf.GGMLQuantizationType.Q8_0, "q4_0": gguf.GGMLQuantizationType.Q4_0}
ARCHITECTURES = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}


class Writer:
    def __init__(self, path: str, config: dict, kind: gguf.GGMLQuantizationType):
        self.kind = kind
        self.block = np.random.default_rng(1).standard_normal(65521).astype(np.float32) * 0.02
        self.file = gguf.GGUFWriter(path, ARCHITECTURES[config["model_type"]])

    def matrix(self, name: str, rows: int, columns: int) -> None:
        """Random values: one block of them over and over."""
        values = np.resize(self.block, rows * columns).reshape(rows, columns)
        data = values if self.kind == gguf.GGMLQuantizationType.F32 else gguf.quants.quantize(values, self.kind)
        self.file.add_tensor(name, data, raw_dtype=self.kind)

    def vector(self, name: str, size: int, value: float) -> None:
        self.file.add_tensor(name, np.full(size, value, dtype=np.float32))


def write_layer(writer: Writer, config: dict, layer: int) -> None:
    hidden, middle, head = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    q, kv = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    at = f"blk.{layer}."
    for name, rows, columns in (("attn_q", q, hidden), ("attn_k", kv, hidden), ("attn_v", kv, hidden),
                                ("attn_output", hidden, q), ("ffn_gate", middle, hidden), ("ffn_up", middle, hidden),
                                ("ffn_down", hidden, middle)):
        writer.matrix(f"{at}{name}.weight", rows, columns)
    for name in ("attn_norm", "ffn_norm"):
        writer.vector(f"{at}{name}.weight", hidden, 1.0)
    if config["model_type"] == "qwen2":
        for name, size in (("attn_q", q), ("attn_k", kv), ("attn_v", kv)):
            writer.vector(f"{at}{name}.bias", size, 0.0)
    if config["model_type"] == "qwen3":
        for name in ("attn_q_norm", "attn_k_norm"):
            writer.vector(f"{at}{name}.weight", head, 1.0)


def add_vocabulary(file: gguf.GGUFWriter, size: int) -> None:
    """A vocabulary that only has the right size: llama.cpp loads no model without one."""
    kinds = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL] + [kinds.BYTE] * 256
    rest = size - len(tokens)
    file.add_tokenizer_model("llama")
    file.add_token_list(tokens + [f"t{i}" for i in range(rest)])
    file.add_token_scores([0.0] * size)
    file.add_token_types(types + [kinds.NORMAL] * rest)
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)


def write(config: dict, kind: str, out: str) -> None:
    writer = Writer(out, config, TYPES[kind])
    file = writer.file
    file.add_context_length(config["max_position_embeddings"])
    file.add_embedding_length(config["hidden_size"])
    file.add_block_count(config["num_hidden_layers"])
    file.add_feed_forward_length(config["intermediate_size"])
    file.add_head_count(config["num_attention_heads"])
    file.add_head_count_kv(config["num_key_value_heads"])
    file.add_key_length(config["head_dim"])
    file.add_value_length(config["head_dim"])
    file.add_rope_dimension_count(config["head_dim"])
    file.add_rope_freq_base(config.get("rope_theta") or config["rope_parameters"]["rope_theta"])
    file.add_layer_norm_rms_eps(config["rms_norm_eps"])
    file.add_vocab_size(config["vocab_size"])
    add_vocabulary(file, config["vocab_size"])
    writer.matrix("token_embd.weight", config["vocab_size"], config["hidden_size"])
    if not config.get("tie_word_embeddings"):
        writer.matrix("output.weight", config["vocab_size"], config["hidden_size"])
    writer.vector("output_norm.weight", config["hidden_size"], 1.0)
    for layer in range(config["num_hidden_layers"]):
        write_layer(writer, config, layer)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--type", choices=TYPES, default="bf16")
    parser.add_argument("--out", required=True)
    given = parser.parse_args()
    with open(given.config, encoding="utf-8") as file:
        write(json.load(file), given.type, given.out)


if __name__ == "__main__":
    main()
