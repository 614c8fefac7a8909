#include "client/provider.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::client {
namespace {

using testing::HasSubstr;

Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

Endpoint resolve(const EndpointOptions& options, std::map<std::string, std::string> values = {}) {
  auto endpoint = resolve_endpoint(options, environment(std::move(values)));
  if (!endpoint) {
    ADD_FAILURE() << endpoint.error().message();
    return {.rules = &rules_of(Vendor::compatible)};
  }
  return *endpoint;
}

TEST(Provider, IsKnownByItsHost) {
  const struct {
    const char* url;
    Vendor vendor;
  } cases[] = {
      {"http://127.0.0.1:8080/v1", Vendor::attune},
      {"http://localhost:9/v1", Vendor::attune},
      {"http://[::1]:8080/v1", Vendor::attune},
      {"https://api.openai.com/v1", Vendor::openai},
      {"https://eu.api.openai.com/v1", Vendor::openai},
      {"https://name.openai.azure.com", Vendor::azure},
      {"https://name.cognitiveservices.azure.com/openai/v1", Vendor::azure},
      {"https://api.together.xyz/v1", Vendor::together},
      {"https://api.fireworks.ai/inference/v1", Vendor::fireworks},
      {"https://api.tokenfactory.nebius.com/v1", Vendor::nebius},
      {"https://api.studio.nebius.com/v1", Vendor::nebius},
      {"https://api.openai.com.evil.example/v1", Vendor::compatible},
      {"https://notopenai.azure.com/v1", Vendor::compatible},
      {"http://gpu.lan:8080/v1", Vendor::compatible},
  };
  for (const auto& [url, vendor] : cases)
    EXPECT_EQ(resolve({.url = url, .api_key = "k"}).rules->vendor, vendor) << url;
}

TEST(Provider, CanBeNamedWhereTheHostDoesNotTell) {
  EXPECT_EQ(resolve({.url = "http://127.0.0.1:1/v1", .provider = "azure"}).rules->vendor,
            Vendor::azure);
  const auto refused = resolve_endpoint({.provider = "acme"}, environment({}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("attune, openai, azure, together"));
}

TEST(Provider, TakesTheAddressFromTheEnvironmentElseTheLocalServer) {
  EXPECT_EQ(resolve({}).url.base(), "http://127.0.0.1:8080/v1");
  EXPECT_EQ(resolve({}, {{"OPENAI_BASE_URL", "http://10.1.1.1/v1/"}}).url.base(),
            "http://10.1.1.1/v1");
  EXPECT_EQ(
      resolve({.url = "http://127.0.0.1:2/v1"}, {{"OPENAI_BASE_URL", "http://h/v1"}}).url.base(),
      "http://127.0.0.1:2/v1");
  EXPECT_EQ(resolve({.provider = "together"}, {{"TOGETHER_API_KEY", "t"}}).url.base(),
            "https://api.together.xyz/v1");
}

TEST(Provider, TakesItsOwnKeyBeforeTheGeneralOne) {
  const std::map<std::string, std::string> keys = {{"OPENAI_API_KEY", "general"},
                                                   {"TOGETHER_API_KEY", "own"}};
  EXPECT_EQ(resolve({.url = "https://api.together.xyz/v1"}, keys).secrets,
            std::vector<std::string>{"own"});
  EXPECT_EQ(resolve({.url = "https://api.openai.com/v1"}, keys).secrets,
            std::vector<std::string>{"general"});
  EXPECT_EQ(resolve({.url = "https://api.openai.com/v1", .api_key = "given"}, keys).secrets,
            std::vector<std::string>{"given"});
}

TEST(Provider, SendsTheKeyInTheProvidersHeader) {
  EXPECT_EQ(resolve({.url = "https://api.openai.com/v1", .api_key = "k"}).secret_headers,
            (HeaderList{{"Authorization", "Bearer k"}}));
  EXPECT_EQ(resolve({.url = "https://n.openai.azure.com", .api_key = "k"}).secret_headers,
            (HeaderList{{"api-key", "k"}}));
  EXPECT_TRUE(resolve({.url = "http://127.0.0.1:8080/v1"}).secret_headers.empty());
}

TEST(Provider, RefusesACallWithoutAKeyWhereOneIsNeeded) {
  const auto refused =
      resolve_endpoint({.url = "https://api.tokenfactory.nebius.com/v1"}, environment({}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("NEBIUS_API_KEY"));
  EXPECT_EQ(exit_code(refused.error()), 2);
}

TEST(Provider, WarnsOfAKeyWithoutEncryption) {
  EXPECT_EQ(resolve({.url = "http://gpu.lan/v1", .api_key = "k"}).warnings.size(), 1u);
  EXPECT_TRUE(resolve({.url = "http://127.0.0.1/v1", .api_key = "k"}).warnings.empty());
}

TEST(Provider, GivesAzureItsPathsAndVersion) {
  const Endpoint classic = resolve({.url = "https://n.openai.azure.com", .api_key = "k"});
  EXPECT_EQ(classic.url.base(), "https://n.openai.azure.com/openai");
  EXPECT_EQ(classic.query, (QueryList{{"api-version", "2024-10-21"}}));
  EXPECT_TRUE(classic.deployment_paths);

  const Endpoint chosen =
      resolve({.url = "https://n.openai.azure.com/openai?api-version=2025-01-01", .api_key = "k"});
  EXPECT_EQ(chosen.query, (QueryList{{"api-version", "2025-01-01"}}));
  EXPECT_EQ(resolve({.url = "https://n.openai.azure.com", .api_key = "k"},
                    {{"OPENAI_API_VERSION", "2025-04-01-preview"}})
                .query,
            (QueryList{{"api-version", "2025-04-01-preview"}}));

  const Endpoint new_paths =
      resolve({.url = "https://n.openai.azure.com/openai/v1/", .api_key = "k"});
  EXPECT_TRUE(new_paths.query.empty());
  EXPECT_FALSE(new_paths.deployment_paths);
}

TEST(Provider, SendsOrganisationAndProjectToOpenAiDialectsAlone) {
  const std::map<std::string, std::string> values = {
      {"OPENAI_ORG_ID", "org-1"}, {"OPENAI_PROJECT_ID", "proj_1"}, {"OPENAI_API_KEY", "k"}};
  EXPECT_EQ(resolve({.url = "https://api.openai.com/v1"}, values).headers,
            (HeaderList{{"OpenAI-Organization", "org-1"}, {"OpenAI-Project", "proj_1"}}));
  EXPECT_TRUE(resolve({.url = "https://api.together.xyz/v1"}, values).headers.empty());
}

TEST(Provider, TableHasARowForEveryVendorAndOption) {
  for (const ProviderRules& rules : all_providers()) {
    EXPECT_EQ(&rules_of(rules.vendor), &rules);
    EXPECT_EQ(vendor_from_option(rules.option), rules.vendor);
    EXPECT_FALSE(rules.name.empty());
    EXPECT_FALSE(rules.key_header.empty());
  }
}

}  // namespace
}  // namespace attune::client
