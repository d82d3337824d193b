"""A seeded schedule of faults against one service, and its supervisor, which starts again what has ended.

Of the programs, only those that this service has started are touched, by their process ids.
"""
import errno
import os
import random
import shutil
import signal
import threading

from actors import NOTIFIER, WORKER
from failing import META, PAGES, SYNC
from service import GATEWAY

IN_DOUBT = 75  # how gateway and worker end when nobody can say what is on disk
HOUR = 3600

POISON_HOOK = {"ZIPING_HOOK": "score:毒"}
GATEWAY_HOOKS = ("intake-written", "intake-committed")
WORKER_HOOKS = ("scores-written", "scores-committed")


class Supervisor:
    """Keeps one gateway, two workers and one notifier running, as systemd would."""

    def __init__(self, service, history, hooks, aliased):
        self.service, self.history, self.hooks = service, history, hooks
        self.configs = {"worker-2": aliased}  # it calls the gateway through the proxy
        self.lock = threading.RLock()
        self.doubts = 0  # how often a program may yet end in doubt: each error of the disk is good for one
        self.slots = {}  # name: Program
        self.next_hook = {}  # name: the environment of its next start

    def start(self):
        for name in ("gateway", "worker-1", "worker-2", "notifier"):
            self.start_one(name)
        self.service.gateway.wait_for("ready")
        self.service.start_nginx(patience="10s")

    def start_one(self, name):
        kind = name.partition("-")[0]
        path = {"gateway": GATEWAY, "worker": WORKER, "notifier": NOTIFIER}[kind]
        environment = self.next_hook.pop(name, POISON_HOOK if kind == "worker" and self.hooks else {})
        program = self.service.start_program(path, self.configs.get(name), **environment)
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
                self.judge(name, program, code)
                self.history.count(f"restarts of {name.partition('-')[0]}")
                self.forget(program)
                self.start_one(name)

    def judge(self, name, program, code):
        """0; what a kill or a hook leaves; and after an error of the disk, once, the end of who does not know."""
        if code == IN_DOUBT and self.doubts and name != "notifier":
            self.doubts -= 1
            self.history.count("ends in doubt")
        elif code not in (0, -signal.SIGKILL):
            self.history.contradiction(f"{name} ended with {code}:\n{program.log()[-3000:]}")

    def forget(self, program):
        log = program.log()
        for word in ("Sanitizer", "runtime error", "Assertion"):
            if word in log:
                self.history.contradiction(f"{program.process.args[0]}:\n{log[-3000:]}")
        program.discard()
        self.service.programs.remove(program)

    def mend(self):
        """Everything runs, and runs without hooks: the end of the campaign."""
        with self.lock:
            self.hooks = False
            self.next_hook.clear()
            for program in self.slots.values():
                if program.process.poll() is None:
                    program.process.send_signal(signal.SIGCONT)
                    program.stop()
            self.look()
            self.doubts = 0
            for name, program in self.slots.items():
                if not name.startswith("worker"):
                    program.wait_for("ready")
        if self.service.nginx.process.poll() is not None:
            self.service.start_nginx(patience="10s")


class Faults:
    """Draws one fault after another until it is told to end."""

    def __init__(self, service, history, supervisor, seed, disk, clock):
        self.service, self.history, self.supervisor = service, history, supervisor
        self.disk, self.clock = disk, clock
        self.dice = random.Random(f"{seed}-faults")
        self.ending = threading.Event()
        self.fault = None
        self.thread = threading.Thread(target=self.run, name="faults")
        self.kinds = [self.kill, self.kill, self.kill, self.freeze, self.freeze, self.end_in_order, self.all_at_once,
                      self.nginx_child, self.nginx_again, self.fill_disk, self.disk_error, self.disk_error, self.set_clock, self.set_clock]
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
        self.supervisor.judge(name, program, program.stop())

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

    def fill_disk(self):
        """The gateway must believe that the disk is full: its own bound is in the settings, so a file takes the room."""
        if not self.service.ballast:
            return
        free = shutil.disk_usage(self.service.data).free
        self.note("fill the disk")
        try:
            with open(self.service.ballast, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, free - self.dice.randint(0, 1 << 20)))
        except OSError:
            pass
        self.pause(0.3, 2.0)
        if os.path.exists(self.service.ballast):
            os.remove(self.service.ballast)

    def disk_error(self):
        """One write or sync of a commit fails, and may have been done all the same."""
        store = self.dice.choice(["intake", "scores"])
        call = self.dice.choice([PAGES, SYNC, META])
        self.note(f"{store}: {({PAGES: 'pages', SYNC: 'sync', META: 'meta page'})[call]} not written")
        self.supervisor.doubts += 1
        self.disk.give(os.path.join(self.service.data, store, "data.mdb"), call, errno.EIO, skip=self.dice.randint(0, 5),
                       done=self.dice.random() < 0.5)
        self.pause(0.2, 1.5)
        failed = self.disk.failed()
        self.disk.heal()
        self.history.count("errors of the disk", failed)
        self.supervisor.doubts -= not failed

    def set_clock(self):
        """Forwards or backwards, by milliseconds or hours, and it stays so until it is set again."""
        step = self.dice.choice([0, 0.05, 3, 600, 3 * HOUR]) * self.dice.choice([-1, 1])
        self.note(f"the clock is {step} s off")
        self.clock.step(step)
