# SPDX-License-Identifier: Apache-2.0
"""The main job, from the factory to the end of the call: two new phones load firmware, enrol, register
with different versions of SCCP, and talk. It is run once; the tests look at what it left."""
import re
from types import SimpleNamespace

import pytest

import rig
import speech

pytestmark = pytest.mark.tsan

OLD, NEW = "ringphone-1.0", "ringphone-2.1"
IDLE = "Ready, second edition"
EQUAL_LEAST = 0.95
SUITE = "AES_CM_128_HMAC_SHA1_32"


class Job:
    def __init__(self, folder, made_site, made_factory):
        self.folder = folder
        self.site = rig.Site(folder / "site", like=made_site)
        self.factory = rig.Factory(folder / "factory", like=made_factory)
        self.a, self.b = (self.factory.phone(name, model="8861") for name in (rig.A, rig.B))
        self.both = (self.a, self.b)
        self.security, self.device = {}, {}

    def prepare(self):
        second = self.factory.firmware("2.1", "--display", f"idle={IDLE}")
        self.site.cli("mic", "import", self.factory.roots)
        self.site.cli("image", "import", *sorted(second.iterdir()))
        self.site.start()
        for name, line in ((rig.A, "2001,Ada,Ada"), (rig.B, "2002,Ben,Ben")):
            self.site.cli("device", "add", name, "--model", "8861", "--line", line, "--load", NEW)
        self.string = self.site.capf_install(rig.A)
        self.site.capf_install(rig.B, "mic")

    def heard(self, phone):
        return self.folder / f"heard-by-{phone.device}.wav"

    def talk(self):
        self.b.start(self.site, "--sccp-version", 11, "--answer", "--play", rig.SPEECH / "ben.wav",
                     "--record", self.heard(self.b))
        self.b.wait("registered")
        self.a.start(self.site, "--sccp-version", 22, "--auth-string", self.string, "--call",
                     "2002", "--for", "8s", "--play", rig.SPEECH / "ada.wav", "--record",
                     self.heard(self.a))
        for phone in self.both:
            phone.wait("first-audio")
            phone.wait("call-info", security="Encrypted")
        self.calls = self.site.api("GET", "/v1/calls")["calls"]
        self.in_call = [self.site.device(phone.device)["in_call"] for phone in self.both]
        for phone in self.both:
            phone.wait("call", state="idle")
            phone.wait("media-ended")

    def look(self):
        self.site.event_wait("call-ended")
        self.status, self.calls_after = self.site.status(), self.site.api("GET", "/v1/calls")
        for phone in self.both:
            self.security[phone.device] = phone.security()
            self.device[phone.device] = self.site.device(phone.device)
        self.ends = [phone.stop() for phone in self.both]
        self.site.event_wait("unregistered", rig.A)
        self.site.event_wait("unregistered", rig.B)
        self.events = self.site.events()
        self.ends.append(self.site.stop())

    def codes(self, device):
        """What happened to a device, in its order, without the files it fetched."""
        return [e["code"] for e in self.events
                if e["device"] == device and e["code"] != "file-sent"]


@pytest.fixture(scope="module")
def job(tmp_path_factory, made_site, made_factory):
    job = Job(tmp_path_factory.mktemp("job"), made_site, made_factory)
    try:
        job.prepare()
        job.talk()
        job.look()
    except BaseException:
        rig.end_everyone(True)
        raise
    rig.end_everyone(False)
    return job


@pytest.fixture(params=["a", "b"])
def side(request, job):
    """One phone and all that is known of it; each test is made for both."""
    phone, other = (job.a, job.b) if request.param == "a" else (job.b, job.a)
    return SimpleNamespace(phone=phone, other=other, security=job.security[phone.device],
                           device=job.device[phone.device],
                           says="ada.wav" if request.param == "a" else "ben.wav",
                           hears="ben.wav" if request.param == "a" else "ada.wav",
                           auth="string" if request.param == "a" else "mic",
                           version=22 if request.param == "a" else 11)


def fingerprint(job, role):
    return next(c["fingerprint"] for c in job.status["certificates"] if c["role"] == role)


def only(found):
    assert len(found) == 1, found
    return found[0]


def test_sec_01_another_firmware_is_verified_and_run(job, side):
    boots = side.phone.seen("boot")
    assert [boot["load"] for boot in boots] == [OLD, NEW]
    assert [part["file"] for part in side.phone.seen("load-part")] == [
        f"{NEW}.loads", "rfapp.2.1.sbn", "rfsnd.2.1.sbn"]
    active = only([image for image in side.security["image"] if image["active"]])
    assert active["verified"] and active["load"] == NEW
    assert active["signer"] == boots[0]["signer"]
    assert side.device["running_load"] == NEW
    assert side.phone.seen("display", key="idle", text=IDLE)


