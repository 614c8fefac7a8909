// A connection's bytes: heads, bodies and targets, cut into pieces that the input chooses. However
// they are cut, the outcome is the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "serve/request_parser.h"
#include "serve/router.h"

namespace {

using namespace attune;

// What was read, as text; "!" and the status where it was refused.
std::string outcome(std::string_view bytes, std::size_t piece) {
  serve::RequestParser parser(4096);
  std::string text;
  std::string held;
  std::string body;
  bool has_head = false;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    held += bytes.substr(at, piece);
    for (;;) {
      std::string_view view = held;
      if (has_head && parser.done()) {
        text += "|" + body;
        body.clear();
        parser.restart();
        has_head = false;
      }
      if (!has_head) {
        if (view.empty()) break;
        const auto whole = parser.read_head(view);
        if (!whole) return text + "!" + std::to_string(whole.error().status);
        has_head = *whole;
        if (has_head) text += parser.head().method + parser.head().target;
      } else {
        const auto good = parser.read_body(view, body, 64);
        if (!good) return text + "!" + std::to_string(good.error().status);
      }
      const bool moved = view.size() < held.size();
      held = std::string(view);
      if (!moved) break;
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size > 8192) return 0;
  const std::string whole = outcome(bytes, size + 1);
  const std::string cut = outcome(bytes, 1 + size % 7);
  // A refusal may come earlier or later in a cut stream, with another of the 4xx; success may not.
  if (whole.find('!') == std::string::npos && cut.find('!') == std::string::npos && whole != cut)
    std::abort();
  if (const auto target = serve::parse_target(bytes)) {
    if (("/" + target->path + "/").find("/../") != std::string::npos) std::abort();
    serve::Router router;
    router.add("GET", "/v1/files/{file_id}", "", {});
    router.add("GET", "/v1/models/{model...}/x", "", {});
    (void)router.match("GET", target->segments);
  }
  return 0;
}
