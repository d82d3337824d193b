"""Random forms, cell by cell, as units fill them in: every operator, unit and word of the grammar, awkward amounts,
scores that are right, rounded, cut or wrong, and cells that are missing or no use. Nothing here knows what a form must
come to.
"""
from fractions import Fraction

import cells
from rules import plain

WORDS = [*(["达成", "已完成", "达标", "及时", "符合要求", "在标准时间内"] * 2), "部分达成", "基本完成", "未达成", "较差", "不合格",
         "未完善", "不断完善", "视情况而定", "稳步推进中", "5次达成", "延期完成", "预计明年完成", "尚待完善", "尚未达成", "按计划完成",
         "完成计划", "计划完成", "完成六成", "不仅完成", "接待完成", "上半年完成", "完成一半", "缺乏，未完善", "达到百分之六十", "3项较差",
         "明年完成", "难以完成", "及时性差", "已全部按时完成。", "完成中", "较差，已落实", "基本健全", "合格", "非常满意", "建立健全", "完成?"]
WORD_TARGETS = ["提升工作效率", "有效提升使用效率", "提高满意度", "降低率", "提升服务情况", "健全", "无事故", "不合格", "未达成", "较差", "没有落实", "未发生事故", "及时", "完善", "显著", "制定并执行", "及时性", "完成率", "社会效益指标", "数量指标", "名称", "约5次", "按时完成", "优秀", "满意", "满意度", "有", "98,5%", "1、5次",
                "1.5次;2.3人", "5 5次", "!=5次", "3季度", "15日", "2月30日", "4月31日前"]
DATES = ["年底前", "年末前完成", "2022年年底前", "12月30日已完成", "12月底前竣工", "12月31日前验收", "12月20日验收", "11月完工", "2022年底", "2023年底", "2022年", "2023年", "2022年度", "2023年末前完成", "2023年前", "22年底", "22年", "2022底", "20221231", "20230131",
         "20221301", "2022.12", "2023.3", "2022.1", "2022.10", "2022.13", "2022.12.31", "2022-12-31", "2022/12", "2022-12", "2022.12前",
         "2022", "2023", "2022-2023", "1999", "2022年12月31日前", "22年12月", "12月内", "12月内完成", "已于12月5日完成", "于2022.12完成", "完成2023",
         "2022123前", "1月前", "2022年1月以前", "2022.0", "2022年内",
         "12月份", "12月份前", "12月末", "11月底", "11月30日", "12月5号", "2月29日", "2月30日", "4月31日", "2024年2月29日", "12月上旬", "12月31日前", "22年上半年",
         "20220230", "2022-02-30", "2022.2.30", "15日", "15号"]
ODD = ["10⁴次", "①5次", "⒈5次", "5½次", "5²", "5㎡", "5m²", "1０⁴", "5 ②次", "10₂%", "㏠5", "100不到", "100余人", "5件未完成", "5千", "5K", "5 not",
       "95 98", "3\n5", "1 000次", "1. 5次", "- 5次", "5.5次;5人", "5，5%", "5√", "5‱", "5个项目", "5万元", "5左右", "5完成"]
SAID = ["完成", "已完成", "达到", "仅达到", "完成率", "实际完成:", "已", "累计完成了", "共", "只", "实现"]
UNITS = ["%"] * 6 + ["百分点", "km", "times", "千克", "千元", "美元", "季度", "日", "人参加"] + ["", "", "次", "人", "个", "元", "元", "万元", "亿元", "万人", "次/天", "元/人*月", "‰", "百分比", "秒", "分钟", "小时",
                     "天", "天", "人次", "平方公里每人每年", "平方公里每人每天次"]
RELATED = {"%": ["%", "‰", "百分比", ""], "元": ["万元", "亿元", "元", "", "万"], "万元": ["元", "亿元", "万元", "", "亿"],
           "天": ["小时", "分钟", "秒", "天", ""], "小时": ["分钟", "天", ""], "分钟": ["秒", "小时"], "万人": ["人", ""],
           "人": ["万人", "人次"]}
