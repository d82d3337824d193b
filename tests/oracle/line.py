"""What one indicator line must come to: its basis, score and formula, and what is said about it.

Independent of the C core on purpose; cells.py reads, this file decides. Where the domain leaves a choice open, a
comment says "left open" and the core's choice stands.
"""
import re
from fractions import Fraction

import cells
from rules import Clause, cents, earned, plain, shown

# The domain's lists are open.
MET = ("达成", "完成", "完成计划", "达标", "达到", "及时", "按时", "按期", "符合要求", "在标准时间内", "健全", "完善", "显著", "良好")
PARTLY = ("部分", "基本")
MISSED = ("未达成", "较差")
NEGATIONS = ("不", "未", "无", "没", "非", "缺", "延期", "延迟", "延后", "逾期", "超期", "推迟", "滞后", "暂停", "暂缓")
HEDGES = ("预计", "计划", "拟", "待", "尚", "仅", "只", "正在", "即将", "半", *(n + "成" for n in "一两三四五六七八九"))
HARMLESS = ("不断", "不仅", "非常", "按计划", "按照计划", "接待", "招待", "对待", "待遇", "模拟", "虚拟", "高尚", "半年")  # hold one and mean none
KINDS = {word: kind for kind in (HARMLESS, NEGATIONS, HEDGES, PARTLY, MET, MISSED) for word in kind}
WORD = re.compile(cells.longest(KINDS))
NUMERALS = re.compile("[〇零一二两三四五六七八九十百千万亿]+")
NAMES = ("性", "率", "指标")  # what a target ends with that names something and says no value
SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<", "=": "="}


