# SPDX-License-Identifier: Apache-2.0
"""Who issues the certificates of phones: another CA by CMP (openssl's mock server), another CA to
which somebody carries requests, and our own issuer under another root."""
import signal
import time

import pytest

import rig
from ca import PORT, Ca, is_listening, openssl

A = rig.A
pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
def here(site, factory):
    """A site with one phone that has a MIC and no LSC yet."""
    site.cli("mic", "import", factory.roots)
    site.phone = factory.phone(A)
    return site


def use(site, ca, **conf):
    site.cli("issuer", "trust", ca.issuing)
    site.configure(**{**ca.conf(), **conf})


EC = ("--key", "ec", "--key-bits", "256")  # quickly made


def add(site, *key):
    site.device_add(A, lines=["2001"])
    site.cli("capf", "install", A, "--auth", "mic", *(key or EC))


def requests(site):
    return site.cli("capf", "requests", "--json")["requests"]


def capf(site):
    return site.device(A)["capf"]


def failed_try(site, code, after=0):
    """Start the phone and wait until CAPF has written down how the CA failed."""
    site.phone.start(site)
    site.event_wait("ca-error", device=A, text=f"({code})")
    site.phone.wait("enrol-done", outcome="failed")
    site.phone.stop(status=None)
    rig.wait_until("the request has its reason", lambda: requests(site)[0]["reason"] == code)


def when_asked_again(site):
    """The CA is left in peace for some seconds, more each time."""
    rig.wait_until("it may be asked again", lambda: all(
        r["next_s"] is None or r["next_s"] <= time.time() for r in requests(site)))


def ask_anew(site):
    """The administrator has mended the CA and does not want to wait."""
    site.cli("capf", "drop", A)


def installed(site):
    site.phone.start(site)
    done = site.phone.wait("enrol-done", outcome="installed")
    site.phone.wait("registered")
    assert done["confirmed"]
    rig.wait_until("the operation is done", lambda: capf(site)["op"] == "none")
    assert requests(site) == []
    return openssl("x509", "-in", site.phone.flash / "lsc.pem", "-noout", "-issuer", "-subject",
                   "-nameopt", "RFC2253").stdout


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_sec_66_a_dead_ca_comes_back_and_its_certificate_is_delivered(here, tmp_path, kind):
    ca = Ca(tmp_path / "ca", kind)
    use(here, ca)
    here.start()
    add(here, *(EC if kind == "ec" else ("--key", "rsa")))
    failed_try(here, "cmp-unreachable")
    assert capf(here)["op"] == "install"
    (row,) = here.cli("capf", "list", "--json")["operations"]
    assert row["ca_next_s"] == requests(here)[0]["next_s"] > row["tries_left"]
    assert requests(here)[0]["tries"] >= 1
    pending = (here.phone.flash / "lsc-pending.pem").read_bytes()
    assert (here.phone.flash / "lsc-pending.pem").stat().st_mode & 0o777 == 0o600
    cert = ca.issue(here.phone.flash / "lsc-pending.pem", A, kind)
    when_asked_again(here)
    with ca.serve(cert):
        shown = installed(here)
    assert "issuer=CN=Customer phones CA,O=Customer" in shown
    assert pending.split(b"-----")[2] in (here.phone.flash / "lsc.pem").read_bytes()
    openssl("verify", "-CAfile", ca.root, "-untrusted", ca.issuing, here.phone.flash / "lsc.pem")
    assert here.device(A)["registered"]


