"""What a whole form must come to by a profile: lines, execution, totals, grade and flags, as the domain states them.

Independent of the C core on purpose; cells.py reads, this file decides. `judge` gives plain values to compare: scores
in cents or None, flags as a set of (code, JSON pointer), explanations as all that fit. Where the domain leaves a choice
open, a comment says "left open" and the core's choice stands.
"""
import re
from fractions import Fraction

import cells
from rules import Clause, GRADES, cents

MET = ("达成", "完成", "达标", "及时", "符合要求", "在标准时间内", "健全", "完善", "显著")  # the domain's list is open
PARTLY = ("部分", "基本")
MISSED = ("未达成", "较差")
NEGATIONS = ("不", "未", "无", "没")
HARMLESS = ("不断", "不仅")  # begin like a negation and are none
NAMES = ("性", "率", "指标")  # what a target ends with that names something and says no value
FUNDS = ("current_year_appropriation", "carryover", "other")
COLUMNS = ("initial_budget", "annual_budget", "executed")


class Profile:
    """The settings that score, out of the YAML file: only the shapes that these files use."""

    def __init__(self, text):
        def value(key):
            return re.search(rf'^ *{key}: *"?([^"#\n]*?)"? *(?:#.*)?$', text, re.M)[1]
        self.weight = Fraction(re.search(r'^execution:\n(?: *#.*\n)* *weight: "(.*?)"', text, re.M)[1])
        self.reverse = value("reverse")
        floors = re.search(r"^qualitative_bands: (.*)$", text, re.M)[1]
        self.bands = [Fraction(1)] + [Fraction(floor) for floor in re.findall('"(.*?)"', floors)]
        caps = re.findall(r'^ *- \{below: "(.*?)", total: "(.*?)"\}', text, re.M)
        self.caps = [(Fraction(rate), Fraction(total)) for rate, total in caps]
        self.threshold, self.deduction = Fraction(value("threshold")), Fraction(value("deduction"))
        self.level1 = [(n, Fraction(w)) for n, w in re.findall(r'^ *- \{name: (.*?), weight: "(.*?)"\}', text, re.M)]
        self.floors = [cents(Fraction(value(key))) for key in ("excellent", "good", "fair")]

    def grade(self, total):
        return next((name for floor, (_, name) in zip(self.floors, GRADES) if total >= floor), "差")


