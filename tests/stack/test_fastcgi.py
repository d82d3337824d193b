"""The gateway against peers that nginx never is: every danger of libfcgi that a hostile or broken peer could use.

Runs the real program: ZP_BIN names the build directory. No test waits for a time; each waits for what must happen.
"""
import json
import os
import pwd
import re
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import msgpack
import zmq

import fcgi_client as fcgi
from actors import BEAT, READY, VERSION
from gateway_process import JSON, MAX_BODY, PROGRAM, Case, form

UNKNOWN = "/v1/submissions/01900000-0000-7000-8000-000000000000"


def forged(path):
    """A whole request as a client would hide it in a body: another user's, for another page."""
    return (fcgi.begin() + fcgi.record(fcgi.PARAMS, fcgi.pairs({"REQUEST_METHOD": "GET", "DOCUMENT_URI": path})) +
            fcgi.record(fcgi.PARAMS) + fcgi.record(fcgi.STDIN))


class BodiesAreReadToTheirEnd(Case):
    """What a client puts into a body is never taken for a request of its own."""

    def assert_not_forged(self, gateway, body, expected, **more):
        lie = forged("/healthz")
        for shift in range(len(lie)):
            hidden = (b" " * shift + lie * (body // len(lie) + 1))[:body]
            with gateway.connect() as connection:
                first = connection.ask("POST", "/v1/submissions", hidden, **more)
                self.assertEqual(first.status, expected, first)
                connection.send(fcgi.request("GET", UNKNOWN))
                second = connection.answer()
                self.assertEqual(second.status, 404, f"shift {shift}: a forged request was answered: {second}")
                self.assertEqual(connection.ask("GET", UNKNOWN).status, 404, "an answer too many")

    def test_rejected_body_is_not_parsed_as_the_next_request(self):
        gateway = self.gateway()
        self.assert_not_forged(gateway, 16384, 415, CONTENT_TYPE="text/plain")
        self.assert_clean_stop(gateway)

    def test_too_large_body_is_not_parsed_as_the_next_request(self):
        gateway = self.gateway()
        self.assert_not_forged(gateway, MAX_BODY + 16384, 413, **JSON)
        self.assert_clean_stop(gateway)

    def test_body_longer_than_announced_is_not_parsed_as_the_next_request(self):
        gateway = self.gateway()
        self.assert_not_forged(gateway, 16384, 400, CONTENT_LENGTH="10", **JSON)
        self.assert_clean_stop(gateway)

    def test_body_beyond_the_cap_ends_the_connection(self):
        gateway = self.gateway()
        lie = forged("/healthz")
        for shift in range(len(lie)):
            body = b" " * shift + lie * (5400000 // len(lie))
            with gateway.connect() as connection:
                try:
                    connection.send(fcgi.request("POST", "/v1/submissions", body, **JSON))
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the gateway need not take it all
                self.assertEqual(connection.answer().status, 413)
                self.assertTrue(connection.is_closed(), f"shift {shift}: the rest of the body was the next request")
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)


class LengthsAreChecked(Case):
    def assert_refused(self, length, body, expected):
        gateway = self.gateway()
        with gateway.connect() as connection:
            refused = connection.ask("POST", "/v1/submissions", body, **{**JSON, "CONTENT_LENGTH": length})
            self.assertEqual(refused.status, expected, f"CONTENT_LENGTH={length!r}: {refused}")
            self.assertEqual(connection.ask("GET", "/healthz").status, 200, "the kept connection is out of step")
        self.assert_clean_stop(gateway)

    def test_fewer_bytes_than_announced(self):
        self.assert_refused("11", b"{}", 400)

    def test_more_bytes_than_announced(self):
        self.assert_refused("1", b"{}", 400)

    def test_body_without_a_length(self):
        self.assert_refused("", b"{}", 400)

    def test_length_that_is_no_number(self):
        for length in ("2x", "+2", "-2", "0x2", " 2", "2 ", "2.0", "9" * 40 + "x"):
            with self.subTest(length=length):
                self.assert_refused(length, b"{}", 400)

    def test_length_beyond_seven_digits(self):
        for length in ("00000002", "99999999", "18446744073709551618"):
            with self.subTest(length=length):
                self.assert_refused(length, b"{}", 413)


class StalledPeers(Case):
    """With one request thread: whoever stalls must not hold it."""

    def assert_dropped(self, raw):
        gateway = self.gateway(threads=1)
        with gateway.connect() as connection:
            connection.send(raw)
            self.assertTrue(connection.is_closed(), "something was answered")
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_stall_before_the_parameters(self):
        self.assert_dropped(fcgi.begin())

    def test_stall_inside_a_parameter(self):
        content = fcgi.pairs(fcgi.variables("GET", "/healthz"))
        self.assert_dropped(fcgi.begin() + fcgi.record(fcgi.PARAMS, content)[:-9])

    def test_stall_between_two_parameters_is_not_their_end(self):
        content = fcgi.pairs({"DOCUMENT_URI": "/healthz", "REQUEST_METHOD": "GET"})
        self.assert_dropped(fcgi.begin() + fcgi.record(fcgi.PARAMS, content))

    def test_stall_inside_the_body_is_refused_and_ends_the_connection(self):
        gateway = self.gateway(threads=1)
        with gateway.connect() as connection:
            whole = fcgi.request("POST", "/v1/submissions", form(), **JSON)
            connection.send(whole[:-500])
            self.assertEqual(connection.answer().status, 400)
            self.assertTrue(connection.is_closed(), "kept, although its body has not ended")
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_body_cut_off_by_a_leaving_peer(self):
        gateway = self.gateway(threads=1)
        with gateway.connect() as connection:
            connection.send(fcgi.request("POST", "/v1/submissions", form(), **JSON)[:-500])
        self.assertTrue(gateway.is_serving())
        self.assertEqual(gateway.metric("accepted"), 0)
        self.assert_clean_stop(gateway)

    def test_idle_kept_connections_starve_nobody(self):
        gateway = self.gateway(threads=1)
        idle = [gateway.connect() for _ in range(32)]
        for connection in idle:
            self.addCleanup(connection.close)
            self.assertEqual(connection.ask("GET", "/healthz").status, 200)
        self.assertTrue(gateway.is_serving())
        for connection in idle:
            self.assertEqual(connection.ask("GET", "/healthz").status, 200)
        self.assert_clean_stop(gateway)


    def test_more_connections_than_descriptors_leave_room_for_workers(self):
        gateway = self.gateway(descriptors=200)
        self.fill(gateway, [gateway.connect() for _ in range(400)])

    def test_a_rush_of_more_connections_than_descriptors_leaves_room_too(self):
        gateway = self.gateway(descriptors=200, threads=4)
        gateway.process.send_signal(signal.SIGSTOP)
        rush = [gateway.connect() for _ in range(400)]
        gateway.process.send_signal(signal.SIGCONT)
        self.fill(gateway, rush)

    def test_what_is_kept_idle_keeps_nobody_out(self):
        gateway = self.gateway(descriptors=400)
        kept = []
        for _ in range(400):  # as many as nginx would keep, if it could
            connection = gateway.connect()
            self.addCleanup(connection.close)
            self.assertEqual(connection.ask("POST", "/v1/submissions", b"x", CONTENT_TYPE="text/plain").status, 415)
            kept.append(connection)
        self.assertTrue(kept[-1].is_closed(), "one that nobody has room for is kept")
        self.assertEqual(kept[0].ask("GET", "/healthz").status, 200, "one of the first was not kept")
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def fill(self, gateway, idle):
        """With these connections open a worker is heard; without them, clients are."""
        with zmq.Context() as context, context.socket(zmq.DEALER) as worker:
            worker.linger, worker.rcvtimeo = 0, 20000
            worker.connect(f"ipc://{gateway.folder}/data/run/dispatch.sock")
            worker.send(msgpack.packb([VERSION, READY, 10]))
            self.assertEqual(msgpack.unpackb(worker.recv())[1], BEAT)
        for connection in idle:
            connection.close()
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)


class Lines(Case):
    """With one request thread: who submits waits in a line of its own."""
    CROWD, TURN = 200, 16

    def paused(self, gateway):
        gateway.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, gateway.process.pid, os.WSTOPPED | os.WNOWAIT)

    def submit(self, connection):
        connection.send(fcgi.request("POST", "/v1/submissions", b"x" * 100, CONTENT_TYPE="text/plain"))

    def crowd(self, gateway):
        """Connections that have submitted before, each answered 415 (at once, and counted)."""
        crowd = [gateway.connect() for _ in range(self.CROWD)]
        for connection in crowd:
            self.addCleanup(connection.close)
            self.submit(connection)
            self.assertEqual(connection.answer().status, 415)
        return crowd

    def test_a_reader_does_not_stand_behind_a_crowd_that_submits(self):
        gateway = self.gateway(threads=1)
        crowd = self.crowd(gateway)
        with gateway.connect() as reader:
            self.assertEqual(reader.ask("GET", "/healthz").status, 200)
            before = gateway.metric("refused")
            self.paused(gateway)
            for connection in crowd:
                self.submit(connection)
            reader.send(fcgi.request("GET", "/metrics"))
            gateway.process.send_signal(signal.SIGCONT)
            after = int(re.search(r"^ziping_refused_total (\d+)", reader.answer().body.decode(), re.M).group(1))
            self.assertLessEqual(after - before, self.TURN, "so many went first")
        for connection in crowd:
            self.assertEqual(connection.answer().status, 415)
        self.assert_clean_stop(gateway)

    def test_a_connection_changes_lines_with_what_it_asks(self):
        gateway = self.gateway(threads=1)
        crowd = self.crowd(gateway)
        for connection in crowd:
            self.assertEqual(connection.ask("GET", "/healthz").status, 200)
            self.submit(connection)
            self.assertEqual(connection.answer().status, 415)
            connection.send(fcgi.request("GET", "/healthz"))
        for connection in crowd:
            self.assertEqual(connection.answer().status, 200)
        self.assertEqual(gateway.metric("refused"), 2 * self.CROWD)
        self.assert_clean_stop(gateway)


