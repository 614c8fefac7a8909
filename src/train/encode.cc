#include "train/encode.h"

#include <utility>

namespace attune::train {

void EncodedRows::add(std::int64_t line, const std::string& where, Result<text::EncodedChat> chat) {
  if (!chat) {
    Error error = std::move(chat).error();
    error.where = where + (error.where.empty() ? "" : ", " + error.where);
    faults.push_back({line, std::move(error)});
    return;
  }
  chats.push_back(std::move(*chat));
  lines.push_back(line);
}

void EncodedRows::finish() {
  for (std::size_t i = 0; i < chats.size(); ++i) {
    documents.push_back({.row = lines[i], .tokens = chats[i].ids, .weights = chats[i].trained});
  }
}

Result<void> EncodedRows::check() const {
  if (faults.empty()) return {};
  return Failure(faults.front().error);
}

EncodedRows encode_rows(const text::ChatFormat& format, std::span<const data::Example> examples,
                        std::span<const std::int64_t> rows) {
  EncodedRows encoded;
  for (const std::int64_t row : rows) {
    const data::Example& example = examples[static_cast<std::size_t>(row)];
    encoded.add(example.line, example.where(),
                format.encode_training(example.messages, example.tools));
  }
  encoded.finish();
  return encoded;
}

}  // namespace attune::train
