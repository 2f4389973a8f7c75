# SPDX-License-Identifier: Apache-2.0
"""Calls between real phones by the real server: hold with music, transfer, conference, shared lines.
Each phone has a voice of its own, so that what was recorded at an ear says whom it heard."""
import re
import socket
import time
from types import SimpleNamespace

import pytest

import rig
import voices

NAMES = {"a": "SEP001122334455", "b": "SEP00112233AABB", "c": "SEP00112233CCDD", "d": "SEP00112233EEFF"}
LINES = {"a": "2001,Ada,Ada", "b": "2002,Ben,Ben", "c": "2003,Cleo,Cleo", "d": "2004,Dan,Dan"}
# What each speaks. The server takes the best that two have, so that there are calls of each codec,
# calls that change it, and mixes of several.
CODECS = {"a": "ulaw,g722", "b": "alaw,ulaw", "c": "g722,ulaw,alaw", "d": "g722,alaw"}
LOCK, SHIELD = "Encrypted", "Authenticated"


class Office:
    """Four phones, registered, each with its menu and a folder of what it heard."""

    def __init__(self, folder, made_site, made_factory, **conf):
        self.folder = folder
        self.site = rig.Site(folder / "site", like=made_site)
        self.factory = rig.Factory(folder / "factory", like=made_factory)
        self.site.cli("mic", "import", self.factory.roots)
        self.site.cli("image", "import", *self.factory.firmware_files("1.0"))
        self.site.configure(srtp_gcm_models="8861", **conf)
        self.site.start()
        self.phones, self.ears, self.files = {}, {}, {}
        for version, (who, name) in zip((22, 11, 17, 20), NAMES.items()):
            self.site.cli("device", "add", name, "--model", "8861", "--line", LINES[who], "--load",
                          "ringphone-1.0")
            self.site.capf_install(name, "mic")
            self.ears[who] = folder / f"ear-{who}"
            self.ears[who].mkdir()
            self.phones[who] = self.factory.phone(name).start(
                self.site, "--sccp-version", version, "--codecs", CODECS[who], "--play",
                voices.write(folder / f"{who}.wav", who), "--record-dir", self.ears[who],
                has_menu=True)
        for phone in self.phones.values():
            phone.wait("registered")

    def say(self, who, line, ok=True):
        return self.phones[who].say(line, ok)

    def state(self, who, state, **more):
        """An event "call" of this state after the mark."""
        phone = self.phones[who]
        past = phone.events[:self.past[who]]
        so_far = sum(event["event"] == "call" and event["state"] == state for event in past)
        return phone.wait("call", after=so_far, state=state, **more)

    def status(self, who, security):
        """The icon that is shown now, or comes."""
        phone = self.phones[who]
        end = time.monotonic() + rig.PATIENCE
        while time.monotonic() < end:
            infos = phone.seen("call-info")
            if infos and infos[-1]["security"] == security:
                return
            time.sleep(0.05)
        raise AssertionError(f"{who}: not {security}: {phone.seen('call-info')[-3:]}")

    def mark(self):
        """What comes from now on counts."""
        self.past = {who: len(phone.events) for who, phone in self.phones.items()}
        self.files = {who: set(self.ears[who].iterdir()) for who in self.phones}

    def call(self, a, number, b):
        self.say(a, f"call {number}")
        self.state(b, "ring-in")
        self.say(b, "answer")
        self.state(a, "connected")
        self.state(b, "connected")

    def talk(self, seconds=1.6):
        time.sleep(seconds)

    def quiet(self):
        """All hang up; what they heard, a recording for each stream: {"a": [path, ...], ...}"""
        for who, phone in self.phones.items():
            for nth in self.mine(who):
                try:
                    phone.say(f"hangup {nth}")
                except AssertionError:
                    pass  # another that hung up ended this one too
        rig.wait_until("no call is left", lambda: not self.site.api("GET", "/v1/calls")["calls"])
        time.sleep(0.3)
        found = {}
        for who in self.phones:
            new = sorted(set(self.ears[who].iterdir()) - self.files[who],
                         key=lambda path: path.stat().st_mtime)  # written as each ended
            found[who] = [path for path in new if len(voices.samples(path)) > voices.PIECE]
        return found

    def mine(self, who):
        """The calls of this phone that are not over, by the last that it said of each."""
        last = {event["nth"]: event["state"] for event in self.phones[who].seen("call")}
        return [nth for nth, state in last.items() if state not in ("idle", "remote")]


