#!/usr/bin/python3
"""What those who follow the events cost: memory for each stream, and what one that stops reading does to the others.

usage: tests/bench/subscribers_bench.py [--streams N] [--seconds N] [--rounds N] [--build DIR] [--json FILE]

Runs the whole service of a build tree (default build-bench, which tests/bench/run makes). Memory: proportional set size
(PSS) of gateway and nginx before and with N idle Server-Sent-Event streams and N waiting polls, over nginx. Stall: forms
accepted in a second and the lag from a form's acceptance to a reader's hands, with and without a follower that never
reads, for Server-Sent Events and for ZeroMQ, in turn; the ratios are those of one run. Needs wrk. Ends by itself.
"""
import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=4, help="of each load (default 4)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16, help="of the load (default 16)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build-bench"))
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser.parse_args()


WANTED = arguments()
os.environ["ZP_BIN"] = os.path.abspath(WANTED.build)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "stack"))
sys.path.insert(0, HERE)

import msgpack  # noqa: E402
import zmq  # noqa: E402
from machine import children_of, describe, read  # noqa: E402
from service import Service, body_of, form_of  # noqa: E402

STREAM = "GET /v1/events HTTP/1.0\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n"  # 1.0: no chunks in between
POLL = "GET /v1/events?after={} HTTP/1.1\r\nHost: bench\r\nPrefer: wait=25\r\n\r\n"


def pss_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M).group(1))


class Bench:
    def __init__(self):
        self.service = Service()
        self.service.settings["map_size"] = 32 << 30
        self.service.start(workers=1)
        self.form = os.path.join(self.service.folder, "form.json")
        with open(self.form, "wb") as out:
            out.write(body_of(form_of(1, "@PROJECT@")))
        self.address = ("127.0.0.1", int(self.service.url.rsplit(":", 1)[1]))
        self.service.submit(form_of(1), Prefer="wait=20")
        self.figures = {}

    def open(self, request):
        connection = socket.create_connection(self.address)
        connection.sendall(request.encode())
        return connection

    def newest(self):
        return int(self.service.metric("ziping_last_event"))

    def memory(self):
        return {"gateway": pss_kib(self.service.gateway.process.pid),
                "nginx": sum(map(pss_kib, children_of(self.service.nginx.process.pid)))}

    def idle(self, name, request):
        """KiB for each, when all are there; a poll may end early, a stream does not."""
        before = self.memory()
        connections = [self.open(request) for _ in range(WANTED.streams)]
        self.service.wait(lambda: self.service.metric("ziping_followers") >= WANTED.streams)
        after = self.memory()
        for connection in connections:
            connection.close()
        self.service.wait(lambda: self.service.metric("ziping_followers") == 0)
        each = {part: round((after[part] - before[part]) / WANTED.streams, 2) for part in before}
        self.figures[name] = each
        print(f"{name:<42} {each['gateway']:6.2f} KiB gateway, {each['nginx']:6.2f} KiB nginx, for each of {WANTED.streams}")

    # ---- stall ----

    def load(self, reader):
        """(accepted in a second, median and p99 of the reader's lag in ms)"""
        reader.begin()
        before = self.service.metric("ziping_accepted_total")
        run = subprocess.run(["wrk", "-t1", f"-c{WANTED.connections}", f"-d{WANTED.seconds}s", "-s",
                              os.path.join(HERE, "submit.lua"), self.service.url + "/v1/submissions", "--", self.form,
                              f"stall{time.time_ns()}", "0"], capture_output=True, text=True, check=True)
        micros = int(next(line for line in run.stdout.splitlines() if line.startswith("FIGURES ")).split()[2])
        accepted = self.service.metric("ziping_accepted_total") - before
        self.service.wait(lambda: self.service.metric("ziping_pending") == 0)
        lags = sorted(reader.end())
        return accepted / micros * 1e6, statistics.median(lags), lags[int(len(lags) * 0.99)]

    def stall(self, name, reader, stalled):
        rows = []
        for turn in range(2 * WANTED.rounds):  # alone, beside, beside, alone: the store grows meanwhile
            beside = turn % 4 in (1, 2)
            stuck = stalled() if beside else None
            figures = self.load(reader())
            if stuck:
                stuck.close()
            if turn % 2 == 0:
                rows.append([None, None])
            rows[-1][beside] = figures
        told = {}
        for at, what in enumerate(("accepted_per_second", "lag_p50_ms", "lag_p99_ms")):
            ratios = [beside[at] / alone[at] for alone, beside in rows]
            told[what] = {"alone": round(statistics.median(row[0][at] for row in rows), 2),
                          "beside": round(statistics.median(row[1][at] for row in rows), 2),
                          "ratio": round(statistics.median(ratios), 2), "least": round(min(ratios), 2),
                          "most": round(max(ratios), 2)}
            row = told[what]
            print(f"{name + ', ' + what:<42} {row['alone']:>9} alone, {row['beside']:>9} beside one that never reads: "
                  f"ratio {row['ratio']:.2f} ({row['least']:.2f}-{row['most']:.2f})")
        self.figures[f"stall of a {name} follower"] = told


