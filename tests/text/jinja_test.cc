#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "text/jinja/template.h"

namespace attune::text::jinja {
namespace {

// The rendering with what is not the template's own in brackets.
std::string marked(const std::string& source, const Json& variables) {
  const auto parsed = Template::parse(source, "template");
  EXPECT_TRUE(parsed) << parsed.error().message();
  Dict values;
  for (const auto& [key, value] : variables.items()) {
    values.set(Value::trusted(key), from_json(value, Trust::roles));
  }
  const auto text = parsed->render(values, {});
  EXPECT_TRUE(text) << text.error().message();
  std::string out;
  for (std::size_t at = 0; at < text->text.size();) {
    const bool trusted = text->is_trusted(at, at + 1);
    std::size_t stop = at;
    while (stop < text->text.size() && text->is_trusted(stop, stop + 1) == trusted) ++stop;
    const std::string part = text->text.substr(at, stop - at);
    out += trusted ? part : "[" + part + "]";
    at = stop;
  }
  return out;
}

struct MarkCase {
  const char* source;
  const char* expected;
};

class JinjaMarks : public testing::TestWithParam<MarkCase> {};

TEST_P(JinjaMarks, FollowTheText) {
  const Json variables = Json::parse(
      R"({"u": "ab", "w": " x,y ", "n": 7, "l": ["p", "q"], "d": {"k": "v"},
          "m": [{"role": "user", "content": "hi"}, {"role": "odd", "content": "ho"}]})");
  EXPECT_EQ(marked(GetParam().source, variables), GetParam().expected) << GetParam().source;
}

INSTANTIATE_TEST_SUITE_P(
    Operations, JinjaMarks,
    testing::Values(
        MarkCase{"<{{ u }}>", "<[ab]>"}, MarkCase{"{{ '<' + u + '>' }}", "<[ab]>"},
        MarkCase{"{{ '<' ~ u ~ n ~ '>' }}", "<[ab]7>"},
        MarkCase{"{{ ('<' + u + '>')[1:3] }}", "[ab]"}, MarkCase{"{{ ('<' + u)[::-1] }}", "[ba]<"},
        MarkCase{"{{ u | upper }}-{{ 'x' | upper }}", "[AB]-X"},
        MarkCase{"{{ w.strip() }}|{{ w | trim }}", "[x,y]|[x,y]"},
        MarkCase{"{{ w.split(',') | join('-') }}", "[ x]-[y ]"},
        MarkCase{"{{ u.replace('a', 'z') }}", "z[b]"},
        MarkCase{"{{ 'aXb' | replace('X', u) }}", "a[ab]b"},
        MarkCase{"{{ l | join(', ') }}", "[p], [q]"},
        MarkCase{"{{ d | tojson }}", "[{\"k\": \"v\"}]"},
        MarkCase{"{{ {'a': 1} | tojson }}", "{\"a\": 1}"},
        MarkCase{"{{ d }}|{{ l }}", "[{'k': 'v'}]|[['p', 'q']]"},
        MarkCase{"{{ l | string }}", "[['p', 'q']]"}, MarkCase{"{{ '%s=%s' % (u, 1) }}", "[ab]=1"},
        MarkCase{"{{ '{}!'.format(u) }}", "[ab]!"},
        MarkCase{"{% for k, v in d.items() %}{{ k }}:{{ v }}{% endfor %}", "[k]:[v]"},
        MarkCase{"{% for c in u %}{{ c }}.{% endfor %}", "[a].[b]."},
        MarkCase{"{% set x %}<{{ u }}>{% endset %}{{ x }}", "<[ab]>"},
        MarkCase{"{% macro f(a) %}({{ a }}){% endmacro %}{{ f(u) }}", "([ab])"},
        MarkCase{"{% filter upper %}x{{ u }}{% endfilter %}", "X[AB]"},
        MarkCase{"{{ u | indent(2, true) }}", "  [ab]"},
        MarkCase{"{{ u.center(6, '*') }}", "**[ab]**"}, MarkCase{"{{ u * 2 }}", "[abab]"},
        MarkCase{"{{ u | default('x') }}{{ z | default('x') }}", "[ab]x"},
        MarkCase{"{% for x in m %}<{{ x.role }}>{{ x.content }}{% endfor %}",
                 "<user>[hi]<[odd]>[ho]"},
        MarkCase{"{{ u | list | last }}{{ u[0] }}", "[ba]"},
        MarkCase{"{{ l | map('upper') | join }}", "[PQ]"},
        MarkCase{"{{ 'a,b'.split(',')[1] }}", "b"}, MarkCase{"{{ '%c' % n }}", "[\x07]"}));

TEST(JinjaGeneration, BlocksMarkWhatTheyWriteAndStayApart) {
  const auto parsed = Template::parse(
      "{% macro say(x) %}{% generation %}{{ x }}{% endgeneration %}{% endmacro %}a{{ say('b') }}{{ "
      "say('c') }}d",
      "t");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->has_generation());
  const auto text = parsed->render({}, {});
  ASSERT_TRUE(text);
  EXPECT_EQ(text->text, "abcd");
  EXPECT_EQ(text->mark_at(0) & kGenerated, 0);
  EXPECT_EQ(text->mark_at(1) & (kGenerated | kOddGeneration), kGenerated);
  EXPECT_EQ(text->mark_at(2) & (kGenerated | kOddGeneration), kGenerated | kOddGeneration);
  EXPECT_EQ(text->mark_at(3) & kGenerated, 0);
}

