"""The service over time: a minute of forms with its queue, submit to score at half load, more than it can take, a season."""
import os
import re
import statistics
import subprocess
import threading
import time

from contenders import Load, Ziping, wait_until
from machine import Usage, memory_mib
from rates import listing_paths, submit, write_paths

LOOK_S = 0.5
LEAST_S = 4  # of an overload: shorter, and what comes before it is full shows
PROBES = 50  # a second
POLLS = 500  # a second
POLLERS = 64  # who wait for an answer at once, at most
CROWD = 2000  # connections of the overload
PATIENCE_MS = 5000  # until one of them leaves
SMALL_QUEUE = 1000
DAYS = 4  # of the season


def memory_by_name(ziping):
    memory = {}
    for name, pid in ziping.pids():
        memory[name] = memory.get(name, 0) + memory_mib(pid, "RssAnon")
    return memory


class Watch:
    """Looks at queue and memory twice a second while something else runs."""

    def __init__(self, ziping):
        self.ziping, self.over = ziping, threading.Event()
        self.depths, self.memory = [], {}
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        begun = time.monotonic()
        while not self.over.wait(LOOK_S):
            self.depths.append((round(time.monotonic() - begun, 1), int(self.ziping.counters()["pending"])))
            for name, mib in memory_by_name(self.ziping).items():
                self.memory[name] = max(self.memory.get(name, 0), mib)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def tell_memory(bench, when, memory):
    for name, mib in memory.items():
        bench.report.figure(f"memory of {name}, {when}", mib, "MiB", process=name)
    bench.report.figure(f"memory of all, {when}", sum(memory.values()), "MiB", "their own; the mapped stores aside")


def at_rest(bench):
    bench.report.part("")
    tell_memory(bench, "at rest", memory_by_name(bench.ziping))


