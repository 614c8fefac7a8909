#include "wire/answers.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/ids.h"

namespace attune::wire {

Json answer_start(const AnswerHead& head, std::string_view object) {
  Json answer = {
      {"id", head.id}, {"object", object}, {"created", head.created}, {"model", head.model}};
  if (!head.system_fingerprint.empty()) answer["system_fingerprint"] = head.system_fingerprint;
  return answer;
}

void end_chunk(Json& chunk, const AnswerHead& head, std::string_view text) {
  if (head.stream.include_usage) chunk["usage"] = nullptr;
  if (head.stream.include_obfuscation) {
    constexpr std::size_t kPaddedTo = 32;  // bytes; longer texts go to the next multiple
    chunk["obfuscation"] = new_id("", static_cast<int>(kPaddedTo - text.size() % kPaddedTo));
  }
}

Json usage_chunk(const AnswerHead& head, std::string_view object, const Usage& usage) {
  Json chunk = answer_start(head, object);
  chunk["choices"] = Json::array();
  chunk["usage"] = to_json(usage);
  return chunk;
}

std::string readable_token(const std::string& bytes) {
  if (find_invalid_utf8(bytes) == std::string_view::npos) return bytes;
  std::string text;
  for (const char byte : bytes) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return text;
}

double finite_logprob(std::optional<double> logprob) {
  constexpr double kUnlikely = -9999.0;
  if (!logprob || !std::isfinite(*logprob)) return kUnlikely;
  return std::max(*logprob, kUnlikely);
}

}  // namespace attune::wire
