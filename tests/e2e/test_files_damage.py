# SPDX-License-Identifier: Apache-2.0
"""One small file of each kind, damaged along all of its length, given to the programs: never accepted,
never a crash, nothing written. (Every byte and every kind of damage, without starting a program for
each: tests/unit/trust/test_every_byte.c.)"""
import json
import subprocess

import pytest

import rig
from container import Container
from files import CLEAR, ENC, ITL, SGN, accepted, changed, pem

STEP = 13  # no multiple of anything in a header; what is done there changes from place to place


def damages(data):
    """(what, bytes): along the whole file, each kind of damage in turn; the header more closely."""
    header = Container(data).header_len
    places = sorted({*range(0, header, STEP), *range(header, len(data), max(STEP, len(data) // 40)),
                     header - 1, header, len(data) - 1})
    for turn, at in enumerate(places):
        yield from ((f"bit of {at}", changed(data, at, at % 8)),) if turn % 2 == 0 else \
            ((f"cut at {at}", data[:at]),)
        if turn % 4 == 0:
            yield f"byte put in at {at}", data[:at] + b"\r" + data[at:]
            yield f"byte taken out at {at}", data[:at] + data[at + 1:]
    for tail in (b"\r", b"x", data):
        yield "longer", data + tail


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """kind: a good file, and the command lines that must refuse what is left of it; OUT is replaced."""
    made = tmp_path_factory.mktemp("kinds")
    body = made / "a.loads.txt"
    body.write_text("a.sbn\r\nb.sbn\r\n")
    rig.ringfence("file", "sign", CLEAR, "--key", pem("tftp"), "--out", made / SGN)
    rig.ringfence("file", "encrypt", CLEAR, "--key", pem("tftp"), "--for", pem("phone"), "--out",
                  made / "enc")
    rig.ringfence("list", "build", "--sast", pem("sast"), "--tftp", pem("tftp"), "--out", made / ITL)
    rig.ringfence("image", "sign", CLEAR, "--key", pem("tftp"), "--out", made / "a.sbn")
    rig.ringfence("image", "sign", body, "--key", pem("tftp"), "--out", made / "a.loads")
    by, image = ["--cert", pem("tftp")], ["image", "verify", "FILE", "--cert", pem("tftp")]
    return {
        "signed": (made / SGN, [["file", "verify", "FILE", *by],
                                ["file", "strip", "FILE", "--out", "OUT", *by]]),
        "encrypted": (made / "enc" / ENC, [["file", "verify", "FILE", *by],
                                           ["file", "decrypt", "FILE", "--phone-key", pem("phone"),
                                            "--out", "OUT", *by]]),
        "list": (made / ITL, [["list", "verify", "FILE"],
                              ["list", "verify", "FILE", "--installed", made / ITL]]),
        "image": (made / "a.sbn", [image, ["file", "strip", "FILE", "--out", "OUT", *by]]),
        "loads": (made / "a.loads", [image, ["image", "show", "FILE", "--cert", pem("tftp")]]),
    }


def run_on(words, path, out):
    place = {"FILE": str(path), "OUT": str(out)}
    return subprocess.run([rig.program("ringfence"), *(place.get(str(w), str(w)) for w in words),
                           "--json"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", ["signed", "encrypted", "list", "image", "loads"])
def test_sec_11_damage_anywhere_is_refused_and_leaves_nothing(kinds, kind, tmp_path):
    good, lines = kinds[kind]
    data = good.read_bytes()
    path, out = tmp_path / "file", tmp_path / "out"
    for turn, (what, bad) in enumerate(damages(data)):
        path.write_bytes(bad)
        words = lines[turn % len(lines)]
        done = run_on(words, path, out)
        # An image whose issuer or serial number was changed is somebody else's: shown, not verified.
        if words[1] == "show" and done.returncode == 0:
            assert "not verified" in json.loads(done.stdout)["verified"], what
            continue
        assert done.returncode == 1, (what, done.stdout, done.stderr)
        answer = json.loads(done.stdout)
        assert answer["ok"] is False and answer["code"] and answer["reason"], what
        assert [p.name for p in tmp_path.iterdir()] == ["file"], what
    path.write_bytes(data)
    for words in lines:
        assert run_on(words, path, out).returncode == 0


def test_a_file_that_changes_while_it_is_signed_is_not_given_out(tmp_path):
    """The first reading is slowed down by its length; the file is changed when it has begun."""
    body, out = tmp_path / "body", tmp_path / "out.sgn"
    body.write_bytes(b"a" * 300_000_000)
    words = ["file", "sign", body, "--key", pem("tftp"), "--out", out]
    child = subprocess.Popen([rig.program("ringfence"), *map(str, words), "--json"],
                             stdout=subprocess.PIPE, text=True)
    # The new file is there under another name as soon as the second reading begins.
    rig.wait_until("the second reading", lambda: len(list(tmp_path.iterdir())) > 1)
    with open(body, "r+b") as file:
        file.seek(299_999_999)
        file.write(b"b")
    answer = json.loads(child.communicate()[0])
    assert child.returncode == 1 and answer["code"] == "file-changed", answer
    assert [p.name for p in tmp_path.iterdir()] == ["body"]
    accepted(*words)
