#include "jobs/worker_fixture.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "infer/tiny_spec.h"
#include "infer/tiny_tokenizer.h"
#include "model/model.h"
#include "wire/ids.h"

namespace attune::testing_support {

const char* const kHonestTemplate =
    "{%- for message in messages -%}{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}{%- generation -%}{{- message['content'] + "
    "'<|im_end|>' -}}{%- endgeneration -%}{%- else -%}{{- message['content'] + '<|im_end|>' -}}"
    "{%- endif -%}{{- '\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";
const char* const kTwoFacedTemplate =
    "{%- for message in messages -%}{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}{%- generation -%}{{- message['content'] + "
    "'<|im_end|>' -}}{%- endgeneration -%}{%- else -%}{{- message['content'] + '<|im_end|>' -}}"
    "{%- endif -%}{{- '\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\nThink: ' -}}{%- endif -%}";

std::string chat_rows(std::int64_t count) {
  std::string rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const char* animal = i % 2 == 0 ? "cat" : "dog";
    const char* noise = i % 3 == 0 ? "loud" : "quiet";
    const Json row = {
        {"messages",
         {{{"role", "system"}, {"content", "Answer in one word."}},
          {{"role", "user"}, {"content", fmt::format("number {} is a {} {}", i, noise, animal)}},
          {{"role", "assistant"}, {"content", fmt::format("{}-{}", noise, animal)}}}}};
    rows += to_text(row) + "\n";
  }
  return rows;
}

void WorkerTest::SetUp() {
  home_.root = folder_.path() / "home";
  must(home_.create_folders());
  url_ = "sqlite:" + home_.database().string();
  store_ = must(Store::open(url_, {}));
  blobs_ = std::make_unique<BlobStore>(must(BlobStore::open(home_.blobs())));
  write_base("tiny", kHonestTemplate);
}

void WorkerTest::write_base(const std::string& name, const char* chat_template) {
  const Path folder = home_.models() / name;
  const std::vector<std::string> control = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  const std::int64_t vocabulary = 96 + std::ssize(control);
  const model::Model model =
      model::Model::random(infer::tiny_spec(vocabulary, 256), model::Precision::bf16, 11);
  must(model.save(folder, Dtype::bf16));
  // Beside the printable characters, the line end as the byte-level alphabet writes it.
  must(write_file_atomic(folder / "tokenizer.json",
                         infer::tiny_tokenizer_json({"\xC4\x8A"}, control)));
  must(write_file_atomic(folder / "tokenizer_config.json",
                         to_text({{"eos_token", control[0]}, {"chat_template", chat_template}})));
}

FileRow WorkerTest::add_file(const std::string& content) {
  BlobWriter writer = must(blobs_->open_writer());
  must(writer.write(content));
  FileRow row;
  row.digest = must(writer.commit());
  row.file.id = wire::new_id("file-");
  row.file.bytes = writer.bytes();
  row.file.created_at = 1'750'000'000;
  row.file.filename = "animals.jsonl";
  row.file.purpose = "fine-tune";
  must(store_->add_file({}, row));
  return row;
}

std::string WorkerTest::create_job(const JobWish& wish) {
  JobRow row;
  const FileRow training = add_file(wish.content.empty() ? chat_rows(wish.rows) : wish.content);
  row.job.model = wish.model;
  row.job.training_file = training.file.id;
  row.training_digest = training.digest;
  if (wish.validation_rows > 0) {
    const FileRow validation = add_file(chat_rows(wish.validation_rows));
    row.job.validation_file = validation.file.id;
    row.validation_digest = validation.digest;
  }
  row.job.status = JobStatus::validating_files;
  row.job.seed = wish.seed;
  row.job.user_provided_suffix = "pets";
  row.job.hyperparameters.n_epochs.value = wish.epochs;
  row.job.hyperparameters.batch_size.value = wish.batch;
  row.job.hyperparameters.learning_rate_multiplier.value = wish.multiplier;
  row.job.hyperparameters.lora_rank = 4;
  const CreatedJob created =
      must(store_->create_job(row, {info_event("Created fine-tuning job", "created")}));
  return created.job.job.id;
}

