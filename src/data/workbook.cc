#include "data/workbook.h"

#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <pugixml.hpp>
#include <zip.h>

#include "base/trim.h"
#include "data/workbook_cells.h"
#include "io/json.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

constexpr std::uint64_t kMostPart = std::uint64_t{1} << 30;  // bytes of XML; a tree of it is larger

Failure refused(const std::string& name, std::string found, std::string fix) {
  return bad_input({.where = name,
                    .found = std::move(found),
                    .wanted = "an Excel workbook whose first sheet holds the rows",
                    .fix = std::move(fix)});
}

class Archive {
 public:
  static Result<Archive> open(std::string_view bytes, const std::string& name) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* const source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    zip_t* const zip =
        source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (zip == nullptr) {
      const std::string found =
          fmt::format("a ZIP archive that cannot be read ({})", zip_error_strerror(&error));
      zip_source_free(source);
      zip_error_fini(&error);
      return refused(name, found, "save the workbook again, or as CSV");
    }
    zip_error_fini(&error);
    return Archive(zip, name);
  }

  // The part as an XML tree; nothing when the archive has none of that name.
  Result<std::optional<pugi::xml_document>> xml(const std::string& part) const {
    zip_stat_t stat;
    if (zip_stat(zip_.get(), part.c_str(), 0, &stat) != 0)
      return std::optional<pugi::xml_document>();
    if ((stat.valid & ZIP_STAT_SIZE) == 0 || stat.size > kMostPart)
      return refused(name_, fmt::format("{} of more than 1 GiB", part), "save the sheet as CSV");
    std::string text(stat.size, '\0');
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(
        zip_fopen(zip_.get(), part.c_str(), 0), &zip_fclose);
    if (!file ||
        zip_fread(file.get(), text.data(), text.size()) != static_cast<zip_int64_t>(text.size())) {
      const bool locked =
          (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE;
      return refused(name_,
                     locked ? fmt::format("{} is protected by a password", part)
                            : fmt::format("{} is damaged", part),
                     locked ? "save it without a password" : "save the workbook again, or as CSV");
    }
    std::optional<pugi::xml_document> document(std::in_place);
    constexpr unsigned kKeepSpaces = pugi::parse_default | pugi::parse_ws_pcdata_single;
    const pugi::xml_parse_result parsed =
        document->load_buffer(text.data(), text.size(), kKeepSpaces);
    if (!parsed)
      return refused(name_, fmt::format("{} is no XML ({})", part, parsed.description()),
                     "save the workbook again, or as CSV");
    return document;
  }

 private:
  Archive(zip_t* zip, const std::string& name) : zip_(zip, &zip_discard), name_(name) {}

  std::unique_ptr<zip_t, decltype(&zip_discard)> zip_;
  const std::string& name_;
};

pugi::xml_node child(pugi::xml_node parent, std::string_view name) {
  for (const pugi::xml_node node : parent.children()) {
    if (local_name(node) == name) return node;
  }
  return {};
}

// An attribute by its name without the prefix ("r:id").
std::string_view attribute(pugi::xml_node node, std::string_view name) {
  for (const pugi::xml_attribute found : node.attributes()) {
    const std::string_view whole = found.name();
    const std::size_t colon = whole.find(':');
    if ((colon == std::string_view::npos ? whole : whole.substr(colon + 1)) == name)
      return found.value();
  }
  return {};
}

// The part that a relationship of the workbook names: targets are relative to xl/.
std::string target_of(const pugi::xml_document& relationships, std::string_view id) {
  for (const pugi::xml_node entry : relationships.document_element().children()) {
    if (attribute(entry, "Id") != id) continue;
    const std::string target(attribute(entry, "Target"));
    return target.starts_with('/') ? target.substr(1) : "xl/" + target;
  }
  return {};
}

struct Cells {
  std::vector<std::string> strings;  // shared by all sheets
  std::vector<NumberKind> styles;
  bool since_1904 = false;
  std::int64_t formulas = 0;  // without a result
};

std::string cell_text(pugi::xml_node cell, Cells& cells) {
  const std::string_view type = cell.attribute("t").value();
  if (type == "inlineStr") return rich_text(child(cell, "is"));
  const pugi::xml_node value = child(cell, "v");
  const std::string text = value.text().get();
  if (text.empty()) {
    if (child(cell, "f")) ++cells.formulas;
    return {};
  }
  if (type == "s") {
    const auto index = static_cast<std::size_t>(std::strtoull(text.c_str(), nullptr, 10));
    return index < cells.strings.size() ? cells.strings[index] : std::string();
  }
  if (type == "b") return text == "0" ? "false" : "true";
  if (type == "str" || type == "e" || type == "d") return text;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) return text;
  const auto style = static_cast<std::size_t>(cell.attribute("s").as_uint());
  const NumberKind kind = style < cells.styles.size() ? cells.styles[style] : NumberKind::number;
  return date_text(number, kind, cells.since_1904);
}

