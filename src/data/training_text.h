// The text of a data file: mapped when it is a plain file, in memory when it comes from standard
// input, is compressed, or is the first sheet of an Excel workbook (as JSONL: workbook.h).
//
//   ATTUNE_TRY(const TrainingText text, TrainingText::open("train.jsonl.zst"));
//   read_examples_from_text(text.text(), text.name(), options);
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file.h"

namespace attune::data {

class TrainingText {
 public:
  // "-" is standard input. gzip and Zstandard are known by their first bytes, whatever the name;
  // several streams behind one another are one text. So is a workbook. Refused: what cannot be
  // read, a stream that is broken or cut off, one of more than 32 GiB of text, and what workbook.h
  // refuses.
  static Result<TrainingText> open(const Path& path);

  std::string_view text() const { return file_ ? file_->text() : std::string_view(text_); }
  // MappedFile::give_back() where the text is a file's own bytes.
  void give_back(std::size_t end) const {
    if (file_) file_->give_back(end);
  }
  // The path, or "standard input".
  const std::string& name() const { return name_; }
  // Where the text comes from when it is not the file's own bytes: "compression: gzip, by its first
  // bytes"; else empty.
  const std::string& evidence() const { return evidence_; }
  bool is_workbook() const { return is_workbook_; }

 private:
  std::optional<MappedFile> file_;
  std::string text_;
  std::string name_;
  std::string evidence_;
  bool is_workbook_ = false;
};

// The name without what says that it is compressed: train.jsonl of train.jsonl.zst.
std::string name_without_compression(const std::string& name);

}  // namespace attune::data
