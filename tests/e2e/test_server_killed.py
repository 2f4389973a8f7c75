# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the server in the middle of a call: speech goes on, and afterwards everything is as if
nothing had been."""
import os
import time
from contextlib import ExitStack

import pytest

import rig
import speech
import wire

CALL = "5s"
AWAY_S = 1.5           # so long there is no server
REGISTERED_IN_S = 10   # after hang-up; the phones' first retry is after 1 s
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: captures packets")


def rtp_streams(path):
    """{(source, destination): [(seconds, sequence number)]} of the packets of µ-law in a capture."""
    streams = {}
    for at, frame in wire.frames(path):
        packet = wire.parse(frame)
        if packet is None or packet.protocol != wire.UDP or len(packet.data) != 12 + 160 + 4:
            continue
        if packet.data[0] == 0x80 and packet.data[1] & 0x7f == 0:
            streams.setdefault((packet.source, packet.destination), []).append(
                (at, int.from_bytes(packet.data[2:4], "big")))
    return streams


def kept(site):
    """What must outlive the server, as the API shows it: the devices without what is of the moment,
    with their lines, operations and certificates."""
    names = ("name", "model", "mode", "media_policy", "srtp", "load", "lines", "added_s",
             "changed_s", "capf", "certificates")
    return [{name: site.device(device)[name] for name in names} for device in (rig.A, rig.B)]


class Job:
    """The scenario, run once; the tests look at what it left."""

    def __init__(self, folder, made_office):
        self.folder = folder
        self.office = rig.Office(folder / "office", made_office / "site", made_office / "factory")
        self.site, self.a, self.b = self.office.site, self.office.a, self.office.b
        self.pcap = folder / "call.pcap"

    def heard(self, phone):
        return self.folder / f"{phone.device}.wav"

    def call(self):
        self.b.start(self.site, "--answer", "--for", CALL, "--play", rig.SPEECH / "ben.wav",
                     "--record", self.heard(self.b))
        self.b.wait("registered")
        self.a.start(self.site, "--call", "2002", "--for", CALL, "--play", rig.SPEECH / "ada.wav",
                     "--record", self.heard(self.a))
        for phone in (self.a, self.b):
            phone.wait("first-audio")

    def outage(self):
        self.before, self.events_before = kept(self.site), self.site.events()
        self.pid = self.site.pid
        self.killed_at = time.time()
        self.site.kill()
        time.sleep(AWAY_S)
        self.site.start()
        self.back_at = time.time()

    def run(self):
        self.site.start()
        self.call()
        self.outage()
        for phone in (self.a, self.b):
            phone.wait("media-ended")
            phone.wait("registered", after=1)
        self.site.wait_registered(rig.A, rig.B)
        self.after, self.events_after = kept(self.site), self.site.events()
        self.status = self.site.status()
        self.devices = {name: self.site.device(name) for name in (rig.A, rig.B)}
        for one in (self.a, self.b, self.site):
            one.stop()


@pytest.fixture(scope="module")
def job(tmp_path_factory, made_office):
    before = list(rig.Process.everyone)
    job = Job(tmp_path_factory.mktemp("killed"), made_office)
    with ExitStack() as stack:
        if os.geteuid() == 0:
            stack.enter_context(wire.Network())
            stack.enter_context(wire.Capture("lo", job.pcap))
        job.run()
    rig.Process.everyone[:] = before
    return job


def phones(job):
    return (job.a, job.b, rig.SPEECH / "ben.wav"), (job.b, job.a, rig.SPEECH / "ada.wav")


def test_the_call_goes_on_without_the_server(job):
    for phone, _, _ in phones(job):
        states = [event["state"] for event in phone.seen("call")]
        assert states[-2:] == ["preserved", "idle"], states
        lost, ended = phone.seen("call", state="preserved")[0], phone.seen("call", state="idle")[-1]
        assert ended["t_ms"] - lost["t_ms"] > 1000 * AWAY_S


def test_no_packet_is_lost_as_the_phones_count(job):
    for phone, other, _ in phones(job):
        own, theirs = phone.seen("media-ended")[-1], other.seen("media-ended")[-1]
        assert (own["lost"], own["late"]) == (0, 0)
        assert [own[name] for name in own if name.startswith("refused_")] == [0, 0, 0, 0]
        # One may be on its way when the other hangs up.
        assert theirs["sent"] - own["received"] in range(0, 5), (own, theirs)


def test_what_was_said_was_heard_whole(job):
    for phone, other, source in phones(job):
        said, heard = speech.ulaw_of(source), speech.ulaw_of(job.heard(phone))
        assert len(heard) >= 160 * (other.seen("media-ended")[-1]["sent"] - 4)
        assert len(heard) > 8000 * (AWAY_S + 1)
        begins = [at for at in range(0, 8 * 160, 160) if said[at:at + len(heard)] == heard]
        assert begins, f"{phone.name} heard something else than what was said"


@needs_root
def test_no_sequence_number_is_missing_on_the_wire(job):
    streams = rtp_streams(job.pcap)
    assert len(streams) == 2, streams.keys()
    sent = sorted(phone.seen("media-ended")[-1]["sent"] for phone in (job.a, job.b))
    assert sorted(len(packets) for packets in streams.values()) == sent
    for way, packets in streams.items():
        first = packets[0][1]
        numbers = sorted((number - first) & 0xffff for _, number in packets)
        assert numbers == list(range(len(packets))), f"{way}: a number is missing or twice there"
        while_away = [at for at, _ in packets if job.killed_at < at < job.back_at]
        assert len(while_away) > 0.5 * AWAY_S / 0.02, f"{way}: silence while the server was away"


def test_both_register_again_without_enrolling(job):
    for phone, _, _ in phones(job):
        ended = phone.seen("call", state="idle")[-1]
        again = phone.seen("registered")[1]
        assert 0 <= again["t_ms"] - ended["t_ms"] < 1000 * REGISTERED_IN_S
        assert len(phone.seen("registered")) == 2
        assert phone.seen("enrol") == [] and len(phone.seen("boot")) == 1
        assert job.devices[phone.device]["certificate"] == phone.security()["lsc"]["fingerprint"]


def test_events_devices_and_certificates_survive(job):
    assert job.status["pid"] != job.pid
    assert job.after == job.before
    for device in job.after:
        kinds = [(c["kind"], c["state"]) for c in device["certificates"]]
        assert kinds.count(("lsc", "confirmed")) == 1
    assert job.events_after[:len(job.events_before)] == job.events_before
    codes = [event["code"] for event in job.events_after[len(job.events_before):]]
    assert codes[0] == "started" and "device-removed" not in codes, codes
    assert [e["id"] for e in job.events_after] == sorted({e["id"] for e in job.events_after})


def test_a_server_that_comes_back_after_hang_up(office):
    """The phones are left without a call and without a server, and come as soon as it is there."""
    office.site.start()
    office.b.start(office.site, "--answer", "--for", "1s")
    office.b.wait("registered")
    office.a.start(office.site, "--call", "2002", "--for", "1s")
    for phone in (office.a, office.b):
        phone.wait("first-audio")
    office.site.kill()
    for phone in (office.a, office.b):
        phone.wait("waits")
    office.site.start()
    back = time.monotonic()
    for phone in (office.a, office.b):
        phone.wait("registered", after=1, patience=REGISTERED_IN_S)
        assert phone.seen("enrol") == []
    office.site.wait_registered(rig.A, rig.B, patience=2)
    assert time.monotonic() - back < REGISTERED_IN_S
