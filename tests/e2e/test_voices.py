# SPDX-License-Identifier: Apache-2.0
"""The measure of who is heard (voices.py), on recordings made here."""
import struct
import wave

import voices

BEGIN = 8400  # where in what was said the recordings begin


def recorded(folder, *parts, lost=()):
    """Some voices, each with how loud, as a recording of two seconds; without these packets."""
    count = 2 * voices.RATE
    mixed = [int(sum(loud * voices.said(who)[BEGIN + i] for who, loud in parts))
             for i in range(count)]
    for packet in lost:
        at = packet * voices.PACKET
        mixed[at:at + voices.PACKET] = [0] * voices.PACKET
    path = folder / f"{parts}{lost}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, voices.RATE, count, "NONE", ""))
        file.writeframes(struct.pack(f"<{count}h", *mixed))
    return path


def all_heard(path, them):
    return all(voices.is_heard(piece, them) for piece in voices.heard(path))


def test_one_voice_two_voices_and_none(tmp_path):
    assert all_heard(recorded(tmp_path, ("a", 1)), "a")
    assert not all_heard(recorded(tmp_path, ("a", 1)), "b")
    assert all_heard(recorded(tmp_path, ("a", 1), ("b", 1)), "ab")
    assert not all_heard(recorded(tmp_path, ("a", 1), ("b", 1)), "a")
    assert all_heard(recorded(tmp_path), "")
    assert not voices.is_loud(recorded(tmp_path)) and voices.is_loud(recorded(tmp_path, ("a", 1)))


def test_an_echo_of_a_third_as_loud_is_heard(tmp_path):
    path = recorded(tmp_path, ("a", 1), ("c", 0.33))
    assert not any(voices.is_heard(piece, "a") for piece in voices.heard(path))


def test_what_is_given_a_little_faster_is_heard_all_the_same(tmp_path):
    path = recorded(tmp_path, ("a", 1))
    fast = [int(s) for s in voices.paced(voices.samples(path), -1)]
    with wave.open(str(tmp_path / "fast.wav"), "wb") as file:
        file.setparams((1, 2, voices.RATE, len(fast), "NONE", ""))
        file.writeframes(struct.pack(f"<{len(fast)}h", *fast))
    pieces = voices.heard(tmp_path / "fast.wav", is_mixed=True)
    assert all(voices.is_heard(piece, "a") for piece in pieces)
    assert not all_heard(tmp_path / "fast.wav", "a")


def test_what_was_lost_is_missed(tmp_path):
    whole = recorded(tmp_path, ("a", 1))
    assert voices.unbroken(whole, "a") == (98, 0)
    assert voices.unbroken(whole, "b")[0] == 0
    assert voices.unbroken(recorded(tmp_path, ("a", 1), lost=(40, 41, 60)), "a") == (95, 2)
