# SPDX-License-Identifier: Apache-2.0
"""The menu of a running phone: its settings, its LSC by a typed string, its lists."""
import os
import pty
import subprocess
import time

import pytest

import rig

A, B = rig.A, rig.B


@pytest.fixture
def here(site, factory):
    """A site with a phone that has a MIC and no LSC yet, and registers with that."""
    site.cli("mic", "import", factory.roots)
    site.configure(accept_mic_for_signalling="yes")
    site.start()
    site.phone = factory.phone(A)
    site.device_add(A, lines=["2001,Ada,Ada"])
    return site


def switched_on(site, *words):
    site.phone.start(site, *words, has_menu=True)
    site.phone.wait("registered")
    return site.phone


def lists_of(phone):
    return [(phone.flash / name).read_bytes() for name in ("CTLFile.tlv", "ITLFile.tlv")]


def test_sec_53_an_lsc_by_a_string_that_its_user_types(here):
    string = here.capf_install(A)
    phone = switched_on(here)
    assert phone.seen("enrol") == []  # it waits for its user
    assert phone.say("lsc status")["page"]["lsc"] == "Not Installed"
    assert phone.say(f"lsc update {string}", ok=False)["code"] == "settings-locked"
    phone.say("unlock **#")
    # A wrong string first: nothing is lost but a try.
    phone.say("lsc update 000000")
    assert phone.wait("enrol-done")["outcome"] == "failed"
    assert not (phone.flash / "lsc.pem").exists()
    phone.child.stdin.write(b"lsc update\n")  # asked for, and typed unseen
    phone.say(string)
    done = phone.wait("enrol-done", after=1)
    assert (done["outcome"], done["confirmed"]) == ("installed", True)
    phone.wait("registered", after=1)  # with the new one
    page = phone.say("lsc status")["page"]
    assert page["lsc"] == "Installed" and page["update"] == "none"
    assert {"Settings unlocked"} <= {m["text"] for m in
                                     phone.say("status messages")["page"]["messages"]}
    security = phone.say("security")["page"]
    assert security["lsc"]["installed"] and security["settings"] == "unlocked"
    assert security["config"]["capf_servers"][0]["port"] == here.ports["capf"]
    assert string not in phone.log_text()
    here.wait_registered(A)


def test_sec_73_a_new_phone_with_an_encrypted_configuration_takes_the_string(here):
    string = here.capf_install(A)
    here.cli("device", "change", A, "--encrypt-config", "on")
    phone = here.phone
    phone.start(here, has_menu=True)
    refused = phone.wait("not-registering")
    assert refused["code"] == "config-stub" and "lsc update" in refused["why"]
    phone.wait("wait")
    phone.say("unlock **#")
    phone.child.stdin.write(b"lsc update\n")  # the stub says that a string is wanted
    phone.say(string)
    assert phone.wait("enrol-done")["outcome"] == "installed"
    phone.wait("registered")
    assert phone.seen("config")[-1]["encrypted"] is True


def test_sec_28_lists_are_erased_by_an_unlocked_phone_only(office):
    office.site.start()
    phone = office.a
    phone.start(office.site, has_menu=True)
    phone.wait("registered")
    before = lists_of(phone)
    assert phone.say("trust erase", ok=False)["code"] == "settings-locked"
    assert phone.say("unlock 123", ok=False)["code"] == "settings-keys"
    assert phone.say("trust erase", ok=False)["code"] == "settings-locked"
    assert lists_of(phone) == before
    phone.say("unlock **#")
    phone.say("trust erase")
    assert phone.wait("list", list="CTL", action="first-trust")
    phone.wait("registered", after=1)
    assert lists_of(phone) == before  # the same site: the same lists
    assert phone.say("settings")["page"]["settings"] == "locked"
    rig.wait_until("the message", lambda: "Erasing CTL and ITL files" in phone.messages())


def test_the_configuration_closes_the_settings_or_asks_for_a_password(office):
    office.site.start()
    phone = office.a
    phone.start(office.site, has_menu=True)
    phone.wait("registered")
    for n, (access, code) in enumerate((("none", "settings-off"), ("restricted",
                                                                  "settings-restricted"))):
        office.site.cli("device", "set", A, f"vendorConfig/settingsAccess={access}")  # and it restarts
        phone.wait("registered", after=n + 1)
        office.site.wait_registered(A)
        assert phone.say("unlock **#", ok=False)["code"] == code
        assert phone.say("trust erase", ok=False)["code"] == code
    office.site.cli("device", "set", A, "vendorConfig/settingsAccess=full")
    phone.wait("registered", after=3)
    office.site.wait_registered(A)
    office.site.cli("device", "set", A, "--secret", "commonProfile/phonePassword=-",
                    text_in="open-sesame\n")
    phone.wait("registered", after=4)
    assert phone.say("settings")["page"]["unlocked_by"] == "password"
    assert phone.say("unlock **#", ok=False)["code"] == "settings-password"
    phone.child.stdin.write(b"unlock\n")
    phone.say("open-sesame")
    assert phone.say("settings")["page"]["settings"] == "unlocked"
    assert "open-sesame" not in phone.log_text()


