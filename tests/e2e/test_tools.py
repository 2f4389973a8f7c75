# SPDX-License-Identifier: Apache-2.0
"""The tools of the attacks, tried on programs whose answers are known: a search that finds nothing
proves something only if it would have found it."""
import socket
import ssl
import struct
import subprocess
import sys
import threading

import pytest

import bridge
import proxy
import rogue
import sccp
import srtp
import tftpd
import tls13
import wire


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    path = tmp_path_factory.mktemp("tools") / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=tools", "-days", "2",
                    "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    with open(path, "ab") as file, open(f"{path}.crt", "rb") as certificate:
        file.write(certificate.read())
    return path


def test_srtp_keys_of_rfc_3711_b3():
    master = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    session = srtp.Session(master, salt)
    assert session.key.hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert session.salt.hex() == "30cbbc08863d8c85d49db34a9ae1"
    assert session.auth.hex() == "cebe321f6ff7716b6fd4ab49af256a156d38baa4"


def test_srtp_keystream_of_rfc_3711_b2():
    session = srtp.Session(bytes(16), bytes(14))
    session.key = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
    session.salt = bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD")
    session.is_genuine = lambda packet, roc: True
    packet = bytes([0x80, 0]) + bytes(10) + bytes(32) + bytes(4)  # SSRC, sequence number: zero
    assert session.open(packet).hex() == ("e03ead0935c95e80e166b16dd92b4eb4"
                                          "d23513162b02d0f72a43a2fe4a5f97ab")


def test_srtp_changed_packet_is_not_opened():
    session = srtp.Session(bytes(16), bytes(14))
    packet = bytes([0x80, 0]) + bytes(10) + bytes(range(160)) + bytes(4)
    assert session.open(packet) is None


def test_sccp_keys_and_digits():
    key, salt = bytes(range(16)), bytes(range(16, 30))
    block = struct.pack("<IHH", 1, 16, 14) + key + salt + bytes(2) + bytes(8)
    stream = b"".join(sccp.frame(sccp.KEYPAD_BUTTON, struct.pack("<III", d, 1, 5))
                      for d in (2, 0, 0, 14))
    stream += sccp.frame(sccp.OPEN_RECEIVE, bytes(28) + block + bytes(92), 22)
    stream += sccp.frame(sccp.START_MEDIA, bytes(8) + socket.inet_aton("10.1.2.3") +
                         struct.pack("<I", 4000) + bytes(28) + block + bytes(20), 11)
    found = sccp.frames(stream)
    assert sccp.digits(found) == "200*"
    assert sccp.media_keys(found) == [(key, salt, None), (key, salt, ("10.1.2.3", 4000))]


