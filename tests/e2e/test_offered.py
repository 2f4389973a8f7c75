# SPDX-License-Identifier: Apache-2.0
"""What each listener offers, found out by three programs that are not ours, and compared with the table
"What is offered" of docs/tls.md: the page and the program cannot say different things.

openssl s_client and gnutls-cli are given all that they know for a version, then all but what the server
chose, until it chooses nothing any more. sslscan looks by itself."""
import os
import re
import socket
import struct
import subprocess
import threading
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest

import rig

LISTENERS = ("sccp", "capf", "tvs", "https", "sccp-legacy", "capf-legacy",
             "tvs-legacy", "sccp-authenticated")
MODERN = LISTENERS[:4]
VERSIONS = ("TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0")
FLAG = {"TLS 1.3": "-tls1_3", "TLS 1.2": "-tls1_2", "TLS 1.1": "-tls1_1", "TLS 1.0": "-tls1"}


def run(*command):
    """A program to its end, whatever that is; what servers say first need not be text."""
    return rig.run(*command, status=None, text_in="", encoding="latin-1")


def table():
    """{(listener, version): [suite, ...]} of the page."""
    page = (rig.ROOT / "docs/tls.md").read_text()
    section = page.split("\n## What is offered\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (TLS 1\.\d) \| (.+) \|$", section, re.MULTILINE)
    return {(name, version): re.findall(r"`([^`]+)`", suites) for name, version, suites in rows}


@pytest.fixture(scope="module")
def here(tmp_path_factory, made_site, made_factory):
    """A site with every listener there is; they are scanned, so failures are not counted."""
    folder = tmp_path_factory.mktemp("offered")
    before = list(rig.Process.everyone)
    site, factory = rig.Site(folder / "site", like=made_site), rig.Factory(folder / "factory",
                                                                           like=made_factory)
    site.configure(tvs="yes", https="yes", list_version="1.1", handshake_failures=0,
                   accept_mic_for_signalling="yes", legacy_models="79xx",
                   legacy_networks="127.0.0.0/8", legacy_sccp_port=rig.free_port() - 443,
                   legacy_capf_port=rig.free_port(), legacy_tvs_port=rig.free_port(),
                   authenticated_networks="127.0.0.0/8",
                   authenticated_sccp_port=rig.free_port() - 443)
    site.cli("list", "publish")
    site.cli("mic", "import", factory.roots)
    pem = factory.phone(rig.A).flash / "mic.pem"
    site.start()
    rig.Process.everyone[:] = before  # it outlives a test
    yield SimpleNamespace(site=site, pem=pem, folder=folder, ports={
        one["name"]: one["port"] for one in site.status()["listeners"] if one["tls"] != "none"})
    site.stop()


def test_the_page_names_every_listener(here):
    assert set(here.ports) == set(LISTENERS)
    assert set(table()) == {(name, version) for name in LISTENERS for version in VERSIONS}


# ---- openssl ----

def openssl_suites():
    """{"C0,30": name} of all it can be told, the null suites among them."""
    out = rig.run("openssl", "ciphers", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").stdout
    return {f"{first}{second}": name for first, second, name in
            re.findall(r"0x(\w\w),0x(\w\w) - (\S+)", out)}


def s_client(here, name, version, suites):
    kind = "-ciphersuites" if version == "TLS 1.3" else "-cipher"
    level = [] if version == "TLS 1.3" else ["@SECLEVEL=0"]
    weak = ["-cipher", "DEFAULT:@SECLEVEL=0"] if version == "TLS 1.3" else []
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{here.ports[name]}",
               FLAG[version], *weak, kind, ":".join(suites + level), "-cert", here.pem, "-key",
               here.pem)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", LISTENERS)
def test_sec_50_openssl_finds_what_the_page_says(here, name, version):
    is_13 = version == "TLS 1.3"
    left = [suite for suite in openssl_suites().values() if suite.startswith("TLS_") == is_13]
    found = []
    while True:
        done = s_client(here, name, version, left)
        chosen = re.search(r"Cipher is (\S+)", done.stdout)
        assert chosen, done.stdout + done.stderr
        if chosen.group(1) == "(NONE)":
            break
        found.append(chosen.group(1))
        left.remove(chosen.group(1))
    assert found == table()[name, version]


