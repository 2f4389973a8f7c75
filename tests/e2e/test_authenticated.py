# SPDX-License-Identifier: Apache-2.0
"""Devices in authenticated mode, whose signalling is signed and not hidden, and nonsecure ones: their
listeners, which are off unless somebody switched them on, and who is refused where.

Checks noticed here: station.authenticated-link.
"""
import json
import socket
import ssl
import struct

import pytest

import proxy
import rig
import sccp
import wire
from rig import A, B
from rogue import Client

NULL = "NULL-SHA256:NULL-SHA"
TLS12 = ssl.TLSVersion.TLSv1_2
PROXY = "127.0.0.2"


@pytest.fixture
def here(office):
    """An office that serves authenticated devices; not started."""
    office.port = rig.free_port()
    office.site.configure(authenticated_sccp_port=office.port - 443,
                          authenticated_networks="127.0.0.0/8", keepalive_s=1)
    return office


def switch_on(office, mode="authenticated", device=A):
    office.site.start()
    office.site.cli("device", "change", device, "--mode", mode)
    return office


@pytest.fixture
def served(here):
    return switch_on(here)


def lsc(phone):
    return phone.flash / "lsc.pem"


def listener(site, name):
    return next((one for one in site.status()["listeners"] if one["name"] == name), None)


def register(port, pem, device, **more):
    """What comes of a Register there: "registered", the text of the refusal, or the error of TLS."""
    with Client(("127.0.0.1", port), pem, **more) as client:
        return said(client, device)


def said(client, device):
    client.send(sccp.register(device))
    client.read(lambda got: any(f.id in (sccp.REGISTER_ACK, sccp.REGISTER_REJECT)
                                for f in sccp.frames(got)))
    answers = {f.id: f.body for f in sccp.frames(client.got)}
    if sccp.REGISTER_REJECT in answers:
        return sccp.reject_text(answers[sccp.REGISTER_REJECT])
    return "registered" if sccp.REGISTER_ACK in answers else client.error


def plain(port, device, source="127.0.0.1"):
    """The same without TLS."""
    with socket.create_connection(("127.0.0.1", port), timeout=rig.PATIENCE,
                                  source_address=(source, 0)) as link:
        got = b""
        try:
            link.sendall(sccp.register(device))
            while not (answers := {f.id: f.body for f in sccp.frames(got)}):
                data = link.recv(4096)
                if not data:
                    return "closed"
                got += data
        except ConnectionError:
            return "closed"
        if sccp.REGISTER_REJECT in answers:
            return sccp.reject_text(answers[sccp.REGISTER_REJECT])
        return "registered" if sccp.REGISTER_ACK in answers else "?"


def refused(site, device, cause):
    return site.event_wait("register-refused", device, text=f"cause={cause} ")


# ---- authenticated ----

def records(stream):
    """What a connection says inside TLS 1.2 with NULL-SHA256, read off the wire without any key."""
    said_inside, is_on = b"", False
    while len(stream) >= 5:
        kind, size = stream[0], struct.unpack(">H", stream[3:5])[0]
        if kind == 23 and is_on:
            said_inside += stream[5:5 + size - 32]  # its MAC stands behind it, and nothing else
        is_on = is_on or kind == 20  # ChangeCipherSpec
        stream = stream[5 + size:]
    return said_inside


