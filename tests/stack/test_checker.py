"""The campaign's checker finds what it is there for: each kind of broken promise, in a history that is otherwise sound."""
import os
import sys
import unittest

import msgpack

from actors import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))

from check import Checker  # noqa: E402
from history import Form, History  # noqa: E402

FIRST, SECOND, THIRD = (f"0195f2d4-7c1a-7b3e-8f00-00000000000{n}" for n in range(1, 4))


def document(ident, status, confirmed, superseded_by=None):
    return {"id": ident, "status": status, "receipt": {"digest": f"digest of {ident}"}, "superseded_by": superseded_by,
            "result": {"confirmed_total": confirmed}}


class Answer:
    def __init__(self, document):
        self.document = document

    def json(self):
        return self.document


class Done:
    def __init__(self, stdout, returncode=0):
        self.stdout, self.stderr, self.returncode = stdout, "", returncode


class Service:
    """What the service says: SECOND replaced FIRST, THIRD stands alone."""

    def __init__(self):
        self.documents = {FIRST: document(FIRST, "superseded", "90.00", SECOND), SECOND: document(SECOND, "scored", "95.50"),
                          THIRD: document(THIRD, "scored", "80.25")}
        self.log = [{"id": str(number), "type": f"ziping.submission.{kind}", "subject": ident} for number, (kind, ident) in
                    enumerate((("scored", FIRST), ("scored", SECOND), ("superseded", FIRST), ("scored", THIRD)), 1)]
        self.sum = {"scored": 2, "failed": 0, "confirmed_sum": "175.75"}
        self.inspected = {"intake.pending": "0", "intake.forms": "3"}
        self.overdue, self.verified = 0, 0

    def status(self, ident):
        return self.documents.get(ident, {"code": "SUBMISSION_UNKNOWN"})

    def events(self):
        return self.log

    def get(self, _):
        return Answer({"sum": self.sum})

    def metric(self, _):
        return self.overdue

    def ziping(self, verb):
        if verb == "verify":
            return Done("", self.verified)
        return Done("".join(f"{name}={value}\n" for name, value in self.inspected.items()))


class CheckerTest(unittest.TestCase):
    def setUp(self):
        self.service, self.history = Service(), History()
        for number, (ident, replaces) in enumerate(((FIRST, None), (SECOND, FIRST), (THIRD, None)), 1):
            form = self.history.begin(Form(f"key-{number}", f"project {number}", replaces=replaces))
            self.history.acknowledged(form, self.history.now(), 202, self.service.documents[ident])
            self.see(ident, "queued")
            self.see(ident, "scored")
        for event in self.service.log:
            self.history.event(int(event["id"]), msgpack.packb(event), "somebody")

    def see(self, ident, status):
        self.history.seen(ident, self.history.now(), {"status": status, "superseded_by": None})

    def assert_found(self, *wanted):
        found = Checker(self.service, self.history).run()
        self.assertTrue(found)
        for text in wanted:
            self.assertTrue(any(text in finding for finding in found), found)

    def test_a_sound_history_has_no_finding(self):
        self.assertEqual(Checker(self.service, self.history).run(), [])

    def test_a_lost_form(self):
        del self.service.documents[THIRD]
        self.assert_found(f"{THIRD} was acknowledged and is not there")

    def test_a_form_that_was_never_acknowledged(self):
        self.history.begin(Form("key-9", "project 9"))
        self.assert_found("key-9 was never acknowledged")

    def test_another_digest(self):
        self.service.documents[THIRD]["receipt"]["digest"] = "another"
        self.assert_found(f"{THIRD} has another digest")

    def test_a_form_that_is_not_scored(self):
        self.service.documents[THIRD]["status"] = "queued"
        self.assert_found(f"{THIRD} ended as queued")

    def test_a_key_that_stands_for_two(self):
        self.history.acknowledged(self.history.forms["key-3"], self.history.now(), 200, self.service.documents[FIRST])
        self.assert_found(f"key-3: was {THIRD}, is {FIRST}", f"{FIRST} is the submission of key-1, key-3")

    def test_two_scored_events(self):
        self.service.log.append({**self.service.log[3], "id": "5"})
        self.assert_found(f"{THIRD} has 2 scored and 0 failed events")

    def test_no_scored_event(self):
        self.service.log[3]["subject"] = SECOND
        self.assert_found(f"{THIRD} has 0 scored", f"{SECOND} has 2 scored", "event 4 was received otherwise")

    def test_no_superseded_event(self):
        del self.service.log[2]
        self.assert_found(f"{FIRST} is superseded and has 0 superseded events", "event 3 is missing")

    def test_a_gap_in_the_numbers(self):
        self.service.log[3]["id"] = "5"
        self.assert_found("event 4 is missing: 5 stands in its place")

    def test_an_event_about_nobody(self):
        self.service.log.append({"id": "5", "type": "ziping.submission.scored", "subject": "nobody"})
        self.assert_found("event 5 is about nobody")

    def test_a_replay_with_other_bytes(self):
        self.history.event(4, msgpack.packb({**self.service.log[3], "more": 1}), "a late one")
        self.assert_found("event 4: a late one got other bytes")

    def test_a_received_event_that_the_log_lacks(self):
        self.history.event(5, msgpack.packb({}), "somebody")
        self.assert_found("event 5 was received and is not in the log")

    def test_a_status_that_goes_back(self):
        self.see(THIRD, "queued")
        self.assert_found(f"{THIRD} went back to queued")

    def test_answers_that_overlap_may_come_in_any_order(self):
        begun = self.history.now()
        self.history.statuses[THIRD] = []
        self.see(THIRD, "scored")
        self.history.seen(THIRD, begun, {"status": "queued", "superseded_by": None})
        self.assertEqual(Checker(self.service, self.history).run(), [])

    def test_totals_that_are_off(self):
        for change, said in (({"scored": 3}, "scored is 3, 2 stand"), ({"failed": 1}, "failed is 1, 0 stand"),
                             ({"confirmed_sum": "175.74"}, "the results add up to 175.75")):
            with self.subTest(change=change):
                self.service.sum = {**Service().sum, **change}
                self.assert_found(said)

    def test_what_is_left_in_the_queue_or_stored_beside(self):
        self.service.overdue = 1
        self.service.inspected = {"intake.pending": "2", "intake.forms": "4"}
        self.assert_found("overdue", "2 submissions are still pending", "4 forms are stored, 3 were acknowledged")

    def test_stores_that_are_not_sound(self):
        self.service.verified = 1
        self.assert_found("ziping verify ended with 1")

    def test_a_contradiction_is_a_finding(self):
        self.history.contradiction("somebody was told two things")
        self.assert_found("somebody was told two things")


if __name__ == "__main__":
    unittest.main()
