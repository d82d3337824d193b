"""A form that ends every worker that scores it: it is set aside, and no other pays for it. Needs a build with hooks."""
import unittest

from actors import WORKER
from service import ServiceCase, body_of, form_of

POISON = "毒"
HOOK = {"ZIPING_HOOK": f"score:{POISON}"}
ATTEMPTS = 3


def has_hooks():
    with open(WORKER, "rb") as program:
        return b"ZIPING_HOOK" in program.read()


@unittest.skipUnless(has_hooks(), "built without hooks")
class Poison(ServiceCase):
    def file(self, s, names):
        lines = b"\n".join(body_of(form_of(1, name)) for name in names)
        answer = s.http.post(s.url + "/v1/submissions:batch", data=lines, headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.text.count('"status":202'), len(names), answer.text[:500])

    def work_until_done(self, s):
        """Two workers, each started again when it has ended."""
        workers, fallen = [], 0
        while s.metric("ziping_pending"):
            alive = [worker for worker in workers if worker.process.poll() is None]
            fallen += len(workers) - len(alive)
            workers = alive + [s.start_program(WORKER, **HOOK) for _ in range(2 - len(alive))]
        return fallen + sum(worker.process.poll() is not None for worker in workers)

    def set_aside(self, poisonous, forms=600):
        s = self.service()
        s.start_gateway()
        s.start_nginx()
        self.file(s, [f"{POISON if n in poisonous else ''}{n}" for n in range(forms)])
        fallen = self.work_until_done(s)
        events = [event["data"] for event in s.events()]
        self.assertEqual(len(events), forms)
        self.assertEqual({e["project_name"] for e in events if e["status"] == "failed"},
                         {f"{POISON}{n}" for n in poisonous})
        self.assertEqual(fallen, ATTEMPTS * len(poisonous))
        # Of what had been charged: each poisonous form's later attempts, and its being given up. Nothing else.
        self.assertEqual(s.metric("ziping_jobs_retried_total"), ATTEMPTS * len(poisonous))

    def test_one_among_many(self):
        self.set_aside({137})

    def test_several_and_one_behind_the_other(self):
        self.set_aside({0, 300, 301, 599})


if __name__ == "__main__":
    unittest.main()