def test_sec_45_an_authenticated_phone_registers_and_is_read_along(served, network, tmp_path):
    """It calls an encrypted one: no key goes to it, the call is one of authenticated signalling, and
    whoever is on the wire reads names and digits without a key."""
    site, path = served.site, tmp_path / "lo.pcap"
    with wire.Capture("lo", path):
        served.b.start(site, "--answer")
        served.b.wait("registered")
        served.a.start(site, "--call", "2002", "--for", "1s", "--exit-after-call")
        served.a.wait("registered")
        device = site.device(A)
        served.a.wait_end()
        served.b.stop()
    assert served.a.seen("link-up")[0]["server"] == f"127.0.0.1:{served.port}"
    assert (device["tls_version"], device["suite"]) == ("TLSv1.2", "NULL-SHA256")
    site.event_wait("registered", A, text="suite=NULL-SHA256 ")
    assert "weak TLS in use listener=sccp-authenticated" in site.log_text()
    record = site.event_wait("call-ended")["text"]
    assert "security=authenticated" in record
    streams = [(way, records(data)) for way, data in wire.tcp_streams(path)
               if served.port in (way[0][1], way[1][1])]
    frames = [frame for _, inside in streams for frame in sccp.frames(inside)]
    assert sccp.digits(frames) == "2002"
    assert [f for f in frames if f.id == sccp.OPEN_RECEIVE]
    assert sccp.media_keys(frames) == []
    judged = tmp_path / "inside.pcap"
    pcap = wire.Pcap(judged)
    for way, inside in streams:
        pcap.write(wire.made_up(wire.TCP, *way, b"", 0, wire.TCP_SYN))
        for at in range(0, len(inside), 1400):
            pcap.write(wire.made_up(wire.TCP, *way, inside[at:at + 1400], at + 1))
    pcap.close()
    told = wire.tshark(judged, "-d", f"tcp.port=={served.port},skinny", "-T", "fields", "-e",
                       "skinny.DeviceName", "-e", "skinny.callSecurityStatus")
    statuses = {status for row in told.split() for status in row.split(",")} - {A}
    assert A in told and statuses == {"0x00000002"}  # the shield


def test_the_doctor_calls_there_as_the_phone_does(served):
    told = rig.run(rig.program("ringphone"), "doctor", "--flash", served.a.flash, "--tftp",
                   served.site.tftp, "--json", "--settle", "200ms", "--register", status=None)
    report = json.loads(told.stdout)["lines"]
    looked = [line for line in report if line.get("step") == "call-manager"]
    assert any("TLSv1.2 NULL-SHA256" in line["what"] for line in looked), told.stdout
    assert "number 2001" in report[-1]["what"], told.stdout
    assert not [line for line in report if line.get("grade") == "fault"], told.stdout


@pytest.mark.parametrize("direction", [proxy.TO_SERVER, proxy.TO_CLIENT])
def test_sec_45_one_bit_of_a_record_ends_an_authenticated_link(here, direction):
    here.site.configure(advertise=PROXY)
    switch_on(here)
    with proxy.Proxy((PROXY, here.port), ("127.0.0.1", here.port)) as between:
        here.a.start(here.site)
        here.a.wait("registered")
        passed = between.records[direction]
        rig.wait_until("two records", lambda: between.records[direction] >= passed + 2)
        assert not here.a.seen("lost")  # as they were sent
        between.flip(direction)
        lost = here.a.wait("lost")
        event = here.site.event_wait("device-lost", A)
        if direction == proxy.TO_SERVER:
            assert 'reason="tls-bad-record"' in event["text"]
            assert lost["code"] == "tls-alert-bad-record-mac"
        else:
            assert lost["code"] == "tls-bad-record"
        here.a.wait("registered", after=1)
        here.a.stop()


@pytest.mark.parametrize("bit", [None, 0])
def test_sec_45_a_message_of_a_changed_record_is_not_processed(served, bit):
    """A's Register, as it was sent, and with one bit changed on its way; the next is as sent."""
    site = served.site
    before = len([e for e in site.events() if e["code"] == "registered"])
    with proxy.Proxy((PROXY, 0), ("127.0.0.1", served.port)) as between:
        if bit is not None:
            between.flip(proxy.TO_SERVER, bit=bit)
        with Client(between.address, lsc(served.a), version=TLS12, suites=NULL) as client:
            told = said(client, A)
    if bit is None:
        assert told == "registered"
    else:
        assert "BAD_RECORD_MAC" in told and not site.device(A)["registered"]
    assert register(served.port, lsc(served.a), A, version=TLS12, suites=NULL) == "registered"
    site.events_wait("registered", before + (2 if bit is None else 1))
    site.events_wait("register-refused", 0)


