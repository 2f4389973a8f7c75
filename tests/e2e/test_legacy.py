# SPDX-License-Identifier: Apache-2.0
"""Old phones, which speak TLS 1.0 only: their listeners, for listed models and networks, and off unless
somebody switched them on.

Checks noticed here: capf.legacy-model, sccp.legacy-model, sccp.tls-downgrade.
"""
from ssl import TLSVersion

import pytest

import capf
import rig
import sccp
from rig import A
from rogue import Client
from webserver import old_service  # noqa: F401

NEW = "SEP001122338861"
OLD = ("--tls", "legacy", "--allow-sha1")
MODEL = "7962"
PORTS = ("legacy_sccp_port", "legacy_capf_port", "legacy_tvs_port")


@pytest.fixture
def legacy(site):
    """A site that serves old phones; not started."""
    site.cli("config", "check")
    site.old_sccp, site.old_capf, site.old_tvs = (rig.free_port() for _ in range(3))
    site.configure(legacy_models="79xx", legacy_networks="127.0.0.0/8", sign_sha1="yes",
                   legacy_sccp_port=site.old_sccp - 443, legacy_capf_port=site.old_capf,
                   legacy_tvs_port=site.old_tvs)
    return site


def add(site, factory, name=A, model=MODEL, auth="mic", words=("--sha1",)):
    """A device, its software phone with a MIC signed with SHA-1, and its enrolment scheduled."""
    site.device_add(name, lines=[f"{name[-4:]},x,x"], model=model)
    site.capf_install(name, auth)
    return factory.phone(name, model=model, words=words)


def enrolled(site, factory):
    site.cli("mic", "import", factory.roots)
    site.start()
    phone = add(site, factory)
    phone.start(site, *OLD)
    phone.wait("registered")
    return phone


def listener(site, name):
    return next((one for one in site.status()["listeners"] if one["name"] == name), None)


def metric(site, name):
    text = site.api("GET", "/metrics")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def test_sec_46_sec_50_an_old_phone_enrols_and_registers(legacy, factory):
    phone = enrolled(legacy, factory)
    device = legacy.device(A)
    assert device["registered"] and device["tls_version"] == "TLSv1"
    assert device["suite"] in ("AES128-SHA", "AES256-SHA")
    assert "tls=TLSv1 " in legacy.event_wait("registered", A)["text"]
    assert listener(legacy, "sccp-legacy") == {
        "name": "sccp-legacy", "tls": "legacy", "port": legacy.old_sccp, "links": 1,
        "storm_refused": 0, "network_refused": 0}
    assert listener(legacy, "sccp")["links"] == 0
    assert metric(legacy, "rf_tls_weak_handshakes_total") >= 2  # CAPF and SCCP
    assert "weak TLS in use listener=capf-legacy" in legacy.log_text()
    assert "weak TLS in use listener=sccp-legacy" in legacy.log_text()
    weak = {one["option"] for one in legacy.status()["weak"]}
    assert set(PORTS) <= weak
    check = legacy.cli("config", "check", "--json")
    assert set(PORTS) <= {one["option"] for one in check["weak"]}
    assert phone.security()["lsc"]


def test_models_are_told_their_ports(legacy, factory):
    """A listed model gets the legacy ports in its configuration, any other those of all."""
    phone = enrolled(legacy, factory)
    assert phone.seen("enrol")[0]["port"] == legacy.old_capf
    assert phone.seen("link-up")[0]["server"] == f"127.0.0.1:{legacy.old_sccp}"
    new = add(legacy, factory, NEW, model="8861", words=())
    new.start(legacy)
    new.wait("registered")
    assert new.seen("enrol")[0]["port"] == legacy.ports["capf"]
    assert new.seen("link-up")[0]["server"] == f"127.0.0.1:{legacy.ports['sccp_tls']}"
    assert legacy.device(NEW)["tls_version"] == "TLSv1.3"


def test_sec_50_sec_95_an_old_phone_asks_tvs_at_its_port(legacy, factory, old_service):
    """A page whose server TVS alone knows: asked by TLS 1.0 at the port for such phones, which at the
    other ends the handshake."""
    legacy.cli("mic", "import", factory.roots)
    legacy.start()
    phone = add(legacy, factory)
    phone.start(legacy, *OLD, has_menu=True)
    phone.wait("registered")
    legacy.cli("tvs", "add", old_service.pem, "--role", "app-server")
    phone.say(f"open {old_service.url}")
    opened = phone.wait("service")
    assert (opened["result"], opened["by"]) == ("opened", "tvs")
    asked, = phone.seen("tvs")
    assert asked["vouched"] and asked["server"] == "127.0.0.1"
    assert "weak TLS in use listener=tvs-legacy" in legacy.log_text()
    assert listener(legacy, "tvs-legacy")["port"] == legacy.old_tvs
    for port, refusal in ((legacy.old_tvs, None), (legacy.ports["tvs"], "PROTOCOL_VERSION")):
        with Client(("127.0.0.1", port), phone.flash / "lsc.pem", version=TLSVersion.TLSv1,
                    is_weak=True) as client:
            assert client.socket if refusal is None else refusal in client.error


