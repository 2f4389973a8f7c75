# SPDX-License-Identifier: Apache-2.0
"""The server program: its start and its ends, what it says of itself, reload, and what a kill
leaves."""
import os
import pwd
import resource
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path

import pytest

import rig


def test_status_over_the_socket(site):
    site.start()
    status = site.status()
    assert status["pid"] == site.pid
    assert status["ports"]["sccp_tls"] == status["ports"]["sccp_base"] + 443
    assert status["ports"]["capf"] == site.ports["capf"]
    assert status["weak"] == [] and status["keylog"] is False
    assert {c["role"] for c in status["certificates"]} == {"CCM", "TFTP", "CAPF", "LSC-issuer",
                                                           "SAST-1", "SAST-2", "HTTPS", "TVS"}
    assert [entry["kind"] for entry in status["lists"]] == ["CTL", "ITL"]
    assert all(abs(entry["signed_s"] - time.time()) < 600 for entry in status["lists"])
    assert os.path.exists(f"/proc/{status['signer_pid']}")
    assert site.events()[-1]["code"] == "started"
    site.stop()
    assert "ended" in site.lines()[-1]
    assert not os.path.exists(site.folder / "run/admin.sock")


def test_a_second_server_on_the_site_is_refused(site):
    site.start()
    second = rig.run(rig.program("ringfenced"), "--site", site.folder, status=1)
    assert f"ringfenced {site.pid} serves this site already" in second.stderr
    site.kill()
    site.start()  # the lock of a dead one holds nobody


def test_a_site_out_of_a_backup_without_its_run_folder(site):
    shutil.rmtree(site.folder / "run")
    site.start()
    assert site.status()["ports"]["tftp"] == site.ports["tftp"]


def test_kill_keeps_ports_and_devices(site):
    site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    site.capf_install(rig.A)
    before, device = site.status(), site.device(rig.A)
    site.kill()
    site.start()
    after = site.status()
    assert after["ports"] == before["ports"]
    assert after["pid"] != before["pid"] and after["devices"] == 1
    assert site.device(rig.A) == device
    assert [e["code"] for e in site.events()] == ["started", "device-added", "scheduled", "started"]


def test_reload_applies_what_it_can_and_names_the_rest(site):
    site.start()
    site.configure(keepalive_s=17, lsc_days=30, workers=3)
    answer = site.reload()
    assert set(answer["applied"]) == {"keepalive_s", "lsc_days"}
    assert answer["needs_restart"] == ["workers"]
    assert site.reload() == {"applied": [], "needs_restart": ["workers"]}
    reload = site.event_wait("reload")
    assert reload["uid"] == os.geteuid()


def test_a_reload_keeps_long_texts_whole(site):
    def networks(last):
        return ",".join(["127.0.0.1", *(f"2001:db8:aaaa:bbbb:cccc:dddd:eeee:{i:x}/128"
                                        for i in range(0x1000, 0x101e)), last])
    assert len(networks("::1")) > 1100
    site.configure(provision_networks=networks("::1"))
    site.start()
    site.configure(workers=3)
    assert site.reload() == {"applied": [], "needs_restart": ["workers"]}
    site.configure(provision_networks=networks("::2"))
    assert site.reload() == {"applied": ["provision_networks"], "needs_restart": ["workers"]}


def test_a_wrong_file_changes_nothing(site):
    site.start()
    site.configure(keepalive_s=17)
    with open(site.folder / "ringfence.conf", "a", encoding="utf-8") as conf:
        conf.write("no_such_option = 1\n")
    status, answer = site.ask("POST", "/v1/reload", {})
    assert status == 400
    assert "line " in answer["error"]["text"] and "no_such_option" in answer["error"]["text"]
    text = (site.folder / "ringfence.conf").read_text()
    (site.folder / "ringfence.conf").write_text(text.replace("no_such_option = 1\n", ""))
    assert site.reload()["applied"] == ["keepalive_s"]


def test_what_does_not_fit_before_a_restart_changes_nothing(site):
    site.configure(listen="0.0.0.0", advertise="127.0.0.1")
    site.start()
    site.configure(listen="127.0.0.1", advertise="", keepalive_s=17)
    status, answer = site.ask("POST", "/v1/reload", {})
    assert status == 400 and answer["error"]["code"] == "conf-advertise"
    site.configure(advertise="127.0.0.1")
    assert site.reload() == {"applied": ["keepalive_s"], "needs_restart": ["listen"]}
    site.configure(sccp_port=31000, capf_port=31443 + 1)  # of each other, and of a restart
    assert site.reload()["needs_restart"] == ["listen", "sccp_port", "capf_port"]


