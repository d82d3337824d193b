"""What the two stores of a data folder hold, read by Debian's LMDB without the service, in a process of its own: pages
that make no sense may end that process, and say so by that."""
import os
import pickle
import signal
import uuid

import lmdb
import msgpack

SEAL = 8  # the checksum in front of each record
PATIENCE_S = 30


class Damaged(Exception):
    pass


def records(path, *names):
    if not os.path.exists(os.path.join(path, "data.mdb")):
        return {name: {} for name in names}
    env = lmdb.open(path, max_dbs=16, map_size=1 << 28, readonly=True, lock=False, create=False)
    found = {}
    with env.begin() as txn:
        known = {bytes(name) for name, _ in txn.cursor()}
        for name in names:
            db = env.open_db(name.encode(), txn=txn, create=False) if name.encode() in known else None
            found[name] = {bytes(k): bytes(v) for k, v in txn.cursor(db=db)} if db else {}
    env.close()
    return found


class Stores:
    """forms: id to sealed record; keys, revisions: how many; pending: ids; events: number to (what, id, sealed record)."""

    def __init__(self, data):
        intake = records(os.path.join(data, "intake"), "forms", "pending", "idempotency", "revisions")
        scores = records(os.path.join(data, "scores"), "results", "events", "index", "totals")
        self.forms = {str(uuid.UUID(bytes=key)): value for key, value in intake["forms"].items()}
        self.keys, self.revisions = len(intake["idempotency"]), len(intake["revisions"])
        self.pending = {str(uuid.UUID(bytes=key)) for key in intake["pending"]}
        self.results = {str(uuid.UUID(bytes=key)) for key in scores["results"]}
        self.events = {}
        for key, value in scores["events"].items():
            event = msgpack.unpackb(value[SEAL:])
            self.events[int.from_bytes(key, "big")] = event["type"], event["subject"], value


def look(data):
    """The Stores of that folder; Damaged when they cannot be read."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(out)
            signal.alarm(PATIENCE_S)
            with os.fdopen(into, "wb") as pipe:
                try:
                    pickle.dump(Stores(data), pipe)
                    code = 0
                except Exception as fault:  # whatever pages without sense lead to is told by the parent
                    pickle.dump(repr(fault), pipe)
        finally:
            os._exit(code)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        answer = pipe.read()
    status = os.waitpid(child, 0)[1]
    if status or not answer:
        raise Damaged(f"status {status}: {pickle.loads(answer) if answer and os.WIFEXITED(status) else ''}")
    return pickle.loads(answer)