class Judge:
    def __init__(self, form, profile):
        self.form, self.profile, self.flags = form, profile, set()
        self.year = int(form["year"]) if re.fullmatch("20[0-9]{2}", str(form.get("year") or "")) else 0

    def flag(self, code, pointer):
        self.flags.add((code, pointer))

    # ---- cells that must be numbers

    def number(self, row, key, pointer):
        """A number that may not be negative; None when the cell is empty or is none, which is said."""
        cell = row.get(key)
        if cells.is_empty(cell):
            return None
        value = cells.number(str(cell))
        if value is None:
            self.flag("NUMBER_INVALID", f"{pointer}/{key}")
        elif value < 0:
            self.flag("NEGATIVE", f"{pointer}/{key}")
            value = None
        return value

    # ---- declared against computed

    def reconcile(self, declared, text, computed, weight, pointer, kind=""):
        """The confirmed score; says what differs."""
        self.why = [()]
        if declared is None or computed is None:
            return computed
        apart = abs(declared * 100 - computed)
        if apart > 1:
            places = len(cells.normalise(str(text)).partition(".")[2])
            unit = Fraction(100, 10**places)
            if apart <= 5 and declared * 100 == (computed / unit + Fraction(1, 2)).__floor__() * unit:
                self.flag("SCORE_ROUNDED", pointer)
            else:
                self.flag(kind + ("SCORE_TOO_HIGH" if declared * 100 > computed else "SCORE_TOO_LOW"), pointer)
                self.why = self.explanations(cents(declared), weight) or [()]
        return min(cents(declared), computed)

    def explanations(self, declared, weight):
        """All that fit a declared score, in cents, of a line that one number decided."""
        fits = []
        if declared == weight * 100:
            return fits
        for name, points in (((), self.points), (("ACTUAL_X_WEIGHT",), self.percent and self.percent * weight / 100)):
            if points is None:
                continue
            for how, unit, half in (("TRUNC1", 10, 0), ("TRUNC0", 100, 0), ("ROUND1", 10, 1), ("ROUND0", 100, 1)):
                if (points * 100 / unit + Fraction(half, 2)).__floor__() * unit == declared:
                    fits.append((*name, how))
            if name and cents(points) == declared:
                fits.append(name)
        return fits

    # ---- funds and execution

    def funds(self):
        rows = self.form.get("funds") or {}
        at = {name: {key: self.number(rows.get(name) or {}, key, f"/funds/{name}") for key in COLUMNS}
              for name in ("total", *FUNDS)}
        for key in COLUMNS:
            total, parts = at["total"][key], {name: at[name][key] for name in FUNDS}
            known = [part for part in parts.values() if part is not None]
            # Left open: an empty part is named once a column, also where the others add up; not in the initial budget.
            if total is None or not known or (len(known) == 3 and sum(known) == total):
                continue
            empty = [name for name, part in parts.items() if part is None]
            if not empty:
                self.flag("FUNDS_SUM_MISMATCH", f"/funds/total/{key}")
            elif key != "initial_budget":
                self.flag("FUNDS_COMPONENT_MISSING", f"/funds/{empty[0]}/{key}")
        return at["total"]

    def execution(self):
        total = self.funds()
        row = (self.form.get("funds") or {}).get("total") or {}
        weight = self.number(row, "weight", "/funds/total")
        self.execution_weight = self.profile.weight if weight is None else weight
        declared = self.number(row, "score", "/funds/total")
        budget, spent = total["annual_budget"], total["executed"]
        if total["initial_budget"] and budget is not None and budget < total["initial_budget"] * Fraction(4, 5):
            self.flag("BUDGET_CUT", "/funds/total/annual_budget")
        self.rate = self.points = self.percent = None
        if budget == 0:
            self.flag("EXEC_BUDGET_ZERO", "/funds/total/annual_budget")
            computed = 0
        elif budget is None or spent is None:
            self.flag("FUNDS_COMPONENT_MISSING", "/funds/total/" + ("annual_budget" if budget is None else "executed"))
            computed = None if declared is None else min(cents(declared), cents(self.execution_weight))
        else:
            self.rate = spent / budget
            self.points = self.execution_weight * min(self.rate, Fraction(1))
            computed = cents(self.points)
            if self.rate > 1:
                self.flag("EXEC_OVER_100", "/funds/total/executed")
            if cents(self.rate * 100) < 5000:  # as shown
                self.flag("EXEC_LOW", "/funds/total/executed")
            self.declared_rate(row.get("execution_rate"))
        confirmed = self.reconcile(declared, row.get("score"), computed, self.execution_weight, "/funds/total/score",
                                   "EXEC_")
        if declared is not None and declared > self.execution_weight:
            self.flag("SCORE_OVER_WEIGHT", "/funds/total/score")
        if self.execution_weight != self.profile.weight and self.profile.level1:
            self.flag("L1_WEIGHT_NONSTANDARD", "/funds/total/weight")
        self.execution_why = self.why
        return declared, computed, confirmed

    def declared_rate(self, cell):
        pointer = "/funds/total/execution_rate"
        if cells.is_empty(cell):
            return self.flag("EXEC_RATE_MISSING", pointer)
        text = cells.normalise(str(cell)).removesuffix("%")
        declared = cells.number(text)
        if declared is None:
            return self.flag("EXEC_RATE_MISMATCH", pointer)
        places = len(text.partition(".")[2])
        unit = Fraction(1, 10**places)
        right = (self.rate * 100 / unit + Fraction(1, 2)).__floor__() * unit
        if declared == right:
            return self.flag("EXEC_RATE_COARSE", pointer) if places < 2 else None
        code = {right + unit: "EXEC_RATE_ROUNDED_UP", right - unit: "EXEC_RATE_CUT"}.get(declared, "EXEC_RATE_MISMATCH")
        return self.flag(code, pointer)

    # ---- lines

    def line(self, index, row):
        at = f"/indicators/{index}"
        if cells.is_empty(row.get("level3")):
            self.flag("FIELD_MISSING", f"{at}/level3")
        weight, declared = (self.number(row, key, at) for key in ("weight", "score"))
        if not weight:
            detail = str(row.get("level3") or "").startswith("其中")
            self.flag("DETAIL_ROW" if detail else "INDICATOR_NO_WEIGHT", f"{at}/weight")
            return {"weight": Fraction(0), "declared": declared, "basis": "unweighted", "computed": None,
                    "confirmed": None, "why": [()]}
        if declared is not None and declared > weight:
            self.flag("SCORE_OVER_WEIGHT", f"{at}/score")
        self.points = self.percent = None
        basis, points = self.measure(at, row, weight)
        if basis == "formula":
            if self.over and self.profile.deduction:
                points = max(points - self.profile.deduction, Fraction(0))
            computed = cents(points)
        elif basis == "qualitative":
            high, low = (cents(self.profile.bands[points - 1 + end] * weight) for end in (0, 1))
            computed = high if declared is None else min(max(cents(declared), low), high)
            if declared is not None and computed != cents(declared):
                self.flag("QUAL_OUT_OF_BAND", f"{at}/score")
        else:
            computed = None if declared is None else min(cents(declared), cents(weight))
        confirmed = self.reconcile(declared, row.get("score"), computed, weight, f"{at}/score")
        if confirmed is not None and confirmed < weight * 100 and cells.is_blank_reason(row.get("deviation")):
            self.flag("DEVIATION_MISSING", f"{at}/deviation")
        return {"weight": weight, "declared": declared, "basis": basis, "computed": computed, "confirmed": confirmed,
                "why": self.why}

    def measure(self, at, row, weight):
        """(basis, points or band)"""
        self.over = False
        if cells.is_empty(row.get("actual")):
            self.flag("ACTUAL_MISSING", f"{at}/actual")
            return "unverifiable", None
        target, actual = (cells.normalise(str(row.get(key) or "")) for key in ("target", "actual"))
        if target in cells.NO_TARGET:
            self.flag("TARGET_MISSING", f"{at}/target")
            return "unverifiable", None
        deadline = cells.date_of(target, self.year)
        if deadline:
            done = cells.date_of(actual, self.year)
            if not done:
                return self.unquantified(at, target, actual)
            if done > deadline:
                self.flag("DEADLINE_MISSED", f"{at}/actual")
            self.points = weight if done <= deadline else Fraction(0)
            return "formula", self.points
        bounds = cells.range_of(target)
        wanted = [bounds] if bounds else cells.clauses_of(target)
        if not wanted:
            if self.is_a_name(target, row):
                self.flag("TARGET_NOT_A_VALUE", f"{at}/target")
                return "unverifiable", None
            return self.words(at, target, actual)
        found = cells.clauses_of(actual)
        if found and len(found) == len(wanted) and not cells.date_of(actual, self.year):
            return self.compare(at, row, weight, wanted, found)
        if len(wanted) > 1:
            self.flag("COMPOUND_TARGET", f"{at}/target")
            return self.words(at, target, actual)
        return self.unquantified(at, target, actual)

    def unquantified(self, at, target, actual):
        self.flag("ACTUAL_NOT_QUANTIFIED", f"{at}/actual")
        return self.words(at, target, actual)

    def words(self, at, target, actual):
        if actual == target:
            return "qualitative", 1
        if any(word in actual for word in MISSED):
            return "qualitative", 3
        if any(word in re.sub("|".join(HARMLESS), "", actual) for word in NEGATIONS):
            self.flag("QUAL_NEGATIVE", f"{at}/actual")
            return "unverifiable", None
        for band, words in ((2, PARTLY), (1, MET)):
            if any(word in actual for word in words):
                return "qualitative", band
        self.flag("QUAL_UNVERIFIABLE", f"{at}/actual")
        return "unverifiable", None

    def is_a_name(self, target, row):
        return target.endswith(NAMES) or target in [row.get(key) for key in ("level1", "level2", "level3")]

    def compare(self, at, row, weight, wanted, found):
        if any(other.leading for other in found):
            self.flag("ACTUAL_HAS_OPERATOR", f"{at}/actual")
        share = Fraction(0)
        for one, other in zip(wanted, found):
            if isinstance(one, cells.Clause) and self.is_undirected_cost(row, one):
                self.flag("DIRECTION_ASSUMED", f"{at}/target")
            if other.unit.dimension and other.unit.dimension != one.unit.dimension and (
                    one.unit.dimension or other.unit.dimension == "%"):
                self.flag("UNIT_MISMATCH", f"{at}/actual")
                return "unverifiable", None
            share += self.share(at, row, one, other)
        if len(wanted) == 1:
            if not wanted[0].unit.dimension:
                self.flag("UNIT_ABSENT", f"{at}/target")
            self.points = None if self.over and self.profile.deduction else weight * share
            self.percent = self.actual if wanted[0].unit.dimension == "%" and self.actual >= 0 else None
        return "formula", weight * share / len(wanted)

    @staticmethod
    def is_undirected_cost(row, clause):
        costs = any("成本" in str(row.get(key) or "") for key in ("level1", "level2"))
        return clause.op in (None, "=") and costs and clause.unit.dimension.startswith("元")

    def share(self, at, row, one, other):
        factor = one.unit.factor()
        actual = other.value * (other.unit.factor() if one.unit.dimension else other.unit.scale or 1)
        if not other.unit.dimension and (one.unit.dimension or one.unit.scale and not other.unit.scale):
            if one.unit == cells.Unit("%") and not other.unit.scale and 0 < other.value <= 1:
                self.flag("PERCENT_SCALE_AMBIGUOUS", f"{at}/actual")
                actual = other.value * 100
            else:
                self.flag("ACTUAL_UNIT_MISSING", f"{at}/actual")
                actual = other.value * (other.unit.scale or one.unit.scale or 1) * one.unit.size
        self.actual = actual
        if isinstance(one, cells.Range):
            return Clause("range", one.low * factor, actual, one.high * factor).share(self.profile.reverse)
        clause = Clause(one.op or "=", one.value * factor, actual)
        if self.is_undirected_cost(row, one):
            clause.op = "<="
        share = clause.share(self.profile.reverse)
        for code in clause.over:
            self.flag(code, f"{at}/actual")
        if clause.op in (">=", ">", "=") and clause.target > 0 and actual >= clause.target * self.profile.threshold:
            self.over = True
            self.flag("OVER_ACHIEVED", f"{at}/actual")
            if cells.is_blank_reason(row.get("deviation")):
                self.flag("OVER_REASON_MISSING", f"{at}/deviation")
        return share

    # ---- the form

    def shape(self, lines):
        rows = self.form.get("indicators") or []
        for name, standard in self.profile.level1:
            weights = [line["weight"] for line, row in zip(lines, rows)
                       if str(row.get("level1") or "").startswith(name)]
            if sum(weights) not in (0, standard):
                self.flag("L1_WEIGHT_NONSTANDARD", "/indicators")

    def header(self):
        for key in ("year", "project_name", "unit"):
            if cells.is_empty(self.form.get(key)):
                self.flag("FIELD_MISSING", f"/{key}")
        goals = self.form.get("goals") or {}
        if cells.is_blank_reason(goals.get("actual")):
            self.flag("GOAL_ACTUAL_MISSING", "/goals/actual")
        elif goals["actual"] == goals.get("expected"):
            self.flag("GOAL_COPIED", "/goals/actual")

    def declared_scores(self, execution, lines):
        """The declared total in cents, or None; says which scores lack and whether they add up."""
        weighted = [(i, line) for i, line in enumerate(lines) if line["weight"]]
        some = any(line["declared"] is not None for _, line in weighted)
        total = self.number(self.form, "declared_total", "")
        if some or execution is not None:
            for i, line in weighted:
                if self.form["indicators"][i].get("score") in (None, ""):
                    self.flag("SCORE_MISSING", f"/indicators/{i}/score")
            if execution is None and cells.is_empty(((self.form.get("funds") or {}).get("total") or {}).get("score")):
                self.flag("EXEC_SCORE_MISSING", "/funds/total/score")
            declared = [line["declared"] for _, line in weighted] + [execution]
            if total is not None and total <= 100 and abs(sum(d or 0 for d in declared) - total) > Fraction(1, 100):
                self.flag("TOTAL_SUM_MISMATCH", "/declared_total")
            full = [line["weight"] for _, line in weighted] + [self.execution_weight]
            if None not in declared and all(cents(d) == w * 100 for d, w in zip(declared, full)):
                self.flag("ALL_FULL", "/indicators")
        if total is not None and total > 100:
            self.flag("SCORE_OVER_WEIGHT", "/declared_total")
            return None
        return None if total is None else cents(total)

    def judge(self):
        self.header()
        declared, computed, confirmed = self.execution()
        lines = [self.line(i, row) for i, row in enumerate(self.form.get("indicators") or [])]
        if self.execution_weight + sum(line["weight"] for line in lines) != 100:
            self.flag("WEIGHT_SUM", "/total_weight")
        declared_total = self.declared_scores(declared, lines)
        self.shape(lines)
        totals = {}
        for key, first in (("computed", computed), ("confirmed", confirmed)):
            parts = [first] + [line[key] for line in lines if line["weight"]]
            totals[key] = None if None in parts else sum(parts)
            if totals[key] is not None:
                limits = [cents(cap) for below, cap in self.profile.caps if self.rate is not None and self.rate < below]
                totals[key] = min([totals[key], *limits])
        grade = None if totals["confirmed"] is None else self.profile.grade(totals["confirmed"])
        claimed = self.form.get("declared_grade") or (
            None if declared_total is None else self.profile.grade(declared_total))
        if claimed and grade and claimed != grade:
            self.flag("GRADE_CHANGED", "/declared_grade" if self.form.get("declared_grade") else "/declared_total")
        verified = sum(line["weight"] for line in lines if line["basis"] == "formula")
        verified += self.execution_weight if self.rate is not None else 0  # left open: no rate, nothing verified
        hundredths = None if self.rate is None else cents(self.rate * 100)
        return {"lines": [{key: line[key] for key in ("basis", "computed", "confirmed")} for line in lines],
                "why": [self.execution_why] + [line["why"] for line in lines], "execution": (computed, confirmed),
                "rate": None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02}%",
                "totals": (declared_total, totals["computed"], totals["confirmed"]), "grade": grade,
                "declared_grade": claimed, "verified": verified, "flags": self.flags}


def judge(form, profile):
    return Judge(form, profile).judge()
