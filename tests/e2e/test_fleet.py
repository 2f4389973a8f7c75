# SPDX-License-Identifier: Apache-2.0
"""`ringphone fleet`: many phones in one process do what each of them does alone, and the report says
of each what became of it."""
import fcntl
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import termios

import pytest

import fleet
import rig

# Fewer under ./check; ./check slow has RINGFENCE_FLEET of them.
PHONES = int(os.environ.get("RINGFENCE_FLEET", "12"))
PATIENCE = 240


def settle(site, factory, folder, count, keepalive_s=1):
    """Make a site know so many devices, whose flash folders are made too."""
    site.cli("mic", "import", factory.roots)
    site.configure(keepalive_s=keepalive_s)
    site.start()
    site.names = fleet.make(factory, folder, count)
    fleet.known(site, site.names)
    site.phones = fleet.Fleet(folder)
    return site


@pytest.fixture
def town(site, factory, tmp_path):
    """A site that knows PHONES devices, which are to enrol by their MICs, and their flash folders."""
    return settle(site, factory, tmp_path / "phones", PHONES)


@pytest.fixture
def callers(site, factory, tmp_path):
    """Twenty of them, enough for a few calls of three at a time, that miss no keepalive so soon."""
    return settle(site, factory, tmp_path / "phones", 20, keepalive_s=60)


def confirmed(device):
    return [c["fingerprint"] for c in device["certificates"]
            if c["kind"] == "lsc" and c["state"] == "confirmed"]


def refused(*words, status=2):
    return rig.run(rig.program("ringphone"), "fleet", *words, status=status).stderr


@pytest.mark.fleet
@pytest.mark.tsan
def test_a_fleet_enrols_calls_and_comes_back_when_the_server_was_killed(town):
    phones = town.phones.start(town, "--calls", "20/s", "--talk", "300ms")
    phones.wait("all enrolled", lambda e: e["enrolled"] == PHONES, PATIENCE)
    phones.wait_up(PHONES, PATIENCE)
    town.wait_registered(*town.names)
    phones.wait("ten calls", lambda e: e["calls"]["completed"] >= 10, PATIENCE)
    town.kill()
    phones.wait("all lost", lambda e: e["lost"] == PHONES, PATIENCE)
    phones.mark()
    town.start()
    phones.wait_up(PHONES, PATIENCE)
    done = phones.wait("calls again", lambda e: e["calls"]["completed"] > 20, PATIENCE)
    assert phones.stop() == 0
    report = phones.report()
    assert report["reached"] == report["phones"] == PHONES and report["lost"] == PHONES
    assert report["enrolled"] == PHONES and report["enrolments_failed"] == 0
    assert report["lost_to_registered_ms"]["n"] + report["call_end_to_registered_ms"]["n"] == PHONES
    assert report["boot_to_registered_ms"]["p99"] >= report["boot_to_registered_ms"]["p50"] > 0
    assert report["calls"]["completed"] >= done["calls"]["completed"]
    assert report["memory"]["a_phone"] > 0
    rows = {row["device"]: row for row in report["rows"]}
    assert sorted(rows) == town.names
    for name in town.names:
        device, row = town.device(name), rows[name]
        assert [row["lsc"]] == confirmed(device) and row["mic"] != row["lsc"]
        assert row["reached"] and row["enrolments"] == 1 and row["lost"] == 1
        assert row["number"] == device["lines"][0]["dn"]
        assert not device["registered"]  # it said goodbye
    assert not town.api("GET", "/v1/calls")["calls"]


@pytest.mark.fleet
def test_until_ends_when_all_are_there_and_a_second_run_goes_on_from_its_flash(town):
    phones = town.phones.start(town, "--until", "enrolled")
    assert phones.wait_end(patience=PATIENCE) == 0
    first = {row["device"]: row for row in phones.report()["rows"]}
    phones.start(town, "--until", "registered", "--rate", "600/min")
    assert phones.wait_end(patience=PATIENCE) == 0
    second = phones.report()
    assert second["enrolled"] == 0 and second["registrations"] == PHONES
    assert {row["device"]: row["lsc"] for row in second["rows"]} == \
        {name: row["lsc"] for name, row in first.items()}
    begun = [row["begun_ms"] for row in second["rows"]]
    assert begun == sorted(begun) and begun[-1] >= (PHONES - 1) * 100  # ten a second


