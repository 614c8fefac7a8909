#include "text/tokenizer.h"

#include <random>
#include <thread>

#include <fmt/format.h>

#include "shared_files.h"
#include "text/tokenizer_parts.h"

namespace attune::text {
namespace {

using Ids = std::vector<std::int32_t>;

// A byte-level vocabulary of the 256 bytes and a few merges, with tokens of several kinds.
Json small_tokenizer() {
  Json vocabulary = Json::object();
  Json bytes = Json::array();
  // Printable ASCII stands for itself, a space is written as U+0120.
  for (char c = 33; c < 127; ++c) vocabulary[std::string(1, c)] = vocabulary.size();
  vocabulary["Ġ"] = vocabulary.size();
  vocabulary["he"] = vocabulary.size();
  vocabulary["ll"] = vocabulary.size();
  vocabulary["hell"] = vocabulary.size();
  vocabulary["<|"] = vocabulary.size();
  Json tokenizer = {
      {"added_tokens",
       Json::array(
           {{{"id", 200}, {"content", "<|end|>"}, {"special", true}, {"normalized", false}},
            {{"id", 201}, {"content", "<tool>"}, {"special", false}, {"normalized", false}},
            {{"id", 202}, {"content", "<|endless|>"}, {"special", true}, {"normalized", false}}})},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model",
       {{"type", "BPE"},
        {"vocab", vocabulary},
        {"merges", Json::array({"h e", "l l", "he ll", "< |"})}}}};
  return tokenizer;
}

Tokenizer parse(const Json& json) {
  auto tokenizer = parse_tokenizer(json.dump(), "test");
  EXPECT_TRUE(tokenizer) << tokenizer.error().message();
  return std::move(*tokenizer);
}

std::vector<std::string> pieces(const Tokenizer& tokenizer, const Ids& ids) {
  std::vector<std::string> out;
  for (const std::int32_t id : ids) out.push_back(tokenizer.token(id));
  return out;
}

TEST(Tokenizer, MergesByRankThenLeftmost) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  EXPECT_THAT(pieces(tokenizer, tokenizer.encode("hello", {})), testing::ElementsAre("hell", "o"));
  EXPECT_THAT(pieces(tokenizer, tokenizer.encode("lll", {})), testing::ElementsAre("ll", "l"));
}

TEST(Tokenizer, LongWordsMergeAsShortOnesDo) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  std::string word;
  for (int i = 0; i < 500; ++i) word += "hell";
  const Ids ids = tokenizer.encode(word, {});
  EXPECT_EQ(ids, Ids(500, *tokenizer.id_of("hell")));
}

TEST(Tokenizer, AMegabyteWithoutASpaceIsQuick) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  const Ids ids = tokenizer.encode(std::string(1 << 20, 'l'), {});
  EXPECT_EQ(ids.size(), std::size_t{1} << 19);
}

TEST(Tokenizer, UserTextNeverBecomesAControlToken) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  for (const std::string text :
       {"<|end|>", "a<|end|>b", "<|endless|>", "<|<|end|>end|>", " <|end|> "}) {
    const Ids ids = tokenizer.encode(text, {});
    for (const std::int32_t id : ids) EXPECT_FALSE(tokenizer.is_special(id)) << text;
    EXPECT_EQ(tokenizer.decode(ids, {}), text);
  }
}

TEST(Tokenizer, TemplateTextBecomesControlTokensLongestFirst) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  EXPECT_EQ(tokenizer.encode("<|end|>", {.parse_special = true}), Ids({200}));
  EXPECT_EQ(tokenizer.encode("<|endless|>", {.parse_special = true}), Ids({202}));
}

TEST(Tokenizer, OrdinaryAddedTokensAreFoundInAnyText) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  EXPECT_EQ(tokenizer.encode("<tool>", {}), Ids({201}));
}

TEST(Tokenizer, NoSplitOfATextAcrossSegmentsMakesAControlToken) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  const std::string text = "<|end|>";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    for (const bool first_is_user : {true, false}) {
      const std::vector<TextSegment> segments = {
          {.text = text.substr(0, cut), .parse_special = !first_is_user},
          {.text = text.substr(cut), .parse_special = first_is_user}};
      const Ids ids = tokenizer.encode_segments(segments).ids;
      const bool all_template = segments[first_is_user ? 0 : 1].text.empty();
      EXPECT_EQ(ids == Ids({200}), all_template) << cut;
      EXPECT_EQ(tokenizer.decode(ids, {}), text);
    }
  }
}

TEST(Tokenizer, NoSplitOfAMarkerAcrossTemplateSegmentsLosesIt) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  const std::vector<TextSegment> segments = {{.text = "<|e", .parse_special = true},
                                             {.text = "nd|>", .parse_special = true}};
  EXPECT_EQ(tokenizer.encode_segments(segments).ids, Ids({200}));
}

TEST(Tokenizer, SegmentsGiveTheTokensOfTheJoinedText) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  const std::vector<TextSegment> segments = {{.text = "<|end|>h", .parse_special = true},
                                             {.text = "el"},
                                             {.text = "lo hell<|end|>", .parse_special = true}};
  EXPECT_EQ(tokenizer.encode_segments(segments).ids,
            tokenizer.encode("<|end|>hello hell<|end|>", {.parse_special = true}));
}

