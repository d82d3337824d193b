"""The campaign's checker finds what it is there for: each promise is broken once, in a history that is sound otherwise.

No service runs here: what clients were told and what the service says are both made up.
"""
import copy
import json
import os
import sys
import unittest
from types import SimpleNamespace

import msgpack

from actors import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))

from check import Checker  # noqa: E402
from faults import IN_DOUBT, Supervisor  # noqa: E402
from followers import StreamReader  # noqa: E402
from history import Form, History  # noqa: E402

FORMS = 6
POISON, REVISED, REVISION = 2, 3, 5  # places of the forms with a fate of their own


def document(ident, digest, status="scored", total="97.60"):
    result = {"computed_total": total, "confirmed_total": total, "grade": "优"} if status != "failed" else None
    return {"id": ident, "status": status, "superseded_by": None, "scored_at": "2026-01-01T00:00:00.000Z",
            "receipt": {"digest": digest}, "result": result}


def event(number, kind, ident):
    return {"id": str(number), "type": f"ziping.submission.{kind}", "subject": ident, "data": {"status": kind}}


class Said:
    """What the service says at the end; a test changes it."""

    def __init__(self):
        self.documents, self.log, self.metrics = {}, [], {"ziping_overdue": 0}
        self.sum = {"scored": 4, "failed": 1, "confirmed_sum": "390.40"}
        self.inspected = {"intake.pending": 0, "intake.forms": FORMS}
        self.verified = 0

    def status(self, ident):
        return self.documents.get(ident, {"code": "NOT_FOUND"})

    def events(self):
        return self.log

    def get(self, _):
        return SimpleNamespace(json=lambda: {"sum": self.sum})

    def metric(self, name):
        return self.metrics[name]

    def ziping(self, verb):
        text = "".join(f"{name}={value}\n" for name, value in self.inspected.items())
        return SimpleNamespace(returncode=self.verified if verb == "verify" else 0, stdout=text, stderr="")


class World:
    """Six forms: one that was poison, one that was revised, and the others scored; three who keep copies of the log."""

    def __init__(self):
        self.said, self.history = Said(), History()
        for place in range(FORMS):
            self.acknowledge(place)
        self.said.documents[self.ident(POISON)] = document(self.ident(POISON), self.digest(POISON), "failed")
        self.said.documents[self.ident(REVISED)]["status"] = "superseded"
        kinds = [("scored", 0), ("scored", 1), ("failed", POISON), ("scored", REVISED), ("scored", 4),
                 ("scored", REVISION), ("superseded", REVISED)]
        self.said.log = [event(n, kind, self.ident(place)) for n, (kind, place) in enumerate(kinds, 1)]
        for number, told in enumerate(self.said.log, 1):
            self.history.event(number, msgpack.packb(told), "subscriber")
            self.history.document(number, self.text(number), "stream")
            self.history.delivery("receiver", number, f"evt_{told['id']}", self.text(number), signed=True, taken=True)
        for name in ("subscriber", "stream"):
            self.history.ended_at(name, len(self.said.log))

    @staticmethod
    def ident(place):
        return f"id-{place}"

    @staticmethod
    def digest(place):
        return f"sha-256=:{place}:"

    def text(self, number):
        return json.dumps(self.said.log[number - 1]).encode()

    def form(self, place):
        return self.history.forms[f"key-{place}"]

    def acknowledge(self, place):
        form = self.history.begin(Form(f"key-{place}", f"project-{place}", poison=place == POISON))
        queued = document(self.ident(place), self.digest(place), "failed") | {"status": "queued", "scored_at": None}
        self.history.acknowledged(form, self.history.now(), 202, queued)
        self.history.seen(form.id, self.history.now(), queued)
        self.said.documents[form.id] = document(form.id, form.digest)
        if place != POISON:
            self.history.seen(form.id, self.history.now(), self.said.documents[form.id])

    def findings(self):
        return Checker(self.said, self.history).run()


