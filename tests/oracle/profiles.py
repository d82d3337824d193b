"""The settings that score, out of a profile's YAML file: only the shapes that these files use."""
import re
from fractions import Fraction

from rules import GRADES, cents


class Profile:
    def __init__(self, text):
        def value(key):
            return re.search(rf'^ *{key}: *"?([^"#\n]*?)"? *(?:#.*)?$', text, re.M)[1]
        self.name = value("name")
        self.weight = Fraction(re.search(r'^execution:\n(?: *#.*\n)* *weight: "(.*?)"', text, re.M)[1])
        self.reverse = value("reverse")
        floors = re.search(r"^qualitative_bands: (.*)$", text, re.M)[1]
        self.bands = [Fraction(1)] + [Fraction(floor) for floor in re.findall('"(.*?)"', floors)]
        caps = re.findall(r'^ *- \{below: "(.*?)", total: "(.*?)"\}', text, re.M)
        self.caps = [(Fraction(rate), Fraction(total)) for rate, total in caps]
        self.threshold, self.deduction = Fraction(value("threshold")), Fraction(value("deduction"))
        self.over_severity, self.deviation_severity = value("missing_reason"), value("missing_deviation_reason")
        self.level1 = [(n, Fraction(w)) for n, w in re.findall(r'^ *- \{name: (.*?), weight: "(.*?)"\}', text, re.M)]
        self.floors = [cents(Fraction(value(key))) for key in ("excellent", "good", "fair")]

    def grade(self, total):
        return next((name for floor, (_, name) in zip(self.floors, GRADES) if total >= floor), "差")
