# SPDX-License-Identifier: Apache-2.0
"""A survivable router and its centre: what each believes of the other, who may register there, what comes
to the centre afterwards. The phones' own rules are in test_srst_phone.py, the wire between in
test_srst_branch.py.
"""
import time

import pytest

import branch
import rig
from rig import A, B
from rogue import Client
import sccp

SOON_S = 15
BACK_S = 40  # the centre is looked for every few seconds, and has to answer for branch.PROVEN_S


class Town:
    """An office whose centre has a router; phones A (2001) and B (2002) are off."""

    def __init__(self, folder, office):
        self.office, self.centre, self.folder = office, office.site, folder
        self.centre.configure(keepalive_s=1, **branch.CENTRE)
        self.centre.start()
        self.router = branch.Router(folder / "router", "branch1", listen="127.0.0.2", keepalive_s=1)
        self.router.start()
        branch.join(self.centre, self.router, "127.0.0.1", "127.0.0.2")
        self.centre.cli("srst", "use", "branch1")
        self.await_snapshot()
        self.phones = {"a": office.a, "b": office.b}

    @property
    def at_router(self):
        return f"127.0.0.2:{self.router.ports['sccp_tls']}"

    def await_snapshot(self):
        rig.wait_until(lambda: f"the snapshot: {self.router.log_text()[-2000:]}",
                       lambda: self.router.status()["devices"] == 2)

    def switch_on(self):
        for phone in self.phones.values():
            phone.start(self.centre, has_menu=True)
        for phone in self.phones.values():
            phone.wait("registered")
            phone.wait("standby", what="up", server=self.at_router)
        return self.phones["a"], self.phones["b"]

    def fall_back(self, *phones):
        self.centre.kill()
        for phone in phones:
            phone.wait("registered", server=self.at_router, patience=SOON_S)

    def call(self, a, b, number="2002"):
        ringing, up = (len(b.seen("call", state=state)) for state in ("ring-in", "connected"))
        a.say(f"call {number}")
        b.wait("call", after=ringing, state="ring-in")
        b.say("answer")
        b.wait("call", after=up, state="connected")

    def origins(self):
        return [c["origin"] for c in self.centre.api("GET", "/v1/calls/history")["calls"] if c["origin"]]


@pytest.fixture
def town(tmp_path, office):
    return Town(tmp_path, office)


def test_sec_90_the_centre_is_gone_and_comes_back(town):
    a, b = town.switch_on()
    town.fall_back(a, b)
    assert a.seen("registered")[-1]["fallback"] is True
    device = town.router.device(A)
    assert device["registered"] and device["tls_version"].startswith("TLSv1.")
    town.call(a, b)
    for phone in (a, b):
        phone.wait_now("call-info", security="Encrypted")
    call, = town.router.api("GET", "/v1/calls")["calls"]
    assert call["security"] == "encrypted"
    a.say("hangup")
    town.centre.start()
    for phone in (a, b):
        rig.wait_until(lambda p=phone: f"{p.name} back: {p.events[-5:]}",
                       lambda p=phone: p.seen("registered")[-1]["fallback"] is False, BACK_S)
    rig.wait_until(lambda: f"the branch's record: {town.centre.api('GET', '/v1/calls/history')}",
                   lambda: town.origins() == ["branch1"])
    branch.wait_state(town.centre, "branch1", state="normal", phones=0)
    # A record goes once, also when the router starts anew.
    town.router.kill()
    town.router.start()
    town.call(a, b)
    a.say("hangup")
    time.sleep(7)
    assert town.origins() == ["branch1"]


def test_a_killed_router_serves_from_its_snapshot(town):
    """The centre is away, the router is killed and started: phones register and call."""
    a, b = town.switch_on()
    town.fall_back(a, b)
    town.router.kill()
    town.router.start()
    for phone in (a, b):
        phone.wait("registered", after=1, server=town.at_router, patience=BACK_S)
    town.call(a, b)
    for phone in (a, b):
        phone.wait_now("call-info", security="Encrypted")


def test_a_damaged_snapshot_serves_nobody(town):
    path = town.router.folder / "branch/snapshot.sgn"
    held = path.read_bytes()
    town.centre.stop()
    town.router.stop()
    damaged = bytearray(held)
    damaged[-2] ^= 1
    path.write_bytes(bytes(damaged))
    town.router.start()
    status = town.router.status()["srst"]
    assert (status["snapshot"], status["code"]) == (None, "sig-mismatch")
    town.router.stop()
    path.write_bytes(held)
    town.router.start()
    assert town.router.status()["devices"] == 2
    # What the router was told of the damage is gone once the centre answers again.
    town.router.stop()
    path.write_bytes(bytes(damaged))
    town.router.start()
    assert town.router.status()["devices"] == 0
    town.centre.start()
    town.await_snapshot()


