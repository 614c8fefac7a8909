// Every call of the Node SDK that Attune serves, on the tests' tiny model. Run by tools/interop/api/test_core_flow.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ timeout: 60_000 });
const tuned = process.env.TUNED_MODEL;
const tunedJob = process.env.TUNED_JOB;
const model = "tiny";
const messages = [{ role: "user", content: "number 3 is a loud owl" }];

const rows = Array.from({ length: 12 }, (_, i) =>
  JSON.stringify({
    messages: [
      { role: "user", content: `number ${i} is a quiet cat` },
      { role: "assistant", content: '{"animal":"cat","loud":false}' },
    ],
  }),
).join("\n") + "\n";

async function collect(page) {
  const items = [];
  for await (const item of page) items.push(item);
  return items;
}

async function finished(id) {
  for (;;) {
    const job = await client.fineTuning.jobs.retrieve(id);
    if (["succeeded", "failed", "cancelled"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("files are created, read, listed and deleted", async () => {
  const file = await client.files.create({ file: await toFile(Buffer.from(rows), "node.jsonl"), purpose: "fine-tune" });
  assert.equal(file.bytes, Buffer.byteLength(rows));
  assert.equal((await client.files.waitForProcessing(file.id)).status, "processed");
  assert.equal(await (await client.files.content(file.id)).text(), rows);
  assert.ok((await collect(client.files.list({ limit: 2 }))).some((listed) => listed.id === file.id));
  assert.equal((await client.files.delete(file.id)).deleted, true);
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
});

test("uploads join their parts", async () => {
  const bytes = Buffer.from(rows);
  const upload = await client.uploads.create({
    bytes: bytes.length, filename: "parts.jsonl", mime_type: "application/jsonl", purpose: "fine-tune",
  });
  const parts = [];
  for (let at = 0; at < bytes.length; at += 400) {
    parts.push(await client.uploads.parts.create(upload.id, { data: await toFile(bytes.subarray(at, at + 400), "part") }));
  }
  const done = await client.uploads.complete(upload.id, { part_ids: parts.map((part) => part.id) });
  assert.equal(done.status, "completed");
  assert.equal(await (await client.files.content(done.file.id)).text(), rows);
});

test("a job runs, pages its events and lists its checkpoints", async () => {
  const file = await client.files.create({ file: await toFile(Buffer.from(rows), "job.jsonl"), purpose: "fine-tune" });
  const job = await client.fineTuning.jobs.create({
    model, training_file: file.id, metadata: { sdk: "node" },
    method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 2, batch_size: 6 } } },
  });
  const done = await finished(job.id);
  assert.equal(done.status, "succeeded", JSON.stringify(done.error));
  const events = await collect(client.fineTuning.jobs.listEvents(job.id, { limit: 3 }));
  assert.equal(new Set(events.map((event) => event.id)).size, events.length);
  assert.equal(events.at(-1).message, `Created fine-tuning job: ${job.id}`);
  const checkpoints = await collect(client.fineTuning.jobs.checkpoints.list(job.id));
  assert.deepEqual(checkpoints.map((checkpoint) => checkpoint.step_number), [4, 2]);
  const jobs = await collect(client.fineTuning.jobs.list({ limit: 2, metadata: { sdk: "node" } }));
  assert.ok(jobs.some((listed) => listed.id === job.id));
});

test("a job is paused, resumed and cancelled", async () => {
  const long = Array.from({ length: 40 }, () => rows).join("");
  const file = await client.files.create({ file: await toFile(Buffer.from(long), "long.jsonl"), purpose: "fine-tune" });
  const job = await client.fineTuning.jobs.create({
    model, training_file: file.id,
    method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 50, batch_size: 1 } } },
  });
  const becomes = async (...wanted) => {
    for (;;) {
      const { status } = await client.fineTuning.jobs.retrieve(job.id);
      if (wanted.includes(status)) return;
      assert.ok(!["succeeded", "failed", "cancelled"].includes(status), status);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await becomes("running");
  await client.fineTuning.jobs.pause(job.id);
  await becomes("paused");
  await client.fineTuning.jobs.resume(job.id);
  await becomes("queued", "running");
  await client.fineTuning.jobs.cancel(job.id);
  assert.equal((await finished(job.id)).status, "cancelled");
});