def test_a_phone_that_does_not_get_there_is_named_and_fails_the_whole(town):
    """One that the server does not know, one whose firmware was changed, one that another process
    has: each is refused as a phone alone is, and the others are not held up."""
    folder = town.phones.folder
    stranger, broken, busy = town.names[0], town.names[1], town.names[2]
    town.cli("device", "remove", stranger)
    part = next((folder / broken / "slot.a").glob("rfapp*"))
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    with rig.Phone(folder / busy, busy).start(town) as other:
        other.wait("registered")
        phones = town.phones.start(town, "--for", "600s")
        phones.wait_up(PHONES - 3, PATIENCE)
        phones.wait("all errors seen", lambda e: {"flash-busy", "no-firmware", "no-configuration"}
                    <= {error["code"] for error in e["errors"]}, PATIENCE)
        assert phones.stop(status=1) == 1
    report = phones.report()
    rows = {row["device"]: row for row in report["rows"]}
    assert report["reached"] == PHONES - 3 and report["states"]["halted"] == 2
    assert rows[broken]["state"] == "halted" and rows[broken]["last_error"] == "no-firmware"
    assert rows[busy]["state"] == "halted" and rows[busy]["last_error"] == "flash-busy"
    assert rows[stranger]["state"] in ("waiting", "fetching") and not rows[stranger]["reached"]
    named = {error["code"]: error["devices"] for error in report["errors"]}
    assert named["no-firmware"] == [broken] and named["flash-busy"] == [busy]
    assert named["no-configuration"] == [stranger]


def test_calls_with_media_are_encrypted_calls(town):
    phones = town.phones.start(town, "--calls", "2/s", "--talk", "60s", "--media", "silence",
                               "--codecs", "g722,ulaw", "--events")
    phones.wait("two calls", lambda e: e["calls"]["now"] >= 2, PATIENCE)

    def heard():
        return [e for e in list(phones.events) if e and e["event"] == "first-audio"]
    rig.wait_until(lambda: "audio at four ends", lambda: len(heard()) >= 4, PATIENCE)
    sending = [e for e in list(phones.events) if e and e["event"] == "sending"]
    assert sending and {e["suite"] for e in sending} != {"none"}
    assert {e["codec"] for e in sending} == {"g722"}
    assert phones.stop() == 0
    ended = [e for e in phones.events if e and e["event"] == "media-ended"]
    assert ended and not any(e["refused_tag"] or e["refused_replay"] or e["refused_format"]
                             for e in ended)


def call_errors(report):
    return [error for error in report["errors"] if error["event"] == "call"]


def test_calls_are_held_and_resumed_and_given_to_a_third_phone(callers):
    """Nobody hears of a call that was not resumed or not transferred, and the server keeps none."""
    phones = callers.phones.start(callers, "--calls", "3/s", "--talk", "900ms", "--hold", 30,
                                  "--transfer", 30)
    phones.wait("calls of each kind", lambda e: e["calls"]["completed"] >= 30 and
                e["calls"]["resumed"] >= 5 and e["calls"]["transfers"] >= 5, PATIENCE)
    assert phones.stop() == 0
    report = phones.report()
    calls = report["calls"]
    assert not call_errors(report) and not report["lost"], report["errors"]
    assert calls["failed"] == calls["dropped"] == 0
    cut = calls["tried"] - calls["completed"]  # by the end of the fleet
    assert calls["resumed"] <= calls["held"] <= calls["resumed"] + cut
    for what, times in (("connected", "setup_ms"), ("resumed", "resume_ms"),
                        ("transfers", "transfer_ms")):
        assert calls[times]["n"] == calls[what] and calls[times]["max"] < 10000
    # The digits of a number take a user a second, and are no part of it.
    assert calls["ring_ms"]["n"] >= calls["connected"]
    assert calls["ring_ms"]["p50"] + 1000 <= calls["setup_ms"]["p50"]
    assert not callers.api("GET", "/v1/calls")["calls"]


def test_a_transfer_without_a_third_phone_is_a_plain_call(callers):
    """Two phones, all of whose calls should be transferred; and its twin, with a third one."""
    phones = callers.phones.start(callers, "--count", 2, "--calls", "5/s", "--talk", "300ms",
                                  "--transfer", 100)
    phones.wait("calls", lambda e: e["calls"]["completed"] >= 2, PATIENCE)
    assert phones.stop() == 0
    calls = phones.report()["calls"]
    assert calls["skipped_transfers"] == calls["tried"] > 0
    assert calls["transfers"] == calls["failed"] == calls["dropped"] == 0
    phones.start(callers, "--count", 3, "--calls", "5/s", "--talk", "300ms", "--transfer", 100)
    phones.wait("a transfer", lambda e: e["calls"]["transfers"] >= 1, PATIENCE)
    assert phones.stop() == 0


