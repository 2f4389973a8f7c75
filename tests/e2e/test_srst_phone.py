# SPDX-License-Identifier: Apache-2.0
"""A branch: phones of a site whose call manager is killed, and a router that they were told of in their
signed configuration. The router of these tests is a second ringfenced with the same devices and a
certificate of its own, which stands in no list."""
import base64
import shutil
import time

import pytest

import rig
import voices

NAMES = {"a": "SEP001122334455", "b": "SEP00112233AABB"}
LINES = {"a": "2001,Ada,Ada", "b": "2002,Ben,Ben"}
KEEPALIVE_S = 1
MONITOR_S = 5
SOON_S = 8  # --retry-ms 1000 (rig.py): a call manager is looked for every 2 s


def new_certificate(folder):
    """A key and a certificate that no list has, by another program than ours. Returns the DER."""
    folder.mkdir()
    rig.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 300, "-subj",
            "/CN=branch/O=Router of a test", "-keyout", folder / "key.pem", "-out",
            folder / "cert.pem")
    rig.run("openssl", "x509", "-in", folder / "cert.pem", "-outform", "DER", "-out",
            folder / "cert.der")
    return (folder / "cert.der").read_bytes()


def set_fallback(phone, word):
    """As its user does, while it is off."""
    for words in (["unlock"], ["set", "--srst-clear-fallback", word]):
        rig.run(rig.program("ringphone"), words[0], "--flash", phone.flash, *words[1:])
    assert phone.security()["options"]["srst_clear_fallback"] == word


class Branch:
    """A site with its phones, and what a router of it needs."""

    def __init__(self, folder, made_site, made_factory):
        self.folder = folder
        self.base, self.other = (rig.free_port() - 443 for _ in range(2))
        self.site = rig.Site(folder / "site", like=made_site, keepalive_s=KEEPALIVE_S,
                             sccp_port=self.base)
        self.factory = rig.Factory(folder / "factory", like=made_factory)
        self.site.cli("mic", "import", self.factory.roots)
        self.site.cli("image", "import", *self.factory.firmware_files("1.0"))
        self.site.start()
        self.at_site = f"127.0.0.1:{self.base + 443}"
        self.at_router = f"127.0.0.2:{self.other + 443}"
        self.clear_at_router = f"127.0.0.2:{self.other}"
        self.own = new_certificate(folder / "own")

    def phones(self, told, *names):
        """`told`: the DER of the certificate in their configuration, or None."""
        srst = {"srstOption": "User Specific", "ipAddr1": "127.0.0.2", "port1": self.other,
                "isSecure": "true" if told else "false"}
        if told:
            srst["certificate"] = base64.b64encode(told).decode()
        made = {}
        for who in names:
            name = NAMES[who]
            self.site.cli("device", "add", name, "--model", "8861", "--line", LINES[who], "--load",
                          "ringphone-1.0")
            self.site.cli("device", "set", name,
                          *(f"devicePool/srstInfo/{key}={value}" for key, value in srst.items()),
                          f"devicePool/connectionMonitorDuration={MONITOR_S}")
            self.site.capf_install(name, "mic")
            made[who] = self.factory.phone(name)
        return made

    def start(self, phones):
        for who, phone in phones.items():
            phone.start(self.site, "--play", voices.write(self.folder / f"{who}.wav", who),
                        has_menu=True)
        for phone in phones.values():
            assert not self.at(phone, self.at_site)["fallback"]

    def router(self, **conf):
        """Made from the site as it is now, devices and all, but with its own certificate."""
        router = self.site.restored(self.folder / "router", listen="127.0.0.2",
                                    sccp_port=self.other, **conf)
        shutil.copyfile(self.folder / "own/key.pem", router.folder / "keys/ccm.pem")
        shutil.copyfile(self.folder / "own/cert.pem", router.folder / "certs/ccm.pem")
        return router.start()

    def at(self, phone, server, patience=rig.PATIENCE):
        """The last registration that this phone told of is there, or comes to be."""
        def last():
            return phone.seen("registered")[-1:]
        return rig.wait_until(lambda: f"{phone.name} registered at {server}: {phone.events[-8:]}",
                              lambda: [one for one in last() if one["server"] == server],
                              patience)[0]


