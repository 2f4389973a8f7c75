# SPDX-License-Identifier: Apache-2.0
"""The programs that ./try starts. What they say goes into files and is read from there, so that they
may outlive this one (--keep); when they may not, they end with it, however it ends."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

BUILD = Path(os.environ.get("RINGFENCE_BUILD", "build/release"))
_PATIENCE_S = 15
_END_S = 5


def path_of(program):
    return BUILD / "src/app" / program / program


class Failed(Exception):
    """Something that had to happen did not. `log` is the file whose last lines tell more."""

    def __init__(self, text, log=None):
        super().__init__(text)
        self.log = log


def wait_until(question, timeout=_PATIENCE_S):
    """Ask until there is an answer; None when the time is over."""
    until = time.monotonic() + timeout
    while True:
        answer = question()
        if answer or time.monotonic() > until:
            return answer
        time.sleep(0.01)


def run(program, *arguments):
    """Run a command with --json; its answer. Raises Failed when it refuses."""
    words = [str(word) for word in (path_of(program), *arguments, "--json")]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=60)
    if done.returncode != 0:
        raise Failed(f"{program} {' '.join(map(str, arguments))}: "
                     f"{done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout)


def ringfence(*arguments):
    return run("ringfence", *arguments)


def end_children():
    """Kill whatever this process has started and still waits for."""
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == os.getpid():
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            continue  # no process, or one that has just ended


class Program:
    """One running program."""

    def __init__(self, name, logs, command, given=b"", outlives=False, has_keyboard=False):
        self.name = name
        self.out_path, self.log_path = logs / f"{name}.out", logs / f"{name}.log"
        # In a session of its own: Ctrl-C is for ./try, which then ends it in order.
        bound = [] if outlives else ["setpriv", "--pdeathsig", "TERM"]
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as log:
            self._out_began, self._log_began = out.tell(), log.tell()  # an earlier run's end
            self.process = subprocess.Popen([str(word) for word in bound + command],
                                            stdin=subprocess.PIPE, stdout=out, stderr=log,
                                            start_new_session=True)
        self.process.stdin.write(given)
        self.process.stdin.flush()
        if not has_keyboard:
            self.process.stdin.close()

    @property
    def pid(self):
        return self.process.pid

    def log_text(self):
        """Of this run."""
        return self.log_path.read_bytes()[self._log_began:].decode("utf-8", "replace")

    @property
    def is_running(self):
        return self.process.poll() is None

    def stop(self):
        """As an operator does; one that does not end in time is killed. Returns its status."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Server(Program):
    """ringfenced, serving a site."""

    def __init__(self, site, logs, name="ringfenced", **more):
        super().__init__(name, logs,
                         [path_of("ringfenced"), "--config", site / "ringfence.conf"], **more)
        self.site = site

    def ask(self, *arguments):
        """A command of the administrator."""
        try:
            return ringfence(*arguments, "--site", self.site)
        except Failed as problem:
            problem.log = self.log_path
            raise

    def wait_ready(self):
        def is_ready():
            if not self.is_running:
                raise Failed(f"{self.name} has ended (status {self.process.returncode})",
                             self.log_path)
            return " main: ready " in self.log_text()
        if not wait_until(is_ready):
            raise Failed(f"{self.name} does not become ready", self.log_path)
        return self.ask("status")

    def errors(self):
        """Lines of its log that someone has to act on."""
        return [line for line in self.log_text().splitlines()
                if line.split()[1:2] == ["error"]]


class Phone(Program):
    """ringphone, whose events are read as they come."""

    def __init__(self, letter, flash, logs, options, **more):
        super().__init__(f"phone-{letter}", logs,
                         [path_of("ringphone"), "--flash", flash, "--json", *options], **more)
        self.letter, self.flash = letter, flash
        self.events = []
        self._at, self._rest = self._out_began, b""

    def read(self):
        """Take what it has said since."""
        with open(self.out_path, "rb") as file:
            file.seek(self._at)
            data = file.read()
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.events += [json.loads(line) for line in lines]
        return self.events

    def find(self, kind, **values):
        """The first event of this kind with these values, or None."""
        return next((event for event in self.read() if event["event"] == kind
                     and all(event.get(key) == value for key, value in values.items())), None)

    def events_of(self, kind):
        return [event for event in self.read() if event["event"] == kind]

    def say(self, line):
        """A line at its keyboard (has_keyboard); Failed when it says no."""
        before = len(self.events_of("answer"))
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        answers = wait_until(lambda: self.events_of("answer")[before:])
        if not answers or not answers[0]["ok"]:
            raise Failed(f"phone {self.letter} refuses \"{line}\": {answers}", self.out_path)

    def wait(self, kind, timeout=_PATIENCE_S, **values):
        wanted = " ".join([kind, *(f"{key}={value}" for key, value in values.items())])

        def look():
            has_ended = not self.is_running  # asked first: its last words come before its end
            found = self.find(kind, **values)
            if found is None and has_ended:
                raise Failed(f"phone {self.letter} has ended (status "
                             f"{self.process.returncode}) without saying: {wanted}",
                             self.out_path)
            return found
        found = wait_until(look, timeout)
        if not found:
            raise Failed(f"phone {self.letter} did not say within {timeout} s: {wanted}",
                         self.out_path)
        return found

    def security(self):
        """Its security page."""
        return run("ringphone", "security", "--flash", self.flash)
