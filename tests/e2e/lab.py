# SPDX-License-Identifier: Apache-2.0
"""Where attacks are tried: a manufacturer, a site that is served, phones that have enrolled, and
somebody on the way between them.

The server listens on 127.0.0.1 and tells phones 127.0.0.2, where two proxies pass on what comes, until
an attack tells them otherwise. A phone is a copy of a flash folder that has enrolled before, so that
each attack begins with the same phone and none waits for keys.

    with Lab(folder) as lab, lab.phone(A) as phone:
        phone.wait("registered")
"""
import hashlib
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import proxy
import rig
import tftpd
from rig import A, B

C = "SEP001122334477"  # never enrolled before
NUMBERS = {A: "2001", B: "2002", C: "2003"}
MODEL = "8861"
OLD, NEW = "ringphone-1.0", "ringphone-2.0"

# Parts of a flash folder, for snapshot()
IMAGE_PARTS = ("slot.a", "slot.b", "boot.json")
TRUST_PARTS = ("CTLFile.tlv", "ITLFile.tlv")
CONFIG_PARTS = ("config.cnf.xml.sgn", "state.json")
LSC_PARTS = ("lsc.pem", "mic.pem")


@dataclass
class Refusal:
    """What became of an attack, or of its twin, which is the same without the one fault: then `refused`
    is false, and `by`, `code` and `message` are empty. In `evidence` a value that is False is
    something that should have held and did not."""
    name: str
    refused: bool
    by: str = ""  # "phone" or "server"
    code: str = ""
    message: str = ""
    evidence: dict = field(default_factory=dict)

    @property
    def is_whole(self):
        """All that was to be seen beside the refusal, or the acceptance, was seen."""
        return all(value is not False for value in self.evidence.values())


def snapshot(flash, *parts):
    """Digest of each file below these parts of a flash folder."""
    found = {}
    for part in parts:
        base = flash / part
        for path in sorted(base.rglob("*")) if base.is_dir() else [base]:
            if path.is_file():
                found[str(path.relative_to(flash))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


class Phone(rig.Phone):
    """A phone of the lab. Its end is looked at: one that crashed fails the attack."""

    def wait_any(self, *names, **members):
        """The first event of one of these names."""
        def look():
            if not self.is_running():
                raise rig.Failed(f"{self.name} has ended\n{self.log_text()[-3000:]}")
            return next((e for e in self.events if e["event"] in names and
                         all(e.get(key) == value for key, value in members.items())), None)
        return rig.wait_until(lambda: f"{names} {members} of {self.name}\n"
                              f"{self.log_text()[-3000:]}", look)

    def status_texts(self):
        """The status messages of this run."""
        return [event["text"] for event in self.seen("status")]

    def __exit__(self, kind, problem, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()


class Lab:
    """See above. Everything lies in `folder`; `like` is a manufacturer to be copied."""

    def __init__(self, folder, like=None, listen="127.0.0.1", advertise="127.0.0.2",
                 has_proxies=True, **conf):
        self.folder = Path(folder)
        self.factory = rig.Factory(self.folder / "factory", like=like)
        self.site = rig.Site(self.folder / "site", name="hq", listen=listen, advertise=advertise,
                             keepalive_s=1, tftp_retry_ms=200, **conf)
        self._count = 0
        self._stranger = None
        self._proxies = []
        try:
            self._serve(listen, advertise, has_proxies)
            self._make_phones()
        except BaseException:
            self.close()
            raise

    def _serve(self, listen, advertise, has_proxies):
        self.site.cli("mic", "import", self.factory.roots)
        self.site.cli("image", "import", *self.factory.firmware_files("2.0"))
        self.site.start()
        self._connect(listen, advertise, has_proxies)

    def _connect(self, listen, advertise, has_proxies):
        ports = self.site.ports
        self.tftp = (listen, ports["tftp"])
        self.call_manager = (listen, ports["sccp_tls"])
        self.capf_server = (listen, ports["capf"])
        if has_proxies:
            self.sccp = self._proxy((advertise, ports["sccp_tls"]), self.call_manager)
            self.capf = self._proxy((advertise, ports["capf"]), self.capf_server)

    def _proxy(self, listen, target):
        self._proxies.append(proxy.Proxy(listen, target))
        return self._proxies[-1]

    def _make_phones(self):
        """A enrols by string, B by its MIC; C is fresh from the factory."""
        self.masters = {}
        for name, number in NUMBERS.items():
            self.masters[name] = self.factory.phone(name, model=MODEL).flash
            # Configurations in the clear: they are what most attacks change. Encrypted ones have
            # their own tests.
            self.site.device_add(name, [number], model=MODEL, **{"encrypt-config": "off"})
        string = self.site.capf_install(A)
        self.site.capf_install(B, "mic")
        for name, more in ((A, ["--auth-string", string]), (B, [])):
            with self.run(self.masters[name], *more) as phone:
                phone.wait("registered")

    def close(self):
        try:
            for one in self._proxies:
                one.close()
        finally:
            if self.site.is_running():
                self.site.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- the site ----

    def mark(self):
        """The number of the newest event: what comes later is new."""
        return max((event["id"] for event in self.site.events(limit=1)), default=0)

    def event(self, since, code, device=None, text=""):
        """The first event of that code after `since`, whose text holds `text`."""
        def look():
            return next((e for e in self.site.events(after=since) if e["code"] == code
                         and text in e["text"] and device in (None, e["device"])), None)
        return rig.wait_until(lambda: f"event {code} of {device} with \"{text}\" among "
                              f"{self.site.events(after=since)}", look)

    def signing_key(self, role):
        """Certificate and key of the site in one file: "ccm", "tftp", "capf"."""
        return self.site.folder / "keys" / f"{role}.pem"

    @property
    def stranger(self):
        """Another site, as well made as ours, that no phone here has heard of."""
        if self._stranger is None:
            self._stranger = rig.Site(self.folder / "stranger", name="elsewhere")
        return self._stranger.folder

    # ---- phones ----

    def copy(self, name):
        """A flash folder of one's own, as the phone `name` had it after its enrolment."""
        self._count += 1
        flash = self.folder / "runs" / str(self._count) / name
        shutil.copytree(self.masters[name], flash)
        return flash

    def run(self, flash, *options, tftp=None, before=()):
        """Switch a phone on. `before`: a command that runs it."""
        host, port = tftp or self.tftp
        phone = Phone(flash, flash.name)
        return phone.start(f"{host}:{port}", "--retry-ms", "50", *options, before=before)

    def phone(self, name, *options, **more):
        return self.run(self.copy(name), *options, **more)

    @contextmanager
    def overlay(self, files):
        """A TFTP server that lies about these files."""
        with tftpd.Overlay(self.tftp) as liar:
            liar.files.update(files)
            yield liar

    @staticmethod
    @contextmanager
    def led_astray(between, address):
        """What comes to that proxy goes to another server."""
        home, between.target = between.target, address
        try:
            yield
        finally:
            between.target = home
