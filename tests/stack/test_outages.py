"""Parts that are down, killed or full: intake goes on or says 503, and nothing that was acknowledged is missing."""
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

import msgpack
import requests
import zmq

from actors import GUARD_S, NOTIFIER, ROOT, WORKER, replayed
from service import GATEWAY, ServiceCase, body_of, form_of


HOLD_SNAPSHOTS = """
import lmdb, signal, sys
stores = [lmdb.open(f"{sys.argv[1]}/{name}", readonly=True, max_dbs=16, map_size=96 << 20) for name in ("intake", "scores")]
views = [store.begin() for store in stores]
print("held", flush=True)
signal.pause()
"""


class Load:
    """A client in a thread of its own, as a careful submitter writes it: one key a form, again until it is answered."""

    def __init__(self, service, name, count):
        self.service, self.name, self.count = service, name, count
        self.accepted, self.fault = {}, None
        self.turned_away = 0  # answers that were none, and 503
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            for number in range(self.count):
                self.submit(f"{self.name}-{number}")
        except Exception as fault:  # told by the test, in its own thread
            with self.news:
                self.fault = fault
                self.news.notify_all()

    def submit(self, project):
        body = body_of(form_of(1, project))
        while project not in self.accepted:
            try:
                response = requests.post(self.service.url + "/v1/submissions", data=body, timeout=GUARD_S,
                                         headers={"Content-Type": "application/json", "Idempotency-Key": project})
            except requests.ConnectionError:
                self.turned_away += 1
                continue
            if response.status_code in (200, 201, 202):
                with self.news:
                    self.accepted[project] = response.json()["id"]
                    self.news.notify_all()
            elif response.status_code == 503:
                self.turned_away += 1
            else:
                raise AssertionError(response.text)

    def wait_for(self, count):
        """Until so many are accepted."""
        with self.news:
            self.news.wait_for(lambda: self.fault or len(self.accepted) >= count)

    def end(self):
        self.thread.join()
        if self.fault:
            raise self.fault
        return self.accepted


