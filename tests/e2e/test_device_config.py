# SPDX-License-Identifier: Apache-2.0
"""The configuration of a device, from its layers to the phone: values and secrets set by the administrator's
commands, files as anybody can fetch them, and the real phone that applies what is encrypted for it."""
import os
import re
import shutil
import subprocess
from datetime import datetime

import pytest

import keysearch
import rig
import tftpd

A, B = rig.A, rig.B
wait_until = rig.wait_until
SECRET = "correct-horse-battery-staple"
OTHER = "unlock-me-not-7"


@pytest.fixture
def served(office):
    """An office whose site is served; its phones have enrolled and are switched off."""
    office.site.start()
    return office


def give(site, device, path="sshPassword", secret=SECRET):
    """A secret, as the administrator gives it: by standard input."""
    return site.cli("device", "set", device, "--secret", f"{path}=-", text_in=f"{secret}\n")


def get(site, name):
    return tftpd.get(("127.0.0.1", site.ports["tftp"]), name)


def names(device):
    return [f"{device}.cnf.xml", f"{device}.cnf.xml.sgn", f"{device}.cnf.xml.enc.sgn"]


def applied(phone):
    """The last configuration that the phone took."""
    return [c for c in phone.seen("config") if c["full"]][-1]


# ---- layers ----

def test_values_come_by_layer_and_reach_registered_phones(served):
    site, phone = served.site, served.a
    phone.start(site)
    phone.wait("registered")
    before, taken = applied(phone)["version_stamp"], len(phone.seen("config", full=True))
    site.cli("template", "set", "site", "vendorConfig/settingsAccess=restricted", "idleTimeout=30")
    phone.wait("config", full=True, after=taken)
    assert applied(phone)["version_stamp"] != before
    site.cli("template", "set", "model", "8861", "vendorConfig/settingsAccess=none")
    site.cli("template", "set", "profile", "lobby", "vendorConfig/settingsAccess=full")
    shown = {v["path"]: v for v in site.cli("config", "device", A, "--json")["values"]}
    assert shown["vendorConfig/settingsAccess"]["value"] == "0"
    assert shown["vendorConfig/settingsAccess"]["word"] == "none"
    assert shown["vendorConfig/settingsAccess"]["layer"] == "model"
    assert shown["idleTimeout"]["layer"] == "site"
    assert shown["vendorConfig/webAccess"]["layer"] == "built-in"
    assert shown["deviceSecurityMode"]["layer"] == "server"
    assert shown["userLocale/name"]["layer"] == "ringfence.conf"
    site.cli("device", "change", A, "--profile", "lobby")
    site.cli("device", "set", A, "description=x", status=1)
    site.cli("device", "set", A, "servicesURL=http://192.0.2.1/?a=1&b=<2>")
    shown = {v["path"]: v for v in site.cli("config", "device", A, "--json")["values"]}
    assert shown["vendorConfig/settingsAccess"]["layer"] == "profile"
    document = site.cli("config", "device", A, "--xml").stdout
    assert "<servicesURL>http://192.0.2.1/?a=1&amp;b=&lt;2&gt;</servicesURL>" in document
    redacted = site.cli("config", "device", A, "--redact").stdout
    assert "192.0.2.1" not in redacted and "127.0.0.1" not in redacted
    # A locale is taken at the phone's start: it starts anew.
    boots = len(phone.seen("boot"))
    site.cli("device", "set", A, "userLocale/name=German_Germany")
    phone.wait("boot", after=boots)
    site.cli("device", "unset", A, "servicesURL")
    assert "servicesURL" not in site.cli("config", "device", A, "--xml").stdout


def test_what_changes_nothing_tells_nobody(served):
    site = served.site
    for phone in (served.a, served.b):
        phone.start(site)
        phone.wait("registered")
    site.cli("template", "set", "site", "idleTimeout=30")
    for phone in (served.a, served.b):
        site.event_wait("registered", phone.device)
        phone.wait("config", full=True, after=1)
    told = [line.split(" ")[0] for line in site.lines() if "told to fetch its configuration" in line]
    first, second = (datetime.fromisoformat(at.rstrip("Z")) for at in told)
    assert (second - first).total_seconds() > 0.15  # not both at once: five a second
    count = [len(phone.seen("config")) for phone in (served.a, served.b)]
    answer = site.cli("template", "set", "site", "idleTimeout=30", "--json")
    assert answer["changed"] == 0
    give(site, A)  # of one device: the other is not told
    served.a.wait("config", full=True, after=2)
    assert len(served.b.seen("config")) == count[1]


