#include "infer/stop_text.h"

#include <gtest/gtest.h>

namespace attune::infer {
namespace {

std::string shown_in_pieces(const std::string& text, std::size_t piece,
                            const std::vector<std::string>& stops) {
  StopText stop(stops);
  std::string shown;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    shown += stop.push(text.substr(at, piece), at + piece >= text.size());
  }
  return shown;
}

TEST(StopText, IsCutTheSameHoweverTheTextArrives) {
  const std::vector<std::string> stops = {"abab", "END", "bcd"};
  for (const std::string text :
       {"xxababyy", "xabaxabab", "aaEN", "EENDx", "abcdab", "ab", "aba", "ENEND", ""}) {
    std::size_t cut = std::string::npos;
    for (const std::string& stop : stops) cut = std::min(cut, text.find(stop));
    for (const std::size_t piece : {1u, 2u, 3u, 50u}) {
      EXPECT_EQ(shown_in_pieces(text, piece, stops), text.substr(0, cut)) << text << piece;
    }
  }
}

TEST(StopText, HoldsBackOnlyWhatMayBeginAStop) {
  StopText stop({"\n\nQ"});
  EXPECT_EQ(stop.push("one\n", false), "one");
  EXPECT_EQ(stop.push("two\n", false), "\ntwo");
  EXPECT_EQ(stop.push("\n", false), "");
  EXPECT_FALSE(stop.stopped());
  EXPECT_EQ(stop.push("Q and more", false), "");
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(stop.push("still more", true), "");
}

TEST(StopText, AnEmptyTextNeverStops) {
  StopText stop({""});
  EXPECT_EQ(stop.push("all of it", false), "all of it");
  EXPECT_FALSE(stop.stopped());
}

}  // namespace
}  // namespace attune::infer
