#include "wire/objects.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/random.h"
#include "wire/support.h"

namespace attune::wire {
namespace {

// An object of the published form, whose JSON must come back member for member.
template <typename T>
void expect_same_json(std::string_view text) {
  const Json given = json(text);
  const Result<T> read = from_json<T>(given);
  ASSERT_TRUE(read.has_value()) << read.error().message();
  const Json written = to_json(*read);
  for (const auto& [key, value] : given.items()) {
    ASSERT_TRUE(written.contains(key)) << key;
    EXPECT_EQ(written[key], value) << key;
  }
  EXPECT_EQ(*from_json<T>(written), *read);
}

constexpr std::string_view kFinishedJob = R"({
  "object": "fine_tuning.job", "id": "ftjob-abc123", "model": "tiny", "created_at": 1692661014,
  "finished_at": 1692661190, "fine_tuned_model": "ft:tiny:my-org:custom_suffix:7q8mpxmy",
  "organization_id": "org-123", "result_files": ["file-abc123"], "status": "succeeded",
  "validation_file": null, "training_file": "file-abc123",
  "hyperparameters": {"n_epochs": 4, "batch_size": 1, "learning_rate_multiplier": 1.0},
  "trained_tokens": 5768, "integrations": [], "seed": 0, "estimated_finish": 0,
  "method": {"type": "supervised", "supervised": {"hyperparameters":
    {"n_epochs": 4, "batch_size": 1, "learning_rate_multiplier": 1.0}}},
  "metadata": {"key": "value"}})";

TEST(Objects, KeepEveryMemberOfThePublishedForms) {
  expect_same_json<JobObject>(kFinishedJob);
  expect_same_json<FileObject>(
      R"({"id":"file-abc123","object":"file","bytes":120000,"created_at":1677610602,
          "expires_at":1680202602,"filename":"sales.pdf","purpose":"assistants","status":"error",
          "status_details":"Line 3 is not a dictionary"})");
  expect_same_json<UploadObject>(
      R"({"id":"upload_abc123","object":"upload","bytes":2147483648,"created_at":1719184911,
          "filename":"examples.jsonl","purpose":"fine-tune","status":"completed",
          "expires_at":1719127296,"file":{"id":"file-xyz321","object":"file","bytes":2147483648,
          "created_at":1719186911,"filename":"examples.jsonl","purpose":"fine-tune",
          "status":"processed"}})");
  expect_same_json<UploadPartObject>(
      R"({"id":"part_def456","object":"upload.part","created_at":1719186911,
          "upload_id":"upload_abc123"})");
  expect_same_json<EventObject>(
      R"({"object":"fine_tuning.job.event","id":"ftevent-abc123","created_at":1677610602,
          "level":"info","message":"Created fine-tuning job","data":{},"type":"message"})");
  expect_same_json<CheckpointObject>(
      R"({"object":"fine_tuning.job.checkpoint","id":"ftckpt_qtZ5Gyk4BLq1SfLFWp3RtO3P",
          "created_at":1712211699,"fine_tuned_model_checkpoint":"ft:tiny:my-org:s:9ABel2dg:ckpt-step-88",
          "fine_tuning_job_id":"ftjob-fpbNQ3H1GrMehXRf8cO97xTN","metrics":{"step":88,
          "train_loss":0.478,"train_mean_token_accuracy":0.924,"valid_loss":10.112,
          "valid_mean_token_accuracy":0.145,"full_valid_loss":0.567,
          "full_valid_mean_token_accuracy":0.944},"step_number":88})");
  expect_same_json<PermissionObject>(
      R"({"object":"checkpoint.permission","id":"cp_1","created_at":1712211699,
          "project_id":"proj_1"})");
  expect_same_json<ModelObject>(
      R"({"id":"tiny","object":"model","created":1686935002,"owned_by":"me",
          "shutdown_date":"2026-10-23"})");
}

