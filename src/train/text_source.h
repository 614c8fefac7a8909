// A source of text for pretraining, and its way into tokens.
//
//   .jsonl    each row {"text": "..."} or {"messages": [...], "tools": [...]?} is a document;
//             messages are rendered with the chat template of the tokenizer's folder
//   a folder  every .jsonl, .txt and .md file below it, in the order of their paths
//   other     the file is one document of plain text
//
// A text document is encoded with the tokenizer's own additions (a begin-of-text token where it has
// one) and closed with its end-of-text token. What is written in a text never becomes a control
// token.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "io/file.h"
#include "train/token_file.h"

namespace attune::train {

struct TextSource {
  Path path;
  // Of the trained tokens, relative to the other sources; 0: in proportion to its size.
  double share = 0;
};

// Every token of a text is a target. Of a conversation the assistant's tokens are, with their own
// weights; all others (questions, role marks) are targets of weight `prompt_weight`, 0 to 1.
//
// The tokens of `source` from `cache_folder`, made first when they are not there or something they
// depend on changed. An error names file and line: unreadable, not UTF-8, broken JSON, neither text
// nor messages, no text at all.
Result<TokenFile> tokenise_source(const TextSource& source, const Path& tokenizer_folder,
                                  const Path& cache_folder, float prompt_weight, ThreadPool& pool,
                                  const std::function<void(const std::string&)>& note);

}  // namespace attune::train
