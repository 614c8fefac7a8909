// Code as a user of the hosted service has it: nothing but the official SDK, and no word about another server.
//
//   OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=none node core_flow.mjs MODEL TRAINING VALIDATION QUESTION
import fs from "node:fs";
import OpenAI from "openai";

const [model, training, validation, question] = process.argv.slice(2);
const client = new OpenAI();

const trainingFile = await client.files.create({ file: fs.createReadStream(training), purpose: "fine-tune" });
const validationFile = await client.files.create({ file: fs.createReadStream(validation), purpose: "fine-tune" });
await client.files.waitForProcessing(trainingFile.id);

let job = await client.fineTuning.jobs.create({
  model,
  training_file: trainingFile.id,
  validation_file: validationFile.id,
  suffix: "tickets",
  method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 2, batch_size: "auto" } } },
});

const seen = new Set();
for (;;) {
  job = await client.fineTuning.jobs.retrieve(job.id);
  const page = await client.fineTuning.jobs.listEvents(job.id, { limit: 50 });
  for (const event of page.data.reverse()) {
    if (!seen.has(event.id)) console.error(event.message);
    seen.add(event.id);
  }
  if (["succeeded", "failed", "cancelled"].includes(job.status)) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
if (job.status !== "succeeded") {
  console.error(`the job is ${job.status}: ${JSON.stringify(job.error)}`);
  process.exit(1);
}

const answer = await client.chat.completions.create({
  model: job.fine_tuned_model,
  messages: [{ role: "user", content: question }],
  temperature: 0,
  max_completion_tokens: 120,
});
const checkpoints = [];
for await (const checkpoint of client.fineTuning.jobs.checkpoints.list(job.id)) checkpoints.push(checkpoint);
console.log(
  JSON.stringify({
    model: job.fine_tuned_model,
    trained_tokens: job.trained_tokens,
    checkpoints: checkpoints.map((checkpoint) => checkpoint.step_number),
    losses: checkpoints.map((checkpoint) => checkpoint.metrics.full_valid_loss),
    results: await (await client.files.content(job.result_files[0])).text(),
    answer: answer.choices[0].message.content,
    finish_reason: answer.choices[0].finish_reason,
  }),
);
