"""Totals by pages: each row once, in order, and one sum whatever the page."""
import unittest

from service import ServiceCase, body_of, form_of

NDJSON = {"Content-Type": "application/x-ndjson"}
MANY = 5001  # one more than are summed up
A_BATCH = 1000


class Totals(ServiceCase):
    def setUp(self):
        super().setUp()
        self.s = self.service().start()

    def file(self, *forms):
        for begin in range(0, len(forms), A_BATCH):
            lines = b"\n".join(body_of(form) for form in forms[begin:begin + A_BATCH])
            answer = self.s.http.post(self.s.url + "/v1/submissions:batch", data=lines, headers=NDJSON)
            self.assertEqual(answer.text.count('"status":202'), len(forms[begin:begin + A_BATCH]), answer.text[:500])
            self.s.wait(lambda: self.s.metric("ziping_pending") == 0)

    def pages(self, query):
        """Every page, by the links; each names the same place in its body."""
        found, path = [], "/v1/totals?" + query
        while path:
            answer = self.s.get(path)
            found.append(answer.json())
            path = answer.links.get("next", {}).get("url")
            self.assertEqual(bool(path), found[-1]["next"] is not None)
            self.assertTrue(not path or f"cursor={found[-1]['next']}" in path)
        return found

    def test_pages_hold_each_row_once_and_the_sum_of_all(self):
        names = ["甲局", "乙局", "丙局", "丁 & 戊局", ""]
        self.file(*[form_of(1 + n % 6, f"项目{n}", year=2021 + n % 3, department=names[n % 5]) for n in range(30)])
        whole = self.s.get("/v1/totals").json()
        self.assertEqual((len(whole["totals"]), whole["sum"]["scored"], whole["next"]), (15, 30, None))
        for query in ("", "year=2022", f"department={names[3].replace('&', '%26')}", "year=2023&department=甲局"):
            wanted = self.s.get("/v1/totals?" + query).json()
            self.assertIsNone(wanted["next"])
            self.assertGreater(wanted["sum"]["scored"], 0)
            for limit in (1, 2, 5, 15, 500):
                with self.subTest(query=query, limit=limit):
                    pages = self.pages(f"{query}&limit={limit}")
                    self.assertEqual([row for page in pages for row in page["totals"]], wanted["totals"])
                    self.assertTrue(all(page["sum"] == wanted["sum"] for page in pages))
                    self.assertTrue(all(len(page["totals"]) == limit for page in pages[:-1]))
        self.assertEqual(len(self.s.get("/v1/totals?department=" + "无").json()["totals"]), 0)

    def test_a_cursor_that_is_none_is_refused(self):
        for cursor in ("07e6", "z" * 228, "0" * 227, "0" * 229, "0" * 227 + "F"):
            self.assert_problem(self.s.get(f"/v1/totals?cursor={cursor}"), 400, "QUERY_INVALID")
        self.assertEqual(self.s.get("/v1/totals?cursor=" + "0" * 228).json()["totals"], [])
        self.assertEqual(self.s.get("/v1/totals?cursor=" + "f" * 228).json()["totals"], [])

    def test_an_answer_and_what_it_looks_at_are_bounded(self):
        self.file(*[form_of(1, f"项目{n}", department=f"部门{n}") for n in range(MANY)])
        first = self.s.get("/v1/totals")
        self.assertEqual((len(first.json()["totals"]), first.json()["sum"]), (200, None))
        pages = self.pages("limit=500")
        self.assertEqual(sum(len(page["totals"]) for page in pages), MANY)
        self.assertEqual(len({row["department"] for page in pages for row in page["totals"]}), MANY)
        one = self.s.get(f"/v1/totals?department=部门{MANY // 2}").json()
        self.assertEqual((len(one["totals"]), one["sum"]["scored"], one["next"]), (1, 1, None))


if __name__ == "__main__":
    unittest.main()
