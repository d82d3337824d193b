"""What must hold between two forms, whatever the rules' figures are: no second implementation is asked here.

Hypothesis makes up forms as units fill them in (tests/oracle), changes something that must not matter, or must matter in
one direction only, and scores both. ZP_PROPERTY_FORMS and ZP_ORACLE_SEED ask for more and for others.
"""
import copy
import os
import sys
import unittest
from fractions import Fraction

from hypothesis import assume
from hypothesis import strategies as st

from actors import ROOT
from scorer import Scorer, many, outcome, path_of, profile_file

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))

import cells  # noqa: E402
from dice import filled_forms  # noqa: E402
from profiles import Profile  # noqa: E402
from rules import plain  # noqa: E402

FORMS = int(os.environ.get("ZP_PROPERTY_FORMS", "60"))  # a property
AMOUNTS = ("initial_budget", "annual_budget", "executed")
FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xfee0) for code in range(0x21, 0x7f)})
CAPPED = """rate_caps:
    - {below: "0.70", total: "69"}
    - {below: "0.90", total: "79"}"""


def number(text):
    return None if text is None else Fraction(text)


def scores(document):
    """Everything that scores, without the texts."""
    lines = [{key: line[key] for key in ("computed", "confirmed", "basis", "explanation")}
             for line in [{"basis": None, **document["execution"]}, *document["indicators"]]]
    return lines, [document[key] for key in ("declared_total", "computed_total", "confirmed_total", "grade",
                                             "declared_grade", "machine_verified_weight")]


def is_cut(text):
    """A number of more than two decimals."""
    value = cells.number(text or "")
    return value is not None and (value * 100).denominator > 1


def codes(document):
    return {(code, pointer) for code, _, pointer, _, _ in document["flags"]}


