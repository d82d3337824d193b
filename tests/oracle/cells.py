"""Reads the cells of a form as the domain's grammar says: numbers, targets, actual values, dates, words.

Independent of the C core on purpose: regular expressions over normalised text, values in fractions. Where the domain
leaves a choice open, a comment says which one the core took.
"""
import calendar
import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Optional

SYMBOLS = str.maketrans({"≧": "≥", "⩾": "≥", "≦": "≤", "⩽": "≤", "–": "-"})
MORE, LESS = ("大于", "高于", "超过", "多于"), ("小于", "低于", "少于")
MODALS = ("", "得", "能", "应", "应该", "应当", "宜", "可", "可以", "会", "要", "允许", "准", "许", "再")
FACTS = ("不", "不再", "没", "没有", "未", "未曾")  # the other denials say what must not be
DENIALS = (*("不" + modal for modal in MODALS), "没", "没有", "未", "未曾", "严禁", "禁止", "避免", "防止", "杜绝")
OPERATORS = {">=": [">=", "=>", "≥", "至少", *(word + equal for word in ("大于", "高于") for equal in ("等于", "或等于")), *(no + word for no in DENIALS for word in LESS)], ">": [">", *MORE],
             "<=": ["<=", "=<", "≤", *(word + equal for word in ("小于", "低于") for equal in ("等于", "或等于")), *(no + word for no in DENIALS for word in MORE)], "<": ["<", *LESS],
             "=": ["=", "等于"]}
SUFFIXES = {">=": ["及以上", "以上"], "<=": ["以下", "及以下", "以内", "之内", "内"]}
# In front of a number they say how it came about and nothing about how large it is.
VERBS = ("完成率", "完成", "达到", "达成", "达", "实际", "实现", "已经", "已", "累计", "共计", "合计", "共", "仅", "只", "于", "为", "了", ":")
PARTS = {"万分之": Fraction(1, 100), "千分之": Fraction(1, 10), "百分之": Fraction(1)}  # in %
NUMERALS = "一二三四五六七八九十"
SCALES = {"万": 10**4, "亿": 10**8, "万亿": 10**12}
TIMES = {"秒": 1, "秒钟": 1, "分钟": 60, "小时": 3600, "个小时": 3600, "天": 86400, "日": 86400}
STROKES = re.compile(r"[-/\\_~·.,;!。、…\u2010-\u2015\u2212\u2500]+")  # drawn where a cell is left empty
NOTHING = ("无", "没有", "暂无", "不适用", "空", "N/A", "n/a", "NA", "None", "none", "null", "nil")
NO_TARGET = ("", *NOTHING, "暂无数据", "无数据", "未设定", "未设置", "未填", "未填写", "待定", "待补充", "待填", "同上", "见附件", "详见附件", "见附表", "详见附表", "×")
BLANK_REASONS = ("", *NOTHING, "0", "无偏差", "没有偏差", "未偏差")

OPERATOR = {word: op for op, words in OPERATORS.items() for word in words}
SUFFIX = {word: op for op, words in SUFFIXES.items() for word in words}


def longest(words):
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


