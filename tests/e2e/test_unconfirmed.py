# SPDX-License-Identifier: Apache-2.0
"""An LSC whose confirmation was lost: shown as unconfirmed, the one before goes on, and the first use
decides."""
import shutil

import pytest

import rig
from test_killed_phone import boot_and_die, lscs, operation


@pytest.fixture
def here(office, tmp_path):
    """B has stored a new LSC and was killed before it could say so. `old`: the same phone, as it was
    before; its flash could be in somebody else's hands."""
    site, phone = office.site, office.b
    site.start()
    old = tmp_path / "old"
    shutil.copytree(phone.flash, old)
    office.old = rig.Phone(old, phone.device)
    office.was = phone.security()["lsc"]["fingerprint"]
    site.capf_install(phone.device, "mic")
    boot_and_die(phone, site, "enrol.cert-saved")
    rig.wait_until("the lost link noticed", lambda: operation(site, phone.device) ==
                   ("install", "failed"))
    office.now = phone.security()["lsc"]["fingerprint"]
    assert office.now != office.was
    return office


def states(office):
    known = lscs(office.site, rig.B)
    return known[office.was], known[office.now]


def listed(site):
    return [(row["device"], row["state"], row["lsc"])
            for row in site.cli("capf", "list", "--json")["operations"] if row["device"] == rig.B]


def fetch(office, phone):
    """Its configuration by HTTPS, with its LSC."""
    pem = phone.flash / "lsc.pem"
    port = office.site.ports["https"]
    rig.run("curl", "-sSfk", "--cert", pem, "--key", pem, "-o", "/dev/null",
            f"https://127.0.0.1:{port}/{rig.B}.cnf.xml.sgn")


def test_an_unconfirmed_lsc_is_shown_and_its_operation_not_forgotten(here):
    site = here.site
    assert states(here) == ("confirmed", "unconfirmed")
    assert listed(site) == [(rig.B, "failed", "unconfirmed")]
    assert "unconfirmed" in site.cli("capf", "list").stdout
    assert "unconfirmed" in site.cli("device", "show", rig.B).stdout
    site.cli("capf", "cancel", rig.B)
    assert listed(site) == [(rig.B, "none", "unconfirmed")]
    here.b.start(site)
    here.b.wait("registered")
    site.event_wait("confirmed", rig.B)  # at CAPF, since its configuration was for the old key
    assert states(here) == ("superseded", "confirmed") and listed(site) == []


def test_its_operation_goes_on_and_one_lsc_is_in_force_at_the_end(here):
    """By MIC, so it is not seen that the phone has the new one already: it gets another."""
    here.b.start(here.site)
    here.b.wait("registered")
    assert states(here) == ("superseded", "superseded")
    assert sorted(lscs(here.site, rig.B).values()).count("confirmed") == 1
    assert operation(here.site, rig.B) == ("none", "success")


def test_the_old_one_counts_until_the_new_one_is_used(here):
    """Check "sccp.session-of-old-certificate": by HTTPS this time, while somebody is registered with the
    old one."""
    site, old = here.site, here.old
    site.cli("capf", "cancel", rig.B)  # it shall not enrol again
    old.start(site)
    old.wait("registered")
    assert site.device(rig.B)["certificate"] == here.was
    assert states(here) == ("confirmed", "unconfirmed")
    fetch(here, old)
    assert states(here) == ("confirmed", "unconfirmed")
    fetch(here, here.b)
    site.event_wait("confirmed-by-use", rig.B)
    rig.wait_until("confirmed", lambda: states(here) == ("superseded", "confirmed"))
    rig.wait_until("the session ended", lambda: not site.device(rig.B)["registered"])
    site.event_wait("register-refused", rig.B, "cause=10")
    old.kill()
    here.b.start(site)
    here.b.wait("registered")
    assert site.device(rig.B)["certificate"] == here.now
    assert here.b.seen("enrol") == []


def test_the_new_one_proves_who_it_is_at_capf_too(here):
    """The operation that issued it is done by that, and no other certificate is made."""
    site = here.site
    site.capf_install(rig.B, "lsc")
    here.b.start(site, "--https-port", "no")
    here.b.wait("enrol-done")
    site.event_wait("confirmed", rig.B)
    here.b.wait("registered")
    known = lscs(site, rig.B)
    assert known[here.was] == "superseded" and known[here.now] == "superseded"
    assert sorted(known.values()).count("confirmed") == 1
    assert operation(site, rig.B) == ("none", "success")
