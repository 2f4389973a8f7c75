# SPDX-License-Identifier: Apache-2.0
"""The programs of a build, driven from outside: a manufacturer, a site with its server, phones.

    def test_a_phone_registers(factory, site):
        site.start()
        site.device_add("SEP001122334455", lines=["2001,Ada,Ada"])
        string = site.capf_install("SEP001122334455")
        with factory.phone("SEP001122334455").start(site, "--auth-string", string) as phone:
            phone.wait("registered")

Programs are $RINGFENCE_BUILD/src/app/NAME/NAME. Everything lies below the test's own folder; ports
are chosen by the kernel. A failed test prints the logs of what it started (conftest.py). Waiting is
for something to be seen, never for time to pass.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RINGFENCE_BUILD", ROOT / "build/asan"))
SPEECH = ROOT / "tests/data/speech"
PATIENCE = 30.0  # seconds; what is waited for comes much sooner, but the machine may be busy
PORT_TRIES, PORT_PAUSE_S = 36, 2
A, B = "SEP001122334455", "SEP001122334466"


class Failed(AssertionError):
    """Something did not happen, or a program said no. Holds what was seen instead."""


def program(name):
    path = BUILD / "src/app" / name / name
    if not path.is_file():
        raise Failed(f"{path} is not there: build it, or set RINGFENCE_BUILD")
    return str(path)


def wait_until(what, look, patience=PATIENCE):
    """Call look() until it gives something true, and return that. `what` is for the one who reads
    of the failure."""
    end, pause = time.monotonic() + patience, 0.005
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"not seen in {patience:.0f} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)  # each look costs the programs that are waited for


def free_port():
    """A TCP port that nobody has at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def run(*command, status=0, env=None, text_in=None, timeout=PATIENCE * 2, encoding=None, cwd=None):
    """Run a program to its end and return subprocess.CompletedProcess with text. `status`: what it
    has to end with, None for anything; `encoding`: latin-1 where it may print bytes of a server."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          encoding=encoding, input=text_in, timeout=timeout, check=False,
                          cwd=cwd, env=dict(os.environ, **(env or {})))
    if status is not None and done.returncode != status:
        raise Failed(f"{' '.join(map(str, command))}: exit status {done.returncode}, wanted "
                     f"{status}\n{done.stdout}{done.stderr}")
    return done


def ringfence(*words, status=0, **rest):
    """A command of the administrator. With --json among the words: what it printed, decoded."""
    done = run(program("ringfence"), *words, status=status, **rest)
    return json.loads(done.stdout) if "--json" in words else done


class Process:
    """A program that runs beside the test, with its log in a file. Ends with the `with` block."""

    everyone = []  # of the test that runs: conftest.py ends them and prints their logs

    def __init__(self, name, log):
        self.name, self.log = name, Path(log)
        self.child = None
        self.env = {}
        Process.everyone.append(self)

    def launch(self, *command, stdout=None, stdin=subprocess.DEVNULL):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([str(word) for word in command],
                                          stdin=stdin, stdout=stdout or log,
                                          stderr=log, env=dict(os.environ, **self.env))
        return self

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.is_file() else ""

    def log_wait(self, text, after=0, patience=PATIENCE):
        """Wait for a line that holds this text; returns that line. `after`: lines not looked at."""
        def look():
            if not self.is_running() and not any(text in line for line in self.lines()[after:]):
                raise Failed(f"{self.name} has ended (status {self.child.returncode}) without "
                             f"\"{text}\"\n{self.log_text()[-3000:]}")
            return next((line for line in self.lines()[after:] if text in line), None)
        return wait_until(lambda: f"\"{text}\" in {self.log}\n{self.log_text()[-3000:]}", look,
                          patience)

    def lines(self):
        return self.log_text().splitlines()

    def send(self, number):
        self.child.send_signal(number)

    def wait_end(self, status=0, patience=PATIENCE):
        """Wait for its end; `status` None takes any. Returns the status."""
        try:
            got = self.child.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} does not end\n{self.log_text()[-3000:]}") from None
        if status is not None and got != status:
            raise Failed(f"{self.name} ended with status {got}, wanted {status}\n"
                         f"{self.log_text()[-3000:]}")
        return got

    def stop(self, status=0, number=signal.SIGTERM):
        """An orderly end."""
        if self.is_running():
            self.send(number)
        return self.wait_end(status)

    def kill(self):
        """kill -9: no goodbye to anybody."""
        if self.is_running():
            self.child.kill()
        if self.child is not None:
            self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, problem, trace):
        if kind is None and self.is_running():
            self.stop(status=None)
        else:
            self.kill()


class Api(http.client.HTTPConnection):
    """The admin API of a site, on one connection."""

    def __init__(self, site):
        super().__init__("admin", timeout=60)
        self.path = str(site.folder / "run/admin.sock")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        """Returns (HTTP status, answer): the answer decoded, or as text where it is no JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        head = {} if text is None else {"Content-Type": "application/json"}
        try:
            self.request(method, path, text, head)
            answer = self.getresponse()
            got = answer.read().decode()
        except (OSError, http.client.HTTPException) as problem:
            raise Failed(f"{method} {path} at {self.path}: {problem!r}") from None
        try:
            return answer.status, json.loads(got)
        except ValueError:
            return answer.status, got

    def must(self, method, path, body=None, status=200):
        """The answer; any other status fails."""
        got, answer = self.ask(method, path, body)
        if got != status:
            raise Failed(f"{method} {path}: {got} {answer}, wanted {status}")
        return answer


