// What the checks of one chat row find out that need no other row: the greater part of the work,
// which any thread may do (rows_ahead.h). The findings say neither the row's name nor what comes
// between them.
#pragma once

#include <optional>
#include <vector>

#include "data/check_messages.h"
#include "data/seen_rows.h"

namespace attune::data {

struct ExaminedChat {
  ConversationView view;
  std::vector<Finding> messages;  // of check_messages()
  std::vector<Finding> personal;  // secrets and personal data (D037)
  RowHashes hashes;
};

// Nothing: the row is no chat row.
using ExaminedRow = std::optional<ExaminedChat>;

}  // namespace attune::data
