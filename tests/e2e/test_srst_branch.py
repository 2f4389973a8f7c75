# SPDX-License-Identifier: Apache-2.0
"""A branch behind a wire that is cut, mended and made lossy: two network namespaces, the centre in one,
the router and its phones in the other. A cut wire resets nothing: all that ends of itself is patience."""
import os
import random
import time

import pytest

import branch
import bridge
import fleet
import rig
import voices
import wire

# Fewer and sooner under ./check; ./check slow has 50 phones, 10 calls and keepalives every 5 s.
PHONES = int(os.environ.get("RINGFENCE_BRANCH", "16"))
CALLS = max(1, PHONES // 5)
KEEPALIVE_S = 5 if PHONES >= 50 else 2
# A phone asks every keepalive_s and gives its link up when three questions were not answered and the next
# one is due.
SILENT_S = 4 * KEEPALIVE_S
AWAY_S = 30  # from the cut until idle phones are at the router
PROVEN_S = 10
# Then the call manager has to be found again: with --retry-ms 1000 it is looked for every 8 s, and a try
# into the cut wire lasts as long as the handshake may.
RETURN_S = 60
GAP_MS = 500
A, B = "SEP0000000000A1", "SEP0000000000B1"


@pytest.fixture
def cut_network():
    try:
        with wire.Network(), bridge.Bridge() as between:
            between.many()
            yield between
    except wire.Unavailable as problem:
        pytest.skip(f"no networks of our own: {problem}")


class Wire:
    """What becomes of the packets between the two."""

    def __init__(self, between):
        self.between, self.loss = between, random.Random(1)

    def cut(self):
        self.between.hook = lambda packet, frame: []

    def mend(self):
        self.between.hook = lambda packet, frame: [frame]

    def lose(self, part):
        self.between.hook = lambda packet, frame: [] if self.loss.random() < part else [frame]


class Town:
    """The centre, a branch of PHONES phones, two of them with people."""

    def __init__(self, folder, between, site, factory):
        self.folder, self.wire, self.there = folder, Wire(between), between.there
        self.centre = rig.Site(folder / "centre", like=site, **{
            **branch.CENTRE, "srst_monitor_s": PROVEN_S, "listen": bridge.HERE,
            "keepalive_s": KEEPALIVE_S})
        self.factory = rig.Factory(folder / "factory", like=factory)
        self.centre.cli("mic", "import", self.factory.roots)
        self.centre.start()
        self.router = branch.Router(folder / "router", "branch1", before=between.there([]),
                                    listen=bridge.THERE, keepalive_s=KEEPALIVE_S)
        self.router.start()
        branch.join(self.centre, self.router, bridge.HERE, bridge.THERE)
        self.centre.cli("srst", "use", "branch1")
        self.at_centre = f"{bridge.HERE}:{self.centre.ports['sccp_tls']}"
        self.at_router = f"{bridge.THERE}:{self.router.ports['sccp_tls']}"
        self.people = {"a": self.person("a", A, "2001,Ada,Ada"), "b": self.person("b", B, "2002,Ben,Ben")}
        self.names = fleet.make(self.factory, folder / "phones", PHONES - 2)
        fleet.known(self.centre, self.names)
        self.fleet = fleet.Fleet(folder / "phones")

    def person(self, who, name, line):
        self.centre.device_add(name, [line], load="ringphone-1.0")
        self.centre.capf_install(name, "mic")
        phone = self.factory.phone(name)
        return phone.start(f"{bridge.HERE}:{self.centre.ports['tftp']}", "--play",
                           voices.write(self.folder / f"{who}.wav", who), before=self.there([]), has_menu=True)

    def all_known(self):
        """Each phone has a certificate, and the router knows that."""
        def look():
            held = branch.reference(self.centre, "branch1")
            return held["serial"] > 0 and self.router.status()["devices"] == PHONES
        rig.wait_until(lambda: f"the snapshot: {self.router.log_text()[-2000:]}", look, 60)

    def registered(self, site, count, patience):
        began = time.monotonic()
        rig.wait_until(lambda: f"{count} phones at {site.name}: {site.status()['registered']}",
                       lambda: site.status()["registered"] == count, patience)
        return time.monotonic() - began

    def knows_it(self, who):
        """That it is registered: the server's word may be a moment ahead."""
        return [event["event"] for event in self.people[who].events
                if event["event"] in ("registered", "lost")][-1:] == ["registered"]

    def call(self, a, b):
        rig.wait_until(f"{a} and {b} are registered", lambda: self.knows_it(a) and self.knows_it(b))
        ringing, up = (len(self.people[b].seen("call", state=state)) for state in ("ring-in", "connected"))
        self.people[a].say(f"call {'2001' if b == 'a' else '2002'}")
        self.people[b].wait("call", after=ringing, state="ring-in")
        self.people[b].say("answer")
        self.people[b].wait("call", after=up, state="connected")

    def history(self, site):
        return site.api("GET", "/v1/calls/history")["calls"]


@pytest.fixture
def town(tmp_path, cut_network, made_site, made_factory):
    return Town(tmp_path, cut_network, made_site, made_factory)


@pytest.mark.fleet
def test_sec_90_a_branch_that_is_cut_off_goes_on_calling(town):
    """50 phones, 10 calls up when the wire is cut. Idle phones go to the router, the others when their
    calls end, nobody hears silence, a new call is encrypted; and all come back with every record once."""
    calls_s = (PHONES - 2) // 25 + CALLS // 2 + 2
    talk_s = calls_s + SILENT_S + 8
    town.fleet.start(f"{bridge.HERE}:{town.centre.ports['tftp']}", "--rate", "10/s", "--media", "silence",
                     before=town.there([]), network=bridge.MANY)
    town.fleet.wait_up(PHONES - 2, 120)
    town.all_known()
    for phone in town.people.values():
        phone.wait("standby", what="up", server=town.at_router)
    town.fleet.stop(status=None)
    town.fleet.start(f"{bridge.HERE}:{town.centre.ports['tftp']}", "--rate", "25/s", "--media", "silence",
                     "--calls", "2/s", "--calls-for", f"{calls_s}s",
                     "--talk", f"{talk_s}s", before=town.there([]), network=bridge.MANY)
    town.fleet.wait_up(PHONES - 2, 60)
    town.registered(town.centre, PHONES, 60)
    rig.wait_until("links that stand by", lambda: town.router.status()["links"] >= PHONES)
    town.fleet.wait("past the last call's beginning", lambda e: e["t_ms"] > calls_s * 1000 and (
        CALLS <= e["calls"]["connected"] == e["calls"]["tried"]))
    up = len(town.centre.api("GET", "/v1/calls")["calls"])

    town.wire.cut()
    began = time.monotonic()
    took = town.registered(town.router, PHONES - 2 * up, AWAY_S)
    assert took >= 2 * KEEPALIVE_S, "nothing was reset: they must have noticed by themselves"
    branch_calls = len(town.history(town.router))
    town.call("a", "b")
    town.people["a"].wait_now("call-info", security="Encrypted")
    call, = town.router.api("GET", "/v1/calls")["calls"]
    assert call["security"] == "encrypted"
    town.people["a"].say("hangup")
    town.registered(town.router, PHONES, talk_s + AWAY_S)
    if PHONES >= 50:
        branch.wait_state(town.centre, "branch1", state="unreachable", patience=60)

    town.wire.mend()
    town.registered(town.centre, PHONES, RETURN_S + time.monotonic() - began)
    assert town.router.status()["registered"] == 0
    branch.wait_state(town.centre, "branch1", state="normal", phones=0)
    town.call("b", "a")
    town.people["b"].say("hangup")
    town.fleet.stop(status=None)

    # Each phone was here, there and here again, no call was lost, and no ear heard nothing.
    report = town.fleet.report()
    assert report["calls"]["failed"] + report["calls"]["dropped"] == 0, report["errors"]
    assert report["calls"]["preserved"] == up
    assert report["preserved_gap_ms"]["max"] <= GAP_MS
    assert all(row["registrations"] == 3 for row in report["rows"]), report["rows"]
    # Every record is at the centre, once; those of the branch say where they were made.
    theirs = town.history(town.router)
    assert len(theirs) == branch_calls + 1
    kept = rig.wait_until("the branch's records", lambda: [
        c for c in town.history(town.centre) if c["origin"]])
    rig.wait_until("all of them", lambda: len([
        c for c in town.history(town.centre) if c["origin"]]) >= len(theirs))
    kept = [c for c in town.history(town.centre) if c["origin"]]
    assert len(kept) == len(theirs)
    assert sorted((c["calling"], c["called"], c["start_s"]) for c in kept) == \
        sorted((c["calling"], c["called"], c["start_s"]) for c in theirs)

    # A wire that loses one packet in twenty moves nobody.
    town.wire.lose(0.05)
    time.sleep(SILENT_S + KEEPALIVE_S)
    assert town.centre.status()["registered"] == 2
    assert not town.router.status()["registered"]
