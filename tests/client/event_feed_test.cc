#include "client/event_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/test_clients.h"

namespace attune::client {
namespace {

using testing::ElementsAre;

Json event(int number) {
  return {{"object", "fine_tuning.job.event"},
          {"id", "ftevent-" + std::to_string(number)},
          {"created_at", 1750000000 + number},
          {"level", "info"},
          {"message", "event " + std::to_string(number)},
          {"type", "message"},
          {"data", Json::object()}};
}

// Plays the events of a job: a list newest first in pages of 3, and a stream where it has one.
struct EventServer {
  std::atomic<int> count = 0;
  bool streams = false;
  std::atomic<int> failures = 0;  // answers of 503 still to give
  std::atomic<int> streams_opened = 0;

  Scripted operator()(const Seen& seen) {
    if (failures > 0) {
      --failures;
      return {.status = 503, .headers = {{"x-should-retry", "false"}}};
    }
    if (seen.target.find("stream=true") != std::string::npos && streams) return stream(seen);
    int newest = count;
    const std::size_t at = seen.target.find("after=ftevent-");
    if (at != std::string::npos) newest = std::atoi(seen.target.c_str() + at + 14) - 1;
    Json data = Json::array();
    for (int i = newest; i > 0 && i > newest - 3; --i) data.push_back(event(i));
    return answer({{"object", "list"}, {"data", data}, {"has_more", newest > 3}});
  }