TEST(Tokenizer, NoTokenCrossesTheStartOfASection) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  const std::vector<TextSegment> segments = {{.text = "he"},
                                             {.text = "llo", .starts_section = true}};
  const SectionedTokens tokens = tokenizer.encode_segments(segments);
  EXPECT_THAT(pieces(tokenizer, tokens.ids), testing::ElementsAre("he", "ll", "o"));
  EXPECT_THAT(tokens.sections, testing::ElementsAre(0, 1, 1));
}

TEST(Tokenizer, DecodingSkipsControlTokensOnRequest) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  const Ids ids = tokenizer.encode("he<|end|><tool>", {.parse_special = true});
  EXPECT_EQ(tokenizer.decode(ids, {}), "he<|end|><tool>");
  EXPECT_EQ(tokenizer.decode(ids, {.skip_special = true}), "he<tool>");
}

TEST(Tokenizer, UnknownIdsDecodeToNothing) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  EXPECT_EQ(tokenizer.decode(Ids({-1, 150, 100000, 0}), {}), "!");
  EXPECT_EQ(tokenizer.token(150), "");
  EXPECT_EQ(tokenizer.size(), 203);
}

TEST(Tokenizer, MergesThatWouldMakeAControlTokenAreLeftOut) {
  Json json = small_tokenizer();
  json["added_tokens"].push_back(
      {{"id", *parse(json).id_of("hell")}, {"content", "hell"}, {"special", true}});
  const Tokenizer tokenizer = parse(json);
  EXPECT_THAT(pieces(tokenizer, tokenizer.encode("hello", {})),
              testing::ElementsAre("he", "ll", "o"));
}

TEST(Tokenizer, WholeWordsOfTheVocabularyNeverBecomeControlTokens) {
  Json json = small_tokenizer();
  json["model"]["ignore_merges"] = true;
  json["model"]["vocab"]["stop"] = 150;
  json["added_tokens"].push_back({{"id", 150}, {"content", "stop"}, {"special", true}});
  const Tokenizer tokenizer = parse(json);
  EXPECT_EQ(tokenizer.encode("stop", {}).size(), 4u);
  EXPECT_EQ(tokenizer.encode("hell", {}).size(), 1u);
}

TEST(Tokenizer, AddedTokensTakeSpacesAndWholeWordsWhenTheyAskForIt) {
  Json json = small_tokenizer();
  json["added_tokens"] = Json::array(
      {{{"id", 200}, {"content", "<m>"}, {"lstrip", true}, {"rstrip", true}, {"normalized", false}},
       {{"id", 201}, {"content", "word"}, {"single_word", true}, {"normalized", false}}});
  const Tokenizer tokenizer = parse(json);
  EXPECT_EQ(tokenizer.encode("he  <m>  he", {}),
            Ids({*tokenizer.id_of("he"), 200, *tokenizer.id_of("he")}));
  EXPECT_EQ(tokenizer.encode("word", {}), Ids({201}));
  EXPECT_EQ(tokenizer.encode("words", {}).size(), 5u);
  EXPECT_EQ(tokenizer.encode("a word", {}).back(), 201);
}

TEST(Tokenizer, MayBeUsedFromSeveralThreads) {
  const Tokenizer tokenizer = parse(small_tokenizer());
  const Ids expected = tokenizer.encode("hello hell he ll", {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) EXPECT_EQ(tokenizer.encode("hello hell he ll", {}), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Tokenizer, ByteFallbackStreamsWholeCharacters) {
  Json vocabulary = {{"<unk>", 0}, {"▁", 1}, {"a", 2}};
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary[fmt::format("<0x{:02X}>", byte)] = 3 + byte;
  }
  const Json json = {
      {"normalizer",
       {{"type", "Sequence"},
        {"normalizers",
         Json::array({{{"type", "Prepend"}, {"prepend", "▁"}},
                      {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}}})}}},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders",
         Json::array({{{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
                      {{"type", "ByteFallback"}},
                      {{"type", "Fuse"}},
                      {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}})}}},
      {"model",
       {{"type", "BPE"},
        {"vocab", vocabulary},
        {"merges", Json::array()},
        {"byte_fallback", true},
        {"unk_token", "<unk>"}}}};
  const Tokenizer tokenizer = parse(json);
  const Ids ids = tokenizer.encode("a 🙂 aé", {});
  EXPECT_EQ(tokenizer.decode(ids, {}), "a 🙂 aé");
  StreamDecoder stream(tokenizer, {});
  std::vector<std::string> parts;
  for (const std::int32_t id : ids) {
    if (std::string part = stream.push(id); !part.empty()) parts.push_back(part);
  }
  parts.push_back(stream.finish());
  EXPECT_THAT(parts, testing::ElementsAre("a", " ", "🙂 ", "a", "é"));
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    Ids some(random() % 12);
    for (std::int32_t& id : some) id = static_cast<std::int32_t>(random() % 259);
    StreamDecoder pieces_of(tokenizer, {});
    std::string streamed;
    for (const std::int32_t id : some) streamed += pieces_of.push(id);
    EXPECT_EQ(streamed + pieces_of.finish(), tokenizer.decode(some, {}));
  }
}

}  // namespace
}  // namespace attune::text