def test_a_secret_on_the_command_line_is_refused(served):
    site = served.site
    done = site.cli("device", "set", A, f"sshPassword={SECRET}", status=2)
    assert "--secret sshPassword=FILE" in done.stderr
    done = site.cli("device", "set", A, "noSuchElement=1", status=1)
    assert "no element noSuchElement is known" in done.stderr
    site.cli("device", "set", A, "noSuchElement=1", "--force")
    assert site.event_wait("config-forced", A)["severity"] == "warn"


def test_lint_tells_what_phones_stumble_over(served):
    site = served.site
    assert "nothing to say" in site.cli("config", "lint", "--all").stdout
    site.cli("device", "set", A, "vendorConfig/webAccess=enabled",
             "devicePool/callManagerGroup/members/member[2]/callManager/processNodeName=cm2",
             "devicePool/callManagerGroup/members/member[2]/callManager/ports/ethernetPhonePort=2443",
             "TVS/members/member[2]/port=2445", "networkLocale=Nowhere", "preemption=Forceful")
    found = site.cli("config", "lint", A, "--json", status=1)["findings"]
    codes = {f["code"]: f["severity"] for f in found}
    assert codes["web-commands"] == "error" and codes["port-secure"] == "error"
    assert codes["switch-open"] == codes["member-empty"] == codes["locale-missing"] == "warn"
    assert codes["name-dns"] == "warn" and len(found) == len(set(codes)) == 6
    site.cli("device", "set", B, "devicePool/srstInfo/srstOption=Enable",
             "devicePool/srstInfo/isSecure=true", f"devicePool/srstInfo/certificate={'A' * 1980}",
             "devicePool/srstInfo/port1=2443")
    found = site.cli("config", "lint", B, "--json", status=1)["findings"]
    assert {f["code"] for f in found} == {"srst-address", "certificate-long", "port-secure"}
    assert {f["device"] for f in site.cli("config", "lint", "--all", "--json", status=1)["findings"]
            } == {A, B}


# ---- encrypted ----

def test_sec_68_encrypted_for_the_lsc_and_applied(served):
    site, phone = served.site, served.a
    phone.start(site)
    phone.wait("registered")
    assert applied(phone)["encrypted"]
    give(site, A)
    site.event_wait("config-set", A)
    phone.wait("config", encrypted=True, after=1)
    new = applied(phone)
    assert new["file"] == f"{A}.cnf.xml.enc.sgn" and new["verified"]
    lsc = next(c for c in site.device(A)["certificates"]
               if c["kind"] == "lsc" and c["state"] == "confirmed")
    shown = site.cli("config", "device", A, "--json")
    assert (shown["protection"], shown["encrypted_for"]) == ("encrypted", lsc["fingerprint"])


def test_sec_68_encrypted_for_the_mic_when_there_is_no_lsc(served):
    site, phone = served.site, served.b
    give(site, B)
    site.cli("capf", "delete", B, "--auth", "lsc")
    phone.start(site)
    phone.wait("enrol-done", outcome="deleted")
    wait_until("a configuration behind the deletion", lambda: [
        e for e in phone.events[phone.events.index(phone.seen("enrol-done")[0]):]
        if e["event"] == "config" and e["encrypted"]])
    mic = next(c for c in site.device(B)["certificates"] if c["kind"] == "mic")
    assert site.cli("config", "device", B, "--json")["encrypted_for"] == mic["fingerprint"]


def test_sec_69_the_file_of_another_phone_is_refused(served):
    site, phone = served.site, served.b
    give(site, A)
    with tftpd.Overlay(("127.0.0.1", site.ports["tftp"])) as tftp:
        tftp.files[f"{B}.cnf.xml.enc.sgn"] = get(site, f"{A}.cnf.xml.enc.sgn")
        phone.start(f"127.0.0.1:{tftp.port}")
        refused = phone.wait("config-refused")
        assert refused["file"] == f"{B}.cnf.xml.enc.sgn" and refused["code"] == "file-name"
        phone.wait("registered")  # by what it has
        # Its own, from the same server, it takes.
        phone.stop()
        del tftp.files[f"{B}.cnf.xml.enc.sgn"]
        phone.start(f"127.0.0.1:{tftp.port}")
        phone.wait("config", encrypted=True)