def test_sec_46_an_encrypted_phone_beside_it_is_not_read(served, network, tmp_path):
    """The same search at the port of all: records are there, and no frame is found in them."""
    path = tmp_path / "lo.pcap"
    with wire.Capture("lo", path):
        served.b.start(served.site)
        served.b.wait("registered")
        served.b.stop()
    assert served.site.event_wait("registered", B)["text"].count("TLS_AES_256_GCM_SHA384") == 1
    port = served.site.ports["sccp_tls"]
    data = b"".join(data for way, data in wire.tcp_streams(path) if port in (way[0][1], way[1][1]))
    assert len(data) > 1000 and b"SEP0011" not in data and b"Ben" not in data


class Recorder(proxy.Proxy):
    """What went to the server, as it was on the wire."""
    heard = b""

    def _changed(self, record, direction):
        if direction == proxy.TO_SERVER:
            self.heard += record
        return super()._changed(record, direction)


@pytest.mark.parametrize("policy,version,suites,expected", [
    ("modern", ssl.TLSVersion.TLSv1_3, None, "TLS_AES_256_GCM_SHA384"),
    ("modern", TLS12, None, "ECDHE-RSA-AES256-GCM-SHA384"),
    ("modern", TLS12, "AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    ("legacy", TLS12, "AES128-SHA:ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES256-SHA"),
    ("legacy", TLS12, "AES128-SHA", "AES128-SHA"),
])
def test_sec_46_each_policy_has_its_suite_and_hides_what_is_said(here, policy, version, suites,
                                                                 expected):
    """The server's first choice of what a phone knows; and a Register that nobody can read."""
    old = rig.free_port()
    here.site.configure(legacy_sccp_port=old - 443, legacy_models="8861",
                        legacy_networks="127.0.0.0/8")
    here.site.start()
    port = old if policy == "legacy" else here.site.ports["sccp_tls"]
    with Recorder((PROXY, 0), ("127.0.0.1", port)) as between:
        with Client(between.address, lsc(here.b), version=version, suites=suites) as client:
            assert said(client, B) == "registered"
    here.site.event_wait("registered", B, text=f"suite={expected} ")
    assert between.records[proxy.TO_SERVER] and sccp.register(B)[8:40] not in between.heard


def test_sec_46_the_same_look_finds_it_where_nothing_is_hidden(served):
    with Recorder((PROXY, 0), ("127.0.0.1", served.port)) as between:
        with Client(between.address, lsc(served.a), version=TLS12, suites=NULL) as client:
            assert said(client, A) == "registered"
    assert sccp.register(A)[8:40] in between.heard


def test_sec_47_only_suites_without_encryption(served):
    """An encrypted device: at the port of all no handshake, at the other no registration."""
    site = served.site
    assert register(site.ports["sccp_tls"], lsc(served.b), B, version=TLS12, suites=NULL) == \
        "SSLV3_ALERT_HANDSHAKE_FAILURE"
    site.event_wait("link-refused", text="cause=12 invalidTLSCipher code=tls-no-common-suite")
    assert register(served.port, lsc(served.b), B, version=TLS12, suites=NULL) == "Wrong cipher"
    assert "NULL-SHA256" in refused(site, B, 12)["text"]
    assert register(site.ports["sccp_tls"], lsc(served.b), B) == "registered"


def test_sec_47_an_authenticated_device_where_all_is_encrypted(served):
    site = served.site
    assert register(site.ports["sccp_tls"], lsc(served.a), A) == "Wrong cipher"
    refused(site, A, 12)
    assert register(served.port, lsc(served.a), A, version=TLS12, suites=NULL) == "registered"


def test_sec_50_the_authenticated_port_knows_one_version(served):
    """No 1.3, which has no such suite; nothing below 1.2; and no second try with less."""
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1):
        with Client(("127.0.0.1", served.port), lsc(served.a), version=version,
                    suites=f"{NULL}:DEFAULT") as client:
            assert client.socket is None and "PROTOCOL_VERSION" in client.error
        served.site.event_wait("link-refused", text="code=tls-version")
    assert register(served.port, lsc(served.a), A, version=TLS12, suites=NULL) == "registered"