  // Tells two more events and ends, as a server that restarts would.
  Scripted stream(const Seen& seen) {
    ++streams_opened;
    const std::string last = seen.header("Last-Event-ID");
    int from = last.empty() ? 0 : std::atoi(last.c_str() + std::string("ftevent-").size());
    Scripted scripted{.headers = {{"Content-Type", "text/event-stream"}}};
    scripted.pieces.push_back(": hello\n\n");
    for (int i = from + 1; i <= from + 2 && from < 20; ++i) {
      count = std::max<int>(count, i);
      scripted.pieces.push_back("id: ftevent-" + std::to_string(i) + "\ndata: " + event(i).dump() +
                                "\n\n");
    }
    return scripted;
  }
};

std::vector<std::string> messages_of(EventFeed& feed, std::size_t wanted) {
  std::vector<std::string> messages;
  for (int round = 0; round < 200 && messages.size() < wanted; ++round) {
    for (const auto& news : feed.take(0.05).events) messages.push_back(news.value.message);
  }
  return messages;
}

std::vector<std::string> expected(int from, int to) {
  std::vector<std::string> messages;
  for (int i = from; i <= to; ++i) messages.push_back("event " + std::to_string(i));
  return messages;
}

TEST(EventsSince, ReadsAllPagesOldestFirst) {
  EventServer plays;
  plays.count = 8;
  ScriptedServer server([&](const Seen& seen) { return plays(seen); });
  const auto api = client_of(server);
  const auto all = events_since(*api, "ftjob-1", "");
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 8u);
  EXPECT_EQ(all->front().value.id, "ftevent-1");
  const auto some = events_since(*api, "ftjob-1", "ftevent-6");
  ASSERT_EQ(some->size(), 2u);
  EXPECT_EQ(some->front().value.id, "ftevent-7");
  EXPECT_TRUE(events_since(*api, "ftjob-1", "ftevent-8")->empty());
}

TEST(EventFeed, PollsWhereThereIsNoStream) {
  EventServer plays;
  plays.count = 5;
  ScriptedServer server([&](const Seen& seen) { return plays(seen); });
  EventFeed feed([&] { return client_of(server); }, "ftjob-1", {.poll_seconds = 0.02});
  EXPECT_EQ(messages_of(feed, 5), expected(1, 5));
  plays.count = 7;
  EXPECT_EQ(messages_of(feed, 2), expected(6, 7));
}

TEST(EventFeed, FollowsTheStreamAndOpensItAgainWithoutLossOrRepeat) {
  EventServer plays;
  plays.streams = true;
  plays.count = 1;
  ScriptedServer server([&](const Seen& seen) { return plays(seen); });
  EventFeed feed([&] { return client_of(server); }, "ftjob-1", {});
  auto messages = messages_of(feed, 7);
  ASSERT_GE(messages.size(), 7u);
  messages.resize(7);  // the eighth may have come with it
  EXPECT_EQ(messages, expected(1, 7));
  EXPECT_GE(plays.streams_opened, 3);
}

TEST(EventFeed, OutlivesAServerThatIsDownForAWhile) {
  EventServer plays;
  plays.count = 2;
  ScriptedServer server([&](const Seen& seen) { return plays(seen); });
  EventFeed feed([&] { return client_of(server); }, "ftjob-1",
                 {.poll_seconds = 0.02, .longest_pause = 0.05});
  EXPECT_EQ(messages_of(feed, 2), expected(1, 2));
  plays.failures = 3;
  bool saw_trouble = false;
  for (int i = 0; i < 200 && !saw_trouble; ++i) saw_trouble = feed.take(0.01).trouble.has_value();
  EXPECT_TRUE(saw_trouble);
  plays.count = 4;
  EXPECT_EQ(messages_of(feed, 2), expected(3, 4));
}

TEST(EventFeed, EndsOnALastingRefusal) {
  ScriptedServer server([](const Seen&) {
    return answer({{"error", {{"message", "no such job"}}}}, 404);
  });
  EventFeed feed([&] { return client_of(server); }, "ftjob-1", {});
  bool ended = false;
  for (int i = 0; i < 100 && !ended; ++i) ended = feed.take(0.05).ended;
  EXPECT_TRUE(ended);
}

TEST(EventFeed, PollsWhenTheStreamIsRefused) {
  EventServer plays;
  plays.count = 2;
  ScriptedServer server([&](const Seen& seen) {
    if (seen.target.find("stream=") != std::string::npos)
      return answer({{"error", {{"message", "unknown parameter: stream"}}}}, 400);
    return plays(seen);
  });
  EventFeed feed([&] { return client_of(server); }, "ftjob-1", {.poll_seconds = 0.02});
  EXPECT_EQ(messages_of(feed, 2), expected(1, 2));
  plays.count = 3;
  EXPECT_EQ(messages_of(feed, 1), expected(3, 3));
}

TEST(FollowEvents, SkipsWhatIsNoEventAndReportsAnErrorInTheStream) {
  ScriptedServer server([](const Seen&) {
    return Scripted{
        .headers = {{"Content-Type", "text/event-stream; charset=utf-8"}},
        .pieces = {
            "data: {\"object\":\"other\"}\n\n", "id: 12\ndata: " + event(1).dump() + "\n\n",
            "data: {\"error\":{\"message\":\"worker lost\",\"code\":\"server_error\"}}\n\n"}};
  });
  std::vector<std::string> ids;
  const std::atomic<bool> stop = false;
  std::string position;
  const auto ended = client_of(server)->follow_events(
      "ftjob-1", position,
      [&](const auto& news) {
        ids.push_back(news.value.id);
        return true;
      },
      stop);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().message, "worker lost");
  EXPECT_TRUE(ended.error().temporary());
  EXPECT_THAT(ids, ElementsAre("ftevent-1"));
  EXPECT_EQ(position, "12");
}

TEST(FollowEvents, IsNotAskedOfProvidersWithoutAStream) {
  ScriptedServer server([](const Seen&) { return answer(Json::object()); });
  const std::atomic<bool> stop = false;
  std::string position;
  const auto streamed = client_of(server, "openai")
                            ->follow_events(
                                "ftjob-1", position, [](const auto&) { return true; }, stop);
  ASSERT_TRUE(streamed);
  EXPECT_FALSE(*streamed);
  EXPECT_TRUE(server.seen().empty());
}

}  // namespace
}  // namespace attune::client