class CheckerCase(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.said, self.history = self.world.said, self.world.history

    def assert_found(self, *patterns):
        """Each is found, and nothing that has no pattern."""
        findings = self.world.findings()
        for pattern in patterns:
            self.assertTrue(any(pattern in finding for finding in findings), f"{pattern!r} not in {findings}")
        for finding in findings:
            self.assertTrue(any(pattern in finding for pattern in patterns), f"not expected: {finding}")


class Forms(CheckerCase):
    def test_a_sound_history_has_no_finding(self):
        self.assert_found()

    def test_a_form_that_is_lost(self):
        del self.said.documents["id-1"]
        self.assert_found("id-1 was acknowledged and is not there", "totals:")

    def test_another_digest_than_the_receipts(self):
        self.said.documents["id-1"]["receipt"]["digest"] = "sha-256=:other:"
        self.assert_found("id-1 has another digest")

    def test_a_form_that_was_never_scored(self):
        self.said.documents["id-1"]["status"] = "queued"
        self.said.inspected["intake.pending"] = 1
        self.said.log[1]["subject"] = "id-0"  # whose place its event would be
        self.assert_found("id-1 ended as queued", "id-1 has 0 scored", "id-0 has 2 scored", "event 2 was",
                          "totals:", "1 submissions are still pending")

    def test_a_sound_form_that_ended_as_failed_although_no_message_was_lost(self):
        self.said.documents["id-1"] |= {"status": "failed", "result": None}
        self.said.sum = {"scored": 3, "failed": 2, "confirmed_sum": "292.80"}
        self.assert_found("id-1 ended as failed")
        self.history.count("messages lost")
        self.assert_found()

    def test_two_forms_that_are_one_submission(self):
        self.world.form(1).id = "id-0"
        self.said.inspected["intake.forms"] = FORMS - 1
        self.said.sum = {"scored": 3, "failed": 1, "confirmed_sum": "292.80"}
        self.assert_found("id-0 is the submission of key-0, key-1", "id-0 has another digest",
                          "event 2 is about id-1, which nobody was told of")

    def test_a_key_that_gave_two_submissions(self):
        self.history.acknowledged(self.world.form(1), 0, 202, document("id-9", self.world.digest(1)))
        self.world.form(1).id = "id-1"
        self.assert_found("key-1: was id-1, is id-9")

    def test_a_form_that_nobody_ever_acknowledged(self):
        self.history.begin(Form("key-9", "project-9"))
        self.assert_found("key-9 was never acknowledged")

    def test_a_form_that_is_stored_and_nobody_was_told_of(self):
        self.said.inspected["intake.forms"] = FORMS + 1
        self.assert_found(f"{FORMS + 1} forms are stored, {FORMS} were acknowledged")

    def test_an_unknown_outcome_on_a_good_disk(self):
        self.history.put_off(self.world.form(1), 0, 503, "OUTCOME_UNKNOWN")
        self.assert_found("key-1: was told OUTCOME_UNKNOWN")
        self.history.disk_faults = 1
        self.assert_found()


class States(CheckerCase):
    def test_a_status_that_goes_back(self):
        asked = self.history.now()
        self.history.seen("id-1", asked, self.said.documents["id-1"] | {"status": "queued"})
        self.assert_found("id-1 went back to queued")

    def test_answers_that_crossed_each_other_are_no_step_back(self):
        asked = self.history.statuses["id-1"][-1].asked
        self.history.seen("id-1", asked, self.said.documents["id-1"] | {"status": "queued"})
        self.assert_found()

    def test_a_score_that_was_another_one_before(self):
        for change in ({"result": {"computed_total": "1", "confirmed_total": "97.60", "grade": "优"}},
                       {"scored_at": "2026-01-02T00:00:00.000Z"}):
            with self.subTest(change):
                self.setUp()
                self.history.seen("id-1", self.history.now(), self.said.documents["id-1"] | change)
                self.assert_found("id-1 had another result")

    def test_what_is_overdue(self):
        self.said.metrics["ziping_overdue"] = 1
        self.assert_found("overdue")

    def test_sums_that_are_off(self):
        for name, value in (("scored", 5), ("failed", 0), ("confirmed_sum", "390.41")):
            with self.subTest(name):
                self.setUp()
                self.said.sum[name] = value
                self.assert_found(f"totals: {name} is {value}")

    def test_stores_that_are_not_sound(self):
        self.said.verified = 1
        self.assert_found("ziping verify ended with 1")


class Log(CheckerCase):
    def test_an_event_that_is_missing(self):
        del self.said.log[4]
        self.assert_found("event 5 is missing: 6 stands in its place", "id-4 has 0 scored", "event 5 was",
                          "event 6 was", "event 7 was", "has the events behind 0 to 7", "has taken")

    def test_an_event_about_the_same_result_twice(self):
        self.said.log.append(event(8, "scored", "id-1"))
        for name in ("subscriber", "stream"):
            self.history.ended_at(name, 8)
        self.history.delivery("receiver", 8, "evt_8", self.world.text(8), signed=True, taken=True)
        self.assert_found("id-1 has 2 scored and 0 failed events")

    def test_an_event_of_a_superseded_form_that_is_missing(self):
        self.said.documents["id-3"]["status"] = "scored"
        self.assert_found("id-3 is scored and has 1 superseded events", "totals:")

    def test_an_event_that_was_received_and_is_gone(self):
        self.history.event(8, msgpack.packb({}), "subscriber")
        self.assert_found("event 8 was received and is not in the log")

    def test_an_event_that_is_not_the_logs(self):
        self.history.events[3] = msgpack.packb(self.said.log[2] | {"more": 1})
        self.assert_found("event 3 was received with another content")

    def test_a_replay_with_other_bytes(self):
        self.history.event(3, msgpack.packb(self.said.log[2]), "another")
        self.assert_found()
        self.history.event(3, msgpack.packb(self.said.log[3]), "another")
        self.assert_found("event 3: another got other bytes")


class Copies(CheckerCase):
    def test_a_stream_with_other_bytes(self):
        self.history.document(3, self.world.text(3) + b" ", "another")
        self.assert_found("event 3: another got other bytes")

    def test_a_stream_that_says_something_else_than_the_log(self):
        self.history.documents[3] = json.dumps(copy.deepcopy(self.said.log[2]) | {"subject": "id-0"}).encode()
        self.assert_found("event 3 was sent with another content")

    def test_a_stream_that_sent_an_event_of_no_log(self):
        self.history.document(8, b"{}", "stream")
        self.assert_found("event 8 was sent and is not in the log")

    def test_a_copy_that_never_got_to_the_end(self):
        self.history.ended_at("stream", 6)
        self.assert_found("stream has the events behind 0 to 6, the log ends at 7")

    def test_a_copy_that_begins_later_is_whole_as_well(self):
        self.history.began_behind("late", 4)
        self.history.ended_at("late", 7)
        self.assert_found()


class Watching(unittest.TestCase):
    """What is found while the campaign still runs."""

    def setUp(self):
        self.history = History()

    def assert_contradiction(self, *patterns):
        found = self.history.contradictions
        self.assertEqual(len(found), len(patterns), found)
        for pattern, text in zip(patterns, found):
            self.assertIn(pattern, text)

    def stream(self, **more):
        reader = StreamReader(None, self.history, "stream", 1)
        for name, value in more.items():
            setattr(reader, name, value)
        return reader

    def test_a_stream_with_a_gap_and_one_that_goes_back(self):
        for second in (3, 1):
            with self.subTest(second):
                self.setUp()
                reader = self.stream()
                self.assertEqual(reader.take(b"id: 1\ndata: {}"), 1)
                self.assertEqual(reader.take(b": still here"), 0)
                self.assert_contradiction()
                reader.take(b"id: %d\ndata: {}" % second)
                self.assert_contradiction(f"stream was sent event {second} behind 1")

    def test_a_stream_of_what_comes_from_now_on_begins_anywhere_and_then_has_no_gap(self):
        reader = self.stream(begins_now=True)
        reader.take(b"id: 7\ndata: {}")
        self.assert_contradiction()
        self.assertEqual(self.history.copies["stream"], (6, 6))
        reader.take(b"id: 9\ndata: {}")
        self.assert_contradiction("stream was sent event 9 behind 7")

    def test_a_program_that_ends_by_itself(self):
        program = SimpleNamespace(log=lambda: "what it said")
        supervisor = Supervisor(None, self.history, False, None, False)
        for code in (0, -9):
            supervisor.judge_end("gateway", program, code)
        supervisor.on_bad_disk.add("gateway")
        supervisor.judge_end("gateway", program, IN_DOUBT)
        self.assert_contradiction()
        supervisor.judge_end("gateway", program, 66)
        supervisor.judge_end("worker-1", program, IN_DOUBT)
        supervisor.judge_end("notifier", program, -11)
        self.assert_contradiction("gateway ended with 66", "worker-1 ended with 75", "notifier ended with -11")


class Deliveries(CheckerCase):
    def send(self, number, ident=None, signed=True, taken=True):
        self.history.delivery("receiver", number, ident or f"evt_{number}", self.world.text(number), signed, taken)

    def begin_anew(self, *numbers):
        self.history.deliveries["receiver"].clear()
        for number in numbers:
            self.send(number)

    def test_deliveries_that_are_repeated_or_refused_are_no_finding(self):
        self.begin_anew(1, 2, 3)
        self.send(4, taken=False)
        self.send(4, taken=False)
        for number in (3, 4, 5, 6, 7, 7):
            self.send(number)
        self.assert_found()

    def test_an_event_that_was_passed_over(self):
        self.begin_anew(1, 2, 4, 5, 6, 7)
        self.assert_found("sent event 4 when it had taken those up to 2", "sent event 5", "sent event 6", "sent event 7",
                          "receiver has taken the events up to 2")

    def test_an_event_that_overtook_one_that_was_refused(self):
        self.begin_anew(1, 2)
        self.send(3, taken=False)
        for number in (4, 3, 4, 5, 6, 7):
            self.send(number)
        self.assert_found("sent event 4 when it had taken those up to 2")

    def test_a_signature_that_is_not_valid(self):
        self.send(7, signed=False)
        self.assert_found("sent event 7 with a signature that is not valid")

    def test_an_id_that_is_not_the_events(self):
        self.send(7, ident="evt_8")
        self.assert_found("sent event 7 as evt_8")

    def test_a_last_event_that_never_came(self):
        self.begin_anew(1, 2, 3, 4, 5, 6)
        self.assert_found("receiver has taken the events up to 6, the log ends at 7")

    def test_another_body_on_a_second_attempt(self):
        self.history.delivery("receiver", 7, "evt_7", b"{}", signed=True, taken=True)
        self.assert_found("event 7: receiver got other bytes")


if __name__ == "__main__":
    unittest.main()