@pytest.fixture(scope="module")
def made_four(tmp_path_factory, made_site, made_factory):
    before = list(rig.Process.everyone)
    office = Office(tmp_path_factory.mktemp("four"), made_site, made_factory)
    mine = rig.Process.everyone[len(before):]
    rig.Process.everyone[:] = before
    yield office
    for process in mine:
        process.kill()


@pytest.fixture
def four(made_four):
    made_four.mark()
    yield made_four
    made_four.quiet()


def only(path, who):
    """In each half second this one was heard and nobody else, least of all oneself; "": nobody."""
    heard = voices.heard(path)
    assert heard and all(voices.is_heard(piece, who) for piece in heard), (path, heard)


def both(path, them):
    """These two were heard together for a second or more (before that there is a tone, and one of
    them may come or go), and never anybody else, least of all oneself."""
    heard = voices.heard(path, is_mixed=True)
    assert sum(voices.is_heard(piece, them) for piece in heard) >= 2, (path, heard)
    assert all(piece[who] < voices.FAINT for piece in heard for who in piece if who not in them), \
        (path, heard)


def alone_at_last(path, who):
    """In the last second and a half this one was heard alone for half a second or more, and in the
    last second nobody else."""
    heard = voices.heard(path, is_mixed=True)
    assert any(voices.is_heard(piece, who) for piece in heard[-3:]), (path, heard)
    assert all(piece[other] < voices.FAINT
               for piece in heard[-2:] for other in piece if other != who), (path, heard)


def streams(phone, since, what):
    """Suites or codecs of what was received and sent from then on, in their order."""
    return [event[what] for event in phone.events[since:]
            if event["event"] in ("receiving", "sending")]


def test_hold_music_resume_sec_80_sec_82(four):
    four.call("a", "2002", "b")
    four.status("a", LOCK)
    four.talk()
    four.say("a", "hold")
    four.state("a", "held")
    four.status("b", SHIELD)  # while it hears music it has no lock
    four.talk(1.6)
    four.say("a", "resume")
    four.status("a", LOCK)
    four.status("b", LOCK)
    four.talk()
    for who in "ab":  # the strongest that both have, music included
        assert set(streams(four.phones[who], four.past[who], "suite")) == {"AEAD_AES_128_GCM"}
        assert set(streams(four.phones[who], four.past[who], "codec")) == {"ulaw"}
    heard = four.quiet()
    before, music, after = heard["b"]
    only(before, "a")
    only(music, "")
    assert voices.is_loud(music)
    only(after, "a")
    before, after = heard["a"]
    only(before, "b")
    only(after, "b")


def test_call_waiting_and_consult_transfer_sec_80(four):
    four.call("a", "2002", "b")
    four.talk(0.8)
    four.say("b", "transfer")
    four.state("b", "held")
    four.say("b", "call 2003")
    four.state("c", "ring-in")
    four.say("c", "answer")
    four.state("c", "connected")
    four.talk(0.8)
    four.say("b", "transfer")
    four.state("b", "idle")
    four.status("a", LOCK)
    four.status("c", LOCK)
    four.talk()
    heard = four.quiet()
    for who in "ac":  # with b they had to speak what that can
        codecs = streams(four.phones[who], four.past[who], "codec")
        assert codecs[0] == "ulaw" and codecs[-2:] == ["g722", "g722"], codecs
    for who, others in (("a", ("b", "", "c")), ("b", ("a", "c")), ("c", ("b", "a"))):
        assert len(heard[who]) == len(others), heard
        for path, other in zip(heard[who], others):
            only(path, other)
    assert voices.is_loud(heard["a"][1])


