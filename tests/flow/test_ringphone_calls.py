# SPDX-License-Identifier: Apache-2.0
"""ringphone in calls with a call manager of a few lines: what its user presses arrives as messages,
what the server says is shown, and what is said and heard is each call's own.

The server speaks plain SCCP of version 11 and RTP: all that this is about is the same with TLS.
"""
import json
import math
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
import sccp    # noqa: E402
import speech  # noqa: E402
from test_ringphone import NAME, PHONE, Tftp, config, flash, maker, tool  # noqa: E402,F401

KEEPALIVE_ACK, BUTTONS, LINE, FORWARD, CONFIG_STAT, TIME = 0x100, 0x97, 0x92, 0x90, 0x93, 0x94
SOFTKEYS, SETS, SELECT, STATE, INFO, PROMPT = 0x108, 0x109, 0x110, 0x111, 0x8F, 0x112
STOP_SEND, CLOSE_RECEIVE, TONE, UNREGISTER_ACK = 0x8B, 0x106, 0x82, 0x118
OFF_HOOK, ON_HOOK, SOFTKEY, STIMULUS, RECEIVE_ACK, UNREGISTER = 0x06, 0x07, 0x26, 0x05, 0x22, 0x27
TOKEN_REQ, TOKEN_ACK = 0x29, 0x11A
OFFHOOK, ONHOOK, RINGIN, CONNECTED, HOLD, WAITING = 1, 2, 4, 5, 8, 9
KEYS = {"Redial": 1, "NewCall": 2, "Hold": 3, "Transfer": 4, "EndCall": 9, "Resume": 10, "Answer": 11,
        "Confrn": 13}
SET_KEYS = {0: ["Redial", "NewCall"], 1: ["Hold", "EndCall", "Transfer", "Confrn"],
            2: ["Resume", "NewCall"], 3: ["Answer", "EndCall"]}
PATIENCE = 20


