"""What the machine is, and what processes use of it, as /proc tells."""
import os
import platform
import re
import resource
import statistics
import time

TICK = os.sysconf("SC_CLK_TCK")
SYNCS = 100


def read(path):
    with open(path, encoding="utf-8", errors="replace") as source:
        return source.read()


def children_of(pid):
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def memory_mib(pid, what):
    return int(re.search(rf"{what}:\s+(\d+)", read(f"/proc/{pid}/status")).group(1)) / 1024


class Usage:
    """CPU seconds by name from here on; `load` is whatever children of this process have ended in between."""

    def __init__(self, pids):
        self.pids = pids
        self.before = self.now()

    @staticmethod
    def of(pid):
        fields = read(f"/proc/{pid}/stat").rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def now(self):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = {"load": ended.ru_utime + ended.ru_stime}
        for name, pid in self.pids:
            used[name] = used.get(name, 0) + self.of(pid)
        return used

    def since(self):
        return {name: value - self.before[name] for name, value in self.now().items()}


def syncs_ms(folder):
    """Sorted times of fdatasync after a write of 4 KiB."""
    path, times = os.path.join(folder, "sync"), []
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    for _ in range(SYNCS):
        os.write(handle, bytes(4096))
        begun = time.perf_counter()
        os.fdatasync(handle)
        times.append((time.perf_counter() - begun) * 1000)
    os.close(handle)
    os.unlink(path)
    return sorted(times)


def file_system(folder):
    """Type and options of the mount that holds the folder."""
    best = ("", "?")
    for line in read("/proc/mounts").splitlines():
        _, point, kind, options, *_ = line.split()
        if (folder + "/").startswith(point.rstrip("/") + "/") and len(point) > len(best[0]):
            best = (point, f"{kind} ({options})")
    return best[1]


def describe(folder):
    model = re.search(r"model name\s*:\s*(.*)", read("/proc/cpuinfo"))
    memory = int(re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo")).group(1)) >> 20
    times = syncs_ms(folder)
    return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), {memory} GiB, Linux "
            f"{platform.release()}, {file_system(folder)}\nfdatasync of 4 KiB: median {statistics.median(times):.2f} ms, "
            f"p99 {times[-2]:.2f} ms")
