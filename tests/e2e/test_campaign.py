# SPDX-License-Identifier: Apache-2.0
"""Campaigns: many phones enrolled at a bounded rate, whatever happens to phones and server."""
import contextlib
import csv
import io
import os
import pty
import re
import sqlite3
import stat
import subprocess
import time

import pytest

import capf
import rig
from rogue import Client

NAMES = [f"SEP0022334455{n:02X}" for n in range(6)]
FAST = ("--rate", "600")


@pytest.fixture
def here(trusting_site, factory):
    """A site that believes MICs, with six phones that are switched off and have no LSC."""
    site = trusting_site
    site.start()
    site.phones = {}
    for name in NAMES:
        site.device_add(name)
        site.phones[name] = factory.phone(name)
    return site


def start(site, name, *words, **rest):
    return site.cli("campaign", "start", name, *words, "--json", **rest)


def show(site, name):
    return site.cli("campaign", "show", name, "--json")


def report(site, name):
    return {m["device"]: m for m in site.cli("campaign", "report", name, "--json")["members"]}


def statuses(site, name):
    return {device: m["status"] for device, m in report(site, name).items()}


# Who waits asks the API itself: a program for each look would have a processor to itself.

def wait_state(site, name, state="done", patience=rig.PATIENCE * 3):
    rig.wait_until(lambda: f"campaign {name} {state}: {show(site, name)} {statuses(site, name)}",
                   lambda: site.api("GET", f"/v1/campaigns/{name}")["state"] == state, patience)


def wait_status(site, name, device, status, patience=rig.PATIENCE * 2):
    def look():
        members = site.api("GET", f"/v1/campaigns/{name}/members?after=")["members"]
        return {m["device"]: m["status"] for m in members}[device] == status
    rig.wait_until(lambda: f"{device} {status}: {statuses(site, name)}", look, patience)


def issued(site):
    """Certificates that were confirmed, by device."""
    return {name: [c for c in site.device(name)["certificates"] if c["kind"] == "lsc"]
            for name in NAMES}


def test_sec_53_a_whole_fleet_enrols_by_mic_and_the_report_is_right(here):
    for name in NAMES[:4]:
        here.phones[name].start(here)
    started = start(here, "first", *(w for n in NAMES[:4] for w in ("--device", n)), "--auth",
                    "mic", *FAST)
    assert (started["name"], started["members"]) == ("first", 4)
    wait_state(here, "first")
    here.wait_registered(*NAMES[:4])
    for name, member in report(here, "first").items():
        in_force = [c["fingerprint"] for c in issued(here)[name] if c["state"] == "confirmed"]
        assert member["status"] == "success" and member["turns"] == 1
        assert member["certificate_before"] is None
        assert [member["certificate_after"]] == in_force
        assert member["begun_s"] <= member["ended_s"]
    assert show(here, "first")["devices"] == {
        "total": 4, "none": 0, "pending": 0, "in_progress": 0, "success": 4, "failed": 0,
        "taken_over": 0}
    rows = list(csv.DictReader(io.StringIO(here.cli("campaign", "report", "first",
                                                    "--csv").stdout)))
    assert [(r["device"], r["status"]) for r in rows] == [(n, "success") for n in NAMES[:4]]
    assert "first" in here.cli("campaign", "list").stdout
    for code in ("begun", "done"):
        here.event_wait(code, category="campaign")
    # They register: told to start anew, each enrols again with the LSC it has.
    before = {n: report(here, "first")[n]["certificate_after"] for n in NAMES[:4]}
    start(here, "second", "--expires-before", "2000d", "--auth", "lsc", *FAST)
    wait_state(here, "second")
    for name, member in report(here, "second").items():
        assert (member["status"], member["certificate_before"]) == ("success", before[name])
        assert member["certificate_after"] not in (None, before[name])


