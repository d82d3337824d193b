"""What one core or one part does alone: scoring, parsing, LMDB, publishing and replaying events."""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

from actors import BUILD, NOTIFIER, ROOT
from contenders import BENCH, HERE

PROFILE = os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")
SCORE = re.compile(r"^ *(\S.*?) +(\d+) ns +(\d+) a second", re.M)
PUBLISH = re.compile(r"publish +(\d+) subscribers: +(\d+) events/s, a bare XPUB +(\d+)")
REPLAY = re.compile(r"replay +(\d+) events: (\d+) events/s, walking the log (\d+)")
LATENCY = re.compile(r"latency .*p50 (\d+) us, p99 (\d+) us, most (\d+) us")


def output(*command, **environment):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True,
                          env={**os.environ, **environment}).stdout


def score(bench):
    bench.report.part("")
    forms = sorted(glob.glob(os.path.join(ROOT, "tests", "forms", "seed-*.json")))
    text = output(os.path.join(BENCH, "score_bench"), PROFILE, *forms, ROUND="4000" if bench.wanted.quick else "20000")
    for name, ns, rate in SCORE.findall(text):
        bench.report.figure(f"one core: {name}", int(rate), "forms a second", f"{int(ns) / 1000:.1f} µs")


def puts(bench):
    """Durable puts of 3 KB, LMDB alone, by how many share a commit."""
    bench.report.part("")
    folder = tempfile.mkdtemp(prefix="zp-puts-")
    try:
        told = json.loads(output(os.path.join(BENCH, "puts_bench"), folder, max(1, bench.wanted.seconds // 2), 1, 64, 256))
    finally:
        shutil.rmtree(folder)
    for size, rate in told.items():
        bench.report.figure(f"LMDB alone, {size} puts in a commit", rate, "puts a second", forms_in_one=int(size))


def events(bench):
    bench.report.part("")
    thousands = 20 if bench.wanted.quick else 200
    text = output(os.path.join(BENCH, "publish_bench"), NOTIFIER, thousands)
    for count, ours, bare in PUBLISH.findall(text):
        bench.report.figure(f"events published to {count} subscribers", int(ours), "a second",
                            f"{int(ours) / int(bare):.2f} of a bare XPUB ({bare})", ratio=round(int(ours) / int(bare), 3))
    for _, ours, walk in REPLAY.findall(text):
        bench.report.figure("events replayed to the library", int(ours), "a second",
                            f"{int(ours) / int(walk):.2f} of walking the log ({walk})", ratio=round(int(ours) / int(walk), 3))
    for p50, p99, most in LATENCY.findall(text):
        bench.report.figure("commit to subscriber, p50", int(p50) / 1000, "ms", f"p99 {int(p99) / 1000:.2f}, most "
                            f"{int(most) / 1000:.2f}", p99_ms=int(p99) / 1000, most_ms=int(most) / 1000)


def subscribers(bench):
    """tests/bench/subscribers_bench.py, which has a table of its own; its figures as it gives them."""
    bench.report.part("")
    if not shutil.which("wrk"):
        print("subscribers_bench.py is left out: wrk is missing (docker/install bench)")
        return
    path = os.path.join(tempfile.mkdtemp(prefix="zp-subscribers-"), "figures.json")
    short = ["--streams", "200", "--seconds", "1", "--rounds", "1"] if bench.wanted.quick else []
    try:
        subprocess.run([os.path.join(HERE, "subscribers_bench.py"), "--build", BUILD, "--json", path, *short], check=True)
        with open(path, encoding="utf-8") as source:
            bench.report.rows.append({"part": "subscribers", "what": "subscribers_bench", "figures": json.load(source)})
    finally:
        shutil.rmtree(os.path.dirname(path))