class Server:
    """One call manager and one phone. Questions are answered by a thread; the test says the rest."""

    def __init__(self, port=0):
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind(("127.0.0.1", port))
        self.listening.listen(5)
        self.port = self.listening.getsockname()[1]
        self.seen, self.links, self.changed = [], [], threading.Condition()
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        for link in [self.listening, *self.links]:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            link.close()

    def accept(self):
        while True:
            try:
                link = self.listening.accept()[0]
            except OSError:
                return
            self.links.append(link)
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        stream = b""
        while True:
            try:
                more = link.recv(4096)
            except OSError:
                more = b""
            if not more:
                return
            stream += more
            for f in sccp.frames(stream):
                stream = stream[8 + struct.unpack("<I", stream[:4])[0]:]
                self.answer(link, f)
                with self.changed:
                    self.seen.append(f)
                    self.changed.notify_all()

    def answer(self, link, f):
        number = struct.unpack("<I", f.body[:4])[0] if len(f.body) >= 4 else 0
        names = list(KEYS)
        answers = {
            sccp.REGISTER: lambda: [(sccp.REGISTER_ACK, struct.pack("<I6s2xIB3x", 30, b"D.M.Y", 60, 11)),
                                    (sccp.CAPABILITIES_REQ, b"")],
            sccp.KEEPALIVE: lambda: [(KEEPALIVE_ACK, b"")],
            0x0E: lambda: [(BUTTONS, struct.pack("<III", 0, 2, 2) + bytes([1, 9, 2, 9]))],
            0x28: lambda: [(SOFTKEYS, struct.pack("<III", 0, len(names), len(names)) + b"".join(
                struct.pack("<16sI", bytes([0x80, KEYS[n]]), KEYS[n]) for n in names))],
            0x25: lambda: [(SETS, struct.pack("<III", 0, 4, 4) + b"".join(
                bytes(names.index(k) + 1 for k in SET_KEYS[s]).ljust(16, b"\0") + bytes(32)
                for s in range(4))), (SELECT, struct.pack("<IIII", 0, 0, 0, 0xffffffff))],
            0x0C: lambda: [(CONFIG_STAT, bytes(112))],
            0x0B: lambda: [(LINE, struct.pack("<I24s40s40sI", number, b"2001", b"Ada", b"Ada", 15))],
            0x09: lambda: [(FORWARD, struct.pack("<II", 0, number) + bytes(84))],
            0x0D: lambda: [(TIME, struct.pack("<9I", 2026, 12, 1, 2, 12, 0, 0, 0, 0))],
            UNREGISTER: lambda: [(UNREGISTER_ACK, bytes(4))],
            TOKEN_REQ: lambda: [(TOKEN_ACK, b"")],
        }
        for message, body in answers.get(f.id, lambda: [])():
            link.sendall(sccp.frame(message, body, 11))

    def say(self, message, body=b""):
        self.links[-1].sendall(sccp.frame(message, body, 11))

    def wait(self, message, check=lambda f: True):
        """The first message of this kind that was not waited for yet."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for i, f in enumerate(self.seen):
                    if f.id == message and check(f):
                        del self.seen[i]
                        return f
                assert time.monotonic() < end, (hex(message), [hex(f.id) for f in self.seen])
                self.changed.wait(0.2)

    # what a call manager does with a call

    def state(self, state, ref, keys=None, line=1):
        self.say(STATE, struct.pack("<6I", state, line, ref, 0, 4, 0))
        if keys is not None:
            self.say(SELECT, struct.pack("<IIII", line, ref, keys, 0xffffffff))

    def parties(self, ref, number, name, security=1):
        self.say(INFO, struct.pack("<40s24s40s24sIII", b"Ada", b"2001", name, number, 1, ref, 2)
                 + bytes(232) + struct.pack("<III", 1, security, 0))

    def sound(self, ref, ear):
        """Opens both streams of a call. Returns where the phone listens."""
        self.say(sccp.OPEN_RECEIVE, struct.pack("<5I4xI48x6I4sI", ref, ref, 20, 4, 0, ref, 0, 0, 0, 10, 0,
                                                0, bytes(4), 4000))
        ack = self.wait(RECEIVE_ACK, lambda f: struct.unpack("<I", f.body[16:20])[0] == ref)
        assert struct.unpack("<I", ack.body[:4])[0] == 0
        self.say(sccp.START_MEDIA, struct.pack("<II4sI5I4xI48x5I", ref, ref,
                                               socket.inet_aton("127.0.0.1"), ear, 20, 4, 0xb8, 0, 0,
                                               ref, 0, 0, 0, 0, 0))
        return struct.unpack("<I", ack.body[8:12])[0]

    def silence(self, ref):
        for message in (CLOSE_RECEIVE, STOP_SEND):
            self.say(message, struct.pack("<IIII", ref, ref, ref, 0))


class Far:
    """The far end of a stream: says something, and keeps what it hears."""

    def __init__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp.settimeout(0.1)
        self.port = self.udp.getsockname()[1]

    def talks(self, port, said):
        heard, begin = [], time.monotonic()
        for i in range(0, len(said), 160):
            self.udp.sendto(struct.pack("!BBHII", 0x80, 0, i // 160, i, 7) + said[i:i + 160],
                            ("127.0.0.1", port))
            while time.monotonic() < begin + (i + 160) / 8000:
                try:
                    self.udp.settimeout(max(begin + (i + 160) / 8000 - time.monotonic(), 0.001))
                    heard.append(self.udp.recv(2048)[12:])
                except socket.timeout:
                    pass
        return b"".join(heard)


class Phone:
    """ringphone with its console, line by line."""

    def __init__(self, folder, tftp, *more):
        self.process = subprocess.Popen(
            [str(PHONE), "--flash", str(folder), "--tftp", f"127.0.0.1:{tftp}", "--json", "--console",
             "--retry-ms", "50", "--sccp-version", "11", *more], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events, self.changed = [], threading.Condition()
        threading.Thread(target=self.reads, daemon=True).start()

    def reads(self):
        for line in self.process.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def wait(self, name, **values):
        """The first event of this name with these values that was not waited for yet."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for i, e in enumerate(self.events):
                    if e["event"] == name and all(e.get(k) == v for k, v in values.items()):
                        return self.events.pop(i)
                assert time.monotonic() < end, (name, values, self.events)
                self.changed.wait(0.2)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.wait("answer")

    def off(self):
        self.say("quit")
        self.wait("stopped")
        status = self.process.wait(PATIENCE)
        assert status == 0, self.process.stderr.read()

    def kill(self):
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        self.process.wait()


def sound(seed, seconds):
    """Samples that are like no other's."""
    return [int(9000 * math.sin(seed * i / 40) + 7000 * math.sin(i * i / (9000 + 700 * seed)))
            for i in range(int(seconds * 8000))]


def codes(seed, seconds):
    return bytes(speech.ulaw(s) for s in sound(seed, seconds))


def wav(path, seed, seconds):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", s) for s in sound(seed, seconds)))
    return path


def servers(*ports):
    one = config("ringphone-1.0").decode()
    begin, end = one.index("<member "), one.index("</members>")
    member = one[begin:end].replace("Port>1<", "Port>{}<").replace("priority='0'", "priority='{}'")
    members = (member.format(i, port) for i, port in enumerate(ports))
    return (one[:begin] + "".join(members) + one[end:]).encode()


