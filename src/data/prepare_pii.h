// Secrets and personal data of rows that are being prepared: told, masked, or a reason to leave the
// row out (pii.h).
#pragma once

#include <vector>

#include "data/example.h"
#include "data/pii.h"
#include "data/report.h"

namespace attune::data {

// Looks at every text of the row (messages, tool-call arguments, both answers of a preference
// pair). Under PiiPolicy::mask the values are replaced, the same value the same in the whole row.
// Adds a finding for each text that holds some. False when the row is to be left out.
bool treat_pii(Example& example, const PiiScanner& scanner, PiiPolicy policy,
               std::vector<Finding>& findings);

}  // namespace attune::data
