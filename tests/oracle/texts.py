"""Writes meanings down as units do: symbols and words, suffixes, full-width digits, separators, 万 and 亿, minutes and
hours.
"""
from fractions import Fraction

from rules import Clause, Line, plain

BEFORE = {">=": ["≥", ">=", "＞＝", "≧", "大于等于", "不少于", "不低于", "不小于", "至少"], ">": [">", "＞", "大于", "高于", "超过", "多于"],
          "<=": ["≤", "<=", "≦", "小于等于", "不超过", "不高于", "不大于", "不多于"], "<": ["<", "＜", "小于", "低于", "少于"],
          "=": ["=", "＝", "", "等于"]}
BEHIND = {">=": ["以上", "及以上"], "<=": ["以下", "及以下", "以内"]}
COUNTED = ["次", "人", "场", "个", "家", "人次", "次/天", "元/人*月"]
TIMES = {"秒": 1, "分钟": 60, "小时": 3600, "天": 86400}
MET = ["达成", "已完成", "达标", "及时", "符合要求", "在标准时间内"]
PARTLY = ["部分达成", "基本达成", "部分完成", "基本完成"]
MISSED = ["未达成", "较差"]
STRANGE = ["视情况而定", "稳步推进中", "持续提升"]
GOALS = ["健全", "及时", "完善", "显著", "良好"]
FULL_WIDTH = str.maketrans("0123456789.%", "０１２３４５６７８９．％")


def decorate(dice, text):
    whole, dot, places = text.partition(".")
    if len(whole) > 3 and dice.chance(0.3):
        whole = f"{int(whole):,}"
    elif dot and dice.chance(0.2) and len(places) < 5:
        places += "0"
    text = whole + dot + places
    return text.translate(FULL_WIDTH) if dice.chance(0.1) else text


def scaled(dice, value, unit):
    """The number with 万 or 亿 where it stays short, and the unit's text."""
    for scale, word in ((10**8, "亿"), (10**4, "万")):
        part = value / scale
        if value >= scale and (part * 10**6).denominator == 1 and dice.chance(0.5):
            return part, word + unit
    return value, unit


class Writer:
    def __init__(self, dice):
        self.dice = dice

    def number(self, most, places=2):
        return Fraction(self.dice.randrange(0, most * 10**places), 10**places)

    def quantity(self, value, unit):
        if unit == "%":
            return decorate(self.dice, plain(value)) + self.dice.choice(["%", "％"])
        if unit == "元" or unit in COUNTED and "/" not in unit:
            value, unit = scaled(self.dice, value, unit)
        return decorate(self.dice, plain(value)) + unit

    def numbers(self, unit):
        """A target and an actual value: met, missed, equal, far off."""
        target = self.number(100) if unit == "%" else self.number(self.dice.choice([10, 1000, 10**6]), 0)
        part = target * Fraction(self.dice.randrange(0, 130), 100)
        actual = self.dice.choice([target, target, part, self.number(100)])
        return target, Fraction(int(actual * 100), 100)

    def clause(self, unit):
        op = self.dice.choice(list(BEFORE))
        target, actual = self.numbers(unit)
        text = self.quantity(target, unit)
        if op in BEHIND and self.dice.chance(0.25):
            text += self.dice.choice(BEHIND[op])
        else:
            text = self.dice.choice(BEFORE[op]) + text
        return Clause(op, target, actual), text, self.quantity(actual, unit)

    def simple(self):
        clause, target, actual = self.clause(self.dice.choice(["%", "%", "元", *COUNTED]))
        return [clause], target, actual

    def timed(self):
        (one, first), (two, second) = self.dice.sample(sorted(TIMES.items()), 2)
        target, actual = Fraction(self.dice.randrange(1, 50)), Fraction(self.dice.randrange(1, 50))
        return [Clause("<=", target * first, actual * second)], f"≤{target}{one}", f"{actual}{two}"

    def ranged(self):
        low, high = sorted(self.dice.sample(range(1, 200), 2))
        actual, unit = Fraction(self.dice.randrange(0, 300)), self.dice.choice(["%", "次", "人"])
        dash = self.dice.choice(["-", "~", "–", "至", "到"])
        return [Clause("range", Fraction(low), actual, Fraction(high))], f"{low}{dash}{high}{unit}", f"{actual}{unit}"

    def several(self):
        parts = [self.clause(unit) for unit in self.dice.sample(["次", "人", "场"], self.dice.choice([2, 3]))]
        mark = self.dice.choice([",", ";", "、", "，", "；"])
        return [p[0] for p in parts], mark.join(p[1] for p in parts), mark.join(p[2] for p in parts)

    def declare(self, line, profile, actual_percent):
        """A score as someone might have arrived at it; (the score, its text)."""
        right = line.computed(profile) if line.kind == "formula" else None
        ways = [Fraction(line.weight), self.number(line.weight)]
        if right is not None:
            ways += [right, right, right, Fraction((right * 10 + Fraction(1, 2)).__floor__(), 10),
                     Fraction((right * 10).__floor__(), 10), Fraction(right.__floor__())]
            if actual_percent is not None:
                ways.append(Fraction((actual_percent * line.weight / 10).__floor__(), 10))
        score = min(self.dice.choice(ways), Fraction(line.weight))
        return score, plain(score)

    def line(self, weight, has_scores, profile):
        """(Line, target, actual, score text or None)"""
        kinds = [self.simple, self.simple, self.simple, self.timed, self.ranged, self.several]
        if has_scores and self.dice.chance(0.3):
            line, target, actual = self.worded(weight)
        else:
            clauses, target, actual = self.dice.choice(kinds)()
            line = Line(weight, "formula", clauses)
        score = None
        if has_scores:
            percent = line.clauses[0].actual / 100 if len(line.clauses) == 1 and "%" in target else None
            line.declared, score = self.declare(line, profile, percent)
        return line, target, actual, score

    def worded(self, weight):
        band = self.dice.choice([1, 1, 2, 3, 0])
        words = {1: MET, 2: PARTLY, 3: MISSED, 0: STRANGE}[band]
        line = Line(weight, "qualitative" if band else "unverifiable", band=band)
        goal = self.dice.choice(GOALS)
        actual = goal if band == 1 and self.dice.chance(0.3) else self.dice.choice(words)
        return line, goal, actual
