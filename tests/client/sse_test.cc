#include "client/sse.h"

#include <vector>

#include <gtest/gtest.h>

namespace attune::client {
namespace {

std::vector<SseEvent> read(const std::vector<std::string>& pieces) {
  std::vector<SseEvent> events;
  SseParser parser([&](const SseEvent& event) {
    events.push_back(event);
    return true;
  });
  for (const std::string& piece : pieces) parser.feed(piece);
  return events;
}

std::vector<std::string> data_of(const std::vector<SseEvent>& events) {
  std::vector<std::string> data;
  for (const SseEvent& event : events) data.push_back(event.data);
  return data;
}

TEST(Sse, ReadsTypeDataAndId) {
  const auto events = read({"event: metrics\nid: e1\ndata: {\"a\":1}\n\n"});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, "metrics");
  EXPECT_EQ(events[0].id, "e1");
  EXPECT_EQ(events[0].data, "{\"a\":1}");
}

TEST(Sse, JoinsLinesOfDataAndKeepsTheLastId) {
  const auto events = read({"id: 7\ndata: one\ndata:two\n\ndata\n\n"});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].data, "one\ntwo");
  EXPECT_EQ(events[1].data, "");
  EXPECT_EQ(events[1].id, "7");
}

TEST(Sse, SkipsCommentsUnknownFieldsAndEventsWithoutData) {
  EXPECT_EQ(data_of(read({": ping\n\nevent: x\n\nretry: 3\nother: y\ndata: z\n\n"})),
            std::vector<std::string>{"z"});
}

TEST(Sse, DropsAnEventThatTheEndOfTheStreamCutsOff) {
  EXPECT_EQ(data_of(read({"data: whole\n\ndata: cut\n"})), std::vector<std::string>{"whole"});
}

TEST(Sse, GivesTheSameEventsHoweverTheBytesAreSplitAndLinesEnd) {
  const std::string text =
      "\xEF\xBB\xBF"
      "data: a\n\nid: 2\r\ndata: b\r\ndata: c\r\n\r\ndata: d\r\r";
  const std::vector<std::string> expected = {"a", "b\nc", "d"};
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      EXPECT_EQ(data_of(read({text.substr(0, first), text.substr(first, second - first),
                              text.substr(second)})),
                expected);
    }
  }
}

TEST(Sse, StopsWhenTheReceiverHasEnough) {
  int count = 0;
  SseParser parser([&](const SseEvent&) { return ++count < 2; });
  EXPECT_FALSE(parser.feed("data: 1\n\ndata: 2\n\ndata: 3\n\n"));
  EXPECT_FALSE(parser.feed("data: 4\n\n"));
  EXPECT_EQ(count, 2);
}

TEST(Sse, RefusesAnEventLargerThanTheLimit) {
  SseParser parser([](const SseEvent&) { return true; }, 100);
  EXPECT_TRUE(parser.feed("data: " + std::string(80, 'x') + "\n\n"));
  EXPECT_TRUE(parser.feed("data: " + std::string(80, 'x') + "\n"));
  EXPECT_FALSE(parser.feed("data: " + std::string(80, 'x') + "\n"));
  EXPECT_TRUE(parser.too_large());
}

}  // namespace
}  // namespace attune::client
