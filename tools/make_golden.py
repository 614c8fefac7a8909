#!/usr/bin/env python3
"""Makes tests/golden/model: a tiny random model of every family with what PyTorch, Transformers and PEFT compute.

    python3 -m venv build/venv && build/venv/bin/pip install -r tools/requirements.txt
    build/venv/bin/python tools/make_golden.py [family ...]

tests/golden/README.md describes every file that this writes. The same seed gives the same models; the computed
values may differ in their last bits on another processor.
"""

import argparse
import json
import math
import os
import shutil
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is downloaded

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "tests" / "golden" / "model"

# Sizes are odd on purpose: 91 and 44 are no multiple of any vector width.
SIZES = dict(vocab_size=91, hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
             pad_token_id=None, use_cache=True)
DOCUMENT_LENGTHS = (21, 13)
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LORA = dict(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=LINEARS, task_type="CAUSAL_LM")
ADAMW = dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
STEPS = 50
FULL_LEARNING_RATE = 3e-4
LORA_LEARNING_RATE = 1e-3

# `model` holds what differs from SIZES. `written` replaces keys of the config.json that Transformers writes, so that
# the folders also cover the older spellings that most published models use (None removes a key).
OLD_ROPE = {"rope_parameters": None, "dtype": None, "torch_dtype": "float32"}
FAMILIES = {
    "llama2": dict(model_type="llama", model=dict(num_key_value_heads=4, tie_word_embeddings=False),
                   written={**OLD_ROPE, "rope_theta": 10000.0, "rope_scaling": None}),
    "llama3": dict(model_type="llama",
                   model=dict(tie_word_embeddings=True, max_position_embeddings=4096, rope_parameters=dict(
                       rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0,
                       high_freq_factor=4.0, original_max_position_embeddings=512)),
                   written={**OLD_ROPE, "rope_theta": 500000.0, "rope_scaling": dict(
                       factor=8.0, high_freq_factor=4.0, low_freq_factor=1.0,
                       original_max_position_embeddings=512, rope_type="llama3")}),
    "llama-linear": dict(model_type="llama",
                         model=dict(tie_word_embeddings=False, rope_parameters=dict(
                             rope_type="linear", rope_theta=10000.0, factor=4.0)),
                         written={**OLD_ROPE, "rope_theta": 10000.0,
                                  "rope_scaling": {"type": "linear", "factor": 4.0}}),
    "mistral": dict(model_type="mistral", model=dict(tie_word_embeddings=False, sliding_window=None),
                    written={}),
    "mistral-window": dict(model_type="mistral", model=dict(tie_word_embeddings=False, sliding_window=8),
                           written={**OLD_ROPE, "rope_theta": 10000.0}, shard="48KB"),
    "qwen2": dict(model_type="qwen2", model=dict(tie_word_embeddings=True, use_sliding_window=False,
                                                 rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
                  # As the published Qwen2.5 says it: a window that use_sliding_window turns off.
                  written={**OLD_ROPE, "rope_theta": 1000000.0, "sliding_window": 8, "use_sliding_window": False,
                           "max_window_layers": 2, "layer_types": None}),
    "qwen3": dict(model_type="qwen3", model=dict(tie_word_embeddings=True, head_dim=12, rms_norm_eps=1e-6,
                                                 rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
                  written={}),
    "smollm2": dict(model_type="llama", model=dict(tie_word_embeddings=True,
                                                   rope_parameters=dict(rope_type="default", rope_theta=100000.0)),
                    written={**OLD_ROPE, "rope_theta": 100000.0, "rope_scaling": None, "rope_interleaved": False}),
}


def random_weights(model, generator):
    """Weights large enough that every part of the model shows in the logits and in the gradients."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "embed_tokens" in name or "lm_head" in name:
                parameter.copy_(0.4 * noise)
            elif parameter.ndim == 2:
                parameter.copy_(noise / math.sqrt(parameter.shape[1]))
            elif name.endswith("bias"):
                parameter.copy_(0.2 * noise)
            else:
                parameter.copy_(1 + 0.2 * noise)


def random_adapter(model, generator):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                scale = 1 / math.sqrt(parameter.shape[1]) if "lora_A" in name else 0.2
                parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))


def make_documents(generator, vocabulary):
    documents = []
    for index, length in enumerate(DOCUMENT_LENGTHS):
        tokens = [1] + torch.randint(3, vocabulary, (length - 2,), generator=generator).tolist() + [2]
        # The first document trains on everything from its token 6 on; the second on two separate spans.
        trained = [6 <= i for i in range(length)] if index == 0 else [i in (3, 4, 5, 9, 10, 11, 12)
                                                                      for i in range(length)]
        # weight[i] belongs to position i, whose target is token i + 1.
        weight = [1 if i + 1 < length and trained[i + 1] else 0 for i in range(length)]
        documents.append(dict(tokens=tokens, weight=weight))
    return documents


def logits_of(model, documents):
    return [model(input_ids=torch.tensor([d["tokens"]]), use_cache=False).logits[0] for d in documents]


def mean_loss(model, documents):
    total, weight = 0.0, 0
    for logits, document in zip(logits_of(model, documents), documents):
        log_probability = torch.log_softmax(logits.float(), dim=-1)
        for i, w in enumerate(document["weight"]):
            if w:
                total = total - log_probability[i, document["tokens"][i + 1]]
                weight += w
    return total / weight


def saved_name(name):
    """The name that PEFT gives a parameter in adapter_model.safetensors."""
    return name.replace(".lora_A.default.", ".lora_A.").replace(".lora_B.default.", ".lora_B.")


def gradients_of(model, documents):
    model.zero_grad()
    loss = mean_loss(model, documents)
    loss.backward()
    return loss.item(), {saved_name(n): p.grad.detach().clone() for n, p in model.named_parameters()
                         if p.requires_grad}


def train(model, documents, learning_rate):
    """The loss before each of STEPS AdamW steps; matrices decay, norms and biases do not."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [dict(params=[p for p in trained if p.ndim >= 2]),
              dict(params=[p for p in trained if p.ndim < 2], weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, **ADAMW)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = mean_loss(model, documents)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def relative_error(values, reference):
    """||values - reference|| / ||reference|| over all tensors together."""
    difference = sum(((v.double() - r.double()) ** 2).sum().item() for v, r in zip(values, reference))
    return math.sqrt(difference / sum((r.double() ** 2).sum().item() for r in reference))


def bf16_record(model, documents, logits, gradients):
    """What PyTorch gives with everything in bf16, and its error against its own f32."""
    model = model.to(torch.bfloat16)
    with torch.no_grad():
        low = [x.detach() for x in logits_of(model, documents)]
    loss, low_gradients = gradients_of(model, documents)
    record = dict(
        loss=loss,
        logits_relative_error=relative_error(low, logits),
        logits_max_error=max((a.float() - b).abs().max().item() for a, b in zip(low, logits)),
        gradient_relative_error=relative_error(low_gradients.values(), gradients.values()))
    return record, low


def load(folder, adapter=None, trainable=False):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    if adapter is not None:
        model = PeftModel.from_pretrained(model, folder / adapter, is_trainable=trainable)
    return model.eval()


def write_model(folder, family, seed):
    generator = torch.Generator().manual_seed(seed)
    config = AutoConfig.for_model(family["model_type"], **{**SIZES, **family["model"]})
    config.architectures = None
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
    random_weights(model, generator)
    model.eval().save_pretrained(folder, max_shard_size=family.get("shard", "1GB"))
    path = folder / "config.json"
    written = json.loads(path.read_text())
    for key, value in family["written"].items():
        written[key] = value
        if value is None and key in ("rope_parameters", "dtype", "layer_types"):
            del written[key]
    path.write_text(json.dumps(written, indent=2) + "\n")
    return model, generator


def write_adapter(folder, name, generator, lora, family_name):
    model = get_peft_model(load(folder), LoraConfig(**lora))
    random_adapter(model, generator)
    model.peft_config["default"].base_model_name_or_path = family_name
    model.save_pretrained(folder / name)
    (folder / name / "README.md").unlink(missing_ok=True)  # a template for a model card
    path = folder / name / "adapter_config.json"
    config = json.loads(path.read_text())
    config["target_modules"].sort()  # PEFT keeps a set, whose order changes from run to run
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def adapter_record(folder, name, lora, documents, tensors):
    prefix = "lora" if name == "adapter" else "rslora"
    model = load(folder, name, trainable=True)
    with torch.no_grad():
        logits = logits_of(model, documents)
    loss, gradients = gradients_of(model, documents)
    for i, x in enumerate(logits):
        tensors[f"{prefix}.logits.{i}"] = x
    for key, gradient in gradients.items():
        tensors[f"{prefix}.gradient.{key}"] = gradient
    bf16, low = bf16_record(load(folder, name, trainable=True), documents, logits, gradients)
    for i, x in enumerate(low):
        tensors[f"bf16.{prefix}.logits.{i}"] = x
    curve = dict(learning_rate=LORA_LEARNING_RATE, **ADAMW,
                 losses=train(load(folder, name, trainable=True), documents, LORA_LEARNING_RATE))
    return dict(folder=name, config={k: v for k, v in lora.items() if k != "task_type"}, loss=loss, bf16=bf16,
                training=curve)


def make_family(name, family, seed):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    original, generator = write_model(folder, family, seed)
    documents = make_documents(generator, SIZES["vocab_size"])
    model, tensors = load(folder), {}
    with torch.no_grad():
        logits = logits_of(model, documents)
        for a, b in zip(logits, logits_of(original, documents)):
            assert torch.allclose(a, b, rtol=1e-6, atol=1e-6), f"{name}: the folder is not the model"
    loss, gradients = gradients_of(model, documents)
    for i, x in enumerate(logits):
        tensors[f"logits.{i}"] = x
    for key, gradient in gradients.items():
        tensors[f"gradient.{key}"] = gradient
    bf16, low = bf16_record(load(folder), documents, logits, gradients)
    for i, x in enumerate(low):
        tensors[f"bf16.logits.{i}"] = x

    # PEFT writes "all-linear" as the full path of every layer; one family keeps it so.
    adapters = {"adapter": {**LORA, "target_modules": "all-linear"} if name == "llama2" else LORA}
    if name == "llama3":  # one family also has a rank-stabilised adapter on two of the layers
        adapters["adapter-rslora"] = {**LORA, "r": 3, "use_rslora": True, "target_modules": ["q_proj", "down_proj"]}
    records = []
    for adapter, lora in adapters.items():
        write_adapter(folder, adapter, generator, lora, name)
        records.append(adapter_record(folder, adapter, lora, documents, tensors))

    record = dict(
        family=name, documents=documents, loss=loss, bf16=bf16,
        training=dict(learning_rate=FULL_LEARNING_RATE, **ADAMW,
                      losses=train(load(folder), documents, FULL_LEARNING_RATE)),
        adapters=records)
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps(record, indent=1) + "\n")
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"{name}: loss {loss:.4f}, bf16 logits error {bf16['logits_relative_error']:.2e}, curve "
          f"{record['training']['losses'][0]:.3f} -> {record['training']['losses'][-1]:.3f}, adapter "
          f"{records[0]['training']['losses'][0]:.3f} -> {records[0]['training']['losses'][-1]:.3f}, "
          f"{size // 1024} KiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", help=f"of {', '.join(FAMILIES)}; all when none is named")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="peft")  # it looks for the base model under the family's name
    for index, (name, family) in enumerate(FAMILIES.items()):
        if not arguments.families or name in arguments.families:
            make_family(name, family, seed=1000 + index)


if __name__ == "__main__":
    main()
