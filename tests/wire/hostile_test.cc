// Requests and answers that are broken in every way that a small change can break them: each is
// accepted or refused with words, and nothing else happens.
#include <gtest/gtest.h>

#include "base/random.h"
#include "wire/chat.h"
#include "wire/completions.h"
#include "wire/embeddings.h"
#include "wire/evals.h"
#include "wire/file_request.h"
#include "wire/job_request.h"
#include "wire/objects.h"
#include "wire/support.h"
#include "wire/training_file.h"

namespace attune::wire {
namespace {

const char* const kRequests[] = {
    R"({"model":"m","training_file":"f","suffix":"s","seed":1,"validation_file":"v","method":{"type":
      "supervised","supervised":{"hyperparameters":{"n_epochs":"auto","batch_size":1,
      "learning_rate_multiplier":0.5,"lora_rank":4,"target_modules":["q"]}}},"integrations":[{"type":
      "wandb","wandb":{"project":"p","tags":["t"]}}],"metadata":{"k":"v"}})",
    R"({"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"a"}]},
      {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f",
      "arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"}],"stop":["a"],
      "logit_bias":{"1":2},"stream":true,"stream_options":{"include_usage":true},"logprobs":true,
      "top_logprobs":2,"n":2,"temperature":1,"max_tokens":3,"response_format":{"type":"text"},
      "metadata":{"k":"v"}})",
    R"({"model":"m","prompt":[[1,2],[3]],"best_of":2,"echo":true,"logprobs":5,"suffix":null,
      "stop":"x","max_tokens":0})",
    R"({"model":"m","input":["a","b"],"encoding_format":"base64","dimensions":3})",
    R"({"filename":"a","purpose":"batch","bytes":1,"mime_type":"t","expires_after":{"anchor":
      "created_at","seconds":3600},"part_ids":["a"],"md5":null,"project_ids":["p"]})",
    R"({"id":"x","object":"fine_tuning.job","status":"failed","created_at":1,"model":"m","error":
      {"code":"c","message":"m","param":null},"hyperparameters":{"n_epochs":3,"batch_size":"auto",
      "learning_rate_multiplier":1.5},"result_files":["f"],"method":{"type":"supervised"},
      "metadata":{"a":"b"},"metrics":{"step":1},"bytes":1,"filename":"f","purpose":"p",
      "expires_at":2,"upload_id":"u","message":"hi","project_id":"p","file":{"id":"f"},
      "fine_tuned_model_checkpoint":"c","step_number":1,"integrations":[],"seed":1})",
    R"({"name":"n","data_source_config":{"type":"custom","item_schema":{"type":"object"},
      "include_sample_schema":true},"testing_criteria":[{"type":"label_model","name":"l","model":"m",
      "input":[{"role":"user","content":[{"type":"input_text","text":"{{item.a}}"}]}],"labels":["a"],
      "passing_labels":["a"],"sampling_params":{"seed":1}},{"type":"multi","name":"m","graders":{"a":
      {"type":"string_check","name":"s","input":"i","reference":"r","operation":"eq"}},
      "calculate_output":"a","pass_threshold":1}]})",
    R"({"grader":{"type":"score_model","name":"s","model":"m","input":[{"role":"user","content":"c"}],
      "range":[0,1]},"item":{"a":1},"model_sample":"x"})",
    R"({"name":"n","data_source":{"type":"completions","model":"m","source":{"type":"file_content",
      "content":[{"item":{"a":1},"sample":{}}]},"input_messages":{"type":"template","template":[{"role":
      "user","content":"c"}]},"sampling_params":{"temperature":1,"response_format":{"type":"text"},
      "text":{"format":{"type":"text"}},"tools":[]}},"metadata":{}})",
    R"({"id":"e","object":"eval.run","eval_id":"e","status":"failed","created_at":1,"model":"m",
      "result_counts":{"passed":1},"per_model_usage":[{"model_name":"m","invocation_count":1,
      "prompt_tokens":1,"completion_tokens":1}],"per_testing_criteria_results":[{"testing_criteria":"c",
      "passed":1,"failed":0}],"error":{"code":"c","message":"m"},"data_source_config":{"schema":{}},
      "testing_criteria":[]})"};

