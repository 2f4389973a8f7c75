# SPDX-License-Identifier: Apache-2.0
"""Memory: what the commands on files need does not grow with the file, and is little for a file that
lies about its lengths. The build with sanitizers needs more than a release, but the same for all."""
import os
import struct
import subprocess

import pytest

import container
import rig
from container import Container, tlv
from files import CLEAR, peak_kib, pem

KIB_SAME = 4096      # two runs of one command differ by less
KIB_MOST = 64 * 1024  # sanitizers, certificates, a piece of the file; a big one would not fit
BIG = {"file": 100, "image": 67}  # MB; ringphone takes no longer image


@pytest.fixture(scope="module")
def sizes(tmp_path_factory):
    """Contents of 1 MB and of many, and what `file sign` and `image sign` make of them."""
    folder = tmp_path_factory.mktemp("big")
    made = {}
    for megabytes in (1, *BIG.values()):
        body = folder / f"{megabytes}.body"
        with open(body, "wb") as out:
            for i in range(megabytes):
                out.write(bytes([i]) * 1_000_000)
        made[megabytes] = body
    return made


def signed(body, noun="image", name="big.sbn"):
    out = body.with_suffix("." + noun)
    if not out.exists():
        rig.ringfence(noun, "sign", body, "--key", pem("tftp"), "--out", out, "--name", name)
    return out


def peaks(sizes, words, **rest):
    """The most memory of both sizes; `words` makes the command line of one."""
    most = BIG[words(sizes[1])[0]]
    small, big = (peak_kib(*words(sizes[n]), **rest) for n in (1, most))
    assert big < KIB_MOST, f"{big} KiB for {most} MB"
    assert big < small + KIB_SAME, f"{big} KiB for {most} MB, {small} KiB for 1 MB"


@pytest.mark.parametrize("words", [
    lambda b: ["file", "show", signed(b, "file")],
    lambda b: ["file", "verify", signed(b, "file"), "--cert", pem("tftp")],
    lambda b: ["file", "strip", signed(b, "file"), "--out", b.with_suffix(".out")],
    lambda b: ["file", "strip", signed(b, "file"), "--out", b.with_suffix(".out"), "--cert",
               pem("tftp")],
    lambda b: ["file", "sign", b, "--key", pem("tftp"), "--out", b.with_suffix(".out")],
    lambda b: ["image", "show", signed(b)],
    lambda b: ["image", "show", signed(b), "--cert", pem("tftp"), "--json"],
    lambda b: ["image", "verify", signed(b), "--cert", pem("tftp")],
    lambda b: ["image", "sign", b, "--key", pem("tftp"), "--out", b.with_suffix(".out")],
], ids=["file show", "file verify", "file strip", "file strip verified", "file sign", "image show",
        "image show verified", "image verify", "image sign"])
def test_many_megabytes_need_no_more_memory_than_one(sizes, words):
    peaks(sizes, words)


@pytest.mark.parametrize("noun,verb,more", [
    ("image", "show", []), ("image", "verify", ["--cert", pem("tftp")]),
    ("image", "sign", ["--key", pem("tftp"), "--out", "-", "--name", "x.sbn"])])
def test_nor_when_it_comes_through_a_pipe(sizes, noun, verb, more, tmp_path):
    got = {}
    for n in (1, BIG["image"]):
        source = signed(sizes[n]) if verb != "sign" else sizes[n]
        with subprocess.Popen(["cat", source], stdout=subprocess.PIPE) as cat:
            got[n] = peak_kib(noun, verb, "-", *more, stdin=cat.stdout,
                              env={"TMPDIR": str(tmp_path)})
    assert got[BIG["image"]] < KIB_MOST and got[BIG["image"]] < got[1] + KIB_SAME, got
    assert not list(tmp_path.iterdir())  # what was kept on disk is gone


