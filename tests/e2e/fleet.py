# SPDX-License-Identifier: Apache-2.0
"""Many phones in one process, and the devices that they are.

    names = fleet.make(factory, folder, 50)
    fleet.known(site, names)
    with fleet.Fleet(folder).start(site, "--until", "enrolled") as phones:
        assert phones.wait_end() == 0
    report = phones.report()
"""
import json
import subprocess
import threading
import time
from pathlib import Path

import rig

FIRST = "SEP00AABB000001"
NUMBER = 20001
NETWORK = "127.1.0.0/16"  # each phone has an address of its own, as outside


def names(count, first=FIRST):
    start = int(first[3:], 16)
    return [f"SEP{start + i:012X}" for i in range(count)]


def make(factory, folder, count, first=FIRST, version="1.0", words=("--ec",)):
    """Their flash folders; returns the names of the devices."""
    rig.ringfence("factory", "phone", factory.folder, "--name", first, "--count", count, "--model",
                  "8861", "--hardware", factory.HARDWARE, "--firmware", factory.firmware(version),
                  "--flash", folder, *words, timeout=3600)
    return names(count, first)


def known(site, devices, first_number=NUMBER, capf=("mic", "ec")):
    """Make them devices of the site, each with a line, and schedule an enrolment (method and kind
    of key; None: no enrolment)."""
    api = rig.Api(site)
    for number, name in enumerate(devices, first_number):
        api.must("POST", "/v1/devices", {
            "name": name, "model": "8861", "mode": "encrypted",
            "lines": [{"dn": str(number), "label": str(number), "display_name": name}]}, 201)
        if capf is not None:
            enrol(api, name, *capf)
    api.close()


def enrol(api, name, auth="mic", key="ec"):
    api.must("POST", f"/v1/devices/{name}/capf", {"op": "install", "auth": auth, "key_type": key})


class Fleet(rig.Process):
    """`ringphone fleet` over a folder of phones, and what it tells."""

    def __init__(self, folder, name="fleet"):
        self.folder = Path(folder)
        self.path = self.folder.parent / f"{name}.report.json"
        super().__init__(name, self.folder.parent / f"{name}.log")
        self.events, self._news, self._reader = [], threading.Condition(), None

    def start(self, site, *words, network=NETWORK, before=()):
        """`network` None: all from one address; `before`: words of a command that runs it."""
        tftp = site.tftp if isinstance(site, rig.Site) else site
        source = ["--from", network] if network is not None else []
        self.events = []
        self.launch(*before, rig.program("ringphone"), "fleet", "--dir", self.folder, "--tftp", tftp,
                    "--json", "--every", "500ms", "--retry-ms", "1000", "--report", self.path,
                    *source, *words, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, args=(self.child.stdout,), daemon=True)
        self._reader.start()
        return self

    def _read(self, pipe):
        with pipe, open(self.log, "ab") as log:
            for line in pipe:
                log.write(line)
                log.flush()
                with self._news:
                    self.events.append(json.loads(line))
                    self._news.notify_all()
        with self._news:
            self.events.append(None)
            self._news.notify_all()

    def wait(self, what, look, patience=rig.PATIENCE):
        """Wait for a summary that look(summary) says yes to; returns it. Earlier ones are looked at
        too: a fleet is told once of what was true for a moment."""
        end, at = time.monotonic() + patience, 0
        while True:
            with self._news:
                while len(self.events) <= at:
                    if not self._news.wait(max(0, end - time.monotonic())):
                        raise rig.Failed(f"{self.name}: not {what} in time\n{self.events[-1:]}")
                event = self.events[at]
            at += 1
            if event is None:
                raise rig.Failed(f"{self.name} has ended and was not {what}\n{self.log_text()[-3000:]}")
            if event["event"] in ("fleet-summary", "fleet-end") and look(event):
                return event
            if time.monotonic() > end:
                raise rig.Failed(f"{self.name}: not {what} in time\n{self.events[-1:]}")

    def mark(self):
        """Forget what was told so far: what a wait sees is new."""
        with self._news:
            self.events = []

    def wait_up(self, count, patience=rig.PATIENCE):
        """So many are registered, in a call or not."""
        return self.wait(f"{count} registered",
                         lambda e: e["states"]["registered"] + e["states"]["in-call"] == count,
                         patience)

    def wait_end(self, status=0, patience=rig.PATIENCE):
        got = super().wait_end(status, patience)
        self._reader.join(rig.PATIENCE)
        return got

    def kill(self):
        super().kill()
        if self._reader is not None:
            self._reader.join(rig.PATIENCE)

    def report(self):
        return json.loads(self.path.read_text())