def test_a_key_of_minutes_is_made_while_the_phone_works(here):
    """The key takes longer than the server would wait for a phone that says nothing."""
    here.configure(capf_keepalive_s=8)
    here.stop()
    here.start()
    string = here.capf_install(A)
    phone = switched_on(here, "--key-delay-ms", "20000")
    phone.say("unlock **#")
    phone.say(f"lsc update {string}")
    phone.wait("enrol-step", step="key-asked")
    # Meanwhile: a service number is called, the page is read, the phone stays registered.
    phone.say("call 9999")
    phone.wait("call", state="idle")
    page = phone.say("lsc status")["page"]
    assert (page["update"], page["step"]) == ("in progress", "key-asked")
    assert phone.say("security")["page"]["lsc"]["installed"] is False
    assert here.device(A)["capf"]["state"] == "in progress"
    assert phone.seen("lost") == [] and phone.seen("enrol-done") == []
    done = phone.wait("enrol-done")
    assert (done["outcome"], done["confirmed"]) == ("installed", True)
    phone.wait("registered", after=1)


def test_abort_while_the_key_is_made_leaves_the_old_lsc_and_the_order(office):
    office.site.start()
    string = office.site.capf_install(A)
    phone = office.a
    phone.start(office.site, "--key-delay-ms", "3600000", has_menu=True)
    phone.wait("registered")
    old = (phone.flash / "lsc.pem").read_bytes()
    assert phone.say("lsc abort", ok=False)["code"] == "enrol-none"
    phone.say("unlock **#")
    phone.say(f"lsc update {string}")
    phone.wait("enrol-step", step="key-asked")
    phone.say("lsc abort")
    done = phone.wait("enrol-done")
    assert (done["outcome"], done["code"]) == ("failed", "aborted")
    assert (phone.flash / "lsc.pem").read_bytes() == old
    assert not (phone.flash / "lsc-pending.pem").exists()
    assert len(phone.seen("registered")) == 1
    office.site.event_wait("lost-link", device=A)
    phone.say("quit")
    phone.wait_end()
    # The order stands: the same string is good, without the delay.
    phone.start(office.site, has_menu=True)
    phone.wait("registered")
    phone.say("unlock **#")
    phone.say(f"lsc update {string}")
    assert phone.wait("enrol-done")["outcome"] == "installed"
    assert (phone.flash / "lsc.pem").read_bytes() != old


def test_sec_62_killed_while_its_key_is_made_the_old_lsc_stays(office):
    office.site.start()
    string = office.site.capf_install(A)
    phone = office.a
    phone.start(office.site, "--key-delay-ms", "3600000", has_menu=True)
    phone.wait("registered")
    old = (phone.flash / "lsc.pem").read_bytes()
    phone.say("unlock **#")
    phone.say(f"lsc update {string}")
    phone.wait("enrol-step", step="key-asked")
    phone.kill()
    assert (phone.flash / "lsc.pem").read_bytes() == old
    phone.start(office.site)
    phone.wait("registered")


def test_a_script_of_commands_for_people(office, tmp_path):
    """Lines from a file, answers in words; a bad command is refused and the rest goes on."""
    office.site.start()
    script = tmp_path / "script"
    script.write_text("# a remark\n\nwait registered 60s\nfly away\nlsc update 1 2\nunlock **#\n"
                      "lsc status\nsettings\nlock\nquit\n")
    with open(script, "rb") as lines:
        done = subprocess.run([rig.program("ringphone"), "--flash", office.a.flash, "--tftp",
                               office.site.tftp, "--console"], stdin=lines, capture_output=True,
                              text=True, timeout=rig.PATIENCE * 2, check=False)
    assert done.returncode == 0, done.stderr
    for text in ("refused: no such command; `help` lists what can be said (command-unknown)",
                 "refused: the words are: lsc update [STRING] (usage)", "the settings are open",
                 "lsc               Installed", "settings          unlocked"):
        assert text in done.stdout, done.stdout
    assert "fly" not in done.stdout


def test_a_script_that_waits_in_vain_fails(office):
    done = subprocess.run([rig.program("ringphone"), "--flash", office.a.flash, "--tftp",
                           "127.0.0.1:9", "--console"], input="wait registered 500ms\nquit\n",
                          capture_output=True, text=True, timeout=rig.PATIENCE * 2, check=False)
    assert done.returncode == 1
    assert "wait-timeout" in done.stdout


def test_on_a_terminal_the_string_is_not_shown(here):
    here.capf_install(A)
    main, other = pty.openpty()
    child = subprocess.Popen([str(rig.program("ringphone")), "--flash", str(here.phone.flash),
                              "--tftp", here.tftp, "--console"], stdin=other, stdout=other,
                             stderr=other, close_fds=True)
    os.close(other)
    seen = b""

    def until(text):
        nonlocal seen
        end = time.monotonic() + rig.PATIENCE
        while text not in seen:
            assert time.monotonic() < end, seen
            seen += os.read(main, 4096)
        seen = seen.split(text, 1)[1]

    try:
        until(b"ringphone> ")
        os.write(main, b"wait registered\n")
        until(b"registered  ")
        os.write(main, b"unlock **#\n")
        until(b"the settings are open")
        os.write(main, b"lsc update\n")
        until(b"Authentication string: ")
        os.write(main, b"987654321\n")
        until(b"the update has begun")
        until(b"enrol-done")
        os.write(main, b"quit\n")
        until(b"stopped")
        assert b"987654321" not in seen
        assert child.wait(rig.PATIENCE) == 0
    finally:
        child.kill()
        child.wait()
        os.close(main)
