"""The C core against an independent statement of the rules: thousands of forms, each line compared to the cent."""
import json
import os
import random
import subprocess
import sys
import unittest
from fractions import Fraction

from actors import GUARD_S, ROOT
from service import ZIPING

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))

from rules import Form  # noqa: E402
from texts import Writer, digits  # noqa: E402

FORMS = int(os.environ.get("ZP_ORACLE_FORMS", "1500"))
SEED = int(os.environ.get("ZP_ORACLE_SEED", "20260101"))
WATCHED = {"SCORE_TOO_HIGH", "SCORE_TOO_LOW", "SCORE_ROUNDED", "STRICT_BOUNDARY", "EQUAL_EXCEEDED", "REVERSE_EXCEEDED"}


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
            "funds": {"total": {"initial_budget": digits(budget), "annual_budget": digits(budget), "executed": digits(executed),
                                "weight": "10", "execution_rate": form.rate(), "score": digits(score) if has_scores else None}},
            "indicators": [{"level1": "产出指标", "level2": "数量指标", "level3": f"指标{i}", "target": target, "actual": actual,
                            "weight": str(line.weight), "score": declared, "deviation": "原因"}
                           for i, (line, target, actual, declared) in enumerate(lines)],
            "declared_total": digits(total) if has_scores else None}
    return form, text


class Oracle(unittest.TestCase):
    maxDiff = None

    def score(self, profile, texts):
        body = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
        done = subprocess.run([ZIPING, "score", "--json", "--profile", os.path.join(ROOT, "conf", "profiles", f"{profile}.yaml"),
                               "-"], input=body, capture_output=True, text=True, timeout=8 * GUARD_S, check=False)
        results = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(results), len(texts), done.stderr[-2000:])
        return results

    def points(self, text):
        return None if text is None else int(Fraction(text) * 100)

    def compare(self, form, text, result, profile):
        for i, (line, written, found) in enumerate(zip(form.lines, text["indicators"], result["indicators"])):
            decimals = len((written["score"] or "").partition(".")[2])
            expected = {"basis": line.kind, "computed": line.computed(profile), "confirmed": line.confirmed(profile),
                        "flags": line.score_flags(profile, decimals) | {f for c in line.clauses for f in c.over}}
            flags = {f["code"] for f in result["flags"] if f["pointer"].startswith(f"/indicators/{i}/")} & WATCHED
            actual = {"basis": found["basis"], "computed": self.points(found["computed"]),
                      "confirmed": self.points(found["confirmed"]), "flags": flags}
            self.assertEqual(actual, expected, f"seed {SEED}, {profile}: {json.dumps(written, ensure_ascii=False)}")
        self.assertEqual(result["execution"]["rate"], form.rate())
        found = (self.points(result["execution"]["computed"]), self.points(result["computed_total"]),
                 self.points(result["confirmed_total"]), result["grade"], result["machine_verified_weight"])
        self.assertEqual(found, (form.execution(), form.computed_total(profile), form.confirmed_total(profile),
                                 form.grade(profile), str(form.verified())), json.dumps(text, ensure_ascii=False))

    def check(self, profile):
        dice = random.Random(f"{SEED} {profile}")
        made = [make(dice, profile) for _ in range(FORMS)]
        for (form, text), result in zip(made, self.score(profile, [text for _, text in made])):
            self.compare(form, text, result, profile)

    def test_mof_2020(self):
        self.check("mof-2020")

    def test_linear(self):
        self.check("linear")

    def test_hubei(self):
        self.check("hubei")


if __name__ == "__main__":
    unittest.main()
