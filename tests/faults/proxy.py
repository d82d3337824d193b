"""Stands between the gateway and one worker, and loses, doubles and delays their messages by the seed's dice.

The worker gets a data folder that is an alias of the service's, but for the socket that it calls the gateway on. Its lock
is the same file, so that there is never more than one active worker.
"""
import os
import random
import threading
import time

import zmq

LOST, DOUBLED, DELAYED = 0.01, 0.02, 0.05
LONGEST_DELAY_S = 1.5


class Proxy(threading.Thread):
    def __init__(self, service, history, seed):
        super().__init__(name="proxy")
        self.history, self.dice = history, random.Random(f"{seed}-proxy")
        self.ending, self.fault, self.calm = threading.Event(), None, False
        self.real = f"ipc://{service.run}/dispatch.sock"
        self.front = f"ipc://{self.make_alias(service)}/run/dispatch.sock"
        self.config = self.make_config(service)
        self.late = []  # (when, socket, frames)

    @staticmethod
    def make_alias(service):
        alias = os.path.join(service.data, "alias")
        os.makedirs(os.path.join(alias, "run"), mode=0o700)
        os.makedirs(service.run, mode=0o700, exist_ok=True)
        lock = os.path.join(service.run, "worker.lock")
        with open(lock, "a", encoding="ascii"):
            os.chmod(lock, 0o640)
        os.link(lock, os.path.join(alias, "run", "worker.lock"))
        os.symlink(os.path.join(service.run, "poke.sock"), os.path.join(alias, "run", "poke.sock"))
        for store in ("intake", "scores"):
            os.makedirs(os.path.join(service.data, store), mode=0o700, exist_ok=True)
            os.symlink(os.path.join(service.data, store), os.path.join(alias, store))
        return alias

    @staticmethod
    def make_config(service):
        path = os.path.join(service.folder, "alias.yaml")
        with open(service.config, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as out:
            out.write(source.read().replace(f"data_dir: {service.data}\n", f"data_dir: {service.data}/alias\n"))
        return path

    def run(self):
        try:
            with zmq.Context() as context, context.socket(zmq.ROUTER) as front:
                front.linger = 0
                front.bind(self.front)
                self.pass_on(context, front)
        except Exception as fault:  # told by the campaign
            self.fault = fault

    def pass_on(self, context, front):
        backs = {}  # by the worker's identity
        poller = zmq.Poller()
        poller.register(front, zmq.POLLIN)
        while not self.ending.is_set():
            ready = dict(poller.poll(20))
            self.send_late()
            if front in ready:
                worker, *frames = front.recv_multipart()
                if worker not in backs:
                    backs[worker] = context.socket(zmq.DEALER)
                    backs[worker].linger = 0
                    backs[worker].connect(self.real)
                    poller.register(backs[worker], zmq.POLLIN)
                self.throw(backs[worker], frames)
            for worker, back in backs.items():
                if back in ready:
                    self.throw(front, [worker, *back.recv_multipart()])
        for back in backs.values():
            back.close()

    def throw(self, to, frames):
        chance = 1.0 if self.calm else self.dice.random()
        if chance < LOST:
            self.history.count("messages lost")
        elif chance < LOST + DOUBLED:
            self.history.count("messages doubled")
            to.send_multipart(frames)
            to.send_multipart(frames)
        elif chance < LOST + DOUBLED + DELAYED:
            self.history.count("messages delayed")
            self.late.append((time.monotonic() + self.dice.uniform(0, LONGEST_DELAY_S), to, frames))
        else:
            to.send_multipart(frames)

    def send_late(self):
        now = time.monotonic()
        for entry in [entry for entry in self.late if entry[0] <= now]:
            self.late.remove(entry)
            entry[1].send_multipart(entry[2])
