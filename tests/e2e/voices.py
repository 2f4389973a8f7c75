# SPDX-License-Identifier: Apache-2.0
"""Who is heard: each phone says something of its own, and what a phone recorded is correlated with
all that was said. What is said is like speech to a codec (noise in the band of a telephone, louder
and softer from syllable to syllable) and like nothing else: no two pieces of it are alike."""
import itertools
import operator
import random
import struct
import wave
from functools import lru_cache

RATE = 8000
PIECE, PACKET = RATE // 2, RATE // 50
SECONDS = 30
SYLLABLE = 1000  # samples
VOICES = "abcd"
AHEAD = 5 * RATE  # as long may somebody have spoken before a recording began
BLOCK = 500  # shifts at once, so that no long number is shifted
# What a correlation has where something is heard alone, and stays below where it is not heard: by
# chance, at the best of all places, it comes to half of that.
ALONE, FAINT = 0.8, 0.2


@lru_cache(maxsize=None)
def said(who):
    """The samples of that voice."""
    chance = random.Random(f"the voice of {who}")
    count = SECONDS * RATE
    noise = struct.unpack(f"<{count + 3}h", chance.randbytes(2 * (count + 3)))
    # Two zeros at half the rate and one at none: the middle of the band is the loudest.
    band = [(w + x - y - z) / 65536 for w, x, y, z in zip(noise, noise[1:], noise[2:], noise[3:])]
    swell = [min(i, SYLLABLE - i) / (SYLLABLE / 2) for i in range(SYLLABLE)]
    spoken = []
    for begin in range(0, count, SYLLABLE):
        loud = chance.uniform(3000, 9000)
        spoken += [int(loud * (0.2 + 0.8 * s) * b)
                   for s, b in zip(swell, band[begin:begin + SYLLABLE])]
    return spoken


def write(path, who):
    """A WAV file of that voice."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(said(who))}h", *said(who)))
    return path


def samples(path):
    """Of a recording. Its first packet may begin before the voice does, by the way through the
    filters of a codec: what is compared comes after it."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        data = file.readframes(file.getnframes())
    return [s for s, in struct.iter_unpack("<h", data)]


def signs(part):
    """One bit a sample, the first sample in the lowest bit."""
    return int("".join("1" if s > 0 else "0" for s in reversed(part)), 2)


@lru_cache(maxsize=None)
def signs_said(who):
    return signs(said(who))


def correlation(part, other):
    """Of as many samples each, between -1 and 1; 0 where one of them is silence. (That of Pearson;
    neither has a mean worth taking off.)"""
    mutual = sum(map(operator.mul, part, other))
    power = sum(map(operator.mul, part, part)) * sum(map(operator.mul, other, other))
    return mutual / power ** 0.5 if power else 0.0


def find(part, who, begin, end):
    """Where in these samples of a voice this is most likely from, and the correlation there. The
    place is found by signs alone, which are compared thousands at a time."""
    count = len(part)
    wanted, every = signs(part), (1 << count) - 1
    differing = []
    for at in range(begin, min(end, len(said(who)) - count), BLOCK):
        voice = signs_said(who) >> at & (1 << count + BLOCK) - 1
        differing += [(wanted ^ voice >> i & every).bit_count() for i in range(BLOCK)]
    at = begin + differing.index(min(differing))
    return at, correlation(part, said(who)[at:at + count])


def paced(part, more):
    """With so many samples more in each packet."""
    step = PACKET / (PACKET + more)
    places = (i * step for i in range(int((len(part) - 1) / step)))
    return [part[int(at)] + (part[int(at) + 1] - part[int(at)]) * (at % 1) for at in places]


def _voices_of(part, end, paces):
    ways = [paced(part, more) if more else part for more in paces]
    return {who: round(max(find(way, who, 0, end)[1] for way in ways), 2) for who in VOICES}


@lru_cache(maxsize=None)
def heard(path, is_mixed=False):
    """Of each half second: the correlation with each voice, {"a": 0.99, ...}. What comes through the
    call manager may have waited there, and then be given a little faster or slower until it is on
    time again (src/media/jitter.h): what is not explained is looked for at those paces too."""
    data = samples(path)[PACKET:]
    pieces = []
    for at in range(0, len(data) - PIECE, PIECE):
        part = data[at:at + PIECE]
        piece = _voices_of(part, at + AHEAD, (0,))
        if is_mixed and sum(value ** 2 for value in piece.values()) < ALONE ** 2:
            piece = _voices_of(part, at + AHEAD, (0, 1, -1))
        pieces.append(piece)
    return pieces


def is_heard(piece, them):
    """One is heard, or some together ("bc"), or nobody (""): each clearly, and nothing else. The
    squares of what independent parts have to do with their sum make 1."""
    clear = ALONE if len(them) == 1 else 2 * FAINT
    return (all(value >= clear if who in them else value < FAINT for who, value in piece.items())
            and (not them or sum(piece[who] ** 2 for who in them) >= ALONE ** 2))


def is_loud(path):
    """In each half second there is something."""
    data = samples(path)
    return all(max(map(abs, data[at:at + PIECE])) > 500
               for at in range(0, len(data) - PIECE, PIECE))


def unbroken(path, who):
    """The whole recording laid over that voice where its first half second is from, packet by
    packet: how many were heard in their place, and how many in a row were not."""
    data, voice = samples(path)[PACKET:], said(who)
    place, _ = find(data[:PIECE], who, 0, AHEAD)
    packets = [correlation(data[at:at + PACKET], voice[place + at:place + at + PACKET]) >= ALONE
               for at in range(0, len(data) - PACKET, PACKET)]
    missing = [len(list(run)) for is_there, run in itertools.groupby(packets) if not is_there]
    return sum(packets), max(missing, default=0)
