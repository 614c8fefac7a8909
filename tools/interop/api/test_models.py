"""Models and checkpoint permissions: names with slashes and colons, listing, deleting, sharing."""

import openai
import pytest
from names import SLASHED, TINY


def test_base_models_tuned_models_and_checkpoints_are_listed(client, tuned):
    listed = {model.id: model for model in client.models.list()}
    assert {TINY, SLASHED, tuned.fine_tuned_model} <= set(listed)
    for model in listed.values():
        assert model.object == "model"
        assert model.owned_by
    checkpoints = {c.fine_tuned_model_checkpoint for c in client.fine_tuning.jobs.checkpoints.list(tuned.id)}
    assert checkpoints <= set(listed)


def test_a_model_is_found_by_its_whole_name(client, tuned):
    for name in (TINY, SLASHED, tuned.fine_tuned_model):
        assert client.models.retrieve(name).id == name
    raw = client.get("/models/" + SLASHED, cast_to=object)  # the slash as it is, not encoded
    assert raw["id"] == SLASHED


@pytest.mark.parametrize("name", ["gpt-4o", "acme", "acme/tiny-chat/more", "ft:tiny:org::00000000"])
def test_an_unknown_model_is_not_found(client, name):
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve(name)
    assert raised.value.code == "model_not_found"
    assert name in raised.value.message


def test_only_tuned_models_are_deleted(client, helpers):
    file = helpers.rows_file(10, seed=9)
    job = client.fine_tuning.jobs.create(
        model=SLASHED, training_file=file.id,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1, "batch_size": 5}}})
    name = helpers.wait(job.id).fine_tuned_model
    gone = client.models.delete(name)
    assert (gone.id, gone.object, gone.deleted) == (name, "model", True)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model=name, messages=[{"role": "user", "content": "hi"}])
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"  # the job is still told
    with pytest.raises((openai.PermissionDeniedError, openai.BadRequestError)):
        client.models.delete(TINY)


def test_a_checkpoint_is_shared_with_projects_and_taken_back(client, tuned):
    permissions = client.fine_tuning.checkpoints.permissions
    name = client.fine_tuning.jobs.checkpoints.list(tuned.id).data[-1].fine_tuned_model_checkpoint
    made = list(permissions.create(name, project_ids=["proj_a", "proj_b"]))
    assert {permission.project_id for permission in made} == {"proj_a", "proj_b"}
    for permission in made:
        assert permission.object == "checkpoint.permission"
        assert permission.id.startswith("cp_")
    listed = permissions.list(name)
    assert [permission.id for permission in listed] == [permission.id for permission in made[::-1]] or \
        {permission.id for permission in listed} == {permission.id for permission in made}
    assert [p.project_id for p in permissions.list(name, project_id="proj_b")] == ["proj_b"]
    rising, falling = ([p.id for p in permissions.list(name, order=order)] for order in ("ascending", "descending"))
    assert rising == falling[::-1]
    assert [p.id for p in permissions.list(name, limit=1)] == falling
    for permission in made:
        gone = permissions.delete(permission.id, fine_tuned_model_checkpoint=name)
        assert (gone.id, gone.object, gone.deleted) == (permission.id, "checkpoint.permission", True)
    assert list(permissions.list(name)) == []
    with pytest.raises(openai.NotFoundError):
        permissions.delete(made[0].id, fine_tuned_model_checkpoint=name)


def test_only_checkpoints_are_shared(client):
    with pytest.raises((openai.NotFoundError, openai.BadRequestError)):
        client.fine_tuning.checkpoints.permissions.create("ft:nothing:org::00000000", project_ids=["proj_a"])


@pytest.mark.anyio
async def test_the_asynchronous_client_lists_models(async_client, tuned):
    names = [model.id async for model in async_client.models.list()]
    assert tuned.fine_tuned_model in names
    assert (await async_client.models.retrieve(tuned.fine_tuned_model)).id == tuned.fine_tuned_model
