# SPDX-License-Identifier: Apache-2.0
"""Who holds which list, whom a change would strand, lists of single devices, and the rotation of keys
under phones that run."""
import fcntl
import json
import os
import shutil
import signal
import socket
import time

import pytest

import rig

A, B = rig.A, rig.B
# A smaller fleet in `./check`; `./check slow` has all fifty.
PHONES = int(os.environ.get("RINGFENCE_FLEET", "5"))


def held(site):
    return {row["device"]: row for row in site.cli("list", "phones", "--json")["phones"]}


def refused(site, *words):
    """The command is refused; what it says."""
    done = site.cli(*words, "--json", status=1)
    assert done["ok"] is False
    return done


def stranded(answer):
    return {one["device"]: one["code"] for one in answer["phones"]["stranded"]}


def certificate(folder, name, *words):
    """A certificate of somebody else, with its key; by openssl."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    rig.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "100", "-subj",
            f"/O=hq/CN={name}", "-keyout", key, "-out", cert, *words)
    return cert, key


def replace(site, item, folder, *words):
    """Another key and certificate by hand, without a rotation."""
    cert, key = certificate(folder, f"hand-made-{item}", *words)
    shutil.copy(cert, site.folder / f"certs/{item}.pem")
    target = site.folder / f"keys/{item}.pem"
    target.write_bytes(key.read_bytes())
    target.chmod(0o600)


def wait_held(site, names, state="current", patience=rig.PATIENCE):
    def look():
        rows = held(site)
        return all(rows[name]["ctl"] == rows[name]["itl"] == state for name in names)
    rig.wait_until(lambda: f"{state} lists: {held(site)}", look, patience)


@pytest.fixture
def morning(office):
    """The office with its server and both phones, which hold the lists of now."""
    office.site.start()
    for phone in (office.a, office.b):
        phone.start(office.site)
    for phone in (office.a, office.b):
        phone.wait("registered")
    wait_held(office.site, (A, B))
    return office


def test_sec_19_what_phones_hold_is_known_from_what_they_fetch(morning):
    site = morning.site
    site.device_add("SEP0000000000AA")
    rows = held(site)
    for name in (A, B):
        assert rows[name]["ctl_how"] == rows[name]["itl_how"] == "fetched"
        holds = site.device(name)["holds"]
        assert {kind: holds[kind]["state"] for kind in ("ctl", "itl")} == {
            "ctl": "current", "itl": "current"}
        served = {one["kind"]: one["fingerprint"] for one in site.status()["lists"]}
        assert holds["ctl"]["fingerprint"] == served["CTL"]
        assert holds["itl"]["fingerprint"] == served["ITL"]
    assert rows["SEP0000000000AA"]["ctl"] == "unknown" and not rows["SEP0000000000AA"]["seen"]
    # The common name says nothing about anybody; a stranger's own name neither.
    site.cli("list", "publish", "--force")
    wait_held(site, (A, B), "older")
    for name in ("CTLFile.tlv", "ITLFile.tlv", "CTLSEP0000000000BB.tlv"):
        rig.run("curl", "-sS", "-o", "/dev/null", f"tftp://{site.tftp}/{name}")
    assert all(row["ctl"] in ("older", "unknown") for row in held(site).values())
    # A phone that starts anew fetches it; one whose file somebody else fetches is believed, too.
    site.cli("device", "reset", A)
    wait_held(site, (A,))
    assert held(site)[B]["ctl"] == "older"


def test_lists_published_within_a_second_are_not_signed_in_the_future(office):
    signed = []
    for _ in range(3):
        office.site.cli("list", "publish", "--force")
        seen = time.time()
        path = office.site.folder / "lists/CTLFile.tlv"
        signed.append(rig.ringfence("list", "show", path, "--json")["signed_s"])
        assert signed[-1] <= seen
    assert signed == sorted(set(signed))


def test_a_transfer_that_broke_off_counts_for_nothing(morning):
    site = morning.site
    site.cli("list", "publish", "--force")
    wait_held(site, (A, B), "older")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(rig.PATIENCE)
        client.sendto(f"\0\1CTL{B}.tlv\0octet\0".encode(), ("127.0.0.1", site.ports["tftp"]))
        data, server = client.recvfrom(1024)
        assert data[:4] == b"\0\3\0\1" and len(data) == 516
        client.sendto(b"\0\5\0\0enough\0", server)
    rig.run("curl", "-sS", "-o", "/dev/null", f"tftp://{site.tftp}/ITL{B}.tlv")
    rig.wait_until("the whole one is held", lambda: held(site)[B]["itl"] == "current")
    assert held(site)[B]["ctl"] == "older"


def test_preflight_the_only_file_signer_that_phones_know(morning, tmp_path):
    site = morning.site
    before = (site.folder / "lists/CTLFile.tlv").read_bytes()
    replace(site, "tftp", tmp_path)
    for words in (("list", "check"), ("list", "publish")):
        answer = refused(site, *words)
        assert answer["code"] == "list-strands"
        # The server that runs would go on signing by the old one, too.
        assert stranded(answer) == {"every phone": "server-uses", A: "tftp-not-held",
                                    B: "tftp-not-held"}
    assert (site.folder / "lists/CTLFile.tlv").read_bytes() == before
    done = site.cli("list", "publish", "--force", "--json")
    assert {one["device"] for one in done["phones"]["stranded"]} == {"every phone", A, B}
    assert (site.folder / "lists/CTLFile.tlv").read_bytes() != before


def test_sec_20_preflight_a_sast_that_no_phone_trusts(morning, tmp_path):
    site = morning.site
    replace(site, "sast1", tmp_path)
    answer = refused(site, "list", "publish")
    assert stranded(answer) == {"every phone": "list-strands", A: "list-signer-unknown",
                                B: "list-signer-unknown"}
    # And indeed: such a list given out is one that phones do not take, and that is told.
    site.cli("list", "publish", "--force")
    site.cli("device", "reset", A)
    morning.a.wait("status", text="Trust List update failed")
    site.event_wait("list-refused", A)
    assert site.device(A)["holds"]["ctl"]["state"] == "older"
    assert "refused" in site.device(A)["holds"]["ctl"]


def test_preflight_an_issuer_of_lscs(morning, tmp_path):
    site = morning.site
    replace(site, "lsc-issuer", tmp_path, "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
            "-addext", "keyUsage=critical,keyCertSign")
    assert stranded(refused(site, "list", "publish")) == {A: "lsc-issuer", B: "lsc-issuer"}


def test_sec_26_preflight_a_list_past_the_limits(morning, tmp_path):
    site = morning.site
    before = (site.folder / "lists/CTLFile.tlv").read_bytes()
    cert, _ = certificate(tmp_path, "server", "-newkey", "ec", "-pkeyopt",
                          "ec_paramgen_curve:prime256v1")
    # A harmless change passes without force.
    assert "warnings" not in site.cli("list", "add", cert, "--role", "app-server", "--json")
    done = site.cli("list", "publish", "--json")
    assert done["phones"] == {"fine": 2, "unknown": [], "stranded": []}
    assert all(one["written"] for one in done["lists"])
    before = (site.folder / "lists/CTLFile.tlv").read_bytes()
    present = len(rig.ringfence("list", "show", site.folder / "lists/ITLFile.tlv", "--json")["records"])
    for i in range(40 - present):
        cert, _ = certificate(tmp_path, f"server-{i}", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:prime256v1")
        site.cli("list", "add", cert, "--role", "app-server")
    for words in (("list", "check"), ("list", "publish"), ("list", "publish", "--force")):
        assert refused(site, *words)["code"] == "record-count"
    assert (site.folder / "lists/CTLFile.tlv").read_bytes() == before
    entries = site.cli("list", "entries", "--json")["entries"]
    assert len(entries) == 41 - present
    site.cli("list", "remove", entries[0]["fingerprint"][:12])
    site.cli("list", "publish")
    assert (site.folder / "lists/CTLFile.tlv").read_bytes() != before


def test_what_a_killed_command_left_is_in_nobodys_way(office, tmp_path):
    site = office.site
    cert, _ = certificate(tmp_path, "server")
    add = ("list", "add", cert, "--role", "app-server")
    site.cli(*add, status=-signal.SIGKILL, env={"RINGFENCE_CRASH_AT": "file.rename"})
    left = list((site.folder / "trust/list").iterdir())
    assert len(left) == 1 and ".pem.new." in left[0].name
    young = site.folder / "keys/next-sast2.pem.new.aB34ef"
    old = site.folder / "keys/old-lsc-issuer.pem.new.aB34ef"
    for key in (young, old):
        key.write_text("half of a key")
        key.chmod(0o600)
    os.utime(old, (0, 0))
    assert site.cli("list", "entries", "--json")["entries"] == []
    site.cli("list", "publish")
    assert not left[0].exists() and not old.exists()
    assert young.exists()  # another command may be writing it
    site.cli(*add)
    site.cli("list", "publish")
    assert len(site.cli("list", "entries", "--json")["entries"]) == 1


def test_a_list_of_one_device(morning, tmp_path):
    site = morning.site
    cert, _ = certificate(tmp_path, "only-for-a")
    fingerprint = site.cli("list", "add", cert, "--role", "app-server", "--device", A,
                           "--json")["fingerprint"]
    assert site.cli("list", "publish", "--json")["own_lists"] == 1
    own = site.folder / f"lists/CTL{A}.tlv"
    shown = rig.ringfence("list", "show", own, "--json")
    assert shown["name"] == "CTLFile.tlv"
    assert fingerprint in json.dumps(shown)
    assert fingerprint not in json.dumps(
        rig.ringfence("list", "show", site.folder / "lists/CTLFile.tlv", "--json"))
    for name in (A, B):
        site.cli("device", "reset", name)
    wait_held(site, (A, B))
    got = rig.run("curl", "-sS", f"tftp://{site.tftp}/CTL{A}.tlv", "-o", tmp_path / "got")
    assert got.returncode == 0 and (tmp_path / "got").read_bytes() == own.read_bytes()
    assert site.device(A)["holds"]["ctl"]["fingerprint"] != site.device(B)["holds"]["ctl"][
        "fingerprint"]
    # It goes, and the phone takes the list of all again.
    site.cli("list", "remove", fingerprint, "--device", A)
    site.cli("list", "publish")
    assert not own.exists()
    site.cli("device", "reset", A)
    wait_held(site, (A,))
    morning.a.wait("registered")


def test_the_issuer_of_lscs_is_changed_while_phones_have_the_former_ones(morning):
    site = morning.site
    begun = site.cli("rotate", "begin", "lsc-issuer", "--json")
    assert begun["step"] == "switched" and begun["restart"]
    assert refused(site, "rotate", "next")["code"] == "rotation-restart"
    site.stop()
    site.start()
    site.wait_registered(A, B)  # by their LSCs of the former issuer
    waiting = refused(site, "rotate", "next")
    assert waiting["code"] == "rotation-waits"
    assert stranded(waiting) == {A: "lsc-former", B: "lsc-former"}
    for name in (A, B):  # they prove themselves by it, too
        site.cli("capf", "install", name, "--auth", "lsc")
    for phone in (morning.a, morning.b):
        phone.wait("enrol-done", outcome="installed")
    rig.wait_until("all have a new one",
                   lambda: not site.cli("rotate", "status", "--json")["phones"]["stranded"])
    assert site.cli("rotate", "next", "--json")["step"] == "none"
    site.stop()
    site.start()
    site.wait_registered(A, B)


def test_sec_21_sec_31_the_signing_key_is_lost(office, tmp_path):
    site = office.site
    # The spare as it was taken away, under a passphrase that is known here.
    phrase, fresh = tmp_path / "phrase", tmp_path / "fresh"
    phrase.write_text("spare-of-the-site\n")
    fresh.write_text("next-spare-of-it\n")
    site.cli("rotate", "begin", "sast2", "--sast2-passphrase-file", phrase)
    spare = tmp_path / "taken-away.pem"
    shutil.move(site.folder / "keys/sast2.pem", spare)
    site.start()
    for phone in (office.a, office.b):
        phone.start(site)
    wait_held(site, (A, B))
    (site.folder / "keys/sast1.pem").unlink()
    assert site.cli("list", "publish", "--force", status=1).stderr
    assert refused(site, "list", "recover", "--sast2", site.folder / "keys/ccm.pem",
                   "--passphrase-file", phrase)["code"] == "recover-key"
    assert refused(site, "list", "recover", "--sast2", spare, "--passphrase-file",
                   fresh)["code"] == "key-passphrase"
    site.cli("list", "recover", "--sast2", spare, "--passphrase-file", phrase,
             "--sast2-passphrase-file", fresh)
    for name in (A, B):
        site.cli("device", "reset", name)
    wait_held(site, (A, B))
    site.wait_registered(A, B)
    # Whole again: lists are signed, and the next spare is one.
    site.cli("list", "publish", "--force")
    again = tmp_path / "again.pem"
    shutil.move(site.folder / "keys/sast2.pem", again)
    for name in (A, B):
        site.cli("device", "reset", name)
    wait_held(site, (A, B))
    site.cli("list", "recover", "--sast2", again, "--passphrase-file", fresh)
    for name in (A, B):
        site.cli("device", "reset", name)
    wait_held(site, (A, B))
    site.wait_registered(A, B)


def test_phones_move_to_another_site_and_back(morning, tmp_path):
    """Both phones, with CTL and ITL, take the lists of a completely different site once theirs lets
    them, enrol and register there; and come home the same way. A third site gets nowhere."""
    home, phones = morning.site, (morning.a, morning.b)
    there, third = (rig.Site(tmp_path / name, name=name) for name in ("there", "third"))
    for site in (there, third):
        site.cli("mic", "import", morning.factory.roots)
        site.start()
        for phone in phones:
            site.device_add(phone.device, lines=["3" + phone.device[-3:]])
            site.capf_install(phone.device, "mic")

    def restart(site, wait=True):
        for phone in phones:
            phone.stop()
            phone.start(site)
        for phone in phones:
            phone.wait("registered")
        return site.wait_registered(*(phone.device for phone in phones)) if wait else None

    def stays_at_home(site):
        restart(site, wait=False)
        for phone in phones:
            assert {e["code"] for e in phone.seen("list-refused")} == {"list-signer-unknown"}
            home.wait_registered(phone.device)

    def knows(site, names):
        for name in names:
            site.cli("device", "reset", name)
        wait_held(site, names)
        assert not site.cli("rotate", "status", "--json")["phones"]["stranded"]

    stays_at_home(there)
    restart(home)
    begun = home.cli("rotate", "begin", "move", "--to", there.folder / "certs/sast1.pem", "--json")
    assert (begun["key"], begun["step"], begun["restart"]) == ("move", "overlap", False)
    assert begun["fingerprint"] == next(
        one["fingerprint"] for one in there.status()["certificates"] if one["role"] == "SAST-1")
    assert stranded(begun) == {A: "list-lacks", B: "list-lacks"}
    assert refused(home, "rotate", "next")["code"] == "move-last"
    knows(home, (A, B))
    stays_at_home(third)
    restart(there)
    for phone in phones:
        assert [e["action"] for e in phone.seen("list")][:2] == ["update", "update"]
        assert phone.seen("enrol-done", outcome="installed")
        for kind in ("CTL", "ITL"):
            assert (phone.flash / f"{kind}File.tlv").read_bytes() == \
                (there.folder / f"lists/{kind}File.tlv").read_bytes()
    # Home again: their lists of now do not know it.
    home.cli("rotate", "abort")
    there.cli("rotate", "begin", "move", "--to", home.folder / "certs/sast1.pem")
    knows(there, (A, B))
    for name in (A, B):
        home.capf_install(name, "mic")
    restart(home)
    assert (morning.a.flash / "CTLFile.tlv").read_bytes() == \
        (home.folder / "lists/CTLFile.tlv").read_bytes()
    stays_at_home(there)


def test_a_move_wants_the_other_sites_certificate(site):
    assert "--to" in site.cli("rotate", "begin", "move", status=2).stderr
    assert "--to" in site.cli("rotate", "begin", "tftp", "--to", "x", status=2).stderr
    for own in ("sast1", "sast2"):
        assert refused(site, "rotate", "begin", "move", "--to",
                       site.folder / f"certs/{own}.pem")["code"] == "move-own"
    assert site.cli("rotate", "status", "--json")["step"] == "none"


def test_one_command_at_a_time_changes_lists(site):
    folder = os.open(site.folder / "lists", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        for words in (("list", "publish"), ("rotate", "begin", "tftp"), ("rotate", "status")):
            assert refused(site, *words)["code"] == "folder-busy"
    finally:
        os.close(folder)
    site.cli("rotate", "begin", "tftp")


def test_status_tells_of_a_step_that_broke_off(site, tmp_path):
    """Every point is tried by tests/unit/service/test_setup_broken.c; this is what people see."""
    def killed(point, *words):
        site.cli("rotate", *words, status=-9, env={"RINGFENCE_CRASH_AT": point})
        said = site.cli("rotate", "status", "--json")
        assert "rotate next" in said["next"] and "broke off" in said["next"]
        return said["step"]

    def done(word):
        said = site.cli("rotate", word, "--json")
        assert "broke off" not in site.cli("rotate", "status", "--json")["next"]
        return said["step"]

    phrase = tmp_path / "phrase"
    phrase.write_text("next-spare-of-it\n")
    assert killed("lists.half", "begin", "sast2", "--sast2-passphrase-file", phrase) == "switching"
    assert done("next") == "none"
    assert killed("rotation.begin", "begin", "tftp") == "overlap"
    assert killed("rotation.swap", "next") == "switching"
    assert done("next") == "switched"
    assert killed("rotation.swap", "abort") == "switching-back"
    assert done("next") == "overlap"
    assert killed("rotation.forget", "abort") == "overlap"
    assert done("next") == "none"
    assert not [file.name for where in ("certs", "keys") for file in (site.folder / where).iterdir()
                if file.name.startswith(("next-", "old-")) and file.suffix == ".pem"]


def test_a_step_waits_for_the_phones_and_can_be_taken_back(morning):
    site = morning.site
    site.cli("rotate", "begin", "tftp")
    assert refused(site, "rotate", "begin", "ccm")["code"] == "rotation-active"
    waiting = refused(site, "rotate", "next")
    assert waiting["code"] == "rotation-waits"
    assert stranded(waiting) == {A: "list-lacks", B: "list-lacks"}
    site.cli("device", "reset", A)
    wait_held(site, (A,))
    assert stranded(refused(site, "rotate", "next")) == {B: "list-lacks"}
    assert site.cli("rotate", "abort", "--json")["step"] == "none"
    for name in (A, B):
        site.cli("device", "reset", name)
    wait_held(site, (A, B))
    site.wait_registered(A, B)
    assert not list((site.folder / "certs").glob("next-*"))


@pytest.fixture
def fleet(site, factory):
    """Phones that register by their MICs, and know the lists of now."""
    site.configure(accept_mic_for_signalling="yes")
    site.cli("mic", "import", factory.roots)
    site.start()
    names = [f"SEP0011223344{i:02X}" for i in range(PHONES)]
    phones = []
    for name in names:
        site.device_add(name)
        phones.append(factory.phone(name))
    for phone in phones:
        phone.start(site)
    site.wait_registered(*names, patience=120)
    wait_held(site, names, patience=120)
    return names


def come_back_from_a_backup(site, factory, fleet, tmp_path):
    """The site is kept, deleted and brought back: everybody registers, with the lists they had."""
    def lists():
        return {(name, kind): (factory.folder / "phones" / name / f"{kind}File.tlv").read_bytes()
                for name in fleet for kind in ("CTL", "ITL")}
    before = lists()
    (tmp_path / "passphrase").write_text("a passphrase of the test")
    words = ("--passphrase-file", tmp_path / "passphrase")
    site.cli("backup", "--out", tmp_path / "backup", *words)
    site.stop()
    shutil.rmtree(site.folder)
    site.cli("restore", tmp_path / "backup", *words)
    site.start()
    site.wait_registered(*fleet, patience=180)
    for name in fleet:
        site.cli("device", "reset", name)
    wait_held(site, fleet, patience=180)
    site.wait_registered(*fleet, patience=180)
    assert lists() == before


@pytest.mark.fleet
def test_a_fleet_comes_through_the_rotation_of_every_key(site, factory, fleet, tmp_path):
    before = {role: site.status()["certificates"] for role in ("all",)}["all"]
    for key in ("sast", "tftp", "capf", "ccm"):
        assert site.cli("rotate", "begin", key, "--json")["step"] == "overlap"
        assert len(stranded(refused(site, "rotate", "next"))) == PHONES
        for name in fleet:
            site.cli("device", "reset", name)
        wait_held(site, fleet, patience=180)
        site.wait_registered(*fleet, patience=180)
        switched = site.cli("rotate", "next", "--json")
        if key == "sast":
            assert switched["step"] == "none"
            continue
        assert switched["step"] == "switched" and switched["restart"]
        assert refused(site, "rotate", "next")["code"] == "rotation-restart"
        site.stop()
        site.start()
        site.wait_registered(*fleet, patience=180)
        assert site.cli("rotate", "next", "--json")["step"] == "none"
    # The lists of now are those without the former keys: everybody takes them.
    for name in fleet:
        site.cli("device", "reset", name)
    wait_held(site, fleet, patience=180)
    site.wait_registered(*fleet, patience=180)
    after = {one["role"]: one["fingerprint"] for one in site.status()["certificates"]}
    changed = {one["role"] for one in before if after[one["role"]] != one["fingerprint"]}
    assert changed == {"SAST-1", "TFTP", "CAPF", "CCM"}
    assert not [event for event in site.events(limit=10000) if event["code"] in
                ("list-refused", "list-contradicted")]
    come_back_from_a_backup(site, factory, fleet, tmp_path)


def served(site, port):
    """The certificate that a listener shows now, by openssl."""
    return rig.run("sh", "-c", f"openssl s_client -connect 127.0.0.1:{site.ports[port]} </dev/null "
                   "2>/dev/null | openssl x509 -noout -fingerprint -sha256").stdout


def in_certs(site, item):
    return rig.run("openssl", "x509", "-in", site.folder / f"certs/{item}.pem", "-noout",
                   "-fingerprint", "-sha256").stdout


@pytest.mark.tsan
def test_a_reload_shows_another_certificate_and_drops_no_link(morning):
    site = morning.site
    since = {name: site.device(name)["since_s"] for name in (A, B)}
    for key, port in (("tvs", "tvs"), ("capf", "capf"), ("ccm", "sccp_tls"), ("https", "https")):
        site.cli("rotate", "begin", key)
        for name in (A, B):
            site.cli("device", "reset", name)
        wait_held(site, (A, B))
        site.wait_registered(A, B)
        since = {name: site.device(name)["since_s"] for name in (A, B)}
        switched = site.cli("rotate", "next", "--json")
        assert switched["restart"] and "`ringfence reload`" in switched["next"]
        assert served(site, port) != in_certs(site, key)
        assert refused(site, "rotate", "next")["code"] == "rotation-restart"
        site.cli("reload")
        assert served(site, port) == in_certs(site, key)
        # Nobody was asked to come again.
        assert {name: site.device(name)["since_s"] for name in (A, B)} == since
        rig.wait_until("the database knows", lambda: not site.cli(
            "rotate", "status", "--json")["restart"])
        assert site.cli("rotate", "next", "--json")["step"] == "none"
    rig.wait_until("all of them told", lambda: {
        e["text"].split()[0] for e in site.events() if e["code"] == "certificate-changed"
    } == {"tvs", "capf", "ccm", "https"})


def test_a_key_that_does_not_fit_its_certificate_refuses_the_reload(morning, tmp_path):
    site = morning.site
    before = served(site, "capf")
    cert, _ = certificate(tmp_path, "capf", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
                          "-addext", "keyUsage=critical,digitalSignature,keyCertSign")
    kept = (site.folder / "certs/capf.pem").read_bytes()
    shutil.copy(cert, site.folder / "certs/capf.pem")
    assert refused(site, "reload")["code"] == "tls-key-mismatch"
    assert served(site, "capf") == before
    (site.folder / "certs/capf.pem").write_bytes(kept)
    site.cli("reload")
    assert served(site, "capf") == before