@pytest.mark.parametrize("words, codes", [
    (("--hold", 100, "--calls", "2/s"), {"call-not-held", "call-not-resumed"}),
    (("--transfer", 100, "--calls", "1/s"), {"call-no-line"})])
def test_keys_that_lead_nowhere_are_told_by_code_with_devices(callers, words, codes):
    """The server stands still, with calls in every step; and when it goes on, calls do too."""
    phones = callers.phones.start(callers, "--talk", "3s", *words)
    phones.wait("a call to its end", lambda e: e["calls"]["completed"] >= 1, PATIENCE)
    callers.send(signal.SIGSTOP)
    try:
        seen = phones.wait("told", lambda e: codes <= {error["code"] for error in call_errors(e)},
                           PATIENCE)
    finally:
        callers.send(signal.SIGCONT)
    assert all(error["devices"] and error["why"] for error in call_errors(seen))
    bad = seen["calls"]["failed"] + seen["calls"]["dropped"]
    assert seen["calls"]["dropped"] >= len(codes)
    assert bad == sum(error["n"] for error in call_errors(seen))
    phones.wait("calls again", lambda e: e["calls"]["completed"] > seen["calls"]["completed"] + 2,
                PATIENCE)
    assert phones.stop() == 0
    assert not callers.api("GET", "/v1/calls")["calls"]


def test_words_for_people(town):
    done = rig.run(rig.program("ringphone"), "fleet", "--dir", town.phones.folder, "--tftp",
                   town.tftp, "--from", fleet.NETWORK, "--until", "enrolled", "--every", "200ms", timeout=PATIENCE)
    lines = done.stdout.splitlines()
    assert lines[0] == f"{PHONES} phones of {town.phones.folder}, " + lines[0].split(", ")[1]
    assert re.match(rf" +[\d.]+s {PHONES}/{PHONES} enrolled \| registered {PHONES} \|", next(
        line for line in lines if f"{PHONES}/{PHONES}" in line))
    assert f"{PHONES} of {PHONES} phones enrolled after " in done.stdout
    assert re.search(r"enrolment +\d+ / \d+ / \d+ / \d+", done.stdout)
    assert re.search(r"memory [\d.]+ MB, \d+ kB a phone", done.stdout)


