# SPDX-License-Identifier: Apache-2.0
"""What no phone does, at the CAPF port of the running server: it ends the session, an event says why, the
operation is as it was, and a phone that does right gets its certificate. Every step by itself:
tests/unit/service/test_capf_bad.c."""
import subprocess

import pytest

import capf
import rig
from rogue import Client

A, B = rig.A, rig.B
STRING = "5550199"
REASON = capf.element(capf.REASON, b"\1")
PUBLIC_KEY = 9
KEY_RESPONSE, IN_PROGRESS, STORE_REQUEST, STORE_RESPONSE = 4, 17, 9, 10


@pytest.fixture
def here(trusting_site, factory, tmp_path):
    site = trusting_site.start()
    site.device_add(A, lines=["2001,Ada,Ada"])
    string = tmp_path / "string"
    string.write_text(f"{STRING}\n")
    site.string_file = string
    site.phone = factory.phone(A)
    site.cli("capf", "install", A, "--string-file", string, "--key", "ec")
    return site


class Session:
    """A hand-made one: says frames, reads frames."""

    def __init__(self, site):
        self.client = Client(("127.0.0.1", site.ports["capf"]))
        self.at = 0
        self.id = self.read()[1]

    def read(self):
        self.client.read(lambda got: capf.parse(got[self.at:]) is not None)
        frame = capf.parse(self.client.got[self.at:])
        assert frame is not None, "the server ended the link"
        self.at += 8 + sum(3 + len(value) for value in frame[2].values())
        return frame

    def say(self, command, *elements):
        self.client.send(capf.frame(command, self.id, *elements))
        return self

    def name(self, string=STRING):
        self.client.send(capf.auth_response(self.id, A,
                                            capf.element(capf.PASSWORD, string.encode() + b"\0")))
        return self

    def expect(self, command):
        frame = self.read()
        assert frame[0] == command, frame
        return frame

    def expect_end(self, reason=7):
        assert self.expect(capf.END_SESSION)[2][capf.REASON] == bytes([reason])
        self.client.__exit__(None, None, None)


def key(*words):
    """A SubjectPublicKeyInfo."""
    pem = subprocess.run(["openssl", "genpkey", *words], check=True, capture_output=True).stdout
    return subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=pem, check=True,
                          capture_output=True).stdout


def check(site, code, state):
    """Said why, and the operation is scheduled as ever; the phone gets its LSC now."""
    event = site.event_wait(code)
    capf_op = site.device(A)["capf"]
    assert (capf_op["op"], capf_op["state"], capf_op["tries_left"]) == ("install", state, 5)
    assert STRING not in event["text"]
    with site.phone.start(site, "--auth-string", STRING) as phone:
        phone.wait("enrol-done", outcome="installed")
    assert site.device(A)["capf"]["state"] == "success"


UNFIT = {
    "no key": lambda: b"\x30\x03\x02\x01\x01",
    "rsa": lambda: key("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "ed25519": lambda: key("-algorithm", "ED25519"),
    "p256": lambda: key("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "twice as long": lambda: key("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384") + b"\0",
}


@pytest.mark.parametrize("what", UNFIT)
def test_sec_61_a_public_key_that_is_of_no_use(here, what):
    session = Session(here).name()
    session.expect(capf.KEY_REQUEST)
    session.say(KEY_RESPONSE, capf.element(PUBLIC_KEY, UNFIT[what]())).expect_end()
    check(here, "weak-key", "failed")


def test_a_message_that_comes_twice(here):
    session = Session(here).name().name()
    session.expect(capf.KEY_REQUEST)
    session.expect_end()
    check(here, "capf-command", "failed")


def test_messages_in_the_wrong_order(here):
    session = Session(here).say(STORE_RESPONSE, REASON)
    session.expect_end()
    check(here, "capf-command", "pending")


def test_sec_58_a_certificate_of_another_phone(here, factory):
    here.cli("capf", "install", A, "--auth", "mic", "--key", "ec")
    pem = factory.phone(B).flash / "mic.pem"
    session = Session(here)
    session.client.send(capf.auth_response(session.id, A, *capf.proof(A, pem)))
    session.expect_end()
    check(here, "name-mismatch", "failed")


def test_ten_megabytes_are_not_read(here):
    """An element cannot say that it is so long; a phone can go on sending."""
    before = rig.run("ps", "-o", "rss=", "-p", here.pid).stdout
    session = Session(here)
    session.client.send(b"\x55\x02" + session.id.to_bytes(4, "big") + b"\xff\xff")
    sent = 0
    try:
        for _ in range(160):
            session.client.send(b"\x0d" * 65536)
            sent += 65536
    except OSError:
        pass  # the link is closed, as it should be
    session.client.read(lambda got: capf.parse(got[session.at:]) is not None)
    after = rig.run("ps", "-o", "rss=", "-p", here.pid).stdout
    assert int(after) - int(before) < 8192, (before, after)  # kilobytes
    assert here.status()["capf_sessions"] == 0
    check(here, "capf-length", "pending")


def test_a_frame_that_is_shorter_than_it_says_waits_and_blocks_nobody(here):
    half = Session(here)
    half.client.send(b"\x55\x02" + half.id.to_bytes(4, "big") + b"\x00\x40" + REASON)
    with here.phone.start(here, "--auth-string", STRING) as phone:
        phone.wait("enrol-done", outcome="installed")
    assert here.status()["capf_sessions"] == 1
    half.client.__exit__(None, None, None)
    rig.wait_until("it is gone", lambda: here.status()["capf_sessions"] == 0)
