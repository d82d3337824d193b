"""The scoring rules of 财预〔2020〕10号 as the domain states them, in fractions: what each line, form and grade must be.

Independent of the C core on purpose: nothing is parsed here. A line is known by its meaning (operator, target, actual
value), and texts.py writes that meaning down in the many ways in which units write it.
"""
from dataclasses import dataclass, field
from fractions import Fraction
from typing import List, Optional

BANDS = {"mof-2020": ("1", "0.8", "0.6", "0"), "linear": ("1", "0.8", "0.6", "0"), "hubei": ("1", "0.8", "0.5", "0")}
GRADES = ((9000, "优"), (8000, "良"), (6000, "中"))


def cents(points):
    """Half-up, hundredths of a point."""
    return (points * 100 + Fraction(1, 2)).__floor__()


def earned(share, weight):
    """The points of a share: of a full one the weight to its last decimal, else half-up to hundredths and never more."""
    return weight if share >= 1 else min(Fraction(cents(share * weight), 100), weight)


def shown(points):
    """In hundredths, cut: what has more decimals was declared so and counts in full."""
    return (points * 100).__floor__()


def plain(value, places=6):
    """A decimal as people write it, cut after so many places."""
    sign, value = "-" if value < 0 else "", abs(value)
    whole, rest = divmod(int(value * 10**places), 10**places)
    return sign + f"{whole}.{rest:0{places}d}".rstrip("0").rstrip(".") if places else sign + str(whole)


@dataclass
class Clause:
    op: str  # ">=", ">", "<=", "<", "=", or "range"
    target: Fraction
    actual: Fraction
    upper: Optional[Fraction] = None
    over: set = field(default_factory=set)  # flags that follow from the numbers

    def share(self, profile):
        """How much of the weight it earns."""
        t, a = self.target, self.actual
        if self.op == "range":
            if t <= a <= self.upper:
                return Fraction(1)
            bound = t if a < t else self.upper
            if bound <= 0:  # no share of nothing, as for the other operators
                return Fraction(0)
            return max(a, Fraction(0)) / t if a < t else bound / a
        if self.op in ("<", ">") and a == t:
            self.over.add("STRICT_BOUNDARY")
        if self.op in ("<=", "<"):
            if a <= t:
                return Fraction(1)
            self.over.add("REVERSE_EXCEEDED")
            if t <= 0:  # the domain speaks of 0; below it no formula gives a share between 0 and 1
                return Fraction(0)
            return t / a if profile != "linear" else max(Fraction(0), 1 - (a - t) / t)
        if self.op == "=":
            if t == 0:
                return Fraction(1 if a == 0 else 0)
            if a > t:
                self.over.add("EQUAL_EXCEEDED")
        if t <= 0:
            return Fraction(1 if a >= t else 0)
        return Fraction(1) if a >= t else max(a, Fraction(0)) / t


@dataclass
class Line:
    weight: int
    kind: str  # "formula", "qualitative", "unverifiable"
    clauses: List[Clause] = field(default_factory=list)
    band: int = 0  # of a qualitative one: 1, 2, 3
    declared: Optional[Fraction] = None

    def computed(self, profile):
        """In points, exactly."""
        weight = Fraction(self.weight)
        if self.kind == "formula":
            return earned(sum(clause.share(profile) for clause in self.clauses) / len(self.clauses), weight)
        high, low = weight, Fraction(0)
        if self.kind == "qualitative":
            high, low = (earned(Fraction(BANDS[profile][self.band - 1 + end]), weight) for end in (0, 1))
        return min(max(self.declared, low), high)

    def confirmed(self, profile):
        computed = self.computed(profile)
        return computed if self.declared is None else min(computed, self.declared)

    def score_flags(self, profile, decimals):
        """What the reconciliation must say; decimals: how many the declared score is written with."""
        if self.declared is None:
            return set()
        computed, declared = self.computed(profile), self.declared
        apart = abs(declared - computed)
        if apart <= Fraction(1, 100):
            return set()
        unit = Fraction(1, 10**decimals)
        if apart <= Fraction(5, 100) and declared == (computed / unit + Fraction(1, 2)).__floor__() * unit:
            return {"SCORE_ROUNDED"}
        return {"SCORE_TOO_HIGH" if declared > computed else "SCORE_TOO_LOW"}


@dataclass
class Form:
    budget: Fraction
    executed: Fraction
    lines: List[Line]

    def execution(self):
        return earned(self.executed / self.budget, Fraction(10))

    def rate(self):
        hundredths = cents(100 * self.executed / self.budget)
        return f"{hundredths // 100}.{hundredths % 100:02}%"

    def computed_total(self, profile):
        return self.execution() + sum(line.computed(profile) for line in self.lines)

    def confirmed_total(self, profile):
        return self.execution() + sum(line.confirmed(profile) for line in self.lines)

    def grade(self, profile):
        total = shown(self.confirmed_total(profile))
        return next((name for floor, name in GRADES if total >= floor), "差")

    def verified(self):
        return 10 + sum(line.weight for line in self.lines if line.kind == "formula")
