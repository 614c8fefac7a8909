#include "io/csv.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace attune {
namespace {

struct Contents {
  std::vector<std::string> header;
  std::vector<CsvRecord> records;
  std::vector<std::string> errors;
  char delimiter = ',';
};

Contents read_all(std::string_view text, std::optional<char> delimiter = std::nullopt) {
  Contents contents;
  Result<CsvReader> reader = CsvReader::open(text, "t.csv", delimiter);
  if (!reader) {
    contents.errors.push_back(reader.error().message());
    return contents;
  }
  contents.header = reader->header();
  contents.delimiter = reader->delimiter();
  while (true) {
    Result<std::optional<CsvRecord>> record = reader->next();
    if (!record) {
      contents.errors.push_back(record.error().message());
    } else if (*record) {
      contents.records.push_back(std::move(**record));
    } else {
      return contents;
    }
  }
}

using Fields = std::vector<std::string>;

TEST(Csv, ReadsQuotedFieldsWithDelimitersQuotesAndLineBreaks) {
  const Contents c =
      read_all("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",\"\"\nlast,\"\"\"\"");
  EXPECT_TRUE(c.errors.empty()) << c.errors[0];
  ASSERT_EQ(c.records.size(), 3u);
  EXPECT_EQ(c.records[0].fields, (Fields{"x, y", "say \"hi\""}));
  EXPECT_EQ(c.records[1].fields, (Fields{"two\r\nlines", ""}));
  EXPECT_EQ(c.records[2].fields, (Fields{"last", "\""}));
  EXPECT_EQ(c.records[0].line, 2);
  EXPECT_EQ(c.records[1].line, 3);
  EXPECT_EQ(c.records[2].line, 5);
}

TEST(Csv, ReadsEveryLineEndingAndAByteOrderMark) {
  for (const std::string_view text : {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4", "a,b\r1,2\r3,4\r",
                                      "\xEF\xBB\xBF"
                                      "a,b\n\n1,2\n\r\n3,4\n\n"}) {
    const Contents c = read_all(text);
    EXPECT_EQ(c.header, (Fields{"a", "b"}));
    ASSERT_EQ(c.records.size(), 2u) << text;
    EXPECT_EQ(c.records[1].fields, (Fields{"3", "4"}));
  }
}

TEST(Csv, FindsTheDelimiter) {
  EXPECT_EQ(read_all("a,b\n1;2,3\n").delimiter, ',');
  EXPECT_EQ(read_all("a;b\n1,5;2\n2,5;3\n").delimiter, ';');
  EXPECT_EQ(read_all("a\tb\nx, y\tz\n").delimiter, '\t');
  EXPECT_EQ(read_all("a|b\nx, y|z\n").delimiter, '|');
  EXPECT_EQ(read_all("sep=;\r\na;b\n1,2,3;2\n").delimiter, ';');
  EXPECT_EQ(read_all("Subject, with comma;b\n1;2\n3;4\n").delimiter, ';');
  EXPECT_EQ(read_all("\"a,b\";c\n1;2\n").delimiter, ';');
  EXPECT_EQ(read_all("a\n1\n").delimiter, ',');
  EXPECT_EQ(read_all("a;b\n1;2\n", ',').header, (Fields{"a;b"}));
}

TEST(Csv, SaysWhyItChoseTheDelimiter) {
  EXPECT_EQ(CsvReader::open("a;b\n1;2\n1\n", "t").value().evidence(),
            "delimiter semicolon: 1 of the first 2 records have 2 fields, as the header");
}

TEST(Csv, ReportsRowsWithAnotherNumberOfFieldsAndGoesOn) {
  const Contents c = read_all("a,b,c\n1,2,3\n\"x\ny\",2\n1,2,3,4\n5,6,7\n");
  ASSERT_EQ(c.errors.size(), 2u);
  EXPECT_EQ(c.errors[0],
            "t.csv:3: 2 fields; wanted 3, as the header on line 1 has. Fix: put a field that holds "
            "a comma or "
            "a line break in double quotes");
  EXPECT_TRUE(c.errors[1].starts_with("t.csv:5: 4 fields"));
  EXPECT_EQ(c.records.size(), 2u);
}

TEST(Csv, DropsEmptyCellsBeyondTheLastColumn) {
  const Contents c = read_all("a,b,,\n1,2,,\n3,4\n");
  EXPECT_TRUE(c.errors.empty());
  EXPECT_EQ(c.header, (Fields{"a", "b"}));
  EXPECT_EQ(c.records.size(), 2u);
}

TEST(Csv, NamesTheLineWhereAQuoteOpensThatNeverCloses) {
  const Contents c = read_all("a,b\n1,2\nx,\"open\nmore\nmore\n");
  ASSERT_EQ(c.errors.size(), 1u);
  EXPECT_TRUE(c.errors[0].starts_with("t.csv:3:3: a quoted field that opens here and never closes"))
      << c.errors[0];
}

TEST(Csv, NamesTextAfterAClosingQuoteAndGoesOn) {
  const Contents c = read_all("a,b\n\"he said \"hi\" to\",2\n3,4\n");
  ASSERT_EQ(c.errors.size(), 1u);
  EXPECT_TRUE(c.errors[0].starts_with("t.csv:2:11: text after the closing '\"'")) << c.errors[0];
  ASSERT_EQ(c.records.size(), 1u);
  EXPECT_EQ(c.records[0].fields, (Fields{"3", "4"}));
}

TEST(Csv, TakesQuotesInsidePlainFieldsAsTheyAre) {
  EXPECT_EQ(read_all("a,b\n5\" pipe, \"x\" \n").records.at(0).fields, (Fields{"5\" pipe", "x"}));
}

TEST(Csv, KeepsNulBytes) {
  EXPECT_EQ(read_all(std::string_view("a,b\nx\0y,2\n", 10)).records.at(0).fields[0],
            std::string("x\0y", 3));
}

TEST(Csv, NamesTheFirstByteThatIsNotUtf8) {
  const Contents c = read_all("a,b\n1,2\n\"x\ncaf\xE9\",2\n5,6\n");
  ASSERT_EQ(c.errors.size(), 1u);
  EXPECT_TRUE(c.errors[0].starts_with(
      "t.csv:4:4: byte 0xE9 is not valid UTF-8 (in Windows-1252 it is 'é')"))
      << c.errors[0];
  EXPECT_EQ(c.records.size(), 2u);
}

TEST(Csv, RefusesAnEmptyFileAndDoubledColumns) {
  EXPECT_NE(read_all("").errors.at(0).find("empty"), std::string::npos);
  EXPECT_NE(read_all("\n\r\n").errors.at(0).find("empty"), std::string::npos);
  EXPECT_NE(read_all("a,b,a\n").errors.at(0).find("the column \"a\" twice, at positions 1 and 3"),
            std::string::npos);
}

TEST(Csv, NamesColumnsWithoutAName) {
  EXPECT_EQ(read_all(",b, c \n1,2,3\n").header, (Fields{"column_1", "b", "c"}));
}

TEST(Csv, ReadsBackWhatIsWritten) {
  const RandomStream stream{.seed = 5, .stream = stream_id("csv"), .step = 0};
  std::uint64_t index = 0;
  const std::string_view alphabet = "ab,;\"\n\r \t|";
  for (int round = 0; round < 3000; ++round) {
    const std::size_t columns = 1 + stream.below(index++, 4);
    const char delimiter = std::string_view(",;\t|")[stream.below(index++, 4)];
    Fields header;
    for (std::size_t i = 0; i < columns; ++i) header.push_back(fmt::format("h{}", i));
    std::string text = csv_line(header, delimiter);
    std::vector<Fields> rows(stream.below(index++, 4));
    for (Fields& row : rows) {
      for (std::size_t i = 0; i < columns; ++i) {
        std::string& field = row.emplace_back();
        for (std::uint64_t n = stream.below(index++, 6); n > 0; --n)
          field += alphabet[stream.below(index++, alphabet.size())];
      }
      text += csv_line(row, delimiter);
    }
    const Contents c = read_all(text, delimiter);
    ASSERT_TRUE(c.errors.empty()) << c.errors[0] << "\n" << text;
    ASSERT_EQ(c.records.size(), rows.size()) << text;
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(c.records[i].fields, rows[i]) << text;
  }
}

TEST(Csv, NeverCrashesAndAlwaysEndsOnRandomText) {
  const RandomStream stream{.seed = 6, .stream = stream_id("csv noise"), .step = 0};
  std::uint64_t index = 0;
  const std::string_view alphabet("ab,;\"\n\r \t|\0\xE9", 12);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::uint64_t n = stream.below(index++, 40); n > 0; --n)
      text += alphabet[stream.below(index++, alphabet.size())];
    const Contents c = read_all(text);
    for (const CsvRecord& record : c.records) EXPECT_EQ(record.fields.size(), c.header.size());
  }
}

}  // namespace
}  // namespace attune
