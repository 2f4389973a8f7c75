# SPDX-License-Identifier: Apache-2.0
"""Two call managers of one site, and phones that were told both: the first is killed, or says nothing
any more; the idle phone is soon at the second, a call goes on without either, and all come back to
the first when it is there again. The second is made as docs/failover.md says."""
import os
import re
import signal
import time
from pathlib import Path

import pytest

import rig
import voices

NAMES = {"a": "SEP001122334455", "b": "SEP00112233AABB", "c": "SEP00112233CCDD"}
LINES = {"a": "2001,Ada,Ada", "b": "2002,Ben,Ben", "c": "2003,Cleo,Cleo"}
KEEPALIVE_S = 1
# A phone asks every keepalive_s and gives its link up with the third question that was not answered,
# when the next one would be due.
SILENT_S = 4 * KEEPALIVE_S
# --retry-ms 1000 (rig.py) means: a link beside the one in use is tried for every 2 s, and where the
# first call manager is away it is looked for every 8 s.
RETURN_S = 8 + 2
SOON_S = 5
FLEET = int(os.environ.get("RINGFENCE_FLEET", "12"))
GAP = 5  # packets in a row that may be missing where a call goes on
# A server closes a link that has neither asked to register nor sent a keepalive by then.
REGISTER_WAIT_S = 10


class Pair:
    """A site, its copy on another address, and three phones at the first."""

    def __init__(self, folder, made_site, made_factory):
        self.folder = folder
        self.first = rig.Site(folder / "first", like=made_site, keepalive_s=KEEPALIVE_S)
        self.factory = rig.Factory(folder / "factory", like=made_factory)
        self.first.cli("mic", "import", self.factory.roots)
        self.first.cli("image", "import", *self.factory.firmware_files("1.0"))
        self.first.start()
        base, other = self.first.ports["sccp_tls"] - 443, rig.free_port() - 443
        self.at_first, self.at_second = f"127.0.0.1:{base + 443}", f"127.0.0.2:{other + 443}"
        self.first.configure(call_managers=f"127.0.0.1:{base} 127.0.0.2:{other}")
        assert self.first.reload()["applied"] == ["call_managers"]
        self.phones = {who: self.phone(who) for who in NAMES}
        self.all_at(self.at_first)
        self.second = self.first.restored(self.folder / "second", listen="127.0.0.2",
                                          sccp_port=other)
        self.second.start()
        for phone in self.phones.values():
            phone.wait("standby", what="up", server=self.at_second)

    def phone(self, who):
        name = NAMES[who]
        self.first.cli("device", "add", name, "--model", "8861", "--line", LINES[who], "--load",
                       "ringphone-1.0")
        self.first.capf_install(name, "mic")
        self.ear(who).mkdir()
        return self.factory.phone(name).start(
            self.first, "--play", voices.write(self.folder / f"{who}.wav", who), "--record-dir",
            self.ear(who), has_menu=True)

    def ear(self, who):
        return self.folder / f"ear-{who}"

    def all_at(self, server, patience=rig.PATIENCE):
        for phone in self.phones.values():
            self.at(phone, server, patience)

    def at(self, phone, server, patience=rig.PATIENCE):
        """The last registration that this phone told of is there, or comes to be."""
        rig.wait_until(lambda: f"{phone.name} registered at {server}: {phone.events[-10:]}",
                       lambda: [event["server"] for event in phone.seen("registered")][-1:]
                       == [server], patience)

    def state(self, who, state, so_far):
        return self.phones[who].wait("call", after=so_far, state=state)

    def call(self, a, b):
        ringing, up = ([len(self.phones[who].seen("call", state=state)) for who in (a, b)]
                       for state in ("ring-in", "connected"))
        self.phones[a].say(f"call {LINES[b][:4]}")
        self.state(b, "ring-in", ringing[1])
        self.phones[b].say("answer")
        self.state(a, "connected", up[0])
        self.state(b, "connected", up[1])

    def is_at(self, site, *who):
        """Who of the phones is registered there, as the server has it."""
        return {one for one in who if site.device(NAMES[one])["registered"]}


