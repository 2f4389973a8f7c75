# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a phone, and of the server, at named points of an image change and of an enrolment:
whatever lies on flash and in the database then, the next boot runs a verified image, has a
certificate with its own key, and finishes what was scheduled."""
import signal
import sqlite3
import subprocess

import pytest

import rig

CRASH = "RINGFENCE_CRASH_AT"  # src/base/faults.h
IMAGE_POINTS = ("fetched", "cleared", "half-written", "written", "switched")
ENROL_POINTS = ("key-made", "key-saved", "cert-received", "cert-saved", "confirmed")
CAPF_POINTS = ("before-issue", "issued", "kept", "before-confirm", "confirmed")
STRING = "4071552"


def die_at(process, point):
    """The process, started with this point, is killed there."""
    process.wait_end(status=-signal.SIGKILL)
    process.env.pop(CRASH)


def boot_and_die(phone, site, point, *words):
    phone.env[CRASH] = point
    phone.start(site, *words)
    die_at(phone, point)
    assert phone.seen("registered") == [] and phone.seen("stopped") == []


def boot_and_register(phone, site, *words):
    phone.start(site, *words)
    phone.wait("registered")
    site.wait_registered(phone.device)


def lscs(site, device):
    """{fingerprint: state} of the LSCs that the server knows, as `ringfence device show` says."""
    shown = site.cli("device", "show", device, "--json")
    return {c["fingerprint"]: c["state"] for c in shown["certificates"] if c["kind"] == "lsc"}


def operation(site, device):
    shown = site.cli("device", "show", device, "--json")["capf"]
    return shown["op"], shown["state"]


# ---- what must hold on flash at any time, judged by other programs than the phone ----

def openssl(*words):
    return rig.run("openssl", *words).stdout


def public_keys(pem):
    """Of the private key in the file, and of the certificate in it."""
    return openssl("pkey", "-in", pem, "-pubout"), openssl("x509", "-in", pem, "-noout", "-pubkey")


def check_flash(phone, site):
    """Returns the load that would run. The security page, `ringfence image verify` over each file of
    the running slot, and openssl over the certificates agree that the phone is whole."""
    page = phone.security()
    running = next(slot for slot in page["image"] if slot["active"])
    assert running["verified"], running
    files = sorted((phone.flash / f"slot.{running['slot'].lower()}").iterdir())
    assert [file.suffix for file in files] == [".sbn", ".sbn", ".loads"], files
    for file in files:
        rig.ringfence("image", "verify", file, "--cert", phone.flash / "image-keys.pem")
    for name in ("mic.pem", "lsc.pem"):
        pem = phone.flash / name
        if name == "lsc.pem" and not pem.exists():
            assert not page["lsc"]["installed"]
            continue
        key, certificate = public_keys(pem)
        assert key == certificate, f"{pem}: the key is not the certificate's"
    if page["lsc"]["installed"]:
        openssl("verify", "-CAfile", site.folder / "certs/lsc-issuer.pem", phone.flash / "lsc.pem")
        assert page["lsc"]["fingerprint"] in lscs(site, phone.device)
    return running["load"]


# ---- an image change ----

@pytest.mark.parametrize("point", IMAGE_POINTS)
def test_sec_06_phone_killed_while_it_changes_its_image(office, point):
    site, phone = office.site, office.a
    site.start()
    site.cli("device", "change", phone.device, "--load", "ringphone-1.0")
    lsc = phone.security()["lsc"]["fingerprint"]

    boot_and_die(phone, site, f"image.{point}")
    runs = check_flash(phone, site)
    assert runs == ("ringphone-1.0" if point == "switched" else "ringphone-2.0")
    other = next(slot for slot in phone.security()["image"] if not slot["active"])
    assert other["verified"] == (point not in ("cleared", "half-written"))

    boot_and_register(phone, site)
    assert [boot["load"] for boot in phone.seen("boot")] == \
        (["ringphone-1.0"] if point == "switched" else ["ringphone-2.0", "ringphone-1.0"])
    assert phone.seen("load-refused") == [] and phone.seen("slot-refused") == []
    assert site.device(phone.device)["running_load"] == "ringphone-1.0"
    assert check_flash(phone, site) == "ringphone-1.0"
    assert phone.security()["lsc"]["fingerprint"] == lsc and phone.seen("enrol") == []


# ---- an enrolment ----

def check_enrolment(site, phone, point, old, words):
    """Killed at this point, then booted again. `old`: the fingerprint of the LSC it had, if any."""
    before = lscs(site, phone.device)
    boot_and_die(phone, site, f"enrol.{point}", *words)
    if point != "confirmed":  # then the server has no session left that it could miss
        rig.wait_until("the lost link noticed", lambda: operation(site, phone.device) ==
                       ("install", "failed"))
    check_flash(phone, site)
    page = phone.security()["lsc"]
    new = {f: state for f, state in lscs(site, phone.device).items() if f not in before}
    if point in ("key-made", "key-saved"):
        assert new == {}
    else:
        assert list(new.values()) == ["confirmed" if point == "confirmed" else "unconfirmed"]
    if point in ("cert-saved", "confirmed"):
        assert [page["fingerprint"]] == list(new) and not page["pending"]
    else:
        assert page.get("fingerprint") == old
        assert page["pending"] == (point != "key-made")
    if old is not None:
        assert lscs(site, phone.device)[old] == \
            ("superseded" if point == "confirmed" else "confirmed")
    assert operation(site, phone.device)[0] == ("none" if point == "confirmed" else "install")

    boot_and_register(phone, site, *words)
    assert len(phone.seen("enrol")) == (0 if point == "confirmed" else 1)
    check_flash(phone, site)
    states = lscs(site, phone.device)
    page = phone.security()["lsc"]
    assert not page["pending"]
    assert [f for f, state in states.items() if state == "confirmed"] == [page["fingerprint"]]
    assert page["fingerprint"] != old and "unconfirmed" not in states.values()
    assert operation(site, phone.device) == ("none", "success")
    assert site.device(phone.device)["certificate"] == page["fingerprint"]


@pytest.mark.parametrize("point", ENROL_POINTS)
def test_sec_62_phone_killed_while_it_renews_its_certificate(office, point):
    site, phone = office.site, office.b
    site.start()
    old = phone.security()["lsc"]["fingerprint"]
    site.capf_install(phone.device, "lsc")
    check_enrolment(site, phone, point, old, ())


@pytest.mark.parametrize("point", ENROL_POINTS)
def test_sec_62_phone_killed_while_it_enrols_the_first_time(trusting_site, factory, tmp_path, point):
    site, phone = trusting_site, factory.phone(rig.A)
    site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    string = tmp_path / "string"
    string.write_text(f"{STRING}\n")
    site.cli("capf", "install", rig.A, "--auth", "string", "--string-file", string)
    check_enrolment(site, phone, point, None, ("--auth-string", STRING))


# ---- the server, in the middle of an enrolment ----

def stored_lscs(site, device):
    """The same from the database, while there is no server."""
    names = ("unconfirmed", "confirmed", "superseded", "revoked")
    with sqlite3.connect(f"file:{site.folder}/db/ringfence.db?mode=ro", uri=True) as db:
        rows = db.execute("SELECT hex(sha256), state FROM device_cert WHERE device = ? "
                          "AND kind = 0", (device,)).fetchall()
    db.close()
    return {fingerprint.lower(): names[state] for fingerprint, state in rows}


@pytest.mark.parametrize("point", CAPF_POINTS)
def test_sec_62_server_killed_while_a_phone_enrols(office, point):
    site, phone = office.site, office.b
    site.start()
    site.capf_install(phone.device, "mic")
    before = lscs(site, phone.device)
    old = phone.security()["lsc"]["fingerprint"]
    site.stop()
    site.env[CRASH] = f"capf.{point}"
    site.start()

    phone.start(site)
    die_at(site, f"capf.{point}")
    new = {f: state for f, state in stored_lscs(site, phone.device).items() if f not in before}
    wanted = {"kept": ["unconfirmed"], "before-confirm": ["unconfirmed"], "confirmed": ["confirmed"]}
    assert list(new.values()) == wanted.get(point, [])
    assert stored_lscs(site, phone.device)[old] == \
        ("superseded" if point == "confirmed" else "confirmed")

    site.start()
    phone.wait("registered")  # by itself: it was never switched off
    site.wait_registered(phone.device)
    states = lscs(site, phone.device)
    page = phone.security()["lsc"]
    assert [f for f, state in states.items() if state == "confirmed"] == [page["fingerprint"]]
    assert page["fingerprint"] != old
    if point in ("before-confirm", "confirmed"):  # the phone had stored it: that one counts
        assert [page["fingerprint"]] == list(new) and len(phone.seen("enrol")) == 1
    assert operation(site, phone.device) == ("none", "success")
    check_flash(phone, site)


def test_two_phones_do_not_share_a_flash(factory):
    """The second one halts, the lists are not erased under the first; kill -9 leaves no lock."""
    phone = factory.phone("SEP001122334411")
    phone.start("127.0.0.1:9")
    phone.wait("boot")
    second = rig.Phone(phone.flash, phone.device)
    second.log = second.log.with_suffix(".second.log")
    second.start("127.0.0.1:9")
    assert "another ringphone runs" in second.wait("halted", code="flash-busy")["why"]
    second.wait_end(status=1)
    erase = [rig.program("ringphone"), "erase", "--flash", phone.flash]
    refused = subprocess.run(erase, capture_output=True, text=True, timeout=20)
    assert refused.returncode == 1 and "another ringphone" in refused.stderr and refused.stdout == ""
    assert phone.messages() is not None and phone.security()["image"]  # who only reads may
    phone.kill()
    assert subprocess.run([erase[0], "unlock", *erase[2:]], timeout=20).returncode == 0
    assert subprocess.run(erase, timeout=20).returncode == 0
    second.start("127.0.0.1:9")
    second.wait("boot")
