# SPDX-License-Identifier: Apache-2.0
"""Every feature of calls between the real programs, at four versions of the protocol at once, with all
that passed on the wire read by another reader than ours.

A room is three phones of one version: Ada and Ben sign and encrypt, Cleo's phone is in the clear.
Ada and Cleo share a line. The rooms do the same things beside each other, on one site; what became of
each in each room is a test, and so is what tshark says of the room's links.
"""
import collections
import os
import re
import threading
import time

import pytest

import rig
import sccp
import wire

VERSIONS = (11, 17, 20, 22)  # one of each class of layouts
WHO = ("a", "b", "c")
NAMES = {"a": "Ada", "b": "Ben", "c": "Cléo"}


class Room:
    """Three phones of one version: numbers 1101, 1102, 1103; 1109 is Ada's and Cleo's."""

    def __init__(self, site, factory, version):
        self.site, self.version = site, version
        self.became = {}  # feature: None, or what went wrong
        self.phones = {}
        shared = {"shared": f"{self.number('s')}=yes"}
        for place, who in enumerate(WHO):
            device = f"SEP0011{version}0000{place:02}"
            self.phones[who] = factory.phone(device)
            lines = [f"{self.number(who)},{NAMES[who]},{NAMES[who]} {version}"]
            if who != "b":
                lines.append(f"{self.number('s')},Both,Both")
            site.device_add(device, lines, mode="nonsecure" if who == "c" else "encrypted",
                            **(shared if who != "b" else {}))
            if who != "c":
                site.capf_install(device, "mic")
        for least, number in (("encrypted", "m"), ("none", "n")):
            site.cli("meet-me", "add", self.number(number), "--least", least)

    def number(self, of):
        return f"{self.version}{dict(a='01', b='02', c='03', s='09', m='50', n='51', x='99')[of]}"

    def device(self, who):
        return self.phones[who].device

    def change(self, who, *words):
        self.site.cli("device", "change", self.device(who), *words)

    # ---- users ----

    def say(self, who, line, ok=True):
        """Keys come a little after the state that they are for: one is pressed once it is there."""
        phone = self.phones[who]

        def pressed():
            try:
                return phone.say(line)
            except AssertionError as refusal:
                if "key-not-offered" not in str(refusal):
                    raise
        if not ok:
            return phone.say(line, ok=False)
        return rig.wait_until(f"room {self.version}: {who}'s {line}", pressed)

    def calls(self, who):
        """nth and state of each that is not over."""
        last = {event["nth"]: event["state"] for event in self.phones[who].seen("call")}
        return {nth: state for nth, state in last.items() if state != "idle"}

    def nth(self, who, state):
        return next(nth for nth, its in self.calls(who).items() if its == state)

    def shows(self, **states):
        """Wait until these phones have calls in these states, and no other: a="held connected"."""
        def look():
            return all(sorted(self.calls(who).values()) == sorted(wanted.split())
                       for who, wanted in states.items())
        rig.wait_until(lambda: f"room {self.version}: {states}, but "
                               f"{({who: self.calls(who) for who in WHO})}", look)

    def mark(self):
        """What a phone tells from now on counts for hears()."""
        self.past = {who: len(phone.events) for who, phone in self.phones.items()}

    def hears(self, who, tone):
        rig.wait_until(lambda: f"room {self.version}: {who} hears {tone}",
                       lambda: any(event["event"] == "tone" and event["tone"] == tone
                                   for event in self.phones[who].events[self.past[who]:]))

    def states(self, who):
        """Through which its calls went since mark()."""
        return [event["state"] for event in self.phones[who].events[self.past[who]:]
                if event["event"] == "call"]

    def comes_to_nothing(self, who, tone):
        """A call of it fails; the phone clears it by itself."""
        rig.wait_until(lambda: f"room {self.version}: a call of {who} fails",
                       lambda: "failed" in self.states(who))
        self.hears(who, tone)

    def dial(self, who, number):
        self.say(who, f"enbloc {self.number(number)}")

    def offers(self, who, key, is_offered=True):
        """Of the call at another phone of its line."""
        nth = self.nth(who, "remote")
        rig.wait_until(lambda: f"room {self.version}: {key} is offered to {who}: {is_offered}",
                       lambda: (key in self.phones[who].seen("keys", nth=nth)[-1]["keys"].split())
                       is is_offered)

    def talk(self, a, number, b, by="enbloc"):
        self.say(a, f"{by} {self.number(number)}")
        rig.wait_until(lambda: f"{b} rings: {self.calls(b)}",
                       lambda: "ring-in" in self.calls(b).values())
        self.say(b, "answer")
        for who in (a, b):
            rig.wait_until(lambda: f"{who} talks", lambda: "connected" in self.calls(who).values())

    def is_up(self, calling):
        """Media, too: before that nobody comes in, whoever it is."""
        rig.wait_until(lambda: f"room {self.version}: media", lambda: any(
            call["calling"] == self.number(calling) and call["state"] == "CONNECTED"
            for call in self.site.api("GET", "/v1/calls")["calls"]))

    def turn_to_another(self, who, key):
        """Transfer and Confrn hold the call and give a new line."""
        self.say(who, key)
        self.shows(**{who: "dialling held"})

    def quiet(self):
        for who in WHO:
            for nth, state in self.calls(who).items():
                if state == "remote":
                    continue
                try:
                    self.phones[who].say(f"hangup {nth}")
                except AssertionError:
                    pass  # another that hung up ended this one too
        self.shows(a="", b="", c="")

    # ---- the course ----

    def run(self, features):
        for feature in features:
            try:
                self.mark()
                feature(self)
                if feature not in (start_again, leave):
                    self.quiet()
                self.became[feature] = None
            except Exception as problem:  # pylint: disable=broad-except
                self.became[feature] = problem
                for phone in self.phones.values():
                    phone.kill()
                return