def on_a_terminal(*words, once=lambda: None):
    """Run a program on a terminal of 100 columns; what was to be seen there, and the exit status. `once`
    it shows something, this is done."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    child = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=its)
    os.close(its)
    seen = b""
    try:
        while chunk := os.read(mine, 65536):
            if not seen:
                once()
            seen += chunk
    except OSError:  # its end
        pass
    os.close(mine)
    return seen.decode(), child.wait(rig.PATIENCE)


def test_on_a_terminal_one_line_is_refreshed(town):
    """And a report that cannot be written is said, and fails a run that reached its goal."""
    nowhere = town.folder / "nowhere/report.json"
    nowhere.parent.mkdir()  # and it goes while the phones run
    seen, status = on_a_terminal(rig.program("ringphone"), "fleet", "--dir", town.phones.folder,
                                 "--tftp", town.tftp, "--from", fleet.NETWORK, "--until",
                                 "enrolled", "--every", "100ms", "--report", nowhere,
                                 once=nowhere.parent.rmdir)
    head, *refreshed = seen.split("\r\033[K")
    last, report = refreshed[-1].split("\r\n", 1)
    assert head.startswith(f"{PHONES} phones of ") and len(refreshed) > 1
    assert all("\n" not in line and len(line) <= 99 for line in refreshed[:-1])
    assert f"{PHONES}/{PHONES} enrolled" in last
    assert report.startswith(f"{PHONES} of {PHONES} phones enrolled after ")
    assert status == 1 and not nowhere.exists()


def test_a_second_signal_ends_it_at_once(town):
    """The server does not answer, so phones that say goodbye wait for it: until someone means it."""
    phones = town.phones.start(town)
    phones.wait_up(PHONES, PATIENCE)
    town.send(signal.SIGSTOP)
    try:
        phones.send(signal.SIGTERM)
        phones.wait("the last summary", lambda e: e["t_ms"] > 0)
        assert phones.is_running()
        phones.send(signal.SIGINT)
        assert phones.wait_end(status=None) in (128 + signal.SIGINT, 128 + signal.SIGTERM, 0)
    finally:
        town.send(signal.SIGCONT)


# ---- what is no fleet ----

@pytest.fixture
def batch(factory, tmp_path):
    fleet.make(factory, tmp_path / "phones", 3)
    return tmp_path / "phones"


def test_a_folder_that_is_no_fleet_is_refused(batch, tmp_path):
    tftp = ("--tftp", "127.0.0.1:6969")
    empty = tmp_path / "empty"
    empty.mkdir()
    said = refused("--dir", empty, *tftp)
    assert "has no flash folders" in said and "ringfence factory phone --count" in said
    assert "No such file" in refused("--dir", tmp_path / "nowhere", *tftp)
    assert "is the flash of one phone" in refused("--dir", batch / fleet.FIRST, *tftp)
    assert "--count 4 is more than the 3 phones" in refused("--dir", batch, "--count", 4, *tftp)
    (batch / fleet.names(3)[1] / "identity.json").unlink()
    said = refused("--dir", batch, "--count", 3, *tftp)
    assert "more than the 2 phones" in said and "a batch there is not finished" in said
    shutil.copytree(batch / fleet.FIRST, batch / "copy")
    assert f"are both {fleet.FIRST}" in refused("--dir", batch, *tftp)


def test_words_that_are_wrong_are_named(batch):
    assert "--dir DIR is missing" in refused("--tftp", "127.0.0.1")
    assert "no TFTP server" in refused("--dir", batch)
    assert "--events goes with --json" in refused("--dir", batch, "--events")
    for option, value in (("--rate", "0"), ("--rate", "5/h"), ("--calls", "x"), ("--count", "0"),
                          ("--until", "happy"), ("--hold", "101"), ("--transfer", "-1"), ("--media", "music"), ("--workers", "65"),
                          ("--tftp", "host:99999"), ("--for", "1y"), ("--from", "127.1.0.1/8")):
        assert f'{option} "{value}": wants ' in refused("--dir", batch, option, value)
    for words, said in ((("--calls", "1/s", "--hold", 60, "--transfer", 41), "more than a hundred"),
                        (("--hold", 1), "--hold and --transfer go with --calls")):
        assert said in refused("--dir", batch, *words)
    assert "--nothing is no option" in refused("--nothing")
    assert "--from has 1 addresses for 3 phones" in refused(
        "--dir", batch, "--tftp", "127.0.0.1", "--from", "127.1.0.0/31")


def test_more_phones_than_a_server_takes_from_one_address_are_warned_of(factory, site, tmp_path):
    """The server's own default: the fourth gets no answer, and the fleet says what that may be."""
    site.configure(provision_names=3)
    site.start()
    names = fleet.make(factory, tmp_path / "four", 4)
    for name, end in zip(names, ("1", "2", "3", "4")):
        site.device_add(name, [f"200{end}"], mode="nonsecure")
    words = ["--dir", tmp_path / "four", "--tftp", site.tftp, "--for", "4s"]
    done = rig.run(rig.program("ringphone"), "fleet", *words, status=1)
    assert "4 phones share one address" in done.stderr and "provision_names" in done.stderr
    assert [e["code"] for e in site.events() if e["category"] == "file" and e["severity"] == "warn"
            ].count("name-guessing") >= 1
    # The twins: three of them, and each at an address of its own.
    for more in (["--count", 3], ["--from", fleet.NETWORK]):
        site.configure(provision_names=3)
        done = rig.run(rig.program("ringphone"), "fleet", *words[:-2], *more, "--for", "300ms",
                       status=None)
        assert done.stderr == ""


def test_too_few_files_are_said_before_anything_boots(batch):
    """The hard limit is what root may raise and nobody else: nobody runs it here."""
    if os.geteuid() != 0:
        pytest.skip("takes the right to raise limits away, which needs root")
    os.chmod(batch.parent, 0o755)
    done = rig.run("setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource", "prlimit",
                   "--nofile=140:140", rig.program("ringphone"), "fleet", "--dir", batch, "--tftp",
                   "127.0.0.1:6969", status=2)
    assert "3 phones need 152 open files and the hard limit is 140" in done.stderr
    assert "--count 1" in done.stderr


def test_the_soft_limit_is_raised(batch):
    """Twin of the one above: a hard limit that is large enough is used."""
    done = rig.run("prlimit", "--nofile=40:1000", rig.program("ringphone"), "fleet", "--dir", batch,
                   "--tftp", "127.0.0.1:9", "--for", "300ms", "--json", status=1)
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "fleet-end" and last["boots"] == 3 and last["reached"] == 0
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 40  # ours is as it was
