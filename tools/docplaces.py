# SPDX-License-Identifier: Apache-2.0
"""Where the commands of a document run: for tools/check-docs."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

PATIENCE_S = 60
SCRIPT_S = 120  # a whole page

# A port that the kernel chose, of a folder.
PORT = r"$(grep -o '\"{0}\": *[0-9]*' {1}/run/ports.json | grep -o '[0-9]*$')"
# As a page has it -> as it runs. Addresses of documentation lead nowhere, ports below 1024 want
# root, fixed ports may be taken: the kernel chooses them, and phones are told where to ask.
REPLACED = [
    (re.compile(r"/var/lib/ringfence\b"), "site"),
    (re.compile(r"\b192\.0\.2\.10:2446\b"), f"127.0.0.1:{PORT.format('branch', 'site')}"),
    (re.compile(r"\b192\.0\.2\.11:2445\b"), f"127.0.0.2:{PORT.format('provider', 'branch')}"),
    (re.compile(r"--sccp-port 2000\b"), f"--sccp-port $(({PORT.format('sccp_tls', 'branch')} - 443))"),
    (re.compile(r"\b192\.0\.2\.10\b"), "127.0.0.1"),
    (re.compile(r"\b192\.0\.2\.11\b"), "127.0.0.2"),
    (re.compile(r"^ringfence init\b"),
     "ringfence init --set sccp_port=0 --set capf_port=0 --set tftp_port=0 --set http_port=0 "
     "--set https_port=0 --set tvs_port=0 --set branch_port=0 --set srst_provider_port=0"),
]

SITE = ["ringfence init --site site"]
RUNNING = SITE + [
    "ringfenced --site site",
    "ringfence device add SEP001122334455 --site site --model 8861 --line 2001,Ada,Ada",
    "ringfence device add SEP001122334466 --site site --model 8861 --line 2002,Ben,Ben",
    "echo 48213 | ringfence capf install SEP001122334455 --site site --string-file -",
    "echo 48213 | ringfence capf install SEP001122334466 --site site --string-file -",
]
PHONES = RUNNING + [
    "ringfence factory init works",
    "ringfence factory firmware works --version 1.0 --hardware rf-1 --out fw",
] + [command for name in ("SEP001122334455", "SEP001122334466") for command in (
    f"ringfence factory phone works --name {name} --model 8861 --hardware rf-1 --firmware fw "
    f"--flash phones/{name}",
    f"ringphone --flash phones/{name} --tftp 192.0.2.10 --auth-string 48213 --answer")]
# What is done in the folder before the commands of the page. None: they do not run one by one.
PLACES = {"folder": [], "site": SITE, "running site": RUNNING, "two phones": PHONES,
          "script": None, "none": None}


class Fault(Exception):
    """What went wrong, with the output."""


class Beside:
    """A program that runs on. It is ready when a line says so; all it says is kept."""

    def __init__(self, command, ready, folder, env):
        self.text, self.is_ready = "", threading.Event()
        self.child = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=folder, env=env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self.reader.start()

    def wait_ready(self):
        if not self.is_ready.wait(PATIENCE_S) or self.child.poll() not in (None, 0):
            raise Fault(f"it did not get ready (exit status {self.child.poll()})\n{self.text}")

    def _read(self, ready):
        for line in self.child.stdout:
            self.text += line
            if ready in line:
                self.is_ready.set()
        self.child.wait()
        self.is_ready.set()

    def end(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            status = self.child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Fault(f"it does not end\n{self.text}") from None
        self.reader.join(PATIENCE_S)
        if status != 0:
            raise Fault(f"it ended with exit status {status}\n{self.text}")

    def kill(self):
        self.child.kill()
        self.child.wait()


class Place:
    """A temporary folder in which the commands of one page run."""

    def __init__(self, path):
        self.folder = Path(tempfile.mkdtemp(prefix="check-docs-"))
        self.env = dict(os.environ, PATH=path, RINGFENCE_SITE="site")
        self.beside = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _, one in self.beside:
            one.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, command, where):
        for pattern, other in REPLACED:
            command = pattern.sub(other, command)
        words = command.split()
        if words[0] == "ringfenced":
            self._start(command, " main: ready ", where)
        elif words[0] == "ringphone" and "--tftp" in words:
            ports = json.loads((self.folder / "site/run/ports.json").read_text("utf-8"))
            command = command.replace("127.0.0.1", f"127.0.0.1:{ports['tftp']}", 1)
            if words[1] == "doctor":
                self._finish(command)
            else:
                self._start(f"{command} --retry-ms 1000", "registered", where)
        else:
            self._finish(command)

    def _start(self, command, ready, where):
        one = Beside(command, ready, self.folder, self.env)
        self.beside.append((where, one))
        one.wait_ready()

    def _finish(self, command):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=self.folder,
                              env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                              timeout=PATIENCE_S)
        if done.returncode != 0:
            raise Fault(f"exit status {done.returncode}\n{done.stdout}")

    def end(self):
        """Those that still run end, the youngest first."""
        while self.beside:
            where, one = self.beside.pop()
            try:
                one.end()
            except Fault as fault:
                return *where, fault
        return None


def run_commands(place_name, commands, path):
    """Run (line number, command)s one by one in a place of this name. Returns None, or line number
    (0: before the first), command and what went wrong."""
    with Place(path) as place:
        before = [(0, command) for command in PLACES[place_name]]
        for number, command in before + commands:
            try:
                place.run(command, (number, command))
            except (Fault, OSError, subprocess.TimeoutExpired) as problem:
                return number, command, problem
        return place.end()


def run_script(script, root):
    """Run a page that is one script, from the working copy. Returns what went wrong, or ""."""
    with tempfile.TemporaryDirectory(prefix="check-docs-") as folder:
        log = Path(folder) / "page.log"
        with log.open("wb") as said:
            process = subprocess.Popen(["bash", "-c", script], cwd=root, stdin=subprocess.DEVNULL,
                                       stdout=said, stderr=said, start_new_session=True,
                                       env={**os.environ, "TMPDIR": folder})
        try:
            status = process.wait(timeout=SCRIPT_S)
            what = f"ended with status {status}" if status else ""
        except subprocess.TimeoutExpired:
            what = f"not done after {SCRIPT_S} s"
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what the page left running
        except ProcessLookupError:
            pass
        process.wait()
        if not what:
            return ""
        texts = [f"\n--- {path.name}\n{path.read_text(encoding='utf-8', errors='replace')[-3000:]}"
                 for path in [log, *sorted(Path(folder).glob("*/*.log"))]]
        return what + "".join(texts)