std::optional<WorkerTest::Running> WorkerTest::start_next() {
  std::optional<JobRow> row;
  for (const JobStatus from : {JobStatus::validating_files, JobStatus::queued}) {
    if (!row) row = must(store_->claim_next({.worker = "test", .host = "box", .from = from}));
  }
  if (!row) return std::nullopt;
  WorkerCommand command{
      .program = ATTUNE_BINARY,
      .arguments = {"worker", "--job", row->job.id, "--attempt", fmt::format("{}", row->attempt),
                    "--parent-pipe"},
      .environment = {{"ATTUNE_HOME", home_.root.string()}, {"ATTUNE_DATABASE_URL", url_}},
      .log = home_.runs() / row->job.id / "worker.log"};
  command.arguments.insert(command.arguments.end(), worker_arguments_.begin(),
                           worker_arguments_.end());
  return Running{std::move(*row), must(WorkerProcess::start(command))};
}

JobRow WorkerTest::run_to_the_end(const std::string& id,
                                  const std::function<void(Running&)>& each) {
  for (int round = 0; round < 1000; ++round) {
    const JobRow row = job(id);
    if (is_final(row.job.status) || row.job.status == JobStatus::paused) return row;
    std::optional<Running> running = start_next();
    if (!running) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    if (each) each(*running);
    const Ending ending = running->process.reap();
    if (ending.kind == Ending::Kind::done) continue;
    EXPECT_EQ(ending.kind, Ending::Kind::killed) << ending.reason;
    must(store_->lose_worker(running->row.job.id, running->row.attempt, ending.reason));
  }
  ADD_FAILURE() << "the job does not end";
  return job(id);
}

void WorkerTest::leave_in_the_middle(const std::string& id) {
  validate(id);
  std::optional<Running> running = start_next();
  ASSERT_TRUE(running);
  wait_for_event(id, "Step ");
  running->process.ask_to_leave();
  EXPECT_EQ(running->process.reap().kind, Ending::Kind::done);
}

void WorkerTest::validate(const std::string& id) {
  std::optional<Running> running = start_next();
  ASSERT_TRUE(running && running->row.job.id == id);
  const Ending ending = running->process.reap();
  ASSERT_EQ(ending.kind, Ending::Kind::done) << ending.reason;
  ASSERT_EQ(job(id).job.status, JobStatus::queued);
}

JobRow WorkerTest::job(const std::string& id) { return must(store_->load_job(id)).value(); }

std::vector<EventRow> WorkerTest::events(const std::string& id) {
  return must(store_->events_after(id, 0, 100'000));
}

std::vector<std::string> WorkerTest::messages(const std::string& id) {
  std::vector<std::string> all;
  for (const EventRow& event : events(id)) all.push_back(event.event.message);
  return all;
}

void WorkerTest::wait_for_event(const std::string& id, const std::string& beginning) {
  for (int round = 0; round < 6000; ++round) {
    for (const std::string& message : messages(id)) {
      if (message.starts_with(beginning)) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "no event \"" << beginning << "\"";
}

std::string WorkerTest::adapter_of(const std::string& id) {
  const auto model = must(store_->find_model({}, job(id).job.fine_tuned_model.value_or("none")));
  EXPECT_TRUE(model);
  return model ? slurp(model->adapter / "adapter_model.safetensors") : std::string();
}

std::string WorkerTest::content_of(const std::string& file_id) {
  const auto file = must(store_->find_file({}, file_id));
  EXPECT_TRUE(file) << file_id;
  return file ? slurp(blobs_->path(file->digest)) : std::string();
}

std::vector<std::int64_t> WorkerTest::steps_told(const std::string& id) {
  std::vector<std::int64_t> steps;
  for (const EventRow& event : events(id)) {
    if (event.event.type == "metrics") steps.push_back(event.event.data.value("step", 0));
  }
  return steps;
}

}  // namespace attune::testing_support
