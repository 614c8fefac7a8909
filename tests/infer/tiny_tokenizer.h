// A tokenizer for tiny models: one token for each printable character, and control tokens.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "io/file.h"
#include "text/tokenizer.h"

namespace attune::infer {

// The tokenizer.json of a byte-level vocabulary: the characters 33 to 126 (ids 0 to 93), the space
// (94), the `more` entries in the byte-level alphabet, and the control tokens.
inline std::string tiny_tokenizer_json(const std::vector<std::string>& more,
                                       const std::vector<std::string>& control) {
  std::string vocabulary, added;
  int id = 0;
  for (char c = 33; c < 127; ++c) {
    const std::string escaped = c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    vocabulary += "\"" + escaped + "\":" + std::to_string(id++) + ",";
  }
  vocabulary += "\"\xC4\xA0\":" + std::to_string(id++);
  for (const std::string& entry : more) {
    vocabulary += ",\"" + entry + "\":" + std::to_string(id++);
  }
  for (const std::string& token : control) {
    if (!added.empty()) added += ",";
    added += "{\"id\":" + std::to_string(id++) + ",\"content\":\"" + token +
             "\",\"special\":true,\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
             "\"normalized\":false}";
  }
  return "{\"added_tokens\":[" + added +
         "],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":"
         "false,\"use_regex\":true},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\"},"
         "\"model\":{\"type\":\"BPE\",\"vocab\":{" +
         vocabulary + "},\"merges\":[]}}";
}

inline text::Tokenizer tiny_tokenizer(const std::vector<std::string>& more = {},
                                      const std::vector<std::string>& control = {"<end>"}) {
  const Path path = std::filesystem::path(testing::TempDir()) /
                    ("attune_tokenizer_" + std::to_string(getpid()) + ".json");
  EXPECT_TRUE(write_file_atomic(path, tiny_tokenizer_json(more, control)));
  return text::Tokenizer::load(path).value();
}

}  // namespace attune::infer
