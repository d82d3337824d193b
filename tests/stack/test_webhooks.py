"""Webhooks as receivers and operators see them: ziping-webhooks against HTTP servers of the test's own."""
import datetime
import email.utils
import json
import os
import signal
import re
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import requests

from actors import BUILD, GUARD_S, ROOT
from receiver import Receiver
from service import ServiceCase, form_of, free_port


def figures(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and " " not in line.split("=", 1)[0])


class WebhooksCase(ServiceCase):
    def begin(self, forms=3, retry_ms=(50, 100), **webhooks):
        """A service with that many events in its log."""
        s = self.s = self.service()
        s.blocks["webhooks"] = {"retry_ms": list(retry_ms), **webhooks}
        s.write_settings()
        s.start()
        self.events = 0
        if forms:
            self.submit(forms)
        return s

    def submit(self, count):
        lines = "".join(json.dumps(form_of(1 + n % 6, f"项目{self.events + n}"), ensure_ascii=False) + "\n"
                        for n in range(count))
        done = self.s.ziping("submit", "--quiet", "--wait", "20", "-", stdin=lines)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.events += count

    def receiver(self, *arguments, **more):
        receiver = Receiver(*arguments, **more)
        self.addCleanup(receiver.close)
        return receiver

    def webhook(self, *arguments, code=0):
        done = self.s.ziping("webhook", *(str(argument) for argument in arguments))
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return figures(done.stdout)

    def add(self, receiver, *options):
        """Registers it, from the first event on; id and secret."""
        added = self.webhook("add", receiver.url, "--allow-http", "--allow-private", "--after", 0, *options)
        return added["endpoint"], added["secret"]

    def show(self, ident):
        return self.webhook("show", ident)

    def attempts(self, ident, most=1000):
        """(event, attempt, status, what came of it) of the delivery log."""
        done = self.s.ziping("webhook", "show", ident, "--log", str(most))
        rows = [line.split(" ", 5) for line in done.stdout.splitlines() if " event=" in line]
        return [(*(int(cell.split("=")[1]) for cell in row[1:4]), row[5]) for row in rows]

    def wait_for_position(self, ident, position):
        self.s.wait(lambda: self.show(ident)["position"] == str(position))


