// Short answers: tools/make_metrics_golden.py (SQuAD's rules).
#include <gtest/gtest.h>

#include "base/random.h"
#include "metrics/answer_text.h"
#include "metrics/comparator.h"
#include "metrics/date_forms.h"
#include "metrics/field_f1.h"
#include "metrics/golden_file.h"
#include "metrics/quantity.h"

namespace attune::metrics {
namespace {

bool exact(std::string_view answer, std::string_view reference) {
  return exact_match(answer, {&reference, 1});
}

TEST(AnswerText, WithoutNumbersItAgreesWithSquad) {
  const AnswerNormalisation squad{.numbers = false};
  for (const Json& one : golden("answers.json")["cases"]) {
    const auto answer = one["answer"].get<std::string>();
    const auto reference = one["reference"].get<std::string>();
    const std::string_view view = reference;
    EXPECT_EQ(normalised_answer(answer, squad), one["plain"].get<std::string>()) << answer;
    EXPECT_EQ(exact_match(answer, {&view, 1}, squad), one["exact"].get<bool>()) << answer;
    EXPECT_NEAR(token_f1(answer, reference, squad), one["f1"].get<double>(), 1e-12) << answer;
  }
}

TEST(AnswerText, NumbersAreComparedByTheirPlainForm) {
  EXPECT_TRUE(exact("1,000.50", "1000.5"));
  EXPECT_TRUE(exact("The 3.0 dogs", "3 dogs"));
  EXPECT_FALSE(exact("1.5", "15"));
  EXPECT_TRUE(exact("10%-20%", "10-20%"));
  EXPECT_FALSE(exact("1,00", "100,0"));
  EXPECT_TRUE(exact("version 1.2.3", "version 1.2.3"));
}

TEST(AnswerText, NumbersInsideWordsStayAsTheyAre) {
  EXPECT_FALSE(exact("v1.10", "v1.1"));
  EXPECT_FALSE(exact("GPT-4.10", "GPT-4.1"));
  EXPECT_FALSE(exact("release 1.2.10", "release 1.2.1"));
  EXPECT_TRUE(exact("pages 3-5.0", "pages 3-5"));
  EXPECT_TRUE(exact("\u20ac1,000.50", "\u20ac1000.5"));
}

TEST(AnswerText, ANumberKeepsItsMinus) {
  EXPECT_FALSE(exact("-5", "5"));
  EXPECT_FALSE(exact("-$5", "$5"));
  EXPECT_TRUE(exact("\u22125.0 degrees", "-5 degrees."));
  EXPECT_TRUE(exact("-0.0", "0"));
  EXPECT_TRUE(exact("well-known - 5", "wellknown 5"));
  EXPECT_FALSE(exact(".5", "5"));
  EXPECT_TRUE(exact("-.50", "-0.5"));
  constexpr std::string_view kReference = "5";
  EXPECT_TRUE(exact_match("-5", {&kReference, 1}, {.numbers = false}));  // SQuAD's own rules
}

TEST(AnswerText, TheBestOfSeveralReferencesCounts) {
  const std::vector<std::string_view> references = {"New York City", "NYC"};
  EXPECT_TRUE(exact_match("nyc.", references));
  EXPECT_FALSE(exact_match("Boston", references));
}

TEST(AnswerText, KPrecisionIsTheShareOfTheAnswerThatTheKnowledgeHas) {
  EXPECT_EQ(token_overlap("red red car", "a red car stands there")->precision, 2.0 / 3);
  EXPECT_FALSE(token_overlap("", "knowledge"));
  EXPECT_EQ(token_overlap("word", "")->precision, 0);
}

TEST(Quantity, NumbersAreReadAsTheyAreWritten) {
  struct Case {
    const char* text;
    double value;
    std::size_t size;
  };
  for (const Case& one :
       {Case{"1,234,567.5", 1234567.5, 11}, Case{"-3", -3, 2}, Case{"\u22123", -3, 4},
        Case{".5", 0.5, 2}, Case{"1e3x", 1000, 3}, Case{"1e", 1, 1}, Case{"12,34", 12, 2},
        Case{"1234,567", 1234, 4}, Case{"5.", 5, 1}}) {
    const auto number = read_number(one.text);
    ASSERT_TRUE(number) << one.text;
    EXPECT_EQ(number->value, one.value) << one.text;
    EXPECT_EQ(number->size, one.size) << one.text;
  }
  for (const char* text : {"", "-", ".", "x1", ",5", "1e999"})
    EXPECT_FALSE(read_number(text)) << text;
}

TEST(Quantity, UnitsOfOneDimensionCompareByValue) {
  const auto same = [](std::string_view left, std::string_view right) {
    const auto a = read_quantity(left);
    const auto b = read_quantity(right);
    return a && b && same_quantity(*a, *b, {.relative = 1e-12});
  };
  EXPECT_TRUE(same("1.5 km", "1500 m"));
  EXPECT_TRUE(same("2 KG", "2000g"));
  EXPECT_TRUE(same("20 °C", "68 °F"));
  EXPECT_TRUE(same("$1,200", "1200 USD"));
  EXPECT_TRUE(same("50 %", "50 percent"));
  EXPECT_TRUE(same("90 min", "1.5 hours"));
  EXPECT_TRUE(same("3 widgets", "3 Widgets"));
  EXPECT_FALSE(same("3 kg", "3 m"));
  EXPECT_FALSE(same("3 mW", "3 MW"));
  EXPECT_FALSE(same("3", "3 kg"));
  EXPECT_FALSE(same("3 €", "3 $"));
  EXPECT_FALSE(read_quantity("3 or 4 kg"));
}

TEST(DateForms, DatesHaveOneSpelling) {
  struct Case {
    const char* text;
    const char* canonical;  // nullptr: no date
  };
  for (const Case& one :
       {Case{"2024-03-05", "2024-03-05"}, Case{"2024/3/5", "2024-03-05"},
        Case{"5.3.2024", "2024-03-05"}, Case{"5 March 2024", "2024-03-05"},
        Case{"March 5th, 2024", "2024-03-05"}, Case{"5th of Mar 2024", "2024-03-05"},
        Case{"5-Mar-2024", "2024-03-05"}, Case{"25/12/2024", "2024-12-25"},
        Case{"12/25/2024", "2024-12-25"}, Case{"03/05/2024", nullptr}, Case{"2024-02-30", nullptr},
        Case{"2023-02-29", nullptr}, Case{"2024-02-29", "2024-02-29"}, Case{"yesterday", nullptr},
        Case{"", nullptr}, Case{"5.3.24", nullptr}}) {
    EXPECT_EQ(canonical_date(one.text).value_or("-"), one.canonical ? one.canonical : "-")
        << one.text;
  }
  EXPECT_EQ(canonical_date("03/05/2024", DateOrder::day_first), "2024-05-03");
  EXPECT_EQ(canonical_date("03/05/2024", DateOrder::month_first), "2024-03-05");
}

TEST(DateForms, TheMarkBehindADateIsNoPartOfIt) {
  EXPECT_FALSE(canonical_date("03/05/2024."));
  EXPECT_EQ(canonical_date("03/05/2024.", DateOrder::month_first), "2024-03-05");
  EXPECT_EQ(canonical_date("5.3.2024."), "2024-03-05");
  EXPECT_EQ(canonical_time("14:05."), "14:05:00");
  EXPECT_EQ(canonical_date_time("2024-03-05T13:05:00Z."), "2024-03-05T13:05:00Z");
}

TEST(DateForms, FractionsOfASecondAreKeptWithoutTheirZeros) {
  EXPECT_EQ(canonical_time("14:05:30.250"), "14:05:30.25");
  EXPECT_EQ(canonical_time("14:05:30.000"), "14:05:30");
  EXPECT_EQ(canonical_time("2:05:30.5 pm"), "14:05:30.5");
  EXPECT_FALSE(canonical_time("14:05.5"));
  EXPECT_EQ(canonical_date_time("2024-03-05T14:05:30.250+01:00"), "2024-03-05T13:05:30.25Z");
  EXPECT_EQ(canonical_date_time("2024-03-05 14:05:30,123456"), "2024-03-05T14:05:30.123456");
}

TEST(DateForms, TimesAndMomentsHaveOneSpelling) {
  EXPECT_EQ(canonical_time("2:05 pm"), "14:05:00");
  EXPECT_EQ(canonical_time("12 a.m."), "00:00:00");
  EXPECT_EQ(canonical_time("14:05:30"), "14:05:30");
  EXPECT_FALSE(canonical_time("25:00"));
  EXPECT_FALSE(canonical_time("13 pm"));
  EXPECT_FALSE(canonical_time("14"));
  EXPECT_EQ(canonical_date_time("2024-03-05T14:05+01:00"), "2024-03-05T13:05:00Z");
  EXPECT_EQ(canonical_date_time("2024-01-01 00:30:00+02:00"), "2023-12-31T22:30:00Z");
  EXPECT_EQ(canonical_date_time("5 March 2024 2:05 pm"), "2024-03-05T14:05:00");
  EXPECT_EQ(canonical_date_time("2024-03-05T13:05:00Z"), "2024-03-05T13:05:00Z");
  EXPECT_FALSE(canonical_date_time("2024-03-05"));
}

bool equal(const char* spec, const Json& answer, const Json& reference) {
  const auto comparator = read_comparator(Json::parse(spec), "test");
  EXPECT_TRUE(comparator) << spec;
  return comparator && equal_under(*comparator, answer, reference);
}

TEST(Comparator, EachKindForgivesWhatItSays) {
  EXPECT_TRUE(equal(R"("exact")", "a  b", "a b"));
  EXPECT_FALSE(equal(R"("exact")", "3", 3));
  EXPECT_TRUE(equal(R"("exact")", 3.0, 3));
  EXPECT_TRUE(equal(R"("text")", "The Cat!", "cat"));
  EXPECT_TRUE(equal(R"({"as": "text", "similarity": "rouge_1", "at_least": 0.6})", "a b c", "a b"));
  EXPECT_FALSE(
      equal(R"({"as": "text", "similarity": "rouge_1", "at_least": 0.9})", "a b c", "a b"));
  EXPECT_TRUE(equal(R"("number")", "1,000", 1000));
  EXPECT_TRUE(equal(R"({"as": "number", "absolute": 0.01})", 1.005, 1));
  EXPECT_FALSE(equal(R"({"as": "number", "absolute": 0.01})", 1.02, 1));
  EXPECT_TRUE(equal(R"({"as": "number", "relative": 0.1})", 110, 100));
  EXPECT_TRUE(equal(R"({"as": "number", "unit": "kg"})", "2000 g", 2));
  EXPECT_TRUE(equal(R"({"as": "number", "unit": "km", "absolute": 0.1})", "1050 m", 1));
  EXPECT_FALSE(equal(R"({"as": "number", "unit": "km", "absolute": 0.01})", "1050 m", 1));
  EXPECT_TRUE(equal(R"("date")", "5 March 2024", "2024-03-05"));
  EXPECT_TRUE(equal(R"("date")", "soon", "soon"));
  EXPECT_TRUE(equal(R"("time")", "2 pm", "14:00"));
  EXPECT_TRUE(equal(R"("identifier")", "ab-12.3", "AB 123"));
  EXPECT_FALSE(equal(R"("identifier")", "ab-0123", "AB 123"));
  EXPECT_FALSE(equal(R"("date")", nullptr, "2024-03-05"));
}

TEST(Comparator, AWrongOneIsRefusedByName) {
  for (const char* spec :
       {R"("nummer")", R"({"as": "number", "tolerance": 1})", R"({"absolute": 1})",
        R"({"as": "number", "unit": "furlong"})", R"({"as": "text", "similarity": "x"})",
        R"({"as": "date", "order": "us"})", R"({"as": "number", "absolute": -1})", "3"}) {
    const auto comparator = read_comparator(Json::parse(spec), "suite.json: fields: total");
    ASSERT_FALSE(comparator) << spec;
    EXPECT_NE(comparator.error().message().find("suite.json: fields: total"), std::string::npos);
  }
}

TEST(FieldF1, CountsEachLeafByItsPath) {
  const Json reference = Json::parse(R"({"a": 1, "b": {"c": "x", "d": null}, "e": [1, 2]})");
  const Json answer = Json::parse(R"({"a": 1, "b": {"c": "y"}, "e": [2], "f": true})");
  const FieldCounts counts = count_fields(&answer, reference);
  const FieldCount micro = counts.micro();
  EXPECT_EQ(micro.true_positives, 2);   // a, 2 of e
  EXPECT_EQ(micro.false_positives, 2);  // c, f
  EXPECT_EQ(micro.false_negatives, 3);  // c, d, 1 of e
  EXPECT_EQ(counts.fields.at("e[]").true_positives, 1);
  EXPECT_NEAR(*micro.f1(), 4.0 / 9, 1e-12);
  // a 1, b.c 0, b.d 0, e[] 2/3, f 0
  EXPECT_NEAR(*counts.macro_f1(), (1 + 2.0 / 3) / 5, 1e-12);
}

TEST(FieldF1, ElementsArePairedSoThatTheMostFieldsAreRight) {
  const Json reference =
      Json::parse(R"([{"n": "a", "q": 1}, {"n": "b", "q": 2}, {"n": "c", "q": 3}])");
  const Json answer = Json::parse(R"([{"n": "c", "q": 3}, {"n": "a", "q": 9}])");
  const FieldCount micro = count_fields(&answer, reference).micro();
  EXPECT_EQ(micro.true_positives, 3);
  EXPECT_EQ(micro.false_positives, 1);
  EXPECT_EQ(micro.false_negatives, 3);
}

TEST(FieldF1, AKeyPairsElementsWhateverElseTheyHold) {
  const auto rules = read_field_rules(
      Json::parse(R"({"keys": {"items": "id"}, "fields": {"items[].id": "identifier"}})"), "x");
  const Json reference =
      Json::parse(R"({"items": [{"id": "A-1", "q": 1}, {"id": "A-2", "q": 2}]})");
  const Json answer = Json::parse(R"({"items": [{"id": "a2", "q": 1}, {"id": "a3", "q": 2}]})");
  const FieldCounts counts = count_fields(&answer, reference, *rules);
  EXPECT_EQ(counts.fields.at("items[].id").true_positives, 1);
  EXPECT_EQ(counts.fields.at("items[].q").true_positives, 0);
  EXPECT_EQ(counts.fields.at("items[].q").false_negatives, 2);
}

TEST(FieldF1, AMissingAnswerMissesEveryField) {
  const FieldCount micro = count_fields(nullptr, Json::parse(R"({"a": 1, "b": [1, 2]})")).micro();
  EXPECT_EQ(micro.false_negatives, 3);
  EXPECT_FALSE(micro.precision());
  EXPECT_EQ(micro.recall(), 0);
}

TEST(FieldF1, ListsInsideListsAreCountedOnceEach) {
  Json deep = 1;
  for (int i = 0; i < 200; ++i) deep = Json::array({deep, i});
  const FieldCount micro = count_fields(&deep, deep).micro();
  EXPECT_EQ(micro.true_positives, 201);
  EXPECT_EQ(micro.false_positives, 0);
}

TEST(FieldF1, RulesThatAreNoneAreRefused) {
  EXPECT_FALSE(read_field_rules(Json::parse("[]"), "x"));
  EXPECT_FALSE(read_field_rules(Json::parse(R"({"field": {}})"), "x"));
  EXPECT_FALSE(read_field_rules(Json::parse(R"({"keys": {"a": 1}})"), "x"));
}

// Random texts of the characters that matter for numbers, units and dates.
TEST(AnswerReading, AnyTextIsReadOrRefusedWithoutHarm) {
  constexpr std::string_view kAlphabet = "0123456789.,:-+/eEkmgTZ apthn%$\xE2\x88\x92\xFF";
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    const RandomStream stream{.seed = 4, .stream = stream_id("reading"), .step = step};
    std::string text;
    for (std::uint64_t i = 0; i < stream.below(0, 24); ++i) {
      text += kAlphabet[stream.below(i + 1, kAlphabet.size())];
    }
    if (const auto number = read_number(text)) {
      EXPECT_TRUE(number->size > 0 && number->size <= text.size());
    }
    read_quantity(text);
    canonical_time(text);
    canonical_date_time(text);
    if (const auto date = canonical_date(text)) {
      EXPECT_EQ(canonical_date(*date), date);
    }
    EXPECT_LE(normalised_answer(text).size(), 2 * text.size());  // ".5" becomes "0.5"
  }
}

}  // namespace
}  // namespace attune::metrics
