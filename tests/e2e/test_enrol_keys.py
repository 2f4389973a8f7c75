# SPDX-License-Identifier: Apache-2.0
"""Which key a phone makes for its LSC: RSA, EC, or EC where the phone knows it."""
import pytest

import rig

A, B = rig.A, rig.B


@pytest.fixture
def here(site, factory):
    """A site with two phones that have a MIC and no LSC yet."""
    site.cli("mic", "import", factory.roots)
    site.start()
    phones = [factory.phone(name) for name in (A, B)]
    for phone in phones:
        site.device_add(phone.device)
    site.phones = phones
    return site


def enrolled(site, phone, *words):
    """What CAPF made of it; the LSC in force, as openssl reads it."""
    phone.start(site, *words)
    done = phone.wait("enrol-done", outcome="installed")
    phone.wait("registered")
    shown = rig.run("openssl", "x509", "-in", phone.flash / "lsc.pem", "-noout", "-text").stdout
    assert done["confirmed"]
    return shown


def test_sec_67_ec_preferred_gives_ec_or_rsa_by_what_the_phone_makes(here):
    a, b = here.phones
    for phone in (a, b):
        here.cli("capf", "install", phone.device, "--auth", "mic", "--key", "ec-preferred")
    assert "ASN1 OID: secp384r1" in enrolled(here, a)
    assert "Public-Key: (2048 bit)" in enrolled(here, b, "--no-ec")


def test_sec_67_ec_only_fails_on_a_phone_without_it_and_changes_nothing(here):
    a, b = here.phones
    for phone in (a, b):
        here.cli("capf", "install", phone.device, "--auth", "mic", "--key", "ec", "--key-bits",
                 "256")
    assert "ASN1 OID: prime256v1" in enrolled(here, a)
    b.start(here, "--no-ec")
    b.wait("enrol-done", outcome="failed", code="keygen-no-ec")
    capf = rig.wait_until("the server has written it down", lambda: (
        lambda op: op if op["reason"] else None)(here.device(B)["capf"]))
    assert (capf["state"], capf["reason"]) == ("failed", "phone-refused")
    assert not (b.flash / "lsc.pem").exists()


def test_a_proof_is_allowed_once_more_by_command(here):
    """What it is good for: tests/unit/service/test_capf_auth.c; ringphone's SUDI data is fresh."""
    for command in ("install", "delete", "fetch"):
        here.cli("capf", command, A, "--auth", "mic", "--allow-proof")
        here.event_wait("scheduled", device=A, text=f"{command} scheduled for {A}, by mic; a proof "
                        "of its that was seen before is taken again")
        refused = here.cli("capf", command, A, "--auth", "string", "--allow-proof", "--json",
                           status=1)
        assert refused["code"] == "proof-unused"
    here.cli("capf", "install", A, "--auth", "mic", "--allow-proof", "--key", "ec")
    assert "secp384r1" in enrolled(here, here.phones[0])


def test_an_ec_key_of_an_rsa_size_is_refused_at_once(here):
    refused = here.cli("capf", "install", A, "--auth", "mic", "--key", "ec", "--key-bits", "2048",
                       "--json", status=1)
    assert refused["code"] == "key-size"
    here.cli("capf", "install", A, "--auth", "mic", "--key", "ec", "--key-bits", "521")
