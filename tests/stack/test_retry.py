"""A form that no worker survived is set aside as failed, the others flow, and an operator has it tried again."""
import unittest

import msgpack
import zmq

from actors import JOBS, READY, VERSION
from service import ServiceCase, form_of


class Retry(ServiceCase):
    def vanish_with_a_job(self, s, context):
        """A worker that takes whatever it is given, and is never heard again."""
        with context.socket(zmq.DEALER) as worker:
            worker.linger = 0
            worker.connect(f"ipc://{s.run}/dispatch.sock")
            worker.send(msgpack.packb([VERSION, READY, 10]))
            while msgpack.unpackb(worker.recv(), strict_map_key=False)[1] != JOBS:
                pass
        s.wait(lambda: s.metric("ziping_workers") == 0)

    def test_what_has_failed_is_scored_after_all(self):
        s = self.service()
        s.start_gateway()
        s.start_nginx()
        ident = s.submit(form_of(1)).json()["id"]
        with zmq.Context() as context:
            for _ in range(3):
                self.vanish_with_a_job(s, context)
        s.start_worker()
        document = s.scored(ident)
        self.assertEqual((document["status"], document["result"]), ("failed", None))
        self.assertEqual(document["failure"]["code"], "ATTEMPTS_EXHAUSTED")
        self.assertEqual(s.scored(s.submit(form_of(2)).json()["id"])["status"], "scored")

        done = s.ziping("retry", ident)
        self.assertEqual((done.returncode, done.stdout), (0, f"{ident}\twill be tried again\n"))
        s.wait(lambda: s.status(ident)["status"] == "scored")
        self.assertEqual(s.status(ident)["result"]["computed_total"], "99.61")
        self.assertEqual([(e["type"].rsplit(".", 1)[1], e["subject"]) for e in s.events() if e["subject"] == ident],
                         [("failed", ident), ("scored", ident)])
        totals = s.get("/v1/totals").json()["sum"]
        self.assertEqual((totals["scored"], totals["failed"]), (2, 0))
        again = s.ziping("retry", ident)
        self.assertEqual(again.returncode, 1)
        self.assertIn("409 Only what is recorded as failed can be tried again.", again.stderr)


if __name__ == "__main__":
    unittest.main()