def test_sec_19_lists_are_taken_on_first_trust(job, side):
    first = {}
    for event in side.phone.seen("list"):
        first.setdefault(event["list"], event)
    served = {one["kind"]: one["fingerprint"] for one in job.status["lists"]}
    assert first["CTL"]["action"] == "first-trust"
    assert {kind: event["fingerprint"] for kind, event in first.items()} == served
    assert all(e["action"] == "same" for e in side.phone.seen("list") if e not in first.values())
    assert side.phone.seen("status", text="CTL and ITL installed")


def test_sec_10_configuration_is_verified(job, side):
    configs = side.phone.seen("config")
    for config in configs:
        assert config["verified"] and config["digest"] == "sha512"
        assert config["mode"] == (3 if config["full"] else 1)
        suffix = ".enc.sgn" if config["encrypted"] else ".sgn"
        assert config["file"] == f"{side.phone.device}.cnf.xml{suffix}"
        assert config["signer"] == fingerprint(job, "TFTP")
    # Once its key is known, the configuration is for the phone alone.
    assert not configs[0]["encrypted"] and configs[-1]["encrypted"] and configs[-1]["full"]


def test_sec_53_enrolled_and_confirmed(job, side):
    done = only(side.phone.seen("enrol-done"))
    assert done["outcome"] == "installed" and done["confirmed"]
    operation = side.device["capf"]
    assert (operation["auth"], operation["state"]) == (side.auth, "success")
    lsc = only([c for c in side.device["certificates"] if c["kind"] == "lsc"])
    assert lsc["state"] == "confirmed"
    assert lsc["fingerprint"] == done["lsc"] == side.security["lsc"]["fingerprint"]
    assert side.security["lsc"]["issuer"] == next(
        c["subject"] for c in job.status["certificates"] if c["role"] == "LSC-issuer")


def test_mic_is_known_where_it_was_shown(side):
    kept = [c["fingerprint"] for c in side.device["certificates"] if c["kind"] == "mic"]
    assert kept == ([side.security["mic"]["fingerprint"]] if side.auth == "mic" else [])


def test_sec_32_registered_with_the_lsc(side):
    device = side.device
    assert device["registered"] and device["sccp_version"] == side.version
    assert device["certificate"] == side.security["lsc"]["fingerprint"]
    assert device["tls_version"] == "TLSv1.3" and device["mode"] == "encrypted"
    assert not device["in_call"] and device["last_cause"] is None


def test_sec_75_media_is_encrypted_both_ways(job, side):
    assert only(side.phone.seen("receiving"))["suite"] == SUITE
    assert only(side.phone.seen("sending"))["suite"] == SUITE
    assert side.phone.seen("call-info")[-1]["security"] == "Encrypted"
    assert side.phone.seen("display", key="locked")
    call = only(job.calls)
    assert (call["calling"], call["called"], call["security"]) == ("2001", "2002", "encrypted")
    assert job.in_call == [True, True]


def test_each_heard_the_other_sample_for_sample(job, side):
    heard = speech.ulaw_of(job.heard(side.phone))
    said = speech.ulaw_of(rig.SPEECH / side.hears)
    assert speech.equal_part(heard, said)[1] >= EQUAL_LEAST
    assert speech.equal_part(heard, speech.ulaw_of(rig.SPEECH / side.says))[1] < 0.05


def test_no_packet_was_lost_or_refused(side):
    media, far = only(side.phone.seen("media-ended")), only(side.other.seen("media-ended"))
    assert 350 < media["received"] <= far["sent"]
    assert all(media[name] == 0 for name in ("lost", "refused_tag", "refused_replay",
                                             "refused_ssrc", "refused_format"))


def test_both_are_idle_and_end_in_order(job, side):
    assert side.phone.seen("call")[-1]["state"] == "idle"
    assert job.calls_after["calls"] == [] and job.status["calls"] == 0
    assert job.ends == [0, 0, 0]


def test_the_server_tells_the_whole_story(job, side):
    assert job.codes(side.phone.device) == (
        ["device-added", "scheduled", "issued", "installed", "registered", "alarm"]
        + (["call-ended"] if side.phone is job.a else []) + ["unregistered"])
    assert not [e for e in job.events if e["severity"] in ("warn", "error")]
    ended = only([e for e in job.events if e["code"] == "call-ended"])
    assert re.search(r"from=2001 to=2002 .*cause=normal security=encrypted", ended["text"])


def test_sec_78_no_secret_is_told(job):
    """Neither the server nor a phone says the string; keys never get where they could be told."""
    for one in (job.site, *job.both):
        assert job.string not in one.log_text()
    assert not any(job.string in e["text"] for e in job.events)
