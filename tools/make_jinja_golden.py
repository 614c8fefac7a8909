#!/usr/bin/env python3
"""Writes tests/golden/jinja/cases.json: small templates, their variables, and what real Jinja2 makes of them.

The environment is the one in which Hugging Face Transformers renders chat templates. Needs jinja2 (3.1).

    python3 tools/make_jinja_golden.py
"""

import json
from datetime import datetime
from pathlib import Path

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  Hi \n"},
    {"role": "assistant", "content": "Hello <b>'x'</b>", "tool_calls": [
        {"id": "c1", "function": {"name": "f", "arguments": {"a": 1, "b": [True, None, 2.5], "ü": "é\"\n"}}}]},
    {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "image"}]},
]
CONTEXT = {
    "messages": MESSAGES,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "numbers": [3, 1, 2],
    "words": ["pear", "Apple", "fig", "apple"],
    "people": [{"name": "Ann", "age": 31, "town": {"zip": "A"}}, {"name": "bob", "age": 25, "town": {"zip": "B"}},
               {"name": "Cy", "age": 31}],
    "text": "Hello, World",
    "uni": "Straße 日本 🙂 é",
    "empty": "",
    "nothing": None,
    "yes": True,
    "pi": 3.14159,
    "d": {"b": 1, "a": 2, "C": 0},
    "nested": {"k": [1, {"x": "y"}, []], "e": {}},
    "multi": "line one\n  line two\n\nline four",
}

