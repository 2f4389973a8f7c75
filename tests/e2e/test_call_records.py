# SPDX-License-Identifier: Apache-2.0
"""Calls as operators see them: lines that are forwarded and shared, numbers of conferences, and records
of calls that ended, also while the database is away. Real phones and the real server."""
import sqlite3
import threading
import time

import pytest

import rig


def history(site, *words):
    return site.cli("calls", "history", *words, "--json")["calls"]


def history_wait(site, n, *words, patience=rig.PATIENCE):
    """When there are so many records."""
    return rig.wait_until(lambda: f"{n} records of calls among {history(site, *words)}",
                          lambda: got if len(got := history(site, *words)) >= n else None,
                          patience)


def line(site, device, number=0):
    return site.device(device)["lines"][number]


@pytest.fixture
def both(office):
    """Both phones are there; A has keys."""
    office.site.start()
    office.a.start(office.site, "--sccp-version", 22, has_menu=True)
    office.b.start(office.site, "--answer")
    for phone in (office.a, office.b):
        phone.wait("registered")
    office.site.wait_registered(rig.A, rig.B)
    return office


def call(phone, number, n=1):
    """A whole call: answered, secure, hung up by who called."""
    before = len(phone.seen("call-info", security="Encrypted"))
    phone.say(f"call {number}")
    phone.wait("call-info", after=before, security="Encrypted")
    phone.say("hangup")


def forward(phone, number):
    """By its key: who presses it while the line is forwarded ends that instead."""
    begun = len(phone.seen("call", state="dialling"))
    phone.say("forward")
    phone.wait("call", after=begun, state="dialling")
    phone.say(f"digits {number}#")


def test_a_call_leaves_a_record(both):
    site = both.site
    assert history(site) == []
    call(both.a, "2002")
    record, = history_wait(site, 1)
    wanted = {"calling": "2001", "called": "2002", "calling_device": rig.A, "called_device": rig.B,
              "calling_name": "Ada", "called_name": "Ben", "security": "encrypted",
              "cause": "normal", "code": 16, "original": None, "redirecting": None, "by": None}
    assert {key: record[key] for key in wanted} == wanted
    for side, device in (("calling", rig.A), ("called", rig.B)):
        assert record[f"{side}_signalling"] == "encrypted"
        assert record[f"{side}_srtp"] and record["codec"]
        assert record[f"{side}_certificate"] == site.device(device)["certificate"]
    assert record["start_s"] <= record["answered_s"] <= record["end_s"]
    site.event_wait("call-ended", rig.A)
    assert history(site, "--device", rig.B) == [record]
    assert history(site, "--device", "SEP000000000000") == []
    assert history(site, "--since", record["end_s"] + 1) == []
    both.a.say("call 2009")  # nobody's
    both.a.wait("call", state="idle", after=1)
    failed = history_wait(site, 2)[-1]
    assert failed["cause"] == "unknown-number" and failed["code"] == 1
    assert failed["called_device"] is None and failed["called"] == "2009"
    assert failed["answered_s"] is None and failed["codec"] is None
    assert history(site, "--limit", 1) == [failed]
    text = site.cli("calls", "history").stdout
    assert "unknown-number" in text and "encrypted" in text


def test_a_line_forwarded_by_its_key_is_forwarded_after_a_restart(both):
    site = both.site
    forward(both.a, "2002")
    site.event_wait("forward-set", rig.A, "line 2001 is forwarded to 2002")
    assert line(site, rig.A)["forward_all"] == "2002"
    assert "2002" in site.cli("device", "show", rig.A).stdout
    site.stop()
    site.start()
    site.wait_registered(rig.A, rig.B)
    both.a.wait("registered", after=1)
    assert line(site, rig.A)["forward_all"] == "2002"
    other = lock(site)
    both.a.say("forward")  # and off again
    site.log_wait("forwarding not kept yet")
    other.execute("ROLLBACK")
    site.event_wait("forward-ended", rig.A)
    rig.wait_until("no forwarding", lambda: line(site, rig.A)["forward_all"] == "")


def test_forwarding_that_a_phone_was_told_of_outlives_kill_9(both):
    site = both.site
    other = lock(site)
    forward(both.a, "2002")
    site.log_wait("forwarding not kept yet")
    assert not both.a.seen("forward")
    other.execute("ROLLBACK")
    both.a.wait("forward", on=True)
    site.kill()
    site.start()
    assert line(site, rig.A)["forward_all"] == "2002"


def test_forwarding_that_waits_at_the_end_is_written(both):
    site = both.site
    other = lock(site)
    forward(both.a, "2002")
    site.log_wait("forwarding not kept yet")
    release = threading.Timer(4, lambda: other.execute("ROLLBACK"))
    release.start()
    site.stop()
    release.join()
    site.start()
    assert line(site, rig.A)["forward_all"] == "2002"