using Row = std::vector<std::pair<std::size_t, std::string>>;  // column, text; not the empty ones

Row read_row(pugi::xml_node row, Cells& cells) {
  Row filled;
  int next = 0;
  for (const pugi::xml_node cell : row.children()) {
    if (local_name(cell) != "c") continue;
    const int named = column_of_reference(cell.attribute("r").value());
    const int column = named >= 0 ? named : next;
    next = column + 1;
    std::string text = cell_text(cell, cells);
    if (!trim(text).empty()) filled.emplace_back(static_cast<std::size_t>(column), std::move(text));
  }
  return filled;
}

Result<std::vector<std::string>> read_header(const Row& row, const std::string& where) {
  std::vector<std::string> header;
  std::set<std::string> known;
  for (const auto& [column, text] : row) {
    while (header.size() < column) header.push_back(fmt::format("column_{}", header.size() + 1));
    header.emplace_back(trim(text));
    if (known.insert(header.back()).second) continue;
    return bad_input(
        {.where = where,
         .found = fmt::format("two columns named \"{}\"", quote_for_message(header.back())),
         .wanted = "a name of its own for each column",
         .fix = "rename one of them"});
  }
  return header;
}

Json as_object(const std::vector<std::string>& header, const Row& row) {
  Json object = Json::object();
  for (const std::string& name : header) object[name] = "";
  for (const auto& [column, text] : row) {
    object[column < header.size() ? header[column] : fmt::format("column_{}", column + 1)] = text;
  }
  return object;
}

Result<std::string> sheet_as_jsonl(const pugi::xml_document& sheet, const std::string& name,
                                   Cells& cells) {
  std::string jsonl;
  std::vector<std::string> header;
  std::int64_t line = 1;  // that is written next
  std::int64_t number = 0;
  for (const pugi::xml_node node : child(sheet.document_element(), "sheetData").children()) {
    if (local_name(node) != "row") continue;
    const auto named = static_cast<std::int64_t>(node.attribute("r").as_llong());
    number = named > number ? named : number + 1;
    const Row row = read_row(node, cells);
    if (row.empty()) continue;
    if (header.empty()) {
      ATTUNE_TRY(header, read_header(row, fmt::format("{}:{}", name, number)));
      continue;
    }
    if (number - line > (std::int64_t{1} << 20))
      return refused(name, fmt::format("a gap of {} empty rows", number - line), "remove it");
    for (; line < number; ++line) jsonl += '\n';
    jsonl += to_text(as_object(header, row));
  }
  if (jsonl.empty())
    return refused(name, header.empty() ? "an empty first sheet" : "a first sheet without rows",
                   "put the rows on the first sheet, below a row with the names of the columns");
  return jsonl + '\n';
}

Result<void> read_shared_parts(const Archive& archive, Cells& cells) {
  ATTUNE_TRY(const std::optional<pugi::xml_document> strings, archive.xml("xl/sharedStrings.xml"));
  if (strings) {
    for (const pugi::xml_node item : strings->document_element().children())
      if (local_name(item) == "si") cells.strings.push_back(rich_text(item));
  }
  ATTUNE_TRY(const std::optional<pugi::xml_document> styles, archive.xml("xl/styles.xml"));
  if (styles) cells.styles = read_cell_styles(*styles);
  return {};
}

}  // namespace

bool is_zip(std::string_view bytes) { return bytes.starts_with(std::string_view("PK\x03\x04", 4)); }

Result<WorkbookText> read_first_sheet(std::string_view bytes, const std::string& name) {
  ATTUNE_TRY(const Archive archive, Archive::open(bytes, name));
  ATTUNE_TRY(const std::optional<pugi::xml_document> book, archive.xml("xl/workbook.xml"));
  ATTUNE_TRY(const std::optional<pugi::xml_document> relationships,
             archive.xml("xl/_rels/workbook.xml.rels"));
  if (!book || !relationships)
    return refused(name, "a ZIP archive that is no Excel workbook (.xlsx)",
                   "unpack it, and name the file inside");
  const pugi::xml_node sheets = child(book->document_element(), "sheets");
  const pugi::xml_node first = child(sheets, "sheet");
  ATTUNE_TRY(const std::optional<pugi::xml_document> sheet,
             archive.xml(target_of(*relationships, attribute(first, "id"))));
  if (!sheet) return refused(name, "a workbook without its first sheet", "save it again");

  Cells cells;
  const std::string_view dates =
      child(book->document_element(), "workbookPr").attribute("date1904").value();
  cells.since_1904 = dates == "1" || dates == "true";
  ATTUNE_TRY_VOID(read_shared_parts(archive, cells));
  WorkbookText result{.jsonl = {}, .sheet = first.attribute("name").value()};
  for (const pugi::xml_node node : sheets.children()) result.sheets += local_name(node) == "sheet";
  ATTUNE_TRY(result.jsonl, sheet_as_jsonl(*sheet, name, cells));
  result.formulas = cells.formulas;
  return result;
}

}  // namespace attune::data
