# SPDX-License-Identifier: Apache-2.0
"""Who is heard: each phone says a tone of its own, and in what a phone recorded the tones are looked
for. That holds for mixes, and over codecs and resampling, where samples are not the same."""
import math
import struct
import wave

RATE = 8000
TONES = {"a": 440.0, "b": 620.0, "c": 950.0, "d": 1330.0}


def write(path, who, seconds=60):
    """A WAV file of that tone."""
    step = 2 * math.pi * TONES[who] / RATE
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", int(6000 * math.sin(step * i)))
                                  for i in range(RATE))  * seconds)
    return path


def samples(path):
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        data = file.readframes(file.getnframes())
    return [s for s, in struct.iter_unpack("<h", data)]


def level(part, hz):
    """Amplitude at one frequency (Goertzel)."""
    k = 2 * math.cos(2 * math.pi * hz / RATE)
    before = older = 0.0
    for s in part:
        before, older = s + k * before - older, before
    power = before * before + older * older - k * before * older
    return 2 * math.sqrt(max(power, 0)) / len(part)


def heard(path, piece=RATE // 2):
    """Of each half second: who was heard in it, as a word like "ab"."""
    data = samples(path)
    return ["".join(who for who, hz in TONES.items() if level(data[at:at + piece], hz) > 700)
            for at in range(0, len(data) - piece, piece)]


def loud(path, piece=RATE // 2):
    """Of each half second: is there anything?"""
    data = samples(path)
    return [max(abs(s) for s in data[at:at + piece]) > 500
            for at in range(0, len(data) - piece, piece)]
