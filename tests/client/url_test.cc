#include "client/url.h"

#include <gtest/gtest.h>

namespace attune::client {
namespace {

TEST(Url, TakesAnAddressApart) {
  const auto url = Url::parse("HTTPS://API.OpenAI.com/v1/?a=1", "--endpoint");
  ASSERT_TRUE(url) << url.error().message();
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.openai.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(url->query, "a=1");
  EXPECT_EQ(url->base(), "https://api.openai.com/v1");
}

TEST(Url, KeepsAnUnusualPort) {
  EXPECT_EQ(Url::parse("http://[::1]:8080/v1", "x")->base(), "http://[::1]:8080/v1");
  EXPECT_EQ(Url::parse("http://localhost", "x")->base(), "http://localhost");
}

TEST(Url, RefusesWhatIsNoHttpAddress) {
  for (const char* text : {"", "api.openai.com/v1", "ftp://host/", "file:///etc/passwd", "http://",
                           "http://user:secret@host/v1", "http://host:99999/", "http://a b/"}) {
    const auto url = Url::parse(text, "--endpoint");
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().where, "--endpoint");
    EXPECT_EQ(url.error().message().find("secret"), std::string::npos);
  }
}

TEST(Url, KnowsThisMachine) {
  for (const char* text :
       {"http://localhost:1/", "http://127.0.0.1/", "http://127.8.9.1/", "http://[::1]/"})
    EXPECT_TRUE(Url::parse(text, "x")->loopback()) << text;
  for (const char* text :
       {"http://127.evil.example/", "http://10.0.0.1/", "http://localhost.example/"})
    EXPECT_FALSE(Url::parse(text, "x")->loopback()) << text;
}

TEST(Url, EncodesANameForAPath) {
  EXPECT_EQ(encode_segment("ft:Qwen/Qwen3:org::a b%"), "ft%3AQwen%2FQwen3%3Aorg%3A%3Aa%20b%25");
  EXPECT_EQ(encode_segment("../x"), "..%2Fx");
  EXPECT_EQ(encode_query({}), "");
  EXPECT_EQ(encode_query({{"metadata[team]", "a&b"}, {"limit", "2"}}),
            "?metadata%5Bteam%5D=a%26b&limit=2");
}

TEST(Url, ShowsNoSignatureAndNoPassword) {
  EXPECT_EQ(shown_url("https://s3.example/b/o?X-Amz-Signature=abc#f"), "https://s3.example/b/o");
  EXPECT_EQ(shown_url("https://user:pw@host/v1"), "https://host/v1");
  EXPECT_EQ(shown_url("https://host/v1/@x"), "https://host/v1/@x");
}

}  // namespace
}  // namespace attune::client