# ---- features ----

def register(room):
    for who, phone in room.phones.items():
        phone.start(room.site, "--sccp-version", room.version, has_menu=True)
    for phone in room.phones.values():
        assert phone.wait("registered")["version"] == room.version


def dial_digit_by_digit(room):
    room.talk("a", "b", "b", by="call")


def dial_in_one_message(room):
    room.talk("b", "c", "c", by="enbloc")


def call_waiting(room):
    room.talk("a", "b", "b")
    room.dial("c", "b")
    room.shows(b="connected ring-in")
    room.hears("b", "CallWaitingTone")
    room.say("b", "answer")
    room.shows(b="connected held", c="connected")


def hold_and_resume(room):
    room.talk("a", "b", "b")
    room.say("a", "hold")
    room.shows(a="held")
    room.say("a", "resume")
    room.shows(a="connected", b="connected")


def send_digits(room):
    room.talk("a", "c", "c")
    room.is_up("a")
    room.say("a", "digits 12#")
    cleo = room.phones["c"]
    cleo.wait("dtmf", digit="#")
    assert [event["digit"] for event in cleo.seen("dtmf")] == ["1", "2", "#"]


def consult_transfer(room):
    room.talk("a", "b", "b")
    room.turn_to_another("b", "transfer")
    room.talk("b", "c", "c")
    room.say("b", "transfer")
    room.shows(a="connected", b="", c="connected")


def a_transfer_into_the_clear_is_refused(room):
    """Who requires SRTP is not handed to a phone without: all stays as it was."""
    room.change("a", "--media", "require")
    room.talk("a", "b", "b")
    room.turn_to_another("b", "transfer")
    room.talk("b", "c", "c")
    room.say("b", "transfer")
    room.hears("b", "BeepBonk")
    room.shows(b="connected held", c="connected")
    room.change("a", "--media", "best-effort")
    room.say("b", "transfer")  # and now it may
    room.shows(a="connected", b="", c="connected")


def blind_transfer(room):
    """Cleo's phone still rings when Ben is through with it."""
    room.talk("a", "b", "b")
    room.turn_to_another("b", "transfer")
    room.dial("b", "c")
    room.shows(b="held ring-out", c="ring-in")
    room.say("b", "transfer")
    room.shows(b="", c="ring-in")
    room.say("c", "answer")
    room.shows(a="connected", c="connected")


