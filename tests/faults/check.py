"""What must hold after any faults, by what clients were told and what the HTTP interface and `ziping inspect` say.

Each finding is one line that names the submission or event; the campaign adds its history. That each of these findings
is made when it should be is tested in tests/stack/test_checker.py.
"""
import json
from decimal import Decimal

import msgpack

RANK = {"queued": 0, "failed": 1, "scored": 2, "superseded": 3}  # failed may become scored: an operator's retry


class Checker:
    def __init__(self, service, history):
        self.service, self.history = service, history
        self.findings = list(history.contradictions)

    def say(self, text):
        self.findings.append(text)

    def run(self):
        forms = self.history.known()
        documents = {form.id: self.service.status(form.id) for form in forms}
        events = self.service.events()
        self.forms(forms, documents)
        self.doubts()
        self.statuses()
        self.results(documents)
        self.events(documents, events)
        self.copies(events)
        self.deliveries(events)
        self.totals(documents)
        self.queue(documents)
        self.stores()
        return self.findings

    def forms(self, forms, documents):
        """Every acknowledgement stands: stored once, with its digest, and at its end."""
        by_id = {}
        for form in forms:
            by_id.setdefault(form.id, []).append(form)
            document = documents[form.id]
            if "status" not in document or document.get("id") != form.id:
                self.say(f"{form.key}: {form.id} was acknowledged and is not there: {document}")
                continue
            if document["receipt"]["digest"] != form.digest:
                self.say(f"{form.key}: {form.id} has another digest than its receipt")
            # Whose every attempt was lost on its way is set aside like a poisonous one; both are visible and counted.
            lossy = self.history.counts.get("messages lost", 0) > 0
            ends = ("failed", "scored", "superseded") if form.poison or lossy else ("scored", "superseded")
            if document["status"] == "failed":
                self.history.count(f"{'poison' if form.poison else 'sound forms'} set aside")
            if document["status"] not in ends:
                self.say(f"{form.key}: {form.id} ended as {document['status']}")
        for ident, same in by_id.items():
            if len({form.key for form in same}) > 1:
                self.say(f"{ident} is the submission of {', '.join(form.key for form in same)}")
        for form in self.history.forms.values():
            if not form.id:
                self.say(f"{form.key} was never acknowledged although its client asked until the end")

    def doubts(self):
        """An unknown outcome is an answer of a disk that fails, and of nothing else."""
        for form in self.history.forms.values():
            if not self.history.disk_faults and any("OUTCOME_UNKNOWN" in said.what for said in form.told):
                self.say(f"{form.key}: was told OUTCOME_UNKNOWN although the disk never failed")

    def statuses(self):
        """Nobody was told of an earlier state after somebody had been told of a later one."""
        for ident, said in self.history.statuses.items():
            said = sorted(said, key=lambda s: s.asked)
            highest, heard = 0, []
            for answer in said:
                for earlier in heard:
                    if earlier.heard < answer.asked:
                        highest = max(highest, RANK[earlier.what])
                if RANK[answer.what] < highest:
                    self.say(f"{ident} went back to {answer.what}")
                heard = [s for s in heard if s.heard >= answer.asked] + [answer]

    def results(self, documents):
        """A score that somebody was told of is the one that stands: there is one result, for all and for ever."""
        for ident, said in self.history.statuses.items():
            final = documents.get(ident)
            told = [answer.facts for answer in said if answer.what in ("scored", "superseded")]
            if not told or not final or not final.get("result"):
                continue
            stands = {"scored_at": final["scored_at"], **self.history.sums_of(final)}
            for facts in told:
                if any(facts[name] != value for name, value in stands.items()):
                    self.say(f"{ident} had another result: {facts}, now {stands}")
                    break

    def events(self, documents, events):
        """Numbered without a gap; one scored event for each scored submission; the same for all who received them."""
        for place, event in enumerate(events, 1):
            if int(event["id"]) != place:
                self.say(f"event {place} is missing: {event['id']} stands in its place")
                break
        scored, failed, superseded = {}, {}, {}
        kinds = {"scored": scored, "failed": failed, "superseded": superseded}
        for event in events:
            kind = kinds[event["type"].rsplit(".", 1)[1]]
            kind[event["subject"]] = kind.get(event["subject"], 0) + 1
            if event["subject"] not in documents:
                self.say(f"event {event['id']} is about {event['subject']}, which nobody was told of")
        for ident, document in documents.items():
            once = scored.get(ident, 0) + failed.get(ident, 0)
            if once != 1:
                self.say(f"{ident} has {scored.get(ident, 0)} scored and {failed.get(ident, 0)} failed events")
            if superseded.get(ident, 0) != (document.get("status") == "superseded"):
                self.say(f"{ident} is {document.get('status')} and has {superseded.get(ident, 0)} superseded events")
        for number, frozen in self.history.events.items():
            if number > len(events):
                self.say(f"event {number} was received and is not in the log")
            elif msgpack.unpackb(frozen) != events[number - 1]:
                self.say(f"event {number} was received with another content than the log's")
        for number, text in self.history.documents.items():
            if number > len(events):
                self.say(f"event {number} was sent and is not in the log")
            elif json.loads(text) != events[number - 1]:
                self.say(f"event {number} was sent with another content than the log's")

    def copies(self, events):
        """Whoever followed the log has it whole. Each copy's own order was watched while it grew."""
        for name, (behind, last) in self.history.copies.items():
            if last != len(events):
                self.say(f"{name} has the events behind {behind} to {last}, the log ends at {len(events)}")

    def deliveries(self, events):
        """Every event to every webhook, at least once, signed, and none before the one in front of it was taken."""
        for name, deliveries in self.history.deliveries.items():
            taken = 0
            for delivery in deliveries:
                if not delivery.signed:
                    self.say(f"{name} was sent event {delivery.number} with a signature that is not valid")
                if delivery.ident != f"evt_{delivery.number}":
                    self.say(f"{name} was sent event {delivery.number} as {delivery.ident}")
                if delivery.number > taken + 1:
                    self.say(f"{name} was sent event {delivery.number} when it had taken those up to {taken}")
                if delivery.taken and delivery.number == taken + 1:
                    taken = delivery.number
            if taken != len(events):
                self.say(f"{name} has taken the events up to {taken}, the log ends at {len(events)}")

    def totals(self, documents):
        """The sums are those of the results that stand."""
        total = self.service.get("/v1/totals").json()["sum"]
        standing = [d for d in documents.values() if d.get("status") in ("scored", "failed")]
        scored = [d for d in standing if d["status"] == "scored"]
        expected = {"scored": len(scored), "failed": len(standing) - len(scored)}
        for key, value in expected.items():
            if total[key] != value:
                self.say(f"totals: {key} is {total[key]}, {value} stand")
        confirmed = sum(Decimal(d["result"]["confirmed_total"]) for d in scored)
        if Decimal(total["confirmed_sum"]) != confirmed:
            self.say(f"totals: confirmed_sum is {total['confirmed_sum']}, the results add up to {confirmed}")

    def stores(self):
        """Every record, index and sum on disk, as `ziping verify` reads them."""
        done = self.service.ziping("verify")
        if done.returncode != 0:
            self.say(f"ziping verify ended with {done.returncode}: {done.stdout[-2000:]} {done.stderr[-2000:]}")

    def queue(self, documents):
        if self.service.metric("ziping_overdue"):
            self.say("submissions are overdue")
        inspected = dict(line.split("=", 1) for line in self.service.ziping("inspect").stdout.splitlines() if "=" in line)
        if int(inspected["intake.pending"]):
            self.say(f"{inspected['intake.pending']} submissions are still pending")
        if int(inspected["intake.forms"]) != len(documents):
            self.say(f"{inspected['intake.forms']} forms are stored, {len(documents)} were acknowledged")