def test_sec_50_switched_off_an_old_phone_gets_nowhere(legacy, factory):
    """The same phone, but nobody switched the ports on: it is told the others, which know no 1.0."""
    legacy.configure(legacy_sccp_port=0, legacy_capf_port=0, legacy_tvs_port=0)
    legacy.cli("mic", "import", factory.roots)
    legacy.start()
    assert not any(listener(legacy, f"{name}-legacy") for name in ("sccp", "capf", "tvs"))
    phone = add(legacy, factory)
    phone.start(legacy, *OLD)
    assert phone.wait("enrol-done")["code"] == "tls-alert-protocol-version"
    phone.stop()
    legacy.configure(legacy_sccp_port=legacy.old_sccp - 443, legacy_capf_port=legacy.old_capf,
                     legacy_tvs_port=legacy.old_tvs)
    legacy.stop()
    legacy.start()
    phone.start(legacy, *OLD)
    phone.wait("registered")


def test_sec_50_an_old_phone_at_the_modern_port(legacy, factory):
    phone = enrolled(legacy, factory)
    phone.stop()
    lsc = phone.flash / "lsc.pem"
    with Client(("127.0.0.1", legacy.ports["sccp_tls"]), lsc, version=TLSVersion.TLSv1,
                is_weak=True) as client:
        assert client.socket is None and "PROTOCOL_VERSION" in client.error
    legacy.event_wait("link-refused", text="code=tls-version")
    assert register(legacy.old_sccp, lsc, A, TLSVersion.TLSv1) == "registered"


# ---- models ----

def register(port, pem, device, version=None):
    """What comes of a Register there: "registered", the text of the refusal, or the error of TLS."""
    with Client(("127.0.0.1", port), pem, version=version, is_weak=version is not None) as client:
        client.send(sccp.register(device))
        client.read(lambda got: any(f.id in (sccp.REGISTER_ACK, sccp.REGISTER_REJECT)
                                    for f in sccp.frames(got)))
        answers = {f.id: f.body for f in sccp.frames(client.got)}
        if sccp.REGISTER_REJECT in answers:
            return sccp.reject_text(answers[sccp.REGISTER_REJECT])
        return "registered" if sccp.REGISTER_ACK in answers else client.error


@pytest.fixture
def new_phone(legacy, factory):
    """Its LSC: of a phone that is not listed, has enrolled, and has registered by TLS 1.3."""
    legacy.cli("mic", "import", factory.roots)
    legacy.start()
    phone = add(legacy, factory, NEW, model="8861", words=())
    phone.start(legacy)
    phone.wait("registered")
    phone.stop()
    return phone.flash / "lsc.pem"


def test_sec_50_a_model_that_is_not_listed_does_not_register(legacy, new_phone):
    assert register(legacy.old_sccp, new_phone, NEW) == "Not for this model"
    event = legacy.event_wait("register-refused", NEW)
    assert event["text"].startswith("cause=12 invalidTLSCipher") and "8861" in event["text"]
    legacy.configure(legacy_models="79xx 88xx")
    assert legacy.reload() == {"applied": ["legacy_models"], "needs_restart": []}
    with Client(("127.0.0.1", legacy.old_sccp), new_phone) as client:
        client.send(sccp.register(NEW))
        legacy.wait_registered(NEW)
        legacy.configure(legacy_models="79xx")
        legacy.reload()
        assert not client.read(lambda got: False)  # its link ends
    legacy.event_wait("device-lost", NEW, text="not for its model any more")


def test_sec_50_a_model_that_is_not_listed_does_not_enrol(legacy, factory):
    legacy.cli("mic", "import", factory.roots)
    legacy.start()
    phone = add(legacy, factory, NEW, model="8861", words=())

    def enrol():
        with Client(("127.0.0.1", legacy.old_capf)) as client:
            client.read(lambda got: capf.parse(got) is not None)
            _, session, _ = capf.parse(client.got)
            client.got = b""
            client.send(capf.auth_response(session, NEW,
                                           *capf.proof(NEW, phone.flash / "mic.pem")))
            client.read(lambda got: capf.parse(got) is not None)
            return capf.parse(client.got)[0]

    assert enrol() == capf.END_SESSION
    legacy.event_wait("legacy-model", NEW)
    assert legacy.device(NEW)["capf"]["state"] == "pending"  # nothing was lost by it
    legacy.configure(legacy_models="79xx 88xx")
    legacy.reload()
    assert enrol() == capf.KEY_REQUEST


