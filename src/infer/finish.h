// Why an answer ended.
#pragma once

namespace attune::infer {

enum class Finish {
  stop,       // a stop token or a stop text
  length,     // the most tokens that were asked for, or the context's end
  cancelled,  // the asker went away, or the engine stopped
};

}  // namespace attune::infer
