// Workbooks written by openpyxl and XlsxWriter (tools/make_workbooks.py).
#include "data/workbook.h"

#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/workbook_cells.h"

namespace attune::data {
namespace {

Path workbook(const std::string& name) {
  return Path(ATTUNE_SOURCE_DIR) / "tests/data/workbooks" / name;
}

Result<WorkbookText> read(const std::string& name) {
  const MappedFile file = *MappedFile::open(workbook(name));
  return read_first_sheet(file.text(), name);
}

TEST(Workbook, CellsOfEveryKindBecomeTextOnTheLineOfTheirRow) {
  const WorkbookText text = *read("odd_cells.xlsx");
  EXPECT_EQ(text.sheet, "Odd & <one>");
  EXPECT_EQ(text.sheets, 1);
  EXPECT_EQ(
      text.jsonl,
      "\n\n\n\n"
      R"({"prompt":"What is\nthis?","completion":"It is bold text","date":"2025-06-14",)"
      R"("number":"0.1","at":"2025-06-14 14:45","length":"30:00","yes":"true","price":"12.5"})"
      "\n\n\n"
      R"({"prompt":"Sum_x0041_?","completion":"2","date":"","number":"20000","at":"","length":"",)"
      R"("yes":"","price":""})"
      "\n");
}

TEST(Workbook, TheFirstOfSeveralSheetsIsReadAndFormulasWithoutAResultAreCounted) {
  const WorkbookText text = *read("several_sheets.xlsx");
  EXPECT_EQ(text.sheet, "Questions");
  EXPECT_EQ(text.sheets, 2);
  EXPECT_EQ(text.formulas, 1);
  EXPECT_EQ(text.jsonl,
            "\n"
            R"({"instruction":"Name a colour.","output":"Blue"})"
            "\n"
            R"({"instruction":"Name a sea.","output":""})"
            "\n");
}

TEST(Workbook, DatesCountFrom1904WhereTheWorkbookSaysSo) {
  EXPECT_EQ(read("since_1904.xlsx")->jsonl,
            "\n"
            R"({"prompt":"When?","completion":"2000-02-29"})"
            "\n");
}

TEST(Workbook, TrainingExamplesComeFromItWithTheRowsOfTheSheetAsPlaces) {
  const Dataset dataset = *read_examples(workbook("odd_cells.xlsx"), {});
  EXPECT_EQ(dataset.format, "XLSX");
  ASSERT_EQ(dataset.examples.size(), 2U);
  EXPECT_TRUE(dataset.examples[1].where().ends_with("odd_cells.xlsx:8"))
      << dataset.examples[1].where();
  EXPECT_NE(dataset.evidence[0].find("Odd & <one>"), std::string::npos) << dataset.evidence[0];
}

TEST(Workbook, ColumnsOfOneNameAreRefusedWithThePlace) {
  const Error error = read("same_names.xlsx").error();
  EXPECT_EQ(error.where, "same_names.xlsx:1");
  EXPECT_EQ(error.found, "two columns named \"answer\"");
}

TEST(Workbook, ASheetWithoutRowsIsRefused) {
  EXPECT_EQ(read("no_rows.xlsx").error().found, "a first sheet without rows");
}

TEST(Workbook, AnArchiveThatIsNoWorkbookIsRefused) {
  // The end of central directory record of an empty archive behind a local header's signature.
  const std::string empty("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
  EXPECT_EQ(read_first_sheet(empty, "a.zip").error().found,
            "a ZIP archive that is no Excel workbook (.xlsx)");
  EXPECT_TRUE(read_first_sheet("PK\x03\x04 and nonsense", "b.xlsx")
                  .error()
                  .found.starts_with("a ZIP archive that cannot be read"));
}

TEST(Workbook, CutOffAnywhereItIsRefusedAndNeverHalfRead) {
  const MappedFile file = *MappedFile::open(workbook("odd_cells.xlsx"));
  for (std::size_t size = 0; size < file.text().size(); size += 7) {
    EXPECT_FALSE(read_first_sheet(file.text().substr(0, size), "cut.xlsx")) << size;
  }
}

TEST(WorkbookCells, ANumberFormatShowsADateByItsLetters) {
  const auto kind = [](std::string_view code) { return kind_of_format(164, code); };
  EXPECT_EQ(kind("yyyy\\-mm\\-dd"), NumberKind::date);
  EXPECT_EQ(kind("[$-409]mmmm d, yyyy;@"), NumberKind::date);
  EXPECT_EQ(kind("h:mm AM/PM"), NumberKind::time);
  EXPECT_EQ(kind("mm:ss.0"), NumberKind::time);
  EXPECT_EQ(kind("m/d/yy h:mm"), NumberKind::date_and_time);
  EXPECT_EQ(kind("General"), NumberKind::number);
  EXPECT_EQ(kind("#,##0.00 \"days\""), NumberKind::number);
  EXPECT_EQ(kind("[Red]0.00"), NumberKind::number);
  EXPECT_EQ(kind_of_format(14, ""), NumberKind::date);
  EXPECT_EQ(kind_of_format(22, ""), NumberKind::date_and_time);
  EXPECT_EQ(kind_of_format(9, ""), NumberKind::number);
}

TEST(WorkbookCells, ADayCountIsADateOfTheCalendar) {
  EXPECT_EQ(date_text(0, NumberKind::date, false), "1899-12-30");
  EXPECT_EQ(date_text(61, NumberKind::date, false), "1900-03-01");
  EXPECT_EQ(date_text(45822.614583333336, NumberKind::date_and_time, false), "2025-06-14 14:45");
  EXPECT_EQ(date_text(0.999994, NumberKind::time, false), "23:59:59");
  EXPECT_EQ(date_text(-0.5, NumberKind::date_and_time, false), "1899-12-29 12:00");
  EXPECT_EQ(date_text(1e9, NumberKind::date, false), "1000000000");
}

TEST(WorkbookCells, ColumnsAreCountedInLetters) {
  EXPECT_EQ(column_of_reference("A1"), 0);
  EXPECT_EQ(column_of_reference("Z9"), 25);
  EXPECT_EQ(column_of_reference("AA10"), 26);
  EXPECT_EQ(column_of_reference("XFD1"), 16383);
  EXPECT_EQ(column_of_reference("ZZZZZZ1"), -1);
  EXPECT_EQ(column_of_reference("7"), -1);
}

}  // namespace
}  // namespace attune::data
