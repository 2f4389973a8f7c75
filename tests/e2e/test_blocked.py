# SPDX-License-Identifier: Apache-2.0
"""Certificates that an operator blocks: cut off at once, refused everywhere, and let go again."""
import rig

A, B = rig.A, rig.B


def https_status(site, name, pem):
    done = rig.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-k", "--cert",
                   pem, "--key", pem, f"https://127.0.0.1:{site.ports['https']}/{name}")
    return done.stdout


def test_sec_40_a_blocked_phone_is_cut_off_and_comes_back_when_let_go(office, tmp_path):
    site, phone = office.site, office.a
    site.configure(https_proof="yes")
    site.start()
    phone.start(site)
    office.b.start(site)
    site.wait_registered(A, B)
    used = site.device(A)["certificate"]
    name, pem = f"{A}.cnf.xml.sgn", phone.flash / "lsc.pem"
    has_https = site.ports.get("https", 0) != 0
    if has_https:
        assert https_status(site, name, pem) == "200"
    site.cli("cert", "block", used, "--reason", "stolen")
    # At once, before the command is done; and the other phone has noticed nothing.
    assert not site.device(A)["registered"] and site.device(B)["registered"]
    site.event_wait("device-lost", A, text="blocked")
    # It comes again and again, and TLS tells it why not.
    site.event_wait("link-refused", text="cert-blocked")
    phone.wait("refused", code="tls-alert-certificate-revoked")
    assert not site.device(A)["registered"]
    if has_https:
        assert https_status(site, name, pem) == "404"
    assert [(one["fingerprint"], one["device"], one["reason"]) for one
            in site.cli("cert", "blocked", "--json")["blocked"]] == [(used, A, "stolen")]
    assert "stolen" in site.cli("cert", "blocked").stdout
    # So it is after a new start.
    site.stop()
    refused = len(phone.seen("refused", code="tls-alert-certificate-revoked"))
    site.start()
    site.wait_registered(B)
    phone.wait("refused", after=refused, code="tls-alert-certificate-revoked")
    assert not site.device(A)["registered"]
    site.cli("cert", "unblock", used)
    site.wait_registered(A)
    assert site.device(A)["certificate"] == used
    assert site.cli("cert", "unblock", used, "--json", status=1)["code"] == "block-unknown"
    for one in (phone, office.b):
        one.stop()
    site.stop()


def test_sec_40_all_of_a_phone_is_blocked_and_a_string_leads_back(office):
    site, phone = office.site, office.a
    site.start()
    phone.start(site)
    site.wait_registered(A)
    old = site.device(A)["certificate"]
    site.cli("cert", "block", "--device", A)
    site.event_wait("link-refused", text="cert-blocked")
    phone.stop()
    site.capf_install(A, auth="lsc")
    phone.start(site)
    site.event_wait("cert-blocked", A, category="capf")
    phone.stop()
    string = site.capf_install(A)
    phone.start(site, "--auth-string", string)
    site.wait_registered(A)
    assert site.device(A)["certificate"] != old  # a new one, which nobody blocked
    phone.stop()
    site.stop()
