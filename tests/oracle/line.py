"""What one indicator line must come to: its basis, score and formula, and what is said about it.

Independent of the C core on purpose; cells.py reads, this file decides. Where the domain leaves a choice open, a
comment says "left open" and the core's choice stands.
"""
import re
from dataclasses import replace
from fractions import Fraction

import cells
from rules import Clause, cents, earned, plain, shown

# The domain's lists are open.
MET = ("达成", "完成", "完成计划", "达标", "达到", "达到要求", "达到标准", "达到目标", "及时", "按时", "按期", "如期", "符合要求", "符合标准", "在标准时间内",
       "建立健全", "健全", "完善", "落实")
PARTLY = ("部分", "基本")
MISSED = ("未达成", "尚未达成", "较差")
NEGATIONS = ("不", "未", "无", "没", "非", "缺", "延期", "延迟", "延后", "逾期", "超期", "推迟", "滞后", "暂停", "暂缓")
PLAIN = ("不断", "不仅", "非常", "十分", "已经", "已", "均", "都", "皆", "全部", "全面", "全", "各项", "圆满", "顺利", "统一", "并且", "并", "且", "和",
         "与", "及", "了", "任务", "工作", "项目", "按计划", "按照计划", "按要求", "按规定", "高质量", *",;:.!。、")  # say nothing about how far
KINDS = {word: kind for kind in (PLAIN, NEGATIONS, PARTLY, MET, MISSED) for word in kind}
NAMES = ("性", "率", "情况", "指标", "程度", "数量", "人数", "次数", "天数", "场次", "金额", "比例", "满意度", "完成度")  # what a target ends with that names something and says no value
# What becomes of something is a goal, whatever that is called; 增长率 and 提升服务情况 are names.
CHANGE = re.compile("(?:有效|持续|不断|显著|明显|逐步|稳步|切实|大幅|进一步|全面|着力)*(?:提升|提高|降低|增强|加强|减少|改善|增加|促进|保障|优化|扩大)(?P<what>.*)")
UNKNOWN = ("?",)
PER = re.compile("每|[人户日周月]均")
# No goal: something went wrong. 无事故 denies what is bad, and is one.
FAILURE = re.compile("(?:不能?|未[能按曾]?|没[有能]?|无法|难以)(?:完成|达|合格|满意|及时|按[时期]|如期|符合|到位|理想|通过|落实|完善|健全|建立|开展|实施|实现|执行|启动|好|明显|显著)")
SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<", "=": "="}


def kinds_in(text, target=None):
    """What kinds of words it is made of, from left to right; the target's own words are met by saying them."""
    known = re.compile(cells.longest([*KINDS, *([target] if target else [])]))
    said, at = set(), 0
    while at < len(text):
        word = known.match(text, at)
        said.add(UNKNOWN if not word else MET if word.group() == target else KINDS[word.group()])
        at = word.end() if word else at + 1
    return said


