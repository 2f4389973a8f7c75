# SPDX-License-Identifier: Apache-2.0
"""Recordings as µ-law codes, by the rule of G.711 and not by the program under test: what a call
carries, so that what was heard can be compared with what was said, sample for sample."""
import struct
import wave
from functools import lru_cache

BIAS, CLIP = 33, 8158  # of the 14-bit magnitude: G.711, table 2


@lru_cache(maxsize=None)
def ulaw(sample):
    """The code of one 16-bit sample: sign, segment, step, all bits turned over."""
    magnitude = min(abs(sample) >> 2, CLIP) + BIAS
    segment = magnitude.bit_length() - 6
    step = (magnitude >> (segment + 1)) & 0x0f
    return 0xff ^ ((0x80 if sample < 0 else 0) | segment << 4 | step)


def sent_of(path):
    """The samples of a WAV file (8 kHz, mono, 16 bit) as µ-law codes, as a phone sends them."""
    with wave.open(str(path), "rb") as file:
        kind = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if kind != (8000, 1, 2):
            raise ValueError(f"{path}: {kind}, wants 8 kHz, mono, 16 bit")
        data = file.readframes(file.getnframes())
    return bytes(ulaw(sample) for sample, in struct.iter_unpack("<h", data))


def ulaw_of(path):
    """The same for comparing with a recording: of the two codes for zero, which sound alike, a
    recording has only one."""
    return sent_of(path).replace(b"\x7f", b"\xff")


def equal_part(heard, said, piece=160):
    """How much of what was said was heard as it was: the two are laid over each other where the
    first lively piece of `said` is found in `heard`. Returns (samples, share of what was said)."""
    for begin in range(0, len(said) - piece, piece):
        part = said[begin:begin + piece]
        at = heard.find(part) if len(set(part)) > 16 else -1
        if at < 0:
            continue
        shift = at - begin
        same = sum(1 for i, code in enumerate(said)
                   if 0 <= i + shift < len(heard) and heard[i + shift] == code)
        return same, same / len(said)
    return 0, 0.0
