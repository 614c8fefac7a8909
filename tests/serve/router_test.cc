#include "serve/router.h"

#include <gtest/gtest.h>

namespace attune::serve {
namespace {

Handler nothing() {
  return [](Request&) -> Answer<Response> { return Response(); };
}

std::string path_of(std::string_view target) {
  const auto parsed = parse_target(target);
  return parsed ? parsed->path : "refused";
}

TEST(Target, DecodesPathAndQuery) {
  const auto target = parse_target("/v1/models/Qwen%2FQwen3?metadata[team%5D=a+b%21&x&y=");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/models/Qwen/Qwen3");
  EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "models", "Qwen/Qwen3"}));
  EXPECT_EQ(target->query.find("metadata[team]")->second, "a b!");
  EXPECT_EQ(target->query.find("x")->second, "");
  EXPECT_EQ(target->query.find("y")->second, "");
}

TEST(Target, TakesTheAbsoluteFormAndDropsAFragment) {
  EXPECT_EQ(path_of("http://localhost:8000/v1/files?x=1"), "/v1/files");
  EXPECT_EQ(path_of("HTTPS://localhost"), "/");
  EXPECT_EQ(path_of("/v1/files#part"), "/v1/files");
}

TEST(Target, RefusesWhatLeadsOutOfAFolder) {
  for (const char* target : {"/../a", "/a/..", "/%2e%2e/a", "/a/..%2fb", "/.", "/a/%2E/b"})
    EXPECT_EQ(path_of(target), "refused") << target;
  EXPECT_EQ(path_of("/a..b/...c"), "/a..b/...c");
}

TEST(Target, RefusesBadEscapesControlCharactersAndOtherEncodings) {
  for (const char* target : {"/%", "/%4", "/%4g", "/%00", "/%0a", "/%ff", "/%c0%af", "a", "", "*"})
    EXPECT_EQ(path_of(target), "refused") << target;
}

TEST(Target, RefusesMoreQueryFieldsThanItsLimit) {
  std::string query = "/a?";
  for (int i = 0; i < 200; ++i) query += "x=1&";
  EXPECT_TRUE(parse_target(query));
  EXPECT_FALSE(parse_target(query + "x=1"));
}

class RoutesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* pattern :
         {"/v1/files", "/v1/files/{file_id}", "/v1/files/{file_id}/content", "/v1/files/fixed",
          "/v1/models/{model...}", "/v1/checkpoints/{model...}/permissions"})
      router_.add("GET", pattern, "", nothing());
    router_.add("DELETE", "/v1/files/{file_id}", "", nothing());
    router_.add("DELETE", "/v1/checkpoints/{model...}/permissions/{permission_id}", "", nothing());
  }
  // "pattern name=value ...", or "404", or "405 allowed methods".
  std::string find(std::string_view method, std::string_view target) {
    const auto parsed = parse_target(target);
    const auto found = router_.match(method, parsed->segments);
    if (const auto* match = std::get_if<Match>(&found)) {
      std::string text = match->route->pattern;
      for (const auto& [name, value] : match->parameters) text += " " + name + "=" + value;
      return text;
    }
    const auto& allowed = std::get<NoMatch>(found).allowed;
    std::string text = allowed.empty() ? "404" : "405";
    for (const std::string& other : allowed) text += " " + other;
    return text;
  }
  Router router_;
};

TEST_F(RoutesTest, ALiteralWinsOverAParameter) {
  EXPECT_EQ(find("GET", "/v1/files/fixed"), "/v1/files/fixed");
  EXPECT_EQ(find("GET", "/v1/files/other"), "/v1/files/{file_id} file_id=other");
}

TEST_F(RoutesTest, ARestMatchesSlashesRawOrEncoded) {
  EXPECT_EQ(find("GET", "/v1/models/a/b"), "/v1/models/{model...} model=a/b");
  EXPECT_EQ(find("GET", "/v1/models/a%2Fb"), "/v1/models/{model...} model=a/b");
  EXPECT_EQ(find("GET", "/v1/models/ft:a/b:c::d"), "/v1/models/{model...} model=ft:a/b:c::d");
}

TEST_F(RoutesTest, ARestMayStandInTheMiddle) {
  EXPECT_EQ(find("GET", "/v1/checkpoints/a/b/permissions"),
            "/v1/checkpoints/{model...}/permissions model=a/b");
  EXPECT_EQ(find("DELETE", "/v1/checkpoints/a/b/permissions/cp_1"),
            "/v1/checkpoints/{model...}/permissions/{permission_id} model=a/b permission_id=cp_1");
}

TEST_F(RoutesTest, AnotherMethodIsToldFromAnotherPath) {
  EXPECT_EQ(find("POST", "/v1/files/x"), "405 GET DELETE");
  EXPECT_EQ(find("GET", "/v1/nothing"), "404");
  EXPECT_EQ(find("GET", "/v1/models"), "404");
  EXPECT_EQ(find("GET", "/v1/files/"), "404");
}

TEST_F(RoutesTest, HeadFindsTheRouteOfGet) { EXPECT_EQ(find("HEAD", "/v1/files"), "/v1/files"); }

// Whatever bytes come, parsing ends, and what it accepts is text without dot segments.
TEST(Target, NeverAcceptsWhatItPromisesToRefuse) {
  std::uint64_t state = 1;
  const auto next = [&state] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<unsigned>(state >> 33);
  };
  const std::string alphabet = "/%.2eE0fF?&=+#a\xc3\xa4\x01";
  for (int round = 0; round < 20000; ++round) {
    std::string target = "/";
    for (unsigned i = next() % 24; i > 0; --i) target += alphabet[next() % alphabet.size()];
    const auto parsed = parse_target(target);
    if (!parsed) continue;
    EXPECT_EQ(("/" + parsed->path + "/").find("/../"), std::string::npos) << target;
    EXPECT_EQ(parsed->path.find('\x01'), std::string::npos) << target;
    EXPECT_EQ(parsed->path.front(), '/');
  }
}

}  // namespace
}  // namespace attune::serve