@pytest.fixture()
def server():
    s = Server()
    yield s
    s.close()


@pytest.fixture()
def phone(flash, server, tmp_path):  # noqa: F811
    (tmp_path / "heard").mkdir()
    plays = [wav(tmp_path / f"say{i}.wav", 20 + i, 3) for i in (1, 2)]
    with Tftp({f"{NAME}.cnf.xml": servers(server.port)}) as tftp:
        p = Phone(flash, tftp.port, "--record-dir", str(tmp_path / "heard"), "--play", str(plays[0]),
                  "--play", str(plays[1]))
        p.wait("registered")
        yield p
        p.kill()


def u32(f, at):
    return struct.unpack("<I", f.body[at:at + 4])[0]


def expect_key(server, name, ref):
    f = server.wait(SOFTKEY)
    assert (u32(f, 0), u32(f, 8)) == (KEYS[name], ref)


def assert_heard(what, said):
    same, share = speech.equal_part(what, said)
    assert share > 0.9, (same, share, len(what), len(said))


def test_two_calls_with_hold_each_heard_and_said_by_itself(phone, server, tmp_path):
    said = {name: codes(i + 1, 1) for i, name in enumerate(("first", "second", "again"))}
    plays = [speech.sent_of(tmp_path / f"say{i}.wav")[:7200] for i in (1, 2)]
    far = Far()
    assert phone.say("call 2002")["ok"]
    server.wait(OFF_HOOK)
    server.state(OFFHOOK, 71)
    assert [u32(server.wait(sccp.KEYPAD_BUTTON), 0) for _ in range(4)] == [2, 0, 0, 2]
    server.state(CONNECTED, 71, 1)
    server.parties(71, b"2002", b"Ben")
    heard = far.talks(server.sound(71, far.port), said["first"])
    assert_heard(heard, plays[0])

    # a second one beside it, while the first is held
    assert phone.say("call 2003")["code"] == "not-idle"
    assert phone.say("hold")["ok"]
    expect_key(server, "Hold", 71)
    server.silence(71)
    server.state(HOLD, 71, 2)
    phone.wait("call", state="held")
    assert phone.say("call 2003")["ok"]
    server.wait(OFF_HOOK)
    server.state(OFFHOOK, 72)
    server.wait(sccp.KEYPAD_BUTTON)
    server.state(CONNECTED, 72, 1)
    server.parties(72, b"2003", b"Cem")
    heard = far.talks(server.sound(72, far.port), said["second"])
    assert_heard(heard, plays[1])
    calls = phone.say("calls")["page"]["calls"]
    assert [(c["nth"], c["call"], c["state"], c["peer_number"]) for c in calls] == [
        (1, 71, "held", "2002"), (2, 72, "connected", "2003")]
    assert [c["sending"] for c in calls] == [False, True]
    assert calls[1]["keys"] == "Hold EndCall Transfer Confrn"

    # back to the first
    assert phone.say("hangup")["ok"]
    assert u32(server.wait(ON_HOOK), 4) == 72
    server.silence(72)
    server.state(ONHOOK, 72)
    assert phone.say("resume")["ok"]
    expect_key(server, "Resume", 71)
    server.state(CONNECTED, 71, 1)
    heard = far.talks(server.sound(71, far.port), said["again"])
    assert_heard(heard, plays[0])
    assert phone.say("hangup 71")["ok"]  # by its reference
    server.wait(ON_HOOK)
    server.state(ONHOOK, 71)
    ended = [phone.wait("media-ended", nth=n) for n in (1, 1, 2)]
    files = {Path(e["file"]).name for e in ended}
    assert files == {"call-1-1.wav", "call-1-2.wav", "call-2-1.wav"}
    for name, file in (("first", "call-1-1"), ("second", "call-2-1"), ("again", "call-1-2")):
        recorded = speech.ulaw_of(tmp_path / "heard" / f"{file}.wav")
        assert_heard(recorded, said[name].replace(b"\x7f", b"\xff"))
        for other in set(said) - {name}:
            assert speech.equal_part(recorded, said[other])[1] < 0.2
    phone.off()


