# SPDX-License-Identifier: Apache-2.0
"""Trust verification: what the service answers to clients that are not ours, and phones that are led
to another site. Notices tvs.add-signer, tvs.list-signer, phone.tvs-role."""
import socket
import ssl
import struct

import pytest

import rig

A = rig.A
VERIFY, VERIFIED, QUERY, QUERIED = 1, 2, 3, 4


def element(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def frame(command, session, *elements):
    body = b"".join(elements)
    return struct.pack(">BBBBIH", 0x57, 1, command, 0, session, len(body)) + body


def der(pem):
    return ssl.PEM_cert_to_DER_cert(pem.read_text())


class Client:
    """Asks questions as a phone does, with Python's TLS."""

    def __init__(self, site):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(site.folder / "certs/tvs.pem")
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        plain = socket.create_connection(("127.0.0.1", site.ports["tvs"]), rig.PATIENCE)
        self.link = context.wrap_socket(plain)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.close()

    def send(self, data):
        self.link.sendall(data)

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.link.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def answer(self):
        """(command, session, {tag: value})"""
        protocol, version, command, _, session, length = struct.unpack(">BBBBIH", self.read(10))
        assert (protocol, version) == (0x57, 1)
        body, elements = self.read(length), {}
        while body:
            tag, n = struct.unpack(">BH", body[:3])
            elements[tag], body = body[3:3 + n], body[3 + n:]
        return command, session, elements

    def verify(self, cert, name=b"CP-8861-SEP001122334455", session=7):
        self.send(frame(VERIFY, session, element(1, b"\x01" + name), element(2, cert)))
        command, got, elements = self.answer()
        assert (command, got) == (VERIFIED, session)
        return elements


@pytest.fixture
def there(tmp_path):
    """Another site, with keys of its own."""
    return rig.Site(tmp_path / "there")


def fingerprint(pem):
    return rig.run("openssl", "x509", "-in", pem, "-noout", "-fingerprint", "-sha256") \
        .stdout.split("=")[1].strip().replace(":", "").lower()


def test_the_sites_own_certificates_are_vouched_for_with_their_roles(site):
    site.start()
    certs = site.folder / "certs"
    want = {"sast1": [0], "sast2": [0], "ccm": [1], "tftp": [3], "capf": [4], "tvs": [21]}
    with Client(site) as client:
        for name, roles in want.items():
            got = client.verify(der(certs / f"{name}.pem"))
            assert got == {7: b"\0", 8: bytes(roles), 9: struct.pack(">I", 86400)}, name
        assert client.verify(der(certs / "lsc-issuer.pem")) == {7: b"\1"}
    listed = site.cli("tvs", "list", "--json")["certificates"]
    assert {one["fingerprint"]: one["roles"] for one in listed}[fingerprint(certs / "ccm.pem")] \
        == ["ccm"]
    line, = [line for line in site.cli("tvs", "list").stdout.splitlines()
             if fingerprint(certs / "ccm.pem") in line]
    assert line.startswith("ccm ") and " 86400 " in line  # and no date


def test_sec_97a_verify_and_query_for_every_form_of_a_models_name(site):
    site.start()
    pem = site.folder / "certs/ccm.pem"
    serial = bytes.fromhex(rig.run("openssl", "x509", "-in", pem, "-noout", "-serial")
                           .stdout.strip().split("=")[1])
    record = next(r for r in rig.ringfence("list", "show", site.folder / "lists/CTLFile.tlv",
                                           "--json")["records"] if r["role"] == "CCM")
    issuer = record["issuer"].encode()
    with Client(site) as client:
        for name in (b"CP-7970G-SEP001122334455", b"CP-8861-SEP001122334455",
                     b"CP-7961G-GE-SEP001122334455", b"SEP001122334455"):
            assert client.verify(der(pem), name)[7] == b"\0"
            for a, b in ((issuer, serial), (serial, issuer)):
                client.send(frame(QUERY, 9, element(1, b"\x01" + name), element(3, a),
                                  element(6, b)))
                command, session, got = client.answer()
                assert (command, session) == (QUERIED, 9)
                assert (got[7], got[8], got[2]) == (b"\0", b"\1", der(pem))
        client.send(frame(QUERY, 10, element(3, issuer), element(4, b"\x01")))
        assert client.answer() == (QUERIED, 10, {7: b"\1"})
    site.event_wait("tvs-unknown")


def test_what_is_no_question_ends_the_connection(site):
    site.start()
    for data in (b"GET / HTTP/1.1\r\n\r\n", frame(VERIFIED, 1, element(7, b"\0")), frame(VERIFY, 1),
                 frame(9, 1), frame(VERIFY, 1, element(2, b"0"), element(2, b"0")),
                 struct.pack(">BBBBIH", 0x57, 1, 1, 0, 1, 20000)):
        with Client(site) as client, pytest.raises((EOFError, ConnectionError, ssl.SSLError)):
            client.send(data)
            client.answer()
    with Client(site) as client:  # others do not notice
        assert client.verify(der(site.folder / "certs/ccm.pem"))[7] == b"\0"


def test_certificates_are_added_and_withdrawn_while_it_runs(site, there):
    site.start()
    pem = there.folder / "certs/tftp.pem"
    with Client(site) as client:
        assert client.verify(der(pem))[7] == b"\1"
        site.cli("tvs", "add", pem, "--role", "app-server", "--role", "tftp", "--ttl", "600")
        assert client.verify(der(pem)) == {7: b"\0", 8: b"\3\7", 9: struct.pack(">I", 600)}
        site.stop()
    site.start()
    with Client(site) as client:
        assert client.verify(der(pem))[8] == b"\3\7"
        site.cli("tvs", "remove", fingerprint(pem))
        assert client.verify(der(pem))[7] == b"\1"
    assert "tvs-unknown" in site.cli("tvs", "remove", fingerprint(pem), "--json", status=1)["code"]


def led_away(office, there):
    """Phone A, which was at home in its office, is told to fetch from the other site."""
    there.cli("mic", "import", office.factory.roots)
    there.start()
    there.device_add(A, lines=["2001,Ada,Ada"])
    office.site.start()
    office.a.start(there)
    office.a.wait("fetch", file=f"{A}.cnf.xml.sgn")
    return office.a


def test_sec_22_a_phone_takes_the_lists_of_a_site_that_its_own_vouches_for(office, there):
    signer = there.folder / "certs/sast1.pem"
    office.site.configure(tvs_list_signers=fingerprint(signer))
    office.site.start()
    office.site.cli("tvs", "add", signer, "--role", "sast")
    office.site.stop()
    phone = led_away(office, there)
    assert [(e["list"], e["action"]) for e in phone.seen("list")][0] == ("CTL", "vouched")
    assert len(phone.seen("tvs", vouched=True, kept=False)) == 1
    assert phone.seen("list-refused") == []
    assert (phone.flash / "CTLFile.tlv").read_bytes() == \
        (there.folder / "lists/CTLFile.tlv").read_bytes()
    assert phone.wait("config", verified=True)["full"] is not None


def test_sec_23_without_the_permission_nobody_signs_lists(office, there):
    signer = there.folder / "certs/sast1.pem"
    office.site.start()
    refused = office.site.cli("tvs", "add", signer, "--role", "sast", "--json", status=1)
    assert refused["code"] == "tvs-list-signer" and fingerprint(signer) in refused["reason"]
    office.site.cli("tvs", "add", signer, "--role", "tftp")
    office.site.stop()
    before = (office.a.flash / "CTLFile.tlv").read_bytes()
    phone = led_away(office, there)
    assert phone.seen("tvs", vouched=True)
    assert {e["code"] for e in phone.seen("list-refused")} == {"list-signer-unknown"}
    assert (phone.flash / "CTLFile.tlv").read_bytes() == before


def test_sec_24_another_sites_service_is_not_heard(office, there):
    signer = there.folder / "certs/sast1.pem"
    there.configure(tvs_list_signers=fingerprint(signer))
    there.start()
    # The phone's own site sends it to the other's service, which would vouch for itself.
    office.site.start()
    office.site.cli("device", "set", A, f"TVS/members/member[1]/port={there.ports['tvs']}")
    office.a.start(office.site)
    office.a.wait("registered")
    office.a.stop()
    office.site.stop()
    there.stop()
    before = (office.a.flash / "CTLFile.tlv").read_bytes()
    phone = led_away(office, there)
    asked = phone.seen("tvs")
    assert {(e["vouched"], e["code"]) for e in asked} == {(False, "server-unknown")}
    assert {e["code"] for e in phone.seen("list-refused")} == {"list-signer-unknown"}
    assert (phone.flash / "CTLFile.tlv").read_bytes() == before


def test_sec_97_with_its_service_away_a_phone_refuses_and_works_on(office, there):
    office.site.start()
    office.a.start(office.site)
    office.a.wait("registered")
    office.a.stop()
    before = (office.a.flash / "CTLFile.tlv").read_bytes()
    office.site.stop()
    there.cli("mic", "import", office.factory.roots)
    there.start()
    office.a.start(there)
    asked = office.a.wait("tvs")
    assert asked["vouched"] is False and asked["code"] == "connect-refused"
    office.a.wait("list-refused", code="list-signer-unknown")
    office.site.start()
    office.a.wait("registered")  # at home, with what it has
    assert (office.a.flash / "CTLFile.tlv").read_bytes() == before