@pytest.fixture
def pair(tmp_path, made_site, made_factory):
    return Pair(tmp_path, made_site, made_factory)


def recording(pair, who):
    """Of the one stream that this phone has heard: written whole or not at all."""
    path, = rig.wait_until(f"a recording at {who}", lambda: list(pair.ear(who).iterdir()))
    return path


def test_killed_in_a_call(pair):
    a, b, c = pair.phones.values()
    pair.call("a", "b")
    time.sleep(1.5)
    pair.first.kill()
    # Who is idle is at the second at once: a killed program's links end.
    pair.at(c, pair.at_second, SOON_S)
    # The call goes on, and what would need a call manager is refused.
    for phone in (a, b):
        phone.wait("call", state="preserved", patience=SOON_S)
        assert phone.say("hold", ok=False)["code"] == "preserved"
    time.sleep(4)
    assert a.say("transfer", ok=False)["code"] == "preserved"
    assert len(a.seen("registered")) == len(b.seen("registered")) == 1
    assert pair.is_at(pair.second, *"abc") == {"c"}
    for phone in (a, b):
        phone.say("hangup")
    for phone in (a, b):
        pair.at(phone, pair.at_second, SOON_S)
    for who, other in ("ab", "ba"):
        path = recording(pair, who)
        pieces = voices.heard(path)
        assert len(pieces) >= 10, pieces  # 1.5 s before the kill, 4 s and more after it
        assert all(voices.is_heard(piece, other) for piece in pieces), (who, pieces)
        packets, missing = voices.unbroken(path, other)
        assert packets >= 5 * 50 and missing <= GAP, (who, packets, missing)
    # The second does what the first did.
    pair.call("a", "c")
    a.wait_now("call-info", security="Encrypted")

    # The first is back: who is idle goes there, who talks stays until the call is over.
    pair.first.start()
    pair.at(b, pair.at_first, RETURN_S)
    assert b.seen("standby", what="granted")
    assert pair.is_at(pair.second, *"abc") == {"a", "c"}
    a.say("hangup")
    for phone in (a, c):
        pair.at(phone, pair.at_first, RETURN_S)
    pair.first.wait_registered(*NAMES.values())
    rig.wait_until("nobody is left at the second", lambda: not pair.is_at(pair.second, *"abc"))
    pair.call("c", "b")


def test_silent_and_back(pair):
    """It runs and says nothing: links stay open, and only keepalives tell."""
    time.sleep(REGISTER_WAIT_S + 1)  # nothing is to happen
    for phone in pair.phones.values():
        assert [event["what"] for event in phone.seen("standby")] == ["up"]
    pair.first.send(signal.SIGSTOP)
    try:
        began = time.monotonic()
        pair.all_at(pair.at_second, SILENT_S + SOON_S)
        assert time.monotonic() - began > KEEPALIVE_S
        for phone in pair.phones.values():
            assert phone.seen("lost")[-1]["code"] == "keepalive-timeout"
    finally:
        pair.first.send(signal.SIGCONT)
    pair.all_at(pair.at_first, RETURN_S + 30)


def test_what_is_no_call_manager_is_refused(site):
    """The entry is named; a server that runs keeps what it had."""
    site.start()
    site.configure(call_managers="192.0.2.10 192.0.2.11:65093")
    status, answer = site.ask("POST", "/v1/reload", {})
    assert status >= 400
    assert re.search(r"line \d+: call_managers: 192\.0\.2\.11:65093: wants a port", str(answer))
    done = site.cli("config", "check", status=None)
    assert done.returncode != 0
    assert "192.0.2.11:65093" in done.stdout + done.stderr
    site.configure(call_managers="192.0.2.10 192.0.2.11:65092")
    assert site.reload()["applied"] == ["call_managers"]


@pytest.mark.fleet
def test_many_phones_go_on_at_the_second():
    """What the bench asks of a thousand phones."""
    done = rig.run(Path(rig.__file__).parents[1] / "bench/failover", "--phones", FLEET, "--calls",
                   max(2, FLEET // 10), "--calls-a-second", 1, "--talk", 13 if FLEET < 50 else 20,
                   "--rate", 10, status=None, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