def test_sec_66_wrong_certificates_are_refused_and_the_phone_keeps_its_lsc(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    here.start()
    add(here)
    installed(here)
    here.phone.stop()
    here.stop()
    lsc = (here.phone.flash / "lsc.pem").read_bytes()
    use(here, ca)
    here.start()
    here.cli("capf", "install", A, "--auth", "lsc", *EC)
    failed_try(here, "cmp-unreachable")
    key = here.phone.flash / "lsc-pending.pem"
    wrong = {
        "ca-other-key": ca.issue(ca.key("stranger"), A),
        "ca-other-name": ca.issue(key, rig.B),
        "key-usage": ca.issue(key, A, usage=""),
        "cert-expired": ca.issue(key, A, expired=True),
        "ca-too-long": ca.issue(key, A, days=2000),
    }
    when_asked_again(here)
    for code, cert in wrong.items():
        ask_anew(here)
        with ca.serve(cert):
            failed_try(here, code)
        assert (capf(here)["state"], capf(here)["reason"]) in (
            ("failed", "ca-error"), ("pending", "ca-waiting"))
        assert (here.phone.flash / "lsc.pem").read_bytes() == lsc
        assert here.cli("capf", "requests").stdout.count(A) == 1
    ask_anew(here)
    with ca.serve(ca.issue(key, A)):
        installed(here)
    assert (here.phone.flash / "lsc.pem").read_bytes() != lsc


def test_sec_66_a_refusal_of_the_ca_and_its_delay(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    use(here, ca)
    here.start()
    add(here)
    key = here.phone.flash / "lsc-pending.pem"
    failed_try(here, "cmp-unreachable")
    cert = ca.issue(key, A)
    when_asked_again(here)
    with ca.serve(cert, "-pkistatus", "2", "-failure", "15", "-statusstring", "not today"):
        failed_try(here, "cmp-refused")
    here.event_wait("ca-error", device=A, text="not today")
    ask_anew(here)
    with ca.serve(cert, "-poll_count", "2", "-check_after", "1"):
        installed(here)


def test_a_server_killed_with_the_certificate_in_hand_asks_no_second_time(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    use(here, ca)
    here.start()
    add(here)
    failed_try(here, "cmp-unreachable")
    here.stop()
    cert = ca.issue(here.phone.flash / "lsc-pending.pem", A)
    here.env = {"RINGFENCE_CRASH_AT": "capf.ca-made"}
    here.start()
    when_asked_again(here)
    with ca.serve(cert):
        here.phone.start(here)
        here.wait_end(-signal.SIGKILL)
        here.phone.stop(status=None)
    here.env = {}
    here.start()
    assert [r["state"] for r in requests(here)] == ["made"]
    installed(here)  # nobody is there to be asked


def test_the_secret_and_the_key_of_the_ra_stand_in_no_log(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery\n")
    secret.chmod(0o644)
    use(here, ca, cmp_ra_cert="", cmp_ra_key="", cmp_trusted="", cmp_reference="ringfence",
        cmp_secret_file=secret, cmp_recipient="/O=Customer/CN=Customer phones CA")
    here.start(wait=False)
    here.wait_end(status=None)
    assert "key-mode" in here.log_text()
    secret.chmod(0o600)
    here.start()
    add(here)
    failed_try(here, "cmp-unreachable")
    cert = ca.issue(here.phone.flash / "lsc-pending.pem", A)
    when_asked_again(here)
    server = rig.Process("openssl-cmp", tmp_path / "server.log")
    with server.launch("openssl", "cmp", "-port", PORT, "-srv_ref", "ringfence", "-srv_secret",
                       "pass:correct horse battery", "-rsp_cert", cert, "-accept_raverified"):
        rig.wait_until("the CA's server listens", lambda: is_listening(server))
        installed(here)
    assert "horse" not in here.log_text()


def test_without_a_ca_that_may_issue_the_server_does_not_start(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    here.configure(**ca.conf())
    here.start(wait=False)
    assert here.wait_end(status=None) != 0
    assert "no-lsc-ca" in here.log_text()
    use(here, ca)
    here.start()


# ---- offline ----

def test_offline_requests_are_carried_to_the_ca_and_certificates_back(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    use(here, ca, lsc_issuer="offline")
    here.start()
    add(here)
    here.phone.start(here)
    here.event_wait("ca-waiting", device=A)
    assert (capf(here)["state"], capf(here)["reason"]) == ("pending", "ca-waiting")
    out = tmp_path / "out"
    done = here.cli("capf", "export", "--out", out, "--json")
    assert done["exported"] == 1
    (row,) = done["requests"]
    assert (row["device"], row["cn"]) == (A, A)
    assert (out / "requests.csv").read_text().splitlines()[1].startswith(f"{A},{A},{A}.pub.pem,")
    key = out / row["file"]
    wrong = here.cli("capf", "import", ca.issue(key, rig.B), "--json", status=1)
    assert [c["result"] for c in wrong["certificates"]] == ["ca-other-name"]
    strange = ca.issue(ca.key("stranger"), A)
    right = ca.issue(key, A)
    here.phone.stop(status=None)  # else it may have it before we look
    mixed = here.cli("capf", "import", strange, right, "--json", status=1)
    assert [c["result"] for c in mixed["certificates"]] == ["request-unknown", "imported"]
    assert [r["state"] for r in requests(here)] == ["made"]
    again = here.cli("capf", "import", ca.issue(key, A), "--json", status=1)
    assert [c["result"] for c in again["certificates"]] == ["request-made"]
    installed(here)


def test_a_certificate_of_the_ca_counts_only_when_it_came_through_us(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    use(here, ca, lsc_issuer="offline")
    here.start()
    add(here)
    here.phone.start(here)
    here.event_wait("ca-waiting", device=A)
    here.phone.stop(status=None)
    here.cli("capf", "import", ca.issue(here.phone.flash / "lsc-pending.pem", A))
    installed(here)
    here.phone.stop()
    lsc = here.phone.flash / "lsc.pem"
    ours = lsc.read_text()
    key = ours[:ours.index("-----BEGIN CERTIFICATE-----")]
    lsc.write_text(key + ca.issue(lsc, A).read_text())
    here.phone.start(here)
    here.log_wait("is none of this device's")
    here.phone.stop(status=None)
    lsc.write_text(ours)
    here.phone.start(here)
    here.phone.wait("registered")


def status_of_config(site, pem, folder):
    """What HTTPS answers to who shows this certificate and asks for the phone's configuration."""
    return rig.run("curl", "-sS", "--max-time", "20", "-o", folder / "config", "-w", "%{http_code}",
                   "--cacert", site.folder / "certs/https.pem", "--connect-to",
                   f"::127.0.0.1:{site.ports['https']}", "--cert", pem, "--key", pem,
                   f"https://ringfence-HTTPS/{A}.cnf.xml.sgn").stdout


def test_the_ca_gives_nobody_a_phones_configuration(here, tmp_path):
    """Beside what came through us it may have made what it wants, also by a CA below it."""
    ca = Ca(tmp_path / "ca", pathlen=1)
    use(here, ca, lsc_issuer="offline", https_proof="yes")
    here.start()
    add(here)
    here.phone.start(here)
    here.event_wait("ca-waiting", device=A)
    here.phone.stop(status=None)
    here.cli("capf", "import", ca.issue(here.phone.flash / "lsc-pending.pem", A))
    installed(here)
    here.phone.stop()
    for pem in ("lsc.pem", "mic.pem"):
        assert status_of_config(here, here.phone.flash / pem, tmp_path) == "200", pem
    key = ca.key("laptop")
    for usage in (None, "critical,keyAgreement"):
        direct = tmp_path / "direct.pem"
        direct.write_text(key.read_text() + ca.issue(key, A, usage=usage).read_text())
        assert status_of_config(here, direct, tmp_path) == "404", usage
    chain = ca.below("Laptops", key, A)
    assert status_of_config(here, chain, tmp_path) == "404"
    assert status_of_config(here, here.phone.flash / "lsc.pem", tmp_path) == "200"


def test_which_cas_may_be_trusted(site, tmp_path):
    ca = Ca(tmp_path / "ca")
    own = site.folder / "certs/lsc-issuer.pem"
    assert site.cli("issuer", "trust", own, "--json", status=1)["code"] == "issuer-own"
    site.cli("lsc", "import", ca.issuing)
    assert site.cli("issuer", "trust", ca.issuing, "--json", status=1)["code"] == "issuer-other"
    (other,) = site.cli("lsc", "issuers", "--json")["issuers"]
    site.cli("lsc", "forget", other["fingerprint"])
    refused = site.cli("issuer", "trust", ca.path("ra.pem"), "--json", status=1)
    assert refused["code"] == "anchor-not-ca"
    assert site.cli("issuer", "trust", ca.issuing, "--json")["added"] == 1
    rows = site.cli("issuer", "show", "--json")["issuers"]
    assert [row["what"] for row in rows] == ["own issuer", "other CA"]
    site.cli("issuer", "distrust", other["fingerprint"])
    site.cli("issuer", "distrust", other["fingerprint"], status=1)


def test_a_request_of_an_operation_that_ended_is_stale(here, tmp_path):
    ca = Ca(tmp_path / "ca")
    use(here, ca, lsc_issuer="offline")
    here.start()
    add(here)
    here.phone.start(here)
    here.event_wait("ca-waiting", device=A)
    here.phone.stop(status=None)
    here.cli("capf", "cancel", A)
    assert [r["state"] for r in requests(here)] == ["stale"]
    assert here.cli("capf", "export", "--out", tmp_path / "out", "--json")[
        "exported"] == 0
    assert here.cli("capf", "drop", "--stale", "--json")["dropped"] == [A]
    assert requests(here) == []
    here.cli("capf", "drop", A, status=1)


# ---- under another root ----

def under_root(site, ca, tmp_path, subject=None):
    """The issuer's certificate by the customer's root; under another name when `subject` says so."""
    csr = tmp_path / "issuer.csr"
    site.cli("issuer", "request", csr)
    shown = openssl("req", "-in", csr, "-noout", "-verify", "-text")
    assert "CA:TRUE, pathlen:0" in shown.stdout
    extensions = ("basicConstraints=critical,CA:TRUE,pathlen:0\n"
                  "keyUsage=critical,keyCertSign,cRLSign,digitalSignature\n")
    if subject is not None:
        other = tmp_path / "other.csr"
        public = tmp_path / "issuer.pub"
        public.write_text(openssl("req", "-in", csr, "-noout", "-pubkey").stdout)
        openssl("req", "-new", "-key", ca.key("unused"), "-subj", subject, "-out", other)
        return ca.sign("own", "", "root", extensions, key=public, request=other)
    return ca.sign("own", "", "root", extensions, request=csr)


@pytest.mark.parametrize("subject", [None, "/C=DE/O=Customer/OU=Phones/CN=Phones of site 1"])
def test_our_issuer_under_another_root(here, tmp_path, subject):
    ca = Ca(tmp_path / "ca")
    here.start()
    add(here)
    installed(here)
    here.phone.stop()
    cert = under_root(here, ca, tmp_path, subject)
    refused = here.cli("issuer", "import", cert, "--root", ca.issuing, "--json", status=1)
    assert refused["code"] == "issuer-root"
    refused = here.cli("issuer", "import", ca.issuing, "--root", ca.root, "--json", status=1)
    assert refused["code"] == "key-cert-mismatch"
    done = here.cli("issuer", "import", cert, "--root", ca.root, "--json")
    assert done["rotation"] == (subject is not None)
    here.cli("issuer", "import", cert, "--root", ca.root, status=1)
    here.stop()
    here.start()
    here.phone.start(here)
    here.phone.wait("registered")  # with the LSC it has
    here.phone.stop()
    here.cli("capf", "install", A, "--auth", "lsc", *EC)
    installed(here)
    here.phone.stop()
    lsc = here.phone.flash / "lsc.pem"
    openssl("verify", "-CAfile", ca.root, "-untrusted",
            here.folder / "certs/lsc-issuer.pem", lsc)
    same = [openssl("x509", "-in", path, "-noout", f"-{what}").stdout.split("=", 1)[1]
            for path, what in ((lsc, "issuer"), (cert, "subject"))]
    assert same[0] == same[1]
    rows = here.cli("issuer", "show", "--json")["issuers"]
    assert [row["what"] for row in rows] == ["own issuer", "above it"]
    if subject is not None:
        here.cli("rotate", "next")
        assert here.cli("rotate", "status", "--json")["step"] == "none"
        here.stop()
        here.start()
    here.phone.start(here)
    here.phone.wait("registered")