def renegotiate(here, name):
    """What s_client says of it; asked when what the server says by itself has come."""
    weak = ["-cipher", "eNULL:@SECLEVEL=0"] if name == "sccp-authenticated" else []
    child = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{here.ports[name]}", "-tls1_2", *weak,
         "-cert", here.pem, "-key", here.pem], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    timer = threading.Timer(rig.PATIENCE, child.kill)
    timer.start()
    with child:
        told = b""
        wanted = b"\n---\n\x55\1" if name.startswith("capf") else b"Extended master secret"
        while wanted not in told and (data := child.stdout.read1()):
            told += data
        child.stdin.write(b"R\n")
        child.stdin.flush()
        told += child.stdout.read()
    timer.cancel()
    return told.decode("latin-1")


@pytest.mark.parametrize("name", LISTENERS)
def test_sec_50_no_renegotiation_and_no_compression(here, name):
    told = renegotiate(here, name)
    is_null = name == "sccp-authenticated"
    assert f"Cipher is {'NULL-SHA256' if is_null else 'ECDHE'}" in told and "Compression: NONE" in told
    assert "no renegotiation" in told
    assert chosen_compression(here.ports[name]) == 0
    if name.startswith("capf"):
        return  # the server speaks first, and gnutls-cli gives up for that
    told = run("gnutls-cli", "--no-ca-verification", "--rehandshake", "--priority",
               f"NORMAL:-VERS-ALL:+VERS-TLS1.2{':-CIPHER-ALL:+NULL:+RSA:+SHA256' if is_null else ''}", "--x509certfile", here.pem, "--x509keyfile",
               here.pem, "-p", here.ports[name], "127.0.0.1")
    assert "No renegotiation is allowed" in told.stdout + told.stderr


def chosen_compression(port):
    """What a server chooses for a client that would rather have DEFLATE, by hand: no library offers it
    any more."""
    def vector(data, size):
        return len(data).to_bytes(size, "big") + data

    extensions = b"".join(struct.pack(">H", kind) + vector(data, 2) for kind, data in (
        (10, vector(b"\0\x17\0\x1d", 2)), (11, b"\1\0"), (13, vector(bytes.fromhex(
            "0401050108040403"), 2)), (0xff01, b"\0")))
    hello = b"\3\3" + os.urandom(32) + b"\0" + vector(bytes.fromhex("c030c02cc02fc02b0035002f003b0002"), 2)
    hello += vector(b"\1\0", 1) + vector(extensions, 2)
    record = b"\x16\3\1" + vector(b"\1" + vector(hello, 3), 2)
    with socket.create_connection(("127.0.0.1", port), timeout=rig.PATIENCE) as client:
        client.sendall(record)
        got = b""
        while len(got) < 9 + 2 + 32 + 1 + 32 + 3:
            data = client.recv(4096)
            assert data, "the server left"
            got += data
    assert got[0] == 0x16 and got[5] == 2, "no ServerHello"
    session = got[9 + 34]
    return got[9 + 35 + session + 2]


# ---- gnutls ----

EXCHANGES = ("RSA", "ECDHE-RSA", "ECDHE-ECDSA", "DHE-RSA", "DHE-DSS", "ANON-DH", "ANON-ECDH")
MACS = {"TLS 1.2": ("AEAD", "SHA1", "SHA256", "SHA384", "MD5")}
OLD_MACS = ("SHA1", "MD5")


def gnutls_names():
    """{"TLS_…": openssl's name} of what both know."""
    known = openssl_suites()
    out = rig.run("gnutls-cli", "-l").stdout
    return {name: known.get((first + second).upper()) for name, first, second in
            re.findall(r"^(TLS_\S+)\s+0x(\w\w), 0x(\w\w)", out, re.MULTILINE)}