@pytest.mark.parametrize("at", ["ciphertext", "wrapped key"])
def test_sec_70_a_changed_bit_fails_at_the_signature(served, at):
    site, phone = served.site, served.a
    give(site, A)
    file = bytearray(get(site, f"{A}.cnf.xml.enc.sgn"))
    header = int.from_bytes(file[8:10], "big")
    file[-7 if at == "ciphertext" else header - 120] ^= 4
    with tftpd.Overlay(("127.0.0.1", site.ports["tftp"])) as tftp:
        tftp.files[f"{A}.cnf.xml.enc.sgn"] = bytes(file)
        phone.start(f"127.0.0.1:{tftp.port}")
        refused = phone.wait("config-refused")
        assert refused["code"] == "sig-mismatch"
        phone.wait("registered")
    assert not [e for e in phone.seen("config-refused") if e["code"] == "decrypt"]
    assert not phone.seen("enrol-start") and not phone.seen("enrol-done")


def fetch(site, way, name, phone=None):
    """What a client gets by TFTP, HTTP or HTTPS, there with the certificate of this phone; None: not found."""
    if way == "tftp":
        return get(site, name)
    own = [] if phone is None else ["--cert", phone.flash / "lsc.pem", "--key", phone.flash / "lsc.pem"]
    done = subprocess.run(["curl", "-sSk", "--max-time", "10", "-w", "\n%{http_code}", *own,
                           f"{way}://127.0.0.1:{site.ports[way]}/{name}"], capture_output=True, check=True)
    body, status = done.stdout.rsplit(b"\n", 1)
    assert status in (b"200", b"404"), done.stdout
    return body if status == b"200" else None


SECRETS = {"sshPassword": SECRET, "commonProfile/phonePassword": OTHER,
           "vendorConfig/adminPassword": "admin-hunter2",
           "vendorConfig/energyWiseSecret": "energy-9-secret",
           "sipProfile/sipLines/line[1]/authPassword": "digest-hunter3"}
TOLD = {"sshUserId": "shell-user", "vpnGroup/addresses/url1": "https://vpn.example.net/",
        "sipProfile/sipLines/line[1]/authName": "digest-name"}
STUB = ["device", "fullConfig", "ipAddressMode", "loadInformation", "capfAuthMode", "capfList", "capf",
        "phonePort", "processNodeName", "certHash", "encrConfig"]


@pytest.mark.parametrize("way,who", [("tftp", None), ("http", None), ("https", None),
                                     ("https", "another phone")])
def test_sec_71_everybody_else_gets_the_stub(served, way, who):
    """By every transport; over HTTPS also with the certificate of another phone. The device itself is
    given all of it, by that very server."""
    site, asks = served.site, served.b if who else None
    for path, secret in SECRETS.items():
        give(site, A, path, secret)
    site.cli("device", "set", A, *[f"{path}={value}" for path, value in TOLD.items()])
    words = [*SECRETS.values(), *TOLD.values(), "Password", "Secret", "ssh", "vpn", "sip", "auth",
             "PRIVATE KEY"]
    plain, signed, encrypted = (fetch(site, way, name, asks) for name in names(A))
    assert (encrypted is None) == (way == "https")
    for name, body in ((names(A)[0], plain), (names(A)[1], signed), (names(A)[2], encrypted or b"")):
        for word in words:
            assert word.encode() not in body, (name, word)
    assert re.findall(r"<(\w+)>", plain.decode()) == STUB
    assert signed.endswith(plain) and (way == "https" or signed != plain)
    for name in names(A):
        whole = fetch(site, "https", name, served.a).decode()
        assert all(word in whole for word in (*SECRETS.values(), *TOLD.values())), name


def files_with(folder, word):
    return [p for p in folder.rglob("*") if p.is_file() and not p.is_socket()
            and word.encode() in p.read_bytes()]


