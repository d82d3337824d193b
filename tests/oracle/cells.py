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
MORE, LESS = ("大于", "高于", "超过", "多于"), ("小于", "低于", "少于")
DENIALS = ("不", "不得", "不能", "未", "没有")
OPERATORS = {">=": [">=", "=>", "≥", "大于等于", "至少", *(no + word for no in DENIALS for word in LESS)], ">": [">", *MORE],
             "<=": ["<=", "=<", "≤", "小于等于", *(no + word for no in DENIALS for word in MORE)], "<": ["<", *LESS],
             "=": ["=", "等于"]}
SUFFIXES = {">=": ["及以上", "以上"], "<=": ["以下", "及以下", "以内", "之内", "内"]}
# In front of a number they say how it came about and nothing about how large it is.
VERBS = ("完成率", "完成", "达到", "达成", "达", "实际", "实现", "已经", "已", "累计", "共计", "合计", "共", "仅", "只", "于", "为", "了", ":")
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
# Left open: whether a sign may stand in a label. It may not: whoever writes <>5 or ≥≥5 does not mean >5 or ≥5. Nor may a
# denial that belongs to no operator stand in front of one: 不等于5 is not =5.
SAID = rf"(?:{longest(VERBS)})*"
CLAUSE = re.compile(rf"(?:(?P<label>[^0-9<>=≥≤]*?)(?<![不未])(?P<op>{longest(OPERATOR)})|{SAID})"
                    rf"(?P<number>{NUMBER}|{PART})(?P<rest>.*)")
RANGE = re.compile(rf"{SAID}(?P<low>{NUMBER})%?(?:[-~–]|至|到)(?P<high>{NUMBER})(?P<rest>[^0-9]*)")
YEAR, MONTH, DAY = r"(?:19|20)[0-9]{2}", r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12][0-9]|0?[1-9])"
UNTIL = r"(?:(?P<before>之前|以前|前)|内)?(?:完成)?"
DATES = [re.compile(SAID + text + UNTIL) for text in (
    rf"(?:(?P<year>{YEAR}|[0-9]{{2}})年)?(?P<month>{MONTH})月(?:(?P<day>{DAY})日|(?P<end>底|末))?",
    rf"(?P<year>{YEAR})(?:年度?(?P<end>底|末)?|(?P<end2>底|末))",
    r"(?P<year>[0-9]{2})年度?(?P<end>底|末)",
    rf"(?P<year>{YEAR})(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12][0-9]|0[1-9])",
    rf"(?P<year>{YEAR})(?P<sign>[-/.])(?P<month>{MONTH})(?P=sign)(?P<day>{DAY})",
    rf"(?P<year>{YEAR})[-/](?P<month>{MONTH})",
    rf"(?P<year>{YEAR})\.(?P<month>{MONTH})(?=[之以前内完])")]
# An amount or a date: nobody knows which.
EITHER = re.compile(rf"(?:{SAID}(?:20[0-9]{{2}}(?:[-~–至到]))?(?P<year>20[0-9]{{2}}))|{SAID}(?P<year2>20[0-9]{{2}})\.(?P<month>{MONTH})")
UNIT = re.compile(r"[^\W\d_]*(?:[/·*][^\W\d_]+)*|%|‰")
# What an empty cell may hold all the same: white space of any kind, and characters that have no width.
BLANKS = "".join(map(chr, [9, 10, 13, 0x20, 0xa0, 0x1680, *range(0x2000, 0x200e), 0x2028, 0x2029, 0x202f, 0x205f, 0x2060,
                           0x3000, 0xfeff]))
FIGURES = str.maketrans("０１２３４５６７８９．，＋－", "0123456789.,+-")
AMOUNT = re.compile(r"[+-]?0*(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,6})?")


def kept_apart(text):
    """10⁴ is not 104 and ①5 not 15: a ^ where NFKC would make one number of digits that are none."""
    def plain(c):
        return unicodedata.normalize("NFKC", c)

    def odd(c):
        return not ("0" <= c <= "9" or "０" <= c <= "９") and bool(re.search("[0-9]", plain(c)))
    found, before = "", ""
    for c in text:
        if plain(c)[:1] in tuple("0123456789.") and before and (
                odd(before) or (odd(c) and plain(before)[-1] in "0123456789.")):
            found += "^"
        found += c
        before = before if plain(c).isspace() else c
    return found


def normalise(text):
    text = "".join(unicodedata.normalize("NFKC", kept_apart(text)).split()).translate(SYMBOLS)
    return re.sub(r"(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])", lambda m: m.group().replace(",", ""), text)


def bare(cell):
    return str(cell).strip(BLANKS)


def figures(cell):
    """A cell of figures as it was meant: other keyboards give them another width, and blanks around them."""
    return bare(cell).translate(FIGURES)


def number(cell):
    """A cell that must be a number; None when it is none. Empty cells are not asked about."""
    text = figures(cell)
    return Fraction(text.replace(",", "")) if AMOUNT.fullmatch(text) else None


def is_empty(cell):
    return cell is None or not bare(cell)


def is_blank_reason(cell):
    return is_empty(cell) or normalise(cell.strip(BLANKS)) in BLANK_REASONS


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
    if text in ("%", "百分比", "百分点", "个百分点"):
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


def is_year(number, rest):
    """2022年 is a year, whatever else is said, and no number of years."""
    return bool(re.fullmatch(YEAR, number)) and rest.startswith("年")


def clause_of(text):
    found = CLAUSE.fullmatch(text)
    if not found:
        return None
    rest, op = found["rest"], OPERATOR.get(found["op"])
    if len(rest) > 8 or is_year(found["number"], rest) or (found["label"] or "").endswith(tuple(OPERATOR)):
        return None
    suffix = next((word for word in sorted(SUFFIX, key=len, reverse=True) if rest.endswith(word)), "")
    unit = unit_of(rest[:len(rest) - len(suffix)])
    if not UNIT.fullmatch(re.sub("m[23]$", "m", unit.said)):  # m², which NFKC spells m2
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
    if not found or len(found["rest"]) > 8 or is_year(found["high"], found["rest"]):
        return None
    low, high = Fraction(found["low"]), Fraction(found["high"])
    return Range(low, high, (found["low"], found["high"]), unit_of(found["rest"])) if low <= high else None


def date_of(text, year):
    """The last day that is still in time, as (year, month, day), the end of any month being its 31st."""
    found = next(filter(None, (pattern.fullmatch(text) for pattern in DATES)), None)
    if not found:
        return None
    said = found.groupdict()
    if said.get("year"):
        year = int(said["year"]) + (2000 if len(said["year"]) == 2 else 0)
    ends_before = said["before"] and not (said.get("end") or said.get("end2"))
    if not said.get("month"):
        return year - bool(ends_before), 12, 31
    month = int(said["month"])
    if said.get("day"):
        return year, month, int(said["day"])
    if ends_before:
        return (year, month - 1, 31) if month > 1 else (year - 1, 12, 31)
    return year, month, 31


def perhaps_date_of(text):
    """The same for 2022, 2022.12 and 2022-2023, which may be amounts as well."""
    found = EITHER.fullmatch(text)
    if not found:
        return None
    return int(found["year"] or found["year2"]), int(found["month"] or 12), 31


def holds_number(text):
    return bool(re.search("[0-9]", text)) or "分之" in text