def test_forwarding_that_is_set_at_one_phone_is_that_of_the_line(both):
    site = both.site
    site.cli("device", "change", rig.A, "--shared", "2001=yes")
    site.cli("device", "change", rig.B, "--line", "2002,Ben,Ben", "--line", "2001,Ada,Ada",
             "--shared", "2001=yes")
    both.b.wait("registered", after=1)
    forward(both.a, "2002")
    site.event_wait("forward-set", rig.A)
    assert line(site, rig.A)["forward_all"] == line(site, rig.B, 1)["forward_all"] == "2002"
    site.cli("device", "change", rig.B, "--forward-all", "2001=")
    assert line(site, rig.A)["forward_all"] == ""
    forward(both.a, "2002")  # its key sets it again, and does not end it
    site.event_wait("forward-set", rig.A)
    rig.wait_until("forwarded again", lambda: line(site, rig.A)["forward_all"] == "2002")


def test_an_operator_forwards_a_line(both):
    site = both.site
    site.device_add("SEP0011223344CC", lines=["2003,Cleo,Cleo"])
    site.cli("device", "change", "SEP0011223344CC", "--forward-unregistered", "2003=2002")
    assert line(site, "SEP0011223344CC")["forward_unregistered"] == "2002"
    call(both.a, "2003")
    record = history_wait(site, 1)[0]
    assert record["called_device"] == rig.B and record["original"] == "2003"
    assert record["redirecting"] == "2003"
    site.cli("device", "change", "SEP0011223344CC", "--forward-unregistered", "2003=")
    assert line(site, "SEP0011223344CC")["forward_unregistered"] == ""
    bad = site.cli("device", "change", rig.A, "--forward-all", "2001", status=2)
    assert "2001=2002" in bad.stderr
    assert "itself" in site.cli("device", "change", rig.A, "--forward-all", "2001=2001",
                                status=1).stderr


def test_rules_of_lines_and_protection_by_the_command_line(office):
    site = office.site
    site.start()
    site.cli("device", "change", rig.A, "--shared", "2001=yes", "--calls-max", "2001=6",
             "--busy-trigger", "2001=3", "--protected", "yes")
    got = line(site, rig.A)
    assert got["shared"] is True and got["calls_max"] == 6 and got["busy_trigger"] == 3
    assert site.device(rig.A)["protected"] is True
    refused = site.cli("device", "change", rig.A, "--srtp", "no", status=1).stderr
    assert "--protected no" in refused
    site.cli("device", "change", rig.A, "--line", "2001,Ada,Ada", "--line", "2004")
    assert line(site, rig.A)["calls_max"] == 6  # named anew, kept
    site.device_add("SEP0011223344CC", lines=["2001,Ada,Ada"], shared="2001=yes")
    assert line(site, "SEP0011223344CC")["shared"] is True
    assert "shared" in site.cli("device", "add", "SEP0011223344DD", "--model", "8861", "--line",
                                "2001", status=1).stderr
    for words in (("--shared", "2001=perhaps"), ("--calls-max", "2001=x"), ("--protected", "on")):
        site.cli("device", "change", rig.A, *words, status=2)


def test_meet_me_numbers(office):
    site = office.site
    site.start()
    assert "no Meet-Me" in site.cli("meet-me", "list").stdout
    site.cli("meet-me", "add", "5000", "--least", "encrypted")
    site.cli("meet-me", "add", "5001")
    site.stop()
    site.start()
    got = {one["number"]: one["least"] for one in site.cli("meet-me", "list", "--json")["meet_me"]}
    assert got == {"5000": "encrypted", "5001": "none"}
    assert "left out" not in site.log_text()
    assert "line of" in site.cli("meet-me", "add", "2001", status=1).stderr
    assert "Meet-Me" in site.cli("device", "change", rig.A, "--line", "5000", status=1).stderr
    site.cli("meet-me", "remove", "5000")
    site.cli("device", "change", rig.A, "--line", "5000")
    site.cli("meet-me", "remove", "5000", status=1)


def lock(site):
    """Another program has the database; execute("ROLLBACK") lets it go."""
    other = sqlite3.connect(site.folder / "db/ringfence.db", isolation_level=None, timeout=30,
                            check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_no_record_is_lost_while_the_database_is_locked(both):
    site = both.site
    call(both.a, "2002")
    history_wait(site, 1)
    other = lock(site)
    begun = time.monotonic()
    for _ in range(4):
        call(both.a, "2002")
    time.sleep(max(0, 6 - (time.monotonic() - begun)))
    site.log_wait("records of calls wait for the database")
    other.execute("ROLLBACK")
    got = history_wait(site, 5, patience=60)
    assert len({one["call"] for one in got}) == len(got) == 5
    assert "of calls lost" not in site.log_text()
    rig.wait_until(lambda: f"an event of each end: {site.events()}",
                   lambda: {e["call"] for e in site.events() if e["code"] == "call-ended"}
                   == {one["call"] for one in got})
    assert "rf_main_call_records_dropped_total 0\n" in site.ask("GET", "/metrics")[1]


def test_the_end_of_the_server_writes_what_waits(both):
    site = both.site
    other = lock(site)
    for _ in range(2):
        call(both.a, "2002")
    site.log_wait("records of calls wait for the database")
    release = threading.Timer(3, lambda: other.execute("ROLLBACK"))
    release.start()
    site.stop()
    release.join()
    site.start()
    assert len(history(site)) == 2