def test_sec_50_a_floor_of_13_leaves_no_room_for_it(here):
    """A site that wants TLS 1.3 alone has no port for less, and takes no authenticated device."""
    site = here.site
    site.configure(sccp_tls_min="1.3")
    refusal = site.cli("config", "check", "--json", status=1)
    assert refusal["code"] == "conf-authenticated" and "authenticated_sccp_port" in refusal["reason"]
    site.configure(authenticated_sccp_port=0)
    site.start()
    refusal = site.cli("device", "change", A, "--mode", "authenticated", "--json", status=1)
    assert refusal["code"] == "mode-authenticated"
    tls = site.ports["sccp_tls"]
    for version, suites in ((TLS12, NULL), (TLS12, None), (ssl.TLSVersion.TLSv1, "DEFAULT")):
        assert "PROTOCOL_VERSION" in register(tls, lsc(here.a), A, version=version, suites=suites)
    assert register(tls, lsc(here.a), A) == "registered"


def test_sec_51_sessions_of_the_authenticated_port(served):
    """A's session is A's, and is one of that port."""
    site = served.site
    with Client(("127.0.0.1", served.port), lsc(served.a), version=TLS12, suites=NULL) as first:
        assert said(first, A) == "registered"
    assert said(Client(("127.0.0.1", served.port), resume=first), B) == "Certificate name mismatch"
    refused(site, B, 11)
    assert "resumed=yes" not in site.log_text()
    again = Client(("127.0.0.1", served.port), resume=first)
    assert again.socket.session_reused and said(again, A) == "registered"
    site.event_wait("registered", A, text="resumed=yes")
    elsewhere = Client(("127.0.0.1", site.ports["sccp_tls"]), resume=first)
    assert elsewhere.socket is None and elsewhere.error == "SSLV3_ALERT_HANDSHAKE_FAILURE"


# ---- before and without a handshake ----

def hello_of(pem, suites=None):
    """The first record of a handshake."""
    context = Client._context(str(pem), TLS12, False, suites)
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(inside, outside).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outside.read()


@pytest.mark.parametrize("is_null", [False, True])
def test_sec_52_register_before_the_handshake_is_done(served, is_null):
    """Plain SCCP, and SCCP in a record of application data behind the hello: closed, and nobody is
    registered or refused."""
    site = served.site
    port, phone, device = (served.port, served.a, A) if is_null else \
        (site.ports["sccp_tls"], served.b, B)
    words = sccp.register(device)
    inside = b"\x17\x03\x03" + struct.pack(">H", len(words)) + words
    for data in (words, hello_of(lsc(phone), NULL if is_null else None) + inside):
        with socket.create_connection(("127.0.0.1", port), timeout=rig.PATIENCE) as link:
            link.sendall(data)
            got = b""
            try:
                while more := link.recv(4096):
                    got += more
            except ConnectionError:
                pass
        assert got[:1] in (b"", b"\x15", b"\x16")  # nothing but TLS: an alert, its handshake
    assert not site.device(device)["registered"]
    site.events_wait("link-refused", 2)
    site.events_wait("register-refused", 0)
    assert register(port, lsc(phone), device, version=TLS12,
                    suites=NULL if is_null else None) == "registered"


# ---- in the clear ----

def test_sec_48_sec_49_each_mode_has_its_port(here):
    site = here.site
    site.configure(plain_networks="127.0.0.0/8")
    switch_on(here)
    base, tls = site.ports["sccp_tls"] - 443, site.ports["sccp_tls"]
    for device in (A, B):  # authenticated, encrypted
        assert plain(base, device) == "Secure link required"
        refused(site, device, 28)
    site.cli("device", "change", A, "--mode", "nonsecure")
    for port, suites in ((tls, None), (here.port, NULL)):
        assert register(port, lsc(here.a), A, version=TLS12, suites=suites) == \
            "Secure link not allowed"
        refused(site, A, 28)
    assert plain(base, A) == "registered"
    assert plain(base, B) == "Secure link required"
    assert listener(site, "sccp-plain")["port"] == base
    assert listener(site, "sccp-plain")["tls"] == "none"
    assert "plain_networks" in {one["option"] for one in site.status()["weak"]}


