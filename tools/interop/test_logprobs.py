"""Log-probabilities against Transformers, for every family, in f32 and in bf16."""

import pytest
import torch

import reference
from places import ADAPTERS, BASE, FAMILIES, GOLDEN, SHARED

VOCABULARY = 91


@pytest.mark.parametrize("family", FAMILIES)
def test_f32_logprobs_are_those_of_transformers(attune, family):
    documents = reference.random_documents(VOCABULARY, seed=1)
    model = reference.load(GOLDEN / family)
    reference.assert_close([attune.logprobs(GOLDEN / family, d) for d in documents],
                           [reference.logprobs(model, d) for d in documents])


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_f32_logprobs_with_a_peft_adapter_are_those_of_peft(attune, adapter):
    folder = (GOLDEN / adapter).parent
    documents = reference.random_documents(VOCABULARY, seed=2)
    model = reference.load(folder, GOLDEN / adapter)
    reference.assert_close([attune.logprobs(folder, d, GOLDEN / adapter) for d in documents],
                           [reference.logprobs(model, d) for d in documents])


def bf16_errors(attune, folder, adapter, vocabulary, seed):
    """(our error, PyTorch's error) of bf16 against PyTorch's f32."""
    documents = reference.random_documents(vocabulary, seed, count=10)
    exact_model = reference.load(folder, adapter)
    exact = [reference.logprobs(exact_model, d) for d in documents]
    low_model = reference.load(folder, adapter, torch.bfloat16)
    theirs = reference.relative_error([reference.logprobs(low_model, d) for d in documents], exact)
    ours = reference.relative_error([attune.logprobs(folder, d, adapter, "bf16") for d in documents], exact)
    return ours, theirs


@pytest.mark.parametrize("family", FAMILIES)
def test_bf16_error_is_at_most_one_and_a_half_times_that_of_pytorch(attune, family):
    ours, theirs = bf16_errors(attune, GOLDEN / family, None, VOCABULARY, seed=3)
    print(f"{family}: bf16 error {ours:.2e}, PyTorch's {theirs:.2e}, ratio {ours / theirs:.2f}")
    assert 0 < ours <= 1.5 * theirs, f"{ours:.2e} is above 1.5 times {theirs:.2e}"


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_bf16_error_with_an_adapter_is_at_most_one_and_a_half_times_that_of_pytorch(attune, adapter):
    ours, theirs = bf16_errors(attune, (GOLDEN / adapter).parent, GOLDEN / adapter, VOCABULARY, seed=4)
    print(f"{adapter}: bf16 error {ours:.2e}, PyTorch's {theirs:.2e}, ratio {ours / theirs:.2f}")
    assert 0 < ours <= 1.5 * theirs, f"{ours:.2e} is above 1.5 times {theirs:.2e}"


@pytest.mark.parametrize("folder", ["models/tinystories-656k", "models/stories260k/hf"])
def test_published_small_models_agree_with_transformers(attune, folder):
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"{folder} is not here")
    model = reference.load(path)
    documents = reference.random_documents(model.config.vocab_size, seed=5, count=3)
    reference.assert_close([attune.logprobs(path, d) for d in documents],
                           [reference.logprobs(model, d) for d in documents])


def test_the_shipped_base_agrees_with_transformers(attune):
    if not (BASE / "model.safetensors").is_file():
        pytest.skip("models/attune-base is not here")
    model = reference.load(BASE)
    documents = reference.random_documents(model.config.vocab_size, seed=6, count=3)
    reference.assert_close([attune.logprobs(BASE, d) for d in documents],
                           [reference.logprobs(model, d) for d in documents])
    ours, theirs = bf16_errors(attune, BASE, None, model.config.vocab_size, seed=7)
    print(f"attune-base: bf16 error {ours:.2e}, PyTorch's {theirs:.2e}")
    assert ours <= 1.5 * theirs