def test_sec_72_no_clear_copy_anywhere(served, tmp_path):
    """On the disks of server and phone and in what is temporary, in a backup and what is made of it, in
    what the programs said, and in what is answered by any transport."""
    site, phone = served.site, served.a
    temporary, passphrase = tmp_path / "tmp", tmp_path / "passphrase"
    temporary.mkdir()
    passphrase.write_text("a passphrase of the test")
    give(site, A)
    give(site, A, "commonProfile/phonePassword", OTHER)
    site.stop()
    site.env = phone.env = {"TMPDIR": str(temporary)}
    site.start()
    phone.start(site)
    phone.wait("registered")
    assert applied(phone)["encrypted"]
    phone.stop()
    shutil.copy(phone.flash / "config.cnf.xml.sgn", tmp_path / "encrypted")
    phone.start(site, "--http-port", site.ports["http"], "--https-port", site.ports["https"])
    phone.wait("registered")
    assert phone.seen("config", vouched="tls")
    assert (phone.flash / "config.cnf.xml.sgn").read_bytes().startswith(b"ringphone-sealed-1\n")
    answers = [site.cli("device", "show", A, "--json"), site.cli("config", "device", A, "--json"),
               site.cli("events", "--json"), site.cli("config", "lint", A, "--json"),
               site.ask("GET", "/metrics")]
    answers += [fetch(site, way, name) for way in ("tftp", "http", "https") for name in names(A)]
    site.cli("backup", "--out", tmp_path / "backup", "--passphrase-file", passphrase)
    phone.stop()
    site.stop()  # the database has written all it has
    rig.ringfence("restore", tmp_path / "backup", "--site", tmp_path / "restored", "--passphrase-file",
                  passphrase)
    for word in (SECRET, OTHER):
        assert files_with(tmp_path, word) == []  # programs' logs lie there as well
        assert not [a for a in answers if word in str(a)]
    assert list(temporary.iterdir()) == []
    key = site.folder / "keys/store.key"
    assert key.stat().st_mode & 0o777 == 0o600 and len(key.read_text().strip()) == 64
    # What was looked for is there for who may have it, and would have been found.
    rig.ringfence("file", "decrypt", tmp_path / "encrypted", "--phone-key", phone.flash / "lsc.pem",
                  "--cert", site.folder / "certs/tftp.pem", "--out", tmp_path / "opened")
    assert files_with(tmp_path, SECRET) == files_with(tmp_path, OTHER) == [tmp_path / "opened"]


def test_sec_72_a_copy_of_the_database_without_the_key_tells_nothing(served, tmp_path):
    """And the server without the key gives the phone nothing new, rather than something without its
    secret."""
    site = served.site
    give(site, A)
    site.stop()
    shutil.move(site.folder / "keys/store.key", tmp_path / "store.key")
    site.start()
    assert "bring" in site.log_text() or "backup" in site.log_text()
    assert get(site, f"{A}.cnf.xml.sgn") is None and get(site, f"{B}.cnf.xml.sgn") is not None
    found = site.cli("config", "lint", A, "--json", status=1)["findings"]
    assert [f["code"] for f in found] == ["secret-key"]
    site.stop()
    shutil.move(tmp_path / "store.key", site.folder / "keys/store.key")
    site.start()
    assert get(site, f"{A}.cnf.xml.enc.sgn") is not None


@pytest.mark.skipif(not keysearch.byte_order_fits(), reason="wants a 64-bit little-endian machine")
def test_sec_72_the_server_does_not_keep_it_in_memory(served):
    site, phone = served.site, served.a
    give(site, A)
    phone.start(site)
    phone.wait("config", encrypted=True)
    phone.wait("registered")
    phone.stop()
    try:
        found, seen_bytes = keysearch.search(
            site.pid, [keysearch.Needle("secret", SECRET.encode())])
    except PermissionError as problem:
        if os.geteuid() == 0:
            raise
        pytest.skip(f"needs root: reads the memory of another process ({problem.strerror})")
    assert seen_bytes > 4 << 20 and found == []


