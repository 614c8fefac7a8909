#include "wire/job_request.h"

#include <gtest/gtest.h>

#include "wire/support.h"

namespace attune::wire {
namespace {

const char* const kSmall = R"({"model":"tiny","training_file":"file-1"})";

std::string outcome_of(std::string_view changes) {
  return outcome(parse_job_request(with(json(kSmall), changes)));
}

std::string outcome_of_setting(const std::string& setting) {
  return outcome_of(R"({"method":{"type":"supervised","supervised":{"hyperparameters":{)" +
                    setting + "}}}}");
}

TEST(JobRequests, NeedAModelAndATrainingFile) {
  EXPECT_EQ(outcome(parse_job_request(json(R"({"training_file":"f"})"))),
            "model missing_required_parameter");
  EXPECT_EQ(outcome(parse_job_request(json(R"({"model":"tiny"})"))),
            "training_file missing_required_parameter");
  EXPECT_EQ(outcome(parse_job_request(json("[]"))), "- invalid_type");
  EXPECT_EQ(outcome_of(R"({"model":null})"), "model invalid_type");
  EXPECT_EQ(outcome_of(R"({"model":""})"), "model empty_string");
  EXPECT_EQ(outcome_of(R"({"model":["tiny"]})"), "model invalid_type");
}

TEST(JobRequests, AreAutomaticUnlessTheySayOtherwise) {
  const auto request = parse_job_request(json(kSmall));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, "supervised");
  EXPECT_TRUE(request->hyperparameters.n_epochs.automatic());
  EXPECT_TRUE(request->hyperparameters.batch_size.automatic());
  EXPECT_TRUE(request->hyperparameters.learning_rate_multiplier.automatic());
  EXPECT_FALSE(request->seed.has_value());
  EXPECT_FALSE(request->metadata.has_value());
}

TEST(JobRequests, ReadEverythingThatTheSpecificationHas) {
  const auto request = parse_job_request(json(R"({
    "model":"tiny","training_file":"file-1","validation_file":"file-2","suffix":"help","seed":42,
    "method":{"type":"supervised","supervised":{"hyperparameters":
      {"n_epochs":3,"batch_size":"auto","learning_rate_multiplier":1.8}}},
    "integrations":[{"type":"wandb","wandb":{"project":"p","name":null,"tags":["a"]}}],
    "metadata":{"team":"support"}})"));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->validation_file, "file-2");
  EXPECT_EQ(request->suffix, "help");
  EXPECT_EQ(request->seed, 42);
  EXPECT_EQ(request->hyperparameters.n_epochs.value, 3);
  EXPECT_TRUE(request->hyperparameters.batch_size.automatic());
  EXPECT_EQ(request->hyperparameters.learning_rate_multiplier.value, 1.8);
  EXPECT_EQ(request->integrations.size(), 1u);
  EXPECT_EQ((*request->metadata)[0].second, "support");
}

TEST(JobRequests, KeepTheLimits) {
  const std::string of_65(65, 'x');
  EXPECT_EQ(outcome_of(R"({"suffix":""})"), "suffix empty_string");
  EXPECT_EQ(outcome_of(R"({"suffix":")" + of_65 + R"("})"), "suffix string_above_max_length");
  EXPECT_EQ(outcome_of(R"({"suffix":")" + of_65.substr(1) + R"("})"), "accepted");
  EXPECT_EQ(outcome_of(R"({"suffix":"a\u0000b"})"), "suffix invalid_value");
  EXPECT_EQ(outcome_of(R"({"seed":-1})"), "seed integer_below_min_value");
  EXPECT_EQ(outcome_of(R"({"seed":2147483648})"), "seed integer_above_max_value");
  EXPECT_EQ(outcome_of(R"({"seed":18446744073709551615})"), "seed integer_above_max_value");
  EXPECT_EQ(outcome_of(R"({"seed":1.5})"), "seed invalid_type");
  EXPECT_EQ(outcome_of(R"({"seed":true})"), "seed invalid_type");
  EXPECT_EQ(outcome_of(R"({"seed":7.0})"), "accepted");
  EXPECT_EQ(outcome_of(R"({"suffix":null,"seed":null,"validation_file":null,"method":null})"),
            "accepted");
}

TEST(JobRequests, CountCharactersNotBytes) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += "火";
  EXPECT_EQ(outcome_of(R"({"suffix":")" + text + R"("})"), "accepted");
  EXPECT_EQ(outcome_of(R"({"suffix":")" + text + R"(a"})"), "suffix string_above_max_length");
}

