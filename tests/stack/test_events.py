"""The event log over HTTP: pages, filters, waiting, streams, and control totals that both sides can compute."""
import base64
import concurrent.futures
import contextlib
import datetime
import hashlib
import http.server
import json
import os
import resource
import socket
import subprocess
import tempfile
import threading
import unittest
from decimal import Decimal

import msgpack

from actors import GUARD_S
from service import ServiceCase, form_of

CHROMIUM = "chromium"
BATCH = "application/cloudevents-batch+json"
MSGPACK = "application/vnd.msgpack"
JSON = "application/json"
OTHER = "另一单位"
STREAM = {"Accept": "text/event-stream"}


class Stream:
    """A reader of Server-Sent Events, over requests."""

    def __init__(self, s, query="", **headers):
        self.answer = s.http.get(f"{s.url}/v1/events{query}", headers={**STREAM, **headers}, stream=True,
                                 timeout=GUARD_S)
        self.answer.encoding = "utf-8"  # as always, by its definition
        self.lines = self.answer.iter_lines(chunk_size=1, decode_unicode=True)
        self.last_id = None

    def blocks(self):
        block = {}
        for line in self.lines:
            if line:
                name, _, value = line.partition(": ")
                block[name] = value
                continue
            self.last_id = block.get("id", self.last_id)
            yield block
            block = {}

    def events(self, count):
        found = []
        for block in self.blocks():
            if "data" in block:
                found.append(json.loads(block["data"]))
                assert found[-1]["id"] == block["id"]
                if len(found) == count:
                    break
        return found

    def close(self):
        self.answer.close()


class EventsCase(ServiceCase):
    def setUp(self):
        super().setUp()
        self.s = self.service().start()

    def file(self, *forms):
        idents = [self.s.submit(form).json()["id"] for form in forms]
        for ident in idents:
            self.s.scored(ident)
        return idents

    def stream(self, query="", **headers):
        return self.enterContext(contextlib.closing(Stream(self.s, query, **headers)))