class Site(Process):
    """A site folder and the ringfenced that serves it."""

    held = None  # sockets; of a site that was down

    def __init__(self, folder, like=None, **conf):
        """`like`: a folder that `ringfence init` made, to be copied; else one is made with these
        options (sccp_port=0 and the like are there already)."""
        self.folder = Path(folder)
        super().__init__("ringfenced", self.folder.parent / f"{self.folder.name}.log")
        options = {"sccp_port": 0, "capf_port": 0, "tftp_port": 0, "http_port": 0,
                   "https_port": 0, "tvs_port": 0, "provision_names": 0, **conf}
        if like is None:
            words = [word for key, value in options.items() for word in
                     ("--set", f"{key}={value}")]
            ringfence("init", "--site", self.folder, *words)
        else:
            shutil.copytree(like, self.folder)
            for key, value in conf.items():
                self.configure(**{key: value})
            self.hold_ports()  # those of the one it was copied from, maybe in a network of our own

    # ---- the server ----

    def start(self, *words, wait=True):
        """Start it and wait until it serves. Its log goes on in the same file. A port that it had
        before may be the local one of somebody's connection, for a minute after that has ended."""
        for left in range(PORT_TRIES if wait else 1, 0, -1):
            before = len(self.lines())
            self.launch(program("ringfenced"), "--config", self.folder / "ringfence.conf", *words)
            try:
                if wait:
                    self.log_wait(" main: ready ", after=before)
                return self
            except Failed:
                if left == 1 or not any("code=port-in-use" in line for line in self.lines()[before:]):
                    raise
                time.sleep(PORT_PAUSE_S)
        return self

    def wait_end(self, status=0, patience=PATIENCE):
        got = super().wait_end(status, patience)
        self.hold_ports()
        return got

    def kill(self):
        super().kill()
        self.hold_ports()

    def hold_ports(self):
        """While it is down the kernel gives its TCP ports to nobody else, and from then on: they are
        bound here as well, and only who listens is in the way of others who bind."""
        path = self.folder / "run/ports.json"
        if self.held is not None or not path.is_file():
            return
        self.held, ports = [], json.loads(path.read_text())
        for port in (port for name, port in ports.items() if name != "tftp"):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((self.option("listen", "127.0.0.1"), port))
            except OSError:
                one.close()  # somebody was quicker, or it is of another family
            else:
                self.held.append(one)

    def restored(self, folder, **conf):
        """Another site: restored from a backup of this one, which may be serving, with other options."""
        other, folder = Site.__new__(Site), Path(folder)
        Process.__init__(other, f"ringfenced {folder.name}", folder.parent / f"{folder.name}.log")
        other.folder = folder
        backup, secret = (folder.parent / f"{folder.name}.{kind}" for kind in ("backup", "secret"))
        secret.write_text("a passphrase of the test\n")
        self.cli("backup", "--out", backup, "--passphrase-file", secret)
        ringfence("restore", backup, "--site", folder, "--passphrase-file", secret)
        (folder / "run/ports.json").unlink()  # at its address they may be somebody's
        other.configure(**conf)
        return other

    def configure(self, **conf):
        """Change options in ringfence.conf; a running server wants reload()."""
        path = self.folder / "ringfence.conf"
        lines = path.read_text().splitlines()
        for key, value in conf.items():
            at = [i for i, line in enumerate(lines) if line.split("=")[0].strip() == key]
            if len(at) != 1:
                raise Failed(f"{path} has no option {key}")
            lines[at[0]] = f"{key} = {value}"
        path.write_text("\n".join(lines) + "\n")

    def option(self, key, otherwise):
        """What ringfence.conf says, if it does."""
        path = self.folder / "ringfence.conf"
        lines = path.read_text().splitlines() if path.is_file() else []
        return next((line.split("=", 1)[1].strip() for line in lines
                     if line.split("=")[0].strip() == key), otherwise)

    @property
    def ports(self):
        """sccp_tls, capf, tftp as they are bound."""
        return json.loads((self.folder / "run/ports.json").read_text())

    @property
    def tftp(self):
        return f"127.0.0.1:{self.ports['tftp']}"

    # ---- the API, asked as any program may ----

    def ask(self, method, path, body=None):
        """Api.ask, on a connection of its own."""
        with closing(Api(self)) as api:
            return api.ask(method, path, body)

    def api(self, method, path, body=None, status=200):
        with closing(Api(self)) as api:
            return api.must(method, path, body, status)

    def status(self):
        return self.api("GET", "/v1/status")

    def device(self, name):
        return self.api("GET", f"/v1/devices/{quote(name)}")

    def events(self, **query):
        return self.api("GET", f"/v1/events?{urlencode(query)}")["events"]

    def event_wait(self, code, device=None, text="", patience=PATIENCE, **members):
        """Wait for an event with this code, of this device, with this in its text, whose members
        are these."""
        def look():
            return next((e for e in self.events() if e["code"] == code and text in e["text"]
                         and (device is None or e["device"] == device)
                         and all(e[k] == v for k, v in members.items())), None)
        return wait_until(lambda: f"event {code} of {device} among\n" + "\n".join(
            f"{e['code']} {e['device']} {e['text']}" for e in self.events()), look, patience)

    def events_wait(self, code, count, patience=PATIENCE):
        """Wait for so many events with this code, and no more of them: what a client sees of a refusal
        comes before the event."""
        def look():
            found.extend(e for e in self.events() if e["code"] == code and e not in found)
            return len(found) >= count
        found = []
        wait_until(lambda: f"{count} events {code} of {self.events()}", look, patience)
        if len(found) != count:
            raise Failed(f"{len(found)} events {code}, wanted {count}: {found}")
        return found

    def wait_registered(self, *names, patience=PATIENCE):
        wait_until(lambda: f"{names} registered: {self.status()}",
                   lambda: all(self.device(name)["registered"] for name in names), patience)

    # ---- the administrator's commands ----

    def cli(self, *words, **rest):
        """`ringfence WORDS --site FOLDER`."""
        return ringfence(*words, "--site", self.folder, **rest)

    def device_add(self, name, lines=(), model="8861", mode="encrypted", load=None, **options):
        words = ["device", "add", name, "--model", model, "--mode", mode]
        words += [word for line in lines for word in ("--line", line)]
        words += ["--load", load] if load else []
        words += [word for key, value in options.items() for word in (f"--{key}", value)]
        return self.cli(*words)

    def capf_install(self, name, auth="string"):
        """Schedule it; returns the authentication string that the server drew, if any."""
        return self.cli("capf", "install", name, "--auth", auth, "--json").get("string")

    def reload(self):
        return self.api("POST", "/v1/reload", {})


