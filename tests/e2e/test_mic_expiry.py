# SPDX-License-Identifier: Apache-2.0
"""Phones whose makers' certificates (MICs) have expired, and how they still get an LSC."""
import pytest

import rig

A, B = rig.A, rig.B
STRING = "80614273"
MIC_DAYS = 3650


@pytest.fixture
def old_factory(tmp_path):
    return rig.Factory(tmp_path / "old-works", age_days=MIC_DAYS + 400)


@pytest.fixture
def here(site, old_factory):
    """A site that believes the factory, and has a phone whose MIC ended yesterday."""
    site.cli("mic", "import", old_factory.roots)
    site.start()
    site.old = old_factory.phone(A, age_days=MIC_DAYS + 1)
    site.device_add(A)
    return site


def policy(site, word):
    site.configure(expired_mic=word)
    site.reload()


def weak(site):
    return [choice["option"] for choice in site.status()["weak"]]


def refused(site, phone, code, *words):
    """It tries, and is refused for this reason; the operation stays scheduled."""
    count = len([e for e in site.events() if e["code"] == code])
    phone.start(site, *words)
    phone.wait("enrol-done", outcome="failed", code="capf-refused")
    rig.wait_until(f"another event {code}", lambda: count < len(
        [e for e in site.events() if e["code"] == code]))
    phone.kill()
    capf = site.device(phone.device)["capf"]
    assert (capf["op"], capf["reason"]) == ("install", code)
    assert not (phone.flash / "lsc.pem").exists()
    return capf


def enrolled(site, phone, *words):
    phone.start(site, *words)
    phone.wait("enrol-done", outcome="installed")
    phone.wait("registered")
    phone.stop()
    assert (phone.flash / "lsc.pem").exists()
    return site.event_wait("expired-mic", phone.device)


def install(site, tmp_path, string):
    file = tmp_path / "string"
    file.write_text(f"{string}\n")
    return site.cli("capf", "install", A, "--auth", "mic", "--string-file", file)


def test_sec_39_an_expired_mic_is_refused_unless_the_site_says_otherwise(here, tmp_path):
    here.cli("capf", "install", A, "--auth", "mic")
    refused(here, here.old, "cert-expired", "--auth-string", STRING)
    words = ("capf", "install", A, "--auth", "mic", "--with-string", "--json")
    assert here.cli(*words, status=1)["code"] == "string-unused"
    assert "expired_mic" not in weak(here)


def test_sec_39_an_expired_mic_and_the_string(here, tmp_path):
    policy(here, "with_string")
    assert "expired_mic" in weak(here)
    here.cli("capf", "install", A, "--auth", "mic")
    refused(here, here.old, "mic-no-string", "--auth-string", STRING)
    install(here, tmp_path, STRING)
    refused(here, here.old, "no-string")
    assert refused(here, here.old, "bad-string", "--auth-string", "80614274")["tries_left"] == 4
    assert "and its string" in enrolled(here, here.old, "--auth-string", STRING)["text"]
    drawn = here.cli("capf", "install", A, "--auth", "mic", "--with-string", "--json")["string"]
    assert len(drawn) == 8


def test_sec_39_an_expired_mic_of_a_phone_that_is_listed(here):
    policy(here, "listed")
    here.cli("capf", "install", A, "--auth", "mic")
    refused(here, here.old, "mic-not-listed", "--auth-string", STRING)
    assert here.cli("mic", "disallow", A, "--json", status=1)["code"] == "mic-not-listed"
    answer = here.cli("mic", "allow-expired", A, "--days", "3", "--json")
    assert answer["next"] == f"`ringfence capf install {A} --auth mic`"
    row, = here.cli("mic", "allowed", "--json")["allowed"]
    assert (row["device"], row["state"]) == (A, "allowed")
    assert row["until_s"] - row["since_s"] == 3 * 86400
    here.cli("mic", "disallow", A)
    refused(here, here.old, "mic-not-listed")
    here.cli("mic", "allow-expired", A)
    assert "because it is listed" in enrolled(here, here.old)["text"]
    assert here.cli("mic", "allow-expired", B, "--json", status=1)["code"] == "device-unknown"
    here.cli("device", "remove", A)
    assert here.cli("mic", "allowed", "--json")["allowed"] == []


def test_when_the_mics_of_a_fleet_end(here, old_factory):
    """Known are those that a phone has shown; the soonest end first."""
    new = old_factory.phone(B, age_days=MIC_DAYS - 100)
    here.device_add(B, lines=["2002,Ben,Ben"])
    assert {row["state"] for row in here.cli("mic", "expiring", "--json")["mics"]} == {"unknown"}
    for phone in (here.old, new):
        words = ("--auth-string", here.cli("capf", "fetch", phone.device, "--json")["string"])
        phone.start(here, *words)
        phone.wait("enrol-done", outcome="fetched")
        phone.stop()
    old, valid = here.cli("mic", "expiring", "--json")["mics"]
    assert (old["device"], old["state"], old["days_left"]) == (A, "expired", 0)
    assert old["next"] == f"`ringfence capf install {A}`, and type the string"
    assert (valid["device"], valid["state"]) == (B, "valid") and 98 <= valid["days_left"] <= 100
    assert valid["next"] == f"`ringfence capf install {B} --auth mic`"
    here.cli("capf", "install", B, "--auth", "mic")
    new.start(here)
    new.wait("enrol-done", outcome="installed")
    row = here.cli("mic", "expiring", "--json")["mics"][1]
    assert row["lsc_not_after_s"] > row["not_after_s"] and row["next"] == "it has an LSC"
    assert "days left" in here.cli("mic", "expiring").stdout
