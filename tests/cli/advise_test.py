"""attune advise as a user runs it: answers, a report, a log, the page and the exit codes."""

import json
import os
import re
import subprocess
import unittest

from folder_case import FolderCase

BINARY = os.environ["ATTUNE_BINARY"]
WORTH_IT = ["prompt=optimised", "quality_gap=[6, 14]", "examples=300", "requests_per_day=2000", "rework=0.2..0.3",
            "rework_after=0.04", "fix_minutes=2", "facts=none", "form=style"]


class Advise(FolderCase):
    def advise(self, *arguments, sets=()):
        flags = [flag for one in sets for flag in ("--set", one)]
        return subprocess.run([BINARY, "advise", *arguments, *flags], capture_output=True, text=True, check=False)

    def json(self, *arguments, sets=()):
        run = self.advise(*arguments, "--json", sets=sets)
        return run.returncode, json.loads(run.stdout)

    def test_says_the_verdict_first_and_exits_0_when_decided(self):
        run = self.advise(sets=WORTH_IT)
        self.assertTrue(run.stdout.startswith("Verdict: Fine-tune: the gain is measured"), run.stdout[:200])
        self.assertEqual(run.returncode, 0)
        self.assertEqual(run.stderr, "")

    def test_exits_3_when_the_evidence_does_not_decide(self):
        code, advice = self.json(sets=[*WORTH_IT, "quality_gap=[-4, 16]"])
        self.assertEqual((code, advice["verdict"], advice["exit_code"]), (3, "inconclusive", 3))

    def test_exits_2_for_an_answer_that_is_wrong(self):
        for wrong, word in [("reqests_per_day=3", "did you mean"), ("rework=15", "0.15"), ("facts=perhaps", "changing")]:
            run = self.advise(sets=[wrong])
            self.assertEqual((run.returncode, run.stdout), (2, ""))
            self.assertIn(word, run.stderr)
        self.assertEqual(self.advise("no-such-file.yaml").returncode, 2)

    def test_reads_yaml_and_json_alike(self):
        yaml = self.write("a.yaml", "# ours\nrequests_per_day: [100, 900]\nfacts: changing\nrework: 8 %\n")
        as_json = self.write("a.json", '{"requests_per_day": [100, 900], "facts": "changing", "rework": 0.08}')
        one, two = self.json(yaml), self.json(as_json)
        self.assertEqual(one, two)
        self.assertEqual(one[1]["verdict"], "rag")

    def test_the_template_is_a_file_that_may_be_given_back(self):
        template = self.write("t.yaml", self.advise("--template").stdout)
        self.assertEqual(self.json(template), self.json())

    def test_takes_rate_length_and_facts_from_a_log(self):
        lines = []
        for i in range(240):
            request = {"messages": [{"role": "system", "content": "Answer as the manual says. " * 20},
                                    {"role": "user", "content": f"{i}: how heavy is part {chr(97 + i % 26)}?"}]}
            answer = {"role": "assistant", "content": f"It weighs {i + 20}.5 kg and is kept as EX-{4000 + i}."}
            response = {"created": 1790000000 + 3600 * i, "choices": [{"message": answer}],
                        "usage": {"prompt_tokens": 150, "completion_tokens": 20}}
            lines.append(json.dumps({"request": request, "response": response}))
        code, advice = self.json("--log", self.write("log.jsonl", "\n".join(lines)))
        log = advice["evidence"]["log"]
        self.assertEqual(log["requests"], 240)
        self.assertAlmostEqual(log["requests_per_day"]["value"], 24, places=3)
        self.assertEqual(log["prompt_tokens"]["value"], 150)
        self.assertGreater(log["repeated_prefix_share"], 0.9)
        self.assertTrue(log["knowledge"]["asks_for_retrieval"])
        self.assertEqual((code, advice["verdict"]), (0, "rag"))

    def test_finds_personal_data_in_the_rows(self):
        row = {"messages": [{"role": "user", "content": "Write to anna.meier@meier-sanitaer.de"},
                            {"role": "assistant", "content": "Done."}]}
        rows = self.write("rows.jsonl", (json.dumps(row) + "\n") * 80)
        _, advice = self.json("--rows", rows, sets=[s for s in WORTH_IT if not s.startswith("examples")])
        self.assertEqual((advice["verdict"], advice["leaf"]), ("do_nothing", "private"))
        self.assertEqual(advice["evidence"]["rows"]["rows_with_personal_data"], 80)

    def test_shows_prices_with_their_day_and_warns_of_old_ones(self):
        prices = self.write("prices.json", json.dumps({"version": 1, "prices": [
            {"provider": "Host", "model": "m-1", "kind": kind, "unit": "1M_tokens", "price": price, "currency": "USD",
             "retrieved": "2025-01-02", "source_url": "https://host.example", "confidence": "user"}
            for kind, price in [("input", 2), ("output", 8)]]}))
        run = self.advise("--prices", prices, sets=["model=m-1"])
        self.assertIn("2025-01-02", run.stdout)
        self.assertIn("older than 90 days", run.stdout)
        self.assertEqual(self.advise("--prices", prices).returncode, 2)

    def test_every_input_has_its_value_origin_and_flip_points(self):
        _, advice = self.json(sets=WORTH_IT)
        inputs = {one["name"]: one for one in advice["inputs"]}
        self.assertEqual(inputs["rework"]["origin"], "given")
        self.assertEqual(inputs["wage"]["origin"], "assumed")
        self.assertEqual(inputs["examples"]["flips_below"]["verdict"], "prompt")
        self.assertAlmostEqual(inputs["examples"]["flips_below"]["value"], 50, places=2)
        self.assertIsNone(inputs["team_hours"]["flips_above"])

    def test_the_same_seed_gives_the_same_advice(self):
        self.assertEqual(self.json("--seed", "5"), self.json("--seed", "5"))
        self.assertNotEqual(self.json("--seed", "5")[1]["draws"], self.json("--seed", "6")[1]["draws"])

    def test_writes_a_page_that_needs_nothing_else(self):
        page = self.folder / "advice.html"
        self.advise("--html", str(page), sets=WORTH_IT)
        html = page.read_text(encoding="utf-8")
        self.assertNotIn("<script", html)
        self.assertEqual(re.findall(r'(?:src|href)="[^"]*"|url\(', html), [])
        for part in ("<svg", "What each way costs", "Thresholds", "Uncertainty", "Assumed"):
            self.assertIn(part, html)


if __name__ == "__main__":
    unittest.main()
