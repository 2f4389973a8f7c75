# SPDX-License-Identifier: Apache-2.0
"""Files for phones, fetched by programs that are not ours: curl, tftp-hpa, atftp, openssl s_client.

Checks noticed here: http.deadline, http.method, https.client-path, https.device-name,
https.wants-proof.
"""
import hashlib
import os
import socket
import ssl
import subprocess
import time
from xml.etree import ElementTree

import pytest

import rig
import tftpd

CONFIG = f"{rig.A}.cnf.xml"
TONES = "New_Zealand/g3-tones.xml"
NAMES = ("CTLFile.tlv", f"ITL{rig.A}.tlv", f"{CONFIG}.sgn", f"{CONFIG}.enc.sgn", "Ringlist.xml",
         "Ringlist.xml.sgn", TONES, f"{TONES}.sgn", "ringphone-2.0.loads", "rfapp.2.0.sbn")


@pytest.fixture
def served(office):
    """A site with phones that have LSCs, serving."""
    office.site.start()
    return office


def curl(*words, status=0):
    return rig.run("curl", "-sS", "--max-time", "20", *words, status=status)


def url(site, scheme, name, host="127.0.0.1"):
    return f"{scheme}://{host}:{site.ports[scheme]}/{name}"


def by_curl(site, scheme, name, folder, *words):
    """The bytes of a file, and the head of the answer."""
    out, head = folder / "curl.out", folder / "curl.head"
    secure = ["--cacert", site.folder / "certs/https.pem", "--connect-to",
              f"::127.0.0.1:{site.ports[scheme]}"] if scheme == "https" else []
    host = "ringfence-HTTPS" if scheme == "https" else "127.0.0.1"  # the certificate's name
    out.unlink(missing_ok=True)
    mode = [] if scheme == "tftp" else ["-D", head]
    curl(*secure, *mode, *words, "-o", out, url(site, scheme, name, host))
    return out.read_bytes() if out.exists() else b"", head.read_text() if mode else ""


def by_tftp_hpa(site, name, folder):
    out = folder / "tftp-hpa.out"
    rig.run("tftp", "-m", "binary", "127.0.0.1", str(site.ports["tftp"]), "-c", "get", name, out)
    return out.read_bytes()


def by_atftp(site, name, folder, **options):
    out = folder / "atftp.out"
    words = [word for key, value in options.items() for word in ("--option", f"{key} {value}")]
    rig.run("atftp", *words, "--get", "-r", name, "-l", out, "127.0.0.1", str(site.ports["tftp"]))
    return out.read_bytes()


# ---- every transport and client says the same ----

def test_every_client_gets_the_same_bytes_by_tftp_and_http(served, tmp_path):
    site = served.site
    site.configure(provision_rate=0)  # six clients at one address
    site.reload()
    for name in ("Ringlist.xml", TONES):
        path = site.folder / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"<x>{'in clear, and long enough ' * 9}</x>\n")
    for name in NAMES:
        by_http, head = by_curl(site, "http", name, tmp_path)
        assert head.startswith("HTTP/1.1 200 OK"), head
        assert f"Content-Length: {len(by_http)}" in head and "Cache-Control: no-store" in head
        assert len(by_http) > 100, name
        assert by_curl(site, "tftp", name, tmp_path, "--tftp-blksize", "1428")[0] == by_http, name
        assert by_curl(site, "tftp", name, tmp_path, "--tftp-no-options")[0] == by_http, name
        assert by_tftp_hpa(site, name, tmp_path) == by_http, name
        assert by_atftp(site, name, tmp_path) == by_http, name
        assert by_atftp(site, name, tmp_path, blksize=1428, windowsize=16) == by_http, name
    assert (site.folder / "images/rfapp.2.0.sbn").read_bytes() == by_http


