# SPDX-License-Identifier: Apache-2.0
"""Phones move to another site while their own is still there, and back; nobody goes to a phone.
Notices setup.issuer-own."""
import os

import pytest

import rig

# A few in `./check`; `./check slow` has fifty.
PHONES = int(os.environ.get("RINGFENCE_FLEET", "4"))


def fingerprint(pem):
    return rig.run("openssl", "x509", "-in", pem, "-noout", "-fingerprint", "-sha256") \
        .stdout.split("=")[1].strip().replace(":", "").lower()


def vouch_for(site, other):
    """`site` tells its phones that the other's SAST may sign trust lists."""
    signer = other.folder / "certs/sast1.pem"
    site.configure(tvs_list_signers=fingerprint(signer))
    site.cli("reload")
    site.cli("tvs", "add", signer, "--role", "sast")


@pytest.fixture
def there(tmp_path, factory):
    """Another site, which knows the manufacturer of our phones."""
    site = rig.Site(tmp_path / "there", name="there")
    site.cli("mic", "import", factory.roots)
    return site.start()


@pytest.fixture
def fleet(site, factory):
    """Phones at home, each with an LSC by the home's issuer."""
    site.cli("mic", "import", factory.roots)
    site.start()
    phones = [factory.phone(f"SEP0011223355{i:02X}") for i in range(PHONES)]
    for phone in phones:
        site.device_add(phone.device)
        site.capf_install(phone.device, "mic")
    for phone in phones:
        phone.start(site)
    site.wait_registered(*(phone.device for phone in phones), patience=180)
    return phones


def lists_of(phone):
    return {kind: (phone.flash / f"{kind}File.tlv").read_bytes() for kind in ("CTL", "ITL")}


def lists_at(site):
    return {kind: (site.folder / f"lists/{kind}File.tlv").read_bytes() for kind in ("CTL", "ITL")}


def go(phones, site):
    """DHCP names another TFTP server, and the phones start anew."""
    for phone in phones:
        phone.stop()
    for phone in phones:
        phone.start(site)
    site.wait_registered(*(phone.device for phone in phones), patience=180)
    for phone in phones:
        assert lists_of(phone) == lists_at(site)
        assert phone.seen("list-refused") == [] and phone.seen("enrol") == []


@pytest.mark.fleet
def test_sec_29_a_fleet_moves_to_another_site_and_back(site, there, fleet):
    for phone in fleet:
        there.device_add(phone.device)
    there.cli("lsc", "import", site.folder / "certs/lsc-issuer.pem")
    there.cli("reload")
    vouch_for(site, there)
    vouch_for(there, site)
    lscs = {phone.device: phone.security()["lsc"]["fingerprint"] for phone in fleet}
    go(fleet, there)
    assert {e["action"] for phone in fleet for e in phone.seen("list", list="CTL")} == {"vouched"}
    go(fleet, site)
    assert {e["action"] for phone in fleet for e in phone.seen("list", list="CTL")} == {"vouched"}
    assert {phone.device: phone.security()["lsc"]["fingerprint"] for phone in fleet} == lscs


def test_sec_37_an_lsc_of_another_site_counts_once_its_issuer_is_imported(site, there, fleet):
    """The old site's TVS vouches for the lists; the LSC is another matter."""
    phone = fleet[0]
    issuer = site.folder / "certs/lsc-issuer.pem"
    there.device_add(phone.device)
    vouch_for(site, there)
    phone.stop()
    phone.start(there)
    phone.wait("list", list="CTL", action="vouched")
    there.event_wait("link-refused", text="path-unknown-issuer")
    there.cli("lsc", "import", issuer)
    there.cli("reload")
    phone.wait("registered")
    listed = there.cli("lsc", "issuers", "--json")["issuers"]
    assert [one["fingerprint"] for one in listed] == [fingerprint(issuer)]
    phone.stop()
    there.cli("lsc", "forget", fingerprint(issuer))
    there.cli("reload")
    phone.start(there)
    there.event_wait("link-refused", text="path-unknown-issuer")
    assert "issuer-unknown" == there.cli("lsc", "forget", fingerprint(issuer), "--json",
                                         status=1)["code"]


def status_of_file(site, pem):
    """What its configuration is answered with over HTTPS, for who has this key."""
    return rig.run("curl", "-sko", "/dev/null", "-w", "%{http_code}", "--cert", pem, "--key", pem,
                   f"https://127.0.0.1:{site.ports['https']}/SEP001122335500.cnf.xml.sgn").stdout


def test_sec_37_the_old_sites_lsc_is_over_when_the_new_ones_is_confirmed(site, there, fleet,
                                                                         tmp_path):
    """Also where no MIC counts at CAPF: it is an LSC."""
    phone, old = fleet[0], tmp_path / "old.pem"
    there.device_add(phone.device)
    there.cli("lsc", "import", site.folder / "certs/lsc-issuer.pem")
    there.configure(accept_mic_for_capf="no", https_proof="yes")
    there.cli("reload")
    vouch_for(site, there)
    phone.stop()
    old.write_bytes((phone.flash / "lsc.pem").read_bytes())
    assert status_of_file(there, old) == "200"
    there.capf_install(phone.device, "lsc")
    phone.start(there)
    there.event_wait("installed")
    there.wait_registered(phone.device)
    states = [(c["kind"], c["state"]) for c in there.cli("device", "show", phone.device,
                                                         "--json")["certificates"]]
    assert sorted(states) == [("lsc", "confirmed"), ("lsc", "superseded")]
    assert status_of_file(there, old) == "404"
    assert status_of_file(there, phone.flash / "lsc.pem") == "200"


def test_an_issuer_with_the_name_of_our_own_is_refused(site, there, tmp_path):
    twin = rig.Site(tmp_path / "twin")
    refused = site.cli("lsc", "import", twin.folder / "certs/lsc-issuer.pem", "--json", status=1)
    assert refused["code"] == "issuer-own"
    site.cli("lsc", "import", there.folder / "certs/lsc-issuer.pem")
    # Not the certificate of a server either.
    refused = site.cli("lsc", "import", there.folder / "certs/ccm.pem", "--json", status=1)
    assert refused["code"] == "anchor-not-ca"