def a_blind_transfer_to_nobody(room):
    """Nobody has that number: Ben has Ada still."""
    room.talk("a", "b", "b")
    room.turn_to_another("b", "transfer")
    room.dial("b", "x")
    room.comes_to_nothing("b", "ReorderTone")
    room.shows(b="held")
    room.say("b", "resume")
    room.shows(a="connected", b="connected")


def forward_all_by_key(room):
    ben = room.phones["b"]
    room.say("b", "forward")
    room.shows(b="dialling")
    room.say("b", f"digits {room.number('c')}#")
    ben.wait("forward", on=True, number=room.number("c"))
    room.shows(b="")
    room.talk("a", "b", "c")
    assert room.phones["c"].seen("call-info")[-1]["original_number"] == room.number("b")
    room.quiet()
    ended = len(ben.seen("forward", on=False))
    room.say("b", "forward")
    ben.wait("forward", on=False, after=ended)
    room.talk("a", "b", "b")


def forwards_in_a_circle(room):
    """Ben to Cleo, Cleo to Ben: the caller hears that it comes to nothing, and nothing rings."""
    forwards = {who: f"{room.number(who)}={room.number(to)}" for who, to in (("b", "c"), ("c", "b"))}
    for who, rule in forwards.items():
        room.change(who, "--forward-all", rule)
    room.dial("a", "b")
    room.comes_to_nothing("a", "ReorderTone")
    room.shows(a="", b="", c="")
    for who in "bc":
        assert "ring-in" not in room.states(who)
    room.change("c", "--forward-all", f"{room.number('c')}=")
    room.dial("a", "b")  # no circle any more
    room.shows(a="ring-out", b="", c="ring-in")
    room.change("b", "--forward-all", f"{room.number('b')}=")


def conference(room):
    room.talk("a", "b", "b")
    room.turn_to_another("a", "conference")
    room.talk("a", "c", "c")
    room.say("a", "conference")
    room.shows(a="connected", b="connected", c="connected")
    room.say("c", "hangup")
    room.shows(a="connected", b="connected", c="")


def begin_to_meet(room, number):
    ada = room.phones["a"]
    room.say("a", "newcall")
    room.shows(a="dialling")
    dialling = len(ada.seen("call", state="dialling"))
    room.say("a", "meetme")  # another dial tone
    ada.wait("call", after=dialling, state="dialling")
    room.say("a", f"digits {room.number(number)}#")
    room.shows(a="connected")


def meet_me(room):
    begin_to_meet(room, "n")
    for who in "bc":
        room.dial(who, "n")
    room.shows(a="connected", b="connected", c="connected")


def meet_me_is_refused_below_its_least(room):
    """Ben is encrypted, and comes in; Cleo's phone is not. Above she came where nothing was asked."""
    begin_to_meet(room, "m")
    room.dial("b", "m")
    room.shows(a="connected", b="connected")
    room.dial("c", "m")
    room.comes_to_nothing("c", "ReorderTone")
    room.shows(a="connected", b="connected", c="")


def barge(room):
    """Cleo talks in the clear: Ada's phone, which shares the line, loses nothing by coming in."""
    room.dial("b", "s")
    room.shows(a="ring-in", c="ring-in")
    room.say("c", "answer")
    room.shows(a="remote", b="connected", c="connected")
    room.is_up("b")
    room.offers("a", "Barge")
    room.say("a", "barge")
    room.shows(a="connected remote", b="connected", c="connected remote")


def barge_is_refused_at_a_lower_level(room):
    """The same line, but Ada and Ben talk encrypted."""
    room.dial("b", "s")
    room.shows(a="ring-in", c="ring-in")
    room.say("a", "answer")
    room.shows(a="connected", b="connected", c="remote")
    room.is_up("b")
    room.offers("c", "Barge")
    room.say("c", "barge")
    room.comes_to_nothing("c", "ReorderTone")
    room.shows(a="connected", b="connected", c="remote")