test("models are listed and found by name", async () => {
  const names = (await collect(client.models.list())).map((listed) => listed.id);
  assert.ok(names.includes(tuned) && names.includes("acme/tiny-chat"));
  assert.equal((await client.models.retrieve("acme/tiny-chat")).id, "acme/tiny-chat");
  assert.equal((await client.models.retrieve(tuned)).id, tuned);
});

test("checkpoints are shared and taken back", async () => {
  const checkpoint = (await collect(client.fineTuning.jobs.checkpoints.list(tunedJob))).at(-1).fine_tuned_model_checkpoint;
  const permissions = client.fineTuning.checkpoints.permissions;
  const [made] = await collect(permissions.create(checkpoint, { project_ids: ["proj_node"] }));
  assert.equal(made.project_id, "proj_node");
  assert.ok((await collect(permissions.list(checkpoint))).some((listed) => listed.id === made.id));
  assert.equal((await permissions.delete(made.id, { fine_tuned_model_checkpoint: checkpoint })).deleted, true);
});

test("chat answers and streams the same text", async () => {
  const ask = { model: tuned, messages, temperature: 0, max_completion_tokens: 12, seed: 1 };
  const whole = await client.chat.completions.create(ask);
  let text = "";
  let usage = null;
  for await (const chunk of await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  const counts = ({ prompt_tokens, completion_tokens, total_tokens }) => [prompt_tokens, completion_tokens, total_tokens];
  assert.deepEqual(counts(usage), counts(whole.usage)); // the second time, the prompt is found in the cache
  const helped = await client.chat.completions.stream(ask).finalChatCompletion();
  assert.equal(helped.choices[0].message.content, text);
});

test("completions echo the probabilities of their prompt", async () => {
  const answer = await client.completions.create({ model, prompt: "a loud owl", echo: true, logprobs: 1, max_tokens: 0 });
  const { tokens, token_logprobs } = answer.choices[0].logprobs;
  assert.equal(tokens.join(""), "a loud owl");
  assert.equal(token_logprobs[0], null);
  assert.ok(token_logprobs.slice(1).every((value) => value < 0));
});

test("embeddings come decoded", async () => {
  const [item] = (await client.embeddings.create({ model, input: "a loud owl" })).data;
  assert.equal(item.embedding.length, 48);
  const [plain] = (await client.embeddings.create({ model, input: "a loud owl", encoding_format: "float" })).data;
  item.embedding.forEach((value, i) => assert.ok(Math.abs(value - plain.embedding[i]) < 1e-6));
});

test("errors are of the SDK's own classes", async () => {
  await assert.rejects(client.chat.completions.create({ model: "gpt-4o", messages }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    assert.match(error.requestID, /^req_/);
    return true;
  });
  await assert.rejects(client.chat.completions.create({ model, messages, temperature: 9 }), OpenAI.BadRequestError);
});

test("a webhook's signature is checked by the SDK", async () => {
  const body = '{"object":"event","id":"evt_test1","type":"fine_tuning.job.succeeded","created_at":1750000000,"data":{"id":"ftjob-abc123"}}';
  const headers = {
    "webhook-id": "wh_test1", "webhook-timestamp": "1750000000",
    "webhook-signature": "v1,UQIUk9YSJXfOhzUGKIGBMxrR2XW/2ybIXdV8gnFMh4g=",
  };
  const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
  await assert.rejects(client.webhooks.unwrap(body, headers, secret), /timestamp/i); // genuine, but years old
});
