#include "data/pii.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <random>

#include <gtest/gtest.h>

#include "base/ascii.h"

namespace attune::data {
namespace {

const PiiScanner& rules_built_in() {
  static const PiiScanner kRules = PiiScanner::built_in().value();
  return kRules;
}

std::string found_in(std::string_view text) {
  std::string ids;
  for (const PiiMatch& match : rules_built_in().scan(text)) ids += match.rule->id + " ";
  if (!ids.empty()) ids.pop_back();
  return ids;
}

// Built from parts, so that no scanner of source code takes them for real.
std::string joined(std::string_view prefix, std::string_view rest) {
  return std::string(prefix) + std::string(rest);
}

TEST(PiiScanner, KnowsSecretsByTheirForm) {
  const std::array<std::pair<std::string, std::string_view>, 12> cases = {{
      {joined("AK", "IAQ3XZ7NMPL5RT2WVB"), "aws-access-key-id"},
      {joined("gh", "p_1a2B3c4D5e6F7g8H9i0JkLmNoPqRsTuVwXyZ"), "github-token"},
      {joined("gl", "pat-Ab3dE_fG7hIj9kLmN0pQ"), "gitlab-token"},
      {joined("AI", "zaSyA1b2C3d4E5f6G7h8I9j0KlMnOpQrStUvW"), "google-api-key"},
      {joined("sk", "-proj-a8Fk2Lq9Zx7Vb3Nm5Tr1"), "sk-key"},
      {joined("h", "f_aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567"), "huggingface-token"},
      {joined("sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"), "stripe-key"},
      {joined("-----BEGIN RSA ", "PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
       "private-key"},
      {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlMTIz", "json-web-token"},
      {joined("postgres://app:", "hunter2x@db.internal/main"), "address-password"},
      {joined("Authorization: Bearer ", "a81Kd93mXz0QpL27vTn5"), "bearer-token"},
      {joined("api_key = \"", "a81Kd93mXz0QpL27vTn5\""), "assigned-secret"},
  }};
  for (const auto& [text, id] : cases) EXPECT_EQ(found_in("It is " + text + " here."), id) << text;
}

TEST(PiiScanner, KnowsPersonalDataByFormAndCheckDigits) {
  const std::array<std::pair<std::string_view, std::string_view>, 15> cases = {{
      {"Write to ann.lee+shop@mail.acme.co.uk today", "email"},
      {"Call +44 20 7946 0958 now", "phone"},
      {"Call (212) 736-5000 now", "phone"},
      {"IBAN DE89 3704 0044 0532 0130 00", "iban"},
      {"GB82WEST12345698765432", "iban"},
      {"DE89 3704 0044 0532 0130 01", ""},
      {"card 4111 1111 1111 1111", "payment-card"},
      {"card 4111 1111 1111 1112", ""},
      {"amex 378282246310005", "payment-card"},
      {"SSN 536-22-8726", "us-social-security-number"},
      {"from 81.2.69.142 port 22", "public-ip-address"},
      {"from 192.168.1.20 or 127.0.0.1", ""},
      {"version 1.2.3.4 of 10.0.0.1", ""},
      {"pectin methylesterase (EC 3.1.1.11) activity", ""},
      {"a@example.com and logo@2x.png", ""},
  }};
  for (const auto& [text, id] : cases) EXPECT_EQ(found_in(text), id) << text;
}

// Whether the text has what a rule asks for before it is searched, seen without the prefilter.
bool is_worth_searching(const PiiRule& rule, std::string_view text) {
  const std::string lower = ascii_lower(text);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto occurs = [&](const std::string& word) {
    return lower.find(word) != std::string::npos;
  };
  return std::count_if(text.begin(), text.end(), is_digit) >= rule.digits &&
         (rule.keywords.empty() || std::any_of(rule.keywords.begin(), rule.keywords.end(), occurs));
}

// A rule that matches any text: what keeps it from one is the prefilter alone.
TEST(PiiScanner, ThePrefilterHidesNothing) {
  std::mt19937 random(5);
  for (const PiiRule& rule : rules_built_in().rules()) {
    if (rule.keywords.empty() || rule.digit_run > 0) continue;
    PiiScanner one;
    const Json document = {{"rules",
                            {{{"id", rule.id},
                              {"regex", ".+"},
                              {"keywords", rule.keywords},
                              {"digits", rule.digits}}}}};
    ASSERT_TRUE(one.add_rules(document, "a test"));
    for (int round = 0; round < 60; ++round) {
      std::string text;
      for (std::size_t i = random() % 150; i > 0; --i)
        text += "eatoin shr19.-_@SK:/"[random() % 20];
      std::string word = rule.keywords[random() % rule.keywords.size()];
      if (random() % 3 == 0) word.pop_back();
      if (random() % 2 == 0) word[0] = static_cast<char>(std::toupper(word[0]));
      text.insert(random() % (text.size() + 1), word);
      EXPECT_EQ(!one.scan(text).empty(), is_worth_searching(rule, text)) << rule.id << ": " << text;
    }
  }
}

TEST(PiiScanner, LeavesOrdinaryTextAlone) {
  for (const std::string_view text :
       {"She paid $1,234,567.89 for 12 items on 2024-11-05.",
        "The key is under the mat; token of love.", "task-1234567890123456789012 and risk-averse",
        "password: please choose a new one", "https://example.org/path:with@sign",
        "3.14159265358979323846264338", "11111111111111111111", "AKIAIOSFODNN7EXAMPLE",
        "order 4111-2222", "call 555-0123"})
    EXPECT_EQ(found_in(text), "") << text;
}

TEST(PiiScanner, ShowsAValueOnlyInPart) {
  EXPECT_EQ(shown_in_part("AKIAQ3XZ7NMPL5RT2WVB"), "AKIA...VB (20 characters)");
  EXPECT_EQ(shown_in_part("ann@acme.org"), "an...rg (12 characters)");
  EXPECT_EQ(shown_in_part("hunter2"), "... (7 characters)");
}

TEST(PiiScanner, AddsAndReplacesRules) {
  PiiScanner own = PiiScanner::built_in().value();
  const std::size_t count = own.rules().size();
  const Json rules = Json::parse(R"({"rules":[
      {"id":"staff","regex":"\\bSN-\\d{6}\\b","keywords":["sn-"],"mask":"STAFF"},
      {"id":"email","regex":"never matches this"}]})");
  ASSERT_TRUE(own.add_rules(rules, "own.json"));
  EXPECT_EQ(own.rules().size(), count + 1);
  const auto matches = own.scan("Sn-1 is SN-123456, a@acme.org");
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matches[0].rule->id, "staff");
}

TEST(PiiScanner, RefusesARuleThatIsWrong) {
  PiiScanner own = PiiScanner::built_in().value();
  const auto error_of = [&](std::string_view rule) {
    const Result<void> added = own.add_rules(Json::parse(rule), "own.json");
    return added ? "no error" : added.error().message();
  };
  EXPECT_NE(error_of("[]").find("no list \"rules\""), std::string::npos);
  EXPECT_NE(error_of(R"({"rules":[{"id":"a"}]})").find("no \"id\" or no \"regex\""),
            std::string::npos);
  EXPECT_NE(error_of(R"({"rules":[{"id":"a","regex":"("}]})").find("does not compile"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"rules":[{"id":"a","regex":"b","chekc":"luhn"}]})").find("unknown member"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"rules":[{"id":"a","regex":"b","check":"crc"}]})").find("check \"crc\""),
            std::string::npos);
}

