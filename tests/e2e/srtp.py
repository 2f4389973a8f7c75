# SPDX-License-Identifier: Apache-2.0
"""SRTP read with the key in hand (RFC 3711, AES_CM_128_HMAC_SHA1), written from the RFC and not from
the program under test: what a listener could do who had the signalling."""
import hashlib
import hmac
import struct

from crypto import aes_ctr

LABEL_ENCRYPTION, LABEL_AUTHENTICATION, LABEL_SALT = 0, 1, 2
TAG_32, TAG_80 = 4, 10


def derive(master, salt, label, size):
    """Section 4.3.1 with a key derivation rate of 0, 4.3.3."""
    x = int.from_bytes(salt, "big") ^ (label << 48)
    return aes_ctr(master, (x << 16).to_bytes(16, "big"), bytes(size))


class Session:
    """One direction. Packets are looked at alone: `roc` is given where it is not 0."""

    def __init__(self, master, salt, tag=TAG_32):
        if len(master) != 16 or len(salt) != 14:
            raise ValueError("a master key has 16 bytes, a salt 14")
        self.key = derive(master, salt, LABEL_ENCRYPTION, 16)
        self.auth = derive(master, salt, LABEL_AUTHENTICATION, 20)
        self.salt = derive(master, salt, LABEL_SALT, 14)
        self.tag = tag

    def is_genuine(self, packet, roc=0):
        """Section 4.2: the tag is over the packet and the roll-over counter."""
        body, tag = packet[:-self.tag], packet[-self.tag:]
        right = hmac.new(self.auth, body + struct.pack(">I", roc), hashlib.sha1).digest()
        return hmac.compare_digest(right[:self.tag], tag)

    def open(self, packet, roc=0):
        """The payload of a packet, or None when its tag does not fit."""
        if len(packet) < 12 + self.tag or not self.is_genuine(packet, roc):
            return None
        head = 12 + 4 * (packet[0] & 0x0f)
        if packet[0] & 0x10:
            head += 4 + 4 * struct.unpack(">H", packet[head + 2:head + 4])[0]
        seq, ssrc = struct.unpack(">H", packet[2:4])[0], struct.unpack(">I", packet[8:12])[0]
        iv = (int.from_bytes(self.salt, "big") << 16) ^ (ssrc << 64) ^ (((roc << 16) | seq) << 16)
        return aes_ctr(self.key, iv.to_bytes(16, "big"), packet[head:-self.tag])