class OutageCase(ServiceCase):
    def assert_each_scored_once(self, service, accepted):
        for ident in accepted.values():
            self.assertEqual(service.scored(ident)["status"], "scored")
        events = service.events()
        self.assertEqual([int(event["id"]) for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(sorted(event["subject"] for event in events), sorted(accepted.values()))
        self.assertEqual(service.get("/v1/totals").json()["sum"]["scored"], len(accepted))


class Outages(OutageCase):
    def test_without_a_worker_forms_wait_and_are_scored_later(self):
        s = self.service().start()
        s.programs[1].kill()  # the worker
        s.wait(lambda: s.metric("ziping_workers") == 0)
        idents = {str(i): s.submit(form_of(1, f"等{i}")).json()["id"] for i in range(5)}
        for ident in idents.values():
            self.assertEqual(s.status(ident)["status"], "queued")
        self.assertEqual(s.metric("ziping_pending"), 5)
        listed = s.get("/v1/submissions?status=queued").json()["items"]
        self.assertEqual({item["id"] for item in listed}, set(idents.values()))
        s.start_worker()
        self.assert_each_scored_once(s, idents)

    def test_the_active_worker_is_killed_under_load_and_the_standby_takes_over(self):
        s = self.service(lease_ms=2000).start(workers=2)
        load = Load(s, "over", 150)
        load.wait_for(20)
        s.programs[1].kill()
        s.programs[2].wait_for("ready")
        self.assert_each_scored_once(s, load.end())

    def test_the_gateway_is_killed_under_load_again_and_again(self):
        s = self.service().start()
        load = Load(s, "kill", 120)
        for turn in range(1, 5):
            load.wait_for(20 * turn)
            s.gateway.kill()
            s.start_gateway()
        self.assert_each_scored_once(s, load.end())

    def test_the_gateway_ends_in_order_under_load(self):
        s = self.service().start()
        load = Load(s, "stop", 120)
        for turn in range(1, 4):
            load.wait_for(20 * turn)
            self.assertEqual(s.gateway.stop(), 0, s.gateway.log())
            s.start_gateway()
        self.assert_each_scored_once(s, load.end())

    def test_an_upgrade_behind_an_inherited_socket_refuses_nobody(self):
        """As under systemd, which keeps the listening socket: what comes between two gateways waits in its backlog."""
        s = self.service(listen='"-"')
        os.makedirs(s.run, mode=0o700)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(os.path.join(s.run, "gateway.sock"))
            listener.listen(512)
            s.start_gateway(stdin=listener)
            s.start_worker()
            s.start_nginx()
            loads = [Load(s, f"new{i}", 100) for i in range(4)]
            for turn in range(1, 6):
                loads[turn % 4].wait_for(15 * turn)
                self.assertEqual(s.gateway.stop(), 0, s.gateway.log())
                s.start_gateway(stdin=listener)
            self.assert_each_scored_once(s, {key: ident for load in loads for key, ident in load.end().items()})
        self.assertEqual([load.turned_away for load in loads], [0] * 4)

    def test_while_the_notifier_is_down_scores_go_on_and_a_subscriber_catches_up(self):
        s = self.service().start()
        context = zmq.Context()
        self.addCleanup(context.term)
        live = context.socket(zmq.SUB)
        self.addCleanup(live.close)
        live.rcvtimeo = GUARD_S * 1000
        live.subscribe(b"")
        live.connect(f"ipc://{s.run}/events.sock")
        while live.recv_multipart()[0] != b"beat":
            pass
        s.notifier.kill()
        idents = [s.submit(form_of(2, f"静{i}"), Prefer="wait=20").json()["id"] for i in range(4)]
        s.start_notifier()
        topic, number = b"", b""
        while topic != b"beat" or int.from_bytes(number, "big") < 4:  # the beat tells of what was missed
            topic, number, _ = live.recv_multipart()
        replay = context.socket(zmq.DEALER)
        self.addCleanup(replay.close)
        replay.rcvtimeo, replay.linger = GUARD_S * 1000, 0
        replay.connect(f"ipc://{s.run}/replay.sock")
        replay.send_multipart([b"AFTER", bytes(8), (1 << 20).to_bytes(4, "big")])
        events = replayed(replay.recv_multipart()[5])
        self.assertEqual([msgpack.unpackb(frozen)["subject"] for _, frozen in events], idents)

    def test_without_the_gateway_nginx_says_so_in_the_same_format(self):
        s = self.service().start()
        s.gateway.kill()
        response = s.submit(form_of())
        self.assert_problem(response, 503, "UNAVAILABLE")
        self.assertRegex(response.headers["Retry-After"], r"^\d+$")
        s.start_gateway()
        self.assertEqual(s.submit(form_of(), Prefer="wait=20").status_code, 201)

    def test_a_gateway_that_stalls_leaves_a_doubt_that_the_key_resolves(self):
        s = self.service().start(patience="1s")
        key = {"Idempotency-Key": "stalled"}
        s.gateway.process.send_signal(signal.SIGSTOP)
        try:
            response = s.submit(form_of(1, "停"), **key)
        finally:
            s.gateway.process.send_signal(signal.SIGCONT)
        problem = self.assert_problem(response, 503, "UNAVAILABLE")
        self.assertIn("same Idempotency-Key", problem["detail"])
        again = s.submit(form_of(1, "停"), **key)
        self.assertIn(again.status_code, (200, 202))
        self.assert_each_scored_once(s, {"停": again.json()["id"]})

    def test_all_stops_and_starts_in_another_order(self):
        s = self.service().start(workers=2)
        before = {str(i): s.submit(form_of(1, f"前{i}"), Prefer="wait=20").json()["id"] for i in range(3)}
        for program in s.programs:
            program.kill()
        s.start_notifier()
        s.start_worker()
        s.start_gateway()
        self.assertEqual([e["subject"] for e in s.events()], list(before.values()))
        after = {f"后{i}": s.submit(form_of(1, f"后{i}")).json()["id"] for i in range(3)}
        self.assert_each_scored_once(s, {**before, **after})

    def test_two_of_each_because_the_locks_were_removed_lose_and_double_nothing(self):
        s = self.service(lease_ms=2000).start()
        first = list(s.programs)
        loads = [Load(s, f"two{i}", 80) for i in range(4)]
        loads[0].wait_for(20)
        for name in os.listdir(s.run):
            os.unlink(os.path.join(s.run, name))
        s.start_gateway()
        s.start_worker()
        loads[0].wait_for(40)
        for program in first:
            self.assertEqual(program.stop(), 0, program.log())
        s.start_notifier()
        s.nginx.stop()  # and with it the connections that it has kept
        s.start_nginx()
        self.assert_each_scored_once(s, {key: ident for load in loads for key, ident in load.end().items()})
        verified = s.ziping("verify")
        self.assertEqual(verified.returncode, 0, verified.stdout)

    def test_a_full_queue_says_503_and_reading_goes_on(self):
        s = self.service(max_pending=3)
        s.start_gateway()
        s.start_nginx()
        taken, refused = {}, None
        for number in range(40):
            response = s.submit(form_of(1, f"满{number}"))
            if response.status_code == 503:
                refused = response
                break
            taken[str(number)] = response.json()["id"]
        self.assert_problem(refused, 503, "QUEUE_FULL")
        self.assertRegex(refused.headers["Retry-After"], r"^\d+$")
        for ident in taken.values():
            self.assertEqual(s.status(ident)["status"], "queued")
        s.start_worker()
        self.assert_each_scored_once(s, taken)
        s.wait(lambda: s.submit(form_of(1, "之后")).status_code in (200, 202))

    def test_a_reader_that_never_ends_shuts_intake_before_a_store_is_full_and_its_death_opens_it(self):
        s = self.service()
        s.write_settings(map_size=96 << 20)
        s.start()
        worker = s.programs[1]
        taken = {"0": s.submit(form_of(1, "钉0"), Prefer="wait=20").json()["id"]}
        reader = subprocess.Popen([sys.executable, "-c", HOLD_SNAPSHOTS, s.data], stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        self.assertEqual(reader.stdout.readline(), "held\n")
        reader.stdout.close()
        refused = None
        while refused is None:
            number = str(len(taken))
            response = s.submit(form_of(1, f"钉{number}"), Prefer="wait=20")
            if response.status_code == 503:
                refused = response
            else:
                self.assertIn(response.status_code, (201, 202), response.text)
                taken[number] = response.json()["id"]
        self.assert_problem(refused, 503, "STORE_FULL")
        self.assertIn("nearly", refused.json()["detail"], "the gate, not a commit that has failed")
        self.assertIn(f".oldest_reader={reader.pid}\n", s.ziping("inspect").stdout)
        self.assertEqual(s.status(taken["0"])["status"], "scored")
        s.wait(lambda: s.metric("ziping_pending") == 0)
        self.assertFalse(worker.has_logged("store-refuses"), worker.log())
        reader.kill()
        reader.wait()
        s.wait(lambda: s.submit(form_of(1, "钉后")).status_code in (200, 202))
        taken["后"] = s.submit(form_of(1, "钉后")).json()["id"]
        self.assert_each_scored_once(s, taken)

    def test_a_full_store_says_503_before_anything_is_stored(self):
        s = self.service()
        s.write_settings(map_size=1 << 20)
        s.start_gateway()
        s.start_nginx()
        taken, refused = {}, None
        for number in range(2000):
            response = s.submit(form_of(1, f"图{number}"))
            if response.status_code == 503:
                refused = response
                break
            taken[str(number)] = response.json()["id"]
        self.assert_problem(refused, 503, "STORE_FULL")
        self.assertRegex(refused.headers["Retry-After"], r"^\d+$")
        self.assertTrue(taken)
        for ident in taken.values():
            self.assertEqual(s.status(ident)["status"], "queued")
        self.assertIsNone(s.gateway.process.poll())


class Starts(ServiceCase):
    """What cannot start says why in one line, with the file and the remedy, and exits non-zero."""

    def refusal(self, program, service):
        ended = subprocess.run([program, "--config", service.config], stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=GUARD_S, check=False)
        lines = ended.stderr.splitlines()
        self.assertNotEqual(ended.returncode, 0)
        self.assertEqual(len(lines), 1, ended.stderr)
        return lines[0]

    def test_mistakes_in_settings_and_profiles(self):
        for program in (GATEWAY, WORKER):
            s = self.service()
            s.write_settings(profiles="[/nonexistent/p.yaml]")
            self.assertIn("/nonexistent/p.yaml: No such file or directory; name a rule profile",
                          self.refusal(program, s))
            wrong = os.path.join(s.folder, "wrong.yaml")
            with open(os.path.join(ROOT, "conf", "profiles", "mof-2020.yaml"), encoding="utf-8") as source:
                text = source.read()
            with open(wrong, "w", encoding="utf-8") as out:
                out.write(text.replace("reverse: ratio", "reverse: rato"))
            s.write_settings(profiles=f"[{wrong}]")
            self.assertRegex(self.refusal(program, s), r"wrong\.yaml:\d+: reverse is \"rato\"; write ratio or linear")
        for program in (GATEWAY, WORKER, NOTIFIER):
            s = self.service()
            s.write_settings(log_level="loud")
            self.assertRegex(self.refusal(program, s), r"ziping\.yaml:\d+: log_level is \"loud\"; write debug")
            s = self.service()
            s.write_settings(data_dir="/proc/nothing")
            self.assertRegex(self.refusal(program, s), r"/proc/nothing.*; ")
            s = self.service(threats=1)
            self.assertRegex(self.refusal(program, s), r"ziping\.yaml:\d+: gateway\.threats is not a setting; correct")
            s = self.service()
            s.write_settings(data_dir=s.config)
            self.assertRegex(self.refusal(program, s), r"ziping\.yaml/run: Not a directory; ")
            os.remove(s.config)
            self.assertIn(f"{s.config}: No such file or directory; copy the sample", self.refusal(program, s))

    def test_a_second_gateway_on_the_same_data(self):
        s = self.service().start()
        line = self.refusal(GATEWAY, s)
        self.assertIn("gateway.lock", line)
        self.assertEqual(s.submit(form_of(), Prefer="wait=20").status_code, 201)

    def test_sockets_in_use(self):
        s = self.service().start()
        self.assertRegex(self.refusal(NOTIFIER, s), r"ipc://\S+\.sock: Address already in use; .*stop the process")
        other = self.service(listen=os.path.join(s.run, "gateway.sock"))
        self.assertRegex(self.refusal(GATEWAY, other), r"/gateway\.sock\S*: another gateway is running here; stop it")
        self.assertEqual(s.submit(form_of(), Prefer="wait=20").status_code, 201)
        self.assertEqual(len(s.ziping("tail", "--after", "0", "--count", "1").stdout.splitlines()), 1)

    def test_a_folder_that_cannot_be_written(self):
        if os.getuid() == 0:
            self.skipTest("root may write everywhere")
        s = self.service()
        os.makedirs(s.data)
        os.chmod(s.data, 0o500)
        self.addCleanup(os.chmod, s.data, 0o700)
        for program in (GATEWAY, WORKER, NOTIFIER):
            self.assertRegex(self.refusal(program, s), r"/data/run: Permission denied; ")

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            ended = subprocess.run([os.path.join(ROOT, "conf", "quickstart"), "--port", str(taken.getsockname()[1]),
                                    "--data", "/tmp/zp-never"], capture_output=True, text=True, timeout=GUARD_S,
                                   check=False)
        self.assertNotEqual(ended.returncode, 0)
        self.assertRegex(ended.stderr, r"^quickstart: port \d+ is in use; choose another one: .*--port \d+\n$")
        self.assertFalse(os.path.exists("/tmp/zp-never"))


if __name__ == "__main__":
    unittest.main()