def test_one_is_off_one_refuses_and_one_is_taken_over(here):
    well, no_ec, off, taken = NAMES[:4]
    here.phones[well].start(here)
    here.phones[no_ec].start(here, "--no-ec")
    start(here, "ec", *(w for n in NAMES[:4] for w in ("--device", n)), "--auth", "mic", "--key",
          "ec", *FAST)
    wait_status(here, "ec", taken, "pending")
    here.cli("capf", "cancel", taken)
    wait_status(here, "ec", taken, "taken over")
    wait_status(here, "ec", well, "success")
    wait_status(here, "ec", no_ec, "failed:phone-refused")
    here.event_wait("phone-refused", no_ec, category="campaign")
    # Who failed has no operation left; who is off has one, and comes for it when it is there.
    assert here.device(no_ec)["capf"]["op"] == "none"
    assert show(here, "ec")["state"] == "running" and statuses(here, "ec")[off] == "pending"
    here.phones[off].start(here)
    wait_state(here, "ec")
    assert statuses(here, "ec") == {well: "success", no_ec: "failed:phone-refused",
                                    off: "success", taken: "taken over"}
    # Those that failed, once more, with a key that they know. It enrols once in a life, and nobody
    # can tell a phone that is not registered.
    here.phones[no_ec].stop(status=None)
    here.phones[no_ec].start(here)
    start(here, "again", "--failed-of", "ec", "--auth", "mic", *FAST)
    wait_state(here, "again")
    assert statuses(here, "again") == {no_ec: "success"}
    watched = here.cli("campaign", "watch", "ec", status=1)
    assert "failed" in watched.stdout and "\r" not in watched.stdout
    here.cli("campaign", "watch", "again")


def say_name(site, name, *elements):
    """A stranger who knows a name, and what CAPF ends that session with."""
    with Client(("127.0.0.1", site.ports["capf"])) as client:
        client.read(lambda got: capf.parse(got) is not None)
        _, session, _ = asked = capf.parse(client.got)
        client.send(capf.auth_response(session, name, *elements))
        at = 8 + sum(3 + len(value) for value in asked[2].values())
        client.read(lambda got: capf.parse(got[at:]) is not None)
        command, _, end = capf.parse(client.got[at:])
    assert command == capf.END_SESSION
    return end[capf.REASON][0]


def test_a_stranger_who_knows_a_name_takes_nobodys_turn(here, tmp_path):
    name, pem = NAMES[0], tmp_path / "own.pem"
    rig.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj",
            f"/CN={name}", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", pem, "-out",
            tmp_path / "own.crt")
    pem.write_text(pem.read_text() + (tmp_path / "own.crt").read_text())
    start(here, "named", "--device", name, "--auth", "mic", *FAST)
    wait_status(here, "named", name, "pending")
    for elements in ((), capf.proof(name, pem)):
        assert say_name(here, name, *elements) == 7
        # The operator sees it; the operation and the turn are as they were.
        op = rig.wait_until("it is written down", lambda: (
            lambda o: o if o["state"] == "failed" else None)(here.device(name)["capf"]))
        assert op["op"] == "install" and report(here, "named")[name]["last_try"] == op["reason"]
        assert statuses(here, "named")[name] == "pending"
    here.phones[name].start(here)
    wait_state(here, "named")
    assert statuses(here, "named") == {name: "success"}


def test_a_killed_server_forgets_nothing_and_does_nothing_twice(here):
    for name in NAMES:
        here.phones[name].start(here)
    start(here, "long", "--all", "--auth", "mic", "--rate", "40", "--parallel", "2")
    for done in (1, 3):
        rig.wait_until(lambda: statuses(here, "long"), lambda: list(
            statuses(here, "long").values()).count("success") >= done, rig.PATIENCE * 2)
        here.kill()
        here.start()
    wait_state(here, "long")
    assert set(statuses(here, "long").values()) == {"success"}
    for name, certs in issued(here).items():
        assert [c["state"] for c in certs].count("confirmed") == 1
        confirmed = [c for c in here.events() if c["device"] == name and c["category"] == "capf"
                     and "confirmed" in c["text"]]
        assert len([c for c in certs if c["state"] in ("confirmed", "superseded")]) == 1, confirmed


def test_paused_nobody_begins_and_resumed_it_goes_on(here):
    for name in NAMES[:3]:
        here.phones[name].start(here)
    start(here, "slow", "--all", "--auth", "mic", "--rate", "1")
    wait_status(here, "slow", NAMES[0], "success")
    assert here.cli("campaign", "pause", "slow", "--json")["state"] == "paused"
    here.event_wait("paused", category="campaign")
    here.stop()
    here.start()
    assert show(here, "slow")["state"] == "paused"
    assert show(here, "slow")["devices"]["none"] == 5
    assert here.cli("campaign", "resume", "slow", "--json")["state"] == "running"
    here.event_wait("resumed", category="campaign")
    # A minute has one phone, and that had its turn: the second begins no sooner.
    wait_status(here, "slow", NAMES[1], "success", patience=60 + rig.PATIENCE * 2)
    began = report(here, "slow")
    assert began[NAMES[1]]["begun_s"] - began[NAMES[0]]["begun_s"] >= 60
    assert here.cli("campaign", "stop", "slow", "--json")["state"] == "stopped"
    wait_status(here, "slow", NAMES[5], "failed:stopped")
    assert here.cli("campaign", "resume", "slow", "--json", status=1)["code"] == "campaign-ended"


