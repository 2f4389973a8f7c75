# SPDX-License-Identifier: Apache-2.0
"""ringfenced as the survivable router of a branch (role srst): what `ringfence init` makes of it,
whom it lets in and why, what it shows, and what it leaves to its centre. The snapshot is made and
signed here, with the centre's own keys and command."""
import base64
import json
import re
import ssl
import subprocess
import time

import pytest

import rig
from rig import A, B, ringfence, run

ROUTER = {"name": "branch1", "sccp_port": 0, "srst_provider_port": 0, "listen": "127.0.0.2"}
SOON_S = 20


class Router(rig.Site):
    """A router's site, made by `ringfence init --role srst`."""

    def __init__(self, folder, **conf):
        self.folder = folder
        rig.Process.__init__(self, "router", folder.parent / f"{folder.name}.log")
        words = [word for key, value in {**ROUTER, **conf}.items()
                 for word in ("--set", f"{key}={value}")]
        self.made = ringfence("init", "--role", "srst", "--site", folder, *words, "--json")

    @property
    def certificate(self):
        return ssl.PEM_cert_to_DER_cert((self.folder / "certs/ccm.pem").read_text())

    def shown(self):
        """The certificate that the provider shows, as another program sees it."""
        done = subprocess.run(["openssl", "s_client", "-connect",
                               f"127.0.0.2:{self.ports['provider']}"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
        pem = re.search(r"-----BEGIN.*?-----END CERTIFICATE-----", done.stdout.decode(), re.S)
        assert pem, done
        return ssl.PEM_cert_to_DER_cert(pem.group())

    def refused(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        assert status == 409, (status, answer)
        return answer["error"]["code"]


@pytest.fixture
def router(tmp_path):
    return Router(tmp_path / "router")


def sast(centre):
    return next(cert["fingerprint"] for cert in centre.status()["certificates"]
                if cert["role"] == "SAST-1")


def ctl(centre):
    return centre.folder / "lists/CTLFile.tlv"


def der(path):
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(path.read_text())).decode()


def snapshot_of(centre, *names, serial=1, branch="branch1", **more):
    """What the centre would tell of these devices, by its own API."""
    devices = []
    for name in sorted(names):
        d = centre.device(name)
        devices.append({
            "name": name, "model": d["model"], "description": d["description"], "mode": d["mode"],
            "has_srtp": d["srtp"], "media_policy": d["media_policy"], "protected": d["protected"],
            "lines": [{"dn": line["dn"], "label": line["label"],
                       "display_name": line["display_name"], "shared": False, "forward_all": "",
                       "forward_busy": "", "forward_no_answer": "", "forward_unregistered": "",
                       "calls_max": 0, "busy_trigger": 0} for line in d["lines"]],
            "certs": [{"sha256": cert["fingerprint"], "kind": cert["kind"], "state": cert["state"],
                       "issuer": cert["issuer"]} for cert in d["certificates"]]})
    return {"format": 1, "branch": branch, "serial": serial, "made_s": int(time.time()),
            "site": "hq", "keepalive_s": 30, "lsc_issuers": [der(centre.folder /
                                                                 "certs/lsc-issuer.pem")],
            "lsc_cas": [], "rsa_min": 2048, "blocked": [], "devices": devices, **more}


def deliver(router, centre, snapshot, name="SRST-branch1.json.sgn", key="tftp"):
    """Signed with a key of the centre, as the router keeps it."""
    body = router.folder.parent / "body.json"
    body.write_text(json.dumps(snapshot))
    (router.folder / "branch").mkdir(exist_ok=True)
    ringfence("file", "sign", body, "--key", centre.folder / f"keys/{key}.pem", "--key-cert",
              centre.folder / f"certs/{key}.pem", "--name", name, "--out",
              router.folder / "branch/snapshot.sgn")


def trust(router, centre, status=0, fingerprint=None):
    return router.cli("srst", "trust", ctl(centre), "--fingerprint", fingerprint or sast(centre),
                      "--json", status=status)


# ---- its making ----


def test_what_init_makes(router):
    assert router.made["role"] == "srst"
    assert [cert["role"] for cert in router.made["certificates"]] == ["SRST"]
    assert sorted(path.name for path in (router.folder / "keys").iterdir()) == ["ccm.pem"]
    assert sorted(path.name for path in (router.folder / "certs").iterdir()) == ["ccm.pem"]
    assert not list((router.folder / "lists").iterdir())
    conf = (router.folder / "ringfence.conf").read_text()
    assert re.search(r"^role = srst$", conf, re.M)
    assert all(re.search(f"^{option} = no$", conf, re.M) for option in ("tvs", "http", "https"))
    assert len(router.certificate) <= 1480
    text = run("openssl", "x509", "-in", router.folder / "certs/ccm.pem", "-noout", "-text",
               "-fingerprint", "-sha256").stdout
    assert "CN = branch1-SRST" in text and "Public-Key: (2048 bit)" in text
    assert router.made["certificates"][0]["fingerprint"] in text.replace(":", "").lower()


def test_init_says_what_is_next(tmp_path):
    """For people; and the option is the same as --set."""
    done = ringfence("init", "--site", tmp_path / "r", "--set", "role=srst", "--set", "name=b2")
    assert "ringfence srst trust" in done.stdout and "ringfence srst add b2" in done.stdout
    fingerprint = run("openssl", "x509", "-in", tmp_path / "r/certs/ccm.pem", "-noout",
                      "-fingerprint", "-sha256").stdout.split("=")[1].strip()
    assert fingerprint.replace(":", "").lower() in done.stdout
    done = ringfence("init", "--site", tmp_path / "s", "--role", "gateway", status=1)
    assert "role = gateway" in done.stderr and not (tmp_path / "s/ringfence.conf").exists()


def test_certificate_provider_and_tvs_on_one_port(tmp_path, made_site):
    done = ringfence("init", "--site", tmp_path / "r", "--role", "srst", "--set", "tvs=yes",
                     "--json", status=1)
    assert done["code"] == "conf-srst-provider"
    ringfence("init", "--site", tmp_path / "r", "--role", "srst", "--set", "tvs=yes", "--set",
              "srst_provider_port=2446")
    # No matter at a call manager, where the option says nothing.
    site = rig.Site(tmp_path / "site", like=made_site, tvs_port=2445)
    site.cli("config", "check")


# ---- nobody may register yet ----


def test_without_a_snapshot(router, office):
    """It serves, and says why no phone is let in; other reasons once it knows its centre."""
    centre = office.site.start()
    router.start()
    status = router.status()
    assert status["role"] == "srst" and status["srst"]["code"] == "no-snapshot"
    assert status["srst"]["snapshot"] is None and "srst trust" in status["srst"]["text"]
    assert "signer_pid" not in status and "capf" not in status["ports"]
    assert centre.status()["role"] == "call-manager"
    router.event_wait("no-snapshot")
    base = router.ports["sccp_tls"] - 443
    centre.cli("list", "add", router.folder / "certs/ccm.pem", "--role", "ccm")
    centre.cli("list", "publish")
    centre.configure(call_managers=f"127.0.0.2:{base}")
    centre.reload()
    office.a.start(centre)
    router.event_wait("link-refused", text="code=no-snapshot")
    assert not office.a.seen("registered")
    assert trust(router, centre)["signer"]["fingerprint"] == sast(centre)
    router.stop()
    router.start()
    assert "has not told" in router.status()["srst"]["text"]


@pytest.mark.parametrize("how, code", [
    (lambda r, c: deliver(r, c, snapshot_of(c, A, branch="branch2")), "snapshot-other-branch"),
    (lambda r, c: deliver(r, c, snapshot_of(c, A), name="SRST-branch2.json.sgn"), "file-name"),
    (lambda r, c: deliver(r, c, snapshot_of(c, A), key="ccm"), "signer-role"),
    (lambda r, c: deliver(r, c, {**snapshot_of(c, A), "format": 2}), "snapshot-format"),
])
def test_a_snapshot_that_is_refused(router, office, how, code):
    """Its twin, which is taken, is in test_phones_at_the_router."""
    centre = office.site.start()
    trust(router, centre)
    how(router, centre)
    router.start()
    assert router.status()["srst"]["code"] == code
    assert router.api("GET", "/v1/devices")["devices"] == []


# ---- its centre ----


def test_first_list(router, site, tmp_path):
    """Only with the fingerprint of who signed it, or of the list."""
    site.start()
    done = router.cli("srst", "trust", ctl(site), "--json", status=1)
    assert done["code"] == "srst-not-accepted"  # and no terminal to ask
    assert trust(router, site, 1, "0" * 64)["code"] == "srst-not-accepted"
    # The second SAST is in the list, too, and anybody can put it into his own.
    second = next(cert["fingerprint"] for cert in site.status()["certificates"]
                  if cert["role"] == "SAST-2")
    assert trust(router, site, 1, second)["code"] == "srst-not-accepted"
    assert not (router.folder / "lists/CTLFile.tlv").exists()
    trust(router, site)
    assert (router.folder / "lists/CTLFile.tlv").read_bytes() == ctl(site).read_bytes()
    (router.folder / "lists/CTLFile.tlv").unlink()
    whole = run("sha256sum", ctl(site)).stdout.split()[0].upper()
    trust(router, site, 0, ":".join(whole[i:i + 2] for i in range(0, 64, 2)))
    # A list that is not what it says, and an ITL.
    changed = bytearray(ctl(site).read_bytes())
    changed[-1] ^= 1
    (tmp_path / "changed.tlv").write_bytes(changed)
    done = router.cli("srst", "trust", tmp_path / "changed.tlv", "--fingerprint", sast(site),
                      "--json", status=1)
    assert done["code"] == "sig-mismatch"
    done = router.cli("srst", "trust", site.folder / "lists/ITLFile.tlv", "--fingerprint",
                      sast(site), "--json", status=1)
    assert done["code"] == "file-name"
    assert trust(site, site, 1)["code"] == "role-call-manager"
    assert site.cli("srst", "renew", "--json", status=1)["code"] == "role-call-manager"


# ---- its certificate ----


def test_certificate_provider(router):
    """It shows certs/ccm.pem, also another one after a reload, and hangs up."""
    router.start()
    assert router.shown() == router.certificate
    before = router.certificate
    listener = {one["name"]: one for one in router.status()["listeners"]}["srst-provider"]
    assert listener["port"] == router.ports["provider"]
    made = router.cli("srst", "renew", "--json")["certificate"]
    assert router.shown() == before
    router.reload()
    assert router.shown() == router.certificate != before
    assert made["fingerprint"] == router.status()["certificates"][0]["fingerprint"]
    texts = [e["text"] for e in router.events_wait("certificate-changed", 2)]
    assert sorted(text.split()[0] for text in texts) == ["ccm", "provider"]
    kept = router.ports
    router.stop()
    router.start()
    assert router.ports == kept and router.shown() == router.certificate


# ---- what it leaves to the centre ----


def test_what_is_done_at_the_centre(router):
    router.start()
    for method, path, body in (
            ("POST", "/v1/devices", {"name": A}), ("PUT", f"/v1/devices/{A}", {}),
            ("DELETE", f"/v1/devices/{A}", None), ("POST", f"/v1/devices/{A}/capf", {}),
            ("GET", "/v1/capf/due", None), ("GET", "/v1/tvs", None), ("POST", "/v1/campaigns", {}),
            ("GET", "/v1/revocation", None), ("POST", "/v1/meet-me", {}), ("GET", "/v1/blocked", None)):
        assert router.refused(method, path, body) == "role-srst", path
    assert router.ask("GET", "/v1/nothing")[0] == 404
    assert router.ask("DELETE", "/v1/status")[0] == 405
    assert router.api("GET", "/v1/calls")["calls"] == []
    assert router.api("GET", "/v1/calls/history")["calls"] == []
    assert router.api("GET", "/v1/meet-me")["meet_me"] == []
    assert router.ask("GET", f"/v1/devices/{A}")[0] == 404
    done = router.cli("device", "add", A, "--model", "8861", status=1)
    assert "at the centre" in done.stderr
    for words in (("list", "publish"), ("rotate", "begin", "ccm")):
        assert router.cli(*words, "--json", status=1)["code"] == "role-srst", words
    assert router.reload() == {"applied": [], "needs_restart": []}
    router.configure(role="call-manager", keepalive_s=40)
    assert router.reload() == {"applied": ["keepalive_s"], "needs_restart": ["role"]}
    router.send(rig.signal.SIGUSR1)
    router.log_wait("certificate-shown=0")


# ---- phones ----


def test_phones_at_the_router(router, office):
    """Their call manager is gone: they register here by their LSCs, are shown so, and call with a
    lock; a phone that the centre did not name is refused. All the same after a restart."""
    centre = office.site.start()
    port = rig.free_port() - 443
    router.configure(sccp_port=port)
    centre.cli("list", "add", router.folder / "certs/ccm.pem", "--role", "ccm")
    centre.cli("list", "publish")
    base = centre.ports["sccp_tls"] - 443
    centre.configure(call_managers=f"127.0.0.1:{base} 127.0.0.2:{port}")
    centre.reload()
    trust(router, centre)
    deliver(router, centre, snapshot_of(centre, A, B))
    router.start()
    assert router.status()["srst"]["snapshot"]["serial"] == 1
    assert router.status()["srst"]["code"] is None
    assert {d["name"] for d in router.api("GET", "/v1/devices")["devices"]} == {A, B}
    for phone in (office.a, office.b):
        phone.start(centre, has_menu=True)
        phone.wait("standby", what="up", server=f"127.0.0.2:{port + 443}")
    centre.kill()
    router.wait_registered(A, B, patience=SOON_S)
    device = router.device(A)
    assert device["mode"] == "encrypted" and device["lines"][0]["dn"] == "2001"
    assert device["certificates"][0]["fingerprint"] == device["certificate"]
    for phone in (office.a, office.b):
        phone.wait("prompt", text="CM fallback service operating")
        phone.wait("registered", server=f"127.0.0.2:{port + 443}")
    office.a.say("call 2002")
    office.b.wait("call", state="ring-in")
    office.b.say("answer")
    office.a.wait("call", state="connected")
    office.a.wait_now("call-info", security="Encrypted")
    assert router.api("GET", "/v1/calls")["calls"][0]["security"] == "encrypted"
    office.a.say("hangup")
    office.a.wait("prompt", after=1, text="CM fallback service operating")
    rig.wait_until("a record", lambda: router.api("GET", "/v1/calls/history")["calls"])

    # One of them is not the branch's any more.
    router.stop()
    deliver(router, centre, snapshot_of_files(router, A))
    router.start()
    router.wait_registered(A, patience=SOON_S + 20)
    router.event_wait("register-refused", device=B, text="not configured")


def snapshot_of_files(router, *names):
    """The last one again, for these devices alone."""
    last = json.loads((router.folder.parent / "body.json").read_text())
    return {**last, "serial": last["serial"] + 1,
            "devices": [d for d in last["devices"] if d["name"] in names]}
