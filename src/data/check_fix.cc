#include "data/check_fix.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "data/check_encoding.h"
#include "data/check_rows.h"
#include "data/line_patch.h"
#include "data/row_mender.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

std::int64_t line_breaks(std::string_view text) {
  return std::count(text.begin(), text.end(), '\n');
}

// The text as UTF-8 without its mark, and the mends that this took.
std::string as_plain_utf8(std::string_view text, const std::string& source,
                          std::vector<Mend>& mends) {
  if (text.starts_with(kUtf8ByteOrderMark)) {
    text.remove_prefix(kUtf8ByteOrderMark.size());
    mends.push_back(
        {.code = "D002", .line = 1, .row = {}, .path = {}, .what = "a byte order mark, removed"});
  }
  if (find_invalid_utf8(text) == std::string_view::npos) return std::string(text);
  std::vector<Finding> findings;
  std::string good = read_as_utf8(text, source, findings);
  for (const Finding& finding : findings) {
    mends.push_back({.code = "D001",
                     .line = finding.line,
                     .row = {},
                     .path = {},
                     .what = "bytes of Windows-1252 became UTF-8"});
  }
  return good;
}

class TextFixer {
 public:
  TextFixer(std::string_view original, const std::string& source, const CheckOptions& options)
      : source_(source), options_(options), patch_(original) {}

  Result<FixedText> fix_rows(std::string_view original, bool jsonl_meant) && {
    const std::string text = as_plain_utf8(original, source_, fixed_.mends);
    std::vector<Finding> findings;
    JsonRows rows(text, source_, jsonl_meant, findings);
    ATTUNE_TRY_VOID(rows.open());
    CheckedRow row;
    while (true) {
      const bool more = rows.next(row);
      for (const JsonRows::PassedOver& passed : rows.passed_over()) {
        write_as_it_is(passed.text, passed.line);
      }
      if (!more) break;
      fix_row(row, rows.duplicate_keys());
    }
    ATTUNE_TRY_VOID(check_document_is_whole(rows.format(), findings));
    fixed_.extension = ".jsonl";
    for (const Finding& finding : findings) {
      if (finding.code == "D004")
        fixed_.mends.push_back({.code = "D004",
                                .line = finding.line,
                                .row = finding.row,
                                .path = {},
                                .what = "records were written one a line"});
    }
    return finish();
  }

  // A table is mended as a text: its cells have no rules but what they hold.
  FixedText fix_table(std::string_view original) && {
    const std::string text = as_plain_utf8(original, source_, fixed_.mends);
    std::string_view left = text;
    std::int64_t number = 0;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      std::string_view line = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
      ++number;
      const bool carriage = line.ends_with('\r');
      if (carriage) line.remove_suffix(1);
      // A carriage return inside a line may be the end of a record.
      std::string visible =
          line.find('\r') == std::string_view::npos ? without_invisible(line) : std::string(line);
      if (visible != line)
        add_mend(fixed_.mends,
                 {.code = "D002",
                  .line = number,
                  .row = {},
                  .path = {},
                  .what = "invisible characters removed"},
                 line, visible, options_);
      if (carriage) visible += '\r';
      write(visible, number, number);
    }
    fixed_.extension = Path(source_).extension().string();
    return finish();
  }

 private:
  // Behind a fault nobody can say where the records of an array begin.
  static Result<void> check_document_is_whole(std::string_view format,
                                              const std::vector<Finding>& findings) {
    if (format == "JSONL") return {};
    for (const Finding& finding : findings) {
      if (finding.code != "D003" && finding.code != "D006") continue;
      return bad_input({.where = finding.where,
                        .found = finding.found,
                        .wanted = finding.wanted,
                        .fix = "mend this by hand first; " + finding.fix});
    }
    return {};
  }

  void write(std::string_view line, std::int64_t first, std::int64_t last) {
    patch_.add_line(line, first, last);
    fixed_.text += line;
    fixed_.text += '\n';
  }

  void write_as_it_is(std::string_view text, std::int64_t line) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    while (true) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      write(text.substr(0, end), line, line);
      if (end == text.size()) return;
      text.remove_prefix(end + 1);
      ++line;
    }
  }

  // Until nothing is left to mend: taking out one value may bring another to light.
  void fix_row(const CheckedRow& row, const std::vector<JsonRef>& duplicates) {
    const std::int64_t last = row.line + line_breaks(row.text);
    std::optional<std::string> mended = mend_row(row, duplicates, options_, fixed_.mends);
    constexpr int kMostRounds = 10;
    for (int round = 0; mended && round < kMostRounds; ++round) {
      JsonTree tree;
      if (tree.parse(*mended)) break;
      CheckedRow again = row;
      again.text = *mended;
      again.column = 1;
      again.value = tree.root();
      const std::size_t known = fixed_.mends.size();
      std::optional<std::string> next =
          mend_row(again, tree.duplicate_keys(), options_, fixed_.mends);
      if (fixed_.mends.size() == known) break;
      mended = std::move(next);
    }
    if (mended) write(*mended, row.line, last);
  }

  FixedText finish() {
    fixed_.patch = patch_.finish(source_, "fixed" + fixed_.extension);
    return std::move(fixed_);
  }

  const std::string& source_;
  const CheckOptions& options_;
  FixedText fixed_;
  LinePatch patch_;
};

}  // namespace

void add_mend(std::vector<Mend>& mends, Mend mend, std::string_view before, std::string_view after,
              const CheckOptions& options) {
  constexpr std::size_t kMostShown = 200;
  const auto hash = [](std::string_view text) {
    return text.empty() ? 0 : XXH3_64bits(text.data(), text.size());
  };
  mend.before = hash(before);
  mend.after = hash(after);
  if (options.samples && mends.size() < kMostShown) {
    mend.text_before = sample_text(before, options.pii);
    mend.text_after = sample_text(after, options.pii);
  }
  mends.push_back(std::move(mend));
}

Result<FixedText> fix_text(std::string_view text, const std::string& source,
                           const CheckOptions& options) {
  ATTUNE_TRY_VOID(check_is_text(text, source));
  TextFixer fixer(text, source, options);
  const std::optional<bool> jsonl_meant = json_is_meant(text, source, options.read.format);
  if (!jsonl_meant) return std::move(fixer).fix_table(text);
  return std::move(fixer).fix_rows(text, *jsonl_meant);
}

std::string mend_log(const std::vector<Mend>& mends) {
  std::string log;
  for (const Mend& mend : mends) {
    const auto hash = [](std::uint64_t value) {
      return value == 0 ? std::string() : fmt::format("{:016x}", value);
    };
    log += to_text(Json{{"code", mend.code},
                        {"line", mend.line},
                        {"row", mend.row},
                        {"path", mend.path},
                        {"what", mend.what},
                        {"before", hash(mend.before)},
                        {"after", hash(mend.after)}}) +
           "\n";
  }
  return log;
}

}  // namespace attune::data
