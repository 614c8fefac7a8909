// The page that report_url of an eval run leads to: the rates with their intervals, the criteria,
// the models' work, and the items that failed. One HTML document that needs nothing else.
#pragma once

#include <string>
#include <vector>

#include "io/json.h"
#include "wire/evals.h"

namespace attune::serve {

// `items`: the objects of output items that are shown, as the API has them.
std::string eval_report_html(const wire::EvalObject& eval, const wire::EvalRunObject& run,
                             const std::vector<Json>& items);

}  // namespace attune::serve