NUMBER = r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?"
PART = rf"(?:{longest(PARTS)})(?:[0-9]{{1,15}}(?:\.[0-9]{{1,6}})?|[{NUMERALS}])"
SAID = rf"(?:{longest(VERBS)})*"
CLAUSE = re.compile(rf"(?:(?P<label>[^0-9<>=≥≤]*?)(?P<op>{longest(OPERATOR)})|(?P<said>{SAID}))(?P<number>{NUMBER}|{PART})(?P<rest>.*)")
# A label is a name. Whoever writes <>5, ≥≥5 or 并非≥5 does not mean >5 or ≥5: with a denial or a comparison in it only a
# measure is one, 不合格率.
NAME = re.compile(r"[A-Za-z()%/\u3400-\u9fff]*[)\u3400-\u9fff]:?")
COMPARISON = re.compile("[大高多小低少等]于|超过|至少|至多|最多")
DOUBTS = re.compile("[不未没无非否勿莫]|难以|严禁|禁止|避免|防止|杜绝|拒绝|" + COMPARISON.pattern)
DEMANDS = ("应", "应当", "须", "必须", "要", "要求", "确保", "保证", "力争", "争取", "均", "平均")
MEASURES = ("率", "数", "量", "度", "额", "值", "例", "占比", "间", "时长", "费用", "成本")
RANGE = re.compile(rf"{SAID}(?P<low>{NUMBER})(?P<percent>%)?(?:[-~–]|至|到)(?P<high>{NUMBER})(?P<rest>.*)")
YEAR, MONTH, DAY = r"(?:19|20)[0-9]{2}", r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12][0-9]|0?[1-9])"
UNTIL = r"(?:(?P<before>之前|以前|前)|内)?已?(?:(?P<done>完成|完工|竣工)|(?P<accepted>验收))?"
DATES = [re.compile(SAID + text + UNTIL) for text in (
    rf"(?:(?P<year>{YEAR}|[0-9]{{2}})年)?(?P<month>{MONTH})月(?:(?P<day>{DAY})[日号]|份?(?P<end>底|末)?)",
    rf"(?P<year>{YEAR})(?:年度?年?(?P<end>底|末)|年度?|(?P<end2>底|末))",
    r"年(?P<end>底|末)",
    r"(?P<year>[0-9]{2})年度?(?P<end>底|末)",
    rf"(?P<year>{YEAR})(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12][0-9]|0[1-9])",
    rf"(?P<year>{YEAR})(?P<sign>[-/.])(?P<month>{MONTH})(?P=sign)(?P<day>{DAY})",
    rf"(?P<year>{YEAR})[-/](?P<month>{MONTH})",
    rf"(?P<year>{YEAR})\.(?P<month>{MONTH})(?=[之以前内完])")]
# An amount or a date: nobody knows which.
EITHER = re.compile(rf"(?:{SAID}(?:20[0-9]{{2}}(?:[-~–至到]))?(?P<year>20[0-9]{{2}}))|{SAID}(?P<year2>20[0-9]{{2}})\.(?P<month>{MONTH})"
                    rf"|{SAID}(?P<month3>{MONTH})\.(?P<day>{DAY})|{SAID}(?P<year4>[0-9]{{2}})年")
LETTER = r"[A-Za-z\u0380-\u03ff°\u3400-\u9fff]"
UNIT = re.compile(rf"{LETTER}+(?:[/·*]{LETTER}+)*")
# How a number is meant, and not what it counts; a power of ten in words; when, or which, and not how many.
QUALIFIERS = re.compile("[不未没无非余多约近前后以之超达完已待尚拟预仅几许来半差缺欠成较]|左右|上下")
POWERS = re.compile("(?!千[克米瓦字])[十百千万亿]")
CALENDAR = re.compile("号|点钟?|时|季度?|旬|级|等|档|[月年][^/*].*")
COUNTED = frozenset(
    "次人名位个家户场项件套台份期批起例篇本册部张条处座间幢栋所组队班门节辆艘架把根支枝只头匹棵株粒颗瓶盒箱包袋桶吨斤克升亩米轮届倍"
    "字页幅盏面块片道口孔段种类村镇县市床席站线单票卷宗剂针对双副枚趟遍餐桌月年周") | frozenset(
    "人次 人天 人月 人年 人份 家次 户次 场次 件次 车次 班次 批次 台次 台套 件套 课时 学时 学分 公斤 千克 毫升 立方米 平方米 平方公里 公顷 公里 "
    "千米 厘米 毫米 千瓦时 千瓦 社区 街道 学校 单位 部门 企业 项目 岗位 床位 坐席 座席 网点 站点 标段 系统 平台 模块 工作日 "
    "盆 季度 学期 平方 立方 分 km m cm mm m2 m3 km2 kg g mg t L ml kWh kW GB TB MB ha hm2 dB °C Pa kPa MPa hPa NTU bps Kbps Mbps Gbps "
    "Hz kHz MHz GHz kV MW MWh lx ppm ppb KB PB rpm μg mL dL mmol mol".split())
