// Malformed tokenizer files end with an error that names the place.
#include "shared_files.h"
#include "text/tokenizer.h"
#include "text/tokenizer_parts.h"

namespace attune::text {
namespace {

struct BadFile {
  const char* what;
  std::string text;
  const char* named;  // what the message must hold
};

std::string with_model(const std::string& model, const std::string& more = "") {
  return R"({"model":)" + model + more + "}";
}

class BadTokenizerJson : public testing::TestWithParam<BadFile> {};

TEST_P(BadTokenizerJson, IsRefusedWithItsPlace) {
  const auto tokenizer = parse_tokenizer(GetParam().text, "tokenizer.json");
  ASSERT_FALSE(tokenizer) << GetParam().what;
  const std::string message = tokenizer.error().message();
  EXPECT_NE(message.find("tokenizer.json"), std::string::npos) << message;
  EXPECT_NE(message.find(GetParam().named), std::string::npos) << message;
}

const std::string kGood = R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]})";

INSTANTIATE_TEST_SUITE_P(
    Files, BadTokenizerJson,
    testing::Values(
        BadFile{"empty", "", "not JSON"}, BadFile{"cut off", R"({"model":{"vocab")", "not JSON"},
        BadFile{"an array", "[]", "array"}, BadFile{"no model", "{}", "model"},
        BadFile{"deep nesting", std::string(100000, '['), "nesting"},
        BadFile{"invalid UTF-8", "{\"model\":\"\xFF\"}", "not JSON"},
        BadFile{"model is a string", with_model("\"x\""), "model"},
        BadFile{"another model", with_model(R"({"type":"Unigram","vocab":[]})"), "Unigram"},
        BadFile{"no vocabulary", with_model(R"({"type":"BPE","merges":[]})"), "model.vocab"},
        BadFile{"vocabulary is a list", with_model(R"({"type":"BPE","vocab":[],"merges":[]})"),
                "model.vocab"},
        BadFile{"id is a string", with_model(R"({"type":"BPE","vocab":{"a":"0"},"merges":[]})"),
                "model.vocab.a"},
        BadFile{"negative id", with_model(R"({"type":"BPE","vocab":{"a":-1},"merges":[]})"), "-1"},
        BadFile{"huge id",
                with_model(R"({"type":"BPE","vocab":{"a":18446744073709551615},"merges":[]})"),
                "18446744073709551615"},
        BadFile{"fraction id", with_model(R"({"type":"BPE","vocab":{"a":1.5},"merges":[]})"),
                "model.vocab.a"},
        BadFile{"merge outside", with_model(R"({"type":"BPE","vocab":{"a":0},"merges":["a z"]})"),
                "merges[0]"},
        BadFile{"merged outside",
                with_model(R"({"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]})"), "\"ab\""},
        BadFile{"merge of three",
                with_model(R"({"type":"BPE","vocab":{"a":0},"merges":["a a a"]})"), "merges[0]"},
        BadFile{"merge is a number", with_model(R"({"type":"BPE","vocab":{"a":0},"merges":[1]})"),
                "merges[0]"},
        BadFile{"unknown outside",
                with_model(R"({"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"u"})"),
                "unk_token"},
        BadFile{"flag is a string",
                with_model(R"({"type":"BPE","vocab":{},"merges":[],"byte_fallback":"no"})"),
                "byte_fallback"},
        BadFile{"other normalizer", with_model(kGood, R"(,"normalizer":{"type":"Precompiled"})"),
                "Precompiled"},
        BadFile{"normalizer without type", with_model(kGood, R"(,"normalizer":{})"), "normalizer"},
        BadFile{"other pre-tokenizer", with_model(kGood, R"(,"pre_tokenizer":{"type":"Bert"})"),
                "Bert"},
        BadFile{
            "broken regex",
            with_model(
                kGood,
                R"(,"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"})"),
            "compile"},
        BadFile{
            "unknown behaviour",
            with_model(
                kGood,
                R"(,"pre_tokenizer":{"type":"Split","pattern":{"String":"x"},"behavior":"Odd"})"),
            "Odd"},
        BadFile{
            "bytes before the end",
            with_model(
                kGood,
                R"(,"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]})"),
            "ByteLevel"},
        BadFile{"other decoder", with_model(kGood, R"(,"decoder":{"type":"CTC"})"), "CTC"},
        BadFile{"other post-processor", with_model(kGood, R"(,"post_processor":{"type":"X"})"),
                "the post-processor X"},
        BadFile{
            "template without ids",
            with_model(
                kGood,
                R"(,"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s"}}]})"),
            "\"s\""},
        BadFile{"added tokens are an object", with_model(kGood, R"(,"added_tokens":{})"),
                "added_tokens"},
        BadFile{"added token without id", with_model(kGood, R"(,"added_tokens":[{"content":"x"}])"),
                "added_tokens"},
        BadFile{"added token without content", with_model(kGood, R"(,"added_tokens":[{"id":1}])"),
                "content"}),
    [](const auto& file) {
      std::string name = file.param.what;
      for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      }
      return name;
    });