def sustained(bench):
    report, ziping, seconds = bench.report, bench.ziping, bench.wanted.sustained
    report.part(f"{seconds} s of forms without a pause; ratio beside the echo before and after")
    echoes = [Load(bench.echo.port, 64, bench.wanted.seconds, "submit", bench.echo.form, "b").end()]
    usage, before = Usage(ziping.pids()), ziping.counters()
    with Watch(ziping) as watch:
        run = Load(ziping.port, 64, seconds, "submit", ziping.form, "sustained").end()
        after = ziping.counters()
        used = usage.since()
    ziping.drain()
    echoes.append(Load(bench.echo.port, 64, bench.wanted.seconds, "submit", bench.echo.form, "a").end())
    run.took = after["accepted_total"] - before["accepted_total"]
    bench.stored += run.took
    scored = after["last_event"] - before["last_event"]
    commits = after["commits_total"] - before["commits_total"]
    report.add("accepted and durable", [run] * 2, echoes, to_name="echo")
    report.figure("scored meanwhile", scored / seconds, "a second", f"{scored / run.took:.3f} of the accepted",
                  ratio=round(scored / run.took, 4))
    report.figure("queue when the load ended", after["pending"], "forms",
                  "each half second: " + " ".join(str(depth) for _, depth in watch.depths[::max(1, len(watch.depths) // 12)]),
                  depths=watch.depths)
    report.figure("commits of intake", commits / seconds, "a second", f"{run.took / commits:.1f} forms in one")
    halves = run.told["slices"]
    report.figure("forms in a half second, least of all", min(halves), "", f"median {statistics.median(halves):.0f}, "
                  f"most {max(halves)}", slices=halves)
    for name, cpu in used.items():
        report.figure(f"CPU of {name}", cpu / run.took * 1e6, "µs a form", f"{cpu / seconds:.2f} of a core", process=name)
    tell_memory(bench, "under load", watch.memory)


def peak(bench, tag, connections=64):
    return statistics.median(submit(bench, bench.ziping, connections, f"{tag}{n}", bench.wanted.seconds).rate
                             for n in range(bench.wanted.rounds))


def latency(bench):
    """Probes that wait for their score, beside others who come at half of the full rate whatever the answers do."""
    report, ziping, s = bench.report, bench.ziping, bench.wanted.seconds
    full = peak(bench, "full")
    report.part(f"Submit to score at half load ({full / 2:.0f} of {full:.0f} a second; open loop, times from when due)")
    others, probes = [], []
    for n in range(bench.wanted.rounds):
        load = Load(ziping.port, 256, s + 1, "submit", ziping.form, f"h{n}", rate=max(1, round(full / 2)))
        try:
            probes.append(Load(ziping.port, 32, s, "submit", ziping.form, f"w{n}", rate=PROBES, header="Prefer: wait=10").end())
            others.append(load.end())
        finally:
            load.give_up()
        bench.stored += others[-1].good + probes[-1].good
        ziping.drain()
    report.add("submit to score (201, Prefer: wait)", probes)
    report.add("accepted meanwhile", others)


def polls(bench, seconds):
    return Load(bench.ziping.port, POLLERS, seconds, "get", bench.ziping.paths, rate=POLLS)


def beside(bench, seconds, loads):
    """Polls at a fixed rate beside other loads; what both saw."""
    begun = []
    try:
        begun += [load() for load in loads]
        poll = polls(bench, seconds)
        begun.append(poll)
        return [load.end() for load in begun]
    finally:
        for load in begun:
            load.give_up()


def tell_overload(bench, runs, full):
    report = bench.report
    report.add("taken (p99 since due, waiting to be sent included)", runs, faults=False)
    good = [run.rate / full for run in runs]
    report.figure("goodput to the full rate", statistics.median(good), "", f"{min(good):.2f}-{max(good):.2f}",
                  ratio=round(statistics.median(good), 3))
    for verdict, name in (("good", "taken"), ("busy", "refused with 503")):
        for share in ("p50", "p99"):
            times = [run.ms(share, verdict, "service") for run in runs if run.told[verdict]]
            if not times:
                continue
            report.figure(f"{share} of what was {name}, since sent", statistics.median(times), "ms",
                          f"{min(times):.1f}-{max(times):.1f}")
    for key, name in (("busy", "refused with 503"), ("given_up", f"given up, {PATIENCE_MS} ms after they fell due"),
                      ("broken", "broken connections"), ("bad", "other answers"), ("unanswered", "never answered")):
        report.figure(name, sum(run.told[key] for run in runs), "requests")


def overload(bench):
    """Three times what it can take, in an open loop over two thousand connections, with polls beside it."""
    report, ziping, s = bench.report, bench.ziping, max(bench.wanted.seconds, LEAST_S)
    full = peak(bench, "peak", 256)
    report.part(f"Overload: {3 * full:.0f} a second fall due, {full:.0f} is the full rate at c256; {CROWD} connections")
    runs, calm, crowded, readers = [], [], [], []
    lists = listing_paths(bench)
    replays = write_paths(bench, "replays", ["/v1/events?after=0&limit=1000"])
    for n in range(bench.wanted.rounds):
        calm += beside(bench, s, [])
        run, poll = beside(bench, s, [lambda n=n: Load(ziping.port, CROWD, s + 1, "submit", ziping.form, f"o{n}",
                                                    rate=round(3 * full), patience=PATIENCE_MS)])
        runs.append(run)
        crowded.append(poll)
        bench.stored += run.good
        ziping.drain()
        readers.append(beside(bench, s, [lambda: Load(ziping.port, 8, s + 1, "get", lists),
                                      lambda: Load(ziping.port, 8, s + 1, "get", replays)])[-1])
    tell_overload(bench, runs, full)
    report.part(f"Polls at {POLLS} a second meanwhile (open loop); ratio beside the same alone")
    report.add("alone", calm)
    report.add("beside the overload", crowded, calm, to_name="alone", faults=False)
    report.add("beside listings and replays, 8 clients each", readers, calm, to_name="alone", faults=False)


def shut(bench):
    """How quickly the 503s come when the queue is full: a service of its own whose queue is short and whose worker ended."""
    report, s = bench.report, bench.wanted.seconds
    report.part(f"Refusals when the queue is full ({SMALL_QUEUE} forms, no worker); ratio beside the echo")
    ziping = Ziping(max_pending=SMALL_QUEUE)
    try:
        ziping.start()
        for program in ziping.workers():
            program.stop()
        wait_until(lambda: ziping.counters()["workers"] == 0, "the workers' end")
        Load(ziping.port, 64, 1, "submit", ziping.form, "fill").end()
        runs, echoes = [], []
        for n in range(bench.wanted.rounds):
            echoes.append(Load(bench.echo.port, 64, s, "submit", bench.echo.form, f"x{n}").end())
            runs.append(Load(ziping.port, 64, s, "submit", ziping.form, f"r{n}").end())
        rates = [run.busy for run in runs]
        times = [run.ms("p99", "busy") for run in runs]
        ratios = [run.busy / echo.rate for run, echo in zip(runs, echoes)]
        report.figure("503 at c64", statistics.median(rates), "a second", f"{min(rates):.0f}-{max(rates):.0f}; "
                      f"{statistics.median(ratios):.2f} of the echo", ratio=round(statistics.median(ratios), 3))
        report.figure("p99 of 503", statistics.median(times), "ms", f"{min(times):.1f}-{max(times):.1f}")
        report.figure("taken all the same", ziping.counters()["pending"], "forms",
                      f"the bound is {SMALL_QUEUE}, and one commit may pass it")
    finally:
        ziping.end()


def free_pages(ziping, store):
    """What LMDB keeps for its next transactions, by LMDB's own tool."""
    told = subprocess.run(["mdb_stat", "-f", os.path.join(ziping.service.data, store)], capture_output=True, text=True, check=True)
    return int(re.search(r"Free pages: (\d+)", told.stdout).group(1))


def pending_pages(ziping):
    told = subprocess.run(["mdb_stat", "-s", "pending", os.path.join(ziping.service.data, "intake")], capture_output=True,
                          text=True, check=True)
    return sum(int(count) for count in re.findall(r"(?:Branch|Leaf|Overflow) pages: (\d+)", told.stdout))


def season(bench):
    """Days that fill the queue while nobody scores, and nights that drain it: what must not grow, looked at each morning."""
    report, ziping = bench.report, Ziping()
    report.part("A season: each day the queue is filled while no worker runs, each night one drains it")
    try:
        ziping.start()
        for day in range(1, DAYS + 1):
            for program in ziping.workers():
                program.stop()
            wait_until(lambda: ziping.counters()["workers"] == 0, "the workers' end")
            run = Load(ziping.port, 64, bench.wanted.seconds, "submit", ziping.form, f"day{day}").end()
            depth, begun = ziping.counters()["pending"], time.perf_counter()
            ziping.service.start_worker()
            ziping.drain()
            forms, sizes = ziping.counters()["accepted_total"], ziping.bytes_on_disk()
            report.figure(f"day {day}: accepted", run.rate, "a second", f"{depth:.0f} waited at its end, scored by night at "
                          f"{depth / (time.perf_counter() - begun):.0f} a second", day=day)
            free = {store: free_pages(ziping, store) for store in sizes}
            report.figure(f"day {day}: free pages in the morning", sum(free.values()), "",
                          f"intake {free['intake']}, scores {free['scores']}; the empty queue "
                          f"takes {pending_pages(ziping)}; {sum(sizes.values()) / forms:.0f} bytes of disk a form", day=day)
    finally:
        ziping.end()


def backlog(bench):
    """What one worker makes of a queue that grew while there was none. The last part: it ends the workers."""
    report, ziping = bench.report, bench.ziping
    report.part("A queue that grew while no worker ran")
    for program in ziping.workers():
        program.stop()
    wait_until(lambda: ziping.counters()["workers"] == 0, "the workers' end")
    run = Load(ziping.port, 64, bench.wanted.seconds, "submit", ziping.form, "alone").end()
    bench.stored += run.good
    report.add("accepted while no worker runs", [run])
    depth, begun = ziping.counters()["pending"], time.perf_counter()
    ziping.service.start_worker()
    ziping.drain()
    report.figure("scored then", depth / (time.perf_counter() - begun), "a second", f"{depth:.0f} had waited")


def disk(bench):
    forms = max(bench.ziping.counters()["accepted_total"], 1)
    for store, size in bench.ziping.bytes_on_disk().items():
        bench.report.figure(f"{store} on disk", size / forms, "bytes a form", f"{size >> 20} MiB, {forms:.0f} forms")