# ---- networks ----

def test_sec_50_from_another_network_nothing_is_read(legacy, factory):
    legacy.configure(legacy_networks="192.0.2.0/24, 127.0.0.2")
    legacy.cli("mic", "import", factory.roots)
    legacy.start()
    phone = add(legacy, factory)
    phone.start(legacy, *OLD)
    phone.wait("enrol-done", outcome="failed")
    event = legacy.event_wait("network-refused")
    assert "from=127.0.0.1 listener=capf-legacy" in event["text"]
    assert listener(legacy, "capf-legacy")["network_refused"] >= 1
    for is_known in (False, True):
        with Client(("127.0.0.1", legacy.old_tvs), version=TLSVersion.TLSv1, is_weak=True) as client:
            assert bool(client.socket) == is_known
        assert listener(legacy, "tvs-legacy")["network_refused"] == 1
        legacy.configure(legacy_networks="127.0.0.1")
        assert legacy.reload()["needs_restart"] == []
    phone.wait("registered")


# ---- SHA-1 ----

def test_certificates_signed_with_sha1_count_at_the_legacy_ports_only(legacy, factory):
    legacy.configure(accept_mic_for_signalling="yes")
    legacy.cli("mic", "import", factory.roots)
    legacy.start()
    mic = add(legacy, factory).flash / "mic.pem"
    tls12 = TLSVersion.TLSv1_2
    assert register(legacy.ports["sccp_tls"], mic, A, tls12) != "registered"
    legacy.event_wait("link-refused", text="code=cert-digest")
    assert register(legacy.old_sccp, mic, A, tls12) == "registered"


def test_a_sha1_chain_does_not_enrol_at_the_modern_port(legacy, factory):
    legacy.cli("mic", "import", factory.roots)
    legacy.start()
    phone = add(legacy, factory, NEW, model="8861")  # signed with SHA-1 like an old one
    phone.start(legacy)
    phone.wait("enrol-done", outcome="failed")
    legacy.event_wait("cert-digest", NEW)


# ---- downgrades ----

def test_sec_50_a_phone_that_did_better_before_is_not_let_in_with_less(legacy, new_phone):
    legacy.configure(legacy_models="79xx 88xx")
    legacy.reload()
    for _ in range(2):
        assert register(legacy.old_sccp, new_phone, NEW, TLSVersion.TLSv1) == "TLS downgrade"
        event = legacy.event_wait("tls-downgrade", NEW)
        assert "cause=12 " in event["text"] and "TLSv1," in event["text"]
        assert metric(legacy, "rf_tls_downgrades_total") == 1
        legacy.stop()  # it is remembered
        legacy.start()
    assert register(legacy.old_sccp, new_phone, NEW, TLSVersion.TLSv1_2) == "registered"


def test_sec_50_the_fallback_scsv_is_an_alarm(legacy):
    legacy.start()
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{legacy.old_capf}", "-tls1", "-cipher",
             "DEFAULT:@SECLEVEL=0"]
    told = rig.run(*words, text_in="", status=None, encoding="latin-1").stdout
    assert "Cipher is ECDHE-RSA-AES256-SHA" in told
    assert "tls-downgrade" not in legacy.log_text()
    done = rig.run(*words, "-fallback_scsv", text_in="", status=None, encoding="latin-1")
    assert "inappropriate fallback" in done.stdout + done.stderr
    event = legacy.event_wait("tls-downgrade")
    assert "from=127.0.0.1 listener=capf-legacy" in event["text"]


# ---- configuration ----

@pytest.mark.parametrize("missing", ["legacy_models", "legacy_networks"])
@pytest.mark.parametrize("port", PORTS)
def test_a_legacy_port_wants_models_and_networks(legacy, port, missing):
    for other in PORTS:
        legacy.configure(**{other: 2100 if other == port else 0})
    legacy.cli("config", "check")
    legacy.configure(**{missing: ""})
    lines = (legacy.folder / "ringfence.conf").read_text().splitlines()
    at = next(i for i, line in enumerate(lines, 1) if line.startswith(f"{port} "))
    refused = legacy.cli("config", "check", "--json", status=1)
    assert refused["code"] == "conf-legacy"
    assert f"line {at}: {port} is set: it wants {missing}" in refused["reason"]
    legacy.configure(**{port: 0})  # without a port they may be left out
    legacy.cli("config", "check")