class Pages(EventsCase):
    def test_filters_by_type_unit_and_year(self):
        self.file(form_of(1, "甲"), form_of(1, "乙", year=2023), form_of(2, "丙", unit=OTHER))
        ident = self.file(form_of(1, "甲2"))[0]
        etag = self.s.get(f"/v1/submissions/{ident}").headers["ETag"]
        replaced = self.s.submit(form_of(1, "甲2", department="另一主管部门"), **{"If-Match": etag})
        self.assertEqual(replaced.status_code, 202, replaced.text)
        self.s.scored(replaced.json()["id"])
        names = lambda query: [e["data"]["project_name"] for e in self.s.get("/v1/events?" + query).json()["events"]]
        self.assertEqual(names("year=2023"), ["乙"])
        self.assertEqual(names("type=superseded"), ["甲2"])
        self.assertEqual(names("type=ziping.submission.superseded"), ["甲2"])
        self.assertEqual(names("type=disabled"), [])
        self.assertEqual(names(f"unit={OTHER}"), ["丙"])
        self.assertEqual(names(f"unit={form_of(1)['unit']}&year={form_of(1)['year']}&type=scored"), ["甲", "甲2", "甲2"])
        page = self.s.get("/v1/events?year=2023").json()
        self.assertEqual((page["position"], page["last"], page["next"]), (6, 6, None))

    def test_a_reader_follows_the_link_to_the_end(self):
        self.file(*[form_of(1 + i % 6, f"链{i}", unit=(OTHER if i % 3 else form_of(1)["unit"])) for i in range(25)])
        found, path = [], f"/v1/events?limit=4&unit={form_of(1)['unit']}"
        while path:
            answer = self.s.get(path, Accept=BATCH)
            self.assertEqual(answer.headers["Content-Type"], BATCH)
            page = answer.json()
            self.assertLessEqual(len(page), 4)
            found += page
            path = answer.links.get("next", {}).get("url")
        whole = self.s.events()
        self.assertEqual(found, [e for e in whole if e["data"]["unit"] == form_of(1)["unit"]])
        self.assertEqual(answer.headers["Ziping-Position"], whole[-1]["id"])

    def test_the_frozen_bytes_are_the_json(self):
        self.file(*[form_of(1 + i % 6, f"冻{i}") for i in range(12)])
        unpacker = msgpack.Unpacker()
        unpacker.feed(self.s.get("/v1/events", Accept=MSGPACK).content)
        self.assertEqual(list(unpacker), self.s.events())

    def test_the_best_liked_format_is_given(self):
        self.file(form_of(1, "甲"))
        stream = "text/event-stream"
        for accept, given in ((f"{BATCH};q=0.5, {MSGPACK}", MSGPACK), (f"{MSGPACK};q=0.5, {BATCH};q=0.6", BATCH),
                              (f"{stream};q=0.1, application/json;q=0.2", JSON), (f"{stream};q=0, */*", JSON),
                              ("*/*", JSON), ("text/html, */*;q=0.8", JSON), (f"{BATCH};q=0.1, text/*;q=0", BATCH),
                              (f"application/json, {stream}", stream), ("text/*, application/json;q=0.9", stream),
                              (f"{stream}, */*;q=0.1", stream)):
            with self.subTest(accept):
                self.assertEqual(self.stream("?after=0", Accept=accept).answer.headers["Content-Type"], given)

    def test_mistakes_are_told(self):
        for query in ("year=1", "limit=0", "type=" + "x" * 100, "colour=red"):
            self.assert_problem(self.s.get("/v1/events?" + query), 400, "QUERY_INVALID")
        for path, accept in (("", {}), ("", STREAM), ("/totals", {})):
            detail = self.assert_problem(self.s.get(f"/v1/events{path}?type=socred", **accept), 400, "QUERY_INVALID")
            for part in ("type", '"socred"', "scored, failed, superseded"):
                self.assertIn(part, detail["detail"])
            self.assertIn("socred", detail["detail_zh"])
        for path in ("", "/totals"):
            self.assert_problem(self.s.get(f"/v1/events{path}?after=7"), 409, "NUMBER_AHEAD")
        self.assert_problem(self.s.get("/v1/events?after=7", Prefer="wait=1"), 409, "NUMBER_AHEAD")
        self.assert_problem(self.s.get("/v1/events", **STREAM, **{"Last-Event-ID": "7"}), 409, "NUMBER_AHEAD")
        self.assert_problem(self.s.get("/v1/events", **STREAM, **{"Last-Event-ID": "x"}), 400, "QUERY_INVALID")

    def test_a_poll_waits_for_the_next_event_that_matches(self):
        self.file(form_of(1, "前"))
        answers = []
        path = f"{self.s.url}/v1/events?after=1&year=2023"
        reader = threading.Thread(target=lambda: answers.append(
            subprocess.run(["curl", "-sS", "-D", "-", "-H", "Prefer: wait=20", path], capture_output=True, text=True,
                           check=True).stdout))
        reader.start()
        self.s.wait(lambda: self.s.metric("ziping_followers") == 1)
        self.file(form_of(1, "别的"), form_of(1, "等的", year=2023))
        reader.join(GUARD_S)
        head, _, body = answers[0].partition("\n\n")
        self.assertIn("Preference-Applied: wait=20", head)
        self.assertEqual([e["data"]["project_name"] for e in json.loads(body)["events"]], ["等的"])
        self.s.wait(lambda: self.s.metric("ziping_followers") == 0)
        empty = self.s.get("/v1/events?after=3", Prefer="wait=1")
        self.assertEqual((empty.status_code, empty.json()["events"], empty.json()["position"]), (200, [], 3))


