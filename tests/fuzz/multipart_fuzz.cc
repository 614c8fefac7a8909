// Forms, cut into pieces that the input chooses: the parts are the same however the bytes come.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "serve/field_parameters.h"
#include "serve/multipart.h"

namespace {

using namespace attune;

class Kept : public serve::MultipartSink {
 public:
  serve::Answer<void> begin(serve::PartHead head) override {
    text += "[" + head.name + "|" + head.filename.value_or("-") + "|";
    if (head.filename && head.filename->find('/') != std::string::npos) std::abort();
    return {};
  }
  serve::Answer<void> data(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  serve::Answer<void> end() override {
    text += "]";
    return {};
  }
  std::string text;
};

std::string outcome(std::string_view bytes, std::size_t piece) {
  Kept kept;
  serve::MultipartParser parser("B", kept);
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (!parser.add(bytes.substr(at, piece))) return "refused";
  return parser.finish() ? kept.text : "refused";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)serve::multipart_boundary(bytes);
  (void)serve::decode_extended_value(bytes);
  const std::string whole = outcome(bytes, size + 1);
  // The limit of a part's header may be met earlier when bytes come in pieces.
  if (size < 8000 && whole != outcome(bytes, 1 + size % 13)) std::abort();
  return 0;
}
