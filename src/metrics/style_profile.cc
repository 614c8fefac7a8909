#include "metrics/style_profile.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/trim.h"
#include "metrics/sentences.h"
#include "metrics/text_parts.h"
#include "metrics/tokens.h"

namespace attune::metrics {

namespace {

using Histogram = std::vector<double>;

// Counts to shares; nothing counted is all in the last bin, which stands for "none".
Histogram shares(Histogram counts) {
  double sum = 0;
  for (double count : counts) sum += count;
  if (sum == 0) {
    counts.back() = 1;
    return counts;
  }
  for (double& count : counts) count /= sum;
  return counts;
}

template <std::size_t N>
std::size_t bucket(std::size_t value, const std::array<std::size_t, N>& upper_bounds) {
  return static_cast<std::size_t>(
      std::lower_bound(upper_bounds.begin(), upper_bounds.end(), value) - upper_bounds.begin());
}

Histogram length_histogram(std::string_view text) {
  constexpr std::array<std::size_t, 6> kUpTo{10, 25, 50, 100, 200, 400};
  Histogram histogram(kUpTo.size() + 1, 0);
  histogram[bucket(word_tokens(text).size(), kUpTo)] = 1;
  return histogram;
}

enum LineKind : std::size_t { kHeading, kBullet, kNumbered, kTable, kCode, kPlain, kLineKinds };

LineKind kind_of_line(std::string_view line) {
  if (line.starts_with("#")) return kHeading;
  if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("\xE2\x80\xA2")) {
    return kBullet;
  }
  if (line.starts_with("|")) return kTable;
  std::size_t digits = 0;
  while (digits < line.size() && is_ascii_digit(line[digits])) ++digits;
  const bool numbered = digits > 0 && digits + 1 < line.size() &&
                        (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ';
  return numbered ? kNumbered : kPlain;
}

Histogram line_histogram(std::string_view text) {
  Histogram counts(kLineKinds, 0);
  bool in_code = false;
  for (std::string_view line : lines_of(text)) {
    line = trim(line);
    if (line.empty()) continue;
    const bool fence = line.starts_with("```");
    ++counts[fence || in_code ? kCode : kind_of_line(line)];
    if (fence) in_code = !in_code;
  }
  return shares(std::move(counts));
}

Histogram sentence_histogram(std::string_view text) {
  constexpr std::array<std::size_t, 4> kUpTo{5, 10, 20, 30};
  Histogram counts(kUpTo.size() + 2, 0);  // the last bin: no sentence
  for (std::string_view sentence : sentences_of(text)) {
    ++counts[bucket(word_tokens(sentence).size(), kUpTo)];
  }
  return shares(std::move(counts));
}

Histogram person_histogram(std::string_view text) {
  constexpr std::array<std::array<std::string_view, 5>, 3> kPronouns{
      {{"i", "me", "my", "mine", "myself"},
       {"we", "us", "our", "ours", "ourselves"},
       {"you", "your", "yours", "yourself", "yourselves"}}};
  Histogram counts(kPronouns.size() + 1, 0);
  for (const std::string& word : word_tokens(text)) {
    for (std::size_t person = 0; person < kPronouns.size(); ++person) {
      const auto& forms = kPronouns[person];
      if (std::find(forms.begin(), forms.end(), word) != forms.end()) ++counts[person];
    }
  }
  return shares(std::move(counts));
}

Histogram ending_histogram(std::string_view text) {
  constexpr std::string_view kMarks = ".!?:";
  Histogram histogram(kMarks.size() + 1, 0);
  const std::string_view trimmed = trim(text);
  const std::size_t mark = trimmed.empty() ? std::string_view::npos : kMarks.find(trimmed.back());
  histogram[mark == std::string_view::npos ? kMarks.size() : mark] = 1;
  return histogram;
}

Histogram term_histogram(std::string_view text, const grammar::Glossary& glossary) {
  const grammar::GlossaryUse use = glossary.check(text);
  return shares({static_cast<double>(use.preferred), static_cast<double>(use.forbidden.size()), 0});
}

Histogram closing_histogram(std::string_view text, const std::vector<std::string>& formulas) {
  const std::vector<std::string_view> lines = lines_of(trim(text));
  const bool closes =
      !lines.empty() && std::any_of(formulas.begin(), formulas.end(), [&](const auto& formula) {
        return trim(lines.back()).starts_with(formula);
      });
  return closes ? Histogram{1, 0} : Histogram{0, 1};
}

// p log2(p / m), 0 for p = 0.
double entropy_part(double p, double m) { return p > 0 ? p * std::log2(p / m) : 0; }

}  // namespace

StyleProfile style_profile(std::string_view text, const StyleOptions& options) {
  StyleProfile profile = {length_histogram(text), line_histogram(text), sentence_histogram(text),
                          person_histogram(text), ending_histogram(text)};
  if (options.glossary != nullptr && !options.glossary->empty()) {
    profile.push_back(term_histogram(text, *options.glossary));
  }
  if (!options.closing_formulas.empty()) {
    profile.push_back(closing_histogram(text, options.closing_formulas));
  }
  return profile;
}

std::optional<StyleProfile> mean_profile(std::span<const std::string> texts,
                                         const StyleOptions& options) {
  if (texts.empty()) return std::nullopt;
  StyleProfile mean;
  for (const std::string& text : texts) {
    StyleProfile profile = style_profile(text, options);
    if (mean.empty()) {
      mean = std::move(profile);
      continue;
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
      for (std::size_t j = 0; j < mean[i].size(); ++j) mean[i][j] += profile[i][j];
    }
  }
  for (Histogram& histogram : mean) {
    for (double& value : histogram) value /= static_cast<double>(texts.size());
  }
  return mean;
}

double jensen_shannon_distance(std::span<const double> p, std::span<const double> q) {
  double divergence = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double m = (p[i] + q[i]) / 2;
    divergence += (entropy_part(p[i], m) + entropy_part(q[i], m)) / 2;
  }
  return std::sqrt(std::clamp(divergence, 0.0, 1.0));
}

double style_distance(const StyleProfile& left, const StyleProfile& right) {
  double sum = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    sum += jensen_shannon_distance(left[i], right[i]);
  }
  return sum / static_cast<double>(left.size());
}

std::optional<double> style_stability(std::span<const std::string> outputs,
                                      const StyleProfile& house, const StyleOptions& options) {
  if (outputs.empty()) return std::nullopt;
  double sum = 0;
  for (const std::string& output : outputs) {
    sum += style_distance(style_profile(output, options), house);
  }
  return 1 - sum / static_cast<double>(outputs.size());
}

}  // namespace attune::metrics
