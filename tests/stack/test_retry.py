"""A form that no worker survived is set aside as failed, the others flow, and an operator has it tried again."""
import unittest

from service import ServiceCase, form_of


class Retry(ServiceCase):
    def test_what_has_failed_is_scored_after_all(self):
        s = self.service()
        s.start_gateway()
        s.start_nginx()
        ident = s.submit(form_of(1)).json()["id"]
        s.lose_workers(3)
        s.start_worker()
        document = s.scored(ident)
        self.assertEqual((document["status"], document["result"]), ("failed", None))
        self.assertEqual(document["failure"]["code"], "ATTEMPTS_EXHAUSTED")
        self.assertEqual(s.scored(s.submit(form_of(2)).json()["id"])["status"], "scored")
        s.wait(lambda: s.metric("ziping_pending") == 0)

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
