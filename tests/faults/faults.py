"""A seeded schedule of faults against one service, and its supervisor, which starts again what has ended.

Of the programs, only those that this service has started are touched, by their process ids.
"""
import errno
import os
import random
import shutil
import signal
import socket
import threading

from actors import NOTIFIER, WORKER
from failing import FOR_EVER, META, PAGES, SHORT_WRITE, SYNC
from service import GATEWAY, WEBHOOKS

IN_DOUBT = 75  # EX_TEMPFAIL: who cannot know what is on disk ends with it, and the successor looks
PROGRAMS = {"gateway": GATEWAY, "worker": WORKER, "notifier": NOTIFIER, "webhooks": WEBHOOKS}
WRITERS = {"intake": ("gateway",), "scores": ("worker-1", "worker-2"), "webhooks": ("webhooks",)}
DISK_ERRORS = ((SYNC, errno.EIO), (PAGES, errno.EIO), (META, errno.EIO), (PAGES, SHORT_WRITE), (META, SHORT_WRITE),
               (PAGES, errno.EROFS), (PAGES, errno.ENOSPC), (META, errno.ENOSPC))
MINUTE_S, DAY_S = 60, 24 * 3600
DESCRIPTORS = 320  # that the gateway may have: it keeps 128 of them for others than its clients

POISON_HOOK = {"ZIPING_HOOK": "score:毒"}
GATEWAY_HOOKS = ("intake-written", "intake-committed")
WORKER_HOOKS = ("scores-written", "scores-committed")


class Supervisor:
    """Keeps one gateway, two workers, one notifier and the webhooks' sender running, as systemd would."""

    def __init__(self, service, history, hooks, aliased, limited):
        self.service, self.history, self.hooks, self.limited = service, history, hooks, limited
        self.configs = {"worker-2": aliased}  # it calls the gateway through the proxy
        self.lock = threading.RLock()
        self.slots = {}  # name: Program
        self.on_bad_disk = set()  # whose store has failed, or fails, since they were started
        self.disk_fails = False  # now
        self.next_hook = {}  # name: the environment of its next start

    def start(self):
        for name in ("gateway", "worker-1", "worker-2", "notifier", "webhooks"):
            self.start_one(name)
        self.service.gateway.wait_for("ready")
        self.service.start_nginx(patience="10s")

    def start_one(self, name):
        kind = name.partition("-")[0]
        path = PROGRAMS[kind]
        environment = self.next_hook.pop(name, POISON_HOOK if kind == "worker" and self.hooks else {})
        before = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}") if kind == "gateway" and self.limited else ()
        program = self.service.start_program(path, self.configs.get(name), before=before, **environment)
        self.slots[name] = program
        if kind == "gateway":
            self.service.gateway = program

    def look(self):
        """Starts again what has ended; what has ended by itself and without a fault is a finding."""
        with self.lock:
            for name, program in list(self.slots.items()):
                code = program.process.poll()
                if code is None:
                    continue
                self.judge_end(name, program, code)
                self.history.count(f"restarts of {name.partition('-')[0]}")
                self.forget(program)
                if not self.disk_fails:
                    self.on_bad_disk.discard(name)
                self.start_one(name)

    def judge_end(self, name, program, code):
        """Killed, told to end, or in doubt of a disk that has failed: anything else is a finding."""
        if code == IN_DOUBT and name in self.on_bad_disk:
            self.history.count(f"{name.partition('-')[0]} in doubt of the disk")
        elif code == -signal.SIGTERM and not program.log():
            pass  # told to end before it had begun
        elif code not in (0, -signal.SIGKILL):
            self.history.contradiction(f"{name} ended with {code}:\n{program.log()[-3000:]}")

    def forget(self, program):
        log = program.log()
        for word in ("Sanitizer", "runtime error", "Assertion"):
            if word in log:
                self.history.contradiction(f"{program.path}:\n{log[-3000:]}")
        program.discard()
        self.service.programs.remove(program)

    def mend(self):
        """Everything runs, and runs without hooks, on a good disk, by the right time: the end of the campaign."""
        with self.lock:
            if self.service.disk:
                self.service.disk.heal()
                self.service.clock.step(0)
            self.hooks = False
            self.next_hook.clear()
            for program in self.slots.values():
                if program.process.poll() is None:
                    program.process.send_signal(signal.SIGCONT)
                    program.stop()
            self.look()
            for name, program in self.slots.items():
                if not name.startswith("worker"):
                    program.wait_for("ready")
        if self.service.nginx.process.poll() is not None:
            self.service.start_nginx(patience="10s")


