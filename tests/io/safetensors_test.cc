#include "io/safetensors.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "io/temporary_folder.h"

namespace attune {
namespace {

using testing_support::entries_in;
using testing_support::slurp;
using testing_support::TemporaryFolder;

std::string file_with(std::string_view header, std::size_t data_bytes) {
  std::string file(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    file[i] = static_cast<char>((header.size() >> (8 * i)) & 0xFF);
  return file + std::string(header) + std::string(data_bytes, '\x11');
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

std::string error_of(std::string_view file) {
  const Result<Safetensors> parsed = Safetensors::parse(bytes_of(file), "m.safetensors");
  return parsed ? "no error" : parsed.error().message();
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const std::string file = file_with(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"U8","shape":[0,5],"data_offsets":[4,4]}}   )",
      16);
  const Result<Safetensors> parsed = Safetensors::parse(bytes_of(file), "m");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->metadata().at("format"), "pt");
  ASSERT_EQ(parsed->tensors().size(), 3u);
  ASSERT_NE(parsed->find("b"), nullptr);
  EXPECT_EQ(parsed->find("b")->elements(), 6);
  EXPECT_EQ(parsed->find("b")->dtype, Dtype::bf16);
  EXPECT_EQ(parsed->find("a")->elements(), 1);
  EXPECT_EQ(parsed->find("none")->elements(), 0);
  EXPECT_EQ(parsed->find("absent"), nullptr);
}

TEST(Safetensors, RefusesEveryMalformedHeader) {
  const struct {
    const char* header;
    std::size_t data;
    const char* words;
  } kCases[] = {
      {"", 0, "does not begin with '{'"},
      {" {}", 0, "does not begin with '{'"},
      {"{", 0, "header:1:2: the text ends inside the object"},
      {"{}", 1, "1 bytes after the last tensor"},
      {R"({"a":1})", 0, "not an object"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", 4, "a key is missing"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4, "unknown key \"x\""},
      {R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", 4, "the dtype \"F31\""},
      {R"({"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}})", 4, "the dtype 7"},
      {R"({"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", 4, "not an array"},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "the dimension -1"},
      {R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4, "the dimension 1.0"},
      {R"({"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}})", 4,
       "the dimension"},
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}})", 4,
       "overflows"},
      {R"({"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}})", 0,
       "overflows"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "data_offsets [0]"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,"4"]}})", 4, "data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", 4, "data_offsets"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "wanted 4 bytes"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "wanted 8 bytes"},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4, "truncated"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "a hole of 4 bytes"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
       6, "overlap"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       4, "overlap"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       8, "appears twice"},
      {R"({"__metadata__":{"a":1}})", 0, "not a string"},
      {R"({"__metadata__":[]})", 0, "not an object"},
  };
  for (const auto& test : kCases) {
    const std::string message = error_of(file_with(test.header, test.data));
    EXPECT_TRUE(message.starts_with("m.safetensors")) << message;
    EXPECT_NE(message.find(test.words), std::string::npos) << test.header << " -> " << message;
  }
}

TEST(Safetensors, RefusesFilesThatAreTooShortOrClaimTooMuch) {
  EXPECT_NE(error_of("").find("a file of 0 bytes"), std::string::npos);
  EXPECT_NE(error_of("1234567").find("a file of 7 bytes"), std::string::npos);
  EXPECT_NE(error_of(std::string(8, '\xFF')).find("at most 100000000"), std::string::npos);
  EXPECT_NE(error_of(file_with("{}", 0).substr(0, 9)).find("truncated"), std::string::npos);
}

TEST(Safetensors, NeverCrashesOnChangedOrCutFiles) {
  const std::string file = file_with(
      R"({"__metadata__":{"a":"b"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"I8","shape":[3],"data_offsets":[24,27]}})",
      27);
  const RandomStream stream{.seed = 3, .stream = stream_id("safetensors"), .step = 0};
  for (std::size_t cut = 0; cut < file.size(); ++cut)
    EXPECT_NE(error_of(file.substr(0, cut)), "no error");
  for (std::uint64_t round = 0; round < 5000; ++round) {
    std::string changed = file;
    changed[stream.below(2 * round, file.size())] =
        static_cast<char>(stream.below(2 * round + 1, 256));
    const Result<Safetensors> parsed = Safetensors::parse(bytes_of(changed), "m");
    if (!parsed) continue;
    std::int64_t covered = 0;
    for (const StoredTensor& tensor : parsed->tensors())
      covered += static_cast<std::int64_t>(tensor.bytes.size());
    EXPECT_EQ(covered, 27);
  }
}

std::vector<TensorToWrite> three_tensors(const std::vector<float>& numbers,
                                         const std::vector<std::uint16_t>& halves) {
  return {
      {.name = "half",
       .dtype = Dtype::f16,
       .shape = {3},
       .bytes = std::as_bytes(std::span(halves))},
      {.name = "z",
       .dtype = Dtype::f32,
       .shape = {2, 2},
       .bytes = std::as_bytes(std::span(numbers))},
      {.name = "a", .dtype = Dtype::f32, .shape = {4}, .bytes = std::as_bytes(std::span(numbers))}};
}

