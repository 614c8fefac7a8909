"""Code as a user of the hosted service has it: nothing but the official SDK, and no word about another server.

    OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=none python core_flow.py MODEL TRAINING VALIDATION QUESTION
"""

import json
import sys
import time

from openai import OpenAI

model, training, validation, question = sys.argv[1:]
client = OpenAI()

with open(training, "rb") as rows:
    training_file = client.files.create(file=rows, purpose="fine-tune")
with open(validation, "rb") as rows:
    validation_file = client.files.create(file=rows, purpose="fine-tune")
client.files.wait_for_processing(training_file.id)

job = client.fine_tuning.jobs.create(
    model=model,
    training_file=training_file.id,
    validation_file=validation_file.id,
    suffix="tickets",
    method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": "auto"}}},
)

seen = set()
while True:
    job = client.fine_tuning.jobs.retrieve(job.id)
    for event in reversed(client.fine_tuning.jobs.list_events(job.id, limit=50).data):
        if event.id not in seen:
            seen.add(event.id)
            print(event.message, file=sys.stderr)
    if job.status in ("succeeded", "failed", "cancelled"):
        break
    time.sleep(0.2)
if job.status != "succeeded":
    sys.exit(f"the job is {job.status}: {job.error}")

answer = client.chat.completions.create(
    model=job.fine_tuned_model,
    messages=[{"role": "user", "content": question}],
    temperature=0,
    max_completion_tokens=120,
)
checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id)
print(json.dumps({
    "model": job.fine_tuned_model,
    "trained_tokens": job.trained_tokens,
    "checkpoints": [checkpoint.step_number for checkpoint in checkpoints],
    "losses": [checkpoint.metrics.full_valid_loss for checkpoint in checkpoints],
    "results": client.files.content(job.result_files[0]).text,
    "answer": answer.choices[0].message.content,
    "finish_reason": answer.choices[0].finish_reason,
}))
