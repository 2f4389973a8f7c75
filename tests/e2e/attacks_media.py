# SPDX-License-Identifier: Apache-2.0
"""Attacks on a call that is up: packets changed, sent twice and made up on their way, and a listener.

They want a Tapped office (tapped.py). Each `attack_…(tapped, …)` says who refused it; each `twin_…` is
the same without the one fault.
"""
import struct

import bridge
import rig
import sccp
import speech
import wire
from lab import Refusal
from proxy import flip_bit
from tapped import FRAME, RTP_HEAD, TO_A, TO_B

SECONDS = "2500ms"  # of an attacked call: 125 packets each way
PIECE = 40  # samples of speech that are searched for


def said_by(device):
    return speech.ulaw_of(rig.SPEECH / ("ada.wav" if device == rig.A else "ben.wav"))


def equal_share(heard, said):
    """How much of what was heard is what was said, sample for sample. What the listener missed before
    its first packet is looked for, since it is no fault of the way."""
    best = 0
    for begin in range(0, 50 * FRAME, FRAME):
        pairs = zip(heard, said[begin:])
        best = max(best, sum(a == b for a, b in pairs))
        if best > 0.9 * len(heard):
            break
    return best / len(heard) if heard else 0.0


def _of_call(call, device, **expected):
    """Evidence that a phone heard its partner whole, and counted what was expected."""
    other = rig.B if device == rig.A else rig.A
    ended = call.ended[device]
    counters = {name: ended[name] for name in ("received", "lost", "refused_tag",
                                               "refused_replay", "refused_ssrc",
                                               "refused_format")}
    share = equal_share(call.heard[device], said_by(other))
    wanted = {"refused_tag": 0, "refused_replay": 0, "refused_ssrc": 0, "refused_format": 0,
              **expected}
    return {**counters, "recording_equal": round(share, 4),
            "recording_intact": share == 1.0 and ended["lost"] == 0,
            "counted": all(ended[name] == value for name, value in wanted.items())}


def _refusal(call, name, device, reason, **expected):
    evidence = _of_call(call, device, **expected)
    told = [event["reason"] for event in call.refused[device]]
    evidence["told"] = reason in told
    return Refusal(name, evidence["counted"], "phone", reason,
                   f"{device} dropped {sum(expected.values())} packets and played the rest",
                   evidence)


def _flips(end, number, frame):
    """Before three of the packets to B a copy of each with one bit changed: in the sound, the tag, and
    the time stamp."""
    data = bridge.data_offset(frame)
    at = {40: data + RTP_HEAD + 7, 55: -1, 70: data + 6}.get(number)
    if end != TO_B or at is None:
        return [frame]
    return [flip_bit(frame, at), frame]


def attack_srtp_bit(tapped):
    """SRTP packets with one bit changed. The genuine ones follow, and are still taken."""
    call = tapped.call(SECONDS, _flips)
    return _refusal(call, "one bit of an SRTP packet", rig.B, "srtp-tag", refused_tag=3)


def attack_srtp_replay(tapped):
    """SRTP packets sent again: at once, and later."""
    kept = []

    def change(end, number, frame):
        if end == TO_B:
            kept.append(frame)
            if number == 40:
                return [frame, frame]
            if number == 60:
                return [frame, kept[42], kept[47]]
        return [frame]

    call = tapped.call(SECONDS, change)
    return _refusal(call, "SRTP packets sent twice", rig.B, "srtp-replay", refused_replay=3)


def attack_srtp_made_up(tapped, earlier):
    """Packets with the right source and number, whose sound is from an earlier call, under its keys, or
    in the clear."""
    old, clear = earlier.rtp(TO_B)[30], said_by(rig.A)[8000:8000 + FRAME] + bytes(4)

    def change(end, number, frame):
        sound = {45: old[RTP_HEAD:], 65: clear}.get(number)
        if end != TO_B or sound is None:
            return [frame]
        return [frame[:bridge.data_offset(frame) + RTP_HEAD] + sound, frame]

    call = tapped.call(SECONDS, change)
    return _refusal(call, "SRTP packets under another key", rig.B, "srtp-tag", refused_tag=2)


def twin_srtp(call):
    """A call that nobody changed."""
    evidence = {device: _of_call(call, device) for device in (rig.A, rig.B)}
    whole = all(one["recording_intact"] and one["counted"] for one in evidence.values())
    return Refusal("a call as it was sent", False, evidence={**evidence, "whole": whole})


# ---- the listener ----

def needles(call, port):
    """What must not be readable, as it is inside: {what: [bytes, …]}."""
    frames = call.frames(port)
    digits = [struct.pack("<I", len(f.body) + 4) + struct.pack("<II", f.version, f.id) + f.body
              for f in frames if f.id == sccp.KEYPAD_BUTTON]
    keys = [part for key in sccp.media_keys(frames) for part in (key.master, key.salt)]
    sounds = [one for device in (rig.A, rig.B) for one in _pieces(said_by(device))]
    return {"digits": digits, "media keys": keys, "audio": sounds}


def _pieces(said):
    """Bits of the first two seconds that are no silence and have no zero in them, which has two codes
    in µ-law."""
    pieces = [said[at:at + PIECE] for at in range(0, 100 * FRAME, FRAME)]
    return [one for one in pieces if 0xff not in one and len(set(one)) > PIECE // 2][:25]


def attack_listen(call, port):
    """Somebody who has everything that was on the wire searches it."""
    refusals = []
    for what, wanted in needles(call, port).items():
        found = [place for one in wanted for place in call.search(one)]
        refusals.append(Refusal(
            f"a listener looks for {what}", bool(wanted) and not found, "phone", "not-found",
            f"{len(wanted)} pieces of {what} searched in "
            f"{sum(path.stat().st_size for path in call.captures)} bytes, none found",
            {"searched": len(wanted), "found": found or "nothing"}))
    return refusals


def twin_listen(call, port):
    """The same search in the same conversation, decrypted with the logged secrets."""
    path = call.decrypted(port)
    results = []
    for what, wanted in needles(call, port).items():
        found = [bool(wire.search(path, one)) for one in wanted]
        results.append(Refusal(f"the same search for {what} in the decrypted capture", False,
                               evidence={"searched": len(wanted),
                                         "all_found": bool(found) and all(found)}))
    return results
