#include "client/retry.h"

#include <gtest/gtest.h>

namespace attune::client {
namespace {

constexpr double kNow = 1750000000;

TEST(Retry, FindsHeadersWhateverTheirLetterCase) {
  EXPECT_EQ(find_header({{"Retry-After", "3"}}, "retry-after"), "3");
  EXPECT_EQ(find_header({{"Retry-Afterwards", "3"}}, "retry-after"), std::nullopt);
}

TEST(Retry, ReadsTheWaitThatAServerAsksFor) {
  const struct {
    HeaderList headers;
    std::optional<double> seconds;
  } cases[] = {
      {{}, std::nullopt},
      {{{"retry-after", "7"}}, 7},
      {{{"retry-after", " 1.5 "}}, 1.5},
      {{{"retry-after-ms", "250"}}, 0.25},
      {{{"retry-after-ms", "250"}, {"retry-after", "7"}}, 0.25},
      {{{"retry-after-ms", "soon"}, {"retry-after", "7"}}, 7},
      {{{"retry-after", "Sun, 15 Jun 2025 15:07:20 GMT"}}, 40},
      {{{"retry-after", "later"}}, std::nullopt},
      {{{"retry-after", "nan"}}, std::nullopt},
      {{{"retry-after", ""}}, std::nullopt},
  };
  for (const auto& [headers, seconds] : cases) EXPECT_EQ(requested_wait(headers, kNow), seconds);
}

TEST(Retry, TriesAgainWhatTheOfficialSdksTryAgain) {
  const RetryPolicy policy;
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 599})
    EXPECT_TRUE(policy.should_retry(status, {}, kNow)) << status;
  for (const int status : {200, 301, 400, 401, 403, 404, 413, 422, 499})
    EXPECT_FALSE(policy.should_retry(status, {}, kNow)) << status;
}

TEST(Retry, ObeysTheServersWishBeforeTheStatus) {
  const RetryPolicy policy;
  EXPECT_TRUE(policy.should_retry(400, {{"x-should-retry", "true"}}, kNow));
  EXPECT_FALSE(policy.should_retry(500, {{"X-Should-Retry", "false"}}, kNow));
  EXPECT_TRUE(policy.should_retry(500, {{"x-should-retry", "perhaps"}}, kNow));
}

TEST(Retry, DoesNotWaitMoreThanTwoMinutesForAServer) {
  const RetryPolicy policy;
  EXPECT_TRUE(policy.should_retry(429, {{"retry-after", "120"}}, kNow));
  EXPECT_FALSE(policy.should_retry(429, {{"retry-after", "121"}}, kNow));
  EXPECT_FALSE(
      policy.should_retry(400, {{"retry-after", "121"}, {"x-should-retry", "true"}}, kNow));
}

TEST(Retry, DoublesTheDelayUpToEightSecondsLessUpToAQuarter) {
  const RetryPolicy policy;
  const double full[] = {0.5, 1, 2, 4, 8, 8, 8};
  for (int retries = 0; retries < 7; ++retries) {
    EXPECT_DOUBLE_EQ(policy.delay(retries, {}, kNow, 0), full[retries]);
    EXPECT_DOUBLE_EQ(policy.delay(retries, {}, kNow, 0.5), 0.875 * full[retries]);
    EXPECT_GE(policy.delay(retries, {}, kNow, 0.999), 0.75 * full[retries]);
  }
  EXPECT_DOUBLE_EQ(policy.delay(1000000, {}, kNow, 0), 8);
}

TEST(Retry, WaitsAsLongAsTheServerSaysWhenThatIsSensible) {
  const RetryPolicy policy;
  EXPECT_DOUBLE_EQ(policy.delay(0, {{"retry-after", "20"}}, kNow, 0.5), 20);
  EXPECT_DOUBLE_EQ(policy.delay(0, {{"retry-after", "0"}}, kNow, 0), 0.5);
  EXPECT_DOUBLE_EQ(policy.delay(0, {{"retry-after", "-3"}}, kNow, 0), 0.5);
  EXPECT_DOUBLE_EQ(policy.delay(0, {{"retry-after", "500"}}, kNow, 0), 0.5);
}

}  // namespace
}  // namespace attune::client
