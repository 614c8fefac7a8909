// Rows of chat in tokens: what stands between prepared examples and a Trainer. `attune tune` and
// the server's jobs share it.
//
//   const EncodedRows train = encode_rows(format, examples, rows);
//   ATTUNE_TRY_VOID(train.check());                        // or: look at train.faults
//   ATTUNE_TRY(Trainer trainer, Trainer::create(context, model, {.train = train.documents}, o));
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "text/chat_format.h"
#include "train/document.h"

namespace attune::train {

struct EncodedRows {
  EncodedRows() = default;
  EncodedRows(EncodedRows&&) noexcept = default;  // no copies: the documents would see the original
  EncodedRows& operator=(EncodedRows&&) noexcept = default;

  // A row that the model's template or tokenizer refuses; it has no document.
  struct Fault {
    std::int64_t line = 0;
    Error error;  // `where` begins with the row's place
  };

  std::vector<text::EncodedChat> chats;
  std::vector<std::int64_t> lines;  // of each chat, in its file
  std::vector<Document> documents;  // views into `chats`
  std::vector<Fault> faults;

  // To build it: add() each row, then finish() once.
  void add(std::int64_t line, const std::string& where, Result<text::EncodedChat> chat);
  void finish();

  Result<void> check() const;  // the first fault, if any
};

// The examples named by `rows`, in that order.
EncodedRows encode_rows(const text::ChatFormat& format, std::span<const data::Example> examples,
                        std::span<const std::int64_t> rows);

}  // namespace attune::train