class OddPeers(Case):
    def test_other_role_is_dropped(self):
        gateway = self.gateway()
        with gateway.connect() as connection:
            connection.send(fcgi.begin(role=fcgi.AUTHORIZER) +
                            fcgi.stream(fcgi.PARAMS, fcgi.pairs(fcgi.variables("GET", "/healthz"))) +
                            fcgi.stream(fcgi.STDIN, b""))
            self.assertTrue(connection.is_closed())
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_what_is_no_fastcgi_is_dropped(self):
        gateway = self.gateway()
        for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 64, b"\xff" * 64, b"\1"):
            with gateway.connect() as connection:
                connection.send(noise)
                connection.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(connection.is_closed())
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_connection_is_closed_when_the_peer_does_not_keep_it(self):
        gateway = self.gateway()
        with gateway.connect() as connection:
            connection.send(fcgi.request("GET", "/healthz", keep=False))
            self.assertEqual(connection.answer().status, 200)
            self.assertTrue(connection.is_closed())
        self.assert_clean_stop(gateway)

    def test_peer_that_leaves_before_its_answer_harms_nobody(self):
        gateway = self.gateway()
        for _ in range(50):
            with gateway.connect() as connection:
                connection.send(fcgi.request("POST", "/v1/submissions", form(), **JSON))
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_stray_signals_stop_nothing(self):
        gateway = self.gateway()
        for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGHUP):
            gateway.process.send_signal(number)
            self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_head_has_the_headers_of_get_and_no_body(self):
        gateway = self.gateway()
        with gateway.connect() as connection:
            get, head = connection.ask("GET", "/healthz"), connection.ask("HEAD", "/healthz")
        self.assertEqual(head.status, get.status)
        self.assertEqual(head.headers["content-length"], str(len(get.body)))
        self.assertEqual(head.body, b"")
        self.assert_clean_stop(gateway)