MONEY = ("元", "人民币", "美元", "港元", "港币", "欧元", "日元", "英镑")
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
    """Blanks go, but for one that may part two numbers (95 98) or an item's mark from one (1. 5, - 5)."""
    text = unicodedata.normalize("NFKC", kept_apart(text)).translate(SYMBOLS)
    for sign in ", ":  # thousands, grouped by one sign throughout
        text = re.sub(rf"(?<![0-9.])(?<![0-9][, ])[1-9][0-9]{{0,2}}(?:{sign}[0-9]{{3}})+(?![0-9])",
                      lambda m, sign=sign: m.group().replace(sign, ""), text)
    text = re.sub(r"(?<=[0-9.])\s+(?=[0-9.])", "\0", text)
    text = re.sub(r"^(\s*[+-])\s+(?=[0-9.])", "\\1\0", text)
    return "".join(text.split()).replace("\0", " ")


def closed(text):
    """Without what closes a sentence; but 4. may have been 4.5."""
    return re.sub(r"(?:[。;,]|(?<![0-9])\.)+$", "", text)


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


def says_nothing(text, words):
    return bool(STROKES.fullmatch(text)) or text.rstrip(".,;!。、") in words


def is_blank_reason(cell):
    return is_empty(cell) or says_nothing(normalise(cell.strip(BLANKS)), BLANK_REASONS)


def is_unfilled(cell):
    """Empty, or struck through."""
    return is_empty(cell) or bool(STROKES.fullmatch(normalise(bare(str(cell)))))


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


def is_known(word):
    """次/天, 个小时: words that count, measure or pay, and say nothing else."""
    return all(part in COUNTED or part in TIMES or part.startswith(MONEY) or (at and part in ("h", "min", "s")) or
               (part[0] == "个" and (part[1:] in COUNTED or part[1:] in TIMES))
               for at, part in enumerate(re.split("[/·*]", word)))


def is_unit(word):
    plain = re.sub("m[23]$", "m", word)  # m², which NFKC spells m2
    return bool(UNIT.fullmatch(plain)) and not (
        QUALIFIERS.search(word) or POWERS.match(word) or CALENDAR.fullmatch(word))


def unit_of(text):
    if text in ("%", "百分比", "百分点", "个百分点"):
        return Unit("%", said=text)
    if text == "‰":
        return Unit("%", Fraction(1, 10), said=text)
    scale, word = None, text
    for name in sorted(SCALES, key=len, reverse=True):
        if word.startswith(name):
            scale, word = Fraction(SCALES[name]), word[len(name):]
            break
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
    label: str = ""  # without verbs
    demands: bool = False  # it says what must not be, and not what is
    completion: bool = False  # 完成率 in front: what it is a value of


def is_year(number, rest):
    """2022年 is a year, whatever else is said, and no number of years."""
    return bool(re.fullmatch(YEAR, number)) and rest.startswith("年")


def is_label(text, operator):
    if not NAME.fullmatch(text):
        return False
    name = text.removesuffix(":")
    turned = COMPARISON.match(operator) and name not in DEMANDS  # 严防超过: no end of verbs that turn one round
    return name.endswith(MEASURES) or not (turned or DOUBTS.search(text))


def is_counted(unit):
    """Whether what was written as a unit is one; 万 alone and nothing at all are."""
    word = unit.said
    if unit.dimension == "%":
        return word[:1] not in SCALES
    word = word[next((len(name) for name in sorted(SCALES, key=len, reverse=True) if word.startswith(name)), 0):]
    return len(unit.said) <= 8 and (not word or is_unit(word))


def clause_of(text):
    found = CLAUSE.fullmatch(text)
    if not found:
        return measured(text)
    rest, op = found["rest"], OPERATOR.get(found["op"])
    said = found["said"] or re.match(SAID, found["label"] or "").group()
    label = (found["label"] or "")[len(said):] if found["op"] else ""
    if len(rest) > 8 or is_year(found["number"], rest) or (label and not is_label(label, found["op"])):
        return None
    if (found["label"] or "").endswith(tuple(OPERATOR)):
        return None
    suffix = next((word for word in sorted(SUFFIX, key=len, reverse=True) if rest.endswith(word)), "")
    unit = unit_of(rest[:len(rest) - len(suffix)])
    if not is_counted(unit):
        return None
    digits = found["number"]
    if digits[:3] in PARTS:
        count = NUMERALS.index(digits[3]) + 1 if digits[3] in NUMERALS else Fraction(digits[3:])
        value = count * PARTS[digits[:3]]
        if unit.said:
            return None
        unit = Unit("%", part=PARTS[digits[:3]])
    else:
        value = Fraction(digits)
    denial = next((word for word in sorted(DENIALS, key=len, reverse=True) if (found["op"] or "").startswith(word)), None)
    return Clause(op or SUFFIX.get(suffix), op is not None, value, digits, unit, label, denial not in (None, *FACTS), "完成率" in said)