def test_sec_73_another_hash_leads_to_enrolment_and_back(served, tmp_path):
    """A phone that has an older LSC than the site thinks: the stub tells it so."""
    site, phone = served.site, served.a
    shutil.copytree(phone.flash, tmp_path / "before")
    string = site.capf_install(A)
    phone.start(site, "--auth-string", string)
    phone.wait("registered")
    phone.stop()
    shutil.rmtree(phone.flash)
    shutil.copytree(tmp_path / "before", phone.flash)
    # Nothing is to be done for it: it asks CAPF, is told so, and goes on with what it has.
    phone.start(site)
    phone.wait("enrol-done", outcome="nothing")
    phone.wait("refused", why="Certificate superseded")
    phone.stop()
    assert 1 <= len(phone.seen("enrol")) <= 3
    assert not phone.seen("config", encrypted=True)
    # With an operation: one session, then the file.
    string = site.capf_install(A)
    phone.start(site, "--auth-string", string)
    phone.wait("registered")
    assert [e["outcome"] for e in phone.seen("enrol-done")] == ["installed"]
    assert applied(phone)["encrypted"]


def test_sec_74a_switched_off_the_encrypted_file_is_gone(served):
    site, phone = served.site, served.a
    give(site, A)
    phone.start(site)
    phone.wait("registered")
    assert applied(phone)["encrypted"]
    site.cli("device", "change", A, "--encrypt-config", "off")
    phone.wait("config", encrypted=False, full=True)
    phone.wait("registered", after=1)
    assert get(site, f"{A}.cnf.xml.enc.sgn") is None
    clear = get(site, f"{A}.cnf.xml.sgn")
    assert b"<fullConfig>true</fullConfig>" in clear and SECRET.encode() not in clear
    assert "secrets-withheld" in site.cli("config", "lint", A).stdout
    taken = len(phone.seen("config", encrypted=True))
    site.cli("device", "change", A, "--encrypt-config", "on")
    phone.wait("config", encrypted=True, after=taken)


def test_encryption_waits_for_a_key(site):
    site.start()
    done = site.cli("device", "add", A, "--model", "8861", "--line", "2001", "--encrypt-config", "on",
                    status=1)
    assert "none is on its way" in done.stderr
    site.device_add(A, lines=["2001"])
    give(site, A)
    assert SECRET.encode() not in get(site, f"{A}.cnf.xml.sgn")
    assert get(site, f"{A}.cnf.xml.enc.sgn") is None
    site.capf_install(A)
    site.cli("device", "change", A, "--encrypt-config", "on")
    stub = get(site, f"{A}.cnf.xml.sgn")
    assert b"<fullConfig>false</fullConfig>" in stub and b"certHash" not in stub
    assert b"<capfAuthMode>1</capfAuthMode>" in stub


# ---- HTTPS ----

def by_https(site, name, phone=None):
    body = fetch(site, "https", name, phone)
    return body if body is None else body.decode()


def test_sec_71_by_https_the_whole_configuration_is_for_its_phone(served):
    site = served.site
    give(site, A)
    for other in (None, served.b):
        for name in names(A)[:2]:
            body = by_https(site, name, other)
            assert "<fullConfig>false</fullConfig>" in body and "assword" not in body
        assert by_https(site, names(A)[2], other) is None
    for name in names(A):
        body = by_https(site, name, served.a)
        assert f"<sshPassword>{SECRET}</sshPassword>" in body
        assert "<fullConfig>true</fullConfig>" in body
    # The same for a device whose configuration is in the clear.
    site.cli("device", "change", A, "--encrypt-config", "off")
    assert SECRET not in by_https(site, names(A)[1], served.b)
    assert SECRET in by_https(site, names(A)[1], served.a)


def test_a_phone_with_an_ec_key_never_has_it_wrapped(served):
    site, phone = served.site, served.a
    give(site, A)
    string = site.api("POST", f"/v1/devices/{A}/capf", {"op": "install", "auth": "string",
                                                        "key_type": "ec"})["string"]
    phone.start(site, "--auth-string", string)
    phone.wait("enrol-done", outcome="installed")
    phone.wait("registered")
    phone.stop()
    # By itself: in the clear, without the secret.
    assert get(site, names(A)[2]) is None
    assert SECRET.encode() not in get(site, names(A)[1])
    site.cli("device", "change", A, "--encrypt-config", "on")
    assert "stub-only" in site.cli("config", "lint", A).stdout
    assert site.cli("config", "device", A, "--json")["protection"] == "stub"
    assert get(site, names(A)[2]) is None
    for name in names(A)[:2]:
        assert b"<fullConfig>false</fullConfig>" in get(site, name)
        assert "<fullConfig>false</fullConfig>" in by_https(site, name, served.b)
    for name in names(A):
        assert SECRET in by_https(site, name, phone)
