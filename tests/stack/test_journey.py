"""What a submitter does, from the first POST to the last look, through the real nginx."""
import base64
import hashlib
import json
import re
import struct
import subprocess
import threading
import unittest
import urllib.parse
from html.parser import HTMLParser

import msgpack
import zmq

from actors import ROOT, replayed, seed
from service import JSON, ServiceCase, body_of, form_of

# declared, computed, confirmed, grade, verified weight, lines that differ: the domain's table for the six real forms
SEEDS = {1: ("97.60", "99.61", "97.60", "优", "85", {"综合服务率": ("9.61", ["ACTUAL_X_WEIGHT", "TRUNC1"])}),
         2: ("99.96", "99.96", "99.96", "优", "90", {}),
         3: ("97.17", "97.27", "97.17", "优", "100", {"人员到位率": ("8.10", ["TRUNC0"])}),
         4: ("99.29", "99.29", "99.29", "优", "85", {}), 5: ("99.98", "99.98", "99.98", "优", "70", {}),
         6: ("99.69", "99.69", "99.69", "优", "90", {})}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def flatten(value, path=""):
    """A form's cells by their path, as an HTML form names them."""
    if isinstance(value, dict):
        return {k: v for key, inner in value.items()
                for k, v in flatten(inner, f"{path}.{key}" if path else key).items()}
    if isinstance(value, list):
        return {k: v for i, inner in enumerate(value) for k, v in flatten(inner, f"{path}.{i}").items()}
    return {path: "" if value is None else str(value)}


class Fields(HTMLParser):
    """The names and initial values of a page's form."""

    def __init__(self, page):
        super().__init__()
        self.values, self.form = {}, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.form = attrs
        elif tag in ("input", "select", "textarea") and "name" in attrs:
            self.values[attrs["name"]] = attrs.get("value", "")