@pytest.fixture
def branch(tmp_path, made_site, made_factory):
    return Branch(tmp_path, made_site, made_factory)


def call(a, b, number):
    a.say(f"call {number}")
    b.wait("call", state="ring-in")
    b.say("answer")
    for phone in (a, b):
        phone.wait("call", state="connected")
        phone.wait_now("call-info", icon="lock")
    b.say("hangup")
    a.wait("call", state="idle")


def test_sec_90_the_router_takes_over_by_tls_and_the_phones_come_back(branch):
    phones = branch.phones(branch.own, *NAMES)
    branch.start(phones)
    router = branch.router()
    for phone in phones.values():
        phone.wait("standby", what="up", server=branch.at_router)
    branch.site.kill()
    for phone in phones.values():
        event = branch.at(phone, branch.at_router, SOON_S)
        assert event["fallback"] and event["tls"]
        assert phone.say("settings")["page"]["fallback"]
        phone.wait("status", text=f"CM Fallback Service Operating: {branch.at_router}")
    call(phones["a"], phones["b"], "2002")

    # A line that comes and goes: the call manager is there for less than what it has to prove.
    for _ in range(2):
        before = len(phones["a"].seen("standby", what="proves"))
        branch.site.start()
        phones["a"].wait("standby", after=before, what="proves")
        branch.site.kill()
    for phone in phones.values():
        assert phone.seen("registered")[-1]["server"] == branch.at_router

    before = len(phones["a"].seen("standby", what="proves"))
    branch.site.start()
    phones["a"].wait("standby", after=before, what="proves")
    began = time.monotonic()
    assert not branch.at(phones["a"], branch.at_site, MONITOR_S + SOON_S)["fallback"]
    assert time.monotonic() - began > MONITOR_S - 1
    branch.at(phones["b"], branch.at_site, MONITOR_S + SOON_S)
    branch.site.wait_registered(*NAMES.values())
    rig.wait_until("nobody is left at the router", lambda: not any(
        router.device(name)["registered"] for name in NAMES.values()))


def test_sec_91_a_router_with_another_certificate_is_no_server(branch):
    phones = branch.phones(new_certificate(branch.folder / "another"), "a")
    phone = phones["a"]
    set_fallback(phone, "allow")
    branch.start(phones)
    router = branch.router()
    # It stands by there, so it is told before the router is needed, and once.
    phone.wait("standby", what="untrusted", code="srst-certificate", server=branch.at_router)
    phone.wait("status", text=f"SRST certificate differs: {branch.at_router}")
    branch.site.kill()
    refused = phone.wait("refused", code="srst-certificate", patience=SOON_S)
    assert refused["server"] == branch.at_router
    assert len(phone.seen("status", text=f"SRST certificate differs: {branch.at_router}")) == 1
    # The list is gone through again, and never is there another way to the router.
    phone.wait("refused", code="srst-certificate", after=1)
    assert not router.device(NAMES["a"])["registered"]
    assert len(phone.seen("registered")) == 1
    assert not [event for event in phone.events if event.get("server") == branch.clear_at_router]
    branch.site.start()  # call managers are still looked for
    assert phone.wait("registered", after=1, patience=60)["server"] == branch.at_site


@pytest.mark.parametrize("knob", ["refuse", "allow"])
def test_sec_92_without_a_certificate_the_user_decides(branch, knob):
    phones = branch.phones(None, "a")
    phone = phones["a"]
    set_fallback(phone, knob)
    branch.start(phones)
    router = branch.router(plain_networks="127.0.0.0/8")
    router.cli("device", "change", NAMES["a"], "--mode", "nonsecure")
    branch.site.kill()
    if knob == "allow":
        event = branch.at(phone, branch.clear_at_router, SOON_S)
        assert event["fallback"] and "tls" not in event
        phone.wait("status", text="CM fallback is not secure")
        return
    refused = phone.wait("refused", code="srst-clear-refused", patience=SOON_S)
    assert refused["server"] == branch.clear_at_router
    phone.wait("status", text=f"SRST refused, not secure: {branch.clear_at_router}")
    assert not router.device(NAMES["a"])["registered"]
    assert len(phone.seen("registered")) == 1
