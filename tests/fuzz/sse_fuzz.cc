// A stream of server-sent events, cut into pieces that the input chooses: the events are the same
// however the bytes come.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "client/sse.h"

namespace {

std::string outcome(std::string_view bytes, std::size_t piece) {
  std::string text;
  attune::client::SseParser parser(
      [&](const attune::client::SseEvent& event) {
        text += "[" + event.type + "|" + event.id + "|" + event.data + "]";
        return text.size() < 100000;
      },
      4096);
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (!parser.feed(bytes.substr(at, piece))) return text + "!";
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (outcome(bytes, size + 1) != outcome(bytes, 1 + size % 11)) std::abort();
  return 0;
}