def test_a_file_past_the_last_block_number_arrives_whole(site, tmp_path):
    """40 MB in blocks of 512: the numbers go from 65,535 to 0, and past it again in a window."""
    big = os.urandom(1 << 20) * 40 + b"the end"
    (site.folder / "images/big.sbn").write_bytes(big)
    site.start()
    assert by_curl(site, "tftp", "big.sbn", tmp_path, "--tftp-no-options")[0] == big
    assert by_tftp_hpa(site, "big.sbn", tmp_path) == big
    assert by_atftp(site, "big.sbn", tmp_path, blksize=512, windowsize=16) == big
    assert by_curl(site, "http", "big.sbn", tmp_path)[0] == big


# ---- HTTP ----

def test_http_refuses_what_is_no_file(served, tmp_path):
    site = served.site
    for name, status in (("none.xml", 404), ("", 404), ("images/", 404), ("..%2fringfence.conf", 404),
                         ("%252e%252e/ringfence.conf", 400), ("ringfence.conf%00", 400)):
        body, head = by_curl(site, "http", name, tmp_path, "--path-as-is")
        assert head.startswith(f"HTTP/1.1 {status} "), (name, head)
        assert len(body) < 64 and "Location" not in head
    for method in ("PUT", "POST", "DELETE"):
        _, head = by_curl(site, "http", "CTLFile.tlv", tmp_path, "-X", method)
        assert head.startswith("HTTP/1.1 405 ") and "Allow: GET, HEAD" in head
    _, head = by_curl(site, "http", "CTLFile.tlv", tmp_path, "-I")
    size = (site.folder / "lists/CTLFile.tlv").stat().st_size
    assert head.startswith("HTTP/1.1 200 ") and f"Content-Length: {size}" in head


def test_a_switched_off_port_refuses_the_connection(site):
    """A phone goes on at once where nobody listens; where nothing answers it waits."""
    site.configure(http="no", https="no")
    site.start()
    assert "http" not in site.ports and "https" not in site.status()["ports"]
    assert " http=0 https=0 " in site.log_wait(" main: ready ")


def test_http_ports_are_kept(site, tmp_path):
    site.start()
    before = site.ports
    assert site.status()["ports"]["http"] == before["http"] != 0
    site.stop()
    site.start()
    assert site.ports == before
    assert by_curl(site, "http", "CTLFile.tlv", tmp_path)[0] == \
        (site.folder / "lists/CTLFile.tlv").read_bytes()


def test_who_fetched_what_is_an_event(served, tmp_path):
    site = served.site
    config, _ = by_curl(site, "http", f"{CONFIG}.sgn", tmp_path)
    event = site.event_wait("file-sent", device=rig.A, text=f"{len(config)} bytes")
    assert CONFIG in event["text"]


# ---- HTTPS ----

def s_client(site, *words, send=b""):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{site.ports['https']}", "-ign_eof",
               *words]
    done = subprocess.run([str(word) for word in command], input=send, capture_output=True,
                          check=False, timeout=30)
    return done.stdout + done.stderr


def test_https_has_an_ec_certificate_that_the_lists_name(served):
    site = served.site
    shown = s_client(site, send=b"HEAD /CTLFile.tlv HTTP/1.1\r\n\r\n").decode(errors="replace")
    assert "HTTP/1.1 200 OK" in shown
    assert "Server Temp Key" in shown and "ECDSA" in shown
    for version in ("-tls1", "-tls1_1"):
        refused = s_client(site, version, "-cipher", "DEFAULT:@SECLEVEL=0").decode(errors="replace")
        assert "Cipher is (NONE)" in refused
    own = rig.run("openssl", "x509", "-in", site.folder / "certs/https.pem", "-noout",
                  "-fingerprint", "-sha256").stdout.split("=")[1].strip().replace(":", "").lower()
    for name in ("CTL", "ITL"):
        shown = rig.ringfence("list", "show", site.folder / f"lists/{name}File.tlv", "--json")
        assert own in str(shown).lower() and "1.1" in str(shown)