def taken_back_by_the_other_phone(room):
    room.talk("b", "s", "a")
    room.say("a", "hold")
    room.shows(a="held", c="remote")
    room.offers("c", "Resume")
    room.say("c", "resume")
    room.shows(a="remote", b="connected", c="connected")


def is_shown(room, nth):
    """To Ada, a call of her line at Cleo's phone, with its parties."""
    rig.wait_until(lambda: f"room {room.version}: whose call it is", lambda: room.phones["a"].seen(
        "call-info", nth=nth, calling_number=room.number("s")))


def privacy(room):
    """Nobody comes into a private call, nor sees with whom it is; both when it is private no more."""
    room.say("c", f"call {room.number('b')} line 2")
    room.shows(b="ring-in")
    room.say("b", "answer")
    room.shows(a="remote", b="connected", c="connected")
    nth = room.nth("a", "remote")
    is_shown(room, nth)
    room.say("c", "privacy")
    room.offers("a", "Barge", False)
    assert room.say("a", "barge", ok=False)["code"] == "key-not-offered"
    room.quiet()
    room.say("c", f"call {room.number('b')} line 2")
    room.shows(b="ring-in")
    room.say("b", "answer")
    room.shows(a="remote", b="connected", c="connected")
    room.is_up("s")
    nth = room.nth("a", "remote")
    room.mark()
    room.say("a", f"key Barge {nth} --force")
    room.comes_to_nothing("a", "ReorderTone")
    room.shows(a="remote", b="connected", c="connected")
    assert not room.phones["a"].seen("call-info", nth=nth)
    room.say("c", "privacy")
    room.offers("a", "Barge")
    is_shown(room, nth)
    room.say("a", "barge")
    room.shows(a="connected remote", b="connected", c="connected remote")


def start_again(room):
    """Ordered by the administrator, each in its way. Ben talks, with Cleo, and is not torn away."""
    room.talk("b", "c", "c")
    before = {who: len(phone.seen("registered")) for who, phone in room.phones.items()}
    kinds = {"a": ("reset",), "b": ("restart", "--restart"), "c": ("apply configuration", "--apply")}
    for who, (_, *words) in kinds.items():
        room.site.cli("device", "reset", room.device(who), *words)
    room.phones["a"].wait("registered", after=before["a"])
    assert not room.phones["b"].seen("reset") and not room.phones["c"].seen("reset")
    room.shows(b="connected", c="connected")
    room.quiet()
    for who, (kind, *_) in kinds.items():
        phone = room.phones[who]
        assert phone.wait("reset")["reset"] == kind
        phone.wait("registered", after=before[who])
    room.site.wait_registered(*(room.device(who) for who in WHO))


def forward_when_nobody_answers(room):
    """Ben does not, so Cleo's phone rings; nor does she, and has nobody to send it to."""
    room.change("b", "--forward-no-answer", f"{room.number('b')}={room.number('c')}")
    room.dial("a", "b")
    rig.wait_until("Cleo is told who was called", lambda: [
        event for event in room.phones["c"].events[room.past["c"]:]
        if event["event"] == "call-info" and event.get("original_number") == room.number("b")])
    room.comes_to_nothing("a", "ReorderTone")
    room.shows(a="", b="", c="")
    for who in "bc":
        assert room.states(who) == ["ring-in", "idle"]


def leave(room):
    for phone in room.phones.values():
        phone.stop()
    refusal = room.site.cli("device", "reset", room.device("a"), "--json", status=1)
    assert refusal["code"] == "not-registered"


FEATURES = (register, dial_digit_by_digit, dial_in_one_message, call_waiting, hold_and_resume,
            send_digits, consult_transfer, a_transfer_into_the_clear_is_refused, blind_transfer,
            a_blind_transfer_to_nobody, forward_all_by_key, forwards_in_a_circle, conference, meet_me,
            meet_me_is_refused_below_its_least, barge, barge_is_refused_at_a_lower_level,
            taken_back_by_the_other_phone, privacy, start_again)
