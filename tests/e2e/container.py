# SPDX-License-Identifier: Apache-2.0
"""Signed containers, taken apart and made without any of our code: the layout by hand, signatures by
openssl. An independent judge of what `ringfence` writes and reads. doc: docs/wire/signed-files.md"""
import hashlib
import re
import struct
import subprocess
import time

VERSION, LENGTH, SIGNER_INFO, SIGNER, SERIAL, ISSUER = 1, 2, 3, 4, 5, 6
SIGNATURE_INFO, HASH, ALGORITHM_INFO, ALGORITHM, MODULUS = 7, 8, 9, 10, 11
SIGNATURE, PADDING, NAME, TIME, SIGNER_VERSION = 12, 13, 14, 15, 28
ENCRYPTION_INFO, KEY_INFO, WRAPPED_KEY = 16, 21, 25
GROUPS = (SIGNER_INFO, SIGNATURE_INFO, ALGORITHM_INFO, ENCRYPTION_INFO, KEY_INFO)
DIGESTS = {1: "sha1", 2: "sha256", 3: "sha512"}
MODULI = {64: 0, 128: 1, 256: 2, 512: 3}


class Container:
    """A whole file: tag -> value, where each value stands, and the body."""

    def __init__(self, data):
        self.data, self.tags, self.at = data, {}, {}
        self._walk(0, len(data))
        self.header_len = struct.unpack(">H", self.tags[LENGTH])[0]
        self.body = data[self.header_len:]
        self.name = self.tags[NAME][:-1].decode()
        self.digest = DIGESTS[self.tags[HASH][0]]
        self.signature = self.tags[SIGNATURE]

    def _walk(self, at, end):
        while at < end:
            tag = self.data[at]
            if tag == PADDING or LENGTH in self.tags and at >= self._header():
                return
            size = struct.unpack(">H", self.data[at + 1:at + 3])[0]
            self.tags[tag], self.at[tag] = self.data[at + 3:at + 3 + size], at
            if tag in GROUPS:
                self._walk(at + 3, at + 3 + size)
            at += 3 + size

    def _header(self):
        return struct.unpack(">H", self.tags[LENGTH])[0]

    @property
    def signed(self):
        """What the signature is over: everything but tag 12."""
        at = self.at[SIGNATURE]
        return self.data[:at] + self.data[at + 3 + len(self.signature):]

    def openssl_verifies(self, pem, folder):
        """Does openssl find the signature right, with the key of this certificate?"""
        key, signature = folder / "judge.pub", folder / "judge.sig"
        key.write_bytes(openssl("x509", "-in", pem, "-noout", "-pubkey"))
        signature.write_bytes(self.signature)
        done = subprocess.run(["openssl", "dgst", f"-{self.digest}", "-verify", key, "-signature",
                               signature], input=self.signed, capture_output=True, check=False)
        return done.returncode == 0 and b"Verified OK" in done.stdout


def openssl(*words, data=None):
    return subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True,
                          check=True).stdout


def tlv(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def text(tag, value):
    return tlv(tag, value.encode() + b"\0")


def names_of(pem):
    """Subject and issuer as containers have them, and the serial number, of a certificate."""
    shown = openssl("x509", "-in", pem, "-noout", "-subject", "-issuer", "-serial",
                    "-nameopt", "RFC2253").decode()
    subject, issuer, serial = (re.search(rf"^{word}=(.*)$", shown, re.M)[1]
                               for word in ("subject", "issuer", "serial"))
    subject, issuer = (",".join(reversed(one.split(","))) for one in (subject, issuer))
    return subject, issuer, bytes.fromhex(serial)


def build(body, pem, name, digest=3, when=None, version=b"\1\0", signer_version=None, bits=2048,
          signer_pem=None, extra=b"", spell=str):
    """A container signed with pem's key, said to be by signer_pem's certificate (default: pem's).
    `extra`: tags behind the time. `spell`: how the names are written."""
    subject, issuer, serial = names_of(signer_pem or pem)
    signer = text(SIGNER, spell(subject)) + text(ISSUER, spell(issuer)) + tlv(SERIAL, serial)
    algorithm = tlv(ALGORITHM, b"\0") + tlv(MODULUS, bytes([MODULI[bits // 8]]))
    front = tlv(SIGNER_VERSION, signer_version) if signer_version else b""
    front += tlv(SIGNER_INFO, signer)
    front += tlv(SIGNATURE_INFO, tlv(HASH, bytes([digest])) + tlv(ALGORITHM_INFO, algorithm))
    back = text(NAME, name) + tlv(TIME, struct.pack(">I", int(time.time() if when is None
                                                                else when))) + extra
    length = 5 + 5 + len(front) + 3 + bits // 8 + len(back)
    padding = -length % 4
    front = tlv(VERSION, version) + tlv(LENGTH, struct.pack(">H", length + padding)) + front
    back += bytes([PADDING]) * padding + body
    signature = openssl("dgst", f"-{DIGESTS[digest]}", "-sign", pem, data=front + back)
    return front + tlv(SIGNATURE, signature) + back


def record(role, pem, spell=str, extra=b"", cert=None):
    """A record of a trust list: names as `spell` writes them, and the certificate (default: pem's)."""
    subject, issuer, serial = names_of(pem)
    inside = text(3, spell(subject)) + text(5, spell(issuer)) + tlv(6, serial)
    inside += tlv(4, struct.pack(">H", role))
    inside += tlv(9, openssl("x509", "-in", cert or pem, "-outform", "DER")) + extra
    return tlv(1, struct.pack(">H", 5 + len(inside))) + inside


def as_other_servers_write(name):
    """A name in another order than the certificate's, joined by ';'."""
    return ";".join(reversed(name.split(",")))


def sha256(data):
    return hashlib.sha256(data).hexdigest()
