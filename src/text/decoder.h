// The decoder of tokenizer.json, as a chain of steps that tokens flow through one by one. Every
// step holds back only what the next tokens may still change, so whole texts and streams are
// decoded by the same code.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/tokenizer_json.h"

namespace attune::text {

// One step at work on one text.
class DecodeStep {
 public:
  virtual ~DecodeStep() = default;
  // Takes the next token and appends what became certain to `out`.
  virtual void push(std::string token, std::vector<std::string>& out) = 0;
  virtual void finish(std::vector<std::string>& out) = 0;
};

// Makes the steps of a chain for one text; immutable and shared between threads.
class Decoder {
 public:
  using MakeStep = std::function<std::unique_ptr<DecodeStep>()>;

  // From the "decoder" object of tokenizer.json.
  static Result<Decoder> read(const TokenizerJson& json, std::string_view where);
  static Decoder byte_level();
  static Decoder joined_by_spaces();  // for a file without a decoder

  std::vector<std::unique_ptr<DecodeStep>> start() const;

 private:
  std::vector<MakeStep> steps_;
};

// Runs `token` (or, when null, the end of the text) through `steps` and returns the text that
// became certain.
std::string run_decode_steps(std::vector<std::unique_ptr<DecodeStep>>& steps,
                             const std::string* token);

}  // namespace attune::text
