# SPDX-License-Identifier: Apache-2.0
"""Calls between two phones with somebody on the wire: what he hears, changes and makes up.

One call is left alone; it is the twin of all attacks, and what is searched for and dissected.
"""
import collections
import re

import pytest

import attacks_media as attacks
import rig
import sccp
import tapped
import wire


@pytest.fixture(scope="module")
def office(tmp_path_factory, network, made_office):
    before = list(rig.Process.everyone)
    with tapped.Tapped(tmp_path_factory.mktemp("tapped"), made_office / "site",
                       made_office / "factory") as one:
        rig.Process.everyone[:] = before  # it outlives a test
        yield one


@pytest.fixture(scope="module")
def call(office):
    """The call that nobody changed."""
    return office.call("3s")


@pytest.fixture
def port(office):
    return office.site.ports["sccp_tls"]


def refused(refusal, code):
    assert refusal.refused and refusal.by == "phone", refusal
    assert refusal.code == code and refusal.is_whole, refusal


def test_sec_75_srtp_both_ways_with_keys_of_their_own(call, port):
    keys = sccp.media_keys(call.frames(port))
    by_key = collections.Counter((key.master, key.salt) for key in keys)
    assert len(keys) == 4 and set(by_key.values()) == {2}  # a receiver's, and its sender's
    for end, says in ((tapped.TO_B, rig.A), (tapped.TO_A, rig.B)):
        key = next(key for key in keys if key.remote and key.remote[0] == end)
        sound = b"".join(call.audio(key)).replace(b"\x7f", b"\xff")  # the two zeros of µ-law
        assert len(sound) == len(call.rtp(end)) * tapped.FRAME  # each packet is genuine
        assert attacks.equal_share(sound, attacks.said_by(says)) == 1.0


def test_sec_77_a_call_as_it_was_sent(call):
    twin = attacks.twin_srtp(call)
    assert not twin.refused and twin.is_whole, twin


def test_sec_77_bits_of_packets_changed(call, office):
    refused(attacks.attack_srtp_bit(office), "srtp-tag")


def test_sec_77_packets_sent_twice(call, office):
    refused(attacks.attack_srtp_replay(office), "srtp-replay")


def test_sec_77_packets_with_an_old_key(call, office):
    refused(attacks.attack_srtp_made_up(office, call), "srtp-tag")


def test_sec_46_a_listener_finds_nothing(call, port):
    assert sccp.digits(call.frames(port)) == "2002"
    for refusal in attacks.attack_listen(call, port):
        refused(refusal, "not-found")


def test_sec_46_the_same_search_in_the_decrypted_capture(call, port):
    for twin in attacks.twin_listen(call, port):
        assert not twin.refused and twin.is_whole, twin


def test_sec_80_no_key_twice(call, office, port):
    first = {key.master for key in sccp.media_keys(call.frames(port))}
    second = {key.master for key in sccp.media_keys(office.call("500ms").frames(port))}
    assert len(first) == len(second) == 2 and not first & second


def test_tshark_reads_every_message(call, office, port):
    """Another reader's opinion: all that both sides counted, nothing malformed, nothing unknown."""
    shown = collections.Counter()
    for path in call.captures:
        options = {"keylog": call.keylog, "tls_ports": [port]}
        fields = wire.tshark(path, "-Y", "skinny", "-T", "fields", "-E", "occurrence=a", "-e",
                             "skinny.messageId", **options)
        shown.update(int(one) for line in fields.split() for one in line.split(","))
        text = wire.tshark(path, "-Y", "skinny", "-V", **options)
        names = re.findall(r"Message ID: (.*)", text)
        assert names and not [name for name in names if "nknown" in name]
        assert "Malformed" not in text and "[Expert Info (Error" not in text
        assert not wire.tshark(path, "-Y", "skinny && _ws.malformed", **options)
    assert shown == collections.Counter(frame.id for frame in call.frames(port))
    counts = [(event["in"], event["out"]) for event in call.counts]
    log = re.findall(r"link closed in=(\d+) out=(\d+) dropped=0", office.site.log_text())[:2]
    assert sorted((int(o), int(i)) for i, o in log) == sorted(counts)
    assert sum(shown.values()) == sum(i + o for i, o in counts)
