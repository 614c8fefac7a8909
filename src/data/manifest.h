// A frozen test: the fingerprints of test rows, kept where training looks, so that no model is
// trained on what it is measured with, today or in a year.
//
//   TestManifest manifest = freeze(examples, split);
//   ATTUNE_TRY_VOID(write_manifest(manifest, "out/test_manifest.json"));
//   ...
//   ATTUNE_TRY_VOID(refuse_frozen(examples, split.train, manifest, path));   // before training
//
// test_manifest.json holds no text: {"version":1, "root", "threshold", "instructions_count",
// "shared_lines":[16 digits,...], "rows":[{"row","question","signature"}], "compared":[...]}. "row"
// is the SHA-256 of question and answer, "question" that of the question, as example_texts.h
// compares them without the shared lines; "signature" is the question's MinHash (minhash.h), 125
// numbers of 8 digits. Signatures only estimate how alike two questions are, so "compared" has the
// SHA-256 of those questions beside the test that were compared exactly when it was frozen and are
// less alike than the estimate says. The root is that of a Merkle tree over the entries in the
// order of the file, as RFC 6962 builds it (leaf SHA-256(0x00 entry), node SHA-256(0x01 left
// right), the left part the largest power of two that leaves something); an entry is "row question
// signature", then, for the compared, "compared question".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "data/example_texts.h"
#include "data/minhash.h"
#include "data/split.h"
#include "data/split_record.h"

namespace attune::data {

inline constexpr const char* kManifestName = "test_manifest.json";

struct FrozenRow {
  std::string row;       // SHA-256, 64 digits
  std::string question;  // SHA-256, 64 digits
  Signature signature{};
};

struct TestManifest {
  SharedText shared;
  double threshold = 0.8;  // questions that are estimated to be this much alike count as one
  std::vector<FrozenRow> rows;
  std::vector<std::string> compared;  // SHA-256 of questions, 64 digits
  std::string root;                   // 64 digits
};

// The test rows of a split.
TestManifest freeze(std::span<const Example> examples, const Split& split);

Json to_json(const TestManifest& manifest);
Result<void> write_manifest(const TestManifest& manifest, const Path& path);
// Refused: what is not a manifest of version 1, and one whose root does not fit its rows.
Result<TestManifest> read_manifest(const Path& path);

// The root over the entries; of none: SHA-256 of nothing.
std::string merkle_root(std::span<const std::string> entries);

// A row that asks what a frozen row asks.
struct FrozenMatch {
  std::int64_t row = 0;     // index into the examples
  std::int64_t frozen = 0;  // index into the manifest's rows
  std::string question;     // SHA-256 of the row's question
  bool exact = false;
  double similarity = 1;  // when not exact: estimated from the signatures, standard error 0.036
};
std::vector<FrozenMatch> find_frozen(std::span<const Example> examples,
                                     std::span<const std::int64_t> rows,
                                     const TestManifest& manifest);

// Takes rows out of training and validation that ask what a frozen row asks, with a finding each,
// but for those of an earlier split, which were compared when the test was frozen.
void leave_out_frozen(std::span<const Example> examples, const TestManifest& manifest,
                      const SplitRecord& earlier, Split& split);

// An error that names the first such rows; nothing when there is none. `where` is the manifest's
// file.
Result<void> refuse_frozen(std::span<const Example> examples, std::span<const std::int64_t> rows,
                           const TestManifest& manifest, const std::string& where);

}  // namespace attune::data