class Journey(ServiceCase):
    def setUp(self):
        super().setUp()
        self.s = self.service().start()

    def accept(self, form, **headers):
        response = self.s.submit(form, **headers)
        self.assertEqual(response.status_code, 202, response.text)
        return response

    def test_the_six_forms_come_out_as_the_rules_say(self):
        for number, (declared, computed, confirmed, grade, verified, differing) in SEEDS.items():
            response = self.s.submit(form_of(number), Prefer="wait=20")
            self.assertEqual(response.status_code, 201, response.text)
            self.assertEqual(response.headers["Preference-Applied"], "wait=20")
            document = response.json()
            result = document["result"]
            self.assertEqual(document["outcome"], "discrepant" if differing else "consistent")
            found = [result[k] for k in ("declared_total", "computed_total", "confirmed_total", "grade",
                                         "machine_verified_weight")]
            self.assertEqual(found, [declared, computed, confirmed, grade, verified], f"seed-{number}")
            wrong = {line["level3"]: (line["computed"], line["explanation"]) for line in result["indicators"]
                     if line["explanation"]}
            self.assertEqual(wrong, differing)
            self.assertEqual(self.s.status(document["id"]), document)

    def test_a_receipt_leads_to_everything_else(self):
        response = self.accept(form_of(), **{"Idempotency-Key": "\"key-1\""})
        document = response.json()
        self.assertEqual(response.headers["Location"], f"/v1/submissions/{document['id']}")
        self.assertRegex(response.headers["Retry-After"], r"^\d+$")
        self.assertEqual(document["status"], "queued")
        self.assertEqual(document["receipt"]["idempotency_key"], "key-1")
        self.assertEqual(self.s.scored(document["id"])["status"], "scored")
        again = self.s.get("/v1/submissions?idempotency_key=key-1").json()
        self.assertEqual(again["id"], document["id"])
        form = self.s.get(document_path(document) + "/form")
        digest = "sha-256=:" + base64.b64encode(hashlib.sha256(form.content).digest()).decode() + ":"
        self.assertEqual(document["receipt"]["digest"], digest)
        self.assertEqual(form.headers["Repr-Digest"], digest)
        given, kept = seed(1), form.json()
        for key in ("project_name", "unit", "declared_total", "indicators", "goals"):
            self.assertEqual(kept[key], given[key])

    def test_an_unchanged_status_is_not_sent_again(self):
        path = document_path(self.accept(form_of()).json())
        self.s.scored(path.rsplit("/", 1)[1])
        full = self.s.get(path)
        tag = full.headers["ETag"]
        same = self.s.get(path, **{"If-None-Match": tag})
        self.assertEqual((same.status_code, same.content, same.headers["ETag"]), (304, b"", tag))
        self.assertEqual(self.s.get(path, **{"If-None-Match": "\"other\""}).status_code, 200)
        head = self.s.http.head(self.s.url + path)
        self.assertEqual((head.status_code, head.content, head.headers["ETag"]), (200, b"", tag))
        self.assertEqual(head.headers["Content-Length"], str(len(full.content)))

    def test_a_retry_is_the_same_submission(self):
        first = self.accept(form_of(), **{"Idempotency-Key": "k"}).json()
        again = self.s.submit(form_of(), **{"Idempotency-Key": "k"})
        self.assertIn(again.status_code, (200, 202))  # with its score, or still without
        self.assertEqual(again.json()["id"], first["id"])
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        other = self.s.submit(form_of(2), **{"Idempotency-Key": "k"})
        self.assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
        self.s.scored(first["id"])
        without = self.s.submit(form_of())
        self.assertEqual((without.status_code, without.json()["id"]), (200, first["id"]))
        self.assertEqual(len(self.s.get("/v1/submissions?year=2022").json()["items"]), 1)

    def test_a_revision_names_what_it_replaces(self):
        first = self.s.submit(form_of(), Prefer="wait=20")
        changed = form_of(declared_total="99.60")
        changed["indicators"][5]["score"] = "9.6"
        problem = self.assert_problem(self.s.submit(changed), 409, "ON_FILE")
        self.assertEqual(problem["current"]["id"], first.json()["id"])
        second = self.s.submit(changed, **{"If-Match": problem["current"]["etag"], "Prefer": "wait=20"})
        self.assertEqual((second.status_code, second.json()["revision"]), (201, 2))
        changes = self.s.get(document_path(second.json()) + "/changes").json()
        self.assertEqual((changes["revision"], changes["replaces"]), (2, first.json()["id"]))
        self.assertEqual(changes["changes"], [{"pointer": "/indicators/5/score", "before": "7.6", "after": "9.6"},
                                              {"pointer": "/declared_total", "before": "97.60", "after": "99.60"}])
        self.assertEqual(self.s.get(document_path(first.json()) + "/changes").json()["changes"], [])
        earlier = self.s.status(first.json()["id"])
        self.assertEqual((earlier["status"], earlier["superseded_by"]), ("superseded", second.json()["id"]))
        stale = self.s.submit(form_of(declared_total="97.61"), **{"If-Match": first.headers["ETag"]})
        self.assert_problem(stale, 409, "STALE_REVISION")
        kinds = [event["type"] for event in self.s.events()]
        self.assertEqual(kinds, [f"ziping.submission.{kind}" for kind in ("scored", "scored", "superseded")])

    def test_a_name_typed_otherwise_names_the_same_form(self):
        first = self.s.submit(form_of(), Prefer="wait=20")
        typed = form_of()
        typed["project_name"] = typed["project_name"].replace("12333", "１２３３３\u200b ") + " "
        typed["unit"], typed["department"] = "\u3000" + typed["unit"], typed["department"] + "\n"
        problem = self.assert_problem(self.s.submit(typed), 409, "ON_FILE")
        self.assertEqual(problem["current"]["id"], first.json()["id"])
        second = self.s.submit(typed, **{"If-Match": problem["current"]["etag"], "Prefer": "wait=20"})
        self.assertEqual((second.status_code, second.json()["revision"]), (201, 2))
        self.assertEqual(second.json()["project_name"], typed["project_name"])  # verbatim all the same
        totals = self.s.get("/v1/totals?year=2022").json()
        self.assertEqual([(row["scored"], row["superseded"]) for row in totals["totals"]], [(1, 1)])

    def test_lists_pages_and_totals(self):
        idents = [self.s.submit(form_of(1 + i % 6, f"项目{i}"), Prefer="wait=20").json()["id"] for i in range(9)]
        found, path = [], "/v1/submissions?year=2022&limit=4"
        cursor = ""
        while cursor is not None:
            page = self.s.get(path + (f"&cursor={cursor}" if cursor else "")).json()
            found += [item["id"] for item in page["items"]]
            cursor = page["next"]
        self.assertEqual(found, idents[::-1])
        discrepant = self.s.get("/v1/submissions?year=2022&outcome=discrepant").json()["items"]
        self.assertEqual({item["id"] for item in discrepant}, {idents[i] for i in (0, 2, 6, 8)})
        totals = self.s.get("/v1/totals?year=2022").json()["sum"]
        self.assertEqual((totals["scored"], totals["discrepant"], totals["grades"]["优"]), (9, 4, 9))
        self.assertEqual(totals["confirmed_sum"], "888.42")

    def test_a_plain_html_form_does_the_same(self):
        page = self.s.get("/submit.html")
        fields = Fields(page.text)
        self.assertEqual((fields.form["method"].upper(), fields.form["action"]), ("POST", "/v1/submissions"))
        cells = {name: value for name, value in flatten(seed(1)).items() if value}
        self.assertLessEqual(set(cells), set(fields.values))
        values = {**fields.values, **cells}
        done = subprocess.run(["curl", "-sS", "-i", "-H", f"Accept: {BROWSER}", "--data-binary", "@-",
                               self.s.url + "/v1/submissions"], input=urllib.parse.urlencode(values).encode(),
                              capture_output=True, timeout=60, check=True).stdout.decode()
        self.assertIn("202 Accepted", done.splitlines()[0])
        self.assertIn("Content-Type: text/html", done)
        ident = re.search(r"Location: /v1/submissions/(\S+)", done).group(1)
        document = self.s.scored(ident)
        self.assertEqual(document["result"]["computed_total"], "99.61")
        html = self.s.get(f"/v1/submissions/{ident}", Accept=BROWSER)
        self.assertIn("text/html", html.headers["Content-Type"])
        self.assertIn("76.89 ÷ 80 × 10", html.text)

    def test_a_subscriber_misses_nothing(self):
        before = [self.s.submit(form_of(2, f"早{i}"), Prefer="wait=20").json()["id"] for i in range(3)]
        context = zmq.Context()
        self.addCleanup(context.term)
        live, replay = context.socket(zmq.SUB), context.socket(zmq.DEALER)
        for one in (live, replay):
            one.rcvtimeo, one.linger = 30000, 0
        live.subscribe(b"")
        live.connect(f"ipc://{self.s.run}/events.sock")
        replay.connect(f"ipc://{self.s.run}/replay.sock")
        self.addCleanup(live.close)
        self.addCleanup(replay.close)
        while live.recv_multipart()[0] != b"beat":  # joined
            pass
        late = [self.s.submit(form_of(2, f"晚{i}"), Prefer="wait=20").json()["id"] for i in range(3)]
        heard = []
        while not heard or heard[-1][0] < 6:
            topic, number, frozen = live.recv_multipart()
            if topic != b"beat":
                heard.append((struct.unpack(">Q", number)[0], msgpack.unpackb(frozen)["subject"]))
                self.assertTrue(topic.decode().startswith("scored/2022/"), topic)
        # Those from before may still have been on their way when it joined.
        self.assertEqual(heard, list(enumerate(before + late, 1))[heard[0][0] - 1:])
        self.assertLessEqual(heard[0][0], 4)
        replay.send_multipart([b"AFTER", struct.pack(">Q", 0), struct.pack(">I", 1 << 20)])
        kind, newest, _, _, _, events = replay.recv_multipart()
        self.assertEqual((kind, struct.unpack(">Q", newest)[0]), (b"EVENTS", 6))
        self.assertEqual([msgpack.unpackb(frozen)["subject"] for _, frozen in replayed(events)], before + late)
        self.assertEqual([event["subject"] for event in self.s.events()], before + late)

    def test_a_poll_that_waits_is_answered_by_the_score(self):
        ident = self.accept(form_of(3)).json()["id"]
        response = self.s.get(f"/v1/submissions/{ident}", Prefer="wait=20")
        self.assertEqual(response.json()["status"], "scored")

    def test_many_at_once_each_get_their_own_score(self):
        answers = {}

        def one(number):
            form = form_of(1 + number % 6, f"并发{number}")
            done = subprocess.run(["curl", "-sS", "-H", "Content-Type: application/json", "-H", "Prefer: wait=20",
                                   "--data-binary", "@-", self.s.url + "/v1/submissions"], input=body_of(form),
                                  capture_output=True, timeout=120, check=True).stdout
            answers[number] = json.loads(done)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, document in answers.items():
            self.assertEqual(document["project_name"], f"并发{number}")
            self.assertEqual(document["result"]["computed_total"], SEEDS[1 + number % 6][1])
        self.assertEqual([int(event["id"]) for event in self.s.events()], list(range(1, 25)))

    def test_a_dry_run_tells_the_score_and_stores_nothing(self):
        dry = self.s.http.post(self.s.url + "/v1/scores", data=body_of(form_of()), headers=JSON)
        self.assertEqual((dry.status_code, dry.json()["accepted"]), (200, True))
        real = self.s.submit(form_of(), Prefer="wait=20")
        self.assertEqual(real.status_code, 201)
        self.assertEqual(real.json()["result"], dry.json()["result"])
        refused = self.s.http.post(self.s.url + "/v1/scores", data=body_of(form_of(unit=None)), headers=JSON).json()
        self.assertEqual((refused["accepted"], [e["pointer"] for e in refused["errors"]]), (False, ["/unit"]))
        self.assertEqual(refused["result"]["computed_total"], "99.61")

    def test_a_form_that_repeats_last_years_is_told(self):
        def copies(result):
            return [(flag["pointer"], flag["value"]) for flag in result["flags"] if flag["code"] == "COPIED_LAST_YEAR"]

        first = self.s.submit(form_of(), Prefer="wait=20").json()
        self.assertEqual(copies(first["result"]), [])
        again = form_of(year="2023")
        dry = self.s.http.post(self.s.url + "/v1/scores", data=body_of(again), headers=JSON).json()
        self.assertEqual(copies(dry["result"]), [("/indicators", first["id"])])
        second = self.s.submit(again, Prefer="wait=20").json()
        self.assertEqual(copies(second["result"]), [("/indicators", first["id"])])
        self.assertEqual(second["result"], dry["result"])
        again["indicators"][9]["actual"] = "99.2%"
        third = self.s.submit(again, **{"If-Match": f'"{second["id"]}"', "Prefer": "wait=20"}).json()
        self.assertEqual((third["revision"], copies(third["result"])), (2, []))

    def test_health_and_pages(self):
        for path in ("/healthz", "/readyz", "/metrics", "/", "/submit.html"):
            self.assertEqual(self.s.get(path).status_code, 200, path)
        self.assertIn("ziping_workers 1", self.s.get("/metrics").text)
        self.assertTrue(self.s.get("/metrics").text.endswith("# EOF\n"))


def document_path(document):
    return f"/v1/submissions/{document['id']}"


class ReadMe(ServiceCase):
    def test_its_subscriber_runs_as_printed(self):
        s = self.service().start()
        with open(f"{ROOT}/README.md", encoding="utf-8") as source:
            program = re.search(r"```python\n(.*?)```", source.read(), re.S).group(1)
        first = s.submit(form_of(1), Prefer="wait=20").json()["project_name"]
        reader = subprocess.Popen(["/usr/bin/python3", "-c", program, s.run, "0"], stdout=subprocess.PIPE, text=True)
        try:
            self.assertIn(first, reader.stdout.readline())
            second = s.submit(form_of(2), Prefer="wait=20").json()["project_name"]
            self.assertIn(second, reader.stdout.readline())
        finally:
            reader.kill()
            reader.wait()
            reader.stdout.close()


if __name__ == "__main__":
    unittest.main()
