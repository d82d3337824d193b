"""Many forms in one request: a verdict for each line, in order, each as durable and as harmless to repeat as alone."""
import contextlib
import json
import os
import socket
import unittest

import lmdb

from service import ServiceCase, body_of, form_of

NDJSON = {"Content-Type": "application/x-ndjson"}


class Batch(ServiceCase):
    def send(self, s, *lines, headers=NDJSON):
        body = b"\n".join(line if isinstance(line, bytes) else body_of(line) for line in lines)
        return s.http.post(s.url + "/v1/submissions:batch", data=body, headers=headers)

    def verdicts(self, response):
        self.assertEqual((response.status_code, response.headers["Content-Type"]), (200, "application/x-ndjson"))
        return [json.loads(line) for line in response.text.splitlines()]

    def test_each_line_has_its_verdict_and_a_bad_one_spoils_no_other(self):
        s = self.service().start()
        lines = [form_of(1, "甲"), b"{\"year\": 2022,", form_of(2, "乙"), b"", form_of(3, "丙", unit=None), form_of(1, "甲")]
        found = self.verdicts(self.send(s, *lines))
        self.assertEqual([(v["line"], v["status"]) for v in found[:4]], [(1, 202), (2, 400), (3, 202), (5, 422)])
        self.assertIn((found[4]["line"], found[4]["status"]), [(6, 202), (6, 200)])  # without its score still, or with
        self.assertEqual(found[1]["problem"]["errors"][0]["code"], "JSON_SYNTAX")
        self.assertEqual(found[3]["problem"]["errors"][0]["pointer"], "/unit")
        self.assertEqual(found[4]["document"]["id"], found[0]["document"]["id"])
        for verdict in (found[0], found[2]):
            self.assertEqual(s.scored(verdict["document"]["id"])["status"], "scored")
        again = self.verdicts(self.send(s, *lines))
        self.assertEqual([v["status"] for v in again], [200, 400, 200, 422, 200])
        self.assertEqual([e["id"] for e in s.events()], ["1", "2"])

    def test_as_many_as_fit(self):
        s = self.service().start()
        forms = [form_of(1 + i % 6, f"批{i}") for i in range(300)]
        found = self.verdicts(self.send(s, *forms))
        self.assertEqual([v["status"] for v in found], [202] * 300)
        self.assertEqual([v["document"]["project_name"] for v in found], [f["project_name"] for f in forms])
        for verdict in found:
            s.scored(verdict["document"]["id"])
        self.assertEqual(s.get("/v1/totals").json()["sum"]["scored"], 300)

    def test_a_verdict_is_there_before_the_lines_behind_it_are_stored(self):
        s = self.service().start()
        bad = 20  # more than one of nginx's buffers
        lines = [b"{}"] * bad + [body_of(form_of(1, "甲")), b"[]", body_of(form_of(2, "乙"))]
        with self.writes_held(s) as release, \
                s.http.post(s.url + "/v1/submissions:batch", data=b"\n".join(lines), headers=NDJSON, stream=True) as answer:
            arriving = answer.iter_lines()
            first = json.loads(next(arriving))
            self.assertEqual((first["line"], first["status"]), (1, 422))
            self.assertEqual(s.http.get(s.url + "/v1/submissions").json()["items"], [])
            release()
            rest = [json.loads(line) for line in arriving]
        self.assertEqual([(v["line"], v["status"]) for v in rest],
                         [(n, 422) for n in range(2, bad + 1)] + [(bad + 1, 202), (bad + 2, 422), (bad + 3, 202)])

    def test_a_slow_reader_keeps_nobody_waiting_and_gets_everything(self):
        s = self.service().start()
        forms = [form_of(1 + i % 6, f"慢{i}") for i in range(1000)]
        with s.http.post(s.url + "/v1/submissions:batch", data=b"\n".join(map(body_of, forms)), headers=NDJSON,
                         stream=True) as answer:
            # While nothing of the answer is read:
            self.assertEqual(s.submit(form_of(1, "快"), Prefer="wait=20").status_code, 201)
            s.wait(lambda: s.get("/v1/totals").json()["sum"]["scored"] == 1001)
            verdicts = [json.loads(line) for line in answer.iter_lines()]
        self.assertEqual([v["line"] for v in verdicts], list(range(1, 1001)))
        self.assertEqual([v["document"]["project_name"] for v in verdicts], [f["project_name"] for f in forms])

    def test_a_large_batch_of_bad_lines_leaves_room_for_others_and_every_verdict_arrives(self):
        s = self.service().start()
        line = json.dumps({f"x{i}": 1 for i in range(60)}).encode()  # a fault for each member
        with s.http.post(s.url + "/v1/submissions:batch", data=b"\n".join([line] * 1000), headers=NDJSON,
                         stream=True) as answer:
            self.assertEqual(s.submit(form_of(1, "快"), Prefer="wait=20").status_code, 201)
            verdicts = [json.loads(line) for line in answer.iter_lines()]
        self.assertEqual([(v["line"], v["status"]) for v in verdicts], [(n, 422) for n in range(1, 1001)])
        self.assertTrue(all(len(v["problem"]["errors"]) >= 60 for v in verdicts))

    def test_a_line_has_no_more_room_than_a_form_alone(self):
        s = self.service(max_body=4096).start()
        long = form_of(2, "长", department="长" * 2000)
        found = self.verdicts(self.send(s, form_of(1, "甲"), long, form_of(3, "乙")))
        self.assertEqual([v["status"] for v in found], [202, 413, 202])
        self.assertEqual(found[1]["problem"]["errors"][0]["code"], "BODY_TOO_LARGE")
        self.assert_problem(s.submit(long), 413, "BODY_TOO_LARGE")

    def test_two_years_of_a_project_in_one_batch_are_compared(self):
        s = self.service().start()
        before, after = form_of(1, "同", year=2022), form_of(1, "同", year=2023)
        found = self.verdicts(self.send(s, form_of(2, "甲"), before, form_of(3, "乙"), after, form_of(4, "丙")))
        self.assertEqual([v["status"] for v in found], [202] * 5)
        flags = s.scored(found[3]["document"]["id"])["result"]["flags"]
        self.assertIn("COPIED_LAST_YEAR", [f["code"] for f in flags])
        self.assertNotIn("COPIED_LAST_YEAR",
                         [f["code"] for f in s.scored(found[1]["document"]["id"])["result"]["flags"]])

    @staticmethod
    @contextlib.contextmanager
    def writes_held(s):
        """Nothing is stored meanwhile: another process's write transaction keeps the committer waiting."""
        store = lmdb.open(os.path.join(s.data, "intake"), map_size=1 << 28, max_dbs=8)
        writing = store.begin(write=True)
        try:
            yield writing.abort
        finally:
            writing.abort()
            store.close()

    def test_a_large_one_while_the_gateway_is_away_is_told_to_try_again(self):
        s = self.service().start()
        s.gateway.kill()
        forms = [form_of(1 + i % 6, f"远{i}") for i in range(300)]
        self.assert_problem(self.send(s, *forms), 503, "UNAVAILABLE")

    def test_what_is_no_batch(self):
        s = self.service().start()
        self.assert_problem(self.send(s, form_of(1), headers={"Content-Type": "application/json"}), 415,
                            "MEDIA_TYPE_UNSUPPORTED")
        self.assert_problem(self.send(s, b"\n\n"), 400, "BODY_MALFORMED")
        self.assert_problem(self.send(s, *[b"{}"] * 1001), 413, "TOO_MANY_LINES")
        self.assert_problem(self.send(s, b" " * 4500000), 413, "BODY_TOO_LARGE")
        self.assert_problem(s.get("/v1/submissions:batch"), 405, "METHOD_NOT_ALLOWED")
        self.assertEqual(s.submit(form_of(1), Prefer="wait=20").status_code, 201)

    def test_a_client_that_leaves_costs_nothing(self):
        s = self.service().start()
        body = b"\n".join(body_of(form_of(1, f"走{i}")) for i in range(200))
        with self.raw(s) as raw:
            raw.sendall(b"POST /v1/submissions:batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual(s.submit(form_of(2), Prefer="wait=20").status_code, 201)

    @staticmethod
    def raw(s):
        return socket.create_connection(("127.0.0.1", s.port))


if __name__ == "__main__":
    unittest.main()
