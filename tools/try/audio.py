# SPDX-License-Identifier: Apache-2.0
"""Recordings and µ-law, from the tables of G.711 and not from the program under test."""
import struct
import wave
from bisect import bisect_right


def _bounds():
    """The smallest magnitude (16 bits) of each of the 128 codes of one sign: eight segments of 16
    steps, each segment's twice as wide as those of the one before."""
    return [(((step << 1) + 32 << segment) - 33) << 2 for segment in range(8) for step in range(16)]


def _encode_all():
    bounds, codes = _bounds(), bytearray(65536)
    for i in range(65536):
        sample = i - 65536 if i > 32767 else i
        at = bisect_right(bounds, abs(sample)) - 1
        codes[i] = 0xff ^ (at | (0x80 if sample < 0 else 0))
    return bytes(codes)


_CODES = _encode_all()


def sent_of(path):
    """The samples of a WAV file (8 kHz, mono, 16 bit) as µ-law codes, as a phone sends them."""
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (8000, 1, 2):
            raise ValueError(f"{path}: wants 8 kHz, mono, 16 bit")
        data = file.readframes(file.getnframes())
    return bytes(_CODES[i] for i in struct.unpack(f"<{len(data) // 2}H", data))


def ulaw_of(path):
    """The same for comparing: of the two codes for zero there is only one left after decoding."""
    return sent_of(path).replace(b"\x7f", b"\xff")


def equal_part(heard, said):
    """How many samples of what was said were heard as they were, in one piece and in place: the two
    are laid over each other where the first loud part of `said` is found. Returns (samples, share)."""
    loud = next((i for i in range(0, len(said) - 160, 160)
                 if len(set(said[i:i + 160])) > 16), 0)
    for begin in range(loud, len(said) - 160, 160):
        at = heard.find(said[begin:begin + 160])
        if at < 0:
            continue
        shift = at - begin
        same = sum(1 for i, code in enumerate(said)
                   if 0 <= i + shift < len(heard) and heard[i + shift] == code)
        return same, same / len(said)
    return 0, 0.0