def test_https_serves_the_same_files_with_and_without_a_client_certificate(served, tmp_path):
    site = served.site
    for name in ("CTLFile.tlv", "rfapp.2.0.sbn"):
        plain, _ = by_curl(site, "http", name, tmp_path)
        for version in ("--tls-max 1.2", "--tlsv1.3"):
            assert by_curl(site, "https", name, tmp_path, *version.split())[0] == plain
        pem = served.a.flash / "lsc.pem"
        own, _ = by_curl(site, "https", name, tmp_path, "--cert", pem, "--key", pem)
        assert own == plain


def test_https_proof_is_the_devices_own_certificate(served, tmp_path, factory):
    site = served.site
    site.configure(https_proof="yes")
    site.reload()
    cases = (
        (served.a.flash / "lsc.pem", "200"),
        (served.a.flash / "mic.pem", "200"),
        (served.b.flash / "lsc.pem", "404"),  # of another device
        (None, "404"),
    )
    for pem, status in cases:
        words = ["--cert", pem, "--key", pem] if pem else []
        _, head = by_curl(site, "https", f"{CONFIG}.sgn", tmp_path, *words)
        assert head.split()[1] == status, pem
    # A MIC is trusted without having been seen before: all the more has its name to be the device's.
    for pem, status in ((served.a.flash / "mic.pem", "404"), (served.b.flash / "mic.pem", "200")):
        _, head = by_curl(site, "https", f"{rig.B}.cnf.xml.sgn", tmp_path, "--cert", pem, "--key",
                          pem)
        assert head.split()[1] == status, pem
    assert " code=https-unproven" in site.log_text()
    # What is no device's is for all.
    assert by_curl(site, "https", "CTLFile.tlv", tmp_path)[1].split()[1] == "200"


def test_a_superseded_certificate_proves_nothing_any_more(served, tmp_path):
    site, old = served.site, tmp_path / "old.pem"
    site.configure(https_proof="yes")
    site.reload()
    old.write_bytes((served.b.flash / "lsc.pem").read_bytes())
    name = f"{rig.B}.cnf.xml.sgn"
    words = ["--cert", old, "--key", old]
    assert by_curl(site, "https", name, tmp_path, *words)[1].split()[1] == "200"
    site.capf_install(rig.B, "lsc")
    served.b.start(site)
    served.b.wait("enrol-done", outcome="installed")
    served.b.wait("registered")
    assert by_curl(site, "https", name, tmp_path, *words)[1].split()[1] == "404"
    new = served.b.flash / "lsc.pem"
    assert by_curl(site, "https", name, tmp_path, "--cert", new, "--key", new)[1].split()[1] == "200"


def test_models_that_want_it_get_the_plain_file_under_the_signed_name(site, tmp_path):
    """On 6971 alone, and only the models of https_unsigned."""
    site.configure(sign_sha1="yes")  # what a 7962 takes
    site.start()
    for model, is_plain in (("8861", True), ("7821", True), ("7962", False)):
        name = f"SEP00112233{model}"
        site.device_add(name, lines=[f"{model},x,x"], model=model, mode="nonsecure")
        secure, _ = by_curl(site, "https", f"{name}.cnf.xml.sgn", tmp_path)
        signed, _ = by_curl(site, "http", f"{name}.cnf.xml.sgn", tmp_path)
        assert signed[:1] == b"\1"
        assert secure == (signed[int.from_bytes(signed[8:10], "big"):] if is_plain else signed)
    site.configure(https_unsigned="")
    site.reload()
    assert by_curl(site, "https", "SEP001122338861.cnf.xml.sgn", tmp_path)[0][:1] == b"\1"


def self_made(folder, name):
    """A certificate with a phone's name, that nobody vouches for."""
    pem = folder / "self.pem"
    rig.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", f"/CN={name}", "-days", "2", "-keyout", folder / "self.key", "-out",
            folder / "self.crt")
    pem.write_bytes((folder / "self.crt").read_bytes() + (folder / "self.key").read_bytes())
    return pem


