# SPDX-License-Identifier: Apache-2.0
"""Storms of bad handshakes from some addresses, while good phones from another register, call and enrol.

Checks noticed here: net.storm.
"""
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import container
import rig
import rogue
from rig import A, B

STORM = Path(__file__).with_name("storm.py")
SOURCES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
A_MINUTE = 60  # handshake_failures, as it is unless somebody changes it
MANY = 1500
NEW = "SEP001122334477"


class Storms:
    """A storm from each of these addresses on each of these ports."""

    def __init__(self, pem, ports):
        self.began = time.monotonic()
        self.children = [subprocess.Popen(
            [sys.executable, STORM, source, str(port), pem], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) for source in SOURCES for port in ports]

    def end(self):
        """Connections that were tried, and seconds that it took."""
        for child in self.children:
            child.stdin.close()
        told = [json.loads(child.stdout.read()) for child in self.children]
        for child in self.children:
            child.wait(rig.PATIENCE)
        return sum(one["connections"] for one in told), time.monotonic() - self.began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()
            child.stdout.close()


@pytest.fixture
def stranger(tmp_path):
    """A certificate that nobody trusts, with its key."""
    pem = tmp_path / "stranger.pem"
    key = container.openssl("genrsa", 2048)
    pem.write_bytes(key)
    pem.write_bytes(key + container.openssl("req", "-x509", "-new", "-key", pem, "-subj",
                                            f"/CN={A}", "-days", "9"))
    return pem


def metric(site, name):
    text = site.api("GET", "/metrics")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def refused(site, name):
    return next(one["storm_refused"] for one in site.status()["listeners"] if one["name"] == name)


def test_good_phones_register_and_call_in_a_storm(office, stranger):
    site = office.site
    site.start()
    failed = metric(site, "rf_tls_refused_total")
    with Storms(stranger, [site.ports["sccp_tls"]]) as storms:
        rig.wait_until("the storm is refused", lambda: refused(site, "sccp") > MANY)
        office.b.start(site, "--answer")
        office.b.wait("registered")
        office.a.start(site, "--call", "2002", "--for", "2s")
        office.a.wait("registered")
        for phone in (office.a, office.b):
            phone.wait("call-info", security="Encrypted")
        office.a.wait("call", state="idle")
        tried, seconds = storms.end()
    # What they cost: the tokens of each address and what came back meanwhile, not a handshake each.
    failed = metric(site, "rf_tls_refused_total") - failed
    assert failed <= len(SOURCES) * (A_MINUTE + A_MINUTE * seconds / 60 + 1)
    assert tried > MANY and refused(site, "sccp") > tried / 2
    assert metric(site, "rf_net_storm_refused_total") >= refused(site, "sccp")
    for source in SOURCES:
        site.event_wait("handshake-storm", text=f"from={source} listener=sccp")
    assert not any("from=127.0.0.1 " in e["text"] for e in site.events()
                   if e["code"] == "handshake-storm")
    assert not office.a.seen("refused") and not office.a.seen("lost")


def test_a_phone_enrols_in_a_storm(trusting_site, factory, stranger):
    """At CAPF, where there are few places: silent connections must not take them all."""
    site = trusting_site
    site.start()
    site.device_add(NEW, lines=["2003,Cy,Cy"])
    site.capf_install(NEW, "mic")
    with Storms(stranger, [site.ports["capf"], site.ports["sccp_tls"]]):
        rig.wait_until("the storm is refused", lambda: refused(site, "capf") > MANY)
        phone = factory.phone(NEW).start(site)
        phone.wait("enrol-done", outcome="installed")
        phone.wait("registered")
        assert len(phone.seen("enrol")) == 1  # at the first try


def test_after_the_storm_the_address_is_as_good_as_others(office, stranger):
    """A phone behind the address of a storm waits; time alone heals it."""
    site = office.site
    site.configure(handshake_failures=600)  # ten a second come back
    site.start()
    with Storms(stranger, [site.ports["sccp_tls"]]) as storms:
        rig.wait_until("the storm is refused", lambda: refused(site, "sccp") > 50)
        storms.end()
    lsc = office.a.flash / "lsc.pem"

    def is_let_in():
        with rogue.Client(("127.0.0.1", site.ports["sccp_tls"]), lsc, source=SOURCES[0]) as client:
            return client.socket is not None
    rig.wait_until("a good certificate from there is let in again", is_let_in)


def test_without_the_limit_each_of_them_costs_a_handshake(office, stranger):
    """The twin: what `handshake_failures` is for."""
    site = office.site
    site.configure(handshake_failures=0)
    site.start()
    with Storms(stranger, [site.ports["sccp_tls"]]):
        rig.wait_until("many handshakes fail", lambda: metric(site, "rf_tls_refused_total") >
                       3 * len(SOURCES) * A_MINUTE)
    assert refused(site, "sccp") == 0
