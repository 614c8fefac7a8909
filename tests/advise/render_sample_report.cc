// Writes a sample report.json and report.html to look at while working on the page:
//   render_sample_report FOLDER
// and prints the terminal table and verdict.
#include <cstdio>

#include "advise/verdict.h"
#include "eval/sample_report.h"
#include "eval/table.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: render_sample_report FOLDER\n", stderr);
    return 2;
  }
  attune::eval::ReportInput input = attune::eval::sample_report();
  input.verdict = attune::advise::decide(input.comparison,
                                         {.format_compliance = 0.96, .domain_accuracy = 0.94});
  const attune::Result<void> written = attune::eval::write_report(argv[1], input);
  if (!written) {
    std::fprintf(stderr, "%s\n", written.error().message().c_str());
    return attune::exit_code(written.error());
  }
  std::printf("%s\n%s", attune::eval::comparison_table(input.comparison).c_str(),
              attune::eval::verdict_text(input.verdict).c_str());
  return input.verdict.exit_code;
}
