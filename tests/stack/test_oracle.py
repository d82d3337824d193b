"""The C core against independent statements of the rules: thousands of forms, each line compared to the cent.

`Meanings`: what a line means is made up first and then written down in one of many ways; nothing is parsed here.
`WholeForms`: cells are made up as units fill them in, and a second reading of the same grammar says what must come out:
lines, execution, totals, grade, verified weight, and every flag with its place.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

from actors import GUARD_S, ROOT
from service import ZIPING

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))

from forms import Filler  # noqa: E402
from judge import Profile, judge  # noqa: E402
from rules import Form, cents  # noqa: E402
from texts import Writer, digits  # noqa: E402

FORMS = int(os.environ.get("ZP_ORACLE_FORMS", "1000"))  # a profile and test
SEED = int(os.environ.get("ZP_ORACLE_SEED", "20260101"))
WATCHED = {"SCORE_TOO_HIGH", "SCORE_TOO_LOW", "SCORE_ROUNDED", "STRICT_BOUNDARY", "EQUAL_EXCEEDED", "REVERSE_EXCEEDED"}


def path_of(profile):
    return os.path.join(ROOT, "conf", "profiles", f"{profile}.yaml")


def score(test, profile_path, texts):
    """The results of one `ziping score` over all forms."""
    body = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
    done = subprocess.run([ZIPING, "score", "--json", "--profile", profile_path, "-"], input=body, capture_output=True,
                          text=True, timeout=8 * GUARD_S, check=False)
    results = [json.loads(line) for line in done.stdout.split("\n") if line]
    test.assertEqual(len(results), len(texts), f"exit {done.returncode}: {done.stderr[-2000:]}")
    return results


def points(text):
    return None if text is None else int(Fraction(text) * 100)


def weights(dice):
    left, found = 90, []
    while left:
        found.append(min(left, dice.choice([5, 10, 15, 20, 30])))
        left -= found[-1]
    return found


def make(dice, profile):
    """(what it means, what is written)"""
    writer, has_scores = Writer(dice), dice.random() < 0.7
    budget = Fraction(dice.randrange(1, 10**dice.randrange(3, 12)), 100)
    executed = Fraction(int(budget * dice.choice([100, 100, 91, 66, 33, 120]) * dice.randrange(900, 1000) / 1000), 100)
    lines = [writer.line(weight, has_scores, profile) for weight in weights(dice)]
    form = Form(budget, executed, [line for line, *_ in lines])
    score = Fraction(form.execution(), 100)
    total = score + sum(line.declared for line in form.lines) if has_scores else None
    text = {"year": 2022, "project_name": "项目", "unit": "单位", "money_unit": "元",
            "funds": {"total": {"initial_budget": digits(budget), "annual_budget": digits(budget),
                                "executed": digits(executed), "weight": "10", "execution_rate": form.rate(),
                                "score": digits(score) if has_scores else None}},
            "indicators": [{"level1": "产出指标", "level2": "数量指标", "level3": f"指标{i}", "target": target, "actual": actual,
                            "weight": str(line.weight), "score": declared, "deviation": "原因"}
                           for i, (line, target, actual, declared) in enumerate(lines)],
            "declared_total": digits(total) if has_scores else None}
    return form, text


class Meanings(unittest.TestCase):
    maxDiff = None

    def compare(self, form, text, result, profile):
        for i, (line, written, found) in enumerate(zip(form.lines, text["indicators"], result["indicators"])):
            decimals = len((written["score"] or "").partition(".")[2])
            expected = {"basis": line.kind, "computed": line.computed(profile), "confirmed": line.confirmed(profile),
                        "flags": line.score_flags(profile, decimals) | {f for c in line.clauses for f in c.over}}
            flags = {f["code"] for f in result["flags"] if f["pointer"].startswith(f"/indicators/{i}/")} & WATCHED
            actual = {"basis": found["basis"], "computed": points(found["computed"]),
                      "confirmed": points(found["confirmed"]), "flags": flags}
            self.assertEqual(actual, expected, f"seed {SEED}, {profile}: {json.dumps(written, ensure_ascii=False)}")
        self.assertEqual(result["execution"]["rate"], form.rate())
        found = (points(result["execution"]["computed"]), points(result["computed_total"]),
                 points(result["confirmed_total"]), result["grade"], result["machine_verified_weight"])
        self.assertEqual(found, (form.execution(), form.computed_total(profile), form.confirmed_total(profile),
                                 form.grade(profile), str(form.verified())), json.dumps(text, ensure_ascii=False))

    def check(self, profile):
        dice = random.Random(f"{SEED} {profile}")
        made = [make(dice, profile) for _ in range(FORMS)]
        for (form, text), result in zip(made, score(self, path_of(profile), [text for _, text in made])):
            self.compare(form, text, result, profile)

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
EXPLAINED = {"DEVIATION_MISSING": "missing_deviation_reason", "OVER_REASON_MISSING": "missing_reason"}


class WholeForms(unittest.TestCase):
    maxDiff = None

    def found(self, result):
        execution = result["execution"]
        return {"lines": [{"basis": line["basis"], "computed": points(line["computed"]),
                           "confirmed": points(line["confirmed"])} for line in result["indicators"]],
                "execution": (points(execution["computed"]), points(execution["confirmed"])), "rate": execution["rate"],
                "totals": tuple(points(result[f"{which}_total"]) for which in ("declared", "computed", "confirmed")),
                "grade": result["grade"], "declared_grade": result["declared_grade"],
                "verified": Fraction(result["machine_verified_weight"]),
                "flags": {(flag["code"], flag["pointer"]) for flag in result["flags"]}}

    def compare(self, form, result, expected, about):
        found, why = self.found(result), expected.pop("why")
        for i, (line, wanted) in enumerate(zip(found["lines"], expected["lines"])):
            at = f"/indicators/{i}/"
            flags = [sorted(flag for flag in side["flags"] if flag[1].startswith(at)) for side in (found, expected)]
            self.assertEqual((line, flags[0]), (wanted, flags[1]),
                             about + json.dumps(form["indicators"][i], ensure_ascii=False))
        self.assertEqual(found, expected, about + json.dumps(form, ensure_ascii=False))
        for line, fits in zip([result["execution"], *result["indicators"]], why):
            self.assertIn(tuple(line["explanation"]), fits, about + json.dumps(line, ensure_ascii=False))

    def a_reader_can_do_the_sum(self, line):
        """A formula of plain numbers gives the computed score."""
        numbers = re.fullmatch(r"([0-9.,]+) ÷ ([0-9.,]+) × ([0-9.]+)", line["formula"] or "")
        if numbers:
            over, under, weight = (Fraction(number.replace(",", "")) for number in numbers.groups())
            self.assertEqual(cents(over / under * weight), points(line["computed"]),
                             json.dumps(line, ensure_ascii=False))

    def check(self, name, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        profile, dice = Profile(text), random.Random(f"{SEED} whole {name}")
        filler, forms = Filler(dice), []
        for _ in range(FORMS):
            form = filler.form(int(profile.weight))
            if filler.chance(0.7):
                wanted = judge(form, profile)
                filler.rewrite(form, [wanted["execution"][0]] + [line["computed"] for line in wanted["lines"]])
            forms.append(form)
        for form, result in zip(forms, score(self, path, forms)):
            self.compare(form, result, judge(form, profile), f"seed {SEED}, {name}: ")
            for line in [result["execution"], *result["indicators"]]:
                if profile.deduction == 0:
                    self.a_reader_can_do_the_sum(line)
            for flag in result["flags"]:
                if flag["code"] in EXPLAINED:
                    self.assertIn(f"{EXPLAINED[flag['code']]}: {flag['severity']}", text)

    def test_mof_2020(self):
        self.check("mof-2020", path_of("mof-2020"))

    def test_linear(self):
        self.check("linear", path_of("linear"))

    def test_hubei(self):
        self.check("hubei", path_of("hubei"))

    def test_strict(self):
        self.check("strict", path_of("strict"))

    def test_mof_2021_cost(self):
        self.check("mof-2021-cost", path_of("mof-2021-cost"))

    def test_a_profile_with_caps_and_deductions(self):
        with open(path_of("mof-2020"), encoding="utf-8") as file:
            text = file.read()
        for before, after in CAPPED:
            self.assertIn("  " + before if before == "missing_reason: warning" else before, text)
            text = text.replace(before, after, 1)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            self.check("capped", file.name)


def setUpModule():
    print(f"seed {SEED}, {FORMS} forms a profile and test (ZP_ORACLE_SEED, ZP_ORACLE_FORMS)", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