class Delivering(WebhooksCase):
    def test_events_come_in_order_and_are_signed(self):
        s = self.begin(20)
        receiver = self.receiver()
        ident, secret = self.add(receiver)
        s.start_webhooks()
        receiver.wait_for(20)
        self.submit(5)
        sent = receiver.wait_for(25)
        self.assertEqual([request.event for request in sent], s.events())
        for number, request in enumerate(sent, 1):
            self.assertEqual(request.ident, f"evt_{number}")
            self.assertEqual(request.headers["Content-Type"], "application/cloudevents+json")
            self.assertTrue(request.is_signed_by(secret))
            self.assertFalse(request.is_signed_by("whsec_" + "A" * 43 + "="))
        self.wait_for_position(ident, 25)
        self.assertEqual([row[:3] for row in self.attempts(ident)], [(n, 1, 204) for n in range(1, 26)])

    def test_what_fails_is_tried_again_and_nothing_overtakes_it(self):
        s = self.begin(3, retry_ms=[20, 20, 20, 20])
        receiver = self.receiver()
        failures = iter([500, 302, 404])
        elsewhere = self.receiver()
        receiver.answer = lambda request: (next(failures, 200), {"Location": elsewhere.url}, b"")
        ident, secret = self.add(receiver)
        s.start_webhooks()
        sent = receiver.wait_for(6)
        self.assertEqual([request.number for request in sent], [1, 1, 1, 1, 2, 3])
        self.assertEqual(len({(request.ident, request.body) for request in sent[:4]}), 1)
        self.assertTrue(all(request.is_signed_by(secret) for request in sent))
        self.assertEqual(elsewhere.requests, [])
        self.wait_for_position(ident, 3)
        self.assertEqual(self.attempts(ident)[:4], [
            (1, 1, 500, "status 500"), (1, 2, 302, "status 302: redirects are refused"), (1, 3, 404, "status 404"),
            (1, 4, 200, "delivered")])
        self.assertEqual(self.show(ident)["state"], "enabled")

    def test_a_slow_endpoint_delays_no_other(self):
        s = self.begin(30)
        release = threading.Event()
        self.addCleanup(release.set)
        slow, quick = self.receiver(lambda request: release.wait() and (200, {}, b"")), self.receiver()
        slow_ident, _ = self.add(slow)
        quick_ident, _ = self.add(quick)
        s.start_webhooks()
        slow.wait_for(1)
        quick.wait_for(30)
        self.submit(10)
        self.assertEqual([r.number for r in quick.wait_for(40)], list(range(1, 41)))
        self.wait_for_position(quick_ident, 40)
        self.assertEqual((slow.numbers(), self.show(slow_ident)["position"]), ([1], "0"))
        release.set()
        self.assertEqual([r.number for r in slow.wait_for(40)], list(range(1, 41)))

    def test_a_name_server_that_does_not_answer_delays_no_other(self):
        s = self.begin(3, retry_ms=[20] * 20, timeout_ms=200)
        quick = self.receiver()
        self.add(quick)
        unknown = self.webhook("add", "https://hang.example/", "--after", 0)["endpoint"]
        asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0:detect_leaks=0")))
        s.environment = {"LD_PRELOAD": os.path.join(BUILD, "tests", "faults", "resolver.so"), "ASAN_OPTIONS": asan}
        program = s.start_webhooks()
        for count in range(3, 9):
            s.wait(lambda: len(self.attempts(unknown)) >= count - 2)
            self.submit(1)
            quick.wait_for(count + 1)
        self.assertIn("Resolving timed out", self.attempts(unknown)[0][3])
        self.assertEqual(program.stop(), 0)

    def test_a_receiver_that_does_not_answer_in_time_is_asked_again(self):
        s = self.begin(2, retry_ms=[20, 20, 20], timeout_ms=100)
        release = threading.Event()
        self.addCleanup(release.set)
        receiver = self.receiver(lambda request: (len(receiver.requests) > 1 or release.wait()) and (200, {}, b""))
        ident, _ = self.add(receiver)
        s.start_webhooks()
        self.assertEqual([r.number for r in receiver.wait_for(3)], [1, 1, 2])
        self.wait_for_position(ident, 2)
        number, attempt, status, why = self.attempts(ident)[0]
        self.assertEqual((number, attempt, status), (1, 1, 0))
        self.assertIn("timed out", why)

    def test_retry_after_is_honoured(self):
        s = self.begin(1, retry_ms=[1, 1])
        answers = iter([(503, {"Retry-After": "2"}, b"")])
        receiver = self.receiver(lambda request: next(answers, (200, {}, b"")))
        self.add(receiver)
        s.start_webhooks()
        first, second = receiver.wait_for(2)
        self.assertGreaterEqual(second.seconds - first.seconds, 2)

    def test_retry_after_may_be_a_date_or_any_number_and_a_day_is_granted(self):
        s = self.begin(1, retry_ms=[1800000, 1800000])
        soon = time.time() + 7200
        past = email.utils.formatdate(time.time() - 7200, usegmt=True)
        asked = {"9" * 40: 86400, "18446744073709551617": 86400, "86401": 86400,
                 email.utils.formatdate(soon, usegmt=True): 7200, "-5": 0, "soon": 0, past: 0, "1e9": 0}
        idents = {}
        for value in asked:
            receiver = self.receiver(lambda _, value=value: (503, {"Retry-After": value}, b""))
            idents[value], _ = self.add(receiver)
        s.start_webhooks()
        for value, granted in asked.items():
            s.wait(lambda: self.attempts(idents[value]))
            s.wait(lambda: "next_try" in self.show(idents[value]))
            figure = self.show(idents[value])
            since, until = (datetime.datetime.fromisoformat(figure[name]) for name in ("failing_since", "next_try"))
            with self.subTest(value):
                if granted:
                    self.assertLess(abs((until - since).total_seconds() - granted), GUARD_S)
                else:
                    self.assertLess((until - since).total_seconds(), 3600)

    def test_an_endless_answer_is_cut_off_and_its_status_counts(self):
        s = self.begin(2)
        receiver = self.receiver(lambda request: (200, {}, b"x" * (8 << 20)))
        ident, _ = self.add(receiver)
        s.start_webhooks()
        self.assertEqual([r.number for r in receiver.wait_for(2)], [1, 2])
        self.wait_for_position(ident, 2)

    def test_endless_trailers_are_cut_off_too(self):
        s = self.begin(2)
        trailers = b"0\r\n" + b"".join(b"x-trailer-%d: %s\r\n" % (n, b"x" * 1000) for n in range(8000)) + b"\r\n"
        receiver = self.receiver(lambda request: (200, {"Transfer-Encoding": "chunked"}, trailers))
        ident, _ = self.add(receiver)
        s.start_webhooks()
        self.wait_for_position(ident, 2)
        self.assertEqual([row[2] for row in self.attempts(ident)], [200, 200])

    def test_events_that_have_gone_to_an_archive_are_not_passed_over_in_silence(self):
        s = self.begin(6)
        receiver = self.receiver()
        late, _ = self.add(receiver)
        keeps_up, _ = self.add(receiver, "--types", "scored,failed,superseded")
        self.webhook("replay", late, "--after", 2)
        self.webhook("replay", keeps_up, "--after", 6)
        s.submit(form_of(1, "明年", year=2023), Prefer="wait=20")
        for program in (s.gateway, s.notifier, *[p for p in s.programs if p.process.args[0].endswith("worker")]):
            program.stop()
        done = s.ziping("archive", "--year", "2022", "--to", os.path.join(s.folder, "2022"))
        self.assertEqual(done.returncode, 0, done.stderr)
        s.start_gateway()
        s.start_worker()
        s.start_webhooks()
        receiver.wait_for_number(7)
        s.wait(lambda: self.show(late)["state"] == "disabled")
        self.assertIn("events 3 to 6 have gone to an archive", self.show(late)["reason"])
        s.wait(lambda: s.events(after=6)[-1]["type"] == "ziping.webhook.disabled")
        for verb in (("replay", late), ("add", receiver.url, "--allow-http", "--allow-private")):
            done = s.ziping("webhook", *verb, "--after", "5")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("the log starts with event 7", done.stderr)
            self.assertIn("ends with event", s.ziping("webhook", *verb, "--after", "99").stderr)
        self.webhook("replay", late, "--after", 6)
        self.webhook("enable", late)
        self.wait_for_position(late, 8)
        self.assertEqual(receiver.numbers().count(7), 2)

    def test_only_what_was_asked_for(self):
        s = self.begin(2)
        s.submit(form_of(1, "另一年", year="2023"))
        s.wait(lambda: len(s.events()) == 3)
        unit = s.events()[0]["data"]["unit"]
        by_year, by_unit, by_type = self.receiver(), self.receiver(), self.receiver()
        idents = [self.add(by_year, "--year", 2023)[0], self.add(by_unit, "--unit", unit)[0],
                  self.add(by_type, "--types", "failed,superseded")[0]]
        s.start_webhooks()
        self.assertEqual(by_year.wait_for(1)[0].number, 3)
        wanted = [int(event["id"]) for event in s.events() if event["data"]["unit"] == unit]
        self.assertEqual([r.number for r in by_unit.wait_for(len(wanted))], wanted)
        for ident in idents:
            self.wait_for_position(ident, 3)  # what was passed by is behind it too
        self.assertEqual((len(by_year.requests), by_type.requests), (1, []))