LEVELS = [("产出指标", ["数量指标", "质量指标", "时效指标", "成本指标", "成本指标"]), ("效益指标", ["经济效益指标", "社会效益指标", "生态效益指标"]),
          ("满意度指标", ["服务对象满意度指标"]), ("成本指标", ["经济成本指标", "社会成本指标"])]
NOTHING = ["——", "---", "//", "……", "N/A", "不适用", "待定", "见附件", "没有", "无。", "×", "未达成", "不合格", "无偏差"]
REASONS = [*NOTHING, None, "", "0", "无", "-", " ", "\u3000", "受疫情影响，已改进。", "人员流动", "原因"]
FULL_WIDTH = str.maketrans("0123456789.,%<>=~;-", "０１２３４５６７８９．，％＜＞＝～；－")


class Filler:
    def __init__(self, dice):
        self.dice = dice

    def typed(self, text):
        """The same text as another keyboard gives it."""
        if self.dice.chance(0.1):
            return text.translate(FULL_WIDTH)
        if self.dice.chance(0.04):
            return text + self.dice.choice(["。", "；", "，", ".", ";", ",", "。。", "；。"])
        place = self.dice.randrange(len(text) + 1)
        if self.dice.chance(0.05) and not set(text) & set(",，"):  # left open: whether 5, 100 is one number or two
            return text[:place] + self.dice.choice([" ", "\u3000", "\u00a0", "\t"]) + text[place:]
        return text

    def amount(self, value, places=2):
        text = plain(value, places)
        whole, dot, rest = text.partition(".")
        if self.dice.chance(0.2):
            whole = f"{int(whole):,}"
        if self.dice.chance(0.2):
            rest, dot = (rest + "00")[:max(2, len(rest))], "."
        return whole + dot + rest

    # ---- targets and actual values

    def value(self):
        return self.dice.choice([Fraction(self.dice.randrange(0, 101)), Fraction(self.dice.randrange(1, 10000), 100),
                                 Fraction(self.dice.randrange(1, 200)), Fraction(self.dice.randrange(1, 10**7)),
                                 Fraction(self.dice.randrange(1, 10**6), 10**6),
                                 Fraction(100), Fraction(1), Fraction(0),
                                 Fraction(self.dice.randrange(-20, 20), 2)])

    def near(self, value):
        """An actual value: just met, somewhat missed, far above, next to a boundary."""
        factor = self.dice.choice([1, 1, 1, Fraction(self.dice.randrange(0, 131), 100), Fraction(13, 10),
                                   Fraction(129999, 100000), Fraction(99999, 100000), 2, 3, Fraction(1, 2), -1])
        return self.dice.choice([*[value * factor] * 3, value + Fraction(1, 100), self.value()])

    def clause(self, unit):
        value = self.value()
        number = self.amount(value)
        if self.dice.chance(0.04):
            number, unit = self.dice.choice(list(cells.PARTS)) + self.dice.choice([*cells.NUMERALS, "5", "12"]), ""
        words = self.dice.choice([*cells.OPERATORS.values(), [""], [""]])
        if self.dice.chance(0.02):
            words = ["不等于", "未等于", "!=", "≠", "并非≥", "难超过", "应高于", "不必低于", "合格率不低于", "下降≥", *SAID]
        text = self.dice.choice(words) + number + unit
        if self.dice.chance(0.02):
            text = self.dice.choice(["≥", "<", "不低于"]) + text
        if unit and self.dice.chance(0.15):
            text += self.dice.choice(["以上", "及以上", "以下", "及以下", "以内", "内"])
        if self.dice.chance(0.05) and not text.startswith(tuple("+-0123456789万千百")):
            text = self.dice.choice(["一级故障", "数量", "每季度", "人均", "合格率", "不合格率", "下降", "指标", "合格率：", "并非", "GDP"]) + text
        if self.dice.chance(0.03):
            text = self.dice.choice(["满意度", "合格率达到", "数量为"]) + number + unit + self.dice.choice(["以上", "以内", ""])
        return value, text

    def answer(self, value, unit):
        """An actual value to a target of this value and unit."""
        related = self.dice.choice(RELATED.get(unit, [unit, ""]))
        written = self.dice.choice([unit, unit, unit, related, self.dice.choice(UNITS)])
        one, other = cells.unit_of(unit), cells.unit_of(written)
        if one.dimension == other.dimension and self.dice.chance(0.8):
            value = value * one.factor() / other.factor()
        actual = self.near(value)
        if unit == "%" and self.dice.chance(0.1):
            return self.amount(Fraction(self.dice.randrange(0, 105), 100))
        if self.dice.chance(0.02):
            return f"{self.amount(actual)}-{self.amount(actual + 1)}{written}"
        sign = self.dice.choice(["≥", "大于", "=", "≤", "未超过", "低于", "数量", "合格率", "合格率：", "每季度", *SAID]) if self.dice.chance(0.08) else ""
        bound = self.dice.choice(["以上", "以下", "以内", "内"]) if self.dice.chance(0.04) else ""
        return sign + self.amount(actual, self.dice.choice([2, 2, 6, 0])) + written + bound

    def ranged(self, unit):
        low = self.value()
        high = low + abs(self.value()) if self.dice.chance(0.95) else low - 1
        between = self.dice.choice(["-", "~", "–", "至", "到"])
        percent = "%" if unit == "%" and self.dice.chance(0.5) else ""
        return low, f"{self.amount(low)}{percent}{between}{self.amount(high)}{unit}"

    def date(self, end):
        year = self.dice.choice(["", "", "", "2022年", "2023年", "2021年"])
        day = self.dice.choice(["", "", "底", f"{self.dice.randrange(1, 32)}日"])
        until = self.dice.choice(["", "前", "之前", "完成", "前完成"]) if end else ""
        return f"{year}{self.dice.randrange(1, 13)}月{day}{until}"

    def pair(self):
        """(target, actual)"""
        kind = self.dice.randrange(20)
        unit = self.dice.choice(UNITS)
        if kind < 10:
            value, target = self.clause(unit)
            actual = self.answer(value, unit)
        elif kind < 12:
            value, target = self.ranged(unit)
            actual = self.answer(value, unit)
        elif kind < 14:
            target, actual = self.date(True), self.date(self.dice.chance(0.3))
            if self.dice.chance(0.4):
                target, actual = self.dice.choice(DATES), self.dice.choice(DATES)
        elif kind < 16:
            units = [self.dice.choice(["次", "%", "人", "元"]) for _ in range(self.dice.choice([2, 2, 3]))]
            parts = [self.clause(unit) for unit in units]
            mark = self.dice.choice([";", "、", "；", "，", ","])
            target = mark.join(text for _, text in parts)
            actual = mark.join(self.answer(value, unit) for (value, _), unit in zip(parts, units))
        else:
            target = self.dice.choice(WORD_TARGETS)
            actual = target if self.dice.chance(0.3) else self.dice.choice(WORDS)
        if self.dice.chance(0.04):
            target = self.dice.choice([None, "", "-", "—", "/", "无", "暂无", "0", *NOTHING, *ODD, *DATES])
        if self.dice.chance(0.06):
            actual = self.dice.choice(WORDS + ODD + DATES + NOTHING + [None])
        return target and self.typed(target), actual and self.typed(actual)

    # ---- declared scores

    def score(self, weight, actual):
        """As someone may have arrived at it, without the rules: full, a share of it, or percentage times weight."""
        percent = cells.clause_of(cells.normalise(actual or ""))
        share = self.dice.choice([1, 1, 1, Fraction(self.dice.randrange(0, 10001), 10000)])
        if percent and 0 <= percent.value <= 100 and self.dice.chance(0.3):
            share = percent.value / 100
        score = weight * share
        return plain(score, self.dice.choice([2, 2, 0, 1, 3]))

    def rewrite(self, form, computed):
        """Declares scores close to what the rules gave (texts or None): right, rounded, cut, one hundredth off."""
        rows = form["indicators"]
        for row, right in zip([form["funds"]["total"], *rows], computed):
            if right is None or row.get("score") is None or self.dice.chance(0.3):
                continue
            right = int(Fraction(right) * 100)
            step = self.dice.choice([1, 1, 10, 10, 100])
            rounded = (right * 2 + step) // (2 * step) * step
            score = self.dice.choice([right, right // step * step, rounded, right + 1, right - 1, right + 5, right - 6])
            row["score"] = plain(Fraction(max(score, 0), 100), 2)
        self.declare_total(form)
        if form["declared_total"] is None and None not in computed and self.dice.chance(0.5):  # all that is claimed
            total = sum(map(Fraction, computed))
            total = self.dice.choice([total, total, round(total), round(total, 1), total / 2, total - Fraction(1, 1000)])
            total += self.dice.choice([0] * 4 + [Fraction(n, 100) for n in (1, 2, -1, -2, 5, -5, 6, -100)])
            form["declared_total"] = plain(max(total, 0), 6)
        self.blur(form)

    def blur(self, form):
        """Cells that hold numbers, as other keyboards leave them."""
        funds, rows = form["funds"], form["indicators"]
        cells_of = [(funds[name], key) for name in funds for key in funds[name]]
        cells_of += [(row, key) for row in rows for key in ("weight", "score", "actual", "level3", "deviation")]
        cells_of += [(form, key) for key in ("year", "declared_total", "total_weight", "declared_grade", "unit") if key in form]
        for _ in range(self.dice.choice([0, 0, 0, 0, 1, 2, 8])):
            row, key = self.dice.choice(cells_of)
            blank = self.dice.choice([" ", "\u3000", "\t", "\u00a0", "\u2003"])
            text = str(row[key]) if row[key] is not None else ""
            if key in ("actual", "level3", "deviation", "unit"):
                row[key] = self.dice.choice([blank, "", text])
            else:
                row[key] = self.dice.choice([text.translate(FULL_WIDTH), blank + text, text + blank, blank])

    def declare_total(self, form):
        scores = [row.get("score") for row in [form["funds"]["total"], *form["indicators"]]]
        numbers = [cells.number(str(score)) for score in scores if score and not cells.is_unfilled(score)]
        total = sum(n for n in numbers if n)
        total += self.dice.choice([0] * 10 + [Fraction(n, 100) for n in (1, 2, -1, -2, -100)])
        form["declared_total"] = plain(total, 6) if numbers and self.dice.chance(0.95) else None

    # ---- funds

    def funds(self):
        budget = Fraction(self.dice.randrange(1, 10**self.dice.randrange(1, 13)), self.dice.choice([1, 100]))
        if self.dice.chance(0.1):  # large and round: 100 亿
            budget = Fraction(self.dice.randrange(1, 20) * 10**self.dice.randrange(8, 13))
        if self.dice.chance(0.03):
            budget = Fraction(0)
        initial = self.dice.choice([budget, budget, budget * Fraction(5, 4), budget * Fraction(126, 100), budget / 2])
        spent = budget * self.dice.choice([1, 1, Fraction(self.dice.randrange(8000, 10000), 10000),
                                           Fraction(1, 2), Fraction(49, 100),
                                           Fraction(self.dice.randrange(0, 13000), 10000), Fraction(2, 3)])
        numbers = [Fraction(int(n * 100), 100) for n in (initial, budget, spent)]
        total = dict(zip(("initial_budget", "annual_budget", "executed"), map(self.amount, numbers)))
        total["execution_rate"] = self.rate(numbers[2] / numbers[1]) if numbers[1] else None
        parts = {name: dict.fromkeys(total) for name in ("current_year_appropriation", "carryover", "other")}
        for key, number in zip(("initial_budget", "annual_budget", "executed"), numbers):
            share = self.dice.choice([1, 1, Fraction(self.dice.randrange(100), 100)])
            first = Fraction(int(number * share * 100), 100)
            values = [first, number - first, Fraction(0)]
            for (name, row), value in zip(parts.items(), values):
                row[key] = self.amount(value) if value or self.dice.chance(0.5) else None
            if self.dice.chance(0.05):
                parts["other"][key] = "0.01"
            if self.dice.chance(0.05):
                parts["current_year_appropriation"][key] = None
        if self.dice.chance(0.1):
            parts = {}
        if self.dice.chance(0.03):
            total[self.dice.choice(list(total))] = self.dice.choice([None, "", "abc", "-1", "1.2.3", "12万", "1000,000", "1000000000000000",
                                                                     "0.0000001"])
        return {"total": total, **parts}

    def rate(self, rate):
        places = self.dice.choice([2, 2, 2, 2, 2, 0, 1, 3])
        unit = Fraction(1, 10**places)
        steps = rate * 100 / unit
        steps = self.dice.choice([(steps + Fraction(1, 2)).__floor__(), steps.__floor__(), steps.__ceil__(),
                                  steps.__floor__() - 1, steps.__ceil__() + 1])
        if self.dice.chance(0.05):
            return None
        if self.dice.chance(0.02):
            return self.dice.choice(["abc", "百分之九十", "-5%"])
        if self.dice.chance(0.05):  # as a spreadsheet has it
            text = plain(rate * 100, self.dice.choice([7, 9, 12]))
            return self.dice.choice([text, f"{text}%", f"{text}00%", f"{plain(rate * 100, 2)}000000%"])
        value = max(steps, 0) * unit
        text = f"{value.__floor__()}"
        if places:
            text += f".{int((value - value.__floor__()) * 10**places):0{places}d}"
        return self.typed(text + ("%" if self.dice.chance(0.95) else ""))

    # ---- the form

    def weights(self, execution):
        left, found = 100 - execution, []
        while left > 0:
            found.append(min(left, self.dice.choice([left, 30, 20, 15, 10, 10, 5, Fraction(5, 2), Fraction(333, 100),
                                                    Fraction(45, 8), Fraction(889, 200), Fraction("33.333333"),
                                                    Fraction("0.004")])))
            left -= found[-1]
        return found

    def indicator(self, weight, scored):
        level1, level2 = self.dice.choice(LEVELS)
        target, actual = self.pair()
        row = {"level1": level1, "level2": self.dice.choice(level2),
               "level3": self.dice.choice(["名称", "数量", "完成情况", "任务完成率", "下降率"]), "target": target, "actual": actual,
               "weight": plain(weight), "score": self.score(weight, actual) if scored else None,
               "deviation": self.dice.choice(REASONS)}
        if scored and self.dice.chance(0.005):
            row["score"] = self.dice.choice([None, "abc", "-1", plain(weight + 1)])
        if self.dice.chance(0.005):
            row["level3"] = None
        return row

    def form(self, weight):
        """A form whose budget execution weighs so much."""
        scored = self.dice.chance(0.75)
        rows = [self.indicator(w, scored) for w in self.weights(weight)]
        if self.dice.chance(0.2):
            extra = self.indicator(Fraction(1), False)
            extra["weight"], extra["score"] = self.dice.choice([None, "", "0", "-"]), self.dice.choice([None, "0", "-", "3"])
            extra["level3"] = self.dice.choice(["其中：人员", "名称"])
            rows.insert(self.dice.randrange(len(rows) + 1), extra)
        goal = "完成全年任务。"
        form = {"year": self.dice.choice([2022, 2022, "2022"]), "project_name": "项目", "department": "部门",
                "unit": "单位", "money_unit": "元", "funds": self.funds(),
                "goals": {"expected": goal, "actual": self.dice.choice([None, goal, "全部完成。"])},
                "indicators": rows, "total_weight": "100", "declared_total": None}
        if self.dice.chance(0.03):
            form["total_weight"] = self.dice.choice([None, "", 100, "100.0", "99", "98.5", "100分", "-100", "100.0000001"])
        total = form["funds"]["total"]
        total["weight"] = plain(weight) if self.dice.chance(0.9) else self.dice.choice([None, "/", "abc"])
        total["score"] = self.score(weight, "") if scored else None
        if scored and self.dice.chance(0.01):
            total["score"] = self.dice.choice([None, plain(weight + 1)])
        if self.dice.chance(0.01):
            rows[0]["weight"] = "7.5"
        if self.dice.chance(0.01):
            form[self.dice.choice(["project_name", "unit"])] = None
        if self.dice.chance(0.1):
            form["declared_grade"] = self.dice.choice("优良中差")
        self.declare_total(form)
        return form