def test_three_meet_and_one_leaves_sec_86(four):
    four.call("a", "2002", "b")
    four.say("a", "conference")
    four.state("a", "held")
    four.say("a", "call 2003")
    four.state("c", "ring-in")
    four.say("c", "answer")
    four.state("c", "connected")
    four.say("a", "conference")
    for who in "abc":
        four.status(who, LOCK)
    four.talk(3.5)
    four.say("c", "hangup")
    four.talk(2)
    heard = four.quiet()
    for who, others in (("a", "bc"), ("b", "ac"), ("c", "ab")):
        both(heard[who][-1], others)
    alone_at_last(heard["a"][-1], "b")
    alone_at_last(heard["b"][-1], "a")


def test_what_the_bridge_refuses_is_told_with_the_phone(four):
    four.call("a", "2002", "b")
    four.say("a", "conference")
    four.state("a", "held")
    four.say("a", "call 2003")
    four.state("c", "ring-in")
    four.say("c", "answer")
    four.state("c", "connected")
    four.say("a", "conference")
    for who in "abc":
        four.status(who, LOCK)
    four.talk(3)
    port = four.phones["a"].seen("sending")[-1]["port"]
    before = len(four.site.lines())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(5):
            stranger.sendto(b"\x80\x00\x00\x01stranger", ("127.0.0.1", port))
    line = four.site.log_wait("media refused reason=rtp-address", after=before)
    ref = re.search(r" dev=" + NAMES["a"] + r" call=\d+ (call-ref=\d+)$", line)
    assert ref, line
    four.site.event_wait("media-refused", NAMES["a"], text=f"reason=rtp-address {ref[1]}")
    heard = four.quiet()
    for who, others in (("a", "bc"), ("b", "ac"), ("c", "ab")):
        both(heard[who][-1], others)


def test_phones_meet_under_a_number_sec_86_sec_87(four):
    four.site.cli("meet-me", "add", "5000", "--least", "encrypted")
    four.say("b", "call 5000")  # nobody began it
    four.state("b", "failed")
    four.state("b", "idle")
    four.say("a", "newcall")
    four.state("a", "dialling")
    dialling = len(four.phones["a"].seen("call", state="dialling"))
    four.say("a", "meetme")  # another dial tone
    four.phones["a"].wait("call", after=dialling, state="dialling")
    four.say("a", "digits 5000#")
    four.state("a", "connected")
    for who in "bc":
        four.say(who, "call 5000")
        four.state(who, "connected")
    for who in "abc":
        four.status(who, LOCK)
    four.talk(3)
    heard = four.quiet()
    for who, others in (("a", "bc"), ("b", "ac"), ("c", "ab")):
        both(heard[who][-1], others)


def test_a_shared_line_rings_on_both_and_is_barged_into_sec_88(four):
    site = four.site
    site.cli("device", "change", NAMES["a"], "--shared", "2001=yes")
    before = len(four.phones["d"].seen("registered"))
    site.cli("device", "change", NAMES["d"], "--line", LINES["d"], "--line", "2001,Ada,Ada",
             "--shared", "2001=yes")
    four.phones["d"].wait("registered", after=before)
    four.mark()
    four.say("c", "call 2001")
    four.state("a", "ring-in")
    four.state("d", "ring-in")
    four.say("d", "answer")
    four.state("c", "connected")
    four.state("d", "connected")
    four.state("a", "remote")
    four.talk(1)
    four.say("a", "barge")
    four.state("a", "connected")
    for who in "acd":
        four.status(who, LOCK)
    four.talk(3.5)
    heard = four.quiet()
    for who, others in (("a", "cd"), ("c", "ad"), ("d", "ac")):
        both(heard[who][-1], others)


def test_held_here_and_taken_back_there_sec_80(four):
    """After the test before: a line of two phones."""
    four.say("c", "call 2001")
    four.state("a", "ring-in")
    four.say("a", "answer")
    four.state("c", "connected")
    four.talk(0.8)
    four.say("a", "hold")
    four.state("a", "held")
    rig.wait_until("the other phone may take it back",
                   lambda: "Resume" in four.phones["d"].seen("keys")[-1]["keys"].split())
    four.say("d", "resume")
    four.state("d", "connected")
    four.status("c", LOCK)
    four.talk()
    heard = four.quiet()
    only(heard["c"][-1], "d")
    only(heard["d"][-1], "c")


