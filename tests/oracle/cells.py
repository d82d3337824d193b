"""Reads the cells of a form as the domain's grammar says: numbers, targets, actual values, dates, words.

Independent of the C core on purpose: regular expressions over normalised text, values in fractions. Where the domain
leaves a choice open, a comment says which one the core took.
"""
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Optional

SYMBOLS = str.maketrans({"≧": "≥", "⩾": "≥", "≦": "≤", "⩽": "≤"})
OPERATORS = {">=": [">=", "≥", "大于等于", "不少于", "不低于", "不小于", "至少"], ">": [">", "大于", "高于", "超过", "多于"],
             "<=": ["<=", "≤", "小于等于", "不超过", "不高于", "不大于", "不多于"], "<": ["<", "小于", "低于", "少于"],
             "=": ["=", "等于"]}
SUFFIXES = {">=": ["及以上", "以上"], "<=": ["以下", "及以下", "以内"]}
PARTS = {"万分之": Fraction(1, 100), "千分之": Fraction(1, 10), "百分之": Fraction(1)}  # in %
NUMERALS = "一二三四五六七八九十"
SCALES = {"万": 10**4, "亿": 10**8}
TIMES = {"秒": 1, "分钟": 60, "小时": 3600, "天": 86400}
NO_TARGET = ("", "-", "—", "/", "无", "暂无")
BLANK_REASONS = (*NO_TARGET, "0")

OPERATOR = {word: op for op, words in OPERATORS.items() for word in words}
SUFFIX = {word: op for op, words in SUFFIXES.items() for word in words}


def longest(words):
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


NUMBER = r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?"
PART = rf"(?:{longest(PARTS)})(?:[0-9]+|[{NUMERALS}])"
# Left open: whether a sign may stand in a label. It may not: whoever writes <>5 or ≥≥5 does not mean >5 or ≥5.
CLAUSE = re.compile(rf"(?:(?P<label>[^0-9<>=≥≤]*?)(?P<op>{longest(OPERATOR)}))?(?P<number>{NUMBER}|{PART})(?P<rest>.*)")
RANGE = re.compile(rf"(?P<low>{NUMBER})%?(?:[-~–]|至|到)(?P<high>{NUMBER})(?P<rest>[^0-9]*)")
DATE = re.compile(r"(?:(?P<year>[0-9]{4})年)?(?P<month>1[0-2]|0?[1-9])月(?:(?P<day>3[01]|[12][0-9]|0?[1-9])日|(?P<end>底))?"
                  r"(?:(?P<before>前|之前)(?:完成)?|完成)?")
UNIT = re.compile(r"[^\W\d_]*(?:[/·*][^\W\d_]+)*|%|‰")
AMOUNT = re.compile(r"[+-]?0*(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,6})?")


def normalise(text):
    text = "".join(unicodedata.normalize("NFKC", text).split()).translate(SYMBOLS)
    return re.sub(r"(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])", lambda m: m.group().replace(",", ""), text)


def number(cell):
    """A cell that must be a number; None when it is none. Empty cells are not asked about."""
    text = cell.strip(" \t\n")
    return Fraction(text.replace(",", "")) if AMOUNT.fullmatch(text) else None


def is_empty(cell):
    return cell is None or cell == ""


def is_blank_reason(cell):
    return cell is None or normalise(cell) in BLANK_REASONS


@dataclass
class Unit:
    """What a value is counted in; a dimension of its own for each word that does not convert."""
    dimension: str = ""  # "" when none is written; "%"; "time"; else the word itself
    scale: Optional[Fraction] = None  # of 万, 亿, ‰; None: none is written
    size: Fraction = Fraction(1)  # of a unit of time, in seconds
    said: str = ""  # as written
    part: Fraction = Fraction(1)  # of 万分之 and the like, in %: the value counts it already

    def factor(self):
        return (self.scale or 1) * self.size

    def worth(self):
        """What two numbers must share to stand in one formula without their units."""
        return (self.scale or 1) * self.part, self.dimension == "time" and self.size


def unit_of(text):
    if text in ("%", "百分比"):
        return Unit("%", said=text)
    if text == "‰":
        return Unit("%", Fraction(1, 10), said=text)
    scale, word = None, text
    if word[:1] in SCALES:
        scale, word = Fraction(SCALES[word[0]]), word[1:]
    if word in TIMES:
        return Unit("time", scale, Fraction(TIMES[word]), text)
    return Unit(word, scale, said=text)


@dataclass
class Clause:
    op: Optional[str]  # as written by operator, or else by suffix
    leading: bool  # an operator stands in front
    value: Fraction  # as written, a share of ten thousand in %
    number: str  # as written
    unit: Unit


def clause_of(text):
    found = CLAUSE.fullmatch(text)
    if not found:
        return None
    rest, op = found["rest"], OPERATOR.get(found["op"])
    if len(rest) > 8 or re.search("[0-9]", rest):
        return None
    suffix = next((word for word in sorted(SUFFIX, key=len, reverse=True) if rest.endswith(word)), "")
    unit = unit_of(rest[:len(rest) - len(suffix)])
    if not UNIT.fullmatch(unit.said):
        return None
    digits = found["number"]
    if digits[:3] in PARTS:
        count = NUMERALS.index(digits[3]) + 1 if digits[3] in NUMERALS else int(digits[3:])
        value = count * PARTS[digits[:3]]
        if unit.dimension:
            return None
        unit = Unit("%", part=PARTS[digits[:3]])
    else:
        value = Fraction(digits)
    return Clause(op or SUFFIX.get(suffix), op is not None, value, digits, unit)


def clauses_of(text):
    clauses = [clause_of(part) for part in re.split("[,;、]", text)]
    return clauses if all(clauses) else None


@dataclass
class Range:
    low: Fraction
    high: Fraction
    numbers: tuple  # both as written
    unit: Unit


def range_of(text):
    found = RANGE.fullmatch(text)
    if not found or len(found["rest"]) > 8:
        return None
    low, high = Fraction(found["low"]), Fraction(found["high"])
    return Range(low, high, (found["low"], found["high"]), unit_of(found["rest"])) if low <= high else None


def date_of(text, year):
    """The last day that is still in time, as (year, month, day), the end of any month being its 31st."""
    found = DATE.fullmatch(text)
    if not found:
        return None
    year, month = int(found["year"] or year), int(found["month"])
    if found["day"]:
        return year, month, int(found["day"])
    if found["before"] and not found["end"]:
        return (year, month - 1, 31) if month > 1 else (year - 1, 12, 31)
    return year, month, 31