def measured(text):
    """满意度90%以上: the name of a measure in front of a number whose suffix says the direction."""
    found = re.fullmatch(rf"(?P<said>{SAID})(?P<label>[^0-9]*?)(?:达到|达|为|:)?(?P<rest>[0-9].*)", text)
    if not found or not found["label"].endswith(MEASURES) or not is_label(found["label"], ""):
        return None
    clause = clause_of(found["rest"])
    return clause and clause.op and replace(clause, label=found["label"], completion="完成率" in found["said"])


def clauses_of(text):
    parts = re.split("[,;、]", text)
    clauses = [clause_of(part) for part in parts]
    if len(parts) > 1 and all(re.match(rf"{SAID}{i}\.[0-9]", part) for i, part in enumerate(parts, 1)):
        return None  # 1.5次;2.3人: items by number
    return clauses if all(clauses) else None


def may_be_one(text):
    """98,5%, ≥98,5% or 1、5次: a whole number in front of a comma may be half of one, or an item's, or a value."""
    parts = re.split("([,;、])", text)
    for part, mark, behind in zip(parts[::2], parts[1::2], parts[2::2]):
        clause = mark != ";" and clause_of(part)
        if clause and not clause.unit.said and not clause.unit.dimension and "." not in clause.number:
            if not clause.op or (clause.leading and behind[:1].isdecimal()):
                return True
    return False


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
    unit = unit_of(found["rest"])
    if not is_counted(unit) or (found["percent"] and unit.dimension != "%"):
        return None
    return Range(low, high, (found["low"], found["high"]), unit_of(found["rest"])) if low <= high else None


def days_in(year, month):
    return calendar.monthrange(year, month)[1]


@dataclass
class Date:
    """The days that it may be, the first and the last as (month, day); a last day of 0 ends the month."""
    year: Optional[int]
    first: Optional[tuple]  # None: it only says until when
    last: tuple
    month_before: bool = False
    event: str = ""  # "done" or "accepted", which comes later

    def span(self, year):
        """(first, last) as (year, month, day), in this year where it names none; None: no such day."""
        year = self.year or year or 0
        month, day = self.last
        if day > days_in(year, month):
            return None
        if self.month_before:
            year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        return (year, *self.first) if self.first else (-1, 0, 0), (year, month, day or days_in(year, month))


def date_of(text):
    found = next(filter(None, (pattern.fullmatch(text) for pattern in DATES)), None)
    if not found:
        return None
    said = found.groupdict()
    event = "done" if said["done"] else "accepted" if said["accepted"] else ""
    year = said.get("year") and int(said["year"]) + (2000 if len(said["year"]) == 2 else 0)
    end = said.get("end") or said.get("end2")
    if said.get("day"):
        month, day = int(said["month"]), int(said["day"])
        first = last = (month, day)
        if day > days_in(year or 2000, month):
            return None
    elif said.get("month"):
        first, last = (int(said["month"]), 21 if end else 1), (int(said["month"]), 0)
    else:
        first, last = (10 if end else 1, 1), (12, 0)
    before = said["before"] and not end and not last[1]
    if not said.get("month"):
        year, before = year and year - bool(before), False
    return Date(year, None if said["before"] else first, last, bool(before), event)


def perhaps_date_of(text):
    """The same for 2022, 22年, 2022.12, 6.30 and 2022-2023, which may be amounts as well."""
    found = EITHER.fullmatch(text)
    if not found:
        return None
    if found["day"]:
        day = int(found["month3"]), int(found["day"])
        return Date(None, day, day) if day[1] <= days_in(2000, day[0]) else None
    year = int(found["year"] or found["year2"] or 2000 + int(found["year4"]))
    return Date(year, (int(found["month"] or 1), 1), (int(found["month"] or 12), 0))


def holds_number(text):
    return bool(re.search("[0-9]", text)) or "分之" in text