AT_THE_END = (forward_when_nobody_answers, leave)


# ---- what was on the wire ----

Message = collections.namedtuple("Message", "stream to_server id version")


class Seen:
    """What tshark says of a capture."""
    FIELDS = ("tcp.stream", "tcp.dstport", "skinny.messageId", "skinny.hdr_version",
              "skinny.DeviceName", "_ws.expert.severity", "_ws.col.Info")
    ERROR = 0x800000

    def __init__(self, path, keylog, tls, plain):
        words = [word for field in self.FIELDS for word in ("-e", field)]
        told = wire.tshark(path, "-d", f"tcp.port=={plain},skinny", "-Y", "skinny", "-T", "fields",
                           "-E", "occurrence=a", *words, keylog=keylog, tls_ports=[tls])
        self.messages, self.faults = [], []
        self.devices = {}  # stream: who registered there
        for line in told.splitlines():
            self._read(dict(zip(self.FIELDS, line.split("\t"))), (tls, plain))

    def _read(self, row, servers):
        ids, versions = (row[name].split(",") for name in ("skinny.messageId", "skinny.hdr_version"))
        stream, to_server = int(row["tcp.stream"]), int(row["tcp.dstport"]) in servers
        self.messages += [Message(stream, to_server, int(i), int(v, 0))
                          for i, v in zip(ids, versions, strict=True)]
        if row["skinny.DeviceName"]:
            self.devices.setdefault(stream, row["skinny.DeviceName"])
        grave = [s for s in row["_ws.expert.severity"].split(",") if s and int(s, 0) >= self.ERROR]
        if grave or "nknown" in row["_ws.col.Info"]:
            self.faults.append(row)

    def of(self, device):
        return [m for m in self.messages if self.devices.get(m.stream) == device]

    def counts(self, device):
        """(to the server, from it) of each of its links."""
        counted = collections.Counter((m.stream, m.to_server) for m in self.of(device))
        return [(counted[stream, True], counted[stream, False])
                for stream in sorted({stream for stream, _ in counted})]


@pytest.fixture(scope="module")
def rooms(tmp_path_factory, made_site, made_factory):
    """All of it: {version: room}; what was on the wire is rooms.wire."""
    if os.geteuid() != 0:  # a user namespace would do, but could not be left again
        pytest.skip("capturing needs root")
    folder = tmp_path_factory.mktemp("rooms")
    before = list(rig.Process.everyone)
    try:
        with wire.Network():
            yield attend(folder, made_site, made_factory)
    finally:
        for process in rig.Process.everyone[len(before):]:
            process.kill()
        rig.Process.everyone[:] = before


def attend(folder, made_site, made_factory):
    site = rig.Site(folder / "site", like=made_site)
    factory = rig.Factory(folder / "factory", like=made_factory)
    keylog = folder / "keylog"
    site.cli("mic", "import", factory.roots)
    site.configure(plain_networks="127.0.0.0/8", barge_policy="refuse", keepalive_s=5,
                   keylog=keylog)
    site.start()
    ports = site.ports["sccp_tls"], site.ports["sccp_tls"] - 443
    made = {version: Room(site, factory, version) for version in VERSIONS}
    with wire.Capture("lo", folder / "lo.pcap"):
        beside(made, FEATURES)
        site.configure(no_answer_s=1)
        assert site.reload() == {"applied": ["no_answer_s"], "needs_restart": []}
        beside(made, AT_THE_END)
        site.stop()
    seen = Seen(folder / "lo.pcap", keylog, *ports)
    for room in made.values():
        room.wire = seen
    return made


