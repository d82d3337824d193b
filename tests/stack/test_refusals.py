"""What cannot be taken is refused with its place and a remedy, nothing is stored, and the next request is unharmed.

Through the real nginx, mostly on one kept-alive connection: a refusal that left bytes of its body behind would show in
the answer to the next request.
"""
import json
import socket
import subprocess
import unittest

from service import JSON, ServiceCase, body_of, form_of


class Refusals(ServiceCase):
    def setUp(self):
        super().setUp()
        self.s = self.service().start()

    def tearDown(self):
        """Nothing was stored; the same connection takes a good form."""
        self.assertEqual(self.s.get("/v1/totals").json()["sum"]["scored"], 0)
        held = dict(line.split("=") for line in self.s.ziping("inspect").stdout.splitlines())
        self.assertEqual((held["intake.forms"], held["scores.events"]), ("0", "0"))
        good = self.s.submit(form_of(), Prefer="wait=20")
        self.assertEqual((good.status_code, good.json()["result"]["computed_total"]), (201, "99.61"))

    def refused(self, body, status, code, fault=None, pointer=None, value=None, headers=JSON):
        response = self.s.http.post(self.s.url + "/v1/submissions", data=body, headers=headers)
        problem = self.assert_problem(response, status, code)
        if fault:
            found = next((e for e in problem["errors"] if e["code"] == fault and pointer in (None, e["pointer"])), None)
            self.assertIsNotNone(found, problem)
            self.assertEqual(found["severity"], "error")
            self.assertTrue(found["message"]["zh"] and found["message"]["en"])
            if value:
                self.assertEqual(found.get("value"), value)
        return problem

    def test_malformed_json_is_told_with_line_and_column(self):
        self.refused(b'{"year": 2022,\n "unit": }', 400, "BODY_MALFORMED", "JSON_SYNTAX", value="line 2, column 10")
        self.refused(b'{"year": 2022', 400, "BODY_MALFORMED", "JSON_SYNTAX")
        self.refused(b'[]', 422, "FORM_INVALID", "TYPE_WRONG", "")
        self.refused(b'{"year": 2022} x', 400, "BODY_MALFORMED", "JSON_SYNTAX", value="line 1, column 16")
        self.refused(b"", 400, "BODY_MALFORMED", "BODY_EMPTY")

    def test_wrong_types_and_unknown_members(self):
        form = form_of(unit=["a"])
        form["indicators"][3]["target"] = {"a": 1}
        problem = self.refused(body_of(form), 422, "FORM_INVALID", "TYPE_WRONG", "/unit")
        self.assertIn("/indicators/3/target", [e["pointer"] for e in problem["errors"]])
        self.refused(body_of(form_of(indicators="none")), 422, "FORM_INVALID", "TYPE_WRONG", "/indicators")
        self.refused(body_of(form_of(projct="x")), 422, "FORM_INVALID", "FIELD_UNKNOWN", "/projct")

    def test_every_fault_of_a_form_at_once(self):
        form = form_of(year=None, unit=" ")
        form["indicators"][0]["level3"] = ""
        form["indicators"][1]["weight"] = "abc"
        form["indicators"][2]["actual"] = None
        form["funds"]["total"]["executed"] = "-1"
        problem = self.refused(body_of(form), 422, "FORM_INVALID")
        found = {(e["code"], e["pointer"]) for e in problem["errors"]}
        self.assertLessEqual({("FIELD_MISSING", "/year"), ("FIELD_MISSING", "/unit"),
                              ("FIELD_MISSING", "/indicators/0/level3"),
                              ("NUMBER_INVALID", "/indicators/1/weight"), ("ACTUAL_MISSING", "/indicators/2/actual"),
                              ("NEGATIVE", "/funds/total/executed"), ("WEIGHT_SUM", "/total_weight")}, found)

    def test_a_total_beyond_what_can_be_reached(self):
        for total, code in (("-5", "NEGATIVE"), ("100.01", "SCORE_OVER_WEIGHT"),
                            ("999999999999999", "SCORE_OVER_WEIGHT")):
            form = form_of(declared_total=total)
            form["funds"]["total"]["score"] = None
            for line in form["indicators"]:
                line["score"] = None
            self.refused(body_of(form), 422, "FORM_INVALID", code, "/declared_total", total)

    def test_a_profile_that_is_not_there(self):
        self.refused(body_of(form_of(profile="nobody")), 422, "FORM_INVALID", "PROFILE_UNKNOWN", "/profile", "nobody")

    def test_broken_utf8_duplicate_keys_and_depth(self):
        self.refused(b'{"unit": "\xb5\xa5"}', 400, "BODY_MALFORMED", "UTF8_INVALID")
        self.refused(b'{"unit": "a", "unit": "b"}', 400, "BODY_MALFORMED", "JSON_DUPLICATE_KEY", "/unit")
        self.refused(b"[" * 5000 + b"]" * 5000, 400, "BODY_MALFORMED", "JSON_TOO_DEEP")

    def test_too_large_for_nginx_and_for_the_gateway(self):
        large = body_of(form_of()) + b" " * 300000
        response = self.s.http.post(self.s.url + "/v1/submissions", data=large, headers=JSON)
        self.assert_problem(response, 413, "BODY_TOO_LARGE")
        with socket.create_connection(("127.0.0.1", self.s.port)) as raw:  # chunked: nginx learns the size on the way
            raw.sendall(b"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(40):
                    raw.sendall(b"2000\r\n" + b" " * 8192 + b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertIn(b" 413 ", raw.recv(4096).split(b"\r\n")[0])

    def test_media_types(self):
        for headers in ({"Content-Type": "text/plain"}, {}, {"Content-Type": "multipart/form-data; boundary=x"}):
            self.refused(b"year=2022", 415, "MEDIA_TYPE_UNSUPPORTED", headers=headers)
        self.refused(b"year=%zz", 400, "BODY_MALFORMED", "FORM_SYNTAX",
                     headers={"Content-Type": "application/x-www-form-urlencoded"})

    def test_addresses_and_methods(self):
        self.assert_problem(self.s.get("/v1/nothing"), 404, "NOT_FOUND")
        self.assert_problem(self.s.get("/nothing"), 404, "NOT_FOUND")
        self.assert_problem(self.s.get("/v1/submissions/not-an-id"), 404, "NOT_FOUND")
        never = "/v1/submissions/0195f2d4-7c1a-7b3e-8f00-1234567890ab"
        self.assert_problem(self.s.get(never), 404, "NO_SUCH_SUBMISSION")
        for method, path, allowed in (("DELETE", "/v1/submissions", "GET, HEAD, POST"),
                                      ("PUT", "/v1/events", "GET, HEAD"), ("POST", "/v1/totals", "GET, HEAD"),
                                      ("PATCH", "/healthz", "GET, HEAD"),
                                      ("OPTIONS", "/v1/submissions", "GET, HEAD, POST")):
            response = self.s.http.request(method, self.s.url + path, data=b"x")
            self.assert_problem(response, 405, "METHOD_NOT_ALLOWED")
            self.assertEqual(response.headers["Allow"], allowed)
        for query in ("?year=abc", "?nothing=1", "?year=2022&year=2023", "?limit=0", "?grade=x"):
            self.assertEqual(self.s.get("/v1/submissions" + query).status_code, 400, query)

    def test_what_nginx_itself_refuses_has_the_same_format(self):
        for text, status, code in ((b"GARBAGE\r\n\r\n", 400, "BAD_REQUEST"),
                                   (b"GET /v1/x%00y HTTP/1.1\r\nHost: x\r\n\r\n", 400, "BAD_REQUEST"),
                                   (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "URI_TOO_LONG"),
                                   (b"GET /v1/totals HTTP/1.1\r\nHost: x\r\n" + (b"X: " + b"y" * 4000 + b"\r\n") * 12 +
                                    b"\r\n", 431, "HEADERS_TOO_LARGE"),
                                   (b"DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                                    405, "METHOD_NOT_ALLOWED")):
            with socket.create_connection(("127.0.0.1", self.s.port)) as raw:
                raw.sendall(text)
                answer = b""
                try:
                    while piece := raw.recv(65536):
                        answer += piece
                except ConnectionResetError:
                    pass
            head, _, body = answer.partition(b"\r\n\r\n")
            self.assertIn(b" %d" % status, head.split(b"\r\n")[0], answer[:300])
            problem = json.loads(body)
            self.assertEqual((problem["status"], problem["code"]), (status, code))

    def test_header_fields(self):
        for headers, code in (({"Idempotency-Key": "x" * 256}, "IDEMPOTENCY_KEY_INVALID"),
                              ({"If-Match": "nonsense"}, "IF_MATCH_INVALID")):
            self.refused(body_of(form_of()), 400, code, headers={**JSON, **headers})
        never = "\"0195f2d4-7c1a-7b3e-8f00-1234567890ab.1\""
        self.refused(body_of(form_of()), 409, "NOT_ON_FILE", headers={**JSON, "If-Match": never})

    def test_a_rejected_large_post_and_its_successor_on_one_connection(self):
        """Bytes of the refused body look like a request of their own; none of them may be taken for one."""
        forged = (b"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                  b"Content-Length: 2\r\n\r\n{}")
        bodies = [b"x" * 100000 + forged, body_of(form_of(unit=None)) + forged, forged * 500]
        for body in bodies:
            self.refused(body, 415, "MEDIA_TYPE_UNSUPPORTED", headers={"Content-Type": "text/plain"})
            following = self.s.get("/v1/totals")
            self.assertEqual((following.status_code, list(following.json())), (200, ["totals", "sum", "next"]))

    def test_one_connection_of_curl_takes_all_of_it(self):
        """curl itself reuses the connection; each answer is the one to its own request."""
        good = self.s.url + "/v1/events?after=0&limit=1"
        bad = self.s.url + "/v1/submissions"
        report = ["-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n"]
        refused = [*report, "-H", "Content-Type: text/plain", "-d", "x" * 60000, bad]
        done = subprocess.run(["curl", *report, good, "--next", *refused, "--next", *report, good],
                              capture_output=True, text=True, timeout=60, check=True)
        self.assertEqual(done.stdout.splitlines(), ["200 1", "415 0", "200 0"])


class Submitter(ServiceCase):
    def test_a_name_that_nobody_verified_is_no_name(self):
        s = self.service().start()
        first = s.http.post(s.url + "/v1/submissions", data=body_of(form_of()), auth=("alice", "guess"),
                            headers={**JSON, "Idempotency-Key": "k"})
        self.assertEqual(first.status_code, 202)
        self.assertEqual(s.get("/v1/submissions?idempotency_key=k").json()["id"], first.json()["id"])


class Bounds(ServiceCase):
    def test_each_bound_is_named(self):
        s = self.service().start()
        many = form_of()
        many["indicators"] = many["indicators"] * 21
        for form, code, pointer in ((many, "TOO_MANY_INDICATORS", "/indicators"),
                                    (form_of(project_name="长" * 1400), "TEXT_TOO_LONG", "/project_name"),
                                    (form_of(year="1999"), "YEAR_INVALID", "/year")):
            problem = self.assert_problem(s.submit(form), 422, "FORM_INVALID")
            self.assertIn((code, pointer), [(e["code"], e["pointer"]) for e in problem["errors"]],
                          json.dumps(problem, ensure_ascii=False)[:2000])


if __name__ == "__main__":
    unittest.main()
