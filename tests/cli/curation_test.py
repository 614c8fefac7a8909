"""`attune data plan`, `select` and `suspects` as a user runs them, on a tiny base."""

from __future__ import annotations

import datetime
import json
import random
import tempfile
import unittest
from pathlib import Path

from tiny_base import make_base, run

SCHEMA = {
    "type": "object",
    "properties": {"animal": {"enum": ["cat", "dog", "owl"]}, "loud": {"type": "boolean"}},
    "required": ["animal", "loud"],
    "additionalProperties": False,
}
FLIPPED = (3, 14, 25)


def write_rows(path: Path) -> None:
    draw = random.Random(5)
    rows = []
    for i in range(120):
        animal = ("cat", "dog")[i % 2]
        loud = draw.random() < 0.4
        noise = " ".join(draw.choices(["today", "maybe", "in the garden", "again", "number 7", "they said"], k=3))
        text = f"it {'purrs' if animal == 'cat' else 'barks'} {'very loudly' if loud else 'quietly'} {noise} {i}"
        if i in FLIPPED:
            animal = "dog" if animal == "cat" else "cat"
        answer = json.dumps({"animal": animal, "loud": loud}, separators=(",", ":"))
        part = "test" if i >= 100 else "train"
        rows.append({"text": text, "answer": answer, "split": part, "id": f"r{i}"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


class CurationTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = Path(cls.folder.name)
        (cls.at / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
        write_rows(cls.at / "rows.jsonl")
        make_base(cls.at, (cls.at / "rows.jsonl").read_text(encoding="utf-8"))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def data(self, command: str, *more: object):
        return run("data", command, self.at / "rows.jsonl", "--map", "user=text,assistant=answer,split=split,id=id",
                   "--contract", self.at / "schema.json", *more)

    def model(self) -> tuple[object, ...]:
        return ("--model", self.at / "base", "--dtype", "f32")

    def report(self, command: str, *more: object) -> dict:
        done = self.data(command, *more, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_plan_counts_what_training_counts(self) -> None:
        plan = self.report("plan", *self.model(), "--rank", 4, "--epochs", 2, "--hour-price", 36, "--probe-seconds", 0.1)
        tuned = run("tune", self.at / "rows.jsonl", "--map", "user=text,assistant=answer,split=split,id=id",
                    "--contract", self.at / "schema.json", *self.model(), "--rank", 4, "--epochs", 2, "--shots", 1,
                    "--max-answer-tokens", 4, "--out", self.at / "tuned", "--json", timeout=300)
        self.assertIn(tuned.returncode, (0, 1, 3), tuned.stderr)
        ledger = [json.loads(line) for line in
                  (self.at / "tuned" / "training" / "loss_ledger.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("tokens", "trained", "masked", "cut"):
            self.assertEqual(plan["tokens"][name], sum(row[name] for row in ledger), name)
        self.assertEqual(plan["local"]["steps"], json.loads(tuned.stdout)["training"]["steps"])
        self.assertEqual((plan["local"]["epochs"], plan["hosted"]["epochs"]), (2, 2))
        local = plan["local"]
        self.assertLessEqual(local["least_seconds"], local["seconds"])
        self.assertLessEqual(local["seconds"], local["most_seconds"])
        self.assertAlmostEqual(local["cost"], local["seconds"] / 100)
        self.assertFalse((self.at / "out").exists())

    def test_a_plan_reckons_with_the_users_prices_and_dates_them(self) -> None:
        old = str(datetime.date.today() - datetime.timedelta(days=120))
        price = {"provider": "Host", "model": "small", "kind": "train", "unit": "1M_tokens", "price": 2,
                 "currency": "EUR", "retrieved": old, "source_url": "https://host.example", "confidence": "user"}
        prices = self.at / "prices.json"
        prices.write_text(json.dumps({"version": 1, "prices": [price]}), encoding="utf-8")
        plan = self.report("plan", *self.model(), "--prices", prices, "--all", "--probe-seconds", 0.1)
        self.assertEqual(plan["rows"]["train"], 120)
        self.assertEqual(plan["hosted"]["epochs"], 3)  # the published rule for 120 rows
        cost = plan["hosted"]["costs"][0]
        self.assertAlmostEqual(cost["cost"], plan["tokens"]["tokens"] * 3 * 2 / 1e6)
        self.assertEqual((cost["price_date"], cost["price_age_days"]), (old, 120))
        page = self.data("plan", *self.model(), "--prices", prices, "--all", "--probe-seconds", 0.1)
        self.assertIn(f"of {old}, user", page.stdout)
        self.assertIn("1 of these prices are older than 90 days", page.stdout)
        refused = self.data("plan", *self.model(), "--prices", prices, "--max-price-age", 30)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("120 days old", refused.stderr)
        self.assertEqual(self.data("plan", *self.model(), "--epochs", "many").returncode, 2)

    def test_a_selection_is_reproducible_and_names_every_row(self) -> None:
        arguments = (*self.model(), "--keep", 20, "--method", "combined", "--seed", 4)
        report = self.report("select", *arguments, "--out", self.at / "a")
        self.report("select", *arguments, "--out", self.at / "b", "--threads", 1)
        for name in ("train.jsonl", "data.jsonl", "select_report.json", "simple/random.jsonl", "simple/clusters.jsonl"):
            self.assertEqual((self.at / "a" / name).read_bytes(), (self.at / "b" / name).read_bytes(), name)
        kept = (self.at / "a" / "train.jsonl").read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(kept), 20)
        self.assertEqual([m["role"] for m in json.loads(kept[0])["messages"]], ["user", "assistant"])
        self.assertEqual(len(report["rows"]), 100)
        self.assertEqual(sum(row["kept"] for row in report["rows"]), 20)
        self.assertEqual(len(report["other_parts"]), 20)
        parts = [json.loads(line)["split"] for line in
                 (self.at / "a" / "data.jsonl").read_text(encoding="utf-8").splitlines()]
        self.assertEqual((parts.count("train"), parts.count("test")), (20, 20))
        table = {entry["name"]: entry for entry in report["comparison"]}
        self.assertEqual(list(table), ["combined", "random", "longest", "clusters", "all rows"])
        longest = max(row["trained_tokens"] for row in report["rows"])
        for name in ("random", "longest", "clusters"):
            self.assertLessEqual(table[name]["trained_tokens"], table["combined"]["trained_tokens"])
            self.assertGreater(table[name]["trained_tokens"], table["combined"]["trained_tokens"] - longest)
            self.assertEqual(table[name]["enum_values"]["of"], 3)
        self.assertEqual(table["combined"]["enum_values"], {"covered": 2, "of": 3})
        self.assertEqual(report["missing_enum_values"], ['/animal: "owl"'])
        page = self.data("select", *arguments, "--out", self.at / "a").stdout
        self.assertIn('"owl" 0 (missing)', page)

    def test_ifd_is_the_ratio_of_the_losses_that_score_gives(self) -> None:
        report = self.report("select", *self.model(), "--keep", 3, "--method", "ifd", "--out", self.at / "ifd")
        rows = [json.loads(line) for line in (self.at / "rows.jsonl").read_text(encoding="utf-8").splitlines()]

        def loss(question: str, answer: str) -> float:
            head = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
            ids = [json.loads(run("tokenize", "--model", self.at / "base", "--special", "--json", "--text", text).stdout)
                   ["ids"] for text in (head, head + answer + "<|im_end|>")]
            scored = json.loads(run("score", *self.model(), "--tokens", ",".join(map(str, ids[1])), "--json").stdout)
            answered = scored["logprobs"][len(ids[0]) - 1:]
            return -sum(answered) / len(answered)

        for row in report["rows"][:4]:
            source = next(r for r in rows if r["id"] == row["row"])
            wanted = loss(source["text"], source["answer"]) / loss("", source["answer"])
            self.assertAlmostEqual(row["ifd"], wanted, places=4)

    def test_planted_mislabels_lead_the_suspects(self) -> None:
        found = self.report("suspects")
        animal = [suspect["row"] for suspect in found["suspects"] if suspect["path"] == "/animal"]
        self.assertEqual(set(animal[:3]), {f"r{i}" for i in FLIPPED})
        self.assertEqual(found["missing_enum_values"], ['/animal: "owl"'])
        self.assertEqual(found["suspects"][0]["neighbour"]["where"].split(":")[0], str(self.at / "rows.jsonl"))
        page = self.data("suspects", "--model", self.at / "base").stdout
        self.assertIn("where the others say", page)
        self.assertIn("the model prefers", page)

    def test_bad_input_is_refused_with_its_reason(self) -> None:
        many = self.data("select", *self.model(), "--keep", 101, "--out", self.at / "x")
        self.assertEqual(many.returncode, 2)
        self.assertIn("at most the 100 rows", many.stderr)
        wrong = self.data("select", *self.model(), "--keep", 5, "--method", "best", "--out", self.at / "x")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("wanted combined", wrong.stderr)
        absent = self.data("select", "--model", self.at / "nothing", "--keep", 5, "--out", self.at / "x")
        self.assertEqual(absent.returncode, 2)


if __name__ == "__main__":
    unittest.main()
