# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3 in a capture, opened with logged secrets (RFC 8446 5, 7): what somebody reads who has the
key log. For the two AES-GCM suites, without key updates, which nobody here sends."""
import hashlib
import hmac
import struct

import wire
from crypto import gcm_open

HANDSHAKE, APPLICATION = 22, 23
SUITES = {0x1301: ("sha256", 16), 0x1302: ("sha384", 32)}


def _expand_label(secret, label, size, digest):
    """HKDF-Expand-Label with an empty context; one round is enough for keys and nonces."""
    full = b"tls13 " + label
    info = struct.pack(">HB", size, len(full)) + full + b"\0"
    return hmac.new(secret, info + b"\1", digest).digest()[:size]


class _Direction:
    """The records of one direction under one secret."""

    def __init__(self, secret, suite):
        digest, size = SUITES[suite]
        self.key = _expand_label(secret, b"key", size, digest)
        self.iv = int.from_bytes(_expand_label(secret, b"iv", 12, digest), "big")
        self.n = 0

    def open(self, head, sealed):
        plain = gcm_open(self.key, (self.iv ^ self.n).to_bytes(12, "big"), head, sealed)
        if plain is None:
            return None, b""
        self.n += 1
        plain = plain.rstrip(b"\0")
        return plain[-1], plain[:-1]


def records(stream):
    """(type, head, body) of each whole record."""
    while len(stream) >= 5:
        size = struct.unpack(">H", stream[3:5])[0]
        if len(stream) < 5 + size:
            return
        yield stream[0], stream[:5], stream[5:5 + size]
        stream = stream[5 + size:]


def _hello(stream):
    """random and suite of a ClientHello or ServerHello (suite: the server's)."""
    for kind, _, body in records(stream):
        if kind == HANDSHAKE and len(body) > 39 and body[0] in (1, 2):
            after = 39 + body[38]
            return body[0], body[6:38], struct.unpack(">H", body[after:after + 2])[0]
    return 0, b"", 0


def read_keylog(path):
    secrets = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if len(words) == 3 and not line.startswith("#"):
                secrets[words[0], bytes.fromhex(words[1])] = bytes.fromhex(words[2])
    return secrets


def _open(stream, secrets, who, random, suite):
    keys = [secrets.get((f"{who}_{name}", random)) for name in
            ("HANDSHAKE_TRAFFIC_SECRET", "TRAFFIC_SECRET_0")]
    if None in keys:
        return None
    now, later = (_Direction(secret, suite) for secret in keys)
    plain = b""
    for kind, head, body in records(stream):
        if kind != APPLICATION:
            continue
        inner, data = now.open(head, body)
        if inner is None and later is not None:  # the handshake is over
            now, later = later, None
            inner, data = now.open(head, body)
        if inner is None:
            return plain  # changed on its way, or not ours: nothing behind it can be read
        if inner == APPLICATION:
            plain += data
    return plain


def open_streams(pcap, keylog):
    """[((source, destination), plain bytes)] for each direction that the key log opens."""
    secrets = read_keylog(keylog)
    streams = wire.tcp_streams(pcap)
    opened = []
    for way, data in streams:
        kind, random, _ = _hello(data)
        if kind != 1:
            continue
        back = next((d for w, d in streams if w == way[::-1] and _hello(d)[0] == 2), b"")
        suite = _hello(back)[2]
        if suite not in SUITES:
            continue
        for w, d, who in ((way, data, "CLIENT"), (way[::-1], back, "SERVER")):
            plain = _open(d, secrets, who, random, suite)
            if plain is not None:
                opened.append((w, plain))
    return opened