TEST(WriteSafetensors, IsReadBackAndAligned) {
  const TemporaryFolder folder;
  const std::vector<float> numbers = {1.0f, -2.5f, 0.0f, 3e38f};
  const std::vector<std::uint16_t> halves = {0x3C00, 0xC000, 0x7BFF};
  const Path path = folder.path() / "model.safetensors";
  ASSERT_TRUE(write_safetensors(path, three_tensors(numbers, halves), {{"format", "pt"}}));
  const Result<Safetensors> read = Safetensors::open(folder.path());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->metadata().at("format"), "pt");
  std::vector<float> out(4);
  ASSERT_TRUE(copy_to_f32(*read->find("z"), out));
  EXPECT_EQ(out, numbers);
  out.resize(3);
  ASSERT_TRUE(copy_to_f32(*read->find("half"), out));
  EXPECT_EQ(out, (std::vector<float>{1.0f, -2.0f, 65504.0f}));
  // Largest elements first, then by name; the data begins on 8 bytes.
  EXPECT_LT(read->find("a")->bytes.data(), read->find("z")->bytes.data());
  EXPECT_LT(read->find("z")->bytes.data(), read->find("half")->bytes.data());
  EXPECT_EQ(static_cast<unsigned char>(slurp(path)[0]) % 8, 0);
}

TEST(WriteSafetensors, GivesTheSameBytesEveryTime) {
  const TemporaryFolder folder;
  const std::vector<float> numbers = {1, 2, 3, 4};
  const std::vector<std::uint16_t> halves = {1, 2, 3};
  std::vector<TensorToWrite> reversed = three_tensors(numbers, halves);
  std::reverse(reversed.begin(), reversed.end());
  ASSERT_TRUE(write_safetensors(folder.path() / "a", three_tensors(numbers, halves), {}));
  ASSERT_TRUE(write_safetensors(folder.path() / "b", reversed, {}));
  EXPECT_EQ(slurp(folder.path() / "a"), slurp(folder.path() / "b"));
}

TEST(CopyToF32, RefusesIntegers) {
  const std::string file =
      file_with(R"({"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})", 4);
  const Result<Safetensors> parsed = Safetensors::parse(bytes_of(file), "m");
  ASSERT_TRUE(parsed);
  std::vector<float> out(1);
  EXPECT_NE(copy_to_f32(*parsed->find("a"), out).error().message().find("the dtype I32"),
            std::string::npos);
}

class Sharded : public ::testing::Test {
 protected:
  void SetUp() override {
    folder.write("one.safetensors",
                 file_with(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4));
    folder.write("two.safetensors",
                 file_with(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4));
  }
  std::string open_with(std::string_view index) {
    folder.write("model.safetensors.index.json", index);
    const Result<Safetensors> opened = Safetensors::open(folder.path());
    return opened ? fmt::format("{} tensors", opened->tensors().size()) : opened.error().message();
  }
  TemporaryFolder folder;
};

TEST_F(Sharded, JoinsTheShards) {
  EXPECT_EQ(
      open_with(
          R"({"metadata":{"total_size":8},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})"),
      "2 tensors");
}

TEST_F(Sharded, RefusesAnIndexThatDoesNotMatch) {
  const struct {
    const char* index;
    const char* words;
  } kCases[] = {
      {R"({"weight_map":{"a":"one.safetensors","b":"one.safetensors"}})",
       "\"b\": it is not in one.safetensors"},
      {R"({"weight_map":{"a":"one.safetensors","b":"three.safetensors"}})",
       "three.safetensors: there is no such file"},
      {R"({"weight_map":{"a":"../one.safetensors"}})", "a file in the same folder"},
      {R"({"weight_map":{"a":"/etc/passwd"}})", "a file in the same folder"},
      {R"({"weight_map":{"a":""}})", "a file in the same folder"},
      {R"({"weight_map":{"a":3}})", "a file in the same folder"},
      {R"({"weight_map":{}})", "empty"},
      {R"({})", "no \"weight_map\""},
      {R"([])", "no \"weight_map\""},
      {R"({"weight_map":)", "index.json:1:15"},
  };
  for (const auto& test : kCases) {
    EXPECT_NE(open_with(test.index).find(test.words), std::string::npos)
        << test.index << " -> " << open_with(test.index);
  }
}

TEST_F(Sharded, RefusesATensorInTwoShards) {
  folder.write("three.safetensors", slurp(folder.path() / "one.safetensors"));
  EXPECT_NE(open_with(R"({"weight_map":{"a":"one.safetensors","c":"three.safetensors"}})")
                .find("in both"),
            std::string::npos);
}

TEST(SafetensorsFolder, SaysWhenThereAreNoWeightsOrPickledOnes) {
  const TemporaryFolder folder;
  EXPECT_NE(Safetensors::open(folder.path()).error().found.find("no weights"), std::string::npos);
  folder.write("pytorch_model.bin", "x");
  EXPECT_NE(Safetensors::open(folder.path()).error().fix.find("convert"), std::string::npos);
}

TEST(SafetensorsFolder, OpensARealModel) {
  const Path model = Path(ATTUNE_SOURCE_DIR) / ".." / "shared" / "models" / "tinystories-656k";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "the reference models are not here";
  const Result<Safetensors> opened = Safetensors::open(model);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->tensors().size(), 20u);
}

}  // namespace
}  // namespace attune