def is_change(target):
    found = CHANGE.fullmatch(target)
    return bool(found) and not found["what"].endswith(("情况", "指标")) and found["what"] not in (
        "率", "程度", "比例", "数量", "金额", "人数", "次数", "天数", "场次")


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
        if cells.is_unfilled(row.get("actual")):
            self.say("ACTUAL_MISSING", "actual", None if cells.is_empty(row.get("actual")) else row["actual"])
            return "unverifiable", None
        said = [str(row.get(key) or "") for key in ("target", "actual")]
        target, actual = (cells.closed(cells.normalise(text)) for text in said)
        if cells.says_nothing(target, cells.NO_TARGET):
            self.say_cells("TARGET_MISSING", "target")
            return "unverifiable", None
        grouped = [re.search("[,，][^0-9０-９]*[0-9０-９]", text) for text in said]  # 20,221,231 is no day
        spelled = ["" if commas else text for commas, text in zip(grouped, (target, actual))]
        deadline, done = map(cells.date_of, spelled)
        limit, when = map(cells.perhaps_date_of, spelled)
        if cells.range_of(actual):
            when = None
        if (deadline and (done or when)) or (done and limit):
            return self.dated(target, actual, deadline or limit, done or when)
        if deadline:
            return self.unquantified(target, actual)
        bounds = cells.range_of(target)
        if cells.may_be_one(target):
            limit = None
        if bounds and actual == target:  # whichever it was, it is one of them
            if not bounds.unit.dimension:
                self.say_cells("UNIT_ABSENT", "target")
            self.points, self.formula = self.weight, f"{actual} ∈ {row['target']} → {plain(self.weight)}"
            return "formula", Fraction(1)
        if limit and when and (bounds or cells.clause_of(target).number != cells.clause_of(actual).number):
            self.say_cells("QUAL_UNVERIFIABLE", "actual")
            return "unverifiable", None
        wanted = [bounds] if bounds else not cells.may_be_one(target) and cells.clauses_of(target)
        if not wanted:
            if self.is_a_name(target):
                self.say_cells("TARGET_NOT_A_VALUE", "target")
                return "unverifiable", None
            return self.words(target, actual)
        found = cells.clauses_of(actual) or (len(wanted) == 1 and not done and self.labelled(wanted[0], actual))
        if found and len(found) == len(wanted) and not done and all(map(self.answers, wanted, found)):
            return self.compare(wanted, found)
        return self.unquantified(target, actual, len(wanted))

    def dated(self, target, actual, deadline, done):
        years = {self.year, deadline.year or self.year}  # in which a day without one may lie
        limit, spans = deadline.span(self.year), [done.span(year) for year in years]
        late = {self.is_late(limit, span) for span in spans}
        if len(late) > 1 or late == {None} or {deadline.event, done.event} == {"done", "accepted"}:
            self.say_cells("QUAL_UNVERIFIABLE", "actual")
            return "unverifiable", None
        late = late.pop()
        if late:
            self.say_cells("DEADLINE_MISSED", "actual", "target")
        self.points = Fraction(0) if late else self.weight
        self.formula = f"{actual} {'>' if late else '≤'} {target} → {0 if late else plain(self.weight)}"
        return "formula", Fraction(0 if late else 1)

    @staticmethod
    def is_late(limit, span):
        """None: nobody knows, since it may have been one of several days, or no such day is."""
        if not limit or not span:
            return None
        first, last = span
        return False if last <= limit[1] else True if first > limit[1] else None

    def answers(self, one, other):
        """Whether a value is one of what the target asks for, as far as anybody can tell."""
        is_range = isinstance(one, cells.Range)
        label, least = ("", one.low) if is_range else (one.label, one.value)
        name = str(self.row.get("level3") or "")
        if other.demands:  # 不得超过5天 asks for a value itself
            return False
        if other.completion and not any("完成率" in text for text in (str(self.row["target"]), name)):
            return False
        # 每季度, 人均: only who repeats it has reckoned with how many there are
        if other.label != label and (PER.search(label) or (other.label and other.label != name)):
            return False
        if other.value < 0 <= least and re.search("[降减]", label + name):
            return False
        unit = other.unit.dimension or one.unit.dimension
        if other.value < 0 and not is_range and one.op in ("<=", "<") and (unit == "time" or (unit not in ("", "%") and not re.search("°|dB", unit) and not unit.startswith(cells.MONEY) and cells.is_known(unit))):
            return False
        return is_range or one.op or one.unit.said != "日" or one.value > 31

    def labelled(self, one, actual):
        """满意度91%: the target's label, or the indicator's own name, in front of a value."""
        if cells.range_of(actual):
            return None
        for name in ("" if isinstance(one, cells.Range) else one.label, str(self.row.get("level3") or "")):
            spelled = cells.normalise(name)
            rest = actual.removeprefix(spelled) if spelled and spelled[-1] not in "0123456789." else actual
            if rest in ("", actual) or rest[0] in "+-" or cells.date_of(rest) or cells.perhaps_date_of(rest) or cells.range_of(rest):
                continue
            found = cells.clauses_of(cells.normalise(rest))
            if found and len(found) == 1 and not found[0].label:
                return [replace(found[0], label=name)]
        return None

    def unquantified(self, target, actual, parts=1):
        """A value is asked for: no words tell how far it was reached."""
        if parts > 1:
            self.say_cells("COMPOUND_TARGET", "target")
        else:
            self.say_cells("ACTUAL_NOT_QUANTIFIED", "actual", "target")
        self.say_doubt(kinds_in(actual))
        return "unverifiable", None

    def say_doubt(self, said):
        self.say_cells("QUAL_NEGATIVE" if said & {NEGATIONS, MISSED} else "QUAL_UNVERIFIABLE", "actual")

    def words(self, target, actual):
        is_goal = not FAILURE.search(target) and MISSED not in kinds_in(target)
        if is_goal and actual == target:
            return "qualitative", 1
        said = kinds_in(actual, target if is_goal else None)
        number = UNKNOWN in said or cells.holds_number(actual) or cells.holds_number(target)
        if is_goal and not number and NEGATIONS not in said:
            for band, words in ((3, MISSED), (2, PARTLY), (1, MET)):
                if words in said:
                    return "qualitative", band
        if cells.holds_number(target) and not said & {NEGATIONS, MISSED}:
            self.say_cells("TARGET_UNCLEAR", "target")
        else:
            self.say_doubt(said)
        return "unverifiable", None

    def is_a_name(self, target):
        return (target.endswith(NAMES) and not is_change(target)) or target in [self.row.get(key) for key in ("level1", "level2", "level3")]

    def compare(self, wanted, found):
        if any(other.op for other in found):
            self.say_cells("ACTUAL_HAS_OPERATOR", "actual")
        total, formulas = Fraction(0), []
        for one, other in zip(wanted, found):
            if isinstance(one, cells.Clause) and self.is_undirected_cost(one):
                self.say_cells("DIRECTION_ASSUMED", "target")
            other = self.counted(one, other)
            if not other:
                self.say_cells("UNIT_MISMATCH", "actual", "target")
                return "unverifiable", None
            actual, worth = self.adopt(one, other)
            if worth is None or not self.settles(one, other.op, actual):
                return "unverifiable", None
            if self.has_two_sides(one, actual):
                self.say_cells("QUAL_UNVERIFIABLE", "actual")
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

    @staticmethod
    def is_span(dimension):
        return dimension in ("time", "分", "工作日", "个工作日", "周", "月", "个月", "年")

    def counted(self, one, other):
        """The actual value, if what it counts compares with the target."""
        asked, own = one.unit, other.unit
        if own.dimension == asked.dimension:
            return other
        if not own.dimension:
            if own.scale and (asked.dimension == "%" or self.is_span(asked.dimension)):
                return None
            odd = asked.dimension != "time" and re.search("[A-Za-z]", asked.dimension)  # 5K may be 5000
            return None if odd and not cells.is_known(asked.dimension) else other
        if asked.dimension or own.dimension == "%" or not (own.dimension == "time" or cells.is_known(own.dimension)):
            return None
        money = own.dimension.startswith(cells.MONEY)
        if asked.scale:  # 万 stands before amounts and what is counted one by one, in a cost before money only
            alone = not self.is_span(own.dimension) and not re.search("[/*·]", own.dimension)
            return other if alone and (money or not self.is_called("成本")) else None
        if not (own.scale or money or own.dimension == "time") or self.are_days_enough(one, other):
            return other
        # 120万元 and 100 may be counted in anything: the same number is the same.
        same = other.value == (one.low if isinstance(one, cells.Range) else one.value)
        return replace(other, unit=replace(own, scale=None, size=Fraction(1))) if same else None

    def are_days_enough(self, one, other):
        """365天 where a quantity of 360 is asked for: as many days are no fewer hours."""
        return (other.unit.said == "天" and self.is_called("数量") and self.operator(one) in (">=", ">", "=") and
                other.value >= one.value)

    def settles(self, one, bound, actual):
        """Whether all values that a bound leaves open meet the target; None or = leaves none open."""
        if isinstance(one, cells.Range):
            return bound in (None, "=")
        op, target = "<=" if self.is_undirected_cost(one) else one.op or "=", one.value * one.unit.factor()
        if bound in (">=", ">"):
            return op in (">=", ">", "=") and actual >= target and not (op == "=" and target == 0)
        return bound not in ("<=", "<") or (op in ("<=", "<") and actual <= target)

    def is_called(self, name):
        return any(name in str(self.row.get(key) or "") for key in ("level1", "level2"))

    def is_undirected_cost(self, clause):
        unit = clause.unit.dimension
        return clause.op in (None, "=") and self.is_called("成本") and (not unit or unit.startswith(cells.MONEY))

    def has_two_sides(self, one, actual):
        """A cost of 100% or 5次: more may be too much, or what was saved, less a saving, or too little. 24小时 may be a limit, or how long."""
        unit, factor = one.unit.dimension, one.unit.factor()
        if isinstance(one, cells.Range):
            return self.is_called("成本") and actual < one.low * factor
        if one.op not in (None, "=") or self.is_undirected_cost(one) or actual == one.value * factor:
            return False
        return self.is_called("成本") or (self.is_called("时效") and self.is_span(unit))

    def adopt(self, one, other):
        """The actual value in the target's unit, and what its number is worth in the formula; no worth: nobody knows."""
        own, unit = other.unit, one.unit
        if own.dimension or not (unit.dimension or unit.scale and not own.scale):
            return other.value * (own.factor() if unit.dimension else own.scale or 1), own.worth()
        ratio = unit.dimension == "%" and not unit.scale and not own.scale and 0 < other.value <= 1
        scale = 100 if ratio else own.scale or unit.scale or 1
        actual = other.value * scale * unit.size
        doubt = not own.scale and self.may_be_scaled_otherwise(one, other, actual)
        if unit.dimension == "%" and (ratio or doubt):
            self.say_cells("PERCENT_SCALE_AMBIGUOUS", "actual")
        else:
            self.say_cells("SCALE_AMBIGUOUS" if doubt else "ACTUAL_UNIT_MISSING", "actual")
        if not doubt and not own.scale and 0 < self.most(one) * 2 < actual:  # rather a likely one than 15000万 of 1万
            actual, scale = max([reading for reading in self.readings(one, other) if self.is_likely(one, reading[0])],
                                default=(actual, scale))
        return actual, None if doubt else (Fraction(scale), unit.dimension == "time" and unit.size)

    @staticmethod
    def readings(one, other):
        """What a number without a unit may have been meant as: (value, scale)."""
        unit = one.unit
        scales = {Fraction(1), (unit.scale or 1) * unit.part, Fraction(100 if unit.dimension == "%" else 1)}
        return [(other.value * scale * unit.size, scale) for scale in scales]

    @staticmethod
    def most(one):
        return (one.high if isinstance(one, cells.Range) else one.value) * one.unit.factor()

    def is_likely(self, one, value):
        """More than next to nothing of the target (a fiftieth; of a limit, a thousandth) and no more than its double."""
        low = (one.low if isinstance(one, cells.Range) else one.value) * one.unit.factor()
        return low / (1000 if self.operator(one) in ("<=", "<") else 50) < value <= 2 * self.most(one)

    def may_be_scaled_otherwise(self, one, other, actual):
        """9500 under 1万人, 0.5 under 5%: whether a number is as likely in another scale, and earns something else there.

        Beside a value that is more than the double of the target, every smaller one is likely.
        """
        values = [value for value, _ in self.readings(one, other)] if self.most(one) > 0 else []
        return any(self.worth(one, value) != self.worth(one, actual) for value in values
                   if self.is_likely(one, value) or 2 * self.most(one) < actual > value)

    def operator(self, one):
        return "range" if isinstance(one, cells.Range) else "<=" if self.is_undirected_cost(one) else one.op or "="

    def worth(self, one, actual):
        """What the clause would earn alone, and whether something is deducted from it."""
        op, factor = self.operator(one), one.unit.factor()
        low, high = (one.low, one.high * factor) if op == "range" else (one.value, None)
        clause = Clause(op, low * factor, actual, high)
        return (earned(clause.share(self.profile.reverse), self.weight),
                bool(self.profile.deduction) and self.is_over(op, clause))

    def is_over(self, op, clause):
        return op in (">=", ">", "=") and clause.actual >= clause.target * self.profile.threshold and clause.target > 0

    def share(self, one, other, worth):
        """(share of the weight, formula)"""
        bare = not other.unit.dimension and not other.unit.scale
        lent = bare and one.unit.scale and worth == one.unit.worth()  # then 万 is shown behind both
        units = worth != one.unit.worth() or lent
        actual = other.number.removeprefix("+") + ((one if lent else other).unit.said if units else "")
        factor, said, op = one.unit.factor(), one.unit.said if units else "", self.operator(one)
        if isinstance(one, cells.Range):
            low, high = one.low * factor, one.high * factor
            share = Clause("range", low, self.actual, high).share(self.profile.reverse)
            above, sign = self.actual > high, "∈" if low <= self.actual <= high else "∉"
            target = one.numbers[above].removeprefix("+") + said
            return share, self.sum_of(share, actual, self.row["target"] if share in (0, 1) else target, above, sign)
        clause, target = Clause(op, one.value * factor, self.actual), one.number.removeprefix("+") + said
        share = clause.share(self.profile.reverse)
        for code in clause.over:
            self.say_cells(code, "actual", *[] if code == "STRICT_BOUNDARY" else ["target"])
        if self.is_over(op, clause):
            self.overachieved(clause)
        if op in ("<=", "<") and self.profile.reverse == "linear" and 0 < share < 1:
            return share, f"(1 − ({actual} − {target}) ÷ {target}) × {plain(self.weight)}"
        return share, self.sum_of(share, actual, target, op in ("<=", "<"), self.true_sign(op, clause, share))

    @staticmethod
    def true_sign(op, clause, share):
        """125 is not 100, though it meets it; nor is 5 less than 5."""
        apart = clause.actual - clause.target
        if share == 1 and (apart == 0 if op == "=" else apart):
            return SIGNS[op]
        if share == 1:
            return "≤" if op in ("<=", "<") else "≥"
        return "≠" if op == "=" and clause.target == 0 else "<" if apart < 0 else ">"

    def sum_of(self, share, actual, target, inverted, sign):
        if share in (0, 1):
            return f"{actual} {sign} {target} → {plain(self.weight) if share else 0}"
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