# Template texts; a tuple adds variables.
CASES = [
    # Output and Python's ways of writing values
    "{{ 1 }} {{ 1.0 }} {{ 1e20 }} {{ 1.5e-7 }} {{ 0.1 + 0.2 }} {{ 100000000000000000.0 }} {{ 123456789012345.0 }}",
    "{{ true }} {{ false }} {{ none }} {{ True }} {{ None }}",
    "{{ [1, 'a', 2.5, none, true] }} {{ (1,) }} {{ (1, 2) }} {{ () }} {{ {} }} {{ {'a': 1, 2: 'b'} }}",
    "{{ ['it\\'s', 'say \"x\"', 'both \\' and \"', 'tab\\t', 'nl\\n', 'b\\\\s'] }}",
    "{{ [uni] }} {{ ['\\x00\\x7f\\u200b\\u00a0'] }}",
    "{{ nested }} {{ d }} {{ messages[2].tool_calls[0].function.arguments }}",
    "{{ d.keys() }} {{ d.values() }} {{ d.items() }}",
    "{{ undefined_name }}|{{ d.missing }}|{{ d['missing'] }}|{{ numbers[10] }}",
    "{{ 'a' 'b' \"c\" }}",
    "{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }}",
    "{{ 'a\\u00e9\\x41\\101\\q' }}",
    "{{ range(4) }} {{ range(1, 8, 3) | list }} {{ range(5, 0, -2) | list }}",
    # Arithmetic
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }}",
    "{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 1 - 2 - 3 }} {{ 2 * 3 + 4 }} {{ 2 + 3 * 4 }} {{ -2 ** 2 }} {{ (1 + 2) * 3 }}",
    "{{ 'ab' * 3 }} {{ [1] * 2 }} {{ 3 * 'x' }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ true + true }}",
    "{{ 'x' ~ 1 ~ none ~ [1] ~ missing }}",
    "{{ -3 | abs }} {{ +3 }} {{ -numbers[0] }} {{ 1 + -1 }}",
    "{{ 1 + 'a' }}", "{{ 'a' + 1 }}", "{{ [] + 'a' }}", "{{ none + 1 }}", "{{ 1 / 0 }}", "{{ 1 % 0 }}", "{{ {} + {} }}",
    # Comparison and logic
    "{{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 'a' == 1 }}",
    "{{ 1 != 2 }} {{ {'a': 1} == {'a': 1.0} }} {{ [1] == (1,) }} {{ none == none }} {{ missing == other }} {{ missing == none }}",
    "{{ 'el' in text }} {{ 'x' not in text }} {{ 1 in numbers }} {{ 'a' in d }} {{ 'z' in d }} {{ 1 in missing }}",
    "{{ 0 or 'x' }} {{ 1 and 2 }} {{ '' or none }} {{ not 1 }} {{ not not [] }} {{ [] and 1 }}",
    "{{ 'yes' if 1 else 'no' }} {{ 'a' if 0 }}| {{ 'a' if 0 else 'b' if 0 else 'c' }}",
    "{{ 1 in 5 }}", "{{ 1 in 'abc' }}", "{{ 1 < 'a' }}", "{{ none < 1 }}", "{{ 'a' in none }}", "{{ missing < 1 }}",
    # Indexing and slices
    "{{ numbers[0] }} {{ numbers[-1] }} {{ text[0] }} {{ text[-1] }} {{ uni[7] }} {{ numbers.1 }} {{ (1, 2)[1] }}",
    "{{ numbers[1:] }} {{ numbers[:-1] }} {{ numbers[::-1] }} {{ numbers[::2] }} {{ numbers[5:] }} {{ numbers[-2:] }}",
    "{{ text[1:4] }} {{ text[::-1] }} {{ text[-5:] }} {{ uni[7:9] }} {{ text[:100] }} {{ text[4:1] }} {{ text[::3] }}",
    "{{ messages[1:] | length }} {{ messages[0]['role'] }} {{ messages[0].role }} {{ messages[-1].content[0].text }}",
    "{{ text.upper() }} {{ text['upper']() }}",
    "{{ missing.attribute }}", "{{ missing['x'] }}", "{{ d.missing.more }}", "{{ none.x }}|", "{{ (none).x.y }}", "{{ 5[0].x }}",
    "{{ numbers[10].x }}", "{{ numbers['x'].y }}", "{{ messages[9]['role'] }}", "{{ numbers[1:2:0] }}", "{{ numbers['a':] }}",
    "{{ missing + 1 }}", "{{ missing() }}", "{{ text() }}", "{{ d.nope() }}", "{{ -missing }}",
    # White space
    "a\n{% if true %}\nb\n{% endif %}\nc\n", "  {% if true %}x{% endif %}\n  y", "a {%- if true -%} b {%- endif -%} c",
    "a\n  {%+ if true %}b{% endif +%}\nc", "x {{- ' y ' -}} z", "a\n    {# comment #}\nb", "a {#- c -#} b", "{% raw %}{{ x }}{% endraw %}\nq",
    "a\n\n{{ 1 }}\n\nb\n\n", "  {{ 1 }}  \n", "{%- set x = 1 -%}\n\n  {{ x }}", "\t{% set x = 1 %}\t{{ x }}", "a\r\nb\r{% if 1 %}\r\nc{% endif %}",
    "{% for i in [1, 2] %}\n  {{ i }}\n{% endfor %}\nend", "a{% raw -%}  {% x %} {%- endraw %}  b", "{{ '\n' }}|{{ '{{' }}|{{ '%}' }}",
    "{% if true %}{% endif %}\n\n x", "text only", "", "\n", "{# only #}", "a {# b #} c {# d\n e #}\nf",
    # If and for
    "{% if nothing %}a{% elif empty %}b{% elif yes %}c{% else %}d{% endif %}", "{% if not nothing and yes or missing %}x{% endif %}",
    "{% for x in numbers %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}", "{% for x in [] %}a{% else %}none{% endfor %}",
    "{% for x in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for c in uni %}[{{ c }}]{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3)), (4, (5, 6))] %}{{ a }}{{ b }}{{ c }};{% endfor %}",
    "{% for x in numbers if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}",
    "{% for x in numbers %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in numbers %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}", "{% for x in numbers %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in numbers %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in numbers %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in [[1, [2, [3]]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}",
    "{% for x in missing %}a{% else %}b{% endfor %}", "{% for x in 5 %}a{% endfor %}", "{% for x in none %}a{% endfor %}", "{% for a, b in [1] %}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{% for a, b in [(1,)] %}{% endfor %}", "{% for x in numbers %}{{ loop(x) }}{% endfor %}",
    "{% for x in numbers %}{% for y in numbers %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}", "{{ loop }}",
    "{% for x in range(3) %}{% set y = x %}{% endfor %}{{ y }}|{{ x }}", "{% set x = 0 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "{% for m in messages %}{{ m.role }}{% if m.tool_calls is defined %}!{% endif %} {% endfor %}", "{% for x in 'ab', 'cd' %}{{ x }}.{% endfor %}",
    "{% for k, v in d | dictsort %}{{ k }}{{ v }} {% endfor %}", "{% for k, v in d | items %}{{ k }}{{ v }} {% endfor %}", "{% for x in numbers | reverse %}{{ x }}{% endfor %}",
    # Set, namespace, with
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a = 1 if yes else 2 %}{{ a }}", "{% set x = [1] %}{% set y = x %}{{ y }}", "{% set t = 1, 2 %}{{ t }}",
    "{% set ns = namespace(n=0) %}{% for i in numbers %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}{{ ns.b }}|{{ ns.b is defined }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }} {{ ns['a'] }}", "{% set d.x = 1 %}", "{% set missing.x = 1 %}", "{% set block %}a{{ 1 }}b{% endset %}[{{ block }}]",
    "{% set block | upper | trim %} abc {% endset %}[{{ block }}]", "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}", "{% set x = 1 %}{% with x = 2, y = x %}{{ x }}{{ y }}{% endwith %}{{ x }}",
    "{% if true %}{% set inner = 1 %}{% endif %}{{ inner }}", "{% set x %}{% set y = 1 %}{% endset %}{{ y }}", "{% set messages = messages[1:] %}{{ messages[0].role }}", "{{ namespace(a=1) }}",
    # Macros, call and filter blocks
    "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=4) }} {{ m() }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}", "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(7) }}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(4) }}", "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{{ yes }}{% endcall %}",
    "{% macro m() %}{{ caller('a', 2) }}{% endmacro %}{% call(p, q) m() %}{{ p }}{{ q }}{% endcall %}", "{% macro m() %}{{ top }}{% endmacro %}{% set top = 5 %}{{ m() }}",
    "{% set g = 1 %}{% macro m() %}{% set g = 2 %}{{ g }}{% endmacro %}{{ m() }}{{ g }}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m.name }} {{ m.arguments }}", "{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% filter upper %}abc {{ text }}{% endfilter %}", "{% filter replace('a', 'b') | trim %} aaa {% endfilter %}", "{% macro m() %}  x  {% endmacro %}[{{ m() | trim }}]", "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}",
    "{% macro m(l) %}{% for x in l %}{{ x }}{{ loop.index }}{% endfor %}{% endmacro %}{{ m([5, 6]) }}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{{ dict(a=1, b=2) }} {{ dict([('x', 1)], y=2) }}", "{% set j = joiner(', ') %}{{ j() }}a{{ j() }}b{{ j() }}c", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.reset() }}{{ c.current }}",
    "{% set args = [1, 2] %}{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*args) }}{{ m(**{'a': 3, 'b': 4}) }}",
    # Filters
    "{{ text | upper }} {{ text | lower }} {{ 'ab cd-ef (gh' | title }} {{ 'aB cD' | capitalize }} {{ uni | upper }}", "{{ '  x \n' | trim }}|{{ 'xxaxx' | trim('x') }}|{{ 5 | trim }}",
    "{{ text | replace('l', 'L') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'ab' | replace('', '-') }} {{ 111 | replace(1, 2) }}", "{{ [1, 2] | join }} {{ numbers | join(', ') }} {{ people | join('/', attribute='name') }} {{ uni | join('.') }}",
    "{{ text | length }} {{ uni | length }} {{ numbers | count }} {{ d | length }} {{ missing | length }}", "{{ numbers | first }} {{ numbers | last }} {{ [] | first }}| {{ text | last }} {{ d | first }}",
    "{{ numbers | sort }} {{ numbers | sort(reverse=true) }} {{ words | sort }} {{ words | sort(case_sensitive=true) }} {{ people | sort(attribute='age') | map(attribute='name') | list }}",
    "{{ people | sort(attribute='age,name') | map(attribute='name') | join(' ') }}", "{{ words | unique | list }} {{ [1, 1.0, 2, 1] | unique | list }} {{ numbers | max }} {{ numbers | min }} {{ words | max }} {{ [] | max }}|",
    "{{ numbers | sum }} {{ people | sum(attribute='age') }} {{ [1.5, 2] | sum }} {{ [[1], [2]] | sum(start=[]) }} {{ numbers | sum(start=10) }}", "{{ people | map(attribute='town.zip') | list }} {{ people | map(attribute='town.zip', default='?') | join }}",
    "{{ words | map('upper') | list }} {{ numbers | map('string') | join('') }} {{ ['a', 'b'] | map('replace', 'a', 'z') | list }}", "{{ people | selectattr('age', 'equalto', 31) | map(attribute='name') | list }} {{ people | rejectattr('town') | map(attribute='name') | list }}",
    "{{ [0, 1, '', 'a', none] | select | list }} {{ numbers | select('odd') | list }} {{ numbers | reject('gt', 1) | list }} {{ people | selectattr('town', 'defined') | list | length }}", "{{ words | select('in', ['fig', 'pear']) | list }} {{ [1, 'a', 2.0] | select('string') | list }}",
    "{{ people | groupby('age') | map('first') | list }}", "{% for g, items in people | groupby('age') %}{{ g }}:{{ items | map(attribute='name') | join(',') }};{% endfor %}", "{% for g in people | groupby('age') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}",
    "{{ d | dictsort }} {{ d | dictsort(true) }} {{ d | dictsort(by='value') }} {{ d | dictsort(reverse=true) }}", "{{ d | items | list }} {{ missing | items | list }}", "{{ 5 | items | list }}", "{{ 5 | length }}", "{{ numbers | map('upper') | length }}",
    "{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 0) | list }} {{ [1, 2, 3, 4, 5] | slice(3) | list }} {{ [1, 2, 3, 4] | slice(3, 'x') | list }}", "{{ numbers | reverse | list }} {{ 'abc' | reverse }} {{ (1, 2) | reverse | list }}", "{{ 5 | reverse }}",
    "{{ missing | default('x') }} {{ none | default('x') }} {{ none | default('x', true) }} {{ '' | default('y', boolean=true) }} {{ 0 | d(1) }} {{ missing | default }}|", "{{ '42' | int }} {{ '4.7' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 'ff' | int(base=16) }} {{ 3.99 | int }} {{ true | int }} {{ none | int }} {{ ' 5 ' | int }} {{ '-1_000' | int }} {{ '0x1f' | int(0, 16) }}",
    "{{ '1.5' | float }} {{ 'x' | float }} {{ 2 | float }} {{ 'inf' | float }} {{ '1e3' | float }}", "{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 1234.5 | round(-2) }} {{ 2.1 | round(method='ceil') }} {{ 2.19 | round(1, 'floor') }} {{ 5 | round }}",
    "{{ [1, 'a'] | string }} {{ none | string }} {{ 1.0 | string | length }}", "{{ '<a href=\"x\">&\\'' | escape }} {{ '<' | e }}", "{{ text | safe }} {{ 'abc' | list }} {{ d | list }} {{ missing | list }}",
    "{{ multi | indent }}", "{{ multi | indent(2, true) }}", "{{ multi | indent(2, blank=true) }}", "{{ multi | indent('> ', first=true) }}", "{{ 'x' | center(5) }}| {{ 'ab' | center(5) }}|",
    "{{ 'one two three four' | truncate(9) }} {{ 'one two three four' | truncate(9, true) }} {{ 'short' | truncate(4) }} {{ 'foo bar baz qux' | truncate(11, false, '..', 0) }}", "{{ 'a b  c-d' | wordcount }}", "{{ '%s is %d years' | format('Ann', 31) }} {{ '%(a)s' | format(a=1) }}",
    "{{ text | attr('upper')() }} {{ d | attr('a') }}|", "{{ 1 | nofilter }}", "{{ numbers | map | list }}", "{{ missing | upper }}|{{ missing | trim }}|{{ missing | join }}|{{ missing | string }}", "{{ numbers | sort | first + 1 }}", "{{ missing | int }}", "{{ missing | abs }}",
    # tojson
    "{{ nested | tojson }} {{ messages[2].tool_calls | tojson }}", "{{ nested | tojson(indent=2) }}", "{{ messages[2] | tojson(indent=4) }}", "{{ d | tojson(sort_keys=true) }} {{ d | tojson(separators=(',', ':')) }} {{ uni | tojson }} {{ uni | tojson(ensure_ascii=true) }}",
    "{{ '</script>&\\'\"' | tojson }} {{ '\\x00\\x1f\\x7f\\b\\f\\u2028' | tojson }}", "{{ [1, 1.0, 1e100, true, none, 'x', (1, 2)] | tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }}", "{{ [] | tojson(indent=2) }} {{ {} | tojson(indent=2) }} {{ [[]] | tojson(indent=2) }} {{ [1] | tojson(indent='\t') }}",
    "{{ missing | tojson }}", "{{ range(2) | tojson }}", "{{ [missing] | tojson }}",
    # Tests
    "{{ 1 is odd }} {{ 2 is even }} {{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }} {{ 1 is number }} {{ 1.5 is float }} {{ 1 is integer }} {{ true is integer }} {{ true is boolean }} {{ 'a' is string }}",
    "{{ d is mapping }} {{ [] is sequence }} {{ 'a' is sequence }} {{ d is sequence }} {{ 1 is sequence }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ d.items() is sequence }} {{ d.keys() is iterable }} {{ (numbers | map('string')) is iterable }}", "{{ none is none }} {{ missing is none }} {{ missing is defined }} {{ nothing is defined }} {{ missing is undefined }} {{ d.zz is defined }}",
    "{{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }} {{ 'a' is eq 'a' }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 2 is ge(2) }} {{ 1 is in [1, 2] }} {{ 3 is not in [1, 2] }} {{ 'a' is sameas 'a' }}", "{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'Abc' is lower }} {{ 'a1' is lower }} {{ '1' is lower }} {{ range is callable }} {{ 1 is callable }} {{ 'upper' is filter }} {{ 'odd' is test }}",
    "{{ 1 is not odd }} {{ 'x' is not string and true }} {{ 3 is odd or false }}", "{{ 1 is notest }}", "{{ missing is string }} {{ missing is iterable }} {{ missing is mapping }} {{ missing is sequence }}", "{{ 'a' is odd }}",
    # Methods
    "{{ 'a,b,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a b c'.rsplit(' ', 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ ' a b  c '.split(none, 1) }} {{ ' a b  c '.rsplit(none, 1) }}", "{{ 'abc'.startswith('a') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.endswith('b', 0, 2) }}",
    "{{ '  x '.strip() }}|{{ ' x '.lstrip() }}|{{ ' x '.rstrip() }}|{{ 'xyx'.strip('x') }}|{{ 'abcba'.lstrip('ab') }}|{{ '\\n x\\n'.strip('\\n') }}|", "{{ 'a'.upper() }} {{ 'A'.lower() }} {{ 'ab cd'.title() }} {{ 'aBC'.capitalize() }} {{ 'aB'.swapcase() }} {{ \"they're bill's\".title() }}",
    "{{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }} {{ ', '.join(['a', 'b']) }} {{ '-'.join('abc') }}", "{{ 'hello'.find('l') }} {{ 'hello'.rfind('l') }} {{ 'hello'.find('z') }} {{ 'hello'.index('e') }} {{ 'hello'.count('l') }} {{ uni.find('日') }}", "{{ 'abc'.index('z') }}", "{{ ''.join([1]) }}",
    "{{ 'a\\nb\\r\\nc'.splitlines() }} {{ 'a\\n'.splitlines() }} {{ 'a\\nb'.splitlines(true) }} {{ 'k=v=w'.partition('=') }} {{ 'k=v=w'.rpartition('=') }} {{ 'k'.partition('=') }}", "{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'x'.ljust(3) }}| {{ 'x'.rjust(3, '*') }} {{ 'x'.center(4, '-') }} {{ '-5'.zfill(4) }}",
    "{{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'AB'.isupper() }} {{ 'ab'.islower() }} {{ ''.isalpha() }}", "{{ '{} {}'.format(1, 'a') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{x}'.format(x=5) }} {{ '{{}}'.format() }} {{ '{:>5}|{:<4}|{:^5}|'.format('a', 'b', 'c') }} {{ '{:.2f} {:05d} {:,}'.format(3.14159, 42, 1234567) }}",
    "{{ d.get('a') }} {{ d.get('z') }} {{ d.get('z', 5) }} {{ d.items() | list }} {{ d.keys() | list }} {{ d.values() | sum }}", "{{ numbers.index(2) }} {{ numbers.count(3) }} {{ (1, 2, 1).count(1) }}", "{{ numbers.append(1) }}", "{{ d.update({}) }}", "{{ d.pop('a') }}", "{{ text.nosuch() }}", "{{ text.__class__ }}|",
    # % formatting
    "{{ '%s %d %5.2f %x %%' % ('a', 3, 2.5, 255) }} {{ '%s' % 5 }} {{ '%r' % 'x' }} {{ '%(a)s' % {'a': 1} }} {{ '%-5s|%5s|%05d|%+d' % ('a', 'b', 42, 7) }}", "{{ '%s' % [1] }} {{ '%c%c' % ('a', 98) }} {{ '%.3s' % 'abcdef' }} {{ '%o %X %#x' % (8, 255, 255) }} {{ '%e %g' % (12345.678, 0.0001) }}", "{{ '%s %s' % 'a' }}", "{{ '%s' % ('a', 'b') }}", "{{ '%d' % 'a' }}",
    # Errors of the template
    "{{ raise_exception('No system role!') }}", "{% if messages[0].role == 'system' %}{{ raise_exception('System: ' ~ messages[0].content) }}{% endif %}", "{{ }}", "{% if %}", "{% if x %}", "{% endif %}", "{% nosuch %}", "{{ 'a }}", "{{ a b }}", "{{ (1 }}", "{{ [1, }}", "{% for x %}{% endfor %}", "{% for x in y %}", "{% set %}", "{{ 1 | }}", "{{ a.b. }}",
    "{{ x is }}", "{# open", "{% macro %}{% endmacro %}", "{% raw %}x", "{{ 1 }", "{{ f(a=1, 2) }}", "{% break %}", "{% set true = 1 %}", "{{ 1 is odd is even }}", "{% else %}", "{% if 1 %}{% elif %}{% endif %}", "{{ @ }}", "{{ 'a' if }}", "{{ not }}", "{% call x %}{% endcall %}",
    # Generation blocks
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% else %}{{ m.role }}{% endif %}\n{% endfor %}", "{% generation %}\n a \n{% endgeneration %}\nb",
    # Idioms of real templates
    "{%- for message in messages -%}\n  {{- '<|im_start|>' + message['role'] + '\\n' -}}\n  {%- if message.content is string -%}{{ message.content | trim }}{%- else -%}{%- for part in message.content -%}{%- if part.type == 'text' -%}{{ part.text }}{%- endif -%}{%- endfor -%}{%- endif -%}\n  {{- '<|im_end|>\\n' -}}\n{%- endfor -%}",
    "{%- set ns = namespace(last=-1) %}{%- for m in messages[::-1] %}{%- if ns.last < 0 and m.role == 'user' %}{% set ns.last = (messages | length - 1) - loop.index0 %}{% endif %}{%- endfor %}{{ ns.last }}",
    "{% if messages and messages[0]['role'] | lower == 'system' %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}{{ rest | map(attribute='role') | join('>') }}",
    "{% set content = 'a<think>b</think>c' %}{% if '</think>' in content %}{{ content.split('</think>')[-1].lstrip('\\n') }}|{{ content.split('</think>')[0].rstrip('\\n').split('<think>')[-1] }}{% endif %}",
    "{{ bos_token ~ messages | selectattr('role', 'equalto', 'user') | list | length ~ eos_token }}", "{{ 'x' if messages[0].role not in ['user', 'assistant'] else 'y' }}", "{{ messages | rejectattr('role', 'in', ['system']) | map(attribute='role') | unique | list }}",
    "{%- macro show(p, n) -%}{%- for k, v in p | items -%}{{ n ~ k }}={% if v is mapping %}{{ show(v, n ~ '.') }}{% else %}{{ v | tojson }}{% endif %};{%- endfor -%}{%- endmacro -%}{{ show({'a': 1, 'b': {'c': [1]}}, '') }}",
    "{{ (messages | last).content | map(attribute='text') | select('defined') | join }}", "{{ strftime_now('%d %b %Y') | length }}", "{{ loop_messages | default(messages) | length }}",
    # Undefined and lists as conditions
    "{% if missing %}a{% else %}b{% endif %}{% if missing is not defined %}c{% endif %}", "{{ missing ~ 'x' }}{{ 'x' ~ missing }}{{ [missing] }}", "{{ (missing or 'x') ~ (d.q or 'y') }}", "{% for m in messages if m.role != 'system' %}{{ loop.index0 }}{% endfor %}",
]


class Generation(Extension):
    """{% generation %}: a block in a scope of its own."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_show"), [], [], body).set_lineno(line)

    def _show(self, caller):
        return caller()


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise TemplateError(message)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: datetime.now().strftime(format)
    return env


def render(template, variables):
    try:
        return {"rendered": environment().from_string(template).render(**variables)}
    except TemplateSyntaxError:
        return {"error_kind": "syntax"}
    except (UndefinedError, SecurityError) as error:
        return {"error_kind": "undefined", "error": str(error)}
    except TemplateError as error:
        return {"error_kind": "template", "error": str(error)}
    except Exception as error:  # what Python raises: only that there is an error is compared
        return {"error_kind": type(error).__name__, "python_error": str(error)}


def main():
    folder = Path(__file__).resolve().parent.parent / "tests" / "golden" / "jinja"
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for case in CASES:
        template, extra = case if isinstance(case, tuple) else (case, {})
        result = render(template, {**CONTEXT, **extra})
        cases.append({"template": template, **({"variables": extra} if extra else {}), **result})
    text = json.dumps({"jinja2": jinja2.__version__, "context": CONTEXT, "cases": cases}, ensure_ascii=False, indent=1)
    (folder / "cases.json").write_text(text + "\n")
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