def test_a_protected_phone_says_whether_it_is_secure_sec_89(four):
    four.site.cli("device", "change", NAMES["b"], "--protected", "yes")
    four.call("b", "2003", "c")
    four.phones["b"].wait("tone", tone="SecureWarningTone")
    assert not four.phones["c"].seen("tone", tone="SecureWarningTone")
    four.site.cli("device", "change", NAMES["b"], "--protected", "no")


def test_busy_and_no_answer_go_on_to_another(four):
    site = four.site
    site.cli("device", "change", NAMES["b"], "--forward-busy", "2002=2003", "--busy-trigger",
             "2002=1")
    four.call("b", "2004", "d")
    four.talk(0.8)
    four.say("a", "call 2002")
    four.state("c", "ring-in")
    four.say("c", "answer")
    four.state("a", "connected")
    info = four.phones["c"].seen("call-info")[-1]
    assert info["original_number"] == "2002" and info["calling_number"] == "2001"
    heard = four.quiet()
    assert streams(four.phones["d"], four.past["d"], "codec") == ["alaw", "alaw"]
    only(heard["b"][0], "d")
    only(heard["d"][0], "b")
    site.cli("device", "change", NAMES["b"], "--forward-busy", "2002=", "--busy-trigger", "2002=0")


def confers(office):
    """Ada holds Ben, calls Cleo, and presses the key once more."""
    office.call("a", "2002", "b")
    office.say("a", "conference")
    office.state("a", "held")
    office.say("a", "call 2003")
    office.state("c", "ring-in")
    office.say("c", "answer")
    office.state("c", "connected")
    office.say("a", "conference")
    office.phones["a"].wait("tone", tone="BeepBonk")


def test_calls_go_on_where_the_server_has_no_legs_for_a_conference(tmp_path, made_site, made_factory):
    office = Office(tmp_path, made_site, made_factory, media_legs=1)
    office.mark()
    confers(office)
    office.site.log_wait("no conference: 1 of 1 media_legs are in use, and 2 more are wanted")
    office.talk()
    states = {call["state"] for call in office.site.api("GET", "/v1/calls")["calls"]}
    assert states == {"HELD", "CONNECTED"}
    heard = office.quiet()
    only(heard["c"][-1], "a")
    office.site.cli("device", "change", NAMES["a"], "--shared", "2001=yes")
    before = len(office.phones["d"].seen("registered"))
    office.site.cli("device", "change", NAMES["d"], "--line", LINES["d"], "--line", "2001,Ada,Ada",
                    "--shared", "2001=yes")
    office.phones["d"].wait("registered", after=before)
    office.mark()
    office.say("c", "call 2001")
    office.state("d", "ring-in")
    office.say("d", "answer")
    office.state("c", "connected")
    office.state("d", "connected")
    office.state("a", "remote")
    office.site.log_wait("call-connected from=2003 to=2001")  # its media is up, too
    office.say("a", "barge")
    office.state("a", "failed")
    office.site.log_wait("and 3 more are wanted")
    office.talk()
    heard = office.quiet()
    only(heard["c"][-1], "d")
    only(heard["d"][-1], "c")
    failed = [event["device"] for event in office.site.events() if event["code"] == "call-failed"]
    assert set(failed) == {NAMES["a"]}


def test_a_media_address_that_is_not_ours_is_told_at_the_start(tmp_path, made_site, made_factory):
    office = Office(tmp_path, made_site, made_factory, media_address="192.0.2.1")
    office.site.event_wait("media-off", text="media_address 192.0.2.1: no pair of UDP ports")
    office.mark()
    office.call("a", "2002", "b")
    office.say("a", "hold")
    office.phones["b"].wait("tone", tone="HoldTone")
    office.say("a", "conference")
    office.phones["a"].wait("tone", tone="BeepBonk")
    office.say("a", "resume")
    office.state("a", "connected")
    office.talk()
    heard = office.quiet()
    only(heard["b"][-1], "a")