class Echo:
    """A TLS server that gives back what it is sent."""

    def __init__(self, pem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.errors = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = self.socket.getsockname()
        self.context = context
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        client, _ = self.socket.accept()
        try:
            with self.context.wrap_socket(client, server_side=True) as tls:
                while data := tls.recv(4096):
                    tls.sendall(data)
        except OSError as problem:
            self.errors.append(getattr(problem, "reason", str(problem)))
        self.socket.close()


def talk(address, said, keylog=None):
    """What the echo answers to each text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if keylog is not None:
        context.keylog_filename = str(keylog)
    with socket.create_connection(address, 5) as raw, context.wrap_socket(raw) as tls:
        for one in said:
            tls.sendall(one)
            got = b""
            while len(got) < len(one):
                data = tls.recv(4096)
                if not data:
                    return
                got += data
            yield got


def test_capture_is_searched_and_opened(network, pem, tmp_path):
    secret = b"the quick brown fox and 2002 other animals"
    echo, capture, keylog = Echo(pem), tmp_path / "a.pcap", tmp_path / "keys"
    with wire.Capture("lo", capture):
        assert list(talk(echo.address, [secret, secret * 200], keylog)) == [secret, secret * 200]
        echo.thread.join()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"said in the clear", ("127.0.0.1", 9))
    assert not echo.errors
    assert wire.search(capture, b"said in the clear")
    assert not wire.search(capture, secret)
    opened = tls13.open_streams(capture, keylog)
    assert [plain for _, plain in opened] == [secret * 201, secret * 201]
    shown = wire.tshark(capture, "-T", "fields", "-e", "data.data", "-Y", "data", keylog=keylog,
                        tls_ports=[echo.address[1]], inside="data")
    assert secret.hex() in shown


def test_capture_across_segments(network, tmp_path):
    """What lies across two packets is found in the stream."""
    capture, server = tmp_path / "a.pcap", socket.create_server(("127.0.0.1", 0))
    with wire.Capture("lo", capture), server:
        with socket.create_connection(server.getsockname()) as client:
            peer, _ = server.accept()
            with peer:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.sendall(b"cut in ")
                assert peer.recv(100) == b"cut in "
                client.sendall(b"two halves")
                assert peer.recv(100) == b"two halves"
    assert wire.search(capture, b"cut in two halves")
    assert not wire.search(capture, b"cut in three halves")


@pytest.mark.parametrize("nth", [1, 3])
def test_proxy_flips_one_bit(pem, nth):
    echo = Echo(pem)
    with proxy.Proxy(("127.0.0.1", 0), echo.address) as between:
        conversation = talk(between.address, [b"one", b"two", b"three", b"four"])
        assert next(conversation) == b"one"
        between.flip(proxy.TO_SERVER, nth)
        with pytest.raises(OSError):
            assert len(list(conversation)) < nth
        assert between.done.is_set()
        echo.thread.join()
    assert echo.errors == ["DECRYPTION_FAILED_OR_BAD_RECORD_MAC"]


def test_proxy_replays_and_redirects(pem):
    first, second = Echo(pem), Echo(pem)
    with proxy.Proxy(("127.0.0.1", 0), first.address) as between:
        conversation = talk(between.address, [b"one", b"two", b"three"])
        assert next(conversation) == b"one"
        between.replay(proxy.TO_SERVER)
        with pytest.raises(OSError):
            list(conversation)
        first.thread.join()
        between.target = second.address
        assert list(talk(between.address, [b"one"])) == [b"one"]
        assert between.connections == 2
        second.thread.join()
    assert first.errors == ["DECRYPTION_FAILED_OR_BAD_RECORD_MAC"] and not second.errors


def test_rogue_hears_only_who_stays(pem):
    with rogue.Rogue(pem, says=lambda heard: b"" if heard else b"hello") as server:
        with rogue.Client(server.address) as client:
            assert client.read(lambda got: got == b"hello")
            client.send(b"my name")
        stayed = server.visit()
    assert stayed.is_open and stayed.heard == b"my name" and b"my name" not in stayed.raw
    with rogue.Rogue(pem) as server:
        context = ssl.create_default_context()  # believes the authorities of the web: not this one
        with socket.create_connection(server.address) as raw, pytest.raises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="tools")
        left = server.visit()
    assert not left.is_open and not left.heard and left.error


def test_tftp_overlay():
    with tftpd.Overlay(("127.0.0.1", 9)) as real, tftpd.Overlay(("127.0.0.1", real.port)) as lie:
        real.files.update(same=bytes(512), other=b"true" * 700, gone=b"", none=None)
        lie.files.update(other=b"false", gone=None)
        server = ("127.0.0.1", lie.port)
        assert tftpd.get(server, "same") == bytes(512)
        assert tftpd.get(server, "other") == b"false"
        assert tftpd.get(server, "gone") is None
        assert tftpd.get(server, "none") is None
        assert tftpd.get(("127.0.0.1", real.port), "other") == b"true" * 700
        assert lie.asked == ["same", "other", "gone", "none"]


FAR_END = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("10.77.0.2", 5000))
    s.settimeout(5)
    print("ready", flush=True)
    for _ in range(4):
        print(s.recv(100).hex(), flush=True)
    s.sendto(b"change me", ("10.77.0.1", 5002))
with socket.create_connection(("10.77.0.1", 5001), 5) as s:
    s.sendall(bytes(100000))
"""


def test_bridge_changes_packets(network):
    def hook(packet, frame):
        if packet.data != b"change me":
            return [frame]
        return [proxy.flip_bit(frame, bridge.data_offset(frame)), frame, frame]

    between = bridge.Bridge()
    server = socket.create_server((bridge.HERE, 5001))
    with between, server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, \
            subprocess.Popen(between.there([sys.executable, "-c", FAR_END]),
                             stdout=subprocess.PIPE, text=True) as far:
        other.bind((bridge.HERE, 5002))
        other.settimeout(5)
        assert far.stdout.readline() == "ready\n"
        between.hook = hook
        s.sendto(b"change me", (bridge.THERE, 5000))
        s.sendto(b"as it was", (bridge.THERE, 5000))
        got = [bytes.fromhex(far.stdout.readline()) for _ in range(4)]
        assert got == [b"bhange me", b"change me", b"change me", b"as it was"]
        assert [other.recv(100) for _ in range(3)] == [b"bhange me", b"change me", b"change me"]
        server.settimeout(5)
        peer, _ = server.accept()
        with peer:
            data = b""
            while more := peer.recv(65536):
                data += more
        assert data == bytes(100000)
