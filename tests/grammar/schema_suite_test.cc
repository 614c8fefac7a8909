// The public JSON-Schema-Test-Suite, where the checkout lies beside the shared data. A group whose
// schema we refuse at compile time counts as unsupported and is listed; every other group must
// agree on every test. The suite's "remotes" stand at http://localhost:1234/.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "grammar/json_schema.h"

namespace attune::grammar {
namespace {

namespace fs = std::filesystem;

// PCRE2 refuses a look-behind of unbounded length, and so do we, with a message.
constexpr const char* kKnownDifferences[] = {"a variable-width lookbehind (ES2018)"};

class SchemaSuite : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path archive = fs::path(ATTUNE_SOURCE_DIR) / ".." / "shared" / "datasets" /
                             "json-schema-test-suite" / "json-schema-test-suite.tar.xz";
    if (!fs::exists(archive)) GTEST_SKIP() << "the JSON-Schema-Test-Suite archive is not here";
    folder_ = fs::temp_directory_path() / ("attune-schema-suite-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    const std::string command = "tar -xJf '" + archive.string() + "' -C '" + folder_.string() + "'";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "tar can't unpack the archive";
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  struct Tally {
    int passed = 0;
    int failed = 0;
    int known = 0;  // in kKnownDifferences
    int unsupported = 0;
    std::map<std::string, int> reasons;  // why schemas were refused
    int all() const { return passed + failed + known + unsupported; }
  };

  void run_file(const fs::path& path, const SchemaOptions& options, Tally& tally) const {
    Result<Json> groups = read_json(path);
    ASSERT_TRUE(groups.has_value()) << groups.error().message();
    for (const Json& group : *groups) run_group(path, group, options, tally);
  }

  static void run_group(const fs::path& path, const Json& group, const SchemaOptions& options,
                        Tally& tally) {
    const std::string name =
        path.filename().string() + ": " + group["description"].get<std::string>();
    Result<JsonSchema> schema = JsonSchema::compile(group["schema"], "schema", options);
    if (!schema) {
      tally.unsupported += static_cast<int>(group["tests"].size());
      ++tally.reasons[path.filename().string() + ": " + schema.error().found];
      return;
    }
    for (const Json& test : group["tests"]) {
      const std::vector<Violation> violations = schema->validate(test["data"]);
      if (violations.empty() == test["valid"].get<bool>()) {
        ++tally.passed;
        continue;
      }
      if (std::find(std::begin(kKnownDifferences), std::end(kKnownDifferences),
                    test["description"].get<std::string>()) != std::end(kKnownDifferences)) {
        ++tally.known;
        continue;
      }
      ++tally.failed;
      ADD_FAILURE() << name << ": " << test["description"] << "\n  schema "
                    << group["schema"].dump() << "\n  data " << test["data"].dump() << "\n  wanted "
                    << test["valid"] << ", got "
                    << (violations.empty() ? "valid" : violations[0].message());
    }
  }

  Tally run_folder(const std::string& draft, const SchemaOptions& options) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_ / "tests" / draft)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    Tally tally;
    for (const fs::path& file : files) run_file(file, options, tally);
    return tally;
  }

  // The suite's other documents, by the address at which its tests expect them.
  SchemaDocuments remotes() const {
    SchemaDocuments documents;
    const fs::path root = folder_ / "remotes";
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.path().extension() != ".json") continue;
      Result<Json> document = read_json(entry.path());
      EXPECT_TRUE(document.has_value()) << entry.path();
      const std::string name = fs::relative(entry.path(), root).generic_string();
      if (document) documents["http://localhost:1234/" + name] = *std::move(document);
    }
    return documents;
  }

  static void print(const std::string& title, const Tally& tally) {
    std::printf("%s: %d of %d agree; %d failed, %d known differences, %d in schemas refused\n",
                title.c_str(), tally.passed, tally.all(), tally.failed, tally.known,
                tally.unsupported);
    for (const auto& [reason, count] : tally.reasons)
      std::printf("  %d x %s\n", count, reason.c_str());
  }

  // All required tests of a draft.
  Tally run_draft(const std::string& folder, Dialect dialect) const {
    const SchemaOptions options{
        .default_dialect = dialect, .assert_formats = false, .documents = remotes()};
    const Tally tally = run_folder(folder, options);
    print(folder, tally);
    EXPECT_EQ(tally.failed, 0);
    return tally;
  }

  fs::path folder_;
};

TEST_F(SchemaSuite, AgreesOnEveryRequiredTestOfDraft202012) {
  const Tally tally = run_draft("draft2020-12", Dialect::draft_2020_12);
  EXPECT_EQ(tally.passed, tally.all());
  EXPECT_GE(tally.all(), 1299);
}

TEST_F(SchemaSuite, AgreesOnEveryRequiredTestOfDraft201909) {
  const Tally tally = run_draft("draft2019-09", Dialect::draft_2019_09);
  EXPECT_EQ(tally.passed, tally.all());
  EXPECT_GE(tally.all(), 1259);
}

TEST_F(SchemaSuite, AgreesOnEveryRequiredTestOfDraft7) {
  const Tally tally = run_draft("draft7", Dialect::draft_7);
  EXPECT_EQ(tally.passed, tally.all());
  EXPECT_GE(tally.all(), 927);
}

TEST_F(SchemaSuite, AgreesOnEveryRequiredTestOfDraft6) {
  const Tally tally = run_draft("draft6", Dialect::draft_6);
  EXPECT_EQ(tally.passed, tally.all());
  EXPECT_GE(tally.all(), 839);
}

TEST_F(SchemaSuite, AgreesOnEveryRequiredTestOfDraft4) {
  const Tally tally = run_draft("draft4", Dialect::draft_4);
  EXPECT_EQ(tally.passed, tally.all());
  EXPECT_GE(tally.all(), 618);
}

TEST_F(SchemaSuite, AgreesOnTheFormatsItAsserts) {
  Tally tally;
  for (const char* name : {"date", "date-time", "duration", "email", "ipv4", "ipv6", "json-pointer",
                           "regex", "time", "uri", "uri-reference", "uuid", "ecmascript-regex"}) {
    run_file(
        folder_ / "tests" / "draft2020-12" / "optional" / "format" / (std::string(name) + ".json"),
        {}, tally);
  }
  print("formats", tally);
  EXPECT_EQ(tally.failed, 0);
  EXPECT_EQ(tally.unsupported, 0);
}

TEST_F(SchemaSuite, AgreesOnTheOptionalTestsOfRegexAndNumbers) {
  Tally tally;
  for (const char* name : {"ecmascript-regex", "non-bmp-regex", "float-overflow", "bignum",
                           "no-schema", "id", "anchor", "dependencies-compatibility"}) {
    run_file(folder_ / "tests" / "draft2020-12" / "optional" / (std::string(name) + ".json"),
             {.assert_formats = false}, tally);
  }
  run_file(folder_ / "tests" / "draft4" / "optional" / "bignum.json",
           {.default_dialect = Dialect::draft_4, .assert_formats = false}, tally);
  print("optional", tally);
  EXPECT_EQ(tally.failed, 0);
}

}  // namespace
}  // namespace attune::grammar
