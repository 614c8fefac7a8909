#include "jobs/webhook_signature.h"

#include <gtest/gtest.h>

#include "jobs/public_address.h"

namespace attune::jobs {
namespace {

constexpr std::string_view kBody =
    R"({"object":"event","id":"evt_test1","type":"fine_tuning.job.succeeded","created_at":1750000000,"data":{"id":"ftjob-abc123"}})";

TEST(WebhookSignature, IsThePublishedOne) {
  EXPECT_EQ(sign_webhook("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "wh_test1",
                         1750000000, kBody)
                .value(),
            "v1,UQIUk9YSJXfOhzUGKIGBMxrR2XW/2ybIXdV8gnFMh4g=");
}

TEST(WebhookSignature, TakesASecretWithoutPrefixAsItsBytes) {
  EXPECT_EQ(sign_webhook("0123456789abcdef0123456789abcdef", "wh_test1", 1750000000, kBody).value(),
            "v1,UQIUk9YSJXfOhzUGKIGBMxrR2XW/2ybIXdV8gnFMh4g=");
}

TEST(WebhookSignature, TakesBase64WithoutItsPadding) {
  EXPECT_EQ(sign_webhook("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "wh_test1",
                         1750000000, kBody)
                .value(),
            "v1,UQIUk9YSJXfOhzUGKIGBMxrR2XW/2ybIXdV8gnFMh4g=");
}

TEST(WebhookSignature, ChangesWithEveryPart) {
  const std::string signature = sign_webhook("secret", "id", 1, "body").value();
  EXPECT_NE(signature, sign_webhook("secre", "id", 1, "body").value());
  EXPECT_NE(signature, sign_webhook("secret", "ie", 1, "body").value());
  EXPECT_NE(signature, sign_webhook("secret", "id", 2, "body").value());
  EXPECT_NE(signature, sign_webhook("secret", "id", 1, "bodz").value());
}

TEST(WebhookSignature, RefusesASecretThatIsNoBase64) {
  for (const char* secret : {"", "whsec_", "whsec_%%%%", "whsec_====", "whsec_a"})
    EXPECT_FALSE(sign_webhook(secret, "id", 1, "body").has_value()) << secret;
}

TEST(PublicAddress, KnowsThePublicInternet) {
  for (const char* address :
       {"93.184.215.14", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "192.167.1.1",
        "223.255.255.255", "2606:2800:220:1::1", "2a00:1450::1", "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8", "2002:0808:0808::1"})
    EXPECT_TRUE(is_public_address(address)) << address;
}

TEST(PublicAddress, KnowsWhatIsNot) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.254",
                              "0.0.0.0",
                              "10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "192.0.0.8",
                              "192.0.2.1",
                              "198.18.0.1",
                              "198.51.100.7",
                              "203.0.113.9",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fe80::1",
                              "fd00::1",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1",
                              "3fff::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::10.0.0.1",
                              "2002:0a00:0001::1",
                              "::127.0.0.1",
                              "",
                              "localhost",
                              "127.1",
                              "0x7f000001",
                              "1.2.3.4.5"})
    EXPECT_FALSE(is_public_address(address)) << address;
}

}  // namespace
}  // namespace attune::jobs
