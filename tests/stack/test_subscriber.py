"""The subscriber that `ziping tail` is made of, towards a notifier that the test plays: slow, forgetful, damaged."""
import json
import subprocess
import tempfile
import unittest

import msgpack
import zmq

from actors import GUARD_S, Case
from service import ZIPING


def frozen(number):
    data = {"status": "scored", "outcome": "consistent", "declared_total": "90.00", "computed_total": "90.00",
            "confirmed_total": "90.00", "grade": "优", "unit": "单位", "unit_code": None, "department": "部门",
            "project_name": f"项目{number}", "year": 2022, "revision": 1, "digest": "sha-256=:" + "A" * 43 + "=:",
            "superseded_by": None}
    return msgpack.packb({"specversion": "1.0", "id": str(number), "source": "/v1/submissions",
                          "type": "ziping.submission.scored", "subject": "0195f2d4-7c1a-7b3e-8f00-1234567890ab",
                          "time": "2026-01-01T00:00:00.000Z", "datacontenttype": "application/json",
                          "sequence": f"{number:020}", "data": data})


def u64(number):
    return number.to_bytes(8, "big")


class Subscriber(Case):
    def setUp(self):
        super().setUp()
        place = tempfile.mkdtemp(prefix="zp-sub-", dir=self.folder.path)
        self.ends = [f"ipc://{place}/{name}.sock" for name in ("events", "replay")]
        self.publish, self.replay = self.context.socket(zmq.XPUB), self.context.socket(zmq.ROUTER)
        for one, end in zip((self.publish, self.replay), self.ends):
            one.linger, one.rcvtimeo = 0, GUARD_S * 1000
            one.bind(end)
            self.addCleanup(one.close)

    def tail(self, count, after=0):
        tail = subprocess.Popen([ZIPING, "tail", "--after", str(after), "--count", str(count), "--publish", self.ends[0],
                                 "--replay", self.ends[1]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(tail.kill)
        self.assertEqual(self.publish.recv(), b"\x01")  # it has subscribed
        return tail

    def question(self, after):
        peer, verb, number, _ = self.replay.recv_multipart()
        self.assertEqual((verb, number), (b"AFTER", u64(after)))
        return peer

    def answer(self, peer, after, newest, *numbers, damaged=(), more=b"\0"):
        events = b"".join(msgpack.packb([n, b"" if n in damaged else frozen(n)]) for n in numbers)
        self.replay.send_multipart([peer, b"EVENTS", u64(newest), u64(after), u64(max(numbers, default=after)), more, events])

    def live(self, number):
        self.publish.send_multipart([b"scored/2022/x/y", u64(number), frozen(number)])

    def numbers_of(self, tail):
        out, err = tail.communicate(timeout=GUARD_S)
        self.assertEqual(tail.returncode, 0, err)
        self.said = err
        return [int(json.loads(line)["id"]) for line in out.splitlines()]

    def test_a_question_asked_twice_is_answered_twice(self):
        tail = self.tail(7)
        peer = self.question(0)
        self.question(0)  # no answer came in time
        self.answer(peer, 0, 2, 1, 2)
        self.answer(peer, 0, 2, 1, 2)
        for number in (3, 4, 6):
            self.live(number)
        self.question(4)
        self.answer(peer, 4, 6, 5, 6)
        self.live(7)
        self.assertEqual(self.numbers_of(tail), [1, 2, 3, 4, 5, 6, 7])

    def test_an_answer_may_come_in_pieces_and_the_next_question_does_not_wait_for_the_last_event(self):
        tail = self.tail(8)
        peer = self.question(0)
        self.answer(peer, 0, 6, 1, 2, more=b"\1")
        self.answer(peer, 2, 6, 3, more=b"\1")
        self.answer(peer, 3, 6, 4)
        self.question(4)
        self.answer(peer, 4, 7, 5, 6, more=b"\1")
        self.answer(peer, 6, 7, 7)
        self.live(8)
        self.assertEqual(self.numbers_of(tail), list(range(1, 9)))

    def test_what_cannot_be_read_is_asked_for_again(self):
        tail = self.tail(4)
        peer = self.question(0)
        head = [peer, b"EVENTS", u64(4), u64(0), u64(4), b"\0"]
        for events in (b"", msgpack.packb([1, frozen(1)])[:-1]):
            self.replay.send_multipart([*head, events])
            self.answer(peer, 4, 4)  # goes on behind what there was not
            self.question(0)
        self.replay.send_multipart([*head, msgpack.packb([1, frozen(1)])])  # ends with another event than it says
        self.question(1)
        self.answer(peer, 1, 4, 2, 3, 4)
        self.assertEqual(self.numbers_of(tail), [1, 2, 3, 4])

    def test_a_damaged_event_is_told_and_passed_over(self):
        tail = self.tail(2)
        self.answer(self.question(0), 0, 3, 1, 2, 3, damaged=(2,))
        self.assertEqual(self.numbers_of(tail), [1, 3])
        self.assertIn("event 2 is damaged", self.said)

    def test_a_log_that_is_shorter_than_the_position_is_another_log(self):
        tail = self.tail(1, after=9)
        self.answer(self.question(9), 9, 3)
        _, err = tail.communicate(timeout=GUARD_S)
        self.assertEqual(tail.returncode, 3)
        self.assertIn("begin with --after 0", err)


if __name__ == "__main__":
    unittest.main()
