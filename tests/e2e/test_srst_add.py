# SPDX-License-Identifier: Apache-2.0
"""Survivable routers, as an administrator makes them known: the certificate that is fetched counts when he or
she has accepted it, and stands in the signed configuration of the phones that use the router. The router here
is a TLS server of Python's."""
import os
import pty
import socket
import ssl
import subprocess
import threading
from base64 import b64encode

import pytest

import rig
import tftpd

A, B = rig.A, rig.B
NAME = "branch1"


class Identity:
    """A key and a self-signed certificate, by openssl."""

    def __init__(self, folder, name, *words, key=("-newkey", "rsa:2048"), subject=None):
        self.pem, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        rig.run("openssl", "req", "-x509", *key, "-nodes", "-keyout", self.key, "-out", self.pem,
                "-subj", subject or f"/O=Branch/CN={name}", "-days", "400", *words)

    @property
    def der(self):
        return ssl.PEM_cert_to_DER_cert(self.pem.read_text())

    @property
    def fingerprint(self):
        return rig.run("openssl", "x509", "-in", self.pem, "-noout", "-fingerprint", "-sha256"
                       ).stdout.split("=")[1].strip()  # with colons, in capitals

    @property
    def plain(self):
        return self.fingerprint.replace(":", "").lower()


class Provider:
    """What answers at the router's address; `show` changes who it is."""

    def __init__(self, who):
        self.show(who)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def show(self, who):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(who.pem, who.key)

    def _serve(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(link, server_side=True) as tls:
                    tls.recv(1)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@pytest.fixture
def router(tmp_path):
    return Identity(tmp_path, "router")


@pytest.fixture
def stranger(tmp_path):
    return Identity(tmp_path, "stranger")


@pytest.fixture
def served(site):
    site.start()
    return site


def typed(site, *words, say):
    """A command on a terminal where somebody types this: its exit status and what it said."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{say}\n".encode())
        done = subprocess.run([rig.program("ringfence"), *map(str, words), "--site", site.folder],
                              stdin=theirs, capture_output=True, text=True, timeout=60, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout + done.stderr


def refused(site, *words, code):
    """Without a terminal, and refused with this code."""
    done = site.cli(*words, "--json", status=1, text_in="")
    assert done["code"] == code, done
    return done["reason"]


def known(site):
    return {one["name"]: one for one in site.api("GET", "/v1/srst")["srst"]}


def add(site, who, *words, host="127.0.0.9", name=NAME):
    """By a file that was brought here."""
    return site.cli("srst", "add", name, "--cert", who.pem, "--host", host, *words, "--json")


def config(site, device):
    """The signed configuration that the phone gets."""
    return tftpd.get(("127.0.0.1", site.ports["tftp"]), f"{device}.cnf.xml.sgn").decode("latin-1")


def has(document, who):
    return f"<certificate>{b64encode(who.der).decode()}</certificate>" in document


# ---- the certificate that is fetched ----

def test_sec_94_a_certificate_that_nobody_accepted_is_not_kept(served, router, stranger):
    with Provider(stranger) as at:
        words = ("srst", "add", NAME, at.at)
        reason = refused(served, *words, code="srst-not-accepted")
        assert stranger.plain in reason
        # the administrator has looked at the real router
        refused(served, *words, "--fingerprint", router.fingerprint, code="srst-fingerprint")
        refused(served, *words, "--fingerprint", "00", code="srst-fingerprint")
        for say in ("no", "", "y", "yes please"):
            status, said = typed(served, *words, say=say)
            assert status == 1 and "was not accepted" in said
            assert "CN=stranger" in said and stranger.plain in said
        assert not known(served) and not [e for e in served.events() if e["category"] == "srst"]
        at.show(router)
        done = served.cli(*words, "--fingerprint", router.fingerprint, "--json", text_in="")
        assert done["outcome"] == "added" and done["fingerprint"] == router.plain
    one = known(served)[NAME]
    assert one["subject"] == "O=Branch,CN=router" and one["state"] == "never-seen"
    assert (one["host"], one["sccp_port"], one["devices"]) == ("127.0.0.1", 2000, 0)
    assert f":{one['provider_port']}" in at.at
    assert served.event_wait("srst-added", text=router.plain)["uid"] == os.getuid()


def test_sec_94_another_certificate_stays_out_until_it_is_accepted(served, router, stranger):
    served.device_add(A, lines=["2001,Ada,Ada"])
    with Provider(router) as at:
        assert typed(served, "srst", "add", NAME, at.at, "--sccp-port", "2100", say="yes")[0] == 0
        served.cli("srst", "use", NAME)
        assert has(config(served, A), router)
        same = served.cli("srst", "update", NAME, "--json", text_in="")
        assert same["outcome"] == "unchanged" and same["fingerprint"] == router.plain
        before = config(served, A)
        at.show(stranger)
        refused(served, "srst", "update", NAME, code="srst-not-accepted")
        refused(served, "srst", "update", NAME, "--fingerprint", router.fingerprint,
                code="srst-fingerprint")
        refused(served, "srst", "add", NAME, at.at, code="srst-not-accepted")
        status, said = typed(served, "srst", "update", NAME, say="no")
        assert status == 1 and router.plain in said and stranger.plain in said
        assert known(served)[NAME]["fingerprint"] == router.plain
        assert config(served, A) == before
        status, said = typed(served, "srst", "update", NAME, say="yes")
        assert status == 0, said
    assert known(served)[NAME]["fingerprint"] == stranger.plain
    assert known(served)[NAME]["sccp_port"] == 2100  # only the certificate is another one
    document = config(served, A)
    assert has(document, stranger) and not has(document, router)
    event = served.event_wait("srst-certificate-accepted", text=stranger.plain)
    assert router.plain[:16] in event["text"]


def test_sec_94_the_server_takes_what_was_looked_at_and_nothing_else(served, router, stranger):
    """Between the command and the database nothing is exchanged."""
    body = {"name": NAME, "host": "192.0.2.9", "certificate": stranger.pem.read_text(),
            "fingerprint": router.plain}
    status, answer = served.ask("POST", "/v1/srst", body)
    assert status == 409 and answer["error"]["code"] == "srst-fingerprint"
    assert not known(served)
    served.api("POST", "/v1/srst", {**body, "fingerprint": stranger.fingerprint}, status=201)


def test_a_certificate_that_phones_could_not_use_is_refused(served, router, stranger, tmp_path):
    def bad(pem, code, **options):
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        refused(served, "srst", "add", NAME, "--cert", pem, "--host", "192.0.2.9", *words, code=code)
    both = tmp_path / "both.pem"
    both.write_text(router.pem.read_text() + stranger.pem.read_text())
    bad(both, "srst-certificate-several")
    long = ",".join(f"DNS:{'a' * 50}{n}.branch.example" for n in range(12))
    bad(Identity(tmp_path, "long", "-addext", f"subjectAltName={long}").pem,
        "srst-certificate-long")
    bad(Identity(tmp_path, "short", key=("-newkey", "rsa:1024")).pem, "key-too-short")
    bad(expired(tmp_path), "cert-expired")
    bad(router.key, "pem-no-cert")
    bad(router.pem, "srst-fingerprint", fingerprint=stranger.plain)
    refused(served, "srst", "add", NAME, "--cert", router.pem, "--host", "router.example",
            code="srst-host")
    refused(served, "srst", "add", "none", "--cert", router.pem, "--host", "192.0.2.9",
            code="store-value")
    assert not known(served)
    fits = ",".join(f"DNS:{'a' * 50}{n}.branch.example" for n in range(7))
    add(served, Identity(tmp_path, "fits", "-addext", f"subjectAltName={fits}"))
    add(served, Identity(tmp_path, "ec", key=("-newkey", "ec", "-pkeyopt",
                                              "ec_paramgen_curve:P-256")), name="branch2")
    assert sorted(known(served)) == [NAME, "branch2"]


def expired(folder):
    """Of a router that was forgotten."""
    key, request, pem = (folder / f"old.{kind}" for kind in ("key", "csr", "pem"))
    rig.run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request,
            "-subj", "/CN=old")
    rig.run("openssl", "ca", "-selfsign", "-batch", "-config", _ca(folder), "-keyfile", key, "-in",
            request, "-out", pem, "-notext", "-startdate", "20200101000000Z", "-enddate",
            "20210101000000Z", "-outdir", folder)
    return pem


def _ca(folder):
    (folder / "index").touch()
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=x\n[x]\ndatabase={0}/index\nserial={0}/serial\nrand_serial=yes\n"
        "default_md=sha256\npolicy=y\n[y]\ncommonName=supplied\n".format(folder))
    return folder / "ca.cnf"


def test_a_router_that_is_not_there_says_so(served):
    port = rig.free_port()
    refused(served, "srst", "add", NAME, f"127.0.0.1:{port}", code="connect-refused")
    refused(served, "srst", "update", NAME, code="srst-unknown")
    served.cli("srst", "add", NAME, status=2)
    served.cli("srst", "add", NAME, "127.0.0.1:99999", status=2)
    assert not known(served)


# ---- who uses it ----

def test_a_device_goes_before_its_profile_and_that_before_the_site(served, router, stranger):
    for name, line in ((A, "2001,Ada,Ada"), (B, "2002,Ben,Ben")):
        served.device_add(name, lines=[line])
    served.cli("device", "change", B, "--profile", "lobby")
    add(served, router, "--sccp-port", "2100")
    add(served, stranger, host="127.0.0.8", name="branch2")
    assert "<srstOption>Disable</srstOption>" in config(served, A)
    assert served.cli("srst", "use", NAME, "--json")["devices"] == 2
    for device in (A, B):
        document = config(served, device)
        assert "<srstOption>Enable</srstOption>" in document and has(document, router)
        assert "<ipAddr1>127.0.0.9</ipAddr1>" in document and "<port1>2100</port1>" in document
        assert "<isSecure>true</isSecure>" in document
        assert "<connectionMonitorDuration>120</connectionMonitorDuration>" in document
    assert served.cli("srst", "use", "branch2", "--profile", "lobby", "--json")["devices"] == 1
    assert has(config(served, A), router) and has(config(served, B), stranger)
    served.cli("srst", "use", NAME, "--device", B)
    assert has(config(served, B), router)
    assert known(served)[NAME]["devices"] == 2 and known(served)["branch2"]["devices"] == 0
    served.cli("srst", "use", "none", "--device", B)
    document = config(served, B)
    assert "<srstOption>Disable</srstOption>" in document and "<certificate>" not in document
    assert served.cli("srst", "use", "inherit", "--device", B, "--json")["devices"] == 1
    assert has(config(served, B), stranger)
    refused(served, "srst", "use", "branch3", code="srst-unknown")
    refused(served, "srst", "use", NAME, "--device", "SEP00000000FFFF", code="device-unknown")
    shown = {v["path"]: v for v in served.cli("config", "device", A, "--json")["values"]}
    assert shown["devicePool/srstInfo/ipAddr1"]["layer"] == "server"
    assert "nothing to say" in served.cli("config", "lint", "--all").stdout
    served.device_add("SEP001122334477", lines=["2003,Cyd,Cyd"], mode="nonsecure", srtp="no")
    plain = tftpd.get(("127.0.0.1", served.ports["tftp"]), "SEP001122334477.cnf.xml").decode()
    assert "<isSecure>false</isSecure>" in plain and "<certificate>" not in plain


def test_one_that_is_used_is_not_removed(served, router):
    served.device_add(A, lines=["2001,Ada,Ada"])
    add(served, router)
    served.cli("srst", "use", NAME)
    assert "site" in refused(served, "srst", "remove", NAME, code="srst-used")
    assert has(config(served, A), router)
    assert served.cli("srst", "remove", NAME, "--force", "--json")["devices"] == 1
    assert "<srstOption>Disable</srstOption>" in config(served, A)
    served.event_wait("srst-removed")
    add(served, router)
    served.cli("srst", "remove", NAME)
    refused(served, "srst", "remove", NAME, code="srst-unknown")
    assert "no survivable routers" in served.cli("srst", "list").stdout


def test_phones_start_anew_when_their_router_changes(office, router, stranger):
    """Only those whose router is another one."""
    office.site.start()
    add(office.site, router)
    office.site.cli("srst", "use", "none", "--device", B)
    for phone in (office.a, office.b):
        phone.start(office.site)
        phone.wait("registered")
    boots = len(office.a.seen("boot")), len(office.b.seen("boot"))
    office.site.cli("srst", "use", NAME)
    office.a.wait("boot", after=boots[0])
    office.a.wait("registered", after=1)
    add(office.site, stranger)
    office.a.wait("boot", after=boots[0] + 1)
    office.a.wait("registered", after=2)
    assert len(office.b.seen("boot")) == boots[1]
