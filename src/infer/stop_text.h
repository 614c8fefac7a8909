// Finds the texts that end an answer while the answer is still growing, and never shows one in
// part.
//
//   StopText stop({"\n\n", "Question:"});
//   shown += stop.push(piece, false);         // the text that is certain to be shown
//   if (stop.stopped()) ...                   // one was met: it and what follows are not shown
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::infer {

class StopText {
 public:
  explicit StopText(std::vector<std::string> stops);  // empty texts never match

  // Takes the next piece of the answer; after the `last` one nothing is held back.
  std::string push(std::string_view piece, bool last);
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string pending_;  // text held back because a stop text may begin in it
  bool stopped_ = false;
};

}  // namespace attune::infer
