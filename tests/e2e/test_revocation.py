# SPDX-License-Identifier: Apache-2.0
"""Certificates that their issuers revoke: by lists and by responders, before and after a phone
registered, and what happens where nobody knows."""
import shutil
import time

import rig
from issuer import Issuer, Silent, Web

A, B = rig.A, rig.B
PORT = 2560


def https_status(site, phone):
    pem = phone.flash / "lsc.pem"
    done = rig.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-k", "--cert", pem,
                   "--key", pem,
                   f"https://127.0.0.1:{site.ports['https']}/{phone.device}.cnf.xml.sgn")
    return done.stdout


def start_both(office):
    office.site.start()
    for phone in (office.a, office.b):
        phone.start(office.site)
    office.site.wait_registered(A, B)


def wait_cut_off(site, phone):
    rig.wait_until(lambda: f"{phone.device} cut off: {site.device(phone.device)}",
                   lambda: not site.device(phone.device)["registered"])
    site.event_wait("device-lost", phone.device, text="revoked")
    site.event_wait("link-refused", text="cert-revoked")
    phone.wait("refused", code="tls-alert-certificate-revoked")


def end(office):
    for one in (office.a, office.b, office.site):
        one.stop()


def test_sec_40_a_phone_in_its_issuers_list_is_cut_off_and_refused_everywhere(office, tmp_path):
    site, phone = office.site, office.a
    site.configure(https_proof="yes")
    issuer = Issuer.of_site(site, tmp_path / "ca")
    start_both(office)
    first = issuer.list("first.crl")
    answer = site.cli("crl", "import", first, "--json")
    assert answer["in_force"] and answer["lists"][0]["revoked"] == 0
    site.event_wait("crl-changed")
    assert site.device(A)["registered"] and site.device(B)["registered"]
    assert https_status(site, phone) == "200"
    issuer.revoke(phone.flash / "lsc.pem")
    second = issuer.list("second.crl")
    site.cli("crl", "import", second)
    wait_cut_off(site, phone)
    assert site.device(B)["registered"]  # its twin, whom nobody revoked
    assert https_status(site, phone) == "404" and https_status(site, office.b) == "200"
    shown = site.status()["revocation"]
    assert shown["mode"] == "lenient" and shown["lists"][0]["revoked"] == 1
    # The older list would let it in again.
    assert site.cli("crl", "import", first, "--json", status=1)["code"] == "crl-older"
    # Its proof at CAPF counts as little.
    phone.stop()
    site.capf_install(A, auth="lsc")
    phone.start(site)
    site.event_wait("cert-revoked", A, category="capf")
    # So it is after a new start, without any command.
    site.stop()
    refused = len(phone.seen("refused", code="tls-alert-certificate-revoked"))
    site.start()
    site.wait_registered(B)
    phone.wait("refused", after=refused, code="tls-alert-certificate-revoked")
    assert site.cli("crl", "list", "--json")["lists"][0]["state"] == "good"
    site.cli("crl", "remove", issuer.fingerprint)
    site.wait_registered(A)
    end(office)


def test_sec_40_strict_refuses_where_the_list_is_too_old_or_missing(office, tmp_path):
    site, phone = office.site, office.a
    own = Issuer.of_site(site, tmp_path / "ca")
    foreign = Issuer.foreign(tmp_path / "foreign")
    site.cli("lsc", "import", foreign.cert)
    foreign.give(phone.flash)
    site.configure(revocation="strict")
    site.start()
    # B is by our own issuer, of which there is no list: our records say that it is good.
    phone.start(site)
    office.b.start(site)
    site.wait_registered(B)
    site.event_wait("link-refused", text="crl-missing")
    assert not site.device(A)["registered"]
    # A list that counts lets it in, and it is let in no more when that is too old.
    site.cli("crl", "import", foreign.list("good.crl", seconds=3600))
    site.wait_registered(A)
    site.cli("crl", "remove", foreign.fingerprint)
    site.cli("crl", "import", own.list("own.crl", seconds=3600))
    phone.stop()
    old = foreign.old_list("old.crl")
    assert site.cli("crl", "import", old, "--json", status=1)["code"] == "crl-expired"
    shutil.copy(old, site.folder / "trust/crl")  # as one that was left there
    site.reload()
    site.event_wait("crl-refused", text="crl-expired")
    phone.start(site)
    site.event_wait("link-refused", text="crl-expired")
    assert not site.device(A)["registered"]
    # Lenient lets it in, and says so.
    site.configure(revocation="lenient")
    site.reload()
    site.wait_registered(A)
    site.event_wait("revocation-unknown", text="crl-expired")
    end(office)