class Line:
    """One weighted indicator; `basis`, `computed` (points or None) and `formula` are there once it is made."""

    def __init__(self, row, at, weight, declared, year, profile, flags):
        self.row, self.at, self.weight, self.declared = row, at, weight, declared
        self.year, self.profile, self.flags = year, profile, flags
        self.over = False
        self.points = self.percent = self.formula = None
        self.basis, found = self.measure()
        if self.basis == "formula":
            deduction = profile.deduction if self.over else 0
            self.computed = max(earned(found, weight) - deduction, Fraction(0))
            if deduction:
                self.formula += f" − {points(cents(deduction))}"
        elif self.basis == "qualitative":
            self.computed = self.banded(found)
        else:
            self.computed = None if declared is None else min(declared, weight)

    def say(self, code, cell, value=None, expected=None, severity=None):
        """value, expected: names of cells of this line, or texts that begin otherwise."""
        self.flags.say(code, f"{self.at}/{cell}", value, expected, severity)

    def say_cells(self, code, cell, *others):
        self.say(code, cell, *[self.row.get(other) for other in (cell, *others)])

    def banded(self, band):
        high, low = (earned(self.profile.bands[band - 1 + end], self.weight) for end in (0, 1))
        if self.declared is None:
            return high
        computed = min(max(self.declared, low), high)
        if computed != self.declared:
            self.say("QUAL_OUT_OF_BAND", "score", self.row["score"], points(shown(computed)))
        return computed

    def measure(self):
        """(basis, share of the weight or band)"""
        row = self.row
        if cells.is_empty(row.get("actual")):
            self.say("ACTUAL_MISSING", "actual")
            return "unverifiable", None
        said = [str(row.get(key) or "") for key in ("target", "actual")]
        target, actual = map(cells.normalise, said)
        if target in cells.NO_TARGET:
            self.say_cells("TARGET_MISSING", "target")
            return "unverifiable", None
        spelled = ["" if re.search("[,，]", text) else cells.normalise(text) for text in said]  # 20,221,231 is no day
        deadline, done = (cells.date_of(text, self.year) for text in spelled)
        limit, when = map(cells.perhaps_date_of, spelled)
        if cells.range_of(actual):
            when = None
        if (deadline and (done or when)) or (done and limit):
            return self.dated(target, actual, deadline or limit, done or when)
        if deadline:
            return self.unquantified(target, actual)
        bounds = cells.range_of(target)
        if limit and when and (bounds or cells.clause_of(target).number != cells.clause_of(actual).number):
            self.say_cells("QUAL_UNVERIFIABLE", "actual")
            return "unverifiable", None
        wanted = [bounds] if bounds else cells.clauses_of(target)
        if not wanted:
            if self.is_a_name(target):
                self.say_cells("TARGET_NOT_A_VALUE", "target")
                return "unverifiable", None
            return self.words(target, actual)
        found = cells.clauses_of(actual)
        if found and len(found) == len(wanted) and not done:
            return self.compare(wanted, found)
        return self.unquantified(target, actual, len(wanted))

    def dated(self, target, actual, deadline, done):
        late = done > deadline
        if late:
            self.say_cells("DEADLINE_MISSED", "actual", "target")
        self.points = Fraction(0) if late else self.weight
        self.formula = f"{actual} {'>' if late else '≤'} {target} → {0 if late else plain(self.weight)}"
        return "formula", Fraction(0 if late else 1)

    def unquantified(self, target, actual, parts=1):
        """A value is asked for: no words tell how far it was reached."""
        if parts > 1:
            self.say_cells("COMPOUND_TARGET", "target")
        else:
            self.say_cells("ACTUAL_NOT_QUANTIFIED", "actual", "target")
        said = {KINDS[word] for word in WORD.findall(actual)}
        self.say_cells("QUAL_NEGATIVE" if said & {NEGATIONS, MISSED} else "QUAL_UNVERIFIABLE", "actual")
        return "unverifiable", None

    def words(self, target, actual):
        if actual == target:
            return "qualitative", 1
        said = {KINDS[word] for word in WORD.findall(actual)}
        number = cells.holds_number(actual) or cells.holds_number(target)
        if MISSED in said and not number:
            return "qualitative", 3
        if said & {NEGATIONS, MISSED}:
            self.say_cells("QUAL_NEGATIVE", "actual")
            return "unverifiable", None
        counts = [NUMERALS.findall(text) for text in (target, actual)]
        if HEDGES not in said and not number and (counts[0] == counts[1] or not all(counts)):
            for band, words in ((2, PARTLY), (1, MET)):
                if words in said:
                    return "qualitative", band
        self.say_cells("QUAL_UNVERIFIABLE", "actual")
        return "unverifiable", None

    def is_a_name(self, target):
        return target.endswith(NAMES) or target in [self.row.get(key) for key in ("level1", "level2", "level3")]

    def compare(self, wanted, found):
        if any(other.op for other in found):
            self.say_cells("ACTUAL_HAS_OPERATOR", "actual")
        total, formulas = Fraction(0), []
        for one, other in zip(wanted, found):
            if isinstance(one, cells.Clause) and self.is_undirected_cost(one):
                self.say_cells("DIRECTION_ASSUMED", "target")
            if other.unit.dimension and other.unit.dimension != one.unit.dimension and (
                    one.unit.dimension or other.unit.dimension == "%"):
                self.say_cells("UNIT_MISMATCH", "actual", "target")
                return "unverifiable", None
            actual, worth = self.adopt(one, other)
            if not self.settles(one, other.op, actual):
                return "unverifiable", None
            self.actual = actual
            share, formula = self.share(one, other, worth)
            total += share
            formulas.append(formula)
        if len(wanted) > 1:
            self.formula = f"({'; '.join(formulas)}) ÷ {len(wanted)}"
            return "formula", total / len(wanted)
        if not wanted[0].unit.dimension:
            self.say_cells("UNIT_ABSENT", "target")
        self.formula = formulas[0]
        self.points = None if self.over and self.profile.deduction else self.weight * total
        self.percent = self.actual if wanted[0].unit.dimension == "%" and self.actual >= 0 else None
        return "formula", total

    def settles(self, one, bound, actual):
        """Whether all values that a bound leaves open meet the target; None or = leaves none open."""
        if isinstance(one, cells.Range):
            return bound in (None, "=")
        op, target = "<=" if self.is_undirected_cost(one) else one.op or "=", one.value * one.unit.factor()
        if bound in (">=", ">"):
            return op in (">=", ">", "=") and actual >= target and not (op == "=" and target == 0)
        return bound not in ("<=", "<") or (op in ("<=", "<") and actual <= target)

    def is_undirected_cost(self, clause):
        costs = any("成本" in str(self.row.get(key) or "") for key in ("level1", "level2"))
        return clause.op in (None, "=") and costs and clause.unit.dimension.startswith("元")

    def adopt(self, one, other):
        """The actual value in the target's unit, and what its number is worth in the formula."""
        own, unit = other.unit, one.unit
        if own.dimension or not (unit.dimension or unit.scale and not own.scale):
            return other.value * (own.factor() if unit.dimension else own.scale or 1), own.worth()
        if unit.dimension == "%" and not unit.scale and not own.scale and 0 < other.value <= 1:
            self.say_cells("PERCENT_SCALE_AMBIGUOUS", "actual")
            return other.value * 100, (Fraction(100), False)
        self.say_cells("ACTUAL_UNIT_MISSING", "actual")
        scale = own.scale or unit.scale or 1
        return other.value * scale * unit.size, (scale, unit.dimension == "time" and unit.size)

    def share(self, one, other, worth):
        """(share of the weight, formula)"""
        units = worth != one.unit.worth()
        actual = other.number + (other.unit.said if units else "")
        factor, said = one.unit.factor(), one.unit.said if units else ""
        if isinstance(one, cells.Range):
            low, high = one.low * factor, one.high * factor
            share = Clause("range", low, self.actual, high).share(self.profile.reverse)
            above = self.actual > high
            if low <= self.actual <= high:
                return share, f"{actual} ∈ {self.row['target']} → {plain(self.weight)}"
            return share, self.sum_of(share, actual, one.numbers[above] + said, above)
        op = "<=" if self.is_undirected_cost(one) else one.op or "="
        clause, target = Clause(op, one.value * factor, self.actual), one.number + said
        share = clause.share(self.profile.reverse)
        for code in clause.over:
            self.say_cells(code, "actual", *[] if code == "STRICT_BOUNDARY" else ["target"])
        if op in (">=", ">", "=") and clause.target > 0 and self.actual >= clause.target * self.profile.threshold:
            self.overachieved(clause)
        if share == 1:
            return share, f"{actual} {SIGNS[op]} {target} → {plain(self.weight)}"
        if op in ("<=", "<") and self.profile.reverse == "linear" and share:
            return share, f"(1 − ({actual} − {target}) ÷ {target}) × {plain(self.weight)}"
        return share, self.sum_of(share, actual, target, op in ("<=", "<"))

    def sum_of(self, share, actual, target, inverted):
        if share == 0:
            return f"{actual} / {target} → 0"
        return f"{target if inverted else actual} ÷ {actual if inverted else target} × {plain(self.weight)}"

    def overachieved(self, clause):
        self.over = True
        tenths = (clause.actual / clause.target * 1000 + Fraction(1, 2)).__floor__()
        self.say("OVER_ACHIEVED", "actual", f"{tenths // 10}.{tenths % 10}%")
        reason = self.row.get("deviation")
        if cells.is_blank_reason(reason):
            self.say("OVER_REASON_MISSING", "deviation", reason, severity=self.profile.over_severity)


def points(hundredths):
    """Cents as results show them."""
    return None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02}"
