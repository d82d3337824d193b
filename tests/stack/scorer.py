"""One `ziping score --json -` that is asked form by form: a line in, a result out.

Its output is a terminal, since a program holds back what it writes into a pipe.
"""
import contextlib
import json
import os
import subprocess
import tempfile
import tty

from hypothesis import HealthCheck, given, seed, settings

from actors import GUARD_S, ROOT
from service import ZIPING


SEED = int(os.environ.get("ZP_ORACLE_SEED", "20260101"))


def path_of(profile):
    return os.path.join(ROOT, "conf", "profiles", f"{profile}.yaml")


@contextlib.contextmanager
def profile_file(text):
    """The path of a profile that is shipped nowhere."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        yield file.name


def many(strategy, count, check):
    """Runs check on so many drawn values, the same ones for the same seed; reports the smallest that fails."""
    @seed(SEED)
    @settings(max_examples=count, database=None, deadline=None, report_multiple_bugs=False,
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run(drawn):
        check(drawn)
    run()


class Scorer:
    def __init__(self, *profile_paths):
        self.errors = tempfile.TemporaryFile()
        controller, terminal = os.openpty()
        tty.setraw(terminal)
        profiles = [word for path in profile_paths for word in ("--profile", path)]
        self.process = subprocess.Popen([ZIPING, "score", "--json", *profiles, "-"], stdin=subprocess.PIPE,
                                        stdout=terminal, stderr=self.errors)
        os.close(terminal)
        self.results = os.fdopen(controller, "rb")
        # That the input holds one form a line shows from its first line and the character behind it.
        self.ask(b"{}\n\n")

    def ask(self, line):
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
            answer = self.results.readline()
        except OSError:  # of a terminal that nobody writes to any more
            answer = b""
        if not answer:
            raise AssertionError(f"ziping score ended with {self.process.wait(GUARD_S)}: {self.said()}")
        return json.loads(answer)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-4000:]

    def score(self, form):
        return self.ask(json.dumps(form, ensure_ascii=False).encode() + b"\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        code = self.process.wait(GUARD_S)
        said = self.said()
        self.results.close()
        self.errors.close()
        if code not in (0, 1):  # 1: some forms would be refused
            raise AssertionError(f"ziping score ended with {code}: {said}")


def outcome(result):
    """What the oracle and the vectors speak of: all but who scored, and the sentences; flags as a set."""
    flags = {tuple(flag.get(key) for key in ("code", "severity", "pointer", "value", "expected"))
             for flag in result["flags"]}
    rest = {key: value for key, value in result.items() if key not in ("profile", "engine")}
    return {**rest, "flags": flags, "execution": without_sentence(result["execution"]),
            "indicators": [without_sentence(line) for line in result["indicators"]]}


def without_sentence(line):
    return {key: value for key, value in line.items() if key != "message"}
