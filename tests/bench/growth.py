"""The core figures on stores of different size, in turn: nothing on a hot path may cost more as they grow."""
import os
import shutil
import statistics
import subprocess
import sys

from actors import BUILD, ROOT
from contenders import Load, Ziping, wait_until
from rates import LISTINGS

MAP_SIZE = 256 << 30
BYTES_A_FORM = 6144  # of disk, at most, and what the loader reckons with
RESERVE = 2 << 30
PROFILE = os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml")


def shown(count):
    """100000 as 10^5."""
    text = str(count)
    return f"10^{len(text) - 1}" if text == "1" + "0" * (len(text) - 1) else text


def check_room(sizes, folder):
    need, free = sum(sizes) * BYTES_A_FORM + RESERVE, shutil.disk_usage(folder).free
    if need > free:
        sys.exit(f"bench: stores of {' and '.join(map(shown, sizes))} forms may take {need >> 30} GiB under {folder}, and "
                 f"{free >> 30} are free; name smaller ones (--sizes), or another folder (TMPDIR)")


class Sized:
    """A service on stores with that many forms; the small ones are filled anew each round, so that they stay small."""

    def __init__(self, count):
        self.count, self.runs, self.starts = count, {"post": [], "get": [], "listing": [], "totals": []}, []
        self.ziping = Ziping(map_size=MAP_SIZE)
        self.listings, self.totals = (os.path.join(self.ziping.service.folder, name) for name in ("listings", "totals"))
        for path, lines in ((self.listings, ["/v1/submissions" + query for query in LISTINGS]),
                            (self.totals, ["/v1/totals?year=2022"])):
            with open(path, "w", encoding="utf-8") as out:
                out.writelines(line + "\n" for line in lines)
        self.filled, self.sizes = 0, {}

    def fill(self):
        service = self.ziping.service
        shutil.rmtree(service.data, ignore_errors=True)
        subprocess.run([os.path.join(BUILD, "tests", "bench", "loader"), service.data, str(MAP_SIZE), str(self.count), PROFILE,
                        os.path.join(ROOT, "tests", "forms", "seed-1.json"), self.ziping.paths], check=True,
                       stdout=subprocess.DEVNULL)
        self.filled = self.count
        self.sizes = self.ziping.bytes_on_disk()

    def measure(self, number, seconds):
        if self.filled == 0 or self.filled > self.count * 1.05:
            self.fill()
        ziping = self.ziping
        self.starts.append(ziping.start())
        self.runs["get"].append(Load(ziping.port, 64, seconds, "get", ziping.paths).end())
        self.runs["listing"].append(Load(ziping.port, 16, seconds, "get", self.listings).end())
        self.runs["totals"].append(Load(ziping.port, 16, seconds, "get", self.totals).end())
        run = Load(ziping.port, 64, seconds, "submit", ziping.form, f"g{number}").end()
        ziping.drain()
        wait_until(lambda: ziping.counters()["last_event"] >= self.filled + run.good, "the scores")
        self.runs["post"].append(run)
        self.filled += run.good
        ziping.stop()


def growth(bench):
    report, sizes = bench.report, bench.wanted.sizes
    report.part("Stores of different size, in turn; ratios beside the smallest")
    stores = []
    try:
        for count in sizes:
            stores.append(Sized(count))
        for n in range(bench.wanted.rounds):
            for store in stores if n % 2 == 0 else reversed(stores):
                store.measure(n, bench.wanted.seconds)
        for what, key in (("accepted and durable", "post"), ("status polls of any (200)", "get"), ("listing", "listing"),
                          ("totals of a year", "totals")):
            for store in stores:
                small = stores[0].runs[key] if store is not stores[0] else None
                report.add(f"{what}, {shown(store.count)} forms", store.runs[key], small, to_name=shown(stores[0].count))
        for store in stores:
            report.figure(f"start of all programs, {shown(store.count)} forms", statistics.median(store.starts), "s",
                          f"{min(store.starts):.2f}-{max(store.starts):.2f}", forms=store.count)
        for store in stores:
            both = store.sizes
            report.figure(f"disk, {shown(store.count)} forms", sum(both.values()) / store.count, "bytes a form",
                          f"intake {both['intake'] / store.count:.0f}, scores {both['scores'] / store.count:.0f}",
                          forms=store.count)
    finally:
        for store in stores:
            store.ziping.end()