const char* const kValues[] = {"null",
                               "true",
                               "0",
                               "-1",
                               "1e308",
                               "-0.0",
                               "18446744073709551615",
                               "-9223372036854775808",
                               "9223372036854775807",
                               "1.5",
                               "\"\"",
                               "\"auto\"",
                               "\"\\u0000\"",
                               "\"\\ud83d\\ude42\"",
                               "[]",
                               "{}",
                               "[null]",
                               "[[[]]]",
                               "{\"\":{}}",
                               "\"text\"",
                               "[\"text\"]",
                               "[1]",
                               "\"supervised\"",
                               "\"assistant\"",
                               "{\"type\":\"text\"}"};

void read_as_everything(const Json& body) {
  const auto check = [&](const auto& answer) {
    if (answer) return;
    EXPECT_FALSE(answer.error().message.empty());
    EXPECT_TRUE(parse_json(error_text(answer.error()), "error").has_value());
  };
  check(parse_job_request(body));
  check(parse_metadata(body));
  check(parse_chat_request(body));
  check(parse_completion_request(body));
  check(parse_embeddings_request(body));
  check(parse_upload_request(body));
  check(parse_complete_upload_request(body));
  check(parse_permission_request(body));
  check(parse_eval_request(body));
  check(parse_eval_update(body));
  check(parse_eval_run_request(body));
  check(parse_eval_data_source(body));
  check(parse_criterion(body));
  check(parse_prompt(body));
  check(parse_run_grader_request(body));
  check(parse_validate_grader_request(body));
  const auto read = [&](const auto& result) {
    if (!result) {
      EXPECT_FALSE(result.error().found.empty());
      return;
    }
    EXPECT_TRUE(parse_json(to_text(to_json(*result)), "written").has_value());
  };
  read(from_json<FileObject>(body));
  read(from_json<UploadObject>(body));
  read(from_json<UploadPartObject>(body));
  read(from_json<JobObject>(body));
  read(from_json<EventObject>(body));
  read(from_json<CheckpointObject>(body));
  read(from_json<PermissionObject>(body));
  read(from_json<ModelObject>(body));
  read(from_json<EvalObject>(body));
  read(from_json<EvalRunObject>(body));
  read(from_json<TrainingFileReport>(body));
  TrainingFileChecker checker;
  checker.add(to_text(body));
  EXPECT_FALSE(job_error(checker.finish(), "training_file")->message.empty());
}

// Every value of the tree, the root included.
void collect(Json& value, std::vector<Json*>& places) {
  places.push_back(&value);
  if (!value.is_structured()) return;
  for (Json& member : value) collect(member, places);
}

TEST(HostileBodies, WithOneValueReplacedAreAnswered) {
  for (const char* text : kRequests) {
    const Json whole = json(text);
    std::size_t count = 1;
    for (std::size_t at = 0; at < count; ++at) {
      for (const char* value : kValues) {
        Json body = whole;
        std::vector<Json*> places;
        collect(body, places);
        count = places.size();
        *places[at] = json(value);
        read_as_everything(body);
      }
    }
  }
}

TEST(HostileBodies, WithAFewRandomChangesAreAnswered) {
  const RandomStream random{.seed = 11, .stream = stream_id("hostile")};
  std::uint64_t next = 0;
  for (int round = 0; round < 3000; ++round) {
    Json body = json(kRequests[random.below(next++, std::size(kRequests))]);
    for (std::uint64_t changes = 1 + random.below(next++, 3); changes > 0; --changes) {
      std::vector<Json*> places;
      collect(body, places);
      Json& place = *places[random.below(next++, places.size())];
      place = json(kValues[random.below(next++, std::size(kValues))]);
    }
    read_as_everything(body);
  }
}

TEST(HostileBodies, MayBeDeep) {
  std::string deep = R"({"model":"m","messages":)";
  for (int i = 0; i < 400; ++i) deep += "[";
  for (int i = 0; i < 400; ++i) deep += "]";
  read_as_everything(json(deep + "}"));
}

TEST(HostileBodies, MayBeWide) {
  Json body = Json::object();
  auto& members = body.get_ref<Json::object_t&>();
  for (int i = 0; i < 100'000; ++i) members.emplace_back("key" + std::to_string(i), i);
  EXPECT_EQ(outcome(parse_job_request(body)), "model missing_required_parameter");
  body = with(json(R"({"model":"m","messages":[]})"), "{}");
  for (int i = 0; i < 20'000; ++i)
    body["messages"].push_back(json(R"({"role":"user","content":"x"})"));
  EXPECT_EQ(outcome(parse_chat_request(body)), "accepted");
}

}  // namespace
}  // namespace attune::wire
