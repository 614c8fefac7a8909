// The style of a text as small histograms, and how far two styles are apart.
//
//   const StyleProfile house = mean_profile(reference_texts, options);
//   style_stability(outputs, house, options)     1 - mean distance, in [0, 1]
//
// Histograms: length in words; kinds of lines (heading, bullet, numbered, table, code, plain);
// length of sentences in words; person of the pronouns (I, we, you, none); the mark that ends the
// text; and, where the options name them, terms of the house against terms to avoid, and the
// closing formula. The distance of two profiles is the mean over histograms of the Jensen-Shannon
// distance (square root of the divergence in bits; Endres and Schindelin 2003).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/glossary.h"

namespace attune::metrics {

struct StyleOptions {
  const grammar::Glossary* glossary = nullptr;
  std::vector<std::string> closing_formulas = {};  // "Kind regards": the last line begins with one
};

using StyleProfile = std::vector<std::vector<double>>;

StyleProfile style_profile(std::string_view text, const StyleOptions& options = {});
// The house style. Nothing without texts.
std::optional<StyleProfile> mean_profile(std::span<const std::string> texts,
                                         const StyleOptions& options = {});

// Both sum to 1.
double jensen_shannon_distance(std::span<const double> p, std::span<const double> q);
double style_distance(const StyleProfile& left, const StyleProfile& right);

// Nothing without outputs.
std::optional<double> style_stability(std::span<const std::string> outputs,
                                      const StyleProfile& house, const StyleOptions& options = {});

}  // namespace attune::metrics
