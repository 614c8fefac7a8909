#include "client/result_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::client {
namespace {

using testing::HasSubstr;

TEST(ResultCsv, ReadsTheHeadersOfOpenAi) {
  const auto table = parse_result_csv(
      "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
      "1,1.52347,0.0,,\n2,0.57719,0.5,0.6,0.75\n",
      "f");
  ASSERT_TRUE(table) << table.error().message();
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->rows[0].step, 1);
  EXPECT_EQ(table->rows[0].train_loss, 1.52347);
  EXPECT_EQ(table->rows[0].valid_loss, std::nullopt);
  EXPECT_EQ(table->rows[1].valid_accuracy, 0.75);
}

TEST(ResultCsv, ReadsTheHeadersOfAzure) {
  const auto table = parse_result_csv(
      "step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy,"
      "full_valid_loss,full_valid_mean_token_accuracy\r\n10,0.5,0.9,0.6,0.8,0.7,0.85\r\n",
      "f");
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->rows.at(0).train_accuracy, 0.9);
  EXPECT_EQ(table->rows.at(0).valid_accuracy, 0.8);
  EXPECT_EQ(table->rows.at(0).full_valid_loss, 0.7);
  EXPECT_EQ(table->rows.at(0).full_valid_accuracy, 0.85);
}

TEST(ResultCsv, UnwrapsBase64AndJsonStrings) {
  // "step,train_loss\n1,2.5\n"
  const std::string wrapped = "c3RlcCx0cmFpbl9sb3NzCjEsMi41Cg==";
  for (const std::string& bytes : {wrapped, wrapped.substr(0, 30), "\"" + wrapped + "\"",
                                   std::string("c3RlcCx0cmFpbl9s\r\nb3NzCjEsMi41Cg==\r\n")}) {
    const auto table = parse_result_csv(bytes, "f");
    ASSERT_TRUE(table) << bytes << ": " << table.error().message();
    EXPECT_EQ(table->csv, "step,train_loss\n1,2.5\n");
    EXPECT_EQ(table->rows.at(0).train_loss, 2.5);
  }
}

TEST(ResultCsv, LeavesOutUnknownColumnsAndCellsThatAreNoNumbers) {
  const auto table = parse_result_csv("note,step,train_loss\nx,3,nan\n\"a,b\",4.0, 1.5 \n", "f");
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_EQ(table->rows.at(0).train_loss, std::nullopt);
  EXPECT_EQ(table->rows.at(1).step, 4);
  EXPECT_EQ(table->rows.at(1).train_loss, 1.5);
}

TEST(ResultCsv, RefusesWhatIsNoTableOfSteps) {
  for (const char* bytes :
       {"", "hello", "a,b\n1,2\n", "{\"error\":1}", "\"abc", "////", "step,train_loss\nx,1\n"}) {
    const auto table = parse_result_csv(bytes, "result file of ftjob-1");
    ASSERT_FALSE(table) << bytes;
    EXPECT_THAT(table.error().message(), HasSubstr("result file of ftjob-1"));
  }
}

TEST(Base64, DecodesAndRefuses) {
  EXPECT_EQ(decode_base64("TWFu"), "Man");
  EXPECT_EQ(decode_base64("TWE="), "Ma");
  EXPECT_EQ(decode_base64("TQ"), "M");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("T"), std::nullopt);
  EXPECT_EQ(decode_base64("TWFu!"), std::nullopt);
  EXPECT_EQ(decode_base64("TQ==TQ=="), std::nullopt);
}

}  // namespace
}  // namespace attune::client