class Factory:
    """`ringfence factory`: the manufacturer of software phones and their firmware."""

    HARDWARE = "rf-1"

    def __init__(self, folder, like=None, age_days=0):
        self.folder = Path(folder)
        if like is not None:
            shutil.copytree(like, self.folder)
        else:
            ringfence("factory", "init", "--age-days", age_days, self.folder)

    @property
    def roots(self):
        return self.folder / "mic-roots.pem"

    def firmware(self, version, *words):
        """The folder of a firmware, made when it is not there yet. Its load is ringphone-VERSION."""
        out = self.folder / f"firmware-{version}"
        if not out.is_dir():
            ringfence("factory", "firmware", "--version", version, "--hardware", self.HARDWARE,
                      "--out", out, *words, self.folder)
        return out

    def firmware_files(self, version):
        return sorted(self.firmware(version).iterdir())

    def phone(self, name, version="1.0", model="8861", age_days=0, words=()):
        """A new phone with this firmware, or one that was made so many days ago; `words` go to
        `factory phone`."""
        flash = self.folder / "phones" / name
        flash.parent.mkdir(exist_ok=True)
        ringfence("factory", "phone", "--name", name, "--model", model, "--hardware",
                  self.HARDWARE, "--flash", flash, "--firmware", self.firmware(version),
                  "--age-days", age_days, *words,
                  self.folder)
        return Phone(flash, name)


