# SPDX-License-Identifier: Apache-2.0
"""An independent dissector judges the SCCP frames that our encoder writes: every message the codec
knows, at every version, both ways. Each frame must be one whole message with the id we meant, and
what is read in it must be what is read at every other version: a layout that is off by some bytes
shows other numbers even where it is not called malformed."""
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import namedtuple
from functools import lru_cache

import pytest

import rig
import wire

PHONE, SERVER = ("10.1.2.3", 50000), ("10.1.1.1", 2000)
CLASSES = {"up to 11": {0, 10, 11}, "15 and 16": {15, 16}, "17": {17}, "18 and 19": {18, 19},
           "20": {20}, "21": {21}, "22": {22}}
# Below 16 it reads other texts in CallInfoV2 than phones do. docs/wire/sccp.md, "CallInfoV2"
NOT_PRINTED = {("CallInfoV2", version) for version in (0, 10, 11, 15)}
# Not of the message, or different at each version by what it means.
OF_VERSION = {"skinny.hdr_version", "skinny.data_length", "skinny.response_to", "skinny.response_in",
              "skinny.response_time"}

Frame = namedtuple("Frame", "to_server id version name data")
Judged = namedtuple("Judged", "messages ids malformed fields")


@lru_cache
def printed():
    """What our encoder writes."""
    done = subprocess.run([rig.BUILD / "tests/support/sccp_print"], capture_output=True, text=True,
                          check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return [Frame(way == "to_server", int(message, 16), int(version), name, bytes.fromhex(data))
            for way, message, version, name, data in rows]


def capture_of(frames, path):
    """One packet a frame, in one conversation."""
    pcap, sent = wire.Pcap(path), {True: 1, False: 1}
    for f in frames:
        ends = (PHONE, SERVER) if f.to_server else (SERVER, PHONE)
        pcap.write(wire.made_up(wire.TCP, *ends, f.data, sent[f.to_server]))
        sent[f.to_server] += len(f.data)
    pcap.close()
    return path


def fields_of(proto):
    found = {}
    for field in proto.iter("field"):
        name = field.get("name")
        if name.startswith("skinny.") and name not in OF_VERSION:
            found.setdefault(name, []).append(field.get("show"))
    return found


def judge(frames, folder):
    """What the dissector says of each frame."""
    capture = capture_of(frames, folder / "frames.pcap")
    judged = []
    for packet in ElementTree.fromstring(wire.tshark(capture, "-T", "pdml")):
        messages = [p for p in packet.iter("proto") if p.get("name") == "skinny"]
        fields = fields_of(messages[0]) if messages else {}
        judged.append(Judged(len(messages), [int(i) for i in fields.get("skinny.messageId", [])],
                             any("malformed" in (e.get("name") or "") for e in packet.iter()),
                             fields))
    assert len(judged) == len(frames)
    return judged


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    return list(zip(printed(), judge(printed(), tmp_path_factory.mktemp("judge"))))


@pytest.mark.parametrize("versions", CLASSES.values(), ids=CLASSES)
def test_every_message_is_well_formed(verdicts, versions):
    of_class = [(f, said) for f, said in verdicts if f.version in versions]
    assert len(of_class) > 100
    bad = [f"{f.name} at {f.version}: {said.ids} {f.data.hex()}" for f, said in of_class
           if said.malformed or said.messages != 1 or said.ids != [f.id]]
    assert not bad


def test_every_message_is_there_at_every_version():
    frames = printed()
    versions = set().union(*CLASSES.values())
    # three messages have header version 0 whatever is agreed
    always_0 = {"RegisterAck", "UnregisterAck", "KeepAliveAck"}
    names = {f.name for f in frames}
    assert len(names) == 118
    missing = {(name, v) for name in names - always_0 for v in versions}
    missing -= {(f.name, f.version) for f in frames}
    assert missing == NOT_PRINTED
    assert always_0 <= names


def test_every_version_says_the_same(verdicts):
    first, differing = {}, []
    for f, said in verdicts:
        for name, values in said.fields.items():
            want = first.setdefault((f.id, name), (f.version, values))
            if values != want[1]:
                differing.append(f"{f.name} {name}: {values} at {f.version}, {want[1]} at "
                                 f"{want[0]}")
    assert not differing


def test_values_are_those_put_in(verdicts):
    """Call reference, party, address and keys, where they are at every version."""
    seen = set()
    for f, said in verdicts:
        if "skinny.callReference" in said.fields and f.name != "DeviceToUserData":
            assert set(said.fields["skinny.callReference"]) <= {str(0x01000017), "0"}, f
        if "skinny.passThroughPartyId" in said.fields:
            assert int(said.fields["skinny.passThroughPartyId"][0], 0) == 0xfeffffe8, f
        for name, first in (("OpenReceiveChannel", (0xa0, 0x50)),
                            ("StartMediaTransmission", (0xc0, 0x60))):
            if f.name == name:
                keys = [int(v, 0) for v in said.fields["skinny.key"]]
                salts = [int(v, 0) for v in said.fields["skinny.salt"]]
                assert keys == list(range(first[0], first[0] + 16)), f
                assert salts == list(range(first[1], first[1] + 14)), f
                seen.add((name, f.version))
    assert len(seen) == 2 * 11


def examples():
    text = (rig.ROOT / "tests/data/sccp/examples.txt").read_text()
    for line in text.splitlines():
        name, _, data = line.partition(":")
        data = bytes.fromhex(data)
        yield Frame(True, int.from_bytes(data[8:12], "little"),
                    int.from_bytes(data[4:8], "little"), name, data)


def test_examples_are_well_formed(tmp_path):
    frames = list(examples())
    assert len(frames) == 160
    bad = [f.name for f, said in zip(frames, judge(frames, tmp_path))
           if said.malformed or said.messages != 1 or said.ids != [f.id]]
    assert not bad


def cut(frame, n):
    """The same message with only n bytes of its body, and a length that says so."""
    return frame._replace(data=(n + 4).to_bytes(4, "little") + frame.data[4:12 + n])


def test_the_judge_sees_a_fault(tmp_path):
    """It would have found one: bodies cut inside, and a header version that nobody has."""
    whole = [f for f in printed() if f.version == 17 and
             f.name in ("OpenReceiveChannel", "StartMediaTransmission", "ForwardStat")]
    broken = [cut(f, len(f.data) - 12 - 9) for f in whole]
    foreign = [f._replace(data=f.data[:4] + (9).to_bytes(4, "little") + f.data[8:]) for f in whole]
    assert len(whole) == 3
    assert not any(said.malformed for said in judge(whole, tmp_path))
    assert all(said.malformed for said in judge(broken, tmp_path))
    assert all(said.messages == 0 for said in judge(foreign, tmp_path))