def test_what_was_signed_and_stripped_in_pieces_is_the_file(sizes, tmp_path):
    image, out = signed(sizes[BIG["image"]]), tmp_path / "out"
    rig.ringfence("file", "strip", image, "--out", out)
    rig.run("cmp", out, sizes[BIG["image"]])
    with open(image, "rb") as file:
        head = file.read(4096)
    judge = Container(head)
    key, signature, rest = (tmp_path / name for name in ("key", "signature", "rest"))
    key.write_bytes(subprocess.check_output(["openssl", "x509", "-in", pem("tftp"), "-noout",
                                             "-pubkey"]))
    signature.write_bytes(judge.signature)
    at = judge.at[12]
    with open(image, "rb") as file, open(rest, "wb") as signed_bytes:
        signed_bytes.write(file.read(at))
        file.read(3 + len(judge.signature))
        while piece := file.read(1 << 20):
            signed_bytes.write(piece)
    assert rig.run("openssl", "dgst", "-sha512", "-verify", key, "-signature", signature,
                   rest).stdout == "Verified OK\n"


def test_a_byte_at_the_end_of_a_big_file_is_noticed(sizes, tmp_path):
    image, out = tmp_path / "image", tmp_path / "out"
    rig.run("cp", signed(sizes[BIG["image"]]), image)
    with open(image, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    rig.ringfence("image", "verify", image, "--cert", pem("tftp"), status=1)
    rig.ringfence("file", "strip", image, "--out", out, "--cert", pem("tftp"), status=1)
    assert [p.name for p in tmp_path.iterdir()] == ["image"]  # and no temporary file


def test_an_image_longer_than_ringphone_takes_is_not_signed(tmp_path):
    body, out = tmp_path / "body", tmp_path / "x.sbn"
    words = ["image", "sign", body, "--key", pem("tftp"), "--out", out, "--json"]
    for size, fits in ((64 << 20, False), ((64 << 20) - 372, False), ((64 << 20) - 376, True)):
        with open(body, "wb") as file:
            file.truncate(size)
        if fits:
            assert rig.ringfence(*words)["bytes"] <= 64 << 20
        else:
            assert rig.ringfence(*words, status=1)["code"] == "image-size" and not out.exists()
    assert "warning" not in rig.ringfence("image", "verify", out, "--cert", pem("tftp"), "--json")
    out.write_bytes(container.build(bytes(64 << 20), pem("tftp"), "x.sbn", version=b"\1\1"))
    assert "64 MiB" in rig.ringfence("image", "verify", out, "--cert", pem("tftp"), "--json")["warning"]


def test_a_file_above_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.truncate((4 << 30) + 1)
    for words in (["file", "show", path], ["image", "show", path],
                  ["file", "sign", path, "--key", pem("tftp"), "--out", tmp_path / "out"]):
        assert rig.ringfence(*words, "--json", status=1)["code"] == "file-too-large"
    assert not (tmp_path / "out").exists()


def test_lengths_that_lie_cost_no_memory(tmp_path):
    good = tmp_path / "good.sgn"
    rig.ringfence("file", "sign", CLEAR, "--key", pem("tftp"), "--out", good)
    data = good.read_bytes()
    at = Container(data).at
    usual = peak_kib("file", "verify", good, "--cert", pem("tftp"))
    for spot in (8, at[3] + 1, at[4] + 1, at[5] + 1, at[7] + 1, at[12] + 1, at[14] + 1):
        for value in (0, 0x7fff, 0xfffc, 0xffff):
            bad = tmp_path / "bad"
            bad.write_bytes(data[:spot] + struct.pack(">H", value) + data[spot + 2:] + b"x" * 70000)
            rig.ringfence("file", "verify", bad, "--cert", pem("tftp"), status=1)
            assert rig.ringfence("file", "show", bad, status=None).returncode in (0, 1)
        assert peak_kib("file", "verify", bad, "--cert", pem("tftp"), status=1) < usual + KIB_SAME
    # A header of 64 KiB, the largest there is.
    fill = tlv(0x60, b"z" * (65532 - Container(data).header_len - 3))
    grown = data[:5] + tlv(2, struct.pack(">H", 65532)) + data[10:at[12]] + fill + data[at[12]:]
    bad.write_bytes(grown)
    assert rig.ringfence("file", "show", bad, "--json")["header_bytes"] == 65532
    assert peak_kib("file", "verify", bad, "--cert", pem("tftp"), status=1) < usual + KIB_SAME
