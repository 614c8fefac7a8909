// Writing HTML that data cannot break out of: everything that comes from outside passes escape().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"

namespace attune::eval {

// Safe as text and inside a quoted attribute: & < > " ' are escaped, bytes that are not UTF-8 and
// control characters (but tab and line ends) become U+FFFD, and characters that change the reading
// direction are shown by their code, so that a text cannot dress up as another.
std::string escape(std::string_view text);

// A JSON object of facts as a definition list: keys read as words, lists joined by commas, lists of
// objects as tables, objects inside objects under a heading of their own.
std::string facts_html(const Json& facts);

// A table of cells that are already HTML. The first cell of a row is its heading.
struct Column {
  std::string heading;
  bool numeric = false;
};
struct Row {
  std::vector<std::string> cells;
  bool subject = false;  // set off in colour
};
std::string table_html(const std::vector<Column>& columns, const std::vector<Row>& rows);

// A whole page without outside parts or scripts, in light and dark. `body` is HTML, `style` the
// rules of this page alone, the rest text. The colours are the variables of html_page.cc.
std::string html_page(std::string_view title, std::string_view meta, std::string_view body,
                      std::string_view footer, std::string_view style = "");

// "learning_rate" -> "learning rate"
std::string words_of_key(std::string_view key);

}  // namespace attune::eval