class Lags:
    """A reader of events in a thread of its own; a lag is from the submission's time to the reader's hands."""

    def begin(self):
        self.lags, self.ending = [], threading.Event()
        self.open()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def take(self, scored_at):
        self.lags.append(time.time() * 1000 - scored_at)

    def end(self):
        self.ending.set()
        self.thread.join()
        self.close()
        return self.lags


def millis(text):
    """Of an event's time, 2026-01-31T12:34:56.789Z, within the hour: enough for lags."""
    minutes, seconds = text[14:-1].split(":")
    now = time.time()
    hour = now - now % 3600
    at = hour + int(minutes) * 60 + float(seconds)
    return (at - 3600 if at > now + 1800 else at + 3600 if at < now - 1800 else at) * 1000


class StreamLags(Lags):
    def __init__(self, bench):
        self.bench = bench

    def open(self):
        self.socket = self.bench.open(STREAM)
        self.socket.settimeout(0.2)

    def close(self):
        self.socket.close()

    def run(self):
        rest = b""
        while not self.ending.is_set():
            try:
                rest += self.socket.recv(1 << 16)
            except TimeoutError:
                continue
            *lines, rest = rest.split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    self.take(millis(json.loads(line[5:])["time"]))


class FeedLags(Lags):
    def __init__(self, bench):
        self.endpoint = f"ipc://{bench.service.run}/events.sock"

    def open(self):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        self.socket.linger, self.socket.rcvtimeo = 0, 200
        self.socket.subscribe(b"")
        self.socket.connect(self.endpoint)
        while not self.received():
            pass

    def received(self):
        try:
            return self.socket.recv_multipart()
        except zmq.Again:
            return None

    def close(self):
        self.socket.close()
        self.context.term()

    def run(self):
        while not self.ending.is_set():
            message = self.received()
            if message and message[0] != b"beat":
                self.take(millis(msgpack.unpackb(message[2])["time"]))


class StuckFeed:
    def __init__(self, bench):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        self.socket.linger, self.socket.rcvhwm = 0, 1
        self.socket.subscribe(b"")
        self.socket.connect(f"ipc://{bench.service.run}/events.sock")

    def close(self):
        self.socket.close()
        self.context.term()


PARTS = (lambda bench: bench.idle("an idle stream", STREAM),
         lambda bench: bench.idle("a waiting poll", POLL.format(bench.newest())),
         lambda bench: bench.stall("Server-Sent Events", lambda: StreamLags(bench), lambda: bench.open(STREAM)),
         lambda bench: bench.stall("ZeroMQ", lambda: FeedLags(bench), lambda: StuckFeed(bench)))


def main():
    """Each part has a service of its own: memory that was once taken is not given back."""
    figures = {}
    for number, part in enumerate(PARTS):
        bench = Bench()
        try:
            if number == 0:
                print(describe(bench.service.folder), end="\n\n")
            part(bench)
        finally:
            bench.service.end()
        figures |= bench.figures
    if WANTED.json:
        with open(WANTED.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)


main()