@unittest.skipUnless(os.geteuid() == 0, "needs root, to become another user")
class ForeignUsers(Case):
    def first_bytes_as_nobody(self, gateway):
        """What a request by the user `nobody` gets, with every file permission in its favour."""
        for path in (gateway.folder, os.path.dirname(gateway.socket), gateway.socket):
            os.chmod(path, 0o777)
        code = (f"import os, socket; os.setgid(65534); os.setuid({pwd.getpwnam('nobody').pw_uid}); "
                f"s = socket.socket(socket.AF_UNIX); s.connect({gateway.socket!r})\n"
                f"try: s.sendall(bytes.fromhex({fcgi.request('GET', '/healthz').hex()!r})); print(len(s.recv(100)))\n"
                "except (BrokenPipeError, ConnectionResetError): print(0)")
        done = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True, check=True,
                              timeout=fcgi.TIMEOUT_S)
        return int(done.stdout)

    def test_other_user_is_refused_though_the_socket_is_open_to_it(self):
        gateway = self.gateway()
        self.assertEqual(self.first_bytes_as_nobody(gateway), 0)
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)
        self.assertIn("peer-refused", gateway.log)

    def test_configured_user_is_served(self):
        gateway = self.gateway(peer_users=["nobody"])
        self.assertGreater(self.first_bytes_as_nobody(gateway), 0)
        self.assert_clean_stop(gateway)


