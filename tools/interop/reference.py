"""The same quantities as `attune score`, computed by Transformers and PEFT."""

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM


def load(folder, adapter=None, dtype=torch.float32):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    return model.to(dtype).eval()


@torch.no_grad()
def logprobs(model, tokens):
    """log p(tokens[i + 1] | tokens[..i]) in f64, from logits in the model's type."""
    logits = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0].double()
    scores = torch.log_softmax(logits[:-1], dim=-1)
    return scores.gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]


def random_documents(vocabulary, seed, count=6, longest=120):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, longest + 1, (count,), generator=generator).tolist()
    return [torch.randint(0, vocabulary, (length,), generator=generator).tolist() for length in lengths]


def relative_error(values, reference):
    return (torch.cat(values) - torch.cat(reference)).norm().item() / torch.cat(reference).norm().item()


def assert_close(values, reference, bar=1e-4):
    error = relative_error(values, reference)
    worst = (torch.cat(values) - torch.cat(reference)).abs().max().item()
    assert error <= bar, f"relative error {error:.2e} is above {bar:.0e} (largest difference {worst:.2e})"
    assert worst <= 10 * bar, f"largest difference {worst:.2e} is above {10 * bar:.0e}"
