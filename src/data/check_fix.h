// What `attune data check --fix` does: the mends that change no meaning, row by row in the text
// itself, so that everything else stays as it was written.
//
//   ATTUNE_TRY(FixedText fixed, fix_text(text, "train.jsonl", options));
//   fixed.text        // JSONL; a table stays a table
//   fixed.mends       // each with row, path, and hashes of the value before and after
//   fixed.patch       // `patch -R fixed.jsonl < fixes.patch` gives the file as it was
//
// Mended are: bytes that are not UTF-8 (read as Windows-1252), the byte order mark, control,
// zero-width and direction characters, carriage returns; records that are not one a line; the same
// member twice; other names of roles; empty system messages; turns behind the last answer; weights
// on messages that are never trained; and secrets and personal data under PiiPolicy::mask and drop.
// A row that cannot be read is written as it is. Mending what was mended changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/check.h"

namespace attune::data {

struct Mend {
  std::string code;  // of check_codes.h
  std::int64_t line = 0;
  std::string row;
  std::string path;
  std::string what;          // "role \"bot\" became \"assistant\""
  std::uint64_t before = 0;  // XXH3 of the value before and after; 0: nothing there
  std::uint64_t after = 0;
  // With CheckOptions::samples, of the first mends: the values, secrets shown in part.
  std::string text_before = {};
  std::string text_after = {};
};

// Adds a mend of a value, with its hashes and, where they are asked for, its texts.
void add_mend(std::vector<Mend>& mends, Mend mend, std::string_view before, std::string_view after,
              const CheckOptions& options);

struct FixedText {
  std::string text;
  std::string extension;  // ".jsonl", or the table's own
  std::vector<Mend> mends;
  std::string patch;  // unified, without context; empty when nothing changed
};

// Refuses what check_text() refuses, and a JSON document that is broken before its end.
Result<FixedText> fix_text(std::string_view text, const std::string& source,
                           const CheckOptions& options);

// One JSON object a line: {"code","line","row","path","what","before","after"}.
std::string mend_log(const std::vector<Mend>& mends);

}  // namespace attune::data