TEST(Objects, HaveTheRequiredMembersOfAJobThatHasJustBegun) {
  JobObject job;
  job.id = "ftjob-1";
  job.model = "tiny";
  const Json written = to_json(job);
  for (const char* key : {"error", "fine_tuned_model", "finished_at", "trained_tokens",
                          "validation_file", "estimated_finish", "metadata"}) {
    ASSERT_TRUE(written.contains(key)) << key;
    EXPECT_TRUE(written[key].is_null()) << key;
  }
  EXPECT_EQ(written["status"], "validating_files");
  EXPECT_EQ(to_text(written["hyperparameters"]),
            R"({"n_epochs":"auto","batch_size":"auto","learning_rate_multiplier":"auto"})");
  EXPECT_EQ(written["method"]["supervised"]["hyperparameters"], written["hyperparameters"]);
  EXPECT_TRUE(written["result_files"].is_array());
}

TEST(Objects, LeaveOutWhatMayNotBeNull) {
  const Json file = to_json(FileObject{});
  EXPECT_FALSE(file.contains("expires_at"));
  EXPECT_FALSE(file.contains("status_details"));
  CheckpointMetrics metrics{.step = 3.0, .train_loss = std::nan("")};
  metrics.valid_loss = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_text(to_json(metrics)), R"({"step":3})");
  EXPECT_EQ(to_text(metrics_data(metrics, 9)), R"({"step":3,"total_steps":9})");
}

TEST(Objects, ReadEveryWayOfSayingNoError) {
  for (const char* error : {"null", "{}", R"({"code":null,"message":null,"param":null})",
                            R"({"code":"","message":""})"}) {
    const auto job =
        from_json<JobObject>(with(json(kFinishedJob), std::string(R"({"error":)") + error + "}"));
    ASSERT_TRUE(job.has_value());
    EXPECT_FALSE(job->error.has_value()) << error;
  }
  const auto failed = from_json<JobObject>(
      with(json(kFinishedJob),
           R"({"error":{"code":"c","message":"m","param":null},"status":"failed"})"));
  EXPECT_EQ(failed->error->message, "m");
  EXPECT_EQ(from_json<JobObject>(with(json(kFinishedJob), R"({"error":"text"})"))->error->message,
            "text");
}

TEST(Objects, TakeHyperparametersFromTheMethodWhenTheJobHasNone) {
  const auto job = from_json<JobObject>(with(json(kFinishedJob), R"({"hyperparameters":null})"));
  ASSERT_TRUE(job.has_value());
  EXPECT_EQ(job->hyperparameters.n_epochs.value, 4);
}

TEST(Objects, ReadSparseAnswersOfOtherServers) {
  EXPECT_TRUE(
      from_json<JobObject>(json(R"({"id":"j","model":"m","status":"queued"})")).has_value());
  EXPECT_EQ(from_json<FileObject>(json(R"({"id":"f"})"))->status, "processed");
  EXPECT_EQ(from_json<EventObject>(json(R"({"id":"e","message":"hi","data":null})"))->level,
            "info");
  EXPECT_EQ(from_json<JobObject>(
                json(R"({"id":"j","model":"m","status":"queued","created_at":1692661014.0})"))
                ->created_at,
            1692661014);
  EXPECT_EQ((*from_json<Metadata>(json(R"({"gpus":2})")))[0].second, "2");
}

TEST(Objects, SayWhereAnAnswerIsWrong) {
  const auto wrong = from_json<FileObject>(json(R"({"id":7})"), "GET /files/x");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().where, "GET /files/x: id");
  const auto deep = from_json<UploadObject>(
      json(R"({"id":"u","bytes":1,"created_at":1,"expires_at":1,"filename":"f","purpose":"p",
               "status":"completed","file":{"id":null}})"),
      "answer");
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().where, "answer: file: id");
  EXPECT_FALSE(from_json<ModelObject>(json("[]")).has_value());
  EXPECT_FALSE(
      from_json<JobObject>(json(R"({"id":"j","model":"m","status":"melting"})")).has_value());
}

TEST(Objects, NameEveryStatusAndReadItBack) {
  for (const char* name :
       {"validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"}) {
    const auto status = parse_job_status(name);
    ASSERT_TRUE(status.has_value()) << name;
    EXPECT_EQ(to_text(*status), name);
  }
  EXPECT_FALSE(parse_job_status("canceled").has_value());
}