def test_keys_that_are_offered_and_keys_that_are_forced(phone, server):
    assert "offered: Redial NewCall" in phone.say("hold")["why"]
    assert phone.say("key Park")["code"] == "key-not-offered"
    assert phone.say("key Park --force")["ok"]
    assert u32(server.wait(SOFTKEY), 0) == 14
    assert phone.say("key 999 4711 --force")["ok"]
    f = server.wait(SOFTKEY)
    assert (u32(f, 0), u32(f, 8)) == (999, 4711)
    assert phone.say("redial")["ok"]
    expect_key(server, "Redial", 0)
    assert phone.say("line 2")["ok"]
    assert (u32(f := server.wait(STIMULUS), 0), u32(f, 4)) == (9, 2)
    assert phone.say("line 3")["code"] == "no-line"
    assert phone.say("button 9")["code"] == "no-button"
    assert phone.say("answer 5")["code"] == "no-call"
    assert phone.say("digits 1")["code"] == "not-now"
    assert phone.say("call 12 row 2")["code"] == "usage"
    assert phone.say("play /nonexistent.wav")["ok"] is False
    phone.off()


def test_a_waiting_call_and_what_the_screen_shows(phone, server):
    server.state(RINGIN, 81, 3)
    phone.wait("call", state="ring-in")
    assert phone.say("answer")["ok"]
    server.wait(OFF_HOOK)
    server.state(CONNECTED, 81, 1)
    server.parties(81, b"2002", b"Ben")
    assert phone.wait("call-info")["icon"] == ""
    server.say(PROMPT, struct.pack("<I32sII", 0, b"\x80\x18", 1, 81))
    assert phone.wait("prompt")["text"] == "Connected"
    server.state(WAITING, 82, 3)
    assert phone.wait("call", state="ring-in")["word"] == "CallWaiting"
    assert phone.say("answer 2")["ok"]
    expect_key(server, "Answer", 82)
    server.state(HOLD, 81, 2)
    server.state(CONNECTED, 82, 1)
    server.say(TONE, struct.pack("<IIII", 57, 0, 1, 82))
    assert phone.wait("tone")["tone"] == "SecureWarningTone"
    server.say(0x86, struct.pack("<III", 15, 0, 2))
    assert phone.wait("lamp")["key"] == "VoiceMail"
    server.say(0x114, struct.pack("<I32s", 0, b"\x1e\x38"))
    assert phone.wait("notify")["text"] == "Do not disturb"
    page = phone.say("screen")["page"]
    assert page["notify"] == "Do not disturb" and page["message"] and page["line_1"] == "2001"
    assert phone.say("endcall")["ok"]
    expect_key(server, "EndCall", 82)
    server.state(ONHOOK, 82)
    assert phone.say("transfer")["code"] == "key-not-offered"
    server.state(ONHOOK, 81)
    phone.off()


def test_the_words_for_people_and_the_list_of_commands(flash, server):  # noqa: F811
    with Tftp({f"{NAME}.cnf.xml": servers(server.port)}) as tftp:
        done = subprocess.run(
            [str(PHONE), "--flash", str(flash), "--tftp", f"127.0.0.1:{tftp.port}", "--console",
             "--sccp-version", "11"], input="wait registered 20s\nhelp\ncalls\nscreen\nhold\nquit\n",
            capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    page = (Path(__file__).parents[2] / "docs/phone-calls.md").read_text()
    for name in ("call NUMBER", "digits DIGITS [CALL]", "conference [CALL]", "key NAME [CALL] [--force]"):
        assert name in done.stdout
    for line in done.stdout.split("lock them")[1].splitlines():
        word = line.split(" ")[0]
        if line.startswith(("call", "hold", "key", "play", "screen", "speaker")) and len(line) > 34:
            assert f"`{word}" in page, word
    assert "0 calls" in done.stdout and "refused:" in done.stdout


def test_fail_over_to_the_next_call_manager_and_back(flash, tmp_path):  # noqa: F811
    first, second = Server(), Server()
    with Tftp({f"{NAME}.cnf.xml": servers(first.port, second.port)}) as tftp:
        phone = Phone(flash, tftp.port)
        try:
            assert phone.wait("registered")["server"].endswith(f":{first.port}")
            assert phone.wait("standby", what="up")["server"].endswith(f":{second.port}")
            first.close()
            phone.wait("lost")
            assert phone.wait("registered")["server"].endswith(f":{second.port}")
            second.wait(sccp.REGISTER)
            first = Server(first.port)  # is there again
            phone.wait("standby", what="granted")
            second.wait(UNREGISTER)
            assert phone.wait("registered")["server"].endswith(f":{first.port}")
            assert [f.id for f in first.seen[:3]] == [TOKEN_REQ, sccp.ALARM, sccp.REGISTER]
            phone.off()
        finally:
            phone.kill()
            first.close()
            second.close()