class Restarts(WebhooksCase):
    def test_killed_at_any_moment_it_loses_nothing_and_keeps_the_order(self):
        s = self.begin(60)
        receivers = [self.receiver() for _ in range(3)]
        idents = [self.add(receiver)[0] for receiver in receivers]
        for number in (1, 7, 20, 40):
            program = s.start_webhooks()
            receivers[0].wait_for_number(number)
            program.kill()
        s.start_webhooks()
        for receiver, ident in zip(receivers, idents):
            receiver.wait_for_number(60)
            self.wait_for_position(ident, 60)
            seen = 0
            for number in receiver.numbers():
                self.assertLessEqual(number, seen + 1)
                seen = max(seen, number)

    def test_told_to_stop_it_stores_what_was_answered(self):
        s = self.begin(10)
        receiver = self.receiver()
        ident, _ = self.add(receiver)
        for _ in range(3):
            program = s.start_webhooks()
            program.process.send_signal(signal.SIGHUP)  # changes nothing
            self.submit(5)
            receiver.wait_for(self.events)
            self.assertEqual(program.stop(), 0)
            self.assertEqual(self.show(ident)["position"], str(self.events))
        self.assertEqual(receiver.numbers(), list(range(1, self.events + 1)))

    def test_a_wait_outlasts_a_restart(self):
        s = self.begin(2, retry_ms=[3600000])
        failing, other = self.receiver(lambda request: (500, {}, b"")), self.receiver()
        ident, _ = self.add(failing)
        self.add(other)
        program = s.start_webhooks()
        s.wait(lambda: self.show(ident)["failed_attempts"] == "1")
        before = self.show(ident)
        self.assertEqual(program.stop(), 0)
        s.start_webhooks()
        self.submit(1)
        other.wait_for_number(3)
        self.assertEqual(self.show(ident), before)
        self.assertEqual(failing.numbers(), [1])
        failing.answer = lambda request: (200, {}, b"")
        self.webhook("replay", ident, "--after", 0)
        self.assertEqual([r.number for r in failing.wait_for(4)], [1, 1, 2, 3])

    def test_there_is_one_at_a_time(self):
        s = self.begin(1)
        s.start_webhooks()
        second = subprocess.run([s.programs[-1].process.args[0], "--config", s.config], capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertEqual(second.returncode, 2)
        self.assertIn("another ziping-webhooks is at work here", second.stderr)


class Operating(WebhooksCase):
    def test_two_signatures_while_a_secret_is_rotated(self):
        s = self.begin(1)
        receiver = self.receiver()
        ident, old = self.add(receiver)
        s.start_webhooks()
        receiver.wait_for(1)
        new = self.webhook("rotate", ident)["secret"]
        self.submit(1)
        request = receiver.wait_for(2)[1]
        self.assertEqual(len(request.headers["webhook-signature"].split()), 2)
        self.assertTrue(request.is_signed_by(old) and request.is_signed_by(new))
        newest = self.webhook("rotate", ident, "--overlap", 0)["secret"]
        self.submit(1)
        request = receiver.wait_for(3)[2]
        self.assertEqual([request.is_signed_by(secret) for secret in (old, new, newest)], [False, False, True])
        self.assertNotIn("whsec_", s.ziping("webhook", "show", ident).stdout + s.ziping("webhook", "list").stdout)

    def test_a_trial_says_what_came_back(self):
        s = self.begin(1)
        receiver = self.receiver(lambda request: (200, {}, b"seen\x1b[31m"))
        ident, secret = self.add(receiver)
        done = s.ziping("webhook", "test", ident)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("status=200\n", done.stdout)
        self.assertIn("delivered\nanswer=seen\\x1b[31m\n", done.stdout)
        request, = receiver.requests
        self.assertTrue(request.is_signed_by(secret))
        self.assertEqual(request.event["type"], "ziping.webhook.test")
        receiver.answer = lambda request: (500, {}, b"")
        self.assertEqual(s.ziping("webhook", "test", ident).returncode, 1)
        self.assertEqual(self.show(ident)["position"], "0")

    def test_disabled_replayed_removed(self):
        s = self.begin(3)
        receiver = self.receiver()
        ident, _ = self.add(receiver)
        s.start_webhooks()
        receiver.wait_for(3)
        self.wait_for_position(ident, 3)
        self.webhook("disable", ident)
        self.submit(2)
        self.assertEqual((self.show(ident)["state"], self.show(ident)["position"]), ("disabled", "3"))
        self.webhook("enable", ident)
        self.assertEqual([r.number for r in receiver.wait_for(5)], [1, 2, 3, 4, 5])
        self.wait_for_position(ident, 5)
        self.webhook("replay", ident, "--after", 3)
        self.assertEqual([r.number for r in receiver.wait_for(7)][5:], [4, 5])
        self.webhook("replay", ident, "--after", 99, code=1)
        self.webhook("remove", ident)
        self.webhook("show", ident, code=1)
        self.webhook("disable", ident, code=1)
        self.assertEqual(self.add(receiver)[0], "2")  # no id is given twice

    def test_a_new_endpoint_gets_what_comes_from_then_on(self):
        s = self.begin(3)
        receiver = self.receiver()
        self.assertEqual(self.webhook("add", receiver.url, "--allow-http", "--allow-private")["position"], "3")
        s.start_webhooks()
        self.submit(1)
        self.assertEqual(receiver.wait_for(1)[0].number, 4)

    def test_urls_that_are_no_endpoints(self):
        self.begin(0)
        for url, reason in (("http://example.org/x", "http is refused without --allow-http"),
                            ("ftp://example.org/x", "only https and http"), ("example.org", "no absolute URL"),
                            ("", "no absolute URL"), ("https:///x", "names no host"),
                            ("https://example.org:70000/", 'its port, "70000", is none; write one from 1 to 65535'),
                            ("https://2400:3200::1/", "an IPv6 address stands in brackets"),
                            ("https://me:word@example.org/", "names a user"), ("https://example.org/#x", "fragment"),
                            ("https://example.org/" + "x" * 2000, "too long: 2020 bytes; at most 2000")):
            done = self.s.ziping("webhook", "add", url)
            self.assertEqual(done.returncode, 2, url)
            self.assertIn(reason, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(len(self.s.ziping("webhook", "list").stdout.splitlines()), 2)

    def test_options_that_make_no_sense(self):
        self.begin(0)
        url = "https://example.org/x"
        for code, said, *arguments in (
                (2, 'there is no verb "ad"', "ad", url), (2, "add takes one URL, not 0", "add"),
                (2, "add takes one URL, not 2", "add", url, url), (2, "show takes one endpoint's ID", "show"),
                (2, 'ID takes a whole number', "show", "x"), (2, 'list takes no "1"', "list", "1"),
                (2, '--types: "socred" is no type; name some of scored,failed', "add", url, "--types", "failed,socred"),
                (2, '--types: "" is no type', "add", url, "--types", ""),
                (2, '--types: "" is no type', "add", url, "--types", "scored,"),
                (2, "--year takes a year from 2000 to 2099, not 0", "add", url, "--year", "0"),
                (2, "--year takes a whole number up to 2099", "add", url, "--year", "20222"),
                (2, '--year takes a whole number up to 2099, not ""', "add", url, "--year", ""),
                (2, "--unit is empty", "add", url, "--unit", ""),
                (2, "--unit has 300 bytes; at most 256", "add", url, "--unit", "x" * 300),
                (2, "--after takes a whole number", "add", url, "--after", "-1"),
                (1, "the log ends with event 0", "add", url, "--after", "1"),
                (2, "--overlap does not go with add; leave it out", "add", url, "--overlap", "5"),
                (2, "--after does not go with remove", "remove", "1", "--after", "1"),
                (2, "--types is given twice", "add", url, "--types", "scored", "--types", "failed"),
                (2, "replay needs --after N", "replay", "1"), (1, "there is no endpoint 7", "rotate", "7")):
            with self.subTest(arguments=arguments):
                done = self.s.ziping("webhook", *arguments)
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (code, 1), done.stderr)
                self.assertIn(said, done.stderr)
        self.assertEqual(len(self.s.ziping("webhook", "list").stdout.splitlines()), 2)

    def test_the_same_events_are_brought_to_a_url_once(self):
        self.begin(0)
        url = "https://example.org/x"
        self.assertEqual(self.webhook("add", url)["endpoint"], "1")
        twice = self.s.ziping("webhook", "add", url)
        self.assertEqual(twice.returncode, 1)
        self.assertIn("endpoint 1 asks for the same events at this URL", twice.stderr)
        self.assertEqual(self.webhook("add", url, "--year", 2022)["endpoint"], "2")

    def test_the_folder_of_the_secrets_is_the_services_alone(self):
        s = self.begin(0)
        self.add(self.receiver())
        self.assertEqual(os.stat(os.path.join(s.data, "webhooks")).st_mode & 0o777, 0o700)


class ReadMe(WebhooksCase):
    def test_its_receiver_runs_as_printed(self):
        s = self.begin(2)
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as source:
            program = re.search(r"```python\n(import base64.*?)```", source.read(), re.S).group(1)
        port = free_port()
        added = self.webhook("add", f"http://127.0.0.1:{port}/", "--allow-http", "--allow-private", "--after", 0)
        receiver = subprocess.Popen(["/usr/bin/python3", "-c", program.replace("8443", str(port))],
                                    env={**os.environ, "WEBHOOK_SECRET": added["secret"]}, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(receiver.stdout.close)
        self.addCleanup(receiver.wait)
        self.addCleanup(receiver.kill)
        s.start_webhooks()
        for event in s.events():
            self.assertEqual(receiver.stdout.readline().split(), [event["id"], event["type"], event["subject"]])
        forged = requests.post(f"http://127.0.0.1:{port}/", b"{}", timeout=60, headers={
            "webhook-id": "evt_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"})
        self.assertEqual(forged.status_code, 401)


class Addresses(WebhooksCase):
    def test_addresses_that_may_not_be_are_refused_however_they_are_written(self):
        s = self.begin(0)
        for host, reason in (("127.0.0.1", "is private"), ("[::1]", "is private"), ("[::ffff:127.0.0.1]", "is private"),
                             ("[0:0:0:0:0:ffff:a00:1]", "is private"), ("[fd00::1]", "is private"),
                             ("[64:ff9b::7f00:1]", "is private"), ("2130706433", "no IPv4"), ("0x7f000001", "no IPv4"),
                             ("0177.0.0.1", "no IPv4"), ("127.1", "no IPv4"), ("169.254.169.254", "never allowed"),
                             ("[::ffff:a9fe:a9fe]", "never allowed"), ("[fe80::1%25lo]", "names a zone"),
                             ("0.0.0.0", "never allowed"), ("[::]", "never allowed")):
            done = s.ziping("webhook", "add", f"http://{host}:80/", "--allow-http")
            self.assertEqual(done.returncode, 2, host)
            self.assertIn(reason, done.stderr)
        never = s.ziping("webhook", "add", "http://169.254.169.254/", "--allow-http", "--allow-private")
        self.assertIn("never allowed", never.stderr)

    def test_what_a_name_resolves_to_is_judged_at_each_delivery(self):
        s = self.begin(1)
        receiver = self.receiver()
        ident = self.webhook("add", f"http://localhost:{receiver.port}/", "--allow-http", "--after", 0)["endpoint"]
        s.start_webhooks()
        s.wait(lambda: self.attempts(ident))
        self.assertIn("is private", self.attempts(ident)[0][3])
        self.assertEqual(receiver.requests, [])

    def test_an_allowance_is_the_endpoints_own(self):
        """Both have the same name; one may, and the other does not get at its kept connection."""
        s = self.begin(2)
        receiver = self.receiver()
        url = f"http://localhost:{receiver.port}/hook"
        allowed = self.webhook("add", url, "--allow-http", "--allow-private", "--after", 0)["endpoint"]
        s.start_webhooks()
        self.wait_for_position(allowed, 2)
        refused = self.webhook("add", url, "--allow-http", "--after", 0, "--types", "scored")["endpoint"]
        s.wait(lambda: self.attempts(refused))
        self.assertIn("is private", self.attempts(refused)[0][3])
        self.assertEqual(len(receiver.requests), 2)

    def test_proxies_of_the_environment_are_not_used(self):
        s = self.begin(1)
        proxy, receiver = self.receiver(), self.receiver()
        s.environment = {name: f"http://127.0.0.1:{proxy.port}" for name in ("http_proxy", "all_proxy", "ALL_PROXY")}
        self.add(receiver)
        s.start_webhooks()
        self.assertEqual(receiver.wait_for(1)[0].path, "/hook")
        self.assertEqual(proxy.requests, [])

    def test_a_certificate_is_checked(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], check=True,
                       capture_output=True, timeout=60)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        s = self.begin(1)
        receiver = self.receiver(wrap=lambda socket: context.wrap_socket(socket, server_side=True))
        url = f"https://localhost:{receiver.port}/hook"
        ident = self.webhook("add", url, "--allow-private", "--after", 0)["endpoint"]
        program = s.start_webhooks()
        s.wait(lambda: self.attempts(ident))
        self.assertIn("certificate", self.attempts(ident)[0][3])
        self.assertEqual(receiver.requests, [])
        program.stop()
        s.blocks["webhooks"]["ca_file"] = certificate
        s.write_settings()
        s.start_webhooks()
        self.webhook("enable", ident)
        self.assertEqual(receiver.wait_for(1)[0].number, 1)


class Disabling(WebhooksCase):
    def gone(self, retry_ms=(20, 20)):
        """An endpoint that has been disabled with an event, the fourth; its receiver, id and the event."""
        s = self.begin(3, retry_ms=retry_ms)
        receiver = self.receiver(lambda request: (410, {}, b""))
        ident, _ = self.add(receiver)
        s.start_webhooks()
        s.wait(lambda: len(s.events()) == 4)
        return receiver, ident, s.events()[3]

    def test_gone_disables_at_once_and_that_is_an_event(self):
        receiver, ident, event = self.gone()
        s = self.s
        self.assertEqual(receiver.numbers(), [1])
        self.assertEqual((event["type"], event["subject"], event["source"]), ("ziping.webhook.disabled", ident, "/webhooks"))
        data = event["data"]
        self.assertEqual((data["endpoint"], data["address"]), (int(ident), f"http://127.0.0.1:{receiver.port}"))
        self.assertIn("410", data["reason"])
        self.assertEqual(self.show(ident)["state"], "disabled")
        tailed = s.ziping("tail", "--after", "0", "--topic", "webhook/", "--count", "1")
        self.assertEqual(json.loads(tailed.stdout), event)
        self.submit(3)
        self.assertEqual([e["type"] for e in s.events()].count("ziping.webhook.disabled"), 1)
        self.assertEqual(s.get("/v1/totals").json()["sum"]["scored"], 6)
        self.assertEqual(s.ziping("verify").returncode, 0)

    def test_it_is_told_once_whoever_is_the_worker(self):
        _, ident, _ = self.gone()
        s = self.s
        for _ in range(2):
            worker = next(p for p in s.programs if p.process.args[0].endswith("ziping-worker") and p.process.poll() is None)
            worker.kill()
            s.start_worker()
            self.submit(1)
        self.webhook("enable", ident)
        s.wait(lambda: [e["type"] for e in s.events()].count("ziping.webhook.disabled") == 2)
        self.assertEqual([(e["data"]["notice"], e["subject"]) for e in s.events() if e["source"] == "/webhooks"],
                         [(1, ident), (2, ident)])

    def test_a_schedule_that_is_used_up_disables_and_another_endpoint_is_told(self):
        s = self.begin(1, retry_ms=[10, 10, 10])
        failing, other = self.receiver(lambda request: (500, {}, b"")), self.receiver()
        ident, _ = self.add(failing)
        self.add(other)
        s.start_webhooks()
        told = other.wait_for(2)[1].event
        self.assertEqual((told["type"], told["subject"]), ("ziping.webhook.disabled", ident))
        self.assertEqual(failing.numbers(), [1] * 4)
        self.assertEqual(told["data"]["reason"], "4 attempts failed, the last: status 500")
        failing.answer = lambda request: (200, {}, b"")
        self.webhook("enable", ident)
        self.assertEqual([r.number for r in failing.wait_for(6)][4:], [1, 2])

    def test_a_rebuilt_log_holds_it_where_it_was(self):
        _, _, event = self.gone()
        s = self.s
        self.submit(2)
        place = os.path.join(s.folder, "anew")
        done = s.ziping("rebuild", place)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("events.same=6\nevents.different=0\n", done.stdout)
        before = s.events()
        self.move_to(place)
        self.assertEqual((s.events(), s.events()[3]), (before, event))
        s.start_webhooks()
        self.submit(1)
        self.assertEqual([e["type"] for e in s.events()].count("ziping.webhook.disabled"), 1)

    def test_a_backup_brings_the_endpoints_and_they_go_on(self):
        receiver, ident, _ = self.gone()
        s = self.s
        place = os.path.join(s.folder, "kept")
        done = s.ziping("backup", place)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(os.stat(os.path.join(place, "webhooks")).st_mode & 0o777, 0o700)
        self.webhook("enable", ident)  # and disabled again, which the copy does not know
        s.wait(lambda: len(s.events()) == 5)
        self.move_to(place)
        s.start_webhooks()
        self.assertEqual(len(s.events()), 4)
        self.webhook("enable", ident)
        s.wait(lambda: len(s.events()) == 5)
        self.assertEqual(s.events()[4]["data"]["notice"], 2)
        receiver.answer = lambda request: (200, {}, b"")
        self.webhook("enable", ident)
        self.wait_for_position(ident, 5)

    def move_to(self, place):
        s = self.s
        s.end_programs()
        s.programs = []
        s.data, s.run = place, os.path.join(place, "run")
        s.write_settings(data_dir=place)
        s.start()


if __name__ == "__main__":
    unittest.main()