def window(from_min, to_min):
    now = time.localtime()
    minute = now.tm_hour * 60 + now.tm_min
    at = [(minute + m) % 1440 for m in (from_min, to_min)]
    return "-".join(f"{m // 60:02}:{m % 60:02}" for m in at)


def test_sec_53_in_a_closed_window_nothing_begins_and_in_an_open_one_it_does(here):
    phone = here.phones[NAMES[0]].start(here)
    start(here, "night", "--device", NAMES[0], "--auth", "mic", *FAST, "--window", window(120, 240))
    start(here, "now", "--device", NAMES[1], "--auth", "mic", *FAST, "--window", window(-60, 240))
    # The open one has begun, so turns are taken, and the closed one was looked at as well.
    wait_status(here, "now", NAMES[1], "pending")
    here.phones[NAMES[1]].start(here)
    wait_state(here, "now")
    assert statuses(here, "night") == {NAMES[0]: "none"}
    assert here.device(NAMES[0])["capf"] is None and not phone.seen("enrol-done")


def test_who_has_not_come_by_the_end_has_failed(here):
    end_s = int(time.time()) + 4
    here.api("POST", "/v1/campaigns", {"name": "short", "op": "install", "auth": "mic",
                                       "rate": 1, "complete_by_s": end_s, "all": True}, status=201)
    wait_state(here, "short")
    assert set(statuses(here, "short").values()) == {"failed:expired-window"}
    assert here.device(NAMES[0])["capf"]["op"] == "none"
    here.event_wait("expired-window", NAMES[0], category="campaign")


def test_strings_are_written_once_and_work(here, tmp_path):
    path = tmp_path / "strings.csv"
    shown = start(here, "auto", "--without-lsc", "--auth", "string", *FAST, "--strings-file", path)
    name = shown["name"]
    assert re.fullmatch(r"c\d+", name) and "strings" not in shown
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.DictReader(path.open()))
    assert [r["device"] for r in rows] == NAMES
    assert len({r["string"] for r in rows}) == len(NAMES)
    wait_status(here, name, NAMES[5], "pending")
    log = here.log_text() + "".join(e["text"] for e in here.events())
    database = b"".join(p.read_bytes() for p in (here.folder / "db").iterdir())
    for row in rows:
        assert re.fullmatch(r"\d{8}", row["string"])
        assert row["string"] not in log and row["string"].encode() not in database
    # A wrong one costs a try and the phone may try again; the right one is taken.
    here.phones[NAMES[0]].start(here, "--auth-string", "0" + rows[1]["string"])
    rig.wait_until("the wrong string is noted", lambda: report(
        here, name)[NAMES[0]]["last_try"] == "bad-string")
    assert statuses(here, name)[NAMES[0]] == "pending"
    here.phones[NAMES[0]].stop(status=None)
    here.phones[NAMES[0]].start(here, "--auth-string", rows[0]["string"])
    wait_status(here, name, NAMES[0], "success")
    here.cli("campaign", "stop", name)


def test_what_cannot_be_is_refused(here):
    refused = {
        ("--auth", "mic"): "nobody",
        ("--auth", "mic", "--all", "--device", NAMES[0]): "devices-both",
        ("--auth", "null", "--all"): "null-string-off",
        ("--auth", "mic", "--all", "--window", "25:00-03:00"): "window",
        ("--auth", "mic", "--all", "--rate", "0"): "json-range",
        ("--auth", "mic", "--device", "SEPFFFFFFFFFFFF"): "device-unknown",
        ("--auth", "mic", "--model", "none-such"): "campaign-empty",
        ("--auth", "mic", "--issuer", "00" * 32): "issuer-unknown",
        ("--auth", "lsc", "--due"): "campaign-empty",
    }
    for words, code in refused.items():
        assert start(here, "x", *words, status=1)["code"] == code, words
    assert start(here, "renewal", "--auth", "mic", "--all", status=1)["code"] == "campaign-name"
    assert here.cli("campaign", "show", "x", "--json", status=1)["code"] == "campaign-unknown"
    dry = start(here, "x", "--auth", "mic", "--all", "--dry-run")
    assert dry["devices"] == NAMES
    start(here, "x", "--auth", "mic", "--all", "--window", window(120, 240))
    assert start(here, "x", "--auth", "mic", "--all", status=1)["code"] == "campaign-exists"
    assert start(here, "y", "--auth", "mic", "--all", status=1)["code"] == "in-campaign"
    here.cli("campaign", "stop", "x")
    start(here, "y", "--auth", "mic", "--all", "--window", window(120, 240))


