"""The ziping command towards a running service, and alone."""
import http.server
import json
import os
import pty
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from actors import GUARD_S, ROOT
from scorer import path_of, profile_file
from service import ZIPING, ServiceCase, form_of

FORMS = [os.path.join(ROOT, "tests", "forms", f"seed-{number}.json") for number in range(1, 7)]


def lines_of(forms):
    return "".join(json.dumps(form, ensure_ascii=False) + "\n" for form in forms)


class Submit(ServiceCase):
    def setUp(self):
        super().setUp()
        self.s = self.service().start()

    def ndjson(self, name, forms):
        path = os.path.join(self.s.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(lines_of(forms))
        return path

    def test_files_are_submitted_once_however_often_it_is_run(self):
        done = self.s.ziping("submit", *FORMS)
        self.assertEqual(done.returncode, 0, done.stderr)
        receipts = [line.split("\t") for line in done.stdout.splitlines()]
        self.assertEqual({receipt[0] for receipt in receipts}, set(FORMS))
        self.assertRegex(done.stderr, r"6 forms in \d+ ms: 6 accepted, 0 already on file, 0 refused, 0 not delivered")
        again = self.s.ziping("submit", *FORMS)
        self.assertIn("0 accepted, 6 already on file", again.stderr)
        self.assertEqual({line.split("\t")[1] for line in again.stdout.splitlines()}, {r[1] for r in receipts})

    def test_ndjson_from_standard_input_with_a_summary_of_faults(self):
        forms = [form_of(1, f"行{i}") for i in range(50)]
        forms[7]["unit"] = None
        text = lines_of(forms) + "{\"year\": 2022,\n"
        done = self.s.ziping("submit", "--connections", "8", "-", stdin=text)
        self.assertEqual(done.returncode, 1)
        self.assertIn("49 accepted, 0 already on file, 2 refused, 0 not delivered", done.stderr)
        self.assertRegex(done.stderr, r":8: .*FIELD_MISSING /unit")
        self.assertRegex(done.stderr, r":51: .*JSON_SYNTAX")
        self.assertEqual(len(done.stdout.splitlines()), 49)

    def test_many_travel_together_and_each_has_its_own_receipt(self):
        forms = [form_of(1 + i % 6, f"同{i}") for i in range(1000)]
        forms[500]["unit"] = None
        path = self.ndjson("many.ndjson", forms)
        done = self.s.ziping("submit", path, FORMS[0])
        self.assertIn("1001 forms in", done.stderr)
        self.assertIn("1000 accepted, 0 already on file, 1 refused, 0 not delivered", done.stderr)
        self.assertRegex(done.stderr, r":501: FIELD_MISSING /unit")
        receipts = dict(line.split("\t")[:2] for line in done.stdout.splitlines())
        self.assertEqual(set(receipts), {FORMS[0]} | {f"{path}:{i + 1}" for i in range(1000) if i != 500})
        self.assertEqual(self.s.status(receipts[f"{path}:8"])["project_name"], "同7")
        self.assertLess(self.s.metric("ziping_requests_total"), 500)
        again = self.s.ziping("submit", "--batch", "1", path)
        self.assertIn("0 accepted, 999 already on file, 1 refused", again.stderr)
        self.assertEqual(dict(line.split("\t")[:2] for line in again.stdout.splitlines()),
                         {origin: ident for origin, ident in receipts.items() if origin != FORMS[0]})

    def test_a_gateway_that_dies_on_the_way_costs_no_form_and_doubles_none(self):
        path = self.ndjson("many.ndjson", [form_of(1 + i % 6, f"死{i}") for i in range(2000)])
        client = subprocess.Popen([ZIPING, "submit", "--batch", "50", "--url", self.s.url, path],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.s.wait(lambda: self.s.metric("ziping_accepted_total") >= 100)
        self.s.gateway.kill()
        self.s.start_gateway()
        out, err = client.communicate(timeout=GUARD_S)
        self.assertEqual(client.returncode, 0, err)
        self.assertEqual(len({line.split("\t")[1] for line in out.splitlines()}), 2000)
        self.s.wait(lambda: self.s.get("/v1/totals").json()["sum"]["scored"] == 2000)
        self.assertEqual(len(self.s.events()), 2000)

    def test_a_line_that_is_too_long_spoils_no_other(self):
        forms = [form_of(1 + i % 6, f"长{i}") for i in range(30)]
        forms[10]["department"] = "长" * 1500000
        done = self.s.ziping("submit", self.ndjson("long.ndjson", forms))
        self.assertIn("29 accepted, 0 already on file, 1 refused", done.stderr)
        self.assertRegex(done.stderr, r"long\.ndjson:11: .*BODY_TOO_LARGE")

    def test_a_batch_that_is_too_large_for_a_proxy_goes_out_one_by_one(self):
        forms = [form_of(1, f"分{i}") for i in range(3)]
        asked = []

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked.append((self.path, body.count(b"\n")))
                status = 413 if self.path.endswith(":batch") else 202
                document = json.dumps({"id": str(len(asked)), "status": "queued"}).encode() if status == 202 else b"<html>"
                self.send_response(status)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
            thread = threading.Thread(target=proxy.serve_forever)
            thread.start()
            try:
                done = self.s.ziping("submit", "--url", f"http://127.0.0.1:{proxy.server_port}",
                                     self.ndjson("split.ndjson", forms))
            finally:
                proxy.shutdown()
                thread.join()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(asked, [("/v1/submissions:batch", 3)] + [("/v1/submissions", 0)] * 3)
        self.assertEqual([line.split("\t")[1] for line in done.stdout.splitlines()], ["2", "3", "4"])

    def test_a_file_that_cannot_be_read_is_told_where(self):
        path = os.path.join(self.s.folder, "broken.json")
        with open(path, "w", encoding="utf-8") as out:
            out.write(json.dumps(form_of(1), ensure_ascii=False, indent=1).replace("12333热线", "12333\n热线"))
        done = self.s.ziping("submit", *FORMS, path, FORMS[0])
        self.assertIn("6 accepted, 1 already on file, 1 refused, 0 not delivered", done.stderr)
        self.assertRegex(done.stderr, r"broken\.json: JSON_SYNTAX .*line 3, column")

    def test_a_table_of_the_scores(self):
        done = self.s.ziping("submit", "--wait", "20", "--table", *FORMS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"12333热线咨询平台项目经费 +scored +97\.60 +99\.61 +97\.60 +优 +\d+ ms +综合服务率: "
                                      r"declared 7\.6, computed 9\.61 \(SCORE_TOO_LOW, ACTUAL_X_WEIGHT\+TRUNC1\)")
        self.assertRegex(done.stdout, r"办公房电费 +scored +99\.29 +99\.29 +99\.29 +优 +\d+ ms +-")

    def test_run_again_after_an_interruption(self):
        path = self.ndjson("many.ndjson", [form_of(1 + i % 6, f"断{i}") for i in range(400)])
        environment = {**os.environ, "ZIPING_URL": self.s.url}
        first = subprocess.Popen([ZIPING, "submit", "--batch", "20", "--connections", "1", path],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=environment)
        self.s.wait(lambda: self.s.metric("ziping_accepted_total") >= 20)
        first.send_signal(signal.SIGINT)
        out, _ = first.communicate(timeout=GUARD_S)
        done = self.s.ziping("submit", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        accepted, repeated = map(int, re.search(r"(\d+) accepted, (\d+) already on file", done.stderr).groups())
        self.assertEqual(accepted + repeated, 400)
        self.assertGreaterEqual(repeated, len(out.splitlines()))
        self.assertEqual(int(self.s.metric("ziping_accepted_total")), 400)

    def test_an_interruption_while_a_batch_is_being_filled_ends_it(self):
        read, write = os.pipe()
        with os.fdopen(write, "w", encoding="utf-8") as forms, os.fdopen(read) as source:
            client = subprocess.Popen([ZIPING, "submit", "--batch", "1000", "--url", self.s.url, "-"], stdin=source,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for number in range(20):
                forms.write(lines_of([form_of(1, f"填{number}")]))
            forms.flush()
            client.send_signal(signal.SIGINT)
        client.communicate(timeout=GUARD_S)
        self.assertIsNotNone(client.returncode)

    def test_a_service_that_is_away_is_waited_for(self):
        self.s.gateway.kill()
        environment = {**os.environ, "ZIPING_URL": self.s.url}
        client = subprocess.Popen([ZIPING, "submit", FORMS[0]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, env=environment)
        told = client.stderr.readline()  # at once, and not when all attempts are over
        self.s.start_gateway()
        out, err = client.communicate(timeout=GUARD_S)
        self.assertEqual(client.returncode, 0, err)
        self.assertEqual(len(out.splitlines()), 1)
        self.assertIn("trying again", told)

    def test_on_a_terminal_there_is_progress(self):
        path = self.ndjson("many.ndjson", [form_of(1, f"条{i}") for i in range(300)])
        master, slave = pty.openpty()
        client = subprocess.Popen([ZIPING, "submit", "--quiet", "--batch", "1", "--connections", "1", "--url",
                                   self.s.url, path], stderr=slave,
                                  stdout=subprocess.DEVNULL)
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:  # the other end has closed
            pass
        os.close(master)
        self.assertEqual(client.wait(GUARD_S), 0)
        self.assertRegex(shown.decode(), r"\[#+\.*\] +\d+ % +\d+ forms, \d+/s")
        self.assertIn("300 accepted", shown.decode())


class Look(ServiceCase):
    def test_status_tail_and_inspect(self):
        s = self.service().start()
        s.ziping("submit", "--wait", "20", "--quiet", *FORMS)
        events = [json.loads(line) for line in s.ziping("tail", "--after", "0", "--count", "6").stdout.splitlines()]
        self.assertEqual([event["id"] for event in events], ["1", "2", "3", "4", "5", "6"])
        self.assertEqual([event["sequence"] for event in events], [f"{n:020}" for n in range(1, 7)])
        self.assertEqual(events, s.events())
        some = s.ziping("tail", "--after", "2", "--count", "1").stdout
        self.assertEqual(json.loads(some), events[2])
        ident = events[0]["subject"]
        shown = s.ziping("status", ident)
        self.assertEqual(shown.returncode, 0)
        self.assertIn(ident, shown.stdout)
        self.assertIn("scored", shown.stdout)
        self.assertEqual(json.loads(s.ziping("status", "--json", ident).stdout), s.status(ident))
        unknown = s.ziping("status", "0195f2d4-7c1a-7b3e-8f00-1234567890ab")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("there is no such submission", unknown.stderr)
        held = dict(line.split("=") for line in s.ziping("inspect").stdout.splitlines())
        names = ("intake.forms", "intake.pending", "scores.results", "scores.last_event")
        self.assertEqual([held[name] for name in names], ["6", "0", "6", "6"])

    def test_tail_says_that_nobody_answers(self):
        endpoint = f"ipc://{os.path.join(tempfile.gettempdir(), 'zp-nobody.sock')}"
        tail = subprocess.Popen([ZIPING, "tail", "--publish", endpoint, "--replay", endpoint], stderr=subprocess.PIPE, text=True)
        self.assertIn(f"nobody answers at {endpoint}", tail.stderr.readline())
        tail.send_signal(signal.SIGTERM)
        self.assertEqual(tail.communicate(timeout=GUARD_S)[1], "")
        self.assertEqual(tail.returncode, 0)

    def test_tail_says_that_its_output_is_broken(self):
        s = self.service().start()
        s.submit(form_of(1), Prefer="wait=20")
        for source in ((), ("--archive", s.data)):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([ZIPING, "tail", "--after", "0", "--count", "1", *source], stdout=full, text=True,
                                      stderr=subprocess.PIPE, env={**os.environ, "ZIPING_CONFIG": s.config}, check=False)
            self.assertEqual(done.returncode, 3)
            self.assertEqual(done.stderr, "ziping tail: standard output cannot be written: No space left on device\n")

    def test_tail_joins_replay_and_live_and_filters(self):
        s = self.service().start()
        s.submit(form_of(1, year=2021), Prefer="wait=20")
        first = s.submit(form_of(1), Prefer="wait=20").json()["id"]
        environment = {**os.environ, "ZIPING_CONFIG": s.config}
        tail = subprocess.Popen([ZIPING, "tail", "--after", "0", "--topic", "scored/2022/"], stdout=subprocess.PIPE,
                                text=True, env=environment)
        try:
            self.assertEqual(json.loads(tail.stdout.readline())["subject"], first)
            second = s.submit(form_of(2), Prefer="wait=20").json()["id"]
            self.assertEqual(json.loads(tail.stdout.readline())["subject"], second)
        finally:
            tail.send_signal(signal.SIGTERM)
            tail.wait(GUARD_S)
            tail.stdout.close()

    def test_score_needs_no_service(self):
        s = self.service()
        done = s.ziping("score", *FORMS)
        self.assertEqual(done.returncode, 0, done.stderr)
        totals = re.findall(r"总分 total +100 +(\S+) +(\S+) +(\S+) +(\S+)", done.stdout)
        self.assertEqual(totals[0], ("97.60", "99.61", "97.60", "优"))
        self.assertEqual(len(totals), 6)
        results = [json.loads(line) for line in s.ziping("score", "--json", *FORMS).stdout.splitlines()]
        self.assertEqual([r["computed_total"] for r in results], ["99.61", "99.96", "97.27", "99.29", "99.98", "99.69"])
        refused = s.ziping("score", "-", stdin=lines_of([form_of(1, unit="")]))
        self.assertEqual(refused.returncode, 1)
        hubei = os.path.join(ROOT, "conf", "profiles", "hubei.yaml")
        mof = os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")
        both = s.ziping("score", "--json", "--profile", mof, "--profile", hubei, "-",
                        stdin=lines_of([form_of(1), form_of(1, profile="hubei")]))
        names = [json.loads(line)["profile"]["name"] for line in both.stdout.splitlines()]
        self.assertEqual(names, ["mof-2020", "hubei"])

    def test_a_stored_season_scored_again_by_other_rules(self):
        s = self.service().start()
        s.submit(form_of(2), Prefer="wait=20")
        form = form_of(1, "反向", declared_total=None)
        form["indicators"][6]["actual"] = "0.009%"  # target <= 0.006 %: 6.67 in proportion, 5.00 in a straight line
        form["indicators"][4]["actual"] = "80分钟，180分钟，24小时"  # words there would be a person's to score
        form["funds"]["total"]["score"] = None
        for line in form["indicators"]:
            line["score"] = None
        before = s.submit(form, Prefer="wait=20").json()
        self.assertEqual(before["result"]["confirmed_total"], "96.28")
        low = form_of(1, "只变计算", declared_total="92.60")
        low["indicators"][6].update(actual="0.009%", score="5")
        claimed = s.submit(low, Prefer="wait=20").json()
        done = s.ziping("rescore", "--profile", os.path.join(ROOT, "conf", "profiles", "linear.yaml"), "--year", "2022")
        self.assertEqual(done.returncode, 0, done.stderr)
        for total in ("computed", "confirmed"):
            self.assertRegex(done.stdout, rf"反向 +\S+ +{total} +96\.28 +94\.61 +{before['id']}")
        self.assertRegex(done.stdout, rf"只变计算 +\S+ +computed +\S+ +\S+ +{claimed['id']}")
        self.assertEqual(done.stdout.count(claimed["id"]), 1)  # what is confirmed is what was declared
        self.assertIn("3 forms scored again by linear version 1: 0 declared, 2 computed and 1 confirmed totals and 0 grades "
                      "would change", done.stdout)
        self.assertEqual(s.status(before["id"]), before)
        none = s.ziping("rescore", "--profile", os.path.join(ROOT, "conf", "profiles", "linear.yaml"), "--year", "2021")
        self.assertIn("0 forms scored again", none.stdout)
        with open(path_of("linear"), encoding="utf-8") as file, profile_file(
                file.read().replace("first: 2000", "first: 2023")) as later:
            left_out = s.ziping("rescore", "--profile", later)
            refused = s.ziping("rescore", "--profile", later, "--year", "2022")
        self.assertIn("0 forms scored again", left_out.stdout)
        self.assertIn("3 forms were left out: these rules are for 2023 to 2099", left_out.stdout)
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("linear is for the years 2023 to 2099, not for 2022", refused.stderr)
        wrong = s.ziping("rescore", "--profile", "/nonexistent.yaml")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn("/nonexistent.yaml: No such file or directory", wrong.stderr)

    def test_mistakes_on_the_command_line(self):
        s = self.service()
        self.assertEqual(s.ziping("nothing").returncode, 2)
        self.assertEqual(s.ziping("submit").returncode, 2)
        self.assertEqual(s.ziping("submit", "--connections", "0", FORMS[0]).returncode, 2)
        missing = s.ziping("submit", "/nonexistent.json")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("/nonexistent.json: No such file or directory", missing.stderr)
        for verb in ("submit", "status", "score", "rescore", "retry", "tail", "keygen", "inspect"):
            helped = s.ziping(verb, "--help")
            self.assertEqual(helped.returncode, 0)
            self.assertIn(f"Usage: ziping {verb}", helped.stdout)


if __name__ == "__main__":
    unittest.main()