class Waits(ServiceCase):
    def answered_first(self, s, path):
        """Whether a wait for events is over before one of the same length that began later, for a score."""
        with concurrent.futures.ThreadPoolExecutor(2) as readers:
            events = readers.submit(s.get, "/v1/events", Prefer="wait=1")
            s.wait(lambda: s.metric("ziping_followers") == 1)
            score = readers.submit(s.get, path, Prefer="wait=1")
            done, _ = concurrent.futures.wait((events, score), GUARD_S, concurrent.futures.FIRST_COMPLETED)
            self.assertEqual((events.result().json()["events"], score.result().json()["status"]), ([], "queued"))
        return done == {events}

    def test_a_wait_ends_when_it_said(self):
        s = self.service().start(workers=0)
        path = f"/v1/submissions/{s.submit(form_of(1)).json()['id']}"
        self.assertTrue(any(self.answered_first(s, path) for _ in range(4)))


class Streams(EventsCase):
    def test_a_stream_goes_on_where_the_last_one_ended(self):
        self.file(*[form_of(1 + i % 6, f"流{i}") for i in range(3)])
        stream = self.stream("?after=1")
        self.assertEqual(stream.answer.headers["Content-Type"], "text/event-stream")
        self.assertEqual([e["id"] for e in stream.events(2)], ["2", "3"])
        self.file(form_of(1, "流4"))
        self.assertEqual(stream.events(1), self.s.events(after=3))
        stream.close()
        self.file(form_of(1, "流5"), form_of(1, "流6"))
        again = self.stream(**{"Last-Event-ID": stream.last_id})
        self.assertEqual(again.events(2), self.s.events(after=4))

    def test_a_stream_without_a_place_begins_now_and_filters(self):
        self.file(form_of(1, "早"))
        stream = self.stream("?year=2023")
        self.s.wait(lambda: self.s.metric("ziping_followers") == 1)
        self.file(form_of(1, "非"), form_of(1, "是", year=2023))
        self.assertEqual([e["data"]["project_name"] for e in stream.events(1)], ["是"])

    def test_a_stream_outlives_workers_and_ends_with_its_gateway(self):
        stream = self.stream("?after=0")
        self.file(form_of(1, "一"))
        self.assertEqual([e["id"] for e in stream.events(1)], ["1"])
        self.s.gateway.process.terminate()
        self.assertEqual(self.s.gateway.wait_for_end(), 0)
        self.assertEqual([block for block in stream.blocks() if "data" in block], [])
        self.s.start_gateway()
        self.file(form_of(1, "二"))
        self.assertEqual([e["id"] for e in self.stream(**{"Last-Event-ID": stream.last_id}).events(1)], ["2"])

    def test_a_client_that_does_not_read_keeps_nobody_waiting(self):
        stuck = self.enterContext(socket.create_connection(("127.0.0.1", self.s.port)))
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(b"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
        self.s.wait(lambda: self.s.metric("ziping_followers") == 1)
        stream = self.stream("?after=0")
        lines = b"\n".join(json.dumps(form_of(1 + i % 6, f"堵{i}"), ensure_ascii=False).encode() for i in range(1000))
        for _ in range(2):
            answer = self.s.http.post(self.s.url + "/v1/submissions:batch", data=lines,
                                      headers={"Content-Type": "application/x-ndjson"})
            self.assertEqual(answer.status_code, 200)
        self.assertEqual([e["id"] for e in stream.events(1000)], [str(n + 1) for n in range(1000)])
        self.assertEqual(self.s.submit(form_of(1, "后"), Prefer="wait=20").status_code, 201)

    def test_more_than_may_follow_are_told_to_come_later(self):
        s = self.service(max_followers=2).start()
        streams = [self.enterContext(contextlib.closing(Stream(s))) for _ in range(2)]
        s.wait(lambda: s.metric("ziping_followers") == 2)
        refused = s.get("/v1/events", **STREAM)
        self.assert_problem(refused, 503, "TOO_MANY_FOLLOWERS")
        self.assertIn("Retry-After", refused.headers)
        streams[0].close()
        s.wait(lambda: s.metric("ziping_followers") == 1)
        self.assertEqual(s.get("/v1/events?after=0", Prefer="wait=1").status_code, 200)

    def test_two_thousand_streams_and_polls_while_forms_come_in(self):
        count = 2000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        head = b"GET /v1/events?year=2099 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
        poll = b"GET /v1/events?year=2099&after=0 HTTP/1.1\r\nHost: x\r\nPrefer: wait=25\r\n\r\n"
        idle = [self.enterContext(socket.create_connection(("127.0.0.1", self.s.port))) for _ in range(count)]
        for number, connection in enumerate(idle):
            connection.sendall(head if number % 4 else poll)
        self.s.wait(lambda: self.s.metric("ziping_followers") == count)
        listener = self.stream("?after=0")
        self.file(*[form_of(1 + i % 6, f"众{i}") for i in range(100)])
        self.assertEqual(len(listener.events(100)), 100)
        self.assertEqual(self.s.metric("ziping_followers"), count + 1)
        self.file(form_of(1, "到", year=2099))
        for number, connection in enumerate(idle):
            connection.settimeout(GUARD_S)
            text = b""
            while "到".encode() not in text:
                piece = connection.recv(65536)
                self.assertTrue(piece, text)
                text += piece
            self.assertEqual(b"id: 101\n" in text, number % 4 != 0)

    def test_a_browser_follows_the_log_over_a_restart(self):
        page = """<!doctype html><script>
            const seen = [];
            const source = new EventSource("/v1/events?after=0");
            source.onmessage = (event) => {
                const data = JSON.parse(event.data);
                seen.push([event.lastEventId, data.data.project_name]);
                fetch("REPORT", {method: "POST", mode: "no-cors", body: JSON.stringify(seen)});
            };</script>"""
        reports = []

        class Report(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = self.enterContext(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Report))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        s = self.service()
        s.www = os.path.join(s.folder, "www")
        os.mkdir(s.www)
        with open(os.path.join(s.www, "index.html"), "w", encoding="utf-8") as out:
            out.write(page.replace("REPORT", f"http://127.0.0.1:{server.server_port}/"))
        s.start()
        self.s = s
        self.file(form_of(1, "浏一"))
        profile = self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        browser = subprocess.Popen([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                    f"--user-data-dir={profile}", "--remote-debugging-port=0", s.url + "/"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(browser.wait)
        self.addCleanup(browser.terminate)
        s.wait(lambda: reports and len(reports[-1]) == 1)
        self.file(form_of(1, "浏二"))
        s.wait(lambda: len(reports[-1]) == 2)
        s.gateway.process.terminate()
        s.gateway.wait_for_end()
        s.start_gateway()
        self.file(form_of(1, "浏三"))
        s.wait(lambda: len(reports[-1]) == 3)
        self.assertEqual(reports[-1], [["1", "浏一"], ["2", "浏二"], ["3", "浏三"]])


class ControlTotals(EventsCase):
    def totals(self, query=""):
        answer = self.s.get("/v1/events/totals" + query)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def of(self, events, frozen):
        """What the totals must be, from the events as they were read."""
        scored = [e for e in events if e["type"].endswith(".scored")]
        known = [Decimal(e["data"]["confirmed_total"]) for e in scored if e["data"]["confirmed_total"] is not None]
        digest = base64.b64encode(hashlib.sha256(frozen).digest()).decode()
        return {"events": len(events), "scored": len(scored),
                "failed": sum(e["type"].endswith(".failed") for e in events),
                "superseded": sum(e["type"].endswith(".superseded") for e in events), "damaged": 0,
                "confirmed": len(known), "confirmed_sum": str(sum(known, Decimal("0.00"))),
                "digest": f"sha-256=:{digest}:"}

    def test_both_sides_come_to_the_same(self):
        idents = self.file(*[form_of(1 + i % 6, f"核{i}", unit=(form_of(1)["unit"] if i % 4 else OTHER)) for i in range(20)], form_of(1, "核23", year=2023))
        etag = self.s.get(f"/v1/submissions/{idents[0]}").headers["ETag"]
        replaced = self.s.submit(form_of(1, "核0", unit=OTHER, department="另一主管部门"), **{"If-Match": etag})
        self.s.scored(replaced.json()["id"])
        frozen = self.s.get("/v1/events?limit=1000", Accept=MSGPACK).content
        events = self.s.events()
        self.assertEqual(self.totals(), {"after": 0, "upto": 23, **self.of(events, frozen)})
        packer = msgpack.Packer()
        for query, chosen in (("after=5&upto=9", [e for e in events if 5 < int(e["id"]) <= 9]),
                              ("type=superseded", [e for e in events if e["type"].endswith("superseded")]),
                              ("year=2023", [e for e in events if e["data"]["year"] == 2023]),
                              (f"unit={OTHER}", [e for e in events if e["data"]["unit"] == OTHER])):
            found = self.totals("?" + query)
            wanted = self.of(chosen, b"".join(
                self.s.get(f"/v1/events?after={int(e['id']) - 1}&limit=1", Accept=MSGPACK).content for e in chosen))
            self.assertEqual({name: found[name] for name in wanted}, wanted, query)

    def test_a_subscriber_comes_to_the_same(self):
        self.file(*[form_of(1 + i % 6, f"对{i}", unit=(form_of(1)["unit"] if i % 4 else OTHER)) for i in range(20)],
                  form_of(1, "对23", year=2023))
        time = datetime.datetime.fromisoformat(self.s.events()[0]["time"].replace("Z", "+00:00"))
        day = time.astimezone(datetime.timezone(datetime.timedelta(hours=8))).date()
        for query in ("", "after=5&upto=9", "after=21", "upto=1000", "type=scored", "type=failed", "year=2023",
                      f"unit={OTHER}&year=2022&after=3", f"day={day}", "day=2026-01-01"):
            options = [word for pair in filter(None, query.split("&")) for word in ("--" + pair).split("=", 1)]
            for source in ((), ("--archive", self.s.data)):
                with self.subTest(query=query, source=source):
                    done = self.s.ziping("tail", "--totals", *source, *options)
                    self.assertEqual((done.returncode, json.loads(done.stdout)), (0, self.totals("?" + query)), done.stderr)

    def test_what_does_not_go_with_totals_is_refused(self):
        for options, said in ((("--totals", "--topic", "scored/"), "--topic and --count"), (("--upto", "3"), "--totals only"),
                              (("--totals", "--count", "1"), "--topic and --count"), (("--day", "2026-02-30"), "a day such as"),
                              (("--totals", "--year", "22"), "a year from"), (("--totals", "--upto", "x"), "a whole number")):
            done = self.s.ziping("tail", *options)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(said, done.stderr)

    def test_a_day_is_a_day_in_china(self):
        self.file(form_of(1, "今"))
        time = datetime.datetime.fromisoformat(self.s.events()[0]["time"].replace("Z", "+00:00"))
        day = time.astimezone(datetime.timezone(datetime.timedelta(hours=8))).date()
        found = self.totals(f"?day={day}")
        self.assertEqual(found["events"], 1)
        begins = datetime.datetime.combine(day, datetime.time()) - datetime.timedelta(hours=8)
        self.assertEqual(found["from"], begins.isoformat() + ".000Z")
        self.assertEqual(self.totals(f"?day={day - datetime.timedelta(days=1)}")["events"], 0)
        for wrong in ("2026-02-30", "2026-3-1", "today"):
            self.assert_problem(self.s.get(f"/v1/events/totals?day={wrong}"), 400, "QUERY_INVALID")

    def test_many_slices(self):
        lines = [b"\n".join(json.dumps(form_of(1, f"片{k}-{i}"), ensure_ascii=False).encode() for i in range(1000))
                 for k in range(9)]
        for part in lines:
            self.s.http.post(self.s.url + "/v1/submissions:batch", data=part,
                             headers={"Content-Type": "application/x-ndjson"})
        self.s.wait(lambda: self.s.metric("ziping_last_event") == 9000)
        digest, after = hashlib.sha256(), 0
        while piece := self.s.get(f"/v1/events?limit=1000&after={after}", Accept=MSGPACK).content:
            digest.update(piece)
            after += 1000
        found = self.totals()
        self.assertEqual((found["events"], found["digest"]),
                         (9000, f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"))


if __name__ == "__main__":
    unittest.main()