TEST(JinjaTime, IsTheOneThatIsGiven) {
  const auto parsed = Template::parse("{{ strftime_now('%Y') }}{{ strftime_now('') }}", "t");
  ASSERT_TRUE(parsed);
  const auto text = parsed->render({}, {.now = 1721995200});
  ASSERT_TRUE(text);
  EXPECT_EQ(text->text, "2024");
}

TEST(JinjaErrors, NameTheTemplateAndTheLine) {
  const auto parsed = Template::parse("a\nb {% if x %}\n{{ }}", "model/chat template");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().where, "model/chat template");
  EXPECT_NE(parsed.error().found.find("line 3"), std::string::npos) << parsed.error().found;
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

class HostileTemplates : public testing::TestWithParam<std::string> {};

// An error, in bounded time and memory; never a crash.
TEST_P(HostileTemplates, EndWithAnError) {
  const Stopwatch watch;
  const auto parsed = Template::parse(GetParam(), "hostile");
  if (parsed) {
    EXPECT_FALSE(parsed->render({}, {})) << GetParam().substr(0, 200);
  }
  EXPECT_LT(watch.seconds(), 60) << GetParam().substr(0, 200);
}

INSTANTIATE_TEST_SUITE_P(
    Templates, HostileTemplates,
    testing::Values(
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
        "{{ 'a' * 1000000000000 }}", "{{ [0] * 1000000000 }}", "{{ range(1000000000) }}",
        "{{ 2 ** 100000 }}",
        "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% "
        "endfor %}",
        "{% set ns = namespace(x=[0]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% "
        "endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor "
        "%}",
        "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% "
        "endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% "
        "endfor %}{{ ns.x | tojson }}",
        "{% set a = namespace(x=[]) %}{% set b = namespace(x=[]) %}{% for i in range(60) %}{% set "
        "a.x = [a.x, a.x] %}"
        "{% set b.x = [b.x, b.x] %}{% endfor %}{{ a.x == b.x }}",
        "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
        "{{ 'aaaaaaaaaa' | replace('a', 'b' * 10000000) }}",
        "{{ ['x'] | join('') | center(10000000000) }}", "{{ '%1000000000d' % 5 }}",
        "{{ '%*d' % (1000000000, 5) }}", "{{ '{:>100000000}'.format(1) }}",
        "{{ 'a' | indent(1000000000, true) }}", "{{ 'x'.ljust(99999999999) }}",
        "{{ 'x'.zfill(99999999999) }}", "{{ [1] | batch(100000000000, 0) | list }}",
        "{{ [1] | slice(100000000000) | list }}", "{{ ('a' * 10000000) | list }}",
        "{{ ('a ' * 5000000).split() }}", "{{ ('a' * 10000000).replace('', 'bb') }}",
        "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "{% set ns = namespace() %}{% for x in [1] recursive %}{% set ns.l = loop %}{% endfor %}{{ "
        "ns.l([1]) }}",
        "{% macro m(n) %}{% call m(n) %}{% endcall %}{% endmacro %}{{ m(1) }}",
        "{{ 9223372036854775807 + 1 }}", "{{ 99999999999999999999 }}",
        "{{ -9223372036854775807 - 2 }}", "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}",
        "{{ " + repeated("[", 5000) + repeated("]", 5000) + " }}",
        "{{ 1" + repeated(" + 1", 100000) + " }}", "{{ a" + repeated(".b", 100000) + " }}",
        "{{ 1" + repeated(" | abs", 100000) + " }}", "{{ " + repeated("not ", 100000) + "1 }}",
        "{{ " + repeated("-", 100000) + "1 }}", "{{ 1" + repeated(" if 1 else 2", 100000) + " }}",
        repeated("{% if 1 %}", 5000) + repeated("{% endif %}", 5000),
        repeated("{% for a in [1] %}", 2000) + repeated("{% endfor %}", 2000),
        "{{ {" + repeated("1: {", 3000) + " }}", "{% set x = " + repeated("(1,", 3000) + " %}"));

TEST(JinjaLeaks, CyclesThroughNamespacesAndLoopsAreFreed) {
  const auto parsed = Template::parse(
      "{% set ns = namespace() %}{% set ns.self = [ns] %}{% for x in [1, 2] %}{{ "
      "loop.changed(loop) }}"
      "{% set ns.l = loop %}{% endfor %}{{ ns.l.changed(ns.l) }}"
      "{% macro m() %}{{ m.name }}{% endmacro %}{% set ns.m = m %}{{ ns.m() }}",
      "t");
  ASSERT_TRUE(parsed);
  const auto text = parsed->render({}, {});
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(text->text, "TrueFalseTruem");
}

TEST(JinjaJson, KeepsKindsAndRefusesNothing) {
  const Json json =
      Json::parse(R"([1, 18446744073709551615, -5, 1.5, true, null, {"b": 1, "a": []}, "x"])");
  EXPECT_EQ(marked("{{ v }}", {{"v", json}}),
            "[[1, 1.8446744073709552e+19, -5, 1.5, True, None, {'b': 1, 'a': []}, 'x']]");
}

}  // namespace
}  // namespace attune::text::jinja
