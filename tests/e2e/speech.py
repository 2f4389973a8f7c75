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
    code = 0xff ^ ((0x80 if sample < 0 else 0) | segment << 4 | step)
    return 0xff if code == 0x7f else code  # the second zero sounds like the first


def ulaw_of(path):
    """The samples of a WAV file (8 kHz, mono, 16 bit) as µ-law codes."""
    with wave.open(str(path), "rb") as file:
        kind = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if kind != (8000, 1, 2):
            raise ValueError(f"{path}: {kind}, wants 8 kHz, mono, 16 bit")
        data = file.readframes(file.getnframes())
    return bytes(ulaw(sample) for sample, in struct.iter_unpack("<h", data))