class Phone(Process):
    """A ringphone with its flash folder, and the events it tells."""

    def __init__(self, flash, name):
        self.flash, self.device = Path(flash), name
        super().__init__(f"ringphone {name}", self.flash.parent / f"{self.flash.name}.log")
        self._events, self._news, self._reader = [], threading.Condition(), None

    def start(self, site, *words, before=(), has_menu=False):
        """Switch it on. `site` is a Site, or HOST:PORT of a TFTP server; `before`: words of a command
        that runs it, e.g. in another network; `has_menu`: for say(). Events of an earlier life are
        forgotten."""
        tftp = site.tftp if isinstance(site, Site) else site
        self._events = []
        if has_menu:
            words += ("--console",)
        self.launch(*before, program("ringphone"), "--flash", self.flash, "--tftp", tftp, "--json",
                    "--retry-ms", "1000", *words, stdout=subprocess.PIPE,
                    stdin=subprocess.PIPE if has_menu else subprocess.DEVNULL)
        self._reader = threading.Thread(target=self._read, args=(self.child.stdout, self._events),
                                        daemon=True)
        self._reader.start()
        return self

    def _read(self, pipe, events):
        with pipe, open(self.log, "ab") as log:
            for line in pipe:
                log.write(line)
                log.flush()
                with self._news:
                    events.append(json.loads(line))
                    self._news.notify_all()
        with self._news:
            events.append(None)  # the end
            self._news.notify_all()

    def say(self, line, ok=True):
        """A line of its menu; the answer, which is a yes or a refusal as `ok` says."""
        before = len(self.seen("answer"))
        self.child.stdin.write(f"{line}\n".encode())
        self.child.stdin.flush()
        answer = self.wait("answer", after=before)
        assert answer["ok"] is ok, answer
        return answer

    @property
    def events(self):
        with self._news:
            return [event for event in self._events if event is not None]

    def seen(self, name, **members):
        """The events of this name whose members are these."""
        return [event for event in self.events if event["event"] == name
                and all(event.get(key) == value for key, value in members.items())]

    def is_now(self, name, **members):
        """The last event of this name has these members."""
        return any(event.items() >= members.items() for event in self.seen(name)[-1:])

    def wait_now(self, name, patience=PATIENCE, **members):
        """Wait until the last event of this name has these members: as wait(), for what changes to
        and fro and was so before."""
        wait_until(lambda: f"{self.name}: {members} in the last {name} of {self.seen(name)}",
                   lambda: self.is_now(name, **members), patience)

    def wait(self, name, after=0, patience=PATIENCE, **members):
        """Wait for an event and return it. `after`: so many of its kind are passed over."""
        end = time.monotonic() + patience
        with self._news:
            while True:
                found = [event for event in self._events if event is not None
                         and event["event"] == name
                         and all(event.get(key) == value for key, value in members.items())]
                if len(found) > after:
                    return found[after]
                has_ended = bool(self._events) and self._events[-1] is None
                left = end - time.monotonic()
                if has_ended or left <= 0:
                    told = "\n".join(json.dumps(event) for event in self._events[-25:])
                    raise Failed(f"{self.name}: no {name} {members or ''} "
                                 f"{'before its end' if has_ended else 'in time'}; the last of "
                                 f"what it told:\n{told}")
                self._news.wait(left)

    def wait_end(self, status=0, patience=PATIENCE):
        got = super().wait_end(status, patience)
        self._reader.join(PATIENCE)
        return got

    def kill(self):
        super().kill()
        if self._reader is not None:
            self._reader.join(PATIENCE)

    def security(self):
        """The security page."""
        return json.loads(run(program("ringphone"), "security", "--flash", self.flash,
                              "--json").stdout)

    def messages(self):
        """The texts of its status messages, oldest first."""
        page = json.loads(run(program("ringphone"), "status", "--flash", self.flash,
                              "--json").stdout)
        return [message["text"] for message in page["messages"]]


def end_everyone(is_failed):
    """For conftest.py: nothing outlives its test; what a failed one leaves is printed."""
    for one in Process.everyone:
        one.kill()
        if is_failed and one.log_text():
            print(f"---- {one.name}: {one.log}\n{one.log_text()[-20000:]}")
    Process.everyone.clear()


class Office:
    """A site, a manufacturer, and two phones A (2001, Ada) and B (2002, Ben)."""

    def __init__(self, folder, site, factory):
        """Copies of these two folders."""
        self.site = Site(Path(folder) / "site", like=site)
        self.factory = Factory(Path(folder) / "factory", like=factory)
        phones = self.factory.folder / "phones"
        self.a, self.b = Phone(phones / A, A), Phone(phones / B, B)

    def open(self):
        """Make the two phones, and let them go through all that is done once: the first one enrols
        by authentication string, the second by its MIC. Both are registered at the end."""
        site, factory = self.site, self.factory
        site.cli("mic", "import", factory.roots)
        site.cli("image", "import", *factory.firmware_files("1.0"), *factory.firmware_files("2.0"))
        site.start()
        for phone, line in ((self.a, "2001,Ada,Ada"), (self.b, "2002,Ben,Ben")):
            factory.phone(phone.device)
            site.device_add(phone.device, lines=[line], load="ringphone-2.0")
        string = site.capf_install(A)
        site.capf_install(B, "mic")
        self.a.start(site, "--auth-string", string)
        self.b.start(site)
        for phone in (self.a, self.b):
            phone.wait("registered")
        site.wait_registered(A, B)
        return self

    def close(self):
        for one in (self.a, self.b, self.site):
            one.stop()
        return self
