# SPDX-License-Identifier: Apache-2.0
"""The job of ./try, step by step. Each step either holds or raises; what was seen on the way is kept
in `seen`, of which findings.py makes the table."""
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import attacked
import cutoff
import speech
import wire
from eavesdrop import Eavesdropper
from programs import Failed, Phone, Server, end_children, ringfence, wait_until
from screen import BAD, GOOD, LATER

SPEECH = Path(__file__).resolve().parents[2] / "tests/data/speech"
HARDWARE, MODEL = "rf-1", "8861"
OLD, NEW = "1.0", "2.0"
IDLE = "Ready, second edition"
EQUAL_LEAST = 0.95
TALK_S = 8  # the longer recording is just below

A = dict(letter="A", name="SEP02000000000A", number="2001", person="Ada", says="ada.wav",
         hears="ben.wav", auth="string", version=22)
B = dict(letter="B", name="SEP02000000000B", number="2002", person="Ben", says="ben.wav",
         hears="ada.wav", auth="mic", version=11)
PROOFS = {"string": "by authentication string", "mic": "by its MIC"}


def must(holds, text, log=None):
    if not holds:
        raise Failed(text, log)


class Job:
    def __init__(self, folder, screen, keeps, no_wire):
        self.folder, self.screen, self.keeps = folder, screen, keeps
        self.site, self.factory = folder / "site", folder / "factory"
        self.logs = folder / "logs"
        self.keylog, self.pcap = folder / "phones.keylog", folder / "wire.pcap"
        self.server, self.phones, self.capture, self.lab = None, {}, None, None
        self.router = None
        self.is_left = False  # to the user
        self.attacks = {}  # feature: what became of the attacks on it
        self.helpers = ThreadPoolExecutor(2)
        self.seen = SimpleNamespace(
            a=SimpleNamespace(**A), b=SimpleNamespace(**B), old_load=f"ringphone-{OLD}",
            new_load=f"ringphone-{NEW}", new_idle=IDLE, equal_least=EQUAL_LEAST,
            c=SimpleNamespace(**cutoff.C), no_wire=no_wire, spy=None, secrets={})
        self.both = (self.seen.a, self.seen.b)

    def __enter__(self):
        self.logs.mkdir()
        return self

    def __exit__(self, *_):
        """End whatever was started and not left to the user."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.end_capture()
        with suppress(AssertionError, OSError):  # nothing keeps the programs from being ended
            self.end_attacks()
        for program in filter(None, [*self.phones.values(), self.router, self.server]):
            program.stop()
        if not self.is_left:
            end_children()  # commands of the helpers, whose results nobody wants any more
        self.helpers.shutdown(cancel_futures=True)
        signal.signal(signal.SIGINT, before)

    def end_capture(self):
        if self.capture is not None:
            capture, self.capture = self.capture, None
            capture.__exit__(None, None, None)

    def end_attacks(self):
        if self.lab is not None:
            the_lab, self.lab = self.lab, None
            the_lab.close()

    # ---- the steps ----

    def step(self, name, work, *arguments):
        with self.screen.step(name) as step:
            said = work(*arguments) or ""
            step.state, step.note = said if isinstance(said, tuple) else (GOOD, said)

    def run(self):
        self.step("a network of its own", self.record)
        self.factory_made = self.helpers.submit(self.make_factory)
        self.step("a site", self.make_site)
        self.step("a factory: two firmwares, two phones with their certificates (MIC)",
                  self.finish_factory)
        self.step("the server", self.start_server)
        self.step("devices and lines", self.add_devices)
        for one in (self.seen.b, self.seen.a):  # B first: it is there when A calls
            phone = f"phone {one.letter}"
            self.step(f"{phone} boots", self.boot, one)
            self.step(f"{phone} verifies another firmware, writes it and boots again",
                      self.update, one)
            self.step(f"{phone} gets its certificate (LSC)", self.enrol, one)
            self.step(f"{phone} registers", self.register, one)
        self.step("A dials, B rings and answers", self.call)
        self.step("while they talk: packets sent into the call", self.tamper)
        self.step("while they talk: two more phones enrol, to attack with", self.set_up_attacks)
        for feature, attack in attacked.ATTACKS:
            self.attack(feature, attack)
        self.step("they have talked", self.talk)
        self.step("A hangs up, both are idle", self.hang_up)
        self.step("each has heard the other, sample for sample", self.compare)
        self.step("a listener on the wire", self.listen)
        self.step("what the server knows", self.look)
        for name, work in cutoff.CutOff(self).steps():
            self.step(name, work)
        if not self.keeps:
            self.step("everything ends in order", self.end)

    def record(self):
        if not self.seen.no_wire:
            capture = wire.Capture("lo", self.pcap)
            try:
                capture.__enter__()
                self.capture = capture
                return "the wire is recorded"
            except wire.Unavailable as problem:
                self.seen.no_wire = str(problem)
        return LATER, f"not to be had ({self.seen.no_wire})"

    def make_site(self):
        # More phones than an address usually has: those that call and those that attack.
        options = {"name": "try", "sccp_port": 0, "capf_port": 0, "tftp_port": 0,
                   "http_port": 0, "https_port": 0, "tvs_port": 0, "provision_names": 0,
                   **cutoff.CENTRE}
        sets = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
        made = ringfence("init", "--site", self.site, *sets)
        return f"{len(made['certificates'])} certificates, trust lists, database"

    def make_factory(self):
        """Beside the site: making keys takes most of the time, and there may be two processors."""
        made = ringfence("factory", "init", self.factory, "--org", "Try Phones")
        for version, more in ((OLD, []), (NEW, ["--display", f"idle={IDLE}"])):
            ringfence("factory", "firmware", self.factory, "--version", version, "--hardware",
                      HARDWARE, "--out", self.firmware(version), *more)
        for one in (*self.both, self.seen.c):
            one.flash = self.folder / f"phone-{one.letter}"
            one.made = ringfence("factory", "phone", self.factory, "--name", one.name, "--model",
                                 MODEL, "--hardware", HARDWARE, "--flash", one.flash,
                                 "--firmware", self.firmware(OLD))
        return made

    def firmware(self, version):
        return self.factory / f"firmware-{version}"

    def finish_factory(self):
        self.seen.factory = self.factory_made.result()
        self.prepared = self.helpers.submit(attacked.prepare, self.folder / "attacks",
                                            self.factory)
        ringfence("mic", "import", self.factory / "mic-roots.pem", "--site", self.site)
        ringfence("image", "import", *sorted(self.firmware(NEW).iterdir()), "--site", self.site)

    def start_server(self):
        self.server = Server(self.site, self.logs, outlives=self.keeps)
        self.ports = self.server.wait_ready()["ports"]
        return "SCCP over TLS {sccp_tls}, CAPF {capf}, TFTP {tftp}".format(**self.ports)

    def add_devices(self):
        for one in self.both:
            self.server.ask("device", "add", one.name, "--model", MODEL, "--line",
                            f"{one.number},{one.person},{one.person}", "--load",
                            self.seen.new_load)
            scheduled = self.server.ask("capf", "install", one.name, "--auth", one.auth)
            one.string = scheduled.get("string", "")
        return ", ".join(f"{one.name} {one.number}" for one in self.both)

    @staticmethod
    def configure(site, **conf):
        """Options of ringfence.conf; a server that runs does not hear of it."""
        path = site / "ringfence.conf"
        lines = path.read_text("utf-8").splitlines()
        for key, value in conf.items():
            lines = [f"{key} = {value}" if line.split("=")[0].strip() == key else line for line in lines]
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def switch_on(self, one):
        """In its later life: it has a keyboard, and says silence."""
        phone = Phone(one.letter, one.flash, self.logs,
                      ["--tftp", f"127.0.0.1:{self.ports['tftp']}", "--console", "--retry-ms", "1000"],
                      outlives=self.keeps, has_keyboard=True)
        self.phones[one.letter] = phone
        return phone

    def boot(self, one):
        options = ["--tftp", f"127.0.0.1:{self.ports['tftp']}", "--sccp-version", one.version,
                   "--play", SPEECH / one.says, "--record", self.heard(one)]
        if not self.seen.no_wire:
            options += ["--keylog", self.keylog]
        if one is self.seen.a:
            options += ["--auth-string-file", "-", "--call", self.seen.b.number, "--for",
                        f"{TALK_S}s"]
        else:
            options += ["--answer"]
        phone = Phone(one.letter, one.flash, self.logs, options, outlives=self.keeps,
                      given=one.string.encode() + b"\n")
        self.phones[one.letter] = phone
        one.events = phone.events
        boot, config = phone.wait("boot"), phone.wait("config")
        must(boot["load"] == self.seen.old_load, f"it runs {boot['load']}", phone.out_path)
        must(config["verified"], "its configuration was not verified", phone.out_path)
        return f"{boot['load']}, trust lists, configuration"

    def heard(self, one):
        return self.folder / f"heard-by-{one.letter}.wav"

    def update(self, one):
        phone = self.phones[one.letter]
        phone.wait("load-installed", load=self.seen.new_load)
        boot = phone.wait("boot", load=self.seen.new_load)
        return f"{boot['load']}"

    def enrol(self, one):
        phone = self.phones[one.letter]
        done = phone.wait("enrol-done")
        must(done["outcome"] == "installed", f"{done['outcome']}: {done.get('why')}",
             phone.out_path)
        return PROOFS[one.auth]

    def register(self, one):
        done = self.phones[one.letter].wait("registered")
        return f"{done['number']}, SCCP {done['version']}, {done['tls']}"

    def call(self):
        a, b = self.phones["A"], self.phones["B"]
        b.wait("call", state="ring-in")
        for phone in (a, b):
            phone.wait("call", state="connected")
            phone.wait("receiving")
            phone.wait("sending")
            phone.wait("first-audio")
            phone.wait("call-info", security="Encrypted")
        return f"{self.seen.b.number}; both show an encrypted call"

    def set_up_attacks(self):
        self.seen.calls = self.server.ask("calls")["calls"]
        self.lab = attacked.Lab(self.prepared.result(), self.server)

    def attack(self, feature, attack):
        """An attack that is not refused is the table's to tell: the others are still made."""
        with self.screen.step(f"attack: {attack.__name__[len('attack_'):].replace('_', ' ')}") as step:
            try:
                made = attacked.of_refusal(attack(self.lab))
            except (AssertionError, OSError) as problem:
                made = attacked.Attack(attack.__name__, False, str(problem))
            self.attacks.setdefault(feature, []).append(made)
            step.name = f"attack: {made.name}"
            step.state, step.note = (GOOD, "refused") if made.holds else (BAD, "NOT as it should be")

    def tamper(self):
        if self.seen.no_wire:
            return LATER, "not made, nobody is on the wire"
        attacked.into_the_call(self.phones["B"])
        return "one again, one with a bit changed"

    def talk(self):
        for phone in self.phones.values():
            phone.wait("clip-done")

    def hang_up(self):
        for phone in self.phones.values():
            phone.wait("call", state="idle")
            phone.wait("media-ended")
        if not self.seen.no_wire:
            self.attacks["media encryption"] = attacked.of_call(
                self.phones["B"].find("media-ended"))
        self.end_attacks()
        must(wait_until(lambda: not self.server.ask("calls")["calls"]),
             "the server still has the call", self.server.log_path)

    def compare(self):
        for one in self.both:
            said = speech.ulaw_of(SPEECH / one.hears)
            heard = speech.ulaw_of(self.heard(one))
            one.equal_samples, one.equal = speech.equal_part(heard, said)
            must(one.equal >= EQUAL_LEAST,
                 f"{one.letter} heard {one.equal:.1%} of what was said as it was",
                 self.phones[one.letter].out_path)
        return ", ".join(f"{one.letter} {one.equal:.2%}" for one in self.both)

    def listen(self):
        self.end_capture()
        if self.seen.no_wire:
            return LATER, "not there, the wire was not recorded"
        spy = self.seen.spy = Eavesdropper(self.pcap, self.keylog)
        self.seen.secrets = spy.secrets(self.seen.a.string,
                                        [speech.sent_of(SPEECH / one.says) for one in self.both])
        return f"{spy.frames} packets searched"

    def look(self):
        for one in self.both:
            one.device = self.server.ask("device", "show", one.name)
            one.security = self.phones[one.letter].security()
            self.phones[one.letter].read()
            one.events = list(one.events)
        self.seen.status = self.server.ask("status")
        self.seen.events = self.server.ask("events")["events"]
        errors = self.server.errors()
        must(not errors, f"the server's log has errors: {errors[:1]}", self.server.log_path)
        return f"{self.seen.status['registered']} registered, {len(self.seen.events)} events"

    def end(self):
        """The phones unregister, the server stops; each says so by its exit status."""
        for phone in self.phones.values():
            must(phone.stop() == 0, f"phone {phone.letter} did not end in order", phone.log_path)
        for server in (self.router, self.server):
            must(server.stop() == 0, f"{server.name} did not end in order", server.log_path)
            must(not server.errors(), f"its log has errors: {server.errors()[:1]}", server.log_path)

    # ---- --keep ----

    def leave_running(self, is_user):
        """Hand over to the user: what runs, and how to look at it."""
        build = Path(self.server.process.args[0]).parents[1]
        flash = {one.letter: one.flash for one in self.both}
        pids = [program.pid for program in (*self.phones.values(), self.server)]
        say = self.screen.say
        say("\nThe server and both phones are running. To look around:\n")
        say(f"  export RINGFENCE_SITE={self.site}")
        say(f"  PATH=$PATH:{build}/ringfence:{build}/ringphone")
        for command in ("ringfence status", "ringfence device list",
                        f"ringfence device show {self.seen.a.name}", "ringfence capf list",
                        "ringfence events", f"ringphone security --flash {flash['A']}",
                        f"ringphone status --flash {flash['B']}",
                        f"tail -f {self.logs}/ringfenced.log {self.logs}/phone-A.out"):
            say(f"  {command}")
        if not self.seen.no_wire:
            user = "-U --preserve-credentials " if is_user else ""
            say(f"\nThey have a network of their own; a shell in it: "
                f"nsenter -t {self.server.pid} {user}-n")
            say(f"The wire was recorded in {self.pcap}, the phones' TLS secrets are in "
                f"{self.keylog}.")
        say(f"\nTo stop and remove everything:\n\n  kill {' '.join(map(str, pids))}; "
            f"rm -rf {self.folder}")
        self.phones, self.server, self.is_left = {}, None, True