class ParkedRequests(Case):
    """Long polls on a submission that nobody scores."""

    def park(self, gateway):
        with gateway.connect() as connection:
            receipt = connection.ask("POST", "/v1/submissions", form(), **JSON)
            self.assertIn(receipt.status, (202, 409), receipt)
            if receipt.status == 202:
                self.location = receipt.headers["location"]
        before = gateway.metric("parked")
        poll = gateway.connect()
        self.addCleanup(poll.close)
        poll.send(fcgi.request("GET", self.location, HTTP_PREFER="wait=25"))
        gateway.wait_for_metric("parked", before + 1)
        return poll

    def test_client_that_leaves_is_forgotten_at_once(self):
        gateway = self.gateway()
        gone, stays = self.park(gateway), self.park(gateway)
        gone.close()
        gateway.wait_for_metric("parked", 1)
        self.assertEqual(gateway.metric("clients_gone"), 1)
        self.assert_clean_stop(gateway)
        self.assertEqual(json.loads(stays.answer().body)["status"], "queued")

    def test_peer_that_talks_into_a_parked_request_is_dropped(self):
        gateway = self.gateway()
        poll = self.park(gateway)
        poll.send(fcgi.request("GET", "/healthz"))
        self.assertTrue(poll.is_closed())
        gateway.wait_for_metric("parked", 0)
        self.assert_clean_stop(gateway)

    def test_stop_answers_parked_requests(self):
        gateway = self.gateway(threads=2)
        polls = [self.park(gateway) for _ in range(8)]
        self.assert_clean_stop(gateway)
        for poll in polls:
            answer = poll.answer()
            self.assertIn(answer.status, (200, 503))
            self.assertTrue(poll.is_closed())

    def test_more_than_the_limit_are_answered_at_once(self):
        gateway = self.gateway(max_parked=1)
        self.park(gateway)
        with gateway.connect() as second:
            answer = second.ask("GET", self.location, HTTP_PREFER="wait=25")
            self.assertEqual(json.loads(answer.body)["status"], "queued")
            self.assertEqual(gateway.metric("parked"), 1, "the first one is still waiting")
        self.assert_clean_stop(gateway)

    def test_wait_ends_when_its_time_is_up(self):
        gateway = self.gateway()
        self.park(gateway).close()
        with gateway.connect() as poll:
            answer = poll.ask("GET", self.location, HTTP_PREFER="wait=1")
            self.assertEqual(json.loads(answer.body)["status"], "queued")
        self.assert_clean_stop(gateway)


class Sockets(Case):
    def test_socket_is_private(self):
        gateway = self.gateway()
        self.assertEqual(stat.S_IMODE(os.stat(gateway.socket).st_mode), 0o660)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(gateway.socket)).st_mode), 0o750)
        self.assert_clean_stop(gateway)
        self.assertFalse(os.path.exists(gateway.socket))

    def test_second_gateway_does_not_steal_a_live_socket(self):
        gateway = self.gateway()
        self.assertEqual(gateway.try_second(gateway.config), 2)
        self.assertRegex(gateway.said, r"\.lock: another gateway is running")
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_successor_of_a_killed_gateway_takes_its_socket_over(self):
        gateway = self.gateway()
        gateway.kill()
        self.assertTrue(os.path.exists(gateway.socket))
        gateway.start()
        self.assertTrue(gateway.is_serving())
        self.assert_clean_stop(gateway)

    def test_file_in_the_way_is_left_alone(self):
        gateway = self.gateway()
        self.assert_clean_stop(gateway)
        with open(gateway.socket, "w", encoding="utf-8") as precious:
            precious.write("precious")
        with self.assertRaisesRegex(AssertionError, "is not a socket"):
            gateway.start()
        with open(gateway.socket, encoding="utf-8") as precious:
            self.assertEqual(precious.read(), "precious")

    def test_inherited_socket_as_descriptor_0(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(os.path.join(folder, "s"))
            listening.listen(16)
            gateway = self.gateway(listen='"-"', stdin=listening)
            gateway.socket = listening.getsockname()
            self.assertTrue(gateway.is_serving())
            self.assert_clean_stop(gateway)
            self.assertTrue(os.path.exists(gateway.socket), "it belongs to whoever made it")

    def test_descriptor_0_that_is_no_listening_socket_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "gateway.listen"):
            self.gateway(listen='"-"')


class CommandLine(Case):
    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=fcgi.TIMEOUT_S,
                              check=False)

    def test_help_and_version(self):
        self.assertIn("--config FILE", self.run_program("--help").stdout)
        self.assertRegex(self.run_program("--version").stdout, r"^ziping-gateway \S+\n$")

    def test_missing_settings_are_one_line_with_the_file_and_exit_2(self):
        done = self.run_program("--config", "/nonexistent/ziping.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^[^\n]*/nonexistent/ziping\.yaml[^\n]*; [^\n]*\n$")

    def test_unknown_option_and_no_option_exit_2(self):
        self.assertEqual(self.run_program("--nonsense").returncode, 2)
        self.assertEqual(self.run_program().returncode, 2)


if __name__ == "__main__":
    unittest.main()