def test_a_change_at_the_centre_comes_to_the_router(town):
    serial = branch.reference(town.centre, "branch1")["serial"]
    town.centre.cli("device", "remove", B)
    rig.wait_until("one device", lambda: town.router.status()["devices"] == 1)
    assert branch.reference(town.centre, "branch1")["serial"] > serial


def test_a_phone_of_another_issuer_is_refused_there(town, tmp_path):
    """And the phone of the branch, by the same link, is not."""
    other = rig.Site(tmp_path / "other")
    key, csr, pem = (tmp_path / f"x.{kind}" for kind in ("key", "csr", "pem"))
    rig.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={A}", "-keyout", key,
            "-out", csr)
    extensions = tmp_path / "x.cnf"
    extensions.write_text("basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\n"
                          "extendedKeyUsage=clientAuth,serverAuth\n")
    rig.run("openssl", "x509", "-req", "-in", csr, "-CA", other.folder / "certs/lsc-issuer.pem", "-CAkey",
            other.folder / "keys/lsc-issuer.pem", "-days", "10", "-extfile", extensions, "-out", pem)
    with open(pem, "ab") as file:
        file.write(key.read_bytes())
    port = town.router.ports["sccp_tls"]

    def register(certificate):
        with Client(("127.0.0.2", port), certificate) as client:
            client.send(sccp.register(A))
            client.read(lambda got: any(f.id == sccp.REGISTER_ACK for f in sccp.frames(got)))
            return client.error or "registered"
    assert register(pem) == "TLSV1_ALERT_UNKNOWN_CA"
    assert register(town.office.a.flash / "lsc.pem") == "registered"


def test_another_certificate_of_the_router_is_an_alarm_and_no_more(town, tmp_path):
    accepted = branch.reference(town.centre, "branch1")["fingerprint"]
    town.router.stop()
    rig.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
            "/CN=branch1-SRST/O=branch1", "-keyout", town.router.folder / "keys/ccm.pem", "-out",
            town.router.folder / "certs/ccm.pem")
    town.router.start()
    town.centre.event_wait("srst-certificate-changed", text="branch1")
    assert branch.reference(town.centre, "branch1")["fingerprint"] == accepted
    now = rig.run("openssl", "x509", "-in", town.router.folder / "certs/ccm.pem", "-noout", "-fingerprint",
                  "-sha256").stdout.split("=")[1].strip()
    town.centre.cli("srst", "update", "branch1", "--fingerprint", now)
    branch.wait_state(town.centre, "branch1", state="normal", patience=90)


def test_sec_93_phones_that_are_stuck_are_listed_and_released(town):
    """The site becomes one without security while its phones are at the router: they do not come back by
    themselves, the list says so, and `srst release` has them start anew."""
    a, b = town.switch_on()
    town.fall_back(a, b)
    town.centre.configure(cluster="nonsecure", plain_networks="127.0.0.0/8")
    town.centre.start()
    branch.wait_state(town.centre, "branch1", state="fallback", stuck=2, patience=BACK_S)
    town.centre.event_wait("srst-stuck", text="srst release")
    assert "is not connected" in town.centre.cli("srst", "release", "elsewhere", status=1).stderr
    town.centre.cli("srst", "release", "branch1")
    for phone in (a, b):
        rig.wait_until(lambda p=phone: f"{p.name} back: {p.events[-8:]}",
                       lambda p=phone: p.seen("registered")[-1]["server"].startswith("127.0.0.1:"), BACK_S)
    branch.wait_state(town.centre, "branch1", state="normal", stuck=0)


def test_another_signer_of_the_centre_comes_to_the_router(town):
    """The key that signs snapshots is changed, and the former one forgotten; started anew while the centre is
    away, the router serves all the same."""
    for phone in town.phones.values():
        phone.start(town.centre)
        phone.wait("registered")
    before = (town.router.folder / "branch/snapshot.sgn").read_bytes()
    town.centre.cli("rotate", "begin", "tftp")
    town.centre.reload()
    town.centre.cli("rotate", "next", "--force")
    town.centre.stop()
    town.centre.start()
    town.centre.cli("rotate", "next", "--force")
    town.centre.reload()
    lists = town.centre.folder / "lists/CTLFile.tlv"
    rig.wait_until("the last list", lambda: (town.router.folder / "lists/CTLFile.tlv").read_bytes()
                   == lists.read_bytes(), BACK_S)
    rig.wait_until("a snapshot by the other key", lambda: (
        town.router.folder / "branch/snapshot.sgn").read_bytes() != before, 90)
    town.centre.kill()
    town.router.stop()
    town.router.start()
    assert town.router.status()["devices"] == 2
