"""What clients were told, in the order in which they were told it: all that the checker believes."""
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Said:
    """One answer: when it was asked for and when it was there, in seconds of one clock."""
    asked: float
    heard: float
    what: str
    facts: dict


@dataclass
class Delivery:
    """One request that a webhook's receiver got."""
    number: int
    ident: str
    signed: bool
    taken: bool  # answered with 2xx


@dataclass
class Form:
    """One submission as its client knows it."""
    key: str
    project: str
    poison: bool = False
    replaces: str = None  # the id of the revision before
    id: str = None
    digest: str = None
    told: list = field(default_factory=list)


class History:
    def __init__(self):
        self.lock = threading.Lock()
        self.forms = {}  # by key
        self.statuses = {}  # by id: [Said]
        self.events = {}  # by number: the bytes of the first who got it
        self.documents = {}  # by number: the event's JSON, likewise
        self.deliveries = {}  # by the name of the webhook's receiver: [Delivery]
        self.taken = {}  # by the same: the highest number that it took
        self.copies = {}  # by the name of who keeps a copy of the log: (behind which number it begins, its last)
        self.disk_faults = 0
        self.contradictions = []
        self.counts = {}
        self.fault_log = []

    @staticmethod
    def now():
        return time.monotonic()

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + n

    def contradiction(self, text):
        with self.lock:
            if text not in self.contradictions:
                self.contradictions.append(text)

    def fault(self, text):
        with self.lock:
            self.fault_log.append((self.now(), text))

    def begin(self, form):
        with self.lock:
            self.forms[form.key] = form
        return form

    def acknowledged(self, form, asked, status, document):
        """A 2xx for this form. The same key must always stand for the same submission and content."""
        ident, digest = document["id"], document["receipt"]["digest"]
        with self.lock:
            form.told.append(Said(asked, self.now(), f"{status}", {"id": ident}))
            if form.id not in (None, ident):
                self.contradictions.append(f"{form.key}: was {form.id}, is {ident}")
            if form.digest not in (None, digest):
                self.contradictions.append(f"{form.key}: digest was {form.digest}, is {digest}")
            form.id, form.digest = ident, digest

    def put_off(self, form, asked, status, code):
        """A 5xx: the same is sent again."""
        self.count(f"{status} {code}")
        self.refused(form, asked, status, code)

    def refused(self, form, asked, status, code):
        with self.lock:
            form.told.append(Said(asked, self.now(), f"{status} {code}", {}))

    def seen(self, ident, asked, document):
        with self.lock:
            self.statuses.setdefault(ident, []).append(
                Said(asked, self.now(), document["status"],
                     {name: document[name] for name in ("superseded_by", "scored_at")} | self.sums_of(document)))

    @staticmethod
    def sums_of(document):
        """What of a result may never change once it was told."""
        result = document["result"] or {}
        return {name: result.get(name) for name in ("computed_total", "confirmed_total", "grade")}

    def event(self, number, frozen, who):
        """An event that somebody received; a replay must give the same bytes."""
        self.hold_against(self.events, number, frozen, who)

    def document(self, number, text, who):
        """The same as JSON, from a stream or a webhook."""
        self.hold_against(self.documents, number, bytes(text), who)

    def hold_against(self, known, number, given, who):
        with self.lock:
            if known.setdefault(number, given) != given:
                self.contradictions.append(f"event {number}: {who} got other bytes than the first who got it")

    def delivery(self, who, number, ident, body, signed, taken):
        self.document(number, body, who)
        with self.lock:
            self.deliveries.setdefault(who, []).append(Delivery(number, ident, signed, taken))
            if taken:
                self.taken[who] = max(number, self.taken.get(who, 0))

    def taken_upto(self, who):
        """The highest number that this receiver has taken."""
        with self.lock:
            return self.taken.get(who, 0)

    def began_behind(self, who, number):
        with self.lock:
            self.copies[who] = number, number

    def ended_at(self, who, number):
        with self.lock:
            self.copies[who] = self.copies.get(who, (0, 0))[0], number

    def known(self):
        """Forms that are acknowledged."""
        with self.lock:
            return [form for form in self.forms.values() if form.id]

    def of(self, text):
        """All that is known about the submissions that the text names."""
        with self.lock:
            lines = []
            for form in self.forms.values():
                if form.key in text or (form.id and form.id in text):
                    lines.append(f"{form.key} ({form.project}) id {form.id} digest {form.digest}")
                    said = form.told + self.statuses.get(form.id, [])
                    lines += [f"    {s.asked:.3f}-{s.heard:.3f} {s.what} {s.facts}"
                              for s in sorted(said, key=lambda s: s.heard)]
            return "\n".join(lines)
