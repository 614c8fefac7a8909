// A comparison with the shape of a real one, for the tests of reports.
#pragma once

#include "eval/report.h"

namespace attune::eval {

// `n` support tickets answered by three arms with fixed error rates; everything comes from
// counter-based random numbers, so it is the same each time.
ReportInput sample_report(int n = 320);

// A small one in which every text that a user or a model controls is hostile.
ReportInput hostile_report();

// Pieces of markup and script that must come out as text.
inline constexpr const char* kHostile =
    "</pre></title></style><script>alert(1)</script><img src=x "
    "onerror=alert(2)>\"'&\xff\x01\xE2\x80\xAE";

}  // namespace attune::eval
