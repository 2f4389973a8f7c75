# SPDX-License-Identifier: Apache-2.0
"""Just enough CAPF to attack with: frames, and the proof by a certificate."""
import struct
import subprocess

AUTH_REQUEST, AUTH_RESPONSE, KEY_REQUEST, END_SESSION = 1, 2, 3, 15
REASON, CERTIFICATE, SIGNED, VERSION, AUTH_TYPE = 1, 4, 6, 7, 8
PASSWORD, DEVICE, SIGNED_SHA2 = 11, 13, 20


def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def frame(command, session, *elements):
    body = b"".join(elements)
    return struct.pack(">BBIH", 0x55, command, session, len(body)) + body


def parse(stream):
    """(command, session, {tag: value}) of the first whole frame, or None."""
    if len(stream) < 8:
        return None
    begin, command, session, size = struct.unpack(">BBIH", stream[:8])
    if begin != 0x55:
        raise ValueError("no CAPF")
    if len(stream) < 8 + size:
        return None
    rest, elements = stream[8:8 + size], {}
    while rest:
        tag, length = struct.unpack(">BH", rest[:3])
        elements[tag] = rest[3:3 + length]
        rest = rest[3 + length:]
    return command, session, elements


def _sign(pem, digest, data):
    return subprocess.run(["openssl", "dgst", f"-{digest}", "-sign", str(pem)], input=data,
                          check=True, capture_output=True).stdout


def proof(name, pem):
    """The elements by which the holder of a key says who it is: PEM with certificate and key."""
    der = subprocess.run(["openssl", "x509", "-in", str(pem), "-outform", "DER"], check=True,
                         capture_output=True).stdout
    said = name.encode() + b"\0" + der
    sha2 = _sign(pem, "sha512", said)
    return [element(CERTIFICATE, b"\1" + struct.pack(">H", len(der) + 2) + b"\0\2" + der),
            element(SIGNED, _sign(pem, "sha1", said)),
            element(SIGNED_SHA2, b"\3" + struct.pack(">H", len(sha2)) + sha2)]


def auth_response(session, name, *elements):
    return frame(AUTH_RESPONSE, session, element(REASON, b"\1"), element(VERSION, b"\3"),
                 element(DEVICE, name.encode() + b"\0"), *elements)