TEST(JobRequests, KeepTheLimitsOfHyperparameters) {
  const std::string at = "method.supervised.hyperparameters.";
  EXPECT_EQ(outcome_of_setting(R"("n_epochs":0)"), at + "n_epochs integer_below_min_value");
  EXPECT_EQ(outcome_of_setting(R"("n_epochs":51)"), at + "n_epochs integer_above_max_value");
  EXPECT_EQ(outcome_of_setting(R"("n_epochs":"Auto")"), at + "n_epochs invalid_value");
  EXPECT_EQ(outcome_of_setting(R"("n_epochs":[3])"), at + "n_epochs invalid_type");
  EXPECT_EQ(outcome_of_setting(R"("batch_size":257)"), at + "batch_size integer_above_max_value");
  EXPECT_EQ(outcome_of_setting(R"("batch_size":256,"n_epochs":50)"), "accepted");
  EXPECT_EQ(outcome_of_setting(R"("learning_rate_multiplier":0)"),
            at + "learning_rate_multiplier decimal_below_min_value");
  EXPECT_EQ(outcome_of_setting(R"("epochs":3)"), at + "epochs unknown_parameter");
  EXPECT_EQ(outcome_of_setting(R"("beta":0.1)"), at + "beta unknown_parameter");
}

TEST(JobRequests, AcceptOurOwnHyperparameters) {
  EXPECT_EQ(outcome_of_setting(R"("learning_rate":2e-5,"lora_rank":16,"lora_alpha":32,
                                  "lora_dropout":0,"target_modules":["q_proj"],"max_seq_len":2048,
                                  "warmup_ratio":0.03,"weight_decay":0)"),
            "accepted");
  const std::string at = "method.supervised.hyperparameters.";
  EXPECT_EQ(outcome_of_setting(R"("lora_dropout":1)"), at + "lora_dropout decimal_above_max_value");
  EXPECT_EQ(outcome_of_setting(R"("learning_rate":0)"),
            at + "learning_rate decimal_below_min_value");
  EXPECT_EQ(outcome_of_setting(R"("target_modules":[])"), at + "target_modules empty_array");
  EXPECT_EQ(outcome_of_setting(R"("target_modules":[""])"), at + "target_modules[0] empty_string");
  EXPECT_EQ(outcome_of_setting(R"("learning_rate":1e-4,"learning_rate_multiplier":2)"),
            at + "learning_rate invalid_value");
}

TEST(JobRequests, RefuseOtherMethodsByName) {
  const auto dpo = parse_job_request(
      with(json(kSmall), R"({"method":{"type":"dpo","dpo":{"hyperparameters":{"beta":0.1}}}})"));
  ASSERT_FALSE(dpo.has_value());
  EXPECT_EQ(dpo.error().param, "method.type");
  EXPECT_NE(dpo.error().message.find("'dpo' is not supported"), std::string::npos);
  EXPECT_EQ(outcome_of(R"({"method":{"type":"reinforcement","reinforcement":{"grader":{}}}})"),
            "method.type unsupported_value");
  EXPECT_EQ(outcome_of(R"({"method":{"type":"magic"}})"), "method.type invalid_value");
  EXPECT_EQ(outcome_of(R"({"method":{}})"), "method.type missing_required_parameter");
}

TEST(JobRequests, PointToThePlaceOfMisplacedHyperparameters) {
  const auto request = parse_job_request(
      with(json(kSmall), R"({"method":{"type":"supervised","hyperparameters":{"n_epochs":3}}})"));
  ASSERT_FALSE(request.has_value());
  EXPECT_NE(request.error().message.find("method.supervised.hyperparameters"), std::string::npos);
}