def test_sec_40_lists_are_fetched_kept_and_verified(office, tmp_path):
    site, phone = office.site, office.a
    issuer, stranger = Issuer.of_site(site, tmp_path / "ca"), Issuer.foreign(tmp_path / "foreign")
    with Web() as web:
        site.configure(revocation="strict", revocation_check_s=1, crl_url=web.url("phones.crl"))
        start_both(office)
        site.event_wait("crl-fetch-failed", text="404")
        source = site.status()["revocation"]["sources"][0]
        assert source["code"] == "http-status" and source["last_s"] is None
        web.files["phones.crl"] = stranger.list("x.crl").read_bytes()
        site.event_wait("crl-fetch-failed", text="crl-issuer-unknown")
        web.files["phones.crl"] = issuer.list("first.crl").read_bytes()
        site.event_wait("crl-changed")
        assert site.device(A)["registered"] and site.device(B)["registered"]
        # One bit of it is another.
        issuer.revoke(phone.flash / "lsc.pem")
        fresh = rig.run("openssl", "crl", "-in", issuer.list("second.crl"), "-outform", "DER",
                        "-out", issuer.folder / "second.der") and \
            (issuer.folder / "second.der").read_bytes()
        web.files["phones.crl"] = fresh[:-1] + bytes([fresh[-1] ^ 1])
        site.event_wait("crl-fetch-failed", text="crl-signature")
        assert site.device(A)["registered"]
        web.files["phones.crl"] = fresh
        wait_cut_off(site, phone)
        assert site.device(B)["registered"]
        assert site.cli("crl", "fetch", "--json")["in_force"]
    # Nobody gives it out any more, and it is known after a new start.
    refused = len(phone.seen("refused", code="tls-alert-certificate-revoked"))
    site.stop()
    site.start()
    site.wait_registered(B)
    phone.wait("refused", after=refused, code="tls-alert-certificate-revoked")
    assert site.cli("crl", "fetch", "--json", status=1)["code"] == "no-server"
    end(office)


def test_sec_40_a_phone_that_its_responder_revokes_is_cut_off(network, office, tmp_path):
    site, phone = office.site, office.a
    issuer = Issuer.of_site(site, tmp_path / "ca")
    for one in (phone, office.b):
        issuer.good(one.flash / "lsc.pem")
    responder = issuer.responder(PORT)
    site.configure(revocation="strict", revocation_check_s=1,
                   ocsp_url=f"{issuer.fingerprint}=http://127.0.0.1:{PORT}/")
    start_both(office)
    # Nobody waited in the handshake: the first was refused, with a reason that says what comes.
    site.event_wait("link-refused", text="ocsp-asked")
    rig.wait_until("both are known to be good",
                   lambda: site.status()["revocation"]["answers"]["good"] == 2)
    issuer.revoke(phone.flash / "lsc.pem")
    responder.kill()
    responder = issuer.responder(PORT)
    site.event_wait("cert-revoked", text="responder")
    wait_cut_off(site, phone)
    assert site.device(B)["registered"]
    responder.kill()
    end(office)


def test_sec_40_what_the_responder_does_not_know_strict_refuses_and_lenient_lets_in(
        network, office, tmp_path):
    site, phone = office.site, office.a
    issuer = Issuer.of_site(site, tmp_path / "ca")
    issuer.good(office.b.flash / "lsc.pem")
    responder = issuer.responder(PORT)
    site.configure(revocation="strict", revocation_check_s=1,
                   ocsp_url=f"{issuer.fingerprint}=http://127.0.0.1:{PORT}/")
    site.start()
    phone.start(site)
    office.b.start(site)
    site.wait_registered(B)
    site.event_wait("link-refused", text="ocsp-unknown")
    assert not site.device(A)["registered"]
    site.configure(revocation="lenient")
    site.reload()
    site.wait_registered(A)
    site.event_wait("revocation-unknown", text="ocsp-unknown")
    assert site.device(B)["registered"]
    # Nobody answers: strict knows nothing of who comes now.
    phone.stop()
    responder.kill()
    site.configure(revocation="strict")
    site.reload()
    site.event_wait("ocsp-failed")
    phone.start(site)
    site.event_wait("link-refused", text="ocsp-failed")
    assert not site.device(A)["registered"]
    failing = site.status()["revocation"]["responders"][0]
    assert failing["code"] == "no-server" and failing["last_s"] is not None
    end(office)