class Faults:
    """Draws one fault after another until it is told to end."""

    def __init__(self, service, history, supervisor, seed):
        self.service, self.history, self.supervisor = service, history, supervisor
        self.dice = random.Random(f"{seed}-faults")
        self.ending = threading.Event()
        self.fault = None
        self.thread = threading.Thread(target=self.run, name="faults")
        self.kinds = [self.kill, self.kill, self.kill, self.freeze, self.freeze, self.end_in_order, self.all_at_once,
                      self.nginx_child, self.nginx_again, self.use_up_descriptors]
        if service.ballast:
            self.kinds += [self.fill_disk]
        if service.disk:
            self.kinds += [self.break_disk, self.break_disk, self.step_clock]
        if supervisor.hooks:
            self.kinds += [self.hook, self.hook, self.hook]

    def run(self):
        try:
            while not self.ending.is_set():
                self.pause(0.05, 1.2)
                self.dice.choice(self.kinds)()
                self.supervisor.look()
        except Exception as fault:  # told by the campaign
            self.fault = fault

    def pause(self, least, most):
        """The time between faults is the schedule's, and part of what the seed says."""
        self.ending.wait(self.dice.uniform(least, most))

    def draw(self, *names):
        name = self.dice.choice(names or list(self.supervisor.slots))
        return name, self.supervisor.slots[name]

    def note(self, text):
        self.history.fault(text)
        self.history.count("faults")

    def kill(self):
        name, program = self.draw()
        self.note(f"kill {name}")
        program.process.kill()
        program.process.wait()

    def freeze(self):
        name, program = self.draw()
        self.note(f"freeze {name}")
        program.process.send_signal(signal.SIGSTOP)
        self.pause(0.1, 2.5)
        program.process.send_signal(signal.SIGCONT)

    def end_in_order(self):
        name, program = self.draw()
        self.note(f"SIGTERM {name}")
        program.stop()  # how it ended is judged when it is started again

    def all_at_once(self):
        self.note("kill everything")
        for program in self.supervisor.slots.values():
            program.process.kill()
        for program in self.supervisor.slots.values():
            program.process.wait()

    def hook(self):
        """The next start of this program ends at a named point, and the one after that runs on."""
        kind = self.dice.choice(["gateway", "worker-1", "worker-2", "notifier"])
        points = {"gateway": GATEWAY_HOOKS, "notifier": ("published",)}.get(kind, WORKER_HOOKS)
        hook = f"{self.dice.choice(points)}#{self.dice.randint(1, 40)}"
        self.note(f"{kind} will end at {hook}")
        self.supervisor.next_hook[kind] = {"ZIPING_HOOK": hook}
        program = self.supervisor.slots[kind]
        program.process.kill()
        program.process.wait()

    def nginx_child(self):
        """One of nginx's own processes; its master starts another one."""
        master = self.service.nginx.process
        children = self.children_of(master.pid)
        if not children:
            return
        self.note("kill a child of nginx")
        try:
            os.kill(self.dice.choice(children), signal.SIGKILL)
        except ProcessLookupError:
            pass

    @staticmethod
    def children_of(pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as source:
                return [int(word) for word in source.read().split()]
        except OSError:
            return []

    def nginx_again(self):
        self.note("stop nginx")
        self.service.nginx.stop()
        self.pause(0, 0.5)
        self.service.start_nginx(patience="10s")

    def use_up_descriptors(self):
        """More connections to the gateway than it may have, which say nothing; everybody else waits behind them."""
        self.note("use up the gateway's descriptors")
        peers = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(DESCRIPTORS)]
        try:
            for peer in peers:
                peer.connect(os.path.join(self.service.run, "gateway.sock"))
        except OSError:
            pass  # it has ended, or its backlog is full as well
        self.pause(0.1, 2.0)
        for peer in peers:
            peer.close()

    def fill_disk(self):
        """A file takes all of the room, or leaves less than the gateway's own bound."""
        free = shutil.disk_usage(self.service.data).free
        self.note("fill the disk")
        try:
            with open(self.service.ballast, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, free - self.dice.choice([0, self.dice.randint(0, 1 << 20)])))
        except OSError:
            pass
        self.pause(0.3, 2.0)
        if os.path.exists(self.service.ballast):
            os.remove(self.service.ballast)

    def break_disk(self):
        """One store's calls fail: once, a few times, or until the end of this fault; meanwhile successors start on it."""
        disk, store = self.service.disk, self.dice.choice(list(WRITERS))
        calls, error = self.dice.choice(DISK_ERRORS)
        there = calls == META and self.dice.random() < 0.3  # what is said to have failed is on disk all the same
        times = self.dice.choice([1, 1, 3, FOR_EVER])
        self.note(f"{store}: calls {calls} fail with {error}, {times} times{', and are done' if there else ''}")
        self.supervisor.on_bad_disk.update(WRITERS[store])
        self.supervisor.disk_fails = True
        disk.give(os.path.realpath(os.path.join(self.service.data, store, "data.mdb")), calls, error,
                  skip=self.dice.randint(0, 20), times=times, done=there, gone=there)
        for _ in range(self.dice.randint(1, 5)):
            self.pause(0.1, 0.4)
            self.supervisor.look()
        disk.heal()
        self.history.disk_faults += disk.failed()
        self.history.count("calls to the disk that failed", disk.failed())
        self.supervisor.look()
        self.supervisor.disk_fails = False

    def step_clock(self):
        """The wall clock of all programs, from then on; the next step is by the machine's own time again."""
        reach = self.dice.choice([5, 10 * MINUTE_S, DAY_S])
        seconds = self.dice.choice([0, self.dice.uniform(-reach, reach)])
        self.note(f"the clock stands {seconds:+.1f} s from the right time")
        self.service.clock.step(seconds)