def gnutls_cli(here, name, version, exchange, macs, without):
    """(cipher, mac) that the server chose, or None."""
    old = [] if version == "TLS 1.3" else ["+NULL", "+3DES-CBC", "+ARCFOUR-128"]
    words = ["NONE", f"+VERS-{version.replace(' ', '')}", "+CIPHER-ALL", *old, *[f"-{cipher}" for cipher in without], *[f"+{mac}" for mac in macs],
             f"+{exchange}", "+GROUP-ALL", "+SIGN-ALL", "+SIGN-RSA-SHA1", "+CTYPE-X509",
             "%VERIFY_ALLOW_SIGN_WITH_SHA1", "%DISABLE_SAFE_RENEGOTIATION"
             if name.endswith("-legacy") else "%SAFE_RENEGOTIATION"]
    done = run("gnutls-cli", "--no-ca-verification", "--priority", ":".join(words),
               "--x509certfile", here.pem, "--x509keyfile", here.pem, "-p", here.ports[name],
               "127.0.0.1")
    found = re.search(r"^- Description: (.*)$", done.stdout, re.MULTILINE)
    if not found or "Handshake was completed" not in done.stdout:
        return None
    parts = re.findall(r"\(([^)]*)\)", found.group(1))
    return (parts[-1], "AEAD") if re.search("GCM|CCM|POLY1305", parts[-1]) else tuple(parts[-2:])


def gnutls_found(here, name, version):
    found = set()
    is_13 = version == "TLS 1.3"
    for exchange in ("ECDHE-RSA",) if is_13 else EXCHANGES:
        for macs in [("AEAD",)] if is_13 else [(mac,) for mac in MACS.get(version, OLD_MACS)]:
            without = []
            while chosen := gnutls_cli(here, name, version, exchange, macs, without):
                cipher, mac = chosen
                without.append(cipher)
                begin = "" if is_13 else exchange.replace("-", "_") + "_"
                found.add(f"TLS_{begin}{cipher.replace('-', '_')}_" + ("" if mac == "AEAD" else mac))
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", LISTENERS)
def test_sec_50_gnutls_finds_what_the_page_says(here, name, version):
    """At the legacy ports it does not speak RFC 5746, like an old phone."""
    names = gnutls_names()
    found = set()
    for begin in gnutls_found(here, name, version):
        fitting = [suite for suite in names if suite.startswith(begin)]
        assert fitting, f"{begin} is no suite of gnutls-cli -l"
        found |= {names[suite] for suite in fitting}
    assert found == set(table()[name, version])


# ---- sslscan ----

def scan(here, name):
    out = here.folder / f"{name}.xml"
    rig.run("sslscan", f"--xml={out}", f"--certs={here.pem}", f"--pk={here.pem}",
            f"127.0.0.1:{here.ports[name]}")
    return ElementTree.parse(out).getroot().find("ssltest")


def enabled(found):
    return {f"{p.get('type')}{p.get('version')}" for p in found.findall("protocol")
            if p.get("enabled") == "1"}


@pytest.mark.parametrize("name", MODERN)
def test_sec_50_sslscan_finds_nothing_below_the_profile(here, name):
    found = scan(here, name)
    assert "tls1.3" in enabled(found) and enabled(found) <= {"tls1.2", "tls1.3"}
    ciphers = {c.get("cipher") for c in found.findall("cipher")}
    allowed = {suite for version in ("TLS 1.3", "TLS 1.2") for suite in table()[name, version]}
    assert ciphers and ciphers <= allowed
    assert {c.get("strength") for c in found.findall("cipher")} <= {"acceptable", "strong"}
    compression = found.find("compression")
    assert compression is None or compression.get("supported") == "0"
    assert not [h for h in found.findall("heartbleed") if h.get("vulnerable") != "0"]
    fallback = found.find("fallback")
    assert fallback is None or fallback.get("supported") == "1"
    assert {group.get("name").split()[0] for group in found.findall("group")} <= {
        "secp256r1", "secp384r1", "x25519"}


def test_sslscan_would_have_found_it(here):
    """The same program at a legacy port: what it would say of a weak one."""
    found = scan(here, "capf-legacy")
    assert enabled(found) == {"tls1.0", "tls1.1", "tls1.2"}
    assert "AES128-SHA" in {c.get("cipher") for c in found.findall("cipher")}
