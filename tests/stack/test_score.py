"""`ziping score`: a form in the official layout, for whoever has to sign it."""
import json
import os
import re
import subprocess
import unicodedata
import unittest

from actors import GUARD_S, ROOT
from service import ZIPING

PROFILE = os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")


def form_path(n):
    return os.path.join(ROOT, "tests", "forms", f"seed-{n}.json")


def score(*words, body=None):
    return subprocess.run([ZIPING, "score", "--profile", PROFILE, *words], input=body, capture_output=True, text=True,
                          timeout=GUARD_S, check=False)


def cells(text):
    """Terminal cells, by the Unicode character database."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def tables(output):
    """Each table as its rule of dashes and the lines above and below it."""
    blocks = [block.split("\n") for block in output.split("\n\n")]
    return [block for block in blocks if any(re.fullmatch(r"-+(  -+)+", line) for line in block)]


def column_starts(rule):
    return [match.start() for match in re.finditer(r"-+", rule)]


class Sheet(unittest.TestCase):
    def test_it_has_the_parts_of_the_official_form_in_its_order(self):
        done = score(form_path(1))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("would be accepted", done.stdout)
        at = -1
        for part in ("项目支出绩效自评表", "项目名称", "主管部门", "实施单位", "项目资金", "年初预算数", "年度资金总额",
                     "年度总体目标", "一级指标", "偏差原因", "综合服务率", "总分"):
            self.assertGreater(done.stdout.find(part, at + 1), at, part)
            at = done.stdout.find(part, at + 1)

    def test_a_line_that_differs_says_how_in_both_languages(self):
        text = re.sub(r"\s+", " ", score(form_path(1)).stdout)
        self.assertIn("76.89 ÷ 80 × 10 = 9.61；", text)
        document = json.loads(score("--json", form_path(1)).stdout)
        line = next(line for line in document["indicators"] if line["level3"] == "综合服务率")
        self.assertEqual(line["message"]["en"],
                         "76.89 ÷ 80 × 10 = 9.61; declared 7.6 looks like 76.89% × 10, cut to one decimal")

    def test_columns_stay_straight_where_chinese_and_latin_text_mix(self):
        for n in range(1, 7):
            found = tables(score(form_path(n)).stdout)
            self.assertGreaterEqual(len(found), 2)
            for table in found:
                rule = next(line for line in table if re.fullmatch(r"-+(  -+)+", line))
                last = [i for i, line in enumerate(table) if line.startswith(("总分", "其他资金"))]
                for line in table[:last[0] + 1 if last else None]:
                    for start in column_starts(rule)[1:]:
                        self.assert_gap_before(line, start)

    def assert_gap_before(self, line, column):
        """Two blank cells in front of the column, or the line has ended before."""
        at = 0
        for c in line:
            if column - 2 <= at < column:
                self.assertEqual(c, " ", f"no gap before cell {column}: {line}")
            at += cells(c)

    def test_what_does_not_show_moves_no_column(self):
        with open(form_path(1), encoding="utf-8") as file:
            plain = json.load(file)
        typed = json.loads(json.dumps(plain))
        typed["project_name"] = typed["project_name"].replace("热线", "热\u200b线") + "\n"
        typed["unit"] = "\ufeff" + typed["unit"] + "\t"
        typed["declared_total"] += "\n"
        typed["funds"]["total"]["executed"] = "\t" + typed["funds"]["total"]["executed"] + "\n"
        for row in typed["indicators"]:
            row["level3"] = "\u202e" + row["level3"] + "\n"
            row["weight"] = row["weight"] and "\t" + row["weight"]
            row["deviation"] = row["deviation"] and row["deviation"] + "\u200d\n"
        first, second = (score("-", body=json.dumps(form, ensure_ascii=False)) for form in (plain, typed))
        self.assertEqual((first.returncode, second.returncode), (0, 0))
        self.assertEqual(first.stdout, second.stdout)
        self.assertFalse(re.search("[^\\S\n ]|[\u200b-\u200f\u202a-\u202e\ufeff]", second.stdout))

    def test_a_form_that_would_be_refused_is_shown_with_its_scores_and_errors(self):
        with open(form_path(1), encoding="utf-8") as file:
            form = json.load(file)
        form["indicators"][0]["weight"] = "11"
        done = score("-", body=json.dumps(form, ensure_ascii=False))
        self.assertEqual(done.returncode, 1)
        self.assertIn("WEIGHT_SUM", done.stdout)
        self.assertIn("would be refused", done.stdout)
        self.assertIn("76.89 ÷ 80 × 10 = 9.61", done.stdout)


if __name__ == "__main__":
    unittest.main()
