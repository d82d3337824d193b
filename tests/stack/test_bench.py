"""The benchmarks' own machinery: the load counts what the other side saw, the loader's stores are sound, a run ends in order."""
import collections
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import unittest

from actors import BUILD, ROOT
from service import Service, ServiceCase, body_of, form_of

BENCH = os.path.join(BUILD, "tests", "bench")
RUN = os.path.join(ROOT, "tests", "bench", "run")
PROFILE = os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")
FORM = os.path.join(ROOT, "tests", "forms", "seed-1.json")
LENGTH = re.compile(rb"^content-length: *(\d+)", re.I | re.M)
ANSWERS = ("202", "chunks", "503", "close", "422", "nothing")  # in turn, over all connections


class Other:
    """Answers requests in turn by all the ways there are, and keeps what it saw."""

    def __init__(self):
        self.lock, self.seen, self.bodies = threading.Lock(), collections.Counter(), []
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    @staticmethod
    def request(client):
        got = b""
        while b"\r\n\r\n" not in got:
            piece = client.recv(65536)
            if not piece:
                return None
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        size = LENGTH.search(head)
        while len(body) < (int(size.group(1)) if size else 0):
            body += client.recv(65536)
        return body

    def serve(self, client):
        with client:
            while (body := self.request(client)) is not None:
                with self.lock:
                    answer = ANSWERS[sum(self.seen.values()) % len(ANSWERS)]
                    self.seen[answer] += 1
                    self.bodies.append(body)
                if answer == "nothing":
                    return
                if answer == "chunks":
                    client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nx-ti\r\n8\r\nck-t")
                    client.sendall(b"ick-\r\n0\r\n\r\n")
                    continue
                status = {"close": "202"}.get(answer, answer)
                more = "Connection: close\r\n" if answer == "close" else ""
                client.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{more}\r\n{{}}".encode())
                if answer == "close":
                    return


class Bench(ServiceCase):
    def load(self, port, *words):
        text = subprocess.run([os.path.join(BENCH, "load"), "--port", str(port), "--seconds", "1", *words], check=True,
                              capture_output=True, text=True).stdout
        return json.loads(text)

    def form(self):
        with tempfile.NamedTemporaryFile(delete=False) as out:
            self.addCleanup(os.unlink, out.name)
            out.write(body_of(form_of(1, "@PROJECT@")))
        return out.name

    def check_counts(self, *loop):
        other = Other()
        self.addCleanup(other.listening.close)
        told = self.load(other.port, "--connections", "4", "--item", "tick", *loop, "submit", self.form(), "tag")
        seen = other.seen
        self.assertGreater(min(seen[answer] for answer in ANSWERS), 0)
        self.assertEqual(told["good"], seen["202"] + seen["chunks"] + seen["close"])
        self.assertEqual((told["busy"], told["bad"], told["broken"]), (seen["503"], seen["422"], seen["nothing"]))
        self.assertEqual((told["sent"], told["unanswered"], told["first_bad"]), (sum(seen.values()), 0, 422))
        self.assertEqual(told["items"], 2 * seen["chunks"])  # the one that lies across two chunks as well
        self.assertEqual(told["latency"]["good"]["count"], told["good"])
        projects = {json.loads(body)["project_name"] for body in other.bodies}
        self.assertEqual(len(projects), told["sent"])
        return told

    def test_a_closed_loop_counts_what_the_other_side_saw(self):
        told = self.check_counts()
        self.assertEqual(told["given_up"], 0)
        self.assertLessEqual(told["slowest_client"], told["quickest_client"])

    def test_an_open_loop_sends_or_gives_up_each_request_that_fell_due(self):
        told = self.check_counts("--rate", "300")
        self.assertEqual(told["sent"] + told["given_up"], 300)

    def test_a_loaded_store_is_sound_and_is_served(self):
        service = Service()
        self.addCleanup(self.check_end, service)
        paths = os.path.join(service.folder, "paths")
        subprocess.run([os.path.join(BENCH, "loader"), service.data, str(1 << 28), "3000", PROFILE, FORM, paths], check=True,
                       capture_output=True)
        verdict = service.ziping("verify")
        self.assertEqual(verdict.returncode, 0, verdict.stdout)
        service.start()
        self.assertEqual(service.metric("ziping_last_event"), 3000)
        self.assertEqual(service.metric("ziping_pending"), 0)
        with open(paths, encoding="utf-8") as source:
            lines = [line.split() for line in source]
        self.assertEqual(len({path for path, _ in lines}), 3000)
        for path, tag in lines[::500]:
            self.assertEqual(service.get(path, **{"If-None-Match": tag}).status_code, 304)
        ident = service.submit(form_of(1, "另一个")).json()["id"]
        self.assertEqual(service.scored(ident)["status"], "scored")

    def test_the_loader_refuses_what_the_disk_cannot_hold(self):
        with tempfile.TemporaryDirectory() as folder:
            told = subprocess.run([os.path.join(BENCH, "loader"), folder, str(1 << 28), str(10 ** 12), PROFILE, FORM],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn("are free", told.stderr)

    def test_a_short_run_ends_in_order_with_all_its_figures(self):
        parts = ("rest", "rates", "growth")
        with tempfile.TemporaryDirectory() as folder:
            figures = os.path.join(folder, "figures.json")
            told = subprocess.run([RUN, "--no-build", "--no-peer", "--build", BUILD, "--only", ",".join(parts), "--seconds", "1",
                                   "--rounds", "1", "--concurrency", "4", "--sizes", "100", "--json", figures], capture_output=True, text=True, check=False)
            self.assertEqual(told.returncode, 0, told.stdout + told.stderr)
            with open(figures, encoding="utf-8") as source:
                document = json.load(source)
        self.assertEqual(document["doubts"], [])
        self.assertEqual({row["part"] for row in document["figures"]}, {*parts, "disk"})
        for row in document["figures"]:
            self.assertEqual(row.get("faults", 0), 0, row)


if __name__ == "__main__":
    unittest.main()