def test_by_issuer_only_who_has_its_certificate(here):
    for name in NAMES[:2]:
        here.cli("capf", "install", name, "--auth", "mic")
        here.phones[name].start(here)
        here.phones[name].wait("registered")
    own = rig.run("openssl", "x509", "-in", here.folder / "certs/lsc-issuer.pem", "-noout",
                  "-fingerprint", "-sha256").stdout.split("=")[1].strip().replace(":", "").lower()
    dry = start(here, "x", "--auth", "lsc", "--issuer", own, "--dry-run")
    assert dry["devices"] == NAMES[:2]
    assert start(here, "x", "--auth", "mic", "--without-lsc", "--dry-run")["devices"] == NAMES[2:]


def test_a_terminal_sees_a_bar(here):
    here.phones[NAMES[0]].start(here)
    start(here, "bar", "--device", NAMES[0], "--auth", "mic", *FAST)
    ours, theirs = pty.openpty()
    watching = subprocess.Popen([rig.program("ringfence"), "campaign", "watch", "bar", "--site",
                                 here.folder], stdout=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert watching.wait(rig.PATIENCE) == 0
    assert b"1/1 done: success 1, failed 0" in shown and b"\r[####" in shown


def make_due(site, *names):
    """As if two thirds of the LSCs' lives were over. The server does not run."""
    with contextlib.closing(sqlite3.connect(next((site.folder / "db").glob("*.db")))) as db, db:
        for name in names:
            db.execute("UPDATE device_cert SET not_before_s = not_before_s - 2000 * 86400 "
                       "WHERE device = ? AND kind = 0", (name,))


def test_sec_112_due_phones_are_renewed_by_the_server_itself_when_it_is_told_to(here):
    due, fresh = NAMES[:2]
    for name in (due, fresh):
        here.cli("capf", "install", name, "--auth", "mic")
        here.phones[name].start(here)
        here.phones[name].wait("registered")
    old = here.device(due)["certificate"]
    here.stop()
    make_due(here, due)
    here.start()
    here.wait_registered(due, fresh)
    assert [d["device"] for d in here.cli("capf", "due", "--json")["due"]] == [due]
    assert here.cli("campaign", "list", "--json") == {"campaigns": []}  # off unless it is wanted
    here.configure(renew="yes", renew_rate=600)
    here.reload()
    rig.wait_until(lambda: site_certs(here, due), lambda: here.device(due)["certificate"] not in (
        None, old), rig.PATIENCE * 3)
    assert [c["name"] for c in here.status()["campaigns"]] == ["renewal"]
    rig.wait_until(lambda: statuses(here, "renewal"),
                   lambda: statuses(here, "renewal") == {due: "success"})
    assert here.cli("capf", "due", "--json") == {"due": []}
    assert here.cli("campaign", "stop", "renewal", "--json", status=1)["code"] == "renewal-knob"
    assert here.cli("campaign", "pause", "renewal", "--json")["state"] == "paused"
    here.configure(renew="no")
    here.reload()
    wait_state(here, "renewal", "stopped")
    assert here.status()["campaigns"] == []


def site_certs(site, name):
    return f"a new LSC of {name}: {site.device(name)['certificates']}"


def test_who_is_in_a_call_is_told_afterwards(office):
    site = office.site
    site.start()
    office.b.start(site, "--answer", "--play", rig.SPEECH / "ben.wav")
    office.b.wait("registered")
    office.a.start(site, "--call", "2002", "--for", "8s", "--play", rig.SPEECH / "ada.wav")
    for phone in (office.a, office.b):
        phone.wait("first-audio")
    start(site, "talk", "--all", "--auth", "lsc", *FAST)
    for name in (rig.A, rig.B):
        wait_status(site, "talk", name, "pending")
    wait_state(site, "talk")
    assert set(statuses(site, "talk").values()) == {"success"}
    for phone in (office.a, office.b):
        # Not one of them restarted before its call was over, by the phone's own hanging up.
        order = [e["event"] for e in phone.events if e["event"] in ("media-ended", "enrol")]
        assert order.index("media-ended") < order.index("enrol"), order
    ended = site.event_wait("call-ended")
    assert int(re.search(r"talked=(\d+)s", ended["text"]).group(1)) >= 7, ended