// Random objects of a fixed seed, with every member present or absent.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : stream_{.seed = seed, .stream = stream_id("objects")} {}
  std::uint64_t below(std::uint64_t bound) { return stream_.below(next_++, bound); }
  std::int64_t integer() {
    const auto bits =
        (static_cast<std::uint64_t>(stream_.bits(next_)) << 32) | stream_.bits(next_ + 1);
    next_ += 2;
    return static_cast<std::int64_t>(bits) >> 10;  // what JSON holds exactly
  }
  double number() { return static_cast<double>(integer()) / 1e15; }
  std::string text() {
    constexpr std::string_view kPieces[] = {"",   "a",    "\"",   "\\",   "\n",  "é",
                                            "火", "\x01", "🙂", "auto", "null"};
    std::string made;
    for (std::uint64_t i = below(6); i > 0; --i) made += kPieces[below(std::size(kPieces))];
    return made;
  }
  template <typename Make>
  auto maybe(Make make) {
    return below(2) == 0 ? std::nullopt : std::optional(make());
  }

 private:
  RandomStream stream_;
  std::uint64_t next_ = 0;
};

Hyperparameters random_hyperparameters(Maker& make) {
  const auto integer = [&] { return make.integer(); };
  const auto number = [&] { return make.number(); };
  Hyperparameters made;
  made.n_epochs.value = make.maybe(integer);
  made.batch_size.value = make.maybe(integer);
  made.learning_rate_multiplier.value = make.maybe(number);
  made.learning_rate = make.maybe(number);
  made.lora_rank = make.maybe(integer);
  made.lora_alpha = make.maybe(number);
  made.lora_dropout = make.maybe(number);
  made.target_modules = make.maybe([&] { return std::vector<std::string>{make.text(), "q_proj"}; });
  made.max_seq_len = make.maybe(integer);
  made.warmup_ratio = make.maybe(number);
  made.weight_decay = make.maybe(number);
  return made;
}

JobObject random_job(Maker& make) {
  const auto text = [&] { return make.text(); };
  const auto integer = [&] { return make.integer(); };
  JobObject job;
  job.id = make.text();
  job.created_at = make.integer();
  job.error = make.maybe([&] {
    return JobError{.code = make.text(), .message = "m" + make.text(), .param = make.maybe(text)};
  });
  job.fine_tuned_model = make.maybe(text);
  job.finished_at = make.maybe(integer);
  job.hyperparameters = random_hyperparameters(make);
  job.model = make.text();
  job.organization_id = make.text();
  for (std::uint64_t i = make.below(3); i > 0; --i) job.result_files.push_back(make.text());
  job.status = static_cast<JobStatus>(make.below(7));
  job.trained_tokens = make.maybe(integer);
  job.training_file = make.text();
  job.validation_file = make.maybe(text);
  job.seed = make.integer();
  if (make.below(2) == 0) job.integrations = Json::array({{{"type", "wandb"}}});
  job.estimated_finish = make.maybe(integer);
  job.metadata = make.maybe([&] { return Metadata{{"a" + make.text(), make.text()}, {"b", ""}}; });
  job.user_provided_suffix = make.maybe(text);
  return job;
}

TEST(Objects, ComeBackFromTheirTextUnchanged) {
  Maker make(7);
  for (int i = 0; i < 500; ++i) {
    const JobObject job = random_job(make);
    const Result<Json> text = parse_json(to_text(to_json(job)), "round trip");
    ASSERT_TRUE(text.has_value());
    const Result<JobObject> again = from_json<JobObject>(*text);
    ASSERT_TRUE(again.has_value()) << again.error().message();
    EXPECT_EQ(*again, job) << to_text(*text);

    const FileObject file{.id = make.text(),
                          .bytes = make.integer(),
                          .created_at = make.integer(),
                          .expires_at = make.maybe([&] { return make.integer(); }),
                          .filename = make.text(),
                          .purpose = make.text(),
                          .status = make.text(),
                          .status_details = make.maybe([&] { return make.text(); })};
    EXPECT_EQ(*from_json<FileObject>(to_json(file)), file);
    const UploadObject upload{.id = make.text(),
                              .bytes = make.integer(),
                              .filename = make.text(),
                              .purpose = make.text(),
                              .status = make.text(),
                              .file = make.maybe([&] { return file; })};
    EXPECT_EQ(*from_json<UploadObject>(to_json(upload)), upload);
  }
}

}  // namespace
}  // namespace attune::wire
