"""What a whole form must come to by a profile: the complete result document, as the domain states it.

Independent of the C core on purpose; cells.py reads, line.py and this file decide. `judge` gives the members of the
result document, without the profile's and the engine's name and without messages; its flags are a set of (code,
severity, pointer, value, expected). Where the domain leaves a choice open, a comment says "left open" and the core's
choice stands.
"""
import re
from fractions import Fraction

import cells
from flags import Flags
from line import Line, points
from reconcile import reconcile
from rules import cents, earned, plain, shown

FUNDS = ("current_year_appropriation", "carryover", "other")
COLUMNS = ("initial_budget", "annual_budget", "executed")
FULL = Fraction(100)
POINTS, AMOUNTS = "0-100", "0-999999999999999.999999"  # what NUMBER_INVALID says is allowed


class Judge:
    def __init__(self, form, profile):
        self.form, self.profile, self.flags = form, profile, Flags()
        year = cells.figures(str(form.get("year") or ""))
        self.year = int(year) if re.fullmatch("20[0-9]{2}", year) else 0

    # ---- cells that must be numbers

    def number(self, row, key, pointer, allowed=POINTS):
        """A number that may not be negative; None when the cell is empty or is none, which is said."""
        cell = row.get(key)
        if cells.is_unfilled(cell):
            return None
        value = cells.number(str(cell))
        if value is None:
            self.flags.say("NUMBER_INVALID", f"{pointer}/{key}", cell, allowed)
        elif value < 0:
            self.flags.say("NEGATIVE", f"{pointer}/{key}", cell)
            value = None
        return value

    def weight(self, row, pointer):
        value = self.number(row, "weight", pointer)
        if value is not None and value > FULL:
            self.flags.say("NUMBER_INVALID", f"{pointer}/weight", row["weight"], POINTS)
            return None
        return value

    def score(self, row, weight, pointer):
        value = self.number(row, "score", pointer)
        if value is not None and weight is not None and value > weight:
            said = row.get("weight")
            self.flags.say("SCORE_OVER_WEIGHT", f"{pointer}/score", row["score"],
                           said if cells.number(str(said or "")) == weight else plain(weight))
        return value

    # ---- declared against computed

    def settle(self, row, declared, computed, weight, at, measured, kind=""):
        """(confirmed score, explanation), in points; says what differs."""
        verdict, why = reconcile(declared, row.get("score"), computed, weight, *measured)
        if verdict:
            code = verdict if verdict == "SCORE_ROUNDED" else kind + verdict
            self.flags.say(code, f"{at}/score", row["score"], text_of(computed))
        if declared is None or computed is None:
            return computed, why
        return min(declared, computed), why

    # ---- funds and execution

    def funds(self):
        rows = self.form.get("funds") or {}
        at = {name: {key: self.number(rows.get(name) or {}, key, f"/funds/{name}", AMOUNTS) for key in COLUMNS}
              for name in ("total", *FUNDS)}
        for key in COLUMNS:
            total, parts = at["total"][key], {name: at[name][key] for name in FUNDS}
            known = [part for part in parts.values() if part is not None]
            # Left open: an empty part is named once a column, also where the others add up; not in the initial budget.
            if total is None or not known or (len(known) == 3 and sum(known) == total):
                continue
            empty = [name for name, part in parts.items() if part is None]
            if not empty or sum(known) > total:
                self.flags.say("FUNDS_SUM_MISMATCH", f"/funds/total/{key}", rows["total"][key], plain(sum(known)))
            if empty and key != "initial_budget":
                self.flags.say("FUNDS_COMPONENT_MISSING", f"/funds/{empty[0]}/{key}")
        return at["total"]

    def execution(self):
        """(declared, computed, confirmed), in points; the document's member is left in self.shown."""
        total, at = self.funds(), "/funds/total"
        row = (self.form.get("funds") or {}).get("total") or {}
        weight = self.weight(row, at)
        weight = self.execution_weight = self.profile.weight if weight is None else weight
        declared = self.score(row, weight, at)
        budget, spent = total["annual_budget"], total["executed"]
        if total["initial_budget"] and budget is not None and budget < total["initial_budget"] * Fraction(4, 5):
            self.flags.say("BUDGET_CUT", f"{at}/annual_budget", row["annual_budget"], row["initial_budget"])
        self.rate = formula = exact = None
        if budget == 0:
            self.flags.say("EXEC_BUDGET_ZERO", f"{at}/annual_budget", row["annual_budget"])
            sign, spent = ">" if spent else "=", 0 if cells.is_unfilled(row.get("executed")) else cells.bare(row["executed"])
            computed, formula = Fraction(0), f"{spent} {sign} {cells.bare(row['annual_budget'])} → 0"
        elif budget is None or spent is None:
            self.flags.say("EXEC_UNVERIFIABLE", f"{at}/{'annual_budget' if budget is None else 'executed'}")
            computed = None if declared is None else min(declared, weight)
        else:
            self.rate = spent / budget
            exact = weight * min(self.rate, Fraction(1))
            computed, formula = earned(self.rate, weight), self.spending(row, weight)
        confirmed, why = self.settle(row, declared, computed, weight, at, (exact, None), "EXEC_")
        if weight != self.profile.weight and self.profile.level1:
            self.flags.say("L1_WEIGHT_NONSTANDARD", f"{at}/weight", f"预算执行 {plain(weight)}", plain(self.profile.weight))
        self.shown = {"rate": self.rate_text(), "declared": row.get("score"), "computed": text_of(computed),
                      "confirmed": text_of(confirmed), "basis": "formula" if formula else "unverifiable",
                      "formula": formula, "explanation": list(why)}
        return declared, computed, confirmed

    def rate_text(self, places=2):
        if self.rate is None:
            return None
        whole, part = divmod(cents(self.rate * 10**places), 10**places)
        return re.sub(r"(\.[0-9]{2}.*?)0*$", r"\1", f"{whole}.{part:0{places}}") + "%"

    def spending(self, row, weight):
        """What is said about the rate; the formula."""
        at, quotient = "/funds/total", f"{cells.bare(row['executed'])} ÷ {cells.bare(row['annual_budget'])}"
        if self.rate > 1:
            self.flags.say("EXEC_OVER_100", f"{at}/executed", row["executed"], row["annual_budget"])
            quotient = f"min({quotient}, 1)"
        if cents(self.rate * 100) < 5000:  # as shown
            self.flags.say("EXEC_LOW", f"{at}/executed", self.rate_text())
        code, expected = self.rate_verdict(row.get("execution_rate"))
        if code:
            self.flags.say(code, f"{at}/execution_rate", row.get("execution_rate"), expected)
        return f"{quotient} × {plain(weight)}"

    def rate_verdict(self, cell):
        """(code or None, the rate that it is held against)"""
        if cells.is_unfilled(cell):
            return "EXEC_RATE_MISSING", self.rate_text()
        text = cells.normalise(str(cell)).removesuffix("%")
        longer = re.fullmatch(r"(.*\.[0-9]{6})[0-9]+", text)  # numbers have six decimals: to so many it is rounded
        declared = cells.number(longer[1] if longer else text)
        if longer and declared is not None:
            text, declared = longer[1], (Fraction(text) * 10**6 + Fraction(1, 2)).__floor__() / Fraction(10**6)
        if declared is None:
            return "EXEC_RATE_MISMATCH", self.rate_text()
        places = len(text.partition(".")[2])
        rate, unit = self.rate * 100, Fraction(1, 10**places)
        down, up = (rate / unit).__floor__() * unit, (rate / unit).__ceil__() * unit
        half_up = (rate / unit + Fraction(1, 2)).__floor__() * unit
        if declared == half_up and places >= 2:
            return None, None
        if (declared == 100 > rate if declared == half_up else declared == up):
            # Held against as many places as tell them apart: 99.999% beside 100%; of six that do not, the rest is cut.
            told = next((n for n in range(2, 7) if cents(rate * 10**(n - 2)) != declared * 10**n), None)
            return "EXEC_RATE_ROUNDED_UP", self.rate_text(told) if told else plain(rate) + "%"
        if declared == half_up:
            return "EXEC_RATE_COARSE", self.rate_text()
        return "EXEC_RATE_CUT" if declared == down else "EXEC_RATE_MISMATCH", self.rate_text()

    # ---- lines

    def line(self, index, row):
        at = f"/indicators/{index}"
        if cells.is_empty(row.get("level3")):
            self.flags.say("FIELD_MISSING", f"{at}/level3")
        weight = self.weight(row, at)
        declared = self.score(row, weight or None, at)
        member = {"level3": row.get("level3"), "weight": row.get("weight"), "declared": row.get("score"),
                 "computed": None, "confirmed": None, "basis": "unweighted", "formula": None, "explanation": []}
        if not weight:
            detail = "其中" in str(row.get("level3") or "")
            self.flags.say("DETAIL_ROW" if detail else "INDICATOR_NO_WEIGHT", f"{at}/weight", row.get("weight"))
            if declared and (weight == 0 or cells.is_unfilled(row.get("weight"))):
                self.flags.say("SCORE_WITHOUT_WEIGHT", f"{at}/score", row["score"])
            return {"weight": Fraction(0), "declared": declared, "computed": None, "confirmed": None, "shown": member}
        line = Line(row, at, weight, declared, self.year, self.profile, self.flags)
        confirmed, why = self.settle(row, declared, line.computed, weight, at, (line.points, line.percent))
        if confirmed is not None and shown(confirmed) < shown(weight) and cells.is_blank_reason(row.get("deviation")):
            self.flags.say("DEVIATION_MISSING", f"{at}/deviation", row.get("deviation"),
                           severity=self.profile.deviation_severity)
        member.update(basis=line.basis, computed=text_of(line.computed), confirmed=text_of(confirmed),
                      formula=line.formula, explanation=list(why))
        return {"weight": weight, "declared": declared, "computed": line.computed, "confirmed": confirmed,
                "shown": member}

    # ---- the form

    def shape(self, lines):
        rows = self.form.get("indicators") or []
        for name, standard in self.profile.level1:
            weight = sum(line["weight"] for line, row in zip(lines, rows)
                         if str(row.get("level1") or "").startswith(name))
            if weight not in (0, standard):
                self.flags.say("L1_WEIGHT_NONSTANDARD", "/indicators", f"{name} {plain(weight)}", plain(standard))

    def header(self):
        form = self.form
        if cells.is_empty(form.get("year")):
            self.flags.say("FIELD_MISSING", "/year")
        elif not self.year:
            self.flags.say("YEAR_INVALID", "/year", form["year"], "2000-2099")
        for key in ("project_name", "unit"):
            if cells.is_blank_reason(form.get(key)) and (form.get(key) or "").strip(cells.BLANKS) != "0":
                self.flags.say("FIELD_MISSING", f"/{key}")
        code, grade = form.get("unit_code"), (form.get("declared_grade") or "").strip(cells.BLANKS)
        if not cells.is_empty(code) and not re.fullmatch(r"[0-9A-Za-z._-]{1,32}", code):
            self.flags.say("UNIT_CODE_INVALID", "/unit_code", code)
        if grade and grade not in "优良中差":
            self.flags.say("GRADE_INVALID", "/declared_grade", form["declared_grade"])
        goals = form.get("goals") or {}
        if cells.is_blank_reason(goals.get("actual")):
            self.flags.say("GOAL_ACTUAL_MISSING", "/goals/actual")
        elif cells.bare(goals["actual"]) == cells.bare(goals.get("expected") or ""):
            self.flags.say("GOAL_COPIED", "/goals/actual")

    def declared_scores(self, execution, lines):
        """The declared total, or None; says which scores lack and whether they add up."""
        weighted = [(i, line) for i, line in enumerate(lines) if line["weight"]]
        some = execution is not None or any(line["declared"] is not None for _, line in weighted)
        total = self.number(self.form, "declared_total", "")
        if total is not None and total > FULL:
            self.flags.say("SCORE_OVER_WEIGHT", "/declared_total", self.form["declared_total"], "100")
            total = None
        self.line_scores = some
        if not some:
            return total
        for i, _ in weighted:
            if cells.is_unfilled(self.form["indicators"][i].get("score")):
                self.flags.say("SCORE_MISSING", f"/indicators/{i}/score")
        if cells.is_unfilled(((self.form.get("funds") or {}).get("total") or {}).get("score")):
            self.flags.say("EXEC_SCORE_MISSING", "/funds/total/score")
        declared = [line["declared"] for _, line in weighted] + [execution]
        known = sum(score or 0 for score in declared)
        if total is not None and abs(known - total) > Fraction(1, 100):
            self.flags.say("TOTAL_SUM_MISMATCH", "/declared_total", self.form["declared_total"], plain(known))
        full = [line["weight"] for _, line in weighted] + [self.execution_weight]
        if declared == full and weighted:
            self.flags.say("ALL_FULL", "/indicators")
        return total

    def total_of(self, key, first, lines):
        parts = [first] + [line[key] for line in lines if line["weight"]]
        if None in parts:
            return None
        caps = [cap for below, cap in self.profile.caps if self.rate is not None and self.rate < below]
        if caps and sum(parts) > min(caps):
            limit = min(below for below, _ in self.profile.caps if self.rate < below)
            said = self.rate_text()
            if Fraction(said[:-1]) >= limit * 100:  # rounded it would not be low; cut after four decimals it is
                said = plain(self.rate * 100, 4) + "%"
            self.flags.say("TOTAL_CAPPED", "/funds/total/execution_rate", said, text_of(min(caps)))
        return min([sum(parts), *caps])

    def claim(self, declared, confirmed):
        """What of the confirmed sum stands beside the declared total: never more than was claimed."""
        if declared is None or confirmed is None:
            return confirmed
        cell = self.form["declared_total"]
        verdict, _ = reconcile(declared, cell, confirmed, FULL, None, None)
        # Scores of lines have been told about already; a total that is all that a form claims has not.
        if shown(declared) < shown(confirmed) or (verdict and not self.line_scores):
            code = {"SCORE_TOO_HIGH": "TOTAL_TOO_HIGH", "SCORE_TOO_LOW": "TOTAL_TOO_LOW"}.get(verdict, "TOTAL_ROUNDED")
            self.flags.say(code, "/declared_total", cell, text_of(confirmed))
        return min(declared, confirmed)

    def grades(self, declared_total, confirmed):
        """(confirmed grade, declared grade)"""
        grade = None if confirmed is None else self.profile.grade(shown(confirmed))
        cell = (self.form.get("declared_grade") or "").strip(cells.BLANKS)
        if cell:
            claimed = cell if cell in "优良中差" else None
        else:
            claimed = None if declared_total is None else self.profile.grade(shown(declared_total))
        if claimed and grade and claimed != grade:
            self.flags.say("GRADE_CHANGED", "/declared_grade" if cell else "/declared_total", claimed, grade)
        return grade, claimed

    def judge(self):
        self.header()
        declared, computed, confirmed = self.execution()
        lines = [self.line(i, row) for i, row in enumerate(self.form.get("indicators") or [])]
        weights = self.execution_weight + sum(line["weight"] for line in lines)
        if weights != FULL:
            self.flags.say("WEIGHT_SUM", "/total_weight", plain(weights), "100")
        written = self.number(self.form, "total_weight", "")
        if written not in (None, FULL, weights):
            self.flags.say("WEIGHT_SUM", "/total_weight", self.form["total_weight"], "100")
        declared_total = self.declared_scores(declared, lines)
        self.shape(lines)
        totals = [self.total_of("computed", computed, lines), self.total_of("confirmed", confirmed, lines)]
        totals[1] = self.claim(declared_total, totals[1])
        grade, claimed = self.grades(declared_total, totals[1])
        verified = sum(line["weight"] for line in lines if line["shown"]["basis"] == "formula")
        verified += self.execution_weight if self.shown["basis"] == "formula" else 0
        return {"declared_total": text_of(declared_total), "computed_total": text_of(totals[0]),
                "confirmed_total": text_of(totals[1]), "grade": grade, "declared_grade": claimed,
                "machine_verified_weight": plain(verified), "execution": self.shown,
                "indicators": [line["shown"] for line in lines], "flags": set(self.flags)}


def text_of(exact):
    """Points as results show them."""
    return None if exact is None else points(shown(exact))


def judge(form, profile):
    return Judge(form, profile).judge()
