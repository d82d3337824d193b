"""The conformance vectors of tests/vectors: the C core gives what each says, in every field, and so does the oracle.

That both agree with the file is what makes it independent: nobody can change a vector, the core or the oracle alone.
"""
import base64
import copy
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from actors import GUARD_S, ROOT
from scorer import Scorer, outcome, path_of
from service import ZIPING

sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))

from judge import judge  # noqa: E402
from profiles import Profile  # noqa: E402

VECTORS = os.path.join(ROOT, "tests", "vectors")
PROFILES = sorted(name[:-5] for name in os.listdir(os.path.join(ROOT, "conf", "profiles")))
LINE = {"profile": "mof-2020", "year": "2022", "level1": "产出指标", "level2": "数量指标", "level3": "指标", "target": None,
        "actual": None, "weight": "10", "score": None, "deviation": "原因"}
CELLS = ("level1", "level2", "level3", "target", "actual", "weight", "score", "deviation")
FLAG = ("code", "severity", "pointer", "value", "expected")
# What no form alone can bring about: it takes an earlier revision, last year's form, the other encoding, or a profile that
# is not shipped (test_oracle).
ELSEWHERE = {"STALE_REVISION", "COPIED_LAST_YEAR", "FORM_SYNTAX", "TOTAL_CAPPED"}


def files(pattern):
    found = sorted(glob.glob(os.path.join(VECTORS, pattern)))
    assert found, pattern
    return found


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def flags_of(flags):
    for flag in flags:
        assert set(flag) <= set(FLAG), flag
    return {tuple(flag.get(key) for key in FLAG) for flag in flags}


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.scorers, self.profiles = {}, {}
        for name in PROFILES:
            with open(path_of(name), encoding="utf-8") as file:
                self.profiles[name] = Profile(file.read())
            self.scorers[name] = self.enterContext(Scorer(path_of(name)))

    def outcomes(self, form, profile):
        """Who was asked, and the outcome."""
        yield "core", outcome(self.scorers[profile].score(form))
        yield "oracle", judge(form, self.profiles[profile])


class Lines(Case):
    def form_of(self, cells):
        self.assertLessEqual(set(cells), set(LINE))
        line = {**LINE, **cells}
        return line["profile"], {"year": line["year"], "project_name": "项目", "unit": "单位",
                                 "indicators": [{cell: line[cell] for cell in CELLS}]}

    def line_of(self, document):
        line, at = document["indicators"][0], "/indicators/0"
        flags = {(code, severity, pointer[len(at):], value, expected)
                 for code, severity, pointer, value, expected in document["flags"] if pointer.startswith(at + "/")}
        return {**{key: line[key] for key in ("basis", "computed", "confirmed", "formula")},
                "why": line["explanation"], "flags": flags}

    def test_every_line(self):
        for path in files("lines/*.json"):
            for vector in load(path)["lines"]:
                profile, form = self.form_of(vector["in"])
                expected = {**vector["out"], "flags": flags_of(vector["out"]["flags"])}
                for who, document in self.outcomes(form, profile):
                    with self.subTest(file=os.path.basename(path), who=who, **vector["in"]):
                        self.assertEqual(self.line_of(document), expected)


def put(form, pointer, value):
    *path, last = pointer[1:].split("/")
    for token in path:
        form = form[int(token)] if isinstance(form, list) else form.setdefault(token, {})
    form[int(last) if isinstance(form, list) else last] = value


class Forms(Case):
    def form_of(self, path, file, vector):
        if "form_file" in vector:
            return load(os.path.join(os.path.dirname(path), vector["form_file"]))
        form = copy.deepcopy(file["base"])
        for pointer, value in vector["changes"].items():
            put(form, pointer, copy.deepcopy(value))
        return form

    def test_every_form_by_every_profile(self):
        for path in files("forms/*.json"):
            file = load(path)
            for vector in file["forms"]:
                form = self.form_of(path, file, vector)
                named = [name for group in vector["results"] for name in group["profiles"]]
                self.assertEqual(sorted(named), PROFILES)
                for group in vector["results"]:
                    expected = {**group["result"], "flags": flags_of(group["result"]["flags"])}
                    for profile in group["profiles"]:
                        for who, document in self.outcomes(form, profile):
                            with self.subTest(file=os.path.basename(path), form=vector["about"], profile=profile,
                                              who=who):
                                self.assertEqual(document, expected)


class Bodies(unittest.TestCase):
    maxDiff = None

    def bytes_of(self, vector):
        if "base64" in vector:
            return base64.b64decode(vector["base64"])
        return "".join(part if isinstance(part, str) else part[0] * part[1] for part in vector["body"]).encode()

    def read(self, vector, path):
        """(faults as (code, pointer, sentences), result or None)"""
        profiles = [word for name in vector.get("profiles", ["mof-2020"]) for word in ("--profile", path_of(name))]
        done = subprocess.run([ZIPING, "score", "--json", *profiles, path], capture_output=True, text=True,
                              timeout=GUARD_S, check=False)
        lines = [line.removeprefix(f"{path}: ") for line in done.stderr.splitlines()]
        faults = [re.fullmatch(r"([A-Z0-9_]+) ([^: ]*): (.*)", line).groups() for line in lines]
        return faults, json.loads(done.stdout) if done.stdout else None

    def compare(self, vector, faults, result):
        self.assertEqual({fault[:2] for fault in faults}, {(f["code"], f["pointer"]) for f in vector["faults"]})
        for expected in vector["faults"]:
            sentences = next(text for *at, text in faults if at == [expected["code"], expected["pointer"]])
            for key in ("value", "expected"):
                self.assertIn(expected.get(key, ""), sentences)
        readable = all(fault["code"] == "PROFILE_UNKNOWN" for fault in vector["faults"])
        self.assertEqual(result is not None, readable)
        for key, value in vector.get("result", {}).items():
            self.assertEqual(outcome(result)[key], value)
        if "profile" in vector:
            self.assertEqual(result["profile"]["name"], vector["profile"])

    def test_every_body(self):
        for vector in load(os.path.join(VECTORS, "bodies.json"))["bodies"]:
            with self.subTest(vector["about"]), tempfile.NamedTemporaryFile(suffix=".json") as file:
                file.write(self.bytes_of(vector))
                file.flush()
                self.compare(vector, *self.read(vector, file.name))


class Codes(unittest.TestCase):
    def test_every_code_stands_in_some_vector(self):
        with open(os.path.join(ROOT, "common", "core", "flag_table.h"), encoding="utf-8") as file:
            codes = set(re.findall(r"^    X\(([A-Z0-9_]+), ", file.read(), re.M))
        self.assertGreater(len(codes), 60)
        found = {flag["code"] for path in files("lines/*.json") for line in load(path)["lines"]
                 for flag in line["out"]["flags"]}
        found |= {flag["code"] for path in files("forms/*.json") for form in load(path)["forms"]
                  for group in form["results"] for flag in group["result"]["flags"]}
        found |= {fault["code"] for body in load(os.path.join(VECTORS, "bodies.json"))["bodies"]
                  for fault in body["faults"]}
        self.assertEqual(codes - found, ELSEWHERE)
        self.assertEqual(found - codes, set())


if __name__ == "__main__":
    unittest.main()