def test_hangup_reloads_and_says_so(site):
    site.start()
    site.configure(log_level="debug")
    site.send(signal.SIGHUP)
    assert "applied=log_level" in site.log_wait("configuration read again")
    site.configure(log_level="loud")
    site.send(signal.SIGHUP)
    refusal = site.log_wait("configuration not applied, nothing changed")
    assert "log_level" in refusal and "line " in refusal
    assert site.status()["pid"] == site.pid


def test_a_weak_choice_is_loud(site):
    site.configure(keylog=site.folder / "secrets.log", digest="sha1")
    site.start()
    site.log_wait("THE SECRETS OF ALL TLS CONNECTIONS ARE WRITTEN TO")
    site.log_wait("weak choice in force: digest = sha1")
    status = site.status()
    assert status["keylog"] is True
    assert {w["option"] for w in status["weak"]} == {"keylog", "digest"}


def test_a_dead_signer_is_seen(site):
    site.start()
    os.kill(site.status()["signer_pid"], signal.SIGKILL)
    site.log_wait("the signer process")
    rig.wait_until("status without a signer", lambda: site.status()["signer_pid"] is None)
    assert site.event_wait("signer-gone")["severity"] == "error"
    site.device_add(rig.A)  # the rest goes on
    site.stop()


def test_systemd_is_told(site, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(rig.PATIENCE)
        site.env["NOTIFY_SOCKET"] = path
        site.start()
        assert notify.recv(100) == b"READY=1"
        site.stop()
        assert notify.recv(100) == b"STOPPING=1"


def test_a_key_others_may_read_stops_the_start(site):
    key = site.folder / "keys/ccm.pem"
    key.chmod(0o640)
    site.start(wait=False)
    site.wait_end(1)
    assert "code=key-mode" in site.lines()[-1]
    key.chmod(0o600)
    site.start()


def test_no_core_file_holds_a_key(site):
    """Whoever started it, and however much he likes core files."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    site.start()
    limits = open(f"/proc/{site.pid}/limits", encoding="ascii").read().splitlines()
    core = next(line for line in limits if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]


def nobody_may_enter(folder):
    for parent in folder.parents:
        if Path(tempfile.gettempdir()) in parent.parents:
            parent.chmod(0o755)


@pytest.fixture
def nobodys(site):
    """A site that belongs to another user than the one who gives the commands."""
    nobody_may_enter(site.folder)
    rig.run("chown", "-R", f"{pwd.getpwnam('nobody').pw_uid}:{pwd.getpwnam('nobody').pw_gid}",
            site.folder)
    return site


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_becomes_the_named_user(nobodys):
    site, nobody = nobodys, pwd.getpwnam("nobody")
    site.start("--user", "nobody")
    lines = open(f"/proc/{site.pid}/status", encoding="ascii").read().splitlines()
    ids = {line.split()[0]: line.split()[1:] for line in lines}
    assert ids["Uid:"] == [str(nobody.pw_uid)] * 4 and ids["Gid:"] == [str(nobody.pw_gid)] * 4
    assert int(ids["CapEff:"][0], 16) == 0 and ids["NoNewPrivs:"] == ["1"]
    for thread in os.listdir(f"/proc/{site.pid}/task"):
        one = open(f"/proc/{site.pid}/task/{thread}/status", encoding="ascii").read()
        assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}" in one
        assert "NoNewPrivs:\t1\n" in one, thread
    assert site.status()["pid"] == site.pid  # root may ask
    site.stop()


def owners(folder):
    return {path.lstat().st_uid for path in [folder, *folder.rglob("*")]}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_root_makes_in_a_site_is_its_owners(nobodys, factory, tmp_path):
    """As the guide to the first phone has it: root prepares and maintains the server's site."""
    site, nobody = nobodys, pwd.getpwnam("nobody").pw_uid
    root_only = tmp_path / "root-only"
    root_only.mkdir(mode=0o700)
    shutil.copy(factory.roots, root_only / "roots.pem")
    (root_only / "roots.pem").chmod(0o600)
    (root_only / "Ringlist.xml").write_text("<CiscoIPPhoneRingList/>")
    assert site.cli("mic", "import", root_only / "roots.pem", "--json")["added"] == 2
    site.cli("image", "import", *factory.firmware_files("2.0"))
    site.cli("image", "list")
    site.cli("files", "add", root_only / "Ringlist.xml")
    site.cli("files", "list")
    site.cli("issuer", "show")
    site.cli("list", "publish", "--force")
    site.cli("rotate", "begin", "capf")
    site.cli("rotate", "next", "--force")
    site.cli("issuer", "request", root_only / "issuer.csr")
    site.cli("backup", "--out", root_only / "hq.backup")
    assert owners(site.folder) == {nobody} and owners(root_only) == {0}
    site.start("--user", "nobody")
    site.cli("rotate", "status")
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    changed = next(e for e in site.events() if e["device"] == rig.A)
    assert changed["uid"] == 0  # who asked, not whose site it is
    site.stop()
    assert owners(site.folder) == {nobody}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_makes_a_site_in_the_servers_folder(tmp_path):
    nobody = pwd.getpwnam("nobody").pw_uid
    nobody_may_enter(tmp_path / "site")
    tmp_path.chmod(0o755)
    (tmp_path / "site").mkdir()
    os.chown(tmp_path / "site", nobody, nobody)
    rig.ringfence("init", "--site", tmp_path / "site", "--set", "name=hq")
    assert owners(tmp_path / "site") == {nobody}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_key_of_a_third_user_is_refused_to_root(nobodys, factory):
    os.chown(nobodys.folder / "keys/ccm.pem", 1, 1)
    refused = nobodys.cli("mic", "import", factory.roots, "--json", status=1)
    assert refused["code"] == "key-owner"


@pytest.mark.tsan
def test_two_phones_register_over_tls(trusting_site, factory):
    site = trusting_site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"], load="ringphone-2.0")
    site.device_add(rig.B, lines=["2002,Ben,Ben"])
    string = site.capf_install(rig.A)
    assert site.capf_install(rig.B, "mic") is None
    with factory.phone(rig.A).start(site, "--auth-string", string) as a, \
            factory.phone(rig.B).start(site, "--sccp-version", "11") as b:
        a.wait("registered")
        b.wait("registered")
        site.wait_registered(rig.A, rig.B)
        shown = site.device(rig.A)
        assert shown["sccp_version"] == 22 and shown["running_load"] == "ringphone-2.0"
        assert shown["tls_version"] == "TLSv1.3" and shown["capf"]["state"] == "success"
        lsc = [c for c in shown["certificates"] if c["kind"] == "lsc"]
        assert len(lsc) == 1 and lsc[0]["state"] == "confirmed"
        assert lsc[0]["fingerprint"] == shown["certificate"]
        assert site.device(rig.B)["sccp_version"] == 11
        assert site.status()["registered"] == 2
    rig.wait_until("both unregistered", lambda: site.status()["registered"] == 0)
    assert string not in site.log_text()


def test_sec_33_a_mic_registers_only_where_the_site_says_so(trusting_site, factory):
    site = trusting_site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    with factory.phone(rig.A).start(site) as phone:
        site.event_wait("link-refused", text="path-unknown-issuer")
        phone.wait("refused", code="tls-alert-unknown-ca")
        assert not site.device(rig.A)["registered"]
        site.configure(accept_mic_for_signalling="yes")
        # A reload that is refused for another reason lets nobody in either.
        broken = site.folder / "trust/ocsp/broken.pem"
        broken.parent.mkdir(exist_ok=True)
        broken.write_text("no certificate")
        status, answer = site.ask("POST", "/v1/reload", {})
        assert status == 400 and "broken.pem" in answer["error"]["text"]
        refused = site.log_text().count("link-refused")
        rig.wait_until("another refusal", lambda: site.log_text().count("link-refused") > refused)
        assert not site.device(rig.A)["registered"]
        broken.unlink()
        assert site.reload() == {"applied": ["accept_mic_for_signalling"], "needs_restart": []}
        site.wait_registered(rig.A)
        assert site.status()["weak"] == [{"option": "accept_mic_for_signalling", "value": "yes"}]


def test_an_lsc_of_a_device_that_was_removed_does_not_come_back(trusting_site, factory):
    site = trusting_site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    site.capf_install(rig.A, "mic")
    with factory.phone(rig.A).start(site) as phone:
        site.wait_registered(rig.A)
        site.cli("device", "remove", rig.A)
        site.event_wait("device-lost", rig.A)
        assert site.status()["registered"] == 0 and site.status()["devices"] == 0
        site.device_add(rig.A, lines=["2001,Ada,Ada"])
        site.event_wait("register-refused", rig.A, "cause=10 authenticationError")
        assert site.device(rig.A)["last_cause"] == "authenticationError"
        site.capf_install(rig.A, "mic")
        phone.stop(status=None)
        phone.start(site)
        site.wait_registered(rig.A)
        assert [c["state"] for c in site.device(rig.A)["certificates"] if c["kind"] == "lsc"] == [
            "revoked", "confirmed"]


def test_sec_122_quarantine_outlasts_a_restart(trusting_site, factory):
    """Check "devices.quarantine": nobody registers as a device that nobody added."""
    site = trusting_site
    site.configure(auto_register="quarantine")
    site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    site.capf_install(rig.A, "mic")
    with factory.phone(rig.A).start(site) as phone:
        site.wait_registered(rig.A)
        site.cli("device", "remove", rig.A)
        site.event_wait("device-quarantined", rig.A)
        site.stop()
        before = len(site.lines())
        site.start()
        site.log_wait("devices loaded n=0 left-out=1", after=before)
        since = max(event["id"] for event in site.events())
        rig.wait_until("the phone tried again", lambda: any(
            event["code"] == "register-refused" for event in site.events(after=since)))
        assert site.status()["registered"] == 0
        phone.stop(status=None)


def test_a_lost_confirmation_is_made_up_by_registering(trusting_site, factory):
    site = trusting_site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    string = site.capf_install(rig.A)
    phone = factory.phone(rig.A)
    phone.env["RINGFENCE_CRASH_AT"] = "enrol.cert-saved"
    phone.start(site, "--auth-string", string)
    phone.wait_end(-signal.SIGKILL)
    site.event_wait("lost-link", rig.A)
    shown = site.device(rig.A)
    assert [c["state"] for c in shown["certificates"]] == ["unconfirmed"]
    assert shown["capf"]["op"] == "install"
    del phone.env["RINGFENCE_CRASH_AT"]
    with phone.start(site):
        site.wait_registered(rig.A)
        site.event_wait("confirmed-by-use", rig.A)
        shown = site.device(rig.A)
        assert [c["state"] for c in shown["certificates"]] == ["confirmed"]
        assert shown["capf"]["op"] == "none" and shown["capf"]["state"] == "success"


def test_a_change_of_lines_brings_the_phone_back_with_them(trusting_site, factory):
    site = trusting_site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    site.capf_install(rig.A, "mic")
    with factory.phone(rig.A).start(site) as phone:
        assert phone.wait("registered")["number"] == "2001"
        site.api("PUT", f"/v1/devices/{rig.A}", {"lines": [{"dn": "2077"}]})
        assert phone.wait("registered", number="2077")
        site.wait_registered(rig.A)
        assert site.api("POST", f"/v1/devices/{rig.A}/reset", {"type": "reset"})
        phone.wait("registered", number="2077", after=1)
        asked = site.event_wait("reset", rig.A)
        assert asked["uid"] == os.geteuid()


def test_counts_are_logged_when_asked_for(trusting_site, factory):
    site = trusting_site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    site.capf_install(rig.A, "mic")
    with factory.phone(rig.A).start(site) as phone:
        phone.wait("registered")
        site.send(signal.SIGUSR1)
        assert f"dev={rig.A}" in site.log_wait("link open in=")
        assert "links=1 registered=1" in site.log_wait("messages in=")
        site.log_wait("counts capf-sessions=0")


def test_the_end_lets_phones_go_and_a_start_takes_them_back(trusting_site, factory):
    site = trusting_site.start()
    site.device_add(rig.A, lines=["2001,Ada,Ada"])
    site.capf_install(rig.A, "mic")
    with factory.phone(rig.A).start(site) as phone:
        phone.wait("registered")
        site.stop()
        phone.wait("lost")
        site.start()
        site.wait_registered(rig.A)
        assert len(phone.seen("enrol-done")) <= 1
