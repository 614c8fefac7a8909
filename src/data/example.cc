#include "data/example.h"

#include "io/text_encoding.h"

namespace attune::data {

std::string Example::where() const { return name_place(source, line); }

std::string_view row_kind_name(RowKind kind) {
  switch (kind) {
    case RowKind::supervised:
      return "supervised";
    case RowKind::preference:
      return "preference";
    case RowKind::labelled:
      return "labelled";
    case RowKind::reinforcement:
      return "reinforcement";
    case RowKind::stepwise:
      return "stepwise";
    case RowKind::prompt:
      return "prompt";
    case RowKind::text:
      return "text";
    case RowKind::segments:
      return "segments";
    case RowKind::tokens:
      return "tokens";
  }
  return "";
}

}  // namespace attune::data