TEST(JobRequests, AcceptTheDeprecatedPlaceOfHyperparameters) {
  const auto request =
      parse_job_request(with(json(kSmall), R"({"hyperparameters":{"n_epochs":7}})"));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->hyperparameters.n_epochs.value, 7);
  EXPECT_EQ(outcome_of(R"({"hyperparameters":{"n_epochs":7},"method":{"type":"supervised",
                           "supervised":{"hyperparameters":{"n_epochs":8}}}})"),
            "hyperparameters invalid_value");
  EXPECT_EQ(outcome_of(R"({"hyperparameters":{"n_epochs":"auto"},"method":{"type":"supervised",
                           "dpo":{"hyperparameters":{"beta":"auto"}},
                           "supervised":{"hyperparameters":{"n_epochs":"auto"}}}})"),
            "accepted");
}

TEST(JobRequests, CheckIntegrations) {
  EXPECT_EQ(outcome_of(R"({"integrations":[{"type":"mlflow"}]})"),
            "integrations[0].type invalid_value");
  EXPECT_EQ(outcome_of(R"({"integrations":[{"type":"wandb","wandb":{}}]})"),
            "integrations[0].wandb.project missing_required_parameter");
  EXPECT_EQ(outcome_of(R"({"integrations":[{"type":"wandb"}]})"),
            "integrations[0].wandb missing_required_parameter");
  EXPECT_EQ(outcome_of(R"({"integrations":{}})"), "integrations invalid_type");
  EXPECT_EQ(outcome_of(R"({"integrations":[1]})"), "integrations[0] invalid_type");
  std::string six;
  for (int i = 0; i < 6; ++i) six += R"({"type":"wandb","wandb":{"project":"p"}},)";
  six.pop_back();
  EXPECT_EQ(outcome_of(R"({"integrations":[)" + six + "]}"), "integrations array_above_max_length");
}

TEST(JobRequests, CheckMetadata) {
  EXPECT_EQ(outcome_of(R"({"metadata":{"a":1}})"), "metadata.a invalid_type");
  EXPECT_EQ(outcome_of(R"({"metadata":{"":"x"}})"), "metadata. empty_string");
  EXPECT_EQ(outcome_of(R"({"metadata":[]})"), "metadata invalid_type");
  EXPECT_EQ(outcome_of(R"({"metadata":{"a":")" + std::string(513, 'x') + R"("}})"),
            "metadata.a string_above_max_length");
  std::string pairs;
  for (int i = 0; i < 17; ++i) pairs += "\"k" + std::to_string(i) + "\":\"v\",";
  pairs.pop_back();
  EXPECT_EQ(outcome_of(R"({"metadata":{)" + pairs + "}}"), "metadata object_above_max_properties");
}

TEST(JobRequests, RefuseUnknownParameters) {
  EXPECT_EQ(outcome_of(R"({"n_epochs":3})"), "n_epochs unknown_parameter");
  EXPECT_EQ(outcome_of(R"({"integrations":[{"type":"wandb","wandb":{"project":"p","key":"s"}}]})"),
            "integrations[0].wandb.key unknown_parameter");
}

TEST(JobRequests, SaySomethingThatAPersonCanUse) {
  const auto request = parse_job_request(with(json(kSmall), R"({"seed":-1})"));
  EXPECT_EQ(
      request.error().message,
      "Invalid 'seed': integer below minimum value. Expected a value >= 0, but got -1 instead.");
  EXPECT_EQ(parse_job_request(json("{}")).error().message, "Missing required parameter: 'model'.");
}

TEST(JobRequests, ComeBackFromTheirJson) {
  const auto request = parse_job_request(json(R"({
    "model":"tiny","training_file":"file-1","validation_file":"file-2","suffix":"help","seed":42,
    "hyperparameters":{"n_epochs":3,"lora_rank":8},"metadata":{"a":"b"},
    "integrations":[{"type":"wandb","wandb":{"project":"p"}}]})"));
  ASSERT_TRUE(request.has_value());
  const auto again = parse_job_request(to_json(*request));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(*again, *request);
}

}  // namespace
}  // namespace attune::wire
