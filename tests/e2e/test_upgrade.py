# SPDX-License-Identifier: Apache-2.0
"""A site and two phones of each earlier release, kept in tests/data/upgrade, work with the programs
of today: the phones register without enrolling again, call each other, and enrol anew when they are
told to."""
import json
import shutil
import time
from datetime import datetime, timezone

import pytest

import rig

DATA = rig.ROOT / "tests/data/upgrade"
RELEASES = sorted(path.name for path in DATA.iterdir() if path.is_dir())
KEPT = ("name", "model", "protocol", "mode", "media_policy", "srtp", "description", "load", "lines",
        "added_s", "changed_s", "capf", "certificates")


def validity(pem):
    """Seconds since 1970 of the first certificate in a file: (begin, end)."""
    shown = rig.run("openssl", "x509", "-in", pem, "-noout", "-startdate", "-enddate").stdout
    times = dict(line.split("=") for line in shown.splitlines())
    return tuple(datetime.strptime(times[name], "%b %d %H:%M:%S %Y %Z")
                 .replace(tzinfo=timezone.utc).timestamp() for name in ("notBefore", "notAfter"))


def check_dates(folder):
    """Nothing is to be learnt from certificates that have ended: say so, and what to do."""
    now = time.time()
    for pem in sorted([*folder.glob("site/certs/*.pem"), *folder.glob("SEP*/*c.pem")]):
        begin, end = validity(pem)
        name = pem.relative_to(rig.ROOT)
        if now < begin:
            pytest.fail(f"{name} is not valid yet: the clock of this machine is wrong")
        if now >= end:
            pytest.fail(f"{name} has ended, and with it this test's data (the programs are not at "
                        f"fault). Only release {folder.name} can make it anew: check out its tag, "
                        f"remove tests/data/upgrade/{folder.name}, run tests/data/upgrade/make, "
                        "and commit the new folder here")


def own_copy(kept, to):
    """Git keeps no modes: in service these files are for their owner alone."""
    shutil.copytree(kept, to)
    for path in (to, *to.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return to


class Kept:
    def __init__(self, release, folder):
        kept = DATA / release
        check_dates(kept)
        self.expected = json.loads((kept / "expected.json").read_text())
        own_copy(kept / "site", folder / "made")
        self.site = rig.Site(folder / "site", like=folder / "made")
        self.a, self.b = (rig.Phone(own_copy(kept / name, folder / name), name)
                          for name in (rig.A, rig.B))


@pytest.fixture(params=RELEASES)
def kept(request, tmp_path):
    return Kept(request.param, tmp_path)


def values(site, name):
    """What is set in the device's configuration; of secrets, that there is one."""
    config = site.api("GET", f"/v1/devices/{name}/config")["configuration"]
    return [value for value in config["values"] if value["layer"] == "device"]


def state(site, names):
    """What the server knows, without what is of the moment."""
    return {name: {key: site.device(name)[key] for key in KEPT} | {"values": values(site, name)}
            for name in names}


def with_rules(device):
    """How calls of its lines are handled was not to be set before: as by default."""
    rules = {"shared": False, "forward_all": "", "forward_busy": "", "forward_no_answer": "",
             "forward_unregistered": "", "calls_max": 0, "busy_trigger": 0}
    return device | {"lines": [rules | line for line in device["lines"]]}


def test_there_is_something_to_come_from():
    assert RELEASES == ["0.1", "0.2", "0.3", "0.4"]


def test_phones_of_an_earlier_release_register_without_enrolling(kept):
    kept.site.start()
    assert state(kept.site, kept.expected) == \
        {name: {key: with_rules(device)[key] for key in KEPT} | {"values": device.get("values", [])}
         for name, device in kept.expected.items()}
    kept.b.start(kept.site, "--answer")
    kept.b.wait("registered")
    kept.a.start(kept.site, "--call", "2002")
    for phone in (kept.a, kept.b):
        phone.wait("call-info", security="Encrypted")
        phone.wait("first-audio")
        assert [boot["load"] for boot in phone.seen("boot")] == ["ringphone-2.0"]
        assert phone.seen("enrol") == [] and phone.seen("load-wanted") == []
        assert [one for one in phone.events if "code" in one] == []
    for name, device in kept.expected.items():
        lsc = next(c for c in device["certificates"]
                   if c["kind"] == "lsc" and c["state"] == "confirmed")
        assert kept.site.device(name)["certificate"] == lsc["fingerprint"]


def test_an_earlier_sites_secrets_can_still_be_opened(kept):
    if not any(value["secret"] for device in kept.expected.values()
               for value in device.get("values", [])):
        return  # releases before 0.2 had none
    kept.site.start()
    kept.a.start(kept.site)
    kept.a.wait("registered")
    found = kept.site.api("GET", "/v1/lint")["findings"]
    assert [one for one in found if one["code"] in ("unwrap", "secret-key")] == []
    assert "protection" in kept.site.api("GET", f"/v1/devices/{rig.A}/config")["configuration"]


def test_a_phone_of_an_earlier_release_enrols_when_it_is_told_to(kept):
    kept.site.start()
    kept.site.capf_install(kept.b.device, "lsc")
    kept.b.start(kept.site)
    kept.b.wait("registered")
    assert kept.b.seen("enrol-done", outcome="installed", confirmed=True)
    assert kept.b.security()["lsc"]["fingerprint"] == \
        kept.site.device(kept.b.device)["certificate"]


def test_an_earlier_site_can_publish_lists_that_its_phones_take(kept):
    kept.site.cli("list", "publish", "--force")
    kept.site.start()
    kept.a.start(kept.site)
    kept.a.wait("registered")
    assert [(e["list"], e["action"]) for e in kept.a.seen("list")] == [("CTL", "update"),
                                                                       ("ITL", "update")]
