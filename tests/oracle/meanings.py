"""Forms whose meaning is made up first and then written down in one of many ways."""
from fractions import Fraction

from rules import Form, plain
from texts import Writer


def weights(dice):
    left, found = 90, []
    while left:
        found.append(min(left, dice.choice([left, 30, 20, 15, 10, 5])))
        left -= found[-1]
    return found


def make(dice, profile):
    """(what it means, what is written)"""
    writer, has_scores = Writer(dice), dice.chance(0.7)
    budget = Fraction(dice.randrange(1, 10**dice.randrange(3, 12)), 100)
    executed = Fraction(int(budget * dice.choice([100, 100, 91, 66, 33, 120]) * dice.randrange(900, 1000) / 1000), 100)
    lines = [writer.line(weight, has_scores, profile) for weight in weights(dice)]
    form = Form(budget, executed, [line for line, *_ in lines])
    score = form.execution()
    total = score + sum(line.declared for line in form.lines) if has_scores else None
    text = {"year": 2022, "project_name": "项目", "unit": "单位", "money_unit": "元",
            "funds": {"total": {"initial_budget": plain(budget), "annual_budget": plain(budget),
                                "executed": plain(executed), "weight": "10", "execution_rate": form.rate(),
                                "score": plain(score) if has_scores else None}},
            "indicators": [{"level1": "产出指标", "level2": "数量指标", "level3": f"指标{i}", "target": target, "actual": actual,
                            "weight": str(line.weight), "score": declared, "deviation": "原因"}
                           for i, (line, target, actual, declared) in enumerate(lines)],
            "declared_total": plain(total) if has_scores else None}
    return form, text
