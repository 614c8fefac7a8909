#include "data/manifest.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "data/shingles.h"
#include "io/sha256.h"

namespace attune::data {

namespace {

constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kNumberDigits = 8;

std::string signature_digits(const Signature& signature) {
  std::string digits;
  for (const std::uint32_t number : signature) digits += fmt::format("{:08x}", number);
  return digits;
}

std::vector<std::string> entries_of(const TestManifest& manifest) {
  std::vector<std::string> entries;
  for (const FrozenRow& row : manifest.rows) {
    entries.push_back(
        fmt::format("{} {} {}", row.row, row.question, signature_digits(row.signature)));
  }
  for (const std::string& question : manifest.compared) entries.push_back("compared " + question);
  return entries;
}

template <typename Number>
bool read_digits(std::string_view digits, Number& number) {
  const char* end = digits.data() + digits.size();
  return std::from_chars(digits.data(), end, number, 16).ptr == end && !digits.empty();
}

bool is_hex_digest(const std::string& text) {
  return text.size() == kDigestDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Failure not_a_manifest(const Path& path, std::string found) {
  return bad_input(
      {.where = path.string(),
       .found = std::move(found),
       .wanted = "a test manifest of version 1, as attune data split --freeze writes it",
       .fix = "take the file from a copy; the rows that it froze can't be told from it"});
}

std::string string_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool read_row(const Json& json, FrozenRow& row) {
  if (!json.is_object()) return false;
  row.row = string_at(json, "row");
  row.question = string_at(json, "question");
  const std::string digits = string_at(json, "signature");
  if (!is_hex_digest(row.row) || !is_hex_digest(row.question) ||
      digits.size() != kHashes * kNumberDigits)
    return false;
  for (std::size_t i = 0; i < kHashes; ++i) {
    if (!read_digits(std::string_view(digits).substr(i * kNumberDigits, kNumberDigits),
                     row.signature[i]))
      return false;
  }
  return true;
}

// The first frozen row of each question, and the bands of all, for looking up.
class FrozenIndex {
 public:
  explicit FrozenIndex(const TestManifest& manifest) : manifest_(manifest) {
    for (std::size_t i = 0; i < manifest.rows.size(); ++i) {
      questions_.emplace(manifest.rows[i].question, i);
      for (std::size_t band = 0; band < kBands; ++band)
        bands_[key_of(manifest.rows[i].signature, band)].push_back(i);
    }
  }

  const std::size_t* find(const std::string& question) const {
    const auto found = questions_.find(question);
    return found == questions_.end() ? nullptr : &found->second;
  }

  // The most alike, where it reaches the threshold.
  std::pair<std::size_t, double> find(const Signature& signature) const {
    std::pair<std::size_t, double> best = {0, 0.0};
    for (std::size_t band = 0; band < kBands; ++band) {
      const auto found = bands_.find(key_of(signature, band));
      if (found == bands_.end()) continue;
      for (const std::size_t i : found->second) {
        const double alike = estimated_similarity(signature, manifest_.rows[i].signature);
        if (alike > best.second) best = {i, alike};
      }
    }
    return best;
  }

 private:
  static std::uint64_t key_of(const Signature& signature, std::size_t band) {
    return band_key(signature, band) * 31 + band;
  }
  const TestManifest& manifest_;
  std::unordered_map<std::string, std::size_t> questions_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> bands_;
};

std::string words_for(const FrozenMatch& match) {
  return match.exact ? "exactly"
                     : fmt::format("nearly (about {:.0f} % alike)", match.similarity * 100);
}

std::vector<Example> chosen(std::span<const Example> examples, std::span<const std::int64_t> rows) {
  std::vector<Example> some;
  for (const std::int64_t row : rows) some.push_back(examples[static_cast<std::size_t>(row)]);
  return some;
}

}  // namespace

std::string merkle_root(std::span<const std::string> entries) {
  using namespace std::string_literals;
  if (entries.empty()) return sha256("");
  if (entries.size() == 1) return sha256("\0"s + entries[0]);
  const std::size_t left = std::bit_ceil(entries.size()) / 2;
  return sha256("\1" + merkle_root(entries.first(left)) + merkle_root(entries.subspan(left)));
}

// Questions beside the test whose estimate reaches the threshold and whose exact similarity with
// every test question does not.
static std::vector<std::string> compared_questions(std::span<const Example> examples,
                                                   const Split& split, const TestManifest& manifest,
                                                   const ExampleTexts& test) {
  std::set<std::string> compared;
  std::vector<std::int64_t> beside = split.train;
  beside.insert(beside.end(), split.validation.begin(), split.validation.end());
  for (const FrozenMatch& match : find_frozen(examples, beside, manifest)) {
    const Example& example = examples[static_cast<std::size_t>(match.row)];
    const ExampleTexts own = example_texts({&example, 1}, manifest.shared);
    bool alike = match.exact;
    for (std::int64_t i = 0; i < test.size() && !alike; ++i)
      alike = similarity(own.asked(0), test.asked(i)) >= manifest.threshold;
    if (!alike) compared.insert(match.question);
  }
  return {compared.begin(), compared.end()};
}

TestManifest freeze(std::span<const Example> examples, const Split& split) {
  TestManifest manifest;
  manifest.shared = shared_text(examples);
  const ExampleTexts texts = example_texts(chosen(examples, split.test), manifest.shared);
  MinHasher hasher;
  for (std::int64_t i = 0; i < texts.size(); ++i) {
    manifest.rows.push_back({.row = sha256(texts.rows[static_cast<std::size_t>(i)]),
                             .question = sha256(texts.asked(i)),
                             .signature = hasher.sign(shingles(texts.asked(i)))});
  }
  manifest.compared = compared_questions(examples, split, manifest, texts);
  manifest.root = merkle_root(entries_of(manifest));
  return manifest;
}

Json to_json(const TestManifest& manifest) {
  Json lines = Json::array();
  for (const std::uint64_t line : manifest.shared.lines)
    lines.push_back(fmt::format("{:016x}", line));
  Json rows = Json::array();
  for (const FrozenRow& row : manifest.rows) {
    rows.push_back({{"row", row.row},
                    {"question", row.question},
                    {"signature", signature_digits(row.signature)}});
  }
  return {{"version", 1},
          {"root", manifest.root},
          {"threshold", manifest.threshold},
          {"instructions_count", manifest.shared.instructions_count},
          {"shared_lines", std::move(lines)},
          {"rows", std::move(rows)},
          {"compared", manifest.compared}};
}

Result<void> write_manifest(const TestManifest& manifest, const Path& path) {
  return write_file_atomic(path, to_pretty_text(to_json(manifest)));
}

Result<TestManifest> read_manifest(const Path& path) {
  ATTUNE_TRY(const Json json, read_json(path));
  const auto member = [&](const char* key) -> const Json& {
    static const Json kNothing;
    const auto found = json.is_object() ? json.find(key) : json.end();
    return found == json.end() ? kNothing : *found;
  };
  if (member("version") != Json(1)) return not_a_manifest(path, "no \"version\" of 1");
  TestManifest manifest;
  manifest.root = string_at(json, "root");
  const Json& threshold = member("threshold");
  if (!threshold.is_number() || !(threshold.get<double>() >= 0.5 && threshold.get<double>() <= 1))
    return not_a_manifest(path, "no \"threshold\" from 0.5 to 1");
  manifest.threshold = threshold.get<double>();
  if (!member("instructions_count").is_boolean())
    return not_a_manifest(path, "no \"instructions_count\"");
  manifest.shared.instructions_count = member("instructions_count").get<bool>();
  for (const char* list : {"shared_lines", "rows", "compared"}) {
    if (!member(list).is_array()) return not_a_manifest(path, fmt::format("no list \"{}\"", list));
  }
  for (const Json& line : member("shared_lines")) {
    std::uint64_t number = 0;
    if (!line.is_string() || !read_digits(line.get<std::string>(), number))
      return not_a_manifest(path, "a shared line that is not a hexadecimal number");
    manifest.shared.lines.insert(number);
  }
  for (const Json& row : member("rows")) {
    if (!read_row(row, manifest.rows.emplace_back())) {
      return not_a_manifest(path, fmt::format("rows[{}] without row, question and signature",
                                              manifest.rows.size() - 1));
    }
  }
  for (const Json& question : member("compared")) {
    if (!question.is_string() || !is_hex_digest(question.get<std::string>()))
      return not_a_manifest(path, "an entry of \"compared\" that is not a SHA-256");
    manifest.compared.push_back(question.get<std::string>());
  }
  if (merkle_root(entries_of(manifest)) != manifest.root)
    return not_a_manifest(path, "rows that do not fit the root: they were changed");
  return manifest;
}

std::vector<FrozenMatch> find_frozen(std::span<const Example> examples,
                                     std::span<const std::int64_t> rows,
                                     const TestManifest& manifest) {
  const FrozenIndex index(manifest);
  const std::unordered_set<std::string> compared(manifest.compared.begin(),
                                                 manifest.compared.end());
  const ExampleTexts texts = example_texts(chosen(examples, rows), manifest.shared);
  MinHasher hasher;
  std::vector<FrozenMatch> matches;
  for (std::int64_t i = 0; i < texts.size(); ++i) {
    const std::string& asked = texts.asked(i);
    FrozenMatch match{.row = rows[static_cast<std::size_t>(i)], .question = sha256(asked)};
    if (const std::size_t* same = index.find(match.question)) {
      match.frozen = static_cast<std::int64_t>(*same);
      match.exact = true;
      matches.push_back(std::move(match));
      continue;
    }
    const auto [frozen, alike] = index.find(hasher.sign(shingles(asked)));
    if (alike < manifest.threshold || compared.contains(match.question)) continue;
    match.frozen = static_cast<std::int64_t>(frozen);
    match.similarity = alike;
    matches.push_back(std::move(match));
  }
  return matches;
}

void leave_out_frozen(std::span<const Example> examples, const TestManifest& manifest,
                      const SplitRecord& earlier, Split& split) {
  for (std::vector<std::int64_t>* part : {&split.train, &split.validation}) {
    for (const FrozenMatch& match : find_frozen(examples, *part, manifest)) {
      const Example& example = examples[static_cast<std::size_t>(match.row)];
      if (earlier.parts.contains(prompt_hash(example))) continue;
      std::erase(*part, match.row);
      split.unused.push_back(match.row);
      Finding finding;
      finding.rule = "frozen_test";
      finding.severity = Severity::warning;
      finding.action = Action::dropped;
      finding.where = example.where();
      finding.row = example.id;
      finding.found = "a new row that asks " + words_for(match) + " what the frozen test asks";
      finding.wanted = "a question that the frozen test does not ask";
      finding.fix = "nothing to do; the row is set aside";
      split.findings.push_back(std::move(finding));
    }
  }
  std::sort(split.unused.begin(), split.unused.end());
}

Result<void> refuse_frozen(std::span<const Example> examples, std::span<const std::int64_t> rows,
                           const TestManifest& manifest, const std::string& where) {
  const std::vector<FrozenMatch> matches = find_frozen(examples, rows, manifest);
  if (matches.empty()) return {};
  constexpr std::size_t kNamed = 3;
  std::string places;
  for (std::size_t i = 0; i < std::min(matches.size(), kNamed); ++i) {
    const FrozenMatch& match = matches[i];
    places += fmt::format("{}{} {}", i == 0 ? "" : ", ",
                          examples[static_cast<std::size_t>(match.row)].where(), words_for(match));
  }
  return bad_input(
      {.where = where,
       .found =
           fmt::format("{} of {} rows to train or choose a model on ask what the frozen test "
                       "asks: {}{}",
                       matches.size(), rows.size(), places, matches.size() > kNamed ? ", ..." : ""),
       .wanted = "a test of what training has not seen",
       .fix = "leave these rows out: attune data split FILE --out the manifest's folder does so"});
}

}  // namespace attune::data