def test_sec_40_a_silent_responder_keeps_no_other_issuers_phones_waiting(office, tmp_path):
    site, phone = office.site, office.a
    own, foreign = Issuer.of_site(site, tmp_path / "ca"), Issuer.foreign(tmp_path / "foreign")
    site.cli("lsc", "import", foreign.cert)
    foreign.give(phone.flash)
    own.good(office.b.flash / "lsc.pem")
    with Silent() as silent, own.answers() as healthy:
        site.configure(revocation="strict", revocation_check_s=1,
                       ocsp_url=f"{foreign.fingerprint}={silent.url} "
                                f"{own.fingerprint}={healthy.url}")
        site.start()
        phone.start(site)
        rig.wait_until("one question is under way", lambda: len(silent.taken) == 1)
        # While nobody answers it, eight seconds long, the other issuer's phone comes in and is
        # looked after each second.
        begun = time.monotonic()
        office.b.start(site)
        site.wait_registered(B)
        asked = healthy.asked
        rig.wait_until("the healthy one is asked", lambda: healthy.asked >= asked + 4)
        assert time.monotonic() - begun < 24  # four questions behind silent ones take 32
        own.revoke(office.b.flash / "lsc.pem")
        wait_cut_off(site, office.b)
        # One question at a time is enough for one that is silent.
        site.event_wait("ocsp-failed", text="timeout")
        site.event_wait("link-refused", text="ocsp-failed")
        assert len(silent.taken) <= 2 + (time.monotonic() - begun) / 8
        assert not site.device(A)["registered"]
        end(office)


def test_no_more_responders_are_imported_than_the_server_takes(office, tmp_path):
    site = office.site
    for number in range(16):
        one = Issuer.foreign(tmp_path / f"r{number}")
        site.cli("ocsp", "import", one.cert)
    site.cli("ocsp", "import", one.cert)  # it is there
    more = Issuer.foreign(tmp_path / "more")
    refused = site.cli("ocsp", "import", more.cert, "--json", status=1)
    assert refused["code"] == "cert-count" and "ringfence ocsp remove" in refused["reason"]
    site.start()  # with as many as are taken
    site.cli("ocsp", "remove", one.fingerprint)
    site.cli("ocsp", "import", more.cert)
    site.stop()


def test_a_responder_that_the_site_names_is_believed(network, office, tmp_path):
    site, phone = office.site, office.a
    issuer, other = Issuer.of_site(site, tmp_path / "ca"), Issuer.foreign(tmp_path / "other")
    issuer.good(phone.flash / "lsc.pem")
    issuer.key, known = other.key, issuer.cert
    # Another's key signs the answers about our issuer's certificates.
    process = rig.Process("openssl-ocsp", tmp_path / "named.log")
    process.launch("openssl", "ocsp", "-index", issuer.folder / "index.txt", "-port", str(PORT),
                   "-rsigner", other.cert, "-rkey", other.key, "-CA", known, "-nmin", "60")
    process.log_wait("waiting for OCSP client connections")
    site.configure(revocation="strict", revocation_check_s=1,
                   ocsp_url=f"{issuer.fingerprint}=http://127.0.0.1:{PORT}/")
    site.start()
    phone.start(site)
    site.event_wait("ocsp-failed", text="ocsp-signature")
    site.event_wait("link-refused", text="ocsp-failed")
    assert not site.device(A)["registered"]
    site.cli("ocsp", "import", other.cert)
    site.reload()
    site.wait_registered(A)
    shown = site.cli("ocsp", "list", "--json")["responders"]
    assert [one["fingerprint"] for one in shown] == [other.fingerprint]
    assert other.fingerprint in site.cli("ocsp", "list").stdout
    site.cli("ocsp", "remove", other.fingerprint)
    assert site.cli("ocsp", "remove", other.fingerprint, "--json",
                    status=1)["code"] == "ocsp-unknown-responder"
    phone.stop()
    site.stop()
    process.kill()