class Properties(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        path = path_of("mof-2020")
        with open(path, encoding="utf-8") as file:
            self.profile = Profile(file.read())
        self.scorer = self.enterContext(Scorer(path))

    def score(self, form):
        return outcome(self.scorer.score(form))

    def on_forms(self, check, *more):
        many(st.tuples(filled_forms(self.profile), *more), FORMS, lambda drawn: check(*drawn))

    def test_the_unit_of_money_changes_no_score(self):
        def check(form):
            other = copy.deepcopy(form)
            other["money_unit"] = "万元"
            for row in other["funds"].values():
                for key in AMOUNTS:
                    value = cells.number(row.get(key) or "")
                    if value is not None:
                        assume((value * 100).denominator == 1)  # in 万元 it has two more digits than are allowed
                        row[key] = plain(value / 10000, 6)
            first, second = self.score(form), self.score(other)
            self.assertEqual(scores(first), scores(second))
            self.assertEqual(codes(first), codes(second))
            self.assertEqual(first["execution"]["rate"], second["execution"]["rate"])
        self.on_forms(check)

    def test_the_order_of_lines_changes_the_order_of_results_only(self):
        def check(form, order):
            rows = form["indicators"]
            places = sorted(range(len(rows)), key=lambda i: (order[i % len(order)], i))
            first, second = self.score(form), self.score({**form, "indicators": [rows[i] for i in places]})
            self.assertEqual([first["indicators"][i] for i in places], second["indicators"])
            self.assertEqual(scores(first)[1], scores(second)[1])
            at = {f"/indicators/{i}/": f"/indicators/{n}/" for n, i in enumerate(places)}
            moved = set()
            for code, severity, pointer, value, expected in first["flags"]:
                head, _, cell = pointer.rpartition("/")
                moved.add((code, severity, at.get(head + "/", head + "/") + cell, value, expected))
            self.assertEqual(moved, second["flags"])
        self.on_forms(check, st.lists(st.integers(0, 9), min_size=1, max_size=10))

    def test_a_higher_actual_value_never_lowers_the_score_of_a_target_that_asks_for_more(self):
        def check(target, unit, one, other, weight):
            low, high = sorted((one, other))
            row = {"level1": "产出指标", "level3": "指标", "target": f"≥{plain(target)}{unit}", "weight": str(weight)}
            found = []
            for actual in (low, high):
                form = {"year": 2022, "indicators": [{**row, "actual": plain(actual) + unit}]}
                found.append(number(self.score(form)["indicators"][0]["computed"]))
            self.assertLessEqual(*found)
            self.assertTrue(0 <= found[0] and found[1] <= weight, found)
        decimals = st.decimals(-1000, 10**6, places=6).map(Fraction)
        many(st.tuples(decimals, st.sampled_from(["次", "%", "万元", "天", ""]), decimals, decimals,
                       st.integers(1, 100)), 5 * FORMS, lambda drawn: check(*drawn))

    def test_a_lower_actual_value_never_lowers_the_score_of_a_limit(self):
        def check(limit, one, other, path):
            low, high = sorted((one, other))
            rows = [{"level1": "产出指标", "level3": "指标", "target": f"≤{plain(limit)}%", "actual": f"{plain(actual)}%",
                     "weight": "10"} for actual in (low, high)]
            found = [number(line["computed"]) for line in path.score({"year": 2022, "indicators": rows})["indicators"]]
            self.assertGreaterEqual(*found)
        decimals = st.decimals(-1000, 10**6, places=6).map(Fraction)
        with Scorer(path_of("linear")) as linear:
            many(st.tuples(decimals, decimals, decimals, st.sampled_from([self.scorer, linear])), 5 * FORMS,
                 lambda drawn: check(*drawn))

    def test_what_is_confirmed_is_neither_above_the_claim_nor_above_the_rule(self):
        def check(form):
            document = self.score(form)
            rows = [form["funds"]["total"], *form["indicators"]]
            for row, line in zip(rows, [document["execution"], *document["indicators"]]):
                declared, computed = cells.number(row.get("score") or ""), number(line["computed"])
                if computed is None:
                    self.assertIsNone(line["confirmed"])
                    continue
                self.assertLessEqual(number(line["confirmed"]), computed)
                if declared is not None and declared >= 0:
                    self.assertLessEqual(number(line["confirmed"]), declared)
                else:
                    self.assertEqual(line["confirmed"], line["computed"])
        self.on_forms(check)

    def test_no_rounding_lifts_the_total_above_the_claim_or_above_100(self):
        def check(form):
            document = self.score(form)
            rows = [(form["funds"]["total"], document["execution"]), *zip(form["indicators"], document["indicators"])]
            claims = [cells.number(row.get("score") or "") for row, line in rows if line["basis"] != "unweighted"]
            confirmed = number(document["confirmed_total"])
            if confirmed is None:
                return
            if all(claim is not None and claim >= 0 for claim in claims):
                self.assertLessEqual(confirmed, sum(claims))
            if document["declared_total"] is not None:
                self.assertLessEqual(confirmed, number(document["declared_total"]))
            if "WEIGHT_SUM" not in {flag[0] for flag in document["flags"]}:
                self.assertLessEqual(confirmed, 100)
                self.assertLessEqual(number(document["computed_total"]), 100)
        self.on_forms(check)

    def total_is_the_sum(self, form, document, caps=()):
        """Of the lines as they are shown, but for what those of more than two decimals are cut by; what is confirmed
        stays within the declared total as well."""
        rows = [form["funds"]["total"], *form["indicators"]]
        cut = sum(is_cut(row.get("weight")) or is_cut(row.get("score")) for row in rows)
        lines = [document["execution"], *[line for line in document["indicators"] if line["basis"] != "unweighted"]]
        rate = document["execution"]["rate"]
        for which in ("computed", "confirmed"):
            parts, total = [number(line[which]) for line in lines], number(document[f"{which}_total"])
            if None in parts:
                self.assertIsNone(total)
                continue
            limits = [cap for below, cap in caps if rate and Fraction(rate[:-1]) < below]
            if which == "confirmed" and document["declared_total"] is not None:
                limits.append(number(document["declared_total"]))
            least, most = sum(parts), sum(parts) + Fraction(cut, 100)
            self.assertLessEqual(min([least, *limits]), total)
            self.assertLessEqual(total, min([most, *limits]))
            self.assertTrue(total < most or not cut or total in limits)

    def test_the_total_is_the_sum_of_its_lines(self):
        self.on_forms(lambda form: self.total_is_the_sum(form, self.score(form)))

    def test_or_the_cap_of_a_low_execution_rate(self):
        with open(path_of("mof-2020"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("rate_caps: []", text)
        with profile_file(text.replace("rate_caps: []", CAPPED)) as path, Scorer(path) as capped:
            def check(form):
                document = outcome(capped.score(form))
                rate = document["execution"]["rate"]
                assume(rate not in ("70.00%", "90.00%"))  # as shown; the exact rate may lie on either side
                self.total_is_the_sum(form, document, [(70, 69), (90, 79)])
            self.on_forms(check)

    def test_full_width_cells_mean_the_same(self):
        def check(form):
            other = copy.deepcopy(form)
            for row in other["indicators"]:
                for key in ("target", "actual", "deviation"):
                    row[key] = row[key] and row[key].translate(FULL_WIDTH)
            numbers = [(row, key) for row in other["funds"].values() for key in row]
            numbers += [(row, key) for row in other["indicators"] for key in ("weight", "score")]
            numbers += [(other, key) for key in ("year", "declared_total", "total_weight")]
            for row, key in numbers:
                row[key] = row[key] and str(row[key]).translate(FULL_WIDTH)
            first, second = self.score(form), self.score(other)
            self.assertEqual(scores(first), scores(second))
            self.assertEqual(codes(first), codes(second))
        self.on_forms(check)

    def test_a_reason_never_adds_a_flag_and_changes_no_score(self):
        def check(form, which):
            other = copy.deepcopy(form)
            row = other["indicators"][which % len(other["indicators"])]
            row["deviation"] = "受疫情影响，已改进。"
            first, second = self.score(form), self.score(other)
            self.assertLessEqual(second["flags"], first["flags"])
            self.assertEqual({**first, "flags": None}, {**second, "flags": None})
        self.on_forms(check, st.integers(0, 30))


if __name__ == "__main__":
    unittest.main()