def test_a_certificate_that_proves_nothing_is_served_like_none(served, tmp_path):
    site = served.site
    pem = self_made(tmp_path, rig.A)
    words = ["--cert", pem, "--key", pem]
    assert by_curl(site, "https", "CTLFile.tlv", tmp_path, *words)[1].split()[1] == "200"
    line = site.log_wait("proves nothing here")
    assert "cannot be a device's certificate" in line and f"cert=CN={rig.A}" in line
    site.configure(https_proof="yes")
    site.reload()
    assert by_curl(site, "https", f"{CONFIG}.sgn", tmp_path, *words)[1].split()[1] == "404"
    metrics = site.ask("GET", "/metrics")[1]
    assert "rf_https_unproven_total 2" in metrics


def test_a_site_without_the_key_serves_the_rest_and_says_how_to_get_it(site, tmp_path):
    for path in ("keys/https.pem", "certs/https.pem"):
        (site.folder / path).unlink()
    site.start()
    assert "https" not in site.ports
    assert "`ringfence list publish` makes it" in site.log_text()
    assert by_curl(site, "http", "CTLFile.tlv", tmp_path)[1].split()[1] == "200"
    site.stop()
    site.cli("list", "publish")
    site.start()
    assert by_curl(site, "https", "CTLFile.tlv", tmp_path)[1].split()[1] == "200"


# ---- phones that nobody knows ----

def default_of(site, folder):
    """XMLDefault as each transport has it: the same."""
    body, head = by_curl(site, "http", "XMLDefault.cnf.xml", folder)
    assert head.startswith("HTTP/1.1 200 OK"), head
    assert by_curl(site, "tftp", "XMLDefault.cnf.xml", folder)[0] == body
    assert by_tftp_hpa(site, "XMLDefault.cnf.xml", folder) == body
    return ElementTree.fromstring(body)


def test_sec_122_an_unknown_phone_gets_the_default_only_when_that_is_wanted(trusting_site, factory,
                                                                            tmp_path):
    """Off by default; then the call manager and the load of each model, and only quarantine."""
    site = trusting_site.start()
    _, head = by_curl(site, "http", "XMLDefault.cnf.xml", tmp_path)
    assert head.split()[1] == "404"
    curl("-o", tmp_path / "none", url(site, "tftp", "XMLDefault.cnf.xml"), status=68)  # not found
    site.configure(auto_register="quarantine", sign_sha1="yes")
    site.reload()
    plain = default_of(site, tmp_path)
    member = plain.find("callManagerGroup/members/member/callManager")
    assert [one.tag for one in plain] == ["ipAddressMode", "callManagerGroup"]
    assert member.find("ports/ethernetPhonePort").text == str(site.ports["sccp_tls"] - 443)
    site.cli("image", "default", "8861", "ringphone-2.0")
    site.cli("image", "default", "7962", "SCCP42.not-here", "--force")
    loads = [(one.tag, one.get("model"), one.text) for one in default_of(site, tmp_path)
             if one.tag.startswith("load")]
    assert loads == [("loadInformation685", "Cisco 8861", "ringphone-2.0")]
    phone = factory.phone(rig.A)
    phone.start(site, "--allow-sha1")
    assert phone.wait("config", file="XMLDefault.cnf.xml.sgn")["verified"] is True
    assert phone.wait("boot", load="ringphone-2.0")
    assert [one["name"] for one in site.cli("device", "pending", "--json")["pending"]] == [rig.A]
    assert site.status()["registered"] == 0 and site.status()["devices"] == 0
    phone.stop(status=None)
    site.cli("image", "default", "8861", "")
    assert [one.tag for one in default_of(site, tmp_path)] == ["ipAddressMode", "callManagerGroup"]


# ---- clients that stall or flood cost only themselves ----