def test_a_nonsecure_phone_registers_and_calls_in_the_clear(here):
    site = here.site
    site.configure(plain_networks="127.0.0.1")
    switch_on(here, "nonsecure")
    here.b.start(site, "--answer")
    here.b.wait("registered")
    here.a.start(site, "--call", "2002", "--for", "1s", "--exit-after-call")
    here.a.wait("registered")
    assert site.device(A)["suite"] is None
    here.a.wait_end()
    here.b.stop()
    assert here.a.seen("link-up")[0]["server"] == f"127.0.0.1:{site.ports['sccp_tls'] - 443}"
    assert "security=not-authenticated" in site.event_wait("call-ended")["text"]
    assert plain(site.ports["sccp_tls"] - 443, A, source="127.0.0.3") == "closed"
    site.event_wait("network-refused", text="listener=sccp-plain")


def test_links_in_the_clear_leave_room_for_others(here):
    """One address has 64 of them; others come in, and TLS does not notice."""
    site = here.site
    site.configure(plain_networks="127.0.0.0/8")
    switch_on(here, "nonsecure")
    base = site.ports["sccp_tls"] - 443
    held = []
    try:
        for _ in range(64):
            held.append(socket.create_connection(("127.0.0.1", base), timeout=rig.PATIENCE,
                                                 source_address=("127.0.0.1", 0)))
        rig.wait_until("64 links", lambda: listener(site, "sccp-plain")["links"] == 64)
        assert plain(base, A) == "closed"
        assert plain(base, A, source="127.0.0.3") == "registered"
        assert register(site.ports["sccp_tls"], lsc(here.b), B) == "registered"
    finally:
        for one in held:
            one.close()
    rig.wait_until("room", lambda: plain(base, A) == "registered")


def test_nothing_weak_listens_unless_it_was_switched_on(office):
    site = office.site.start()
    names = {one["name"] for one in site.status()["listeners"]}
    assert not names & {"sccp-plain", "sccp-authenticated", "sccp-legacy"}
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", site.ports["sccp_tls"] - 443), timeout=1)
    refusal = site.cli("device", "change", A, "--mode", "authenticated", "--json", status=1)
    assert refusal["code"] == "mode-authenticated"
    assert "authenticated_sccp_port" in refusal["reason"]


def test_a_nonsecure_cluster_takes_all_in_the_clear(here):
    """Whatever the modes say, and no TLS."""
    site = here.site
    site.configure(cluster="nonsecure", plain_networks="127.0.0.0/8")
    switch_on(here)
    base = site.ports["sccp_tls"] - 443
    assert plain(base, A) == "registered"
    assert plain(base, B) == "registered"
    assert [site.device(B)[key] for key in ("mode", "mode_in_force")] == ["encrypted", "nonsecure"]
    assert register(site.ports["sccp_tls"], lsc(here.b), B) == "Secure link not allowed"
    assert "cluster" in {one["option"] for one in site.status()["weak"]}


def test_the_listener_is_shown_and_its_networks_follow_a_reload(served):
    site = served.site
    assert listener(site, "sccp-authenticated") == {
        "name": "sccp-authenticated", "tls": "authenticated", "port": served.port, "links": 0,
        "storm_refused": 0, "network_refused": 0}
    weak = {one["option"] for one in site.status()["weak"]}
    assert "authenticated_sccp_port" in weak
    check = site.cli("config", "check", "--json")
    assert "authenticated_sccp_port" in {one["option"] for one in check["weak"]}
    site.configure(authenticated_networks="192.0.2.0/24")
    assert site.reload() == {"applied": ["authenticated_networks"], "needs_restart": []}
    assert register(served.port, lsc(served.a), A, version=TLS12, suites=NULL) != "registered"
    site.event_wait("network-refused", text="listener=sccp-authenticated")
    site.configure(authenticated_networks="127.0.0.1")
    site.reload()
    assert register(served.port, lsc(served.a), A, version=TLS12, suites=NULL) == "registered"