def beside(made, features):
    threads = [threading.Thread(target=room.run, args=(features,)) for room in made.values()
               if all(became is None for became in room.became.values())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture(params=VERSIONS)
def room(request, rooms):
    return rooms[request.param]


# ---- tests ----

@pytest.mark.parametrize("feature", FEATURES + AT_THE_END, ids=lambda feature: feature.__name__)
def test_feature(room, feature):
    if feature not in room.became:
        pytest.fail("it was not come to")
    if room.became[feature] is not None:
        raise room.became[feature]


def test_nothing_is_malformed_or_unknown(rooms):
    seen = rooms[VERSIONS[0]].wire
    assert len(seen.messages) > 1000
    assert not seen.faults


def test_both_programs_counted_what_was_on_the_wire(rooms):
    """Link by link and each way."""
    log = rooms[VERSIONS[0]].site.log_text()
    for room in rooms.values():
        for phone in room.phones.values():
            on_wire = room.wire.counts(phone.device)
            assert [(e["out"], e["in"]) for e in phone.seen("link-counts")] == on_wire
            assert len(on_wire) == 2  # before and after start_again()
            assert not [e for e in phone.seen("link-counts") if e["dropped"]]
            of_server = re.findall(r"link closed in=(\d+) out=(\d+) dropped=0 .* dev=" + phone.device,
                                   log)
            assert [(int(i), int(o)) for i, o in of_server] == on_wire


# What a room's phones say and are told, whatever their version.
SAID = {"KeepAlive": 0x0000, "Register": 0x0001, "KeypadButton": 0x0003, "EnblocCall": 0x0004,
        "OffHook": 0x0006, "OnHook": 0x0007, "CapabilitiesRes": 0x0010, "Alarm": 0x0020,
        "OpenReceiveChannelAck": 0x0022, "SoftKeyEvent": 0x0026, "Unregister": 0x0027}
TOLD = {"RegisterAck": 0x0081, "StartTone": 0x0082, "StopTone": 0x0083, "SetRinger": 0x0085,
        "SetLamp": 0x0086, "SetSpeakerMode": 0x0088, "StartMediaTransmission": 0x008A,
        "StopMediaTransmission": 0x008B, "ForwardStat": 0x0090, "DefineTimeDate": 0x0094,
        "ButtonTemplate": 0x0097, "CapabilitiesReq": 0x009B, "Reset": 0x009F, "KeepAliveAck": 0x0100,
        "OpenReceiveChannel": 0x0105, "CloseReceiveChannel": 0x0106, "SelectSoftKeys": 0x0110,
        "CallState": 0x0111, "UnregisterAck": 0x0118}
OF_LAYOUT = {SAID["OpenReceiveChannelAck"], *(TOLD[name] for name in (
    "OpenReceiveChannel", "StartMediaTransmission", "ForwardStat"))}
CALL_INFO, CALL_INFO_V2 = 0x008F, 0x014A


def test_each_spoke_the_layouts_of_its_version(room):
    """Agreed as announced; what is the same in all layouts may have 0, and nothing has another."""
    messages = [m for who in WHO for m in room.wire.of(room.device(who))]
    assert {m.version for m in messages} <= {0, room.version}
    for to_server, wanted in ((True, SAID), (False, TOLD)):
        ids = {m.id for m in messages if m.to_server is to_server}
        assert not [name for name, message in wanted.items() if message not in ids]
    assert {m.version for m in messages if m.id in OF_LAYOUT} == {room.version}
    assert {m.id for m in messages if m.id in (CALL_INFO, CALL_INFO_V2)} == \
        {CALL_INFO_V2 if room.version >= 16 else CALL_INFO}


def test_a_fault_would_be_seen(tmp_path):
    """Of three links, one brings a body that is cut, and one a message that nobody knows."""
    device = "SEP001122334455"
    whole = sccp.register(device)
    frames = [whole, sccp.frame(sccp.REGISTER, bytes(8)), sccp.frame(0x7777, bytes(8))]
    pcap = wire.Pcap(tmp_path / "links.pcap")
    for port, data in enumerate(frames, 50000):
        at = 1
        for one in (whole, data):
            pcap.write(wire.made_up(wire.TCP, ("127.0.0.1", port), ("127.0.0.1", 2000), one, at))
            at += len(one)
    pcap.close()
    seen = Seen(tmp_path / "links.pcap", None, 2443, 2000)
    assert seen.counts(device) == [(2, 0)] * 3
    assert [row["tcp.stream"] for row in seen.faults] == ["1", "2"]
