"""A wall clock that is stepped while the service runs: what people read may be off, and nothing else is."""
import datetime
import os
import sys
import unittest

from actors import ROOT
from receiver import Receiver
from service import ServiceCase, form_of

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))

from shim import CLOCK, preloaded  # noqa: E402
from clock import Clock  # noqa: E402

DAY_S = 24 * 3600
STEPS = (DAY_S, 0, -DAY_S, 300, -5)


class Steps(ServiceCase):
    def begin(self, **blocks):
        self.clock = Clock()
        self.addCleanup(self.clock.discard)
        s = self.service()
        s.environment = preloaded(CLOCK, ZP_CLOCK=self.clock.path)
        s.blocks.update(blocks)
        s.write_settings()
        return s.start()

    def test_forms_stay_in_the_order_of_their_acceptance_and_none_is_lost_or_scored_twice(self):
        s = self.begin()
        idents = []
        for number, seconds in enumerate(STEPS):
            self.clock.step(seconds)
            idents += [s.submit(form_of(1, f"before {number}")).json()["id"]]
            s.gateway.kill()
            s.start_gateway()
            answer = s.submit(form_of(2, f"after {number}"), **{"Idempotency-Key": f"step-{number}"})
            idents += [answer.json()["id"]]
            self.assertEqual(s.scored(idents[-1])["status"], "scored")
        received = datetime.datetime.fromisoformat(s.status(idents[0])["received_at"])
        self.assertGreater((received - datetime.datetime.now(datetime.UTC)).total_seconds(), DAY_S / 2, "no step was made")
        self.clock.step(-2 * DAY_S)
        for number in range(len(STEPS)):  # a key is not forgotten because of a wrong date
            again = s.submit(form_of(2, f"after {number}"), **{"Idempotency-Key": f"step-{number}"})
            self.assertEqual((again.headers.get("Idempotency-Replayed"), again.json()["id"]),
                             ("true", idents[2 * number + 1]))
        self.assertEqual(idents, sorted(idents))
        listed = [item["id"] for item in s.get("/v1/submissions?limit=200").json()["items"]]
        self.assertEqual(listed, idents[::-1])
        for ident in idents:
            self.assertEqual(s.scored(ident)["status"], "scored")
        self.assertEqual(sorted(event["subject"] for event in s.events()), idents)
        self.clock.step(0)
        s.wait(lambda: s.metric("ziping_pending") == 0)
        self.assertEqual(s.metric("ziping_overdue"), 0)

    def test_a_clock_that_is_set_back_keeps_no_webhook_waiting(self):
        s = self.begin(webhooks={"retry_ms": [200] * 30})
        status = 500
        receiver = Receiver(lambda request: (status, {}, b""))
        self.addCleanup(receiver.close)
        done = s.ziping("webhook", "add", receiver.url, "--allow-http", "--allow-private", "--after", "0")
        self.assertEqual(done.returncode, 0, done.stderr)
        program = s.start_webhooks()
        s.scored(s.submit(form_of(1, "one")).json()["id"])
        receiver.wait_for(2)
        self.clock.step(-DAY_S)
        receiver.wait_for(4)
        program.kill()
        s.start_webhooks()
        status = 204
        receiver.wait_for(len(receiver.requests) + 1)
        self.clock.step(DAY_S)
        s.scored(s.submit(form_of(1, "two")).json()["id"])
        receiver.wait_for_number(2)


if __name__ == "__main__":
    unittest.main()
