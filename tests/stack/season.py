"""A service on which everything has happened that can, and what the command says of its stores."""
import json
import subprocess

from service import ZIPING, form_of


def ziping(*arguments):
    """Runs the command without any service; what it answered."""
    return subprocess.run([ZIPING, *arguments], capture_output=True, text=True, timeout=120, check=False)


def figures(text):
    """The key=value lines."""
    return {key: int(value) for key, value in (line.split("=") for line in text.splitlines() if "=" in line)}


def numbered_forms(count):
    return "".join(json.dumps(form_of(1 + n % 6, f"项目{n}"), ensure_ascii=False) + "\n" for n in range(count))


def corrected(form, number):
    """The same form with another text."""
    return {**form, "goals": {"expected": f"第{number}次", "actual": f"第{number}次"}}


class Season:
    """A service on which everything has happened that can: revisions, failures, retries, keys."""

    def __init__(self, service):
        s = self.service = service
        s.start_gateway()
        s.start_nginx()
        self.failed, self.retried, self.corrected = (self.fail(form_of(n, f"试过三次{n}", department="别处")) for n in (1, 2, 3))
        s.start_worker()
        s.start_notifier()
        assert s.ziping("retry", self.retried).returncode == 0
        s.wait(lambda: s.status(self.retried)["status"] == "scored")
        self.revise(self.corrected, corrected(form_of(3, "试过三次3", department="别处"), 1))
        self.ids = [s.submit(form_of(n), **{"Idempotency-Key": f'"key-{n}"'}).json()["id"] for n in range(1, 7)]
        for ident in self.ids:
            assert s.scored(ident)["status"] == "scored"
        self.second = self.revise(self.ids[0], corrected(form_of(1), 1))
        self.third = self.revise(self.second, corrected(form_of(1), 2))

    def fail(self, form):
        """Submits a form that no worker survives; its id."""
        s = self.service
        ident = s.submit(form).json()["id"]
        s.lose_workers(3)
        recorder = s.start_worker()
        assert s.scored(ident)["status"] == "failed"
        s.wait(lambda: s.metric("ziping_pending") == 0)
        assert recorder.stop() == 0
        return ident

    def revise(self, ident, form):
        s = self.service
        answer = s.submit(form, **{"If-Match": s.get(f"/v1/submissions/{ident}").headers["ETag"]})
        assert answer.status_code == 202, answer.text
        s.scored(answer.json()["id"])
        return answer.json()["id"]

    def told(self):
        return told_by(self.service)


def told_by(service):
    """Everything that a service says about what it holds."""
    listed = service.get("/v1/submissions?limit=200").json()["items"]
    return {"documents": {item["id"]: service.status(item["id"]) for item in listed},
            "events": service.get("/v1/events?after=0&limit=1000").content,
            "totals": service.get("/v1/totals").json()}