def test_silent_and_greedy_connections_take_only_their_own_places(served, tmp_path):
    site = served.site
    site.configure(http_per_address=200)
    site.stop()
    site.start()
    idle = [socket.create_connection(("127.0.0.1", site.ports["http"])) for _ in range(190)]
    for one in idle[:95]:
        one.sendall(b"GET /CTLFile.tlv HTTP/1.1\r\nA: ")
    began = time.monotonic()
    body, _ = by_curl(site, "http", "CTLFile.tlv", tmp_path)
    assert hashlib.sha256(body).digest() == \
        hashlib.sha256((site.folder / "lists/CTLFile.tlv").read_bytes()).digest()
    assert time.monotonic() - began < 5
    assert site.status()["http_connections"] >= 150
    for one in idle:
        one.close()
    rig.wait_until("their places to be free", lambda: site.status()["http_connections"] == 0)


# ---- names that lead elsewhere ----

NAMES_AWAY = [b"../keys/tftp.pem", b"in/../../keys/tftp.pem", b"/../keys/tftp.pem", b"//etc/passwd",
              b"in/./x.xml", b"..\\keys\\tftp.pem", b"C:/x.xml", b"link.xml", b"out/tftp.pem", b".hidden",
              b"keys/tftp.pem", b"db/ringfence.db", b"ringfence.conf", b"a/b/c/d/e", b"in/", b""]


def http_get(site, scheme, target):
    """One request line as it stands, which no client would send; returns the whole answer."""
    with socket.create_connection(("127.0.0.1", site.ports[scheme]), timeout=20) as plain:
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            plain = context.wrap_socket(plain)
        with plain:
            plain.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            got = b""
            while more := plain.recv(65536):
                got += more
            return got


@pytest.fixture
def links(site):
    """A site with a file that may be fetched, and links out of the folder beside it."""
    files, keys = site.folder / "files", site.folder / "keys"
    (files / "in").mkdir(parents=True)
    (files / "in/x.xml").write_bytes(b"<x>for everybody</x>")
    (files / "link.xml").symlink_to(keys / "tftp.pem")
    (files / "out").symlink_to(keys)
    os.link(keys / "tftp.pem", files / ".hidden")
    site.configure(provision_rate=0)
    return site.start()


def test_sec_120_no_name_leads_out_by_tftp(links):
    site = links
    server = ("127.0.0.1", site.ports["tftp"])
    for name in [*NAMES_AWAY, b"%2e%2e/keys/tftp.pem", b"in/x.xml" + b"/" * 470]:
        for tail in (b"", b".sgn"):
            before = len(site.lines())
            assert tftpd.get(server, (name + tail).decode()) is None, name
            site.log_wait(" not sent ", after=before)
    # Bytes behind the NUL are no part of the name; a request of 4 KiB is none.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(rig.PATIENCE)
        client.sendto(b"\0\1in/x.xml\0../keys/tftp.pem\0octet\0", server)
        assert client.recv(1024)[:2] == b"\0\5"
        client.sendto(b"\0\1" + b"a" * 4096 + b"\0octet\0", server)
        client.sendto(b"\0\1in/x.xml\0octet\0", server)
        while (answer := client.recv(1024))[:2] == b"\0\5":
            pass
        assert answer == b"\0\3\0\1<x>for everybody</x>"
    assert tftpd.get(server, "in/x.xml") == b"<x>for everybody</x>"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_sec_120_no_name_leads_out_by_http(links, scheme):
    site = links
    for name in [*NAMES_AWAY, b"%2e%2e/keys/tftp.pem", b"in%2f..%2f..%2fkeys%2ftftp.pem",
                 b"%252e%252e/keys/tftp.pem", b"in/x.xml%00", b"in/x.xml\0.pem", b"a" * 4096]:
        before = len(site.lines())
        answer = http_get(site, scheme, b"/" + name)
        status, _, rest = answer.partition(b"\r\n")
        assert status.split()[1] in (b"400", b"404", b"431"), (name, status)
        assert len(rest.partition(b"\r\n\r\n")[2]) < 64 and b"PRIVATE" not in answer
        assert " code=" in site.log_wait(" not sent " if b" 404 " in status else " code=", after=before)
    assert http_get(site, scheme, b"/in/x.xml").endswith(b"\r\n\r\n<x>for everybody</x>")
