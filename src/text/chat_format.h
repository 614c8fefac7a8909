// How a model's chat template and tokenizer turn conversations into tokens: one definition that
// training, evaluation and serving share, so that what is trained is what is served.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "text/tokenizer.h"

namespace attune::text {

// A training conversation in tokens. trained[i] > 0: token i is a target with that weight (an
// assistant's words and the end-of-turn token that closes them); 0: context only.
struct EncodedChat {
  std::vector<std::int32_t> ids;
  std::vector<float> trained;  // same length as ids
};

class ChatFormat {
 public:
  // Reads tokenizer and template from a model folder. A folder without a chat template is an error
  // with its fix.
  static Result<ChatFormat> load(const std::filesystem::path& model_folder);

  const Tokenizer& tokenizer() const;

  // messages: array of {"role", "content", "weight"?: 0|1, ...}; tools: array or null.
  // Targets are the assistant messages whose weight is not 0. Where the template has {% generation
  // %} blocks they decide; else the rendering of each prefix does, and a template that rewrites
  // earlier turns is refused.
  // `now` is the date that a template may show; the clock's when not given.
  Result<EncodedChat> encode_training(const Json& messages, const Json& tools,
                                      std::optional<std::time_t> now = std::nullopt) const;

  // The prompt for the next assistant turn (add_generation_prompt = true).
  Result<std::vector<std::int32_t>> encode_prompt(
      const Json& messages, const Json& tools, std::optional<std::time_t> now = std::nullopt) const;

  // The rendered text of encode_prompt, for people.
  Result<std::string> render_prompt(const Json& messages, const Json& tools) const;

  // Tokens that end an assistant turn: eos of generation_config.json, config.json and the
  // tokenizer, plus the token that the template puts after an assistant message.
  const std::vector<std::int32_t>& stop_ids() const;

  ChatFormat(ChatFormat&&) noexcept;
  ChatFormat& operator=(ChatFormat&&) noexcept;
  ~ChatFormat();

 private:
  struct Parts;
  explicit ChatFormat(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace attune::text
