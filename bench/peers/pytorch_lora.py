#!/usr/bin/env python3
"""LoRA training steps of PyTorch + Transformers + PEFT on random weights of a given config: one measurement, as JSON.

    python3 bench/peers/pytorch_lora.py --config config.json --layout rows --dtype bf16 --tokens 2048 --documents 4

Layouts of the documents:
  rows     equal documents as the rows of a batch without a mask: nothing is padded, the fastest way to run it
  packed   one row, positions restart at each document, attention kept within them
  padded   documents of uneven lengths (`--lengths`), padded to the longest of them, as most users run it
Tokens a second count real tokens; the loss is on all of them. Adapters of rank r on all seven linears, AdamW, clipping.
compare.py runs this beside `attune bench train`.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="config.json of the model")
    parser.add_argument("--layout", choices=("rows", "packed", "padded"), default="rows")
    parser.add_argument("--dtype", choices=("bf16", "f32"), default="bf16")
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--documents", type=int, default=4)
    parser.add_argument("--lengths", help="lengths of the documents of `padded`, separated by commas")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3, help="timed steps, after one that is not")
    parser.add_argument("--threads", type=int, default=0, help="0 takes every CPU")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model")
    return parser.parse_args()


def batch_of(torch, given: argparse.Namespace, vocabulary: int) -> tuple[dict, int]:
    """The model's arguments, and how many real tokens they hold."""
    generator = torch.Generator().manual_seed(1)
    length = given.tokens // given.documents
    if given.layout == "padded":
        lengths = [int(part) for part in given.lengths.split(",")]
        ids = torch.randint(0, vocabulary, (len(lengths), max(lengths)), generator=generator)
        mask = torch.tensor([[1] * n + [0] * (max(lengths) - n) for n in lengths])
        return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}, sum(lengths)
    ids = torch.randint(0, vocabulary, (given.documents, length), generator=generator)
    if given.layout == "rows":
        return {"input_ids": ids, "labels": ids}, ids.numel()
    flat = ids.reshape(1, -1)
    positions = torch.arange(length).repeat(given.documents).reshape(1, -1)
    return {"input_ids": flat, "labels": flat, "position_ids": positions}, ids.numel()


def main() -> None:
    given = options()
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    if given.threads > 0:
        torch.set_num_threads(given.threads)
    dtype = torch.bfloat16 if given.dtype == "bf16" else torch.float32
    with open(given.config, encoding="utf-8") as file:
        fields = json.load(file)
    config = AutoConfig.for_model(fields.pop("model_type"), **fields)
    config.use_cache = False
    torch.manual_seed(1)
    with torch.no_grad():
        base = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa")
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    # Adapters in the type of the base: PEFT's default of f32 adapters costs casts.
    model = get_peft_model(base, LoraConfig(r=given.rank, lora_alpha=2 * given.rank, target_modules=linears),
                           autocast_adapter_dtype=False)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
    batch, tokens = batch_of(torch, given, config.vocab_size)
    run = torch.compile(model) if given.compile else model

    seconds = []
    for step in range(given.steps + 1):
        start = time.perf_counter()
        loss = run(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step > 0:
            seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(json.dumps({
        "program": f"torch {torch.__version__}", "layout": given.layout, "dtype": given.dtype, "compiled": given.compile,
        "threads": torch.get_num_threads(), "tokens": tokens, "step_seconds": seconds, "tokens_per_s": tokens / median,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "loss": float(loss.detach())}))


if __name__ == "__main__":
    main()
