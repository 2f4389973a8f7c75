# SPDX-License-Identifier: Apache-2.0
"""One address guesses the authentication strings of a whole fleet: that costs the fleet little, and
phones elsewhere enrol meanwhile."""
import capf
import rig
from rogue import Client

FLEET = [f"SEP0011220000{i:02X}" for i in range(20)]
K = 10  # capf_source_tries, as it is by default
GUESSER = "127.0.0.3"


def say_string(site, device, string, source=""):
    """A session of a phone that says this string: the reason it is ended with, None if let in."""
    with Client(("127.0.0.1", site.ports["capf"]), source=source) as client:
        client.read(lambda got: capf.parse(got) is not None)
        hello = client.got
        client.send(capf.auth_response(capf.parse(hello)[1], device,
                                       capf.element(capf.PASSWORD, string.encode() + b"\0")))
        client.read(lambda got: capf.parse(got[len(hello):]) is not None)
        command, _, elements = capf.parse(client.got[len(hello):])
    return elements[capf.REASON][0] if command == capf.END_SESSION else None


def wrong(string):
    return string[:-1] + str((int(string[-1]) + 1) % 10)


def tries_used(site):
    return sum(5 - site.device(name)["capf"]["tries_left"] for name in FLEET)


def test_sec_54_one_address_does_not_lock_the_strings_of_a_fleet(trusting_site, factory):
    site = trusting_site
    site.configure(capf_source_wait_s=3600)  # however slow the machine is
    site.start()
    for i, name in enumerate(FLEET):
        site.device_add(name, lines=[f"{3000 + i},x,x"])
    strings = {name: site.capf_install(name) for name in FLEET}
    for _ in range(3):
        for name in FLEET:
            assert say_string(site, name, wrong(strings[name]), GUESSER) == 7
    assert tries_used(site) == K
    waiting, = site.status()["capf_waiting"]
    assert waiting["address"] == GUESSER and waiting["wrong_strings"] == K
    assert GUESSER in site.events_wait("source-blocked", 1)[0]["text"]
    # not even the right one from there; and the operation is as it was
    assert say_string(site, FLEET[-1], strings[FLEET[-1]], GUESSER) == 7
    assert site.device(FLEET[-1])["capf"]["state"] == "pending"
    site.event_wait("source-waits", FLEET[-1])
    assert "rf_capf_source_refused_total 51" in site.ask("GET", "/metrics")[1]
    # the same one from elsewhere, and a whole phone
    assert say_string(site, FLEET[-1], strings[FLEET[-1]], "127.0.0.2") is None
    with factory.phone(FLEET[0]).start(site, "--auth-string", strings[FLEET[0]]) as phone:
        phone.wait("enrol-done", outcome="installed")
    assert tries_used(site) == K


def test_sec_54_after_the_wait_a_string_from_there_is_judged_again(trusting_site):
    site = trusting_site
    site.configure(capf_source_tries=5, capf_source_wait_s=1)
    site.start()
    for i, name in enumerate(FLEET[:6]):
        site.device_add(name, lines=[f"{3000 + i},x,x"])
    strings = {name: site.capf_install(name) for name in FLEET[:6]}
    for name in FLEET[:5]:
        assert say_string(site, name, wrong(strings[name]), GUESSER) == 7
    rig.wait_until("the wait is over", lambda: not site.status()["capf_waiting"])
    assert say_string(site, FLEET[5], strings[FLEET[5]], GUESSER) is None
