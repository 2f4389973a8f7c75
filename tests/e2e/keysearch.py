# SPDX-License-Identifier: Apache-2.0
"""Private numbers of keys, and the search for them in the memory of a process.

    needles = keysearch.needles("site/keys/tftp.pem")
    keysearch.search(pid, needles)      # [] when nothing of the key is there

The numbers are read by openssl, so that the search does not stand on our own reader. Each is looked
for as a file has it (big-endian) and as OpenSSL keeps it in memory (limbs, little-endian on the
machines we build for), whole and in pieces, and so are the lines of the PEM file.
"""
import base64
import os
import re
import struct
import subprocess
import sys
from collections import namedtuple

Needle = namedtuple("Needle", "what data")
Region = namedtuple("Region", "begin end rights name resident")

PIECE = 32         # a quarter of the primes of RSA-2048: nothing has these by chance
CHUNK = 16 << 20   # read at a time
OVERLAP = 64       # bytes of the longest needle, a line of PEM
# Where AddressSanitizer keeps one byte of notes for eight of the program's (x86-64, AArch64). It is
# reserved whole, terabytes of it, and holds no byte that the program wrote.
SHADOW_MIN = 1 << 34

NUMBERS = ("privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient", "priv")


def private_numbers(pem, passphrase=None):
    """{name: integer} of all that is private in a key file, RSA or EC."""
    command = ["openssl", "pkey", "-in", str(pem), "-text", "-noout"]
    if passphrase is not None:
        command += ["-passin", f"pass:{passphrase}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"openssl cannot read {pem}: {done.stderr.strip()}")
    found = {}
    for name, digits in re.findall(r"^(\w+):[ \t]*\n((?:[ \t]+[0-9a-f:]+\n?)+)", done.stdout, re.M):
        if name in NUMBERS:
            found[name] = int(re.sub(r"[\s:]", "", digits), 16)
    if len(found) not in (1, 6):
        raise RuntimeError(f"{pem}: openssl shows {sorted(found)}, which is neither RSA nor EC")
    return found


def pem_lines(pem, numbers):
    """The full lines of base64 in a key file that hold something private: in an encrypted file all
    of them, else those with a good part of a private number."""
    with open(pem, encoding="ascii") as file:
        text = file.read()
    kind, body = re.search(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----\n(.*?)-----END", text,
                           re.S).groups()
    lines = [line for line in body.split("\n") if len(line) == 64]
    if "ENCRYPTED" in kind:
        return lines
    return [line for line in lines if any(base64.b64decode(line)[at:at + 16] in big
                                          for big in numbers for at in (0, 16, 32))]


def needles(pem, passphrase=None):
    """What must not be found: every number in both byte orders, cut into pieces, and PEM."""
    name = os.path.basename(str(pem))
    found, numbers = [], []
    for number, value in private_numbers(pem, passphrase).items():
        big = value.to_bytes((value.bit_length() + 7) // 8, "big")
        numbers.append(big)
        for order, data in (("big-endian", big), ("little-endian", big[::-1])):
            pieces = [data[at:at + PIECE] for at in range(0, len(data) - PIECE + 1, PIECE)]
            found += [Needle(f"{name}: {number}, {order}, piece {n}", piece)
                      for n, piece in enumerate(pieces or [data])]
    return found + [Needle(f"{name}: a line of its PEM", line.encode())
                    for line in pem_lines(pem, numbers)]


# ---- memory ----

def regions(pid):
    """The mappings of a process that can be read, with what of them is in memory or swap."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = []
    for part in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", text, flags=re.M):
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", part)
        if head is None or "r" not in head.group(3):
            continue
        sizes = dict(re.findall(r"^(Rss|Swap): +(\d+) kB", part, re.M))
        found.append(Region(int(head.group(1), 16), int(head.group(2), 16), head.group(3),
                            head.group(4), (int(sizes.get("Rss", 0)) + int(sizes.get("Swap", 0)))))
    if not found:
        raise RuntimeError(f"process {pid} shows no mapping that can be read")
    return found


def is_shadow(region):
    return region.end - region.begin >= SHADOW_MIN and not region.name


def _words(wanted):
    """{word: needles} for every eight bytes in a row of every needle. Wherever a needle lies, one of
    its words is at an address that eight divides: so memory is looked through word by word, once,
    however many needles there are."""
    words = {}
    for one in wanted:
        for at in range(len(one.data) - 7):
            words.setdefault(int.from_bytes(one.data[at:at + 8], sys.byteorder), set()).add(one)
    return words


def _chunks(memory, region):
    """(address, bytes) of a region, page by page; each begins with the end of the one before."""
    at, rest = region.begin, b""
    while at < region.end:
        try:
            got = os.pread(memory.fileno(), min(CHUNK, region.end - at), at)
        except OSError:
            if region.name.startswith(("[", "/dev/")):
                return  # a device
            raise
        if not got:
            return
        yield at - len(rest), rest + got
        rest, at = got[-OVERLAP:], at + len(got)


def search(pid, wanted):
    """Look for each needle in all readable memory of a process. Returns (found, bytes read):
    found is [(needle.what, address, mapping)]."""
    if any(not 16 <= len(one.data) <= OVERLAP for one in wanted):
        raise ValueError("a needle is too short or too long for this search")
    words, found, total = _words(wanted), [], 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for region in regions(pid):
            if is_shadow(region) or region.name in ("[vvar]", "[vsyscall]"):
                continue
            if region.resident == 0 and not region.name:
                continue  # never touched: zeroes
            for address, data in _chunks(memory, region):
                total += len(data)
                hits = words.keys() & memoryview(data[:len(data) & ~7]).cast("Q")
                for one in sorted(set().union(*(words[hit] for hit in hits))):
                    where = data.find(one.data)
                    if where >= 0:
                        found.append((one.what, address + where,
                                      region.name or "anonymous memory"))
    return found, total


def byte_order_fits():
    """OpenSSL's limbs are as the machine's words are."""
    return sys.byteorder == "little" and struct.calcsize("P") == 8
