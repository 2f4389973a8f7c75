# SPDX-License-Identifier: Apache-2.0
"""Phones by the number: what openssl says of a batch and of its sealed list, what is left when the
command is killed, and whether such phones work."""
import json
import os
import pty
import re
import signal
import stat
import subprocess

import pytest

import rig

FIRST = "SEP0011223344FE"


def words(factory, folder, first=FIRST, count=3, more=()):
    return ["factory", "phone", factory.folder, "--name", first, "--count", count, "--model",
            "8861", "--hardware", "rf-1", "--firmware", factory.firmware("1.0"), "--flash", folder,
            *more]


def names(first, count):
    start = int(first[3:], 16)
    return [f"SEP{start + i:012X}" for i in range(count)]


def rows(path):
    return [line.split(" ") for line in path.read_text().splitlines() if line.startswith("SEP")]


def fingerprint(mic):
    shown = rig.run("openssl", "x509", "-in", mic, "-noout", "-fingerprint", "-sha256").stdout
    return shown.strip().split("=")[1].replace(":", "").lower()


def assert_batch(factory, folder, listed, expected):
    """Every phone is there and on the list, once, with the certificate that it has."""
    found = rows(listed)
    assert [row[0] for row in found] == expected
    for row in found:
        mic = folder / row[0] / "mic.pem"
        assert row[4] == fingerprint(mic)
        assert stat.S_IMODE(mic.stat().st_mode) == 0o600
        rig.run("openssl", "verify", "-CAfile", factory.folder / "mic-root.pem", "-untrusted",
                factory.folder / "mic-issuer.pem", mic)


@pytest.mark.parametrize("more, key, algorithm", (
    ((), "RSA-2048", "rsaEncryption"), (("--ec",), "EC-P256", "id-ecPublicKey")))
def test_openssl_alone_believes_a_batch_and_its_list(factory, tmp_path, more, key, algorithm):
    folder = tmp_path / "phones"
    made = rig.ringfence(*words(factory, folder, more=("--serial", "AB", "--json", *more)))
    listed, sealed = (rig.Path(made[name]) for name in ("list", "signature"))
    assert made["batch"] == 1 and made["made_now"] == 3 and made["last"] == "SEP001122334500"
    assert_batch(factory, folder, listed, names(FIRST, 3))
    for place, row in enumerate(rows(listed), 1):
        assert row[1:4] == ["8861", f"AB-0000{place}", key]
        shown = rig.run("openssl", "x509", "-in", folder / row[0] / "mic.pem", "-noout", "-text").stdout
        assert f"PID:CP-8861 SN:AB-0000{place}" in shown and f"CP-8861-{row[0]}" in shown
        assert f"Public Key Algorithm: {algorithm}" in shown
    public = tmp_path / "issuer.pub"
    public.write_text(rig.run("openssl", "x509", "-in", factory.folder / "mic-issuer.pem",
                              "-noout", "-pubkey").stdout)
    check = ["openssl", "dgst", "-sha256", "-verify", public, "-signature", sealed]
    rig.run(*check, listed)
    other = tmp_path / "other.list"
    other.write_text(listed.read_text().replace("AB-00001", "AB-00009"))
    rig.run(*check, other, status=1)


def test_a_batch_killed_at_each_phone_is_made_once(factory, tmp_path):
    folder = tmp_path / "phones"
    batch = words(factory, folder, count=4, more=("--ec", "--json"))
    for n in range(1, 5):
        rig.run(rig.program("ringfence"), *batch, status=-signal.SIGKILL,
                env={"RINGFENCE_CRASH_AT": "factory.batch-phone"})
        there = sorted(folder.glob("SEP*/identity.json"))
        assert len(there) == n  # one life, one phone
        kept = {path.parent.name: fingerprint(path.parent / "mic.pem") for path in there}
    other = rig.ringfence(*words(factory, folder, first="SEPAABBCCDDEE00", more=("--json",)), status=1)
    assert other["code"] == "batch-open" and "batch.open" in other["reason"]
    made = rig.ringfence(*batch)
    listed = rig.Path(made["list"])
    assert made["batch"] == 1 and made["made_now"] == 0
    assert_batch(factory, folder, listed, names(FIRST, 4))
    assert {row[0]: row[4] for row in rows(listed)} == kept
    assert rig.ringfence(*batch, status=1)["code"] == "batch-issued"


def test_a_batch_killed_by_anybody_goes_on(factory, tmp_path):
    folder = tmp_path / "phones"
    batch = words(factory, folder, count=30, more=("--ec", "--json"))
    lives = 0
    for after in (1, 7, 20):
        child = subprocess.Popen([str(w) for w in (rig.program("ringfence"), *batch)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rig.wait_until(f"{after} phones", lambda: len(list(folder.glob("SEP*"))) > after
                       or child.poll() is not None)
        child.kill()
        lives += child.wait() == -signal.SIGKILL
    assert lives > 0
    made = rig.ringfence(*batch)
    assert made["batch"] == 1 and made["made_now"] < 30
    assert_batch(factory, folder, rig.Path(made["list"]), names(FIRST, 30))
    shown = rig.ringfence("factory", "issued", factory.folder, "--json")["batches"]
    assert [(b["batch"], b["phones"], b["first"]) for b in shown] == [(1, 30, FIRST)]


def test_progress_is_for_terminals(factory, tmp_path):
    ours, theirs = pty.openpty()
    done = subprocess.run([str(w) for w in (rig.program("ringfence"), *words(
        factory, tmp_path / "phones", more=("--ec", "--json")))],
        stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    assert json.loads(done.stdout)["phones"] == 3
    told = os.read(ours, 4096).decode()
    os.close(ours)
    assert re.findall(r"\r(\d) of 3 phones", told) == ["1", "2", "3"]
    quiet = rig.ringfence(*words(factory, tmp_path / "phones", first="SEPAABBCCDDEE00"))
    assert quiet.stderr == "" and "made now" in quiet.stdout


def test_issued_lists_are_shown_and_checked(factory, tmp_path):
    assert rig.ringfence("factory", "issued", factory.folder).stdout == "no batch was made\n"
    for first in (FIRST, "SEPAABBCCDDEE00"):
        rig.ringfence(*words(factory, tmp_path / "phones", first=first, more=("--ec",)))
    shown = rig.ringfence("factory", "issued", factory.folder).stdout
    assert len(shown.splitlines()) == 3 and FIRST in shown
    listed = factory.folder / "issued/batch-000001.list"
    listed.write_text(listed.read_text().replace("8861", "8851"))
    done = rig.ringfence("factory", "issued", factory.folder, "--json", status=1)
    assert done["code"] == "sig-mismatch" and "batch 1" in done["reason"]
    for count in (0, 10001, "x"):
        assert "--count wants a number" in rig.ringfence(
            *words(factory, tmp_path / "more", count=count), status=2).stderr


@pytest.mark.parametrize("more", ((), ("--ec",)))
def test_phones_of_a_batch_enrol_by_their_mics_and_register(trusting_site, factory, tmp_path, more):
    site = trusting_site.start()
    folder = tmp_path / "phones"
    rig.ringfence(*words(factory, folder, first=rig.A, count=2, more=more))
    name = names(rig.A, 2)[1]
    site.device_add(name, lines=["2001,Ada,Ada"])
    site.capf_install(name, "mic")
    with rig.Phone(folder / name, name).start(site) as phone:
        site.wait_registered(name)
        phone.stop(status=None)
