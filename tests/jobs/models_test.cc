#include "jobs/models.h"

#include <set>

#include <gtest/gtest.h>

#include "io/temporary_folder.h"

namespace attune::jobs {
namespace {

using testing_support::TemporaryFolder;

TEST(ModelNames, HoldBaseOrganisationSuffixAndId) {
  const std::string name = tuned_model_name("Qwen/Qwen3-0.6B", "org-local", "tickets", "ftjob-1");
  const auto parsed = parse_tuned_name(name);
  ASSERT_TRUE(parsed) << name;
  EXPECT_EQ(parsed->base, "Qwen/Qwen3-0.6B");
  EXPECT_EQ(parsed->organisation, "local");
  EXPECT_EQ(parsed->suffix, "tickets");
  EXPECT_EQ(parsed->id.size(), 8U);
  EXPECT_FALSE(parsed->checkpoint_step);
  EXPECT_EQ(to_text(*parsed), name);
}

TEST(ModelNames, HaveAnEmptyFieldWithoutASuffix) {
  const std::string name = tuned_model_name("tiny", "org-local", "", "ftjob-1");
  EXPECT_TRUE(name.starts_with("ft:tiny:local::")) << name;
}

TEST(ModelNames, OfACheckpointSayItsStepAndHaveAnIdOfTheirOwn) {
  std::set<std::string> ids;
  for (const std::int64_t step : {10, 20, 30}) {
    const auto parsed =
        parse_tuned_name(checkpoint_model_name("tiny", "org-local", "a", "ftjob-1", step));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->checkpoint_step, step);
    ids.insert(parsed->id);
  }
  ids.insert(parse_tuned_name(tuned_model_name("tiny", "org-local", "a", "ftjob-1"))->id);
  EXPECT_EQ(ids.size(), 4U);
}

TEST(ModelNames, AreTheSameForTheSameJobAndStep) {
  EXPECT_EQ(checkpoint_model_name("tiny", "org-local", "a", "ftjob-1", 10),
            checkpoint_model_name("tiny", "org-local", "a", "ftjob-1", 10));
  EXPECT_NE(checkpoint_model_name("tiny", "org-local", "a", "ftjob-1", 10),
            checkpoint_model_name("tiny", "org-local", "a", "ftjob-2", 10));
}

TEST(ModelNames, KeepAColonOfTheSuffixOutOfTheName) {
  const auto parsed = parse_tuned_name(tuned_model_name("tiny", "org-local", "a:b/c d", "ftjob-1"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->suffix, "a-b-c-d");
  EXPECT_EQ(parsed->base, "tiny");
}

TEST(ModelNames, OfOtherShapesAreNone) {
  for (const char* name :
       {"", "tiny", "ft:", "ft:tiny", "ft:tiny:org:suffix", "ft::org:suffix:12345678",
        "ft:tiny:org:suffix:1234567", "ft:tiny:org:suffix:1234-678",
        "ft:tiny:org:suffix:12345678:ckpt-step-", "ft:tiny:org:s:12345678:ckpt-step-x",
        "ft:tiny:org:s:12345678:ckpt-step-99999999999999999999"}) {
    EXPECT_FALSE(parse_tuned_name(name)) << name;
  }
}

class Bases : public ::testing::Test {
 protected:
  void add(const std::string& name) {
    std::filesystem::create_directories(folder_.path() / name);
    folder_.write(name + "/config.json", "{}");
  }
  TemporaryFolder folder_;
};

TEST_F(Bases, AreFoundOneAndTwoLevelsDeep) {
  add("tiny");
  add("Qwen/small");
  add("too/deep/down");
  std::filesystem::create_directories(folder_.path() / "tuned" / "ftjob-1" / "final");
  const auto bases = BaseModels::find(folder_.path(), {});
  ASSERT_TRUE(bases);
  ASSERT_EQ(bases->all().size(), 2U);
  EXPECT_EQ(bases->all()[0].name, "Qwen/small");
  EXPECT_EQ(bases->get("tiny")->folder, folder_.path() / "tiny");
  EXPECT_GT(bases->get("tiny")->created, 0);
  EXPECT_EQ(bases->get("down"), nullptr);
}

TEST_F(Bases, ThatAreNamedWinOverFolders) {
  add("tiny");
  add("elsewhere/model");
  const Path other = folder_.path() / "elsewhere" / "model";
  const auto bases = BaseModels::find(folder_.path(), {"tiny=" + other.string()});
  ASSERT_TRUE(bases);
  EXPECT_EQ(bases->get("tiny")->folder, other);
}

TEST_F(Bases, WithoutAModelOrWithABadNameAreRefused) {
  add("tiny");
  const std::string here = (folder_.path() / "tiny").string();
  for (const std::string& named :
       std::vector<std::string>{"tiny", "=", "=" + here, "a:b=" + here, "a=" + here + "/nothing"}) {
    const auto bases = BaseModels::find(folder_.path(), {named});
    ASSERT_FALSE(bases) << named;
    EXPECT_EQ(bases.error().kind, ErrorKind::bad_input);
  }
}

}  // namespace
}  // namespace attune::jobs