TEST(PiiMask, GivesTheSameValueTheSamePlaceholderWithinARow) {
  PiiMask mask;
  const auto apply = [&](std::string_view text) {
    return mask.apply(text, rules_built_in().scan(text));
  };
  EXPECT_EQ(apply("From a@acme.org to b@acme.org"), "From <EMAIL_1> to <EMAIL_2>");
  EXPECT_EQ(apply("b@acme.org wrote from 81.2.69.142"), "<EMAIL_2> wrote from <IP_1>");
  EXPECT_TRUE(holds_placeholder("see <EMAIL_2>", rules_built_in()));
  EXPECT_FALSE(holds_placeholder("see <EMAIL_ADDRESS>", rules_built_in()));
}

TEST(PiiMask, LeavesNothingThatTheScannerFinds) {
  constexpr std::array<std::string_view, 8> kParts = {
      "a@acme.org", "+44 20 7946 0958", "4111 1111 1111 1111",    "81.2.69.142",
      " and ",      "caf\xC3\xA9, ",    "DE89370400440532013000", "\n"};
  std::mt19937_64 random(11);
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int part = 0; part < 8; ++part) {
      text += kParts[random() % kParts.size()];
      text += ' ';
    }
    PiiMask mask;
    const std::string masked = mask.apply(text, rules_built_in().scan(text));
    EXPECT_TRUE(rules_built_in().scan(masked).empty()) << text << "\n" << masked;
  }
}

}  // namespace
}  // namespace attune::data
