#include "io/jsonl.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(Jsonl, KeepsTheLineOfEachValue) {
  const JsonlContent c = parse_jsonl("\xEF\xBB\xBF{\"a\":1}\r\n\n  \n[2]\n3", "t.jsonl");
  EXPECT_TRUE(c.errors.empty());
  ASSERT_EQ(c.rows.size(), 3u);
  EXPECT_EQ(c.rows[0].line, 1);
  EXPECT_EQ(c.rows[1].line, 4);
  EXPECT_EQ(c.rows[2].line, 5);
  EXPECT_EQ(c.rows[2].value, 3);
}

TEST(Jsonl, CollectsEveryBadLineWithItsPlace) {
  const JsonlContent c =
      parse_jsonl("{\"a\":1}\n{\"a\":}\n{\"a\":2}\n{\"a\":\"x\ny\"}\n\"caf\xE9\"\n", "t.jsonl");
  EXPECT_EQ(c.rows.size(), 2u);
  ASSERT_EQ(c.errors.size(), 4u);
  EXPECT_TRUE(c.errors[0].message().starts_with("t.jsonl:2:6: '}'; wanted a JSON value"))
      << c.errors[0].message();
  EXPECT_EQ(c.errors[1].where, "t.jsonl:4:6");
  EXPECT_NE(c.errors[1].fix.find("every record is one line"), std::string::npos);
  EXPECT_EQ(c.errors[2].where, "t.jsonl:5:1");
  EXPECT_TRUE(c.errors[3].message().starts_with("t.jsonl:6:5: byte 0xE9")) << c.errors[3].message();
}

TEST(Jsonl, ReadsNothingFromAnEmptyText) {
  EXPECT_TRUE(parse_jsonl("", "t").rows.empty());
  EXPECT_TRUE(parse_jsonl("\n\n", "t").rows.empty());
  EXPECT_TRUE(parse_jsonl("", "t").errors.empty());
}

}  // namespace
}  // namespace attune
