// Reading suites, and what is refused.
#include "eval/suite.h"

#include <gtest/gtest.h>

#include "io/yaml.h"

namespace attune::eval {
namespace {

Result<Suite> suite_of(std::string_view yaml) {
  return suite_from_json(*parse_yaml(yaml, "s.yaml"), "s.yaml", "/data");
}

std::string fault(std::string_view yaml) {
  const auto suite = suite_of(yaml);
  EXPECT_FALSE(suite);
  return suite ? "" : suite.error().message();
}

constexpr std::string_view kArms = "arms: [{name: a, model: nowhere}]\n";

TEST(Suite, PathsAreRelativeToTheFileAndNamesAreNot) {
  const auto suite = suite_of("data: test.jsonl\ncontract: /abs/c.json\n" + std::string(kArms));
  ASSERT_TRUE(suite) << suite.error().message();
  EXPECT_EQ(suite->data, "/data/test.jsonl");
  EXPECT_EQ(suite->contract, "/abs/c.json");
  EXPECT_EQ(suite->arms[0].model, "nowhere");
  EXPECT_EQ(suite->name, "s");
}

TEST(Suite, ReadsPromptfooTestsWithTheDefaultTestsAssertionsFirst) {
  const auto suite = suite_of(R"(
defaultTest: {assert: [{type: not-contains, value: sorry}]}
tests:
  - vars: {text: Hello}
    assert: [{type: contains, value: "{{text}}!", weight: 2}]
arms: [{name: a, model: m, prompt: "Say {{text}}"}]
)");
  ASSERT_TRUE(suite) << suite.error().message();
  ASSERT_EQ(suite->tests.size(), 1u);
  ASSERT_EQ(suite->tests[0].assertions.size(), 2u);
  EXPECT_EQ(suite->tests[0].assertions[0].shown(), "not-contains \"sorry\"");
  EXPECT_EQ(suite->tests[0].assertions[1].value, "Hello!");
}

TEST(Suite, FaultsSayWhereAndWhatIsWanted) {
  const std::pair<std::string, std::string> cases[] = {
      {"foo: 1\n", "s.yaml: the key \"foo\"; wanted one of name, data"},
      {std::string(kArms), "s.yaml: no items; wanted data: FILE"},
      {"data: x\n", "no arms"},
      {"data: x\narms: [{name: a, model: m}, {name: a, model: n}]\n", "two arms named a"},
      {"data: x\narms: [{name: a, model: m, shots: 2}]\n", "shots in arm a, and no examples"},
      {"data: x\nexamples: y\narms: [{name: a, model: m, shots: [1, 2]}]\n", "validation: FILE"},
      {"data: x\narms: [{name: a, model: m, pick: best}]\n",
       "pick: \"best\"; wanted one of spread"},
      {"data: x\nsubject: b\n" + std::string(kArms), "subject: b; wanted the name of an arm"},
      {"data: x\ntemperature: 3\n" + std::string(kArms),
       "temperature: 3; wanted a number from 0 to 2"},
      {"data: x\nrequire: {accuracy: 0.9}\n" + std::string(kArms), "require: the key \"accuracy\""},
      {"tests: [{vars: {a: 1}}]\n" + std::string(kArms), "arm a without a prompt"},
  };
  for (const auto& [yaml, wanted] : cases)
    EXPECT_NE(fault(yaml).find(wanted), std::string::npos) << yaml << fault(yaml);
}

}  // namespace
}  // namespace attune::eval
