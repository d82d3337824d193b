"""The C core against independent statements of the rules: thousands of forms, each line compared to the cent.

`Meanings`: what a line means is made up first and then written down in one of many ways; nothing is parsed here.
`WholeForms`: cells are made up as units fill them in, and a second reading of the same grammar says what must come out:
the whole result document, with every formula and every flag.

Hypothesis makes the choices, and shrinks a form on which the two differ to the smallest that does. What is tried is the
same in every run; ZP_ORACLE_FORMS and ZP_ORACLE_SEED ask for more and for others.
"""
import json
import os
import re
import sys
import unittest
from fractions import Fraction

from actors import ROOT
from scorer import SEED, Scorer, many, outcome, path_of, profile_file

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))

from dice import filled_forms, meant_forms  # noqa: E402
from judge import judge  # noqa: E402
from profiles import Profile  # noqa: E402
from rules import earned, shown  # noqa: E402

FORMS = int(os.environ.get("ZP_ORACLE_FORMS", "300"))  # a profile and test
WATCHED = {"SCORE_TOO_HIGH", "SCORE_TOO_LOW", "SCORE_ROUNDED", "STRICT_BOUNDARY", "EQUAL_EXCEEDED", "REVERSE_EXCEEDED"}


def points(text):
    return None if text is None else int(Fraction(text) * 100)


class Meanings(unittest.TestCase):
    maxDiff = None

    def compare(self, form, text, result, profile):
        for i, (line, written, found) in enumerate(zip(form.lines, text["indicators"], result["indicators"])):
            decimals = len((written["score"] or "").partition(".")[2])
            expected = {"basis": line.kind, "computed": shown(line.computed(profile)),
                        "confirmed": shown(line.confirmed(profile)),
                        "flags": line.score_flags(profile, decimals) | {f for c in line.clauses for f in c.over}}
            flags = {f["code"] for f in result["flags"] if f["pointer"].startswith(f"/indicators/{i}/")} & WATCHED
            actual = {"basis": found["basis"], "computed": points(found["computed"]),
                      "confirmed": points(found["confirmed"]), "flags": flags}
            self.assertEqual(actual, expected, json.dumps(written, ensure_ascii=False))
        self.assertEqual(result["execution"]["rate"], form.rate())
        found = (points(result["execution"]["computed"]), points(result["computed_total"]),
                 points(result["confirmed_total"]), result["grade"], result["machine_verified_weight"])
        self.assertEqual(found, (*map(shown, (form.execution(), form.computed_total(profile), form.confirmed_total(profile))),
                                 form.grade(profile), str(form.verified())))

    def check(self, profile):
        with Scorer(path_of(profile)) as scorer:
            def one(meant):
                form, text = meant
                self.compare(form, text, scorer.score(text), profile)
            many(meant_forms(profile), FORMS, one)

    def test_mof_2020(self):
        self.check("mof-2020")

    def test_linear(self):
        self.check("linear")

    def test_hubei(self):
        self.check("hubei")


# The variants that no shipped profile has: caps by the execution rate, a deduction, an obligatory reason.
CAPPED = (("rate_caps: []", """rate_caps:
    - {below: "0.50", total: "59"}
    - {below: "0.60", total: "69"}
    - {below: "0.70", total: "79"}
    - {below: "0.80", total: "89"}"""),
          ('threshold: "1.30"', 'threshold: "1.20"'), ('deduction: "0"', 'deduction: "0.5"'),
          ("missing_reason: warning", "missing_reason: error"), ("name: mof-2020", "name: capped"))


class WholeForms(unittest.TestCase):
    maxDiff = None

    def a_reader_can_do_the_sum(self, line):
        """A formula of plain numbers gives the computed score."""
        numbers = re.fullmatch(r"([0-9.,]+) ÷ ([0-9.,]+) × ([0-9.]+)", line["formula"] or "")
        if numbers:
            over, under, weight = (Fraction(number.replace(",", "")) for number in numbers.groups())
            self.assertEqual(shown(earned(over / under, weight)), points(line["computed"]),
                             json.dumps(line, ensure_ascii=False))

    def compare(self, form, result, profile):
        found, expected = outcome(result), judge(form, profile)
        for key in ("flags", "indicators"):  # where a difference is read most easily
            self.assertEqual(found[key], expected[key])
        self.assertEqual(found, expected)
        for line in [result["execution"], *result["indicators"]]:
            if profile.deduction == 0:
                self.a_reader_can_do_the_sum(line)

    def check(self, path):
        with open(path, encoding="utf-8") as file:
            profile = Profile(file.read())
        with Scorer(path) as scorer:
            many(filled_forms(profile), FORMS, lambda form: self.compare(form, scorer.score(form), profile))

    def test_mof_2020(self):
        self.check(path_of("mof-2020"))

    def test_linear(self):
        self.check(path_of("linear"))

    def test_hubei(self):
        self.check(path_of("hubei"))

    def test_strict(self):
        self.check(path_of("strict"))

    def test_mof_2021_cost(self):
        self.check(path_of("mof-2021-cost"))

    def test_a_profile_with_caps_and_deductions(self):
        with open(path_of("mof-2020"), encoding="utf-8") as file:
            text = file.read()
        for before, after in CAPPED:
            self.assertIn("  " + before if before == "missing_reason: warning" else before, text)
            text = text.replace(before, after, 1)
        with profile_file(text) as path:
            self.check(path)


def setUpModule():
    print(f"seed {SEED}, {FORMS} forms a profile and test (ZP_ORACLE_SEED, ZP_ORACLE_FORMS)", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