TEST(TokenizerJson, AGoodFileIsRead) {
  const auto tokenizer = parse_tokenizer(with_model(kGood), "tokenizer.json");
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->encode("ab", {}), std::vector<std::int32_t>({2}));
}

TEST(TokenizerFolder, WithoutATokenizerSaysWhatIsMissing) {
  const TemporaryFolder folder;
  const auto tokenizer = Tokenizer::load(folder.path());
  ASSERT_FALSE(tokenizer);
  EXPECT_NE(tokenizer.error().message().find("tokenizer.json"), std::string::npos);
}

TEST(TokenizerFolder, VocabularyFilesNeedAKnownClass) {
  const TemporaryFolder folder;
  folder.write("vocab.json", R"({"a":0})");
  folder.write("merges.txt", "#version: 0.2\n");
  folder.write("tokenizer_config.json", R"({"tokenizer_class":"OddTokenizer"})");
  const auto tokenizer = Tokenizer::load(folder.path());
  ASSERT_FALSE(tokenizer);
  EXPECT_NE(tokenizer.error().message().find("OddTokenizer"), std::string::npos);
}

TEST(TokenizerFolder, ABadLineOfMergesIsNamed) {
  const TemporaryFolder folder;
  folder.write("vocab.json", R"({"a":0})");
  folder.write("merges.txt", "#version: 0.2\na\n");
  folder.write("tokenizer_config.json", R"({"tokenizer_class":"GPT2Tokenizer"})");
  const auto tokenizer = Tokenizer::load(folder.path());
  ASSERT_FALSE(tokenizer);
  EXPECT_NE(tokenizer.error().message().find("merges.txt:2"), std::string::npos);
}

TEST(TokenizerFolder, TheConfigNamesTokensAndTemplate) {
  const TemporaryFolder folder;
  folder.write("tokenizer.json",
               with_model(R"({"type":"BPE","vocab":{"a":0,"</s>":1},"merges":[]})"));
  folder.write("tokenizer_config.json",
               R"({"eos_token":{"content":"</s>"},"bos_token":null,
                   "chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"d"}],
                   "added_tokens_decoder":{"7":{"content":"<x>","special":true}}})");
  const auto tokenizer = Tokenizer::load(folder.path());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->eos_token(), "</s>");
  EXPECT_EQ(tokenizer->bos_token(), "");
  EXPECT_EQ(tokenizer->chat_template(), "d");
  EXPECT_TRUE(tokenizer->is_special(1));
  EXPECT_TRUE(tokenizer->is_special(7));
  EXPECT_EQ(tokenizer->size(), 8);
  folder.write("chat_template.jinja", "file");
  EXPECT_EQ(Tokenizer::load(folder.path())->chat_template(), "file");
}

}  // namespace
}  // namespace attune::text
