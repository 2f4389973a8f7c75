# SPDX-License-Identifier: Apache-2.0
"""Power cuts: every state that an image change, a list update, a configuration update of the phone
and a publishing of lists by the server can leave on the disk. After each the phone boots a verified
image and finishes the job. The changes are those that the file layer noted; strace counts them
too, so that none goes by the file layer."""
import json
import os
import shutil

import powercut
import rig
from rig import A

JOURNAL = "RINGFENCE_FILE_JOURNAL"


def traced(tmp_path, folder, but=None):
    """Words before a command, and what is to be set for it; below, what was seen."""
    trace, journal = tmp_path / "strace.out", tmp_path / "journal"
    before = ["strace", "-f", "-y", "-s", "16", "-o", trace, "-e", f"trace={powercut.CALLS}"]
    # The leak checker cannot run under strace; it does in every other test.
    env = {JOURNAL: str(journal),
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}

    def result(what):
        changes = powercut.read_journal(journal)
        ours, theirs = powercut.counted(changes), powercut.seen_by_strace(trace, folder, but)
        print(f"{what}: {len(changes)} crash points {ours}, strace saw {theirs}")
        assert ours == theirs
        return changes
    return before, env, result


def change_traced(what, tmp_path, phone, site, done):
    """The phone does it once, undisturbed. Returns the disk before and the changes made."""
    disk = powercut.Disk.of(phone.flash)
    before, env, result = traced(tmp_path, phone.flash)
    phone.env = env
    phone.start(site, "--for", "200ms", before=before)  # strace passes no signal on
    phone.wait_end()
    assert phone.seen("registered") and done()
    phone.env = {}
    return disk, result(what)


def running(phone):
    slot = next(one for one in phone.security()["image"] if one["active"])
    assert slot["verified"], slot
    return slot["load"]


def replay(phone, site, disk, changes, loads, done):
    """Each state: the phone's image is verified, and the phone, booted, registers with the job done."""
    flash = str(phone.flash)
    points = powercut.states(disk, changes, flash)
    assert len(points) > len(changes) // 3
    for point in points:
        point.write(flash)
        try:
            assert running(phone) in loads
            phone.start(site)
            phone.wait("registered")
            assert phone.seen("slot-refused") == []
            assert running(phone) in loads and done()
            phone.stop()
        except AssertionError as problem:
            raise rig.Failed(f"{point}: {problem}\n" + "\n".join(
                f"{name} {held and len(held[0])}" for name, held in sorted(point.files.items()))) \
                from problem
    return points


def test_sec_06_power_cut_in_an_image_change(office, tmp_path):
    site, phone = office.site, office.a
    site.start()
    site.cli("device", "change", A, "--load", "ringphone-1.0")

    def done():
        return running(phone) == "ringphone-1.0"
    disk, changes = change_traced("image change", tmp_path, phone, site, done)
    points = replay(phone, site, disk, changes, ("ringphone-1.0", "ringphone-2.0"), done)
    assert len(points) >= 20
    print(f"image change: {len(points)} states")


def test_power_cut_in_a_list_update(office, tmp_path):
    site, phone = office.site, office.a
    site.start()
    site.cli("list", "publish", "--force")
    new = [(site.folder / "lists" / name).read_bytes() for name in ("CTLFile.tlv", "ITLFile.tlv")]

    def held():
        return [(phone.flash / name).read_bytes() for name in ("CTLFile.tlv", "ITLFile.tlv")]
    assert held() != new
    disk, changes = change_traced("list update", tmp_path, phone, site, lambda: held() == new)
    points = replay(phone, site, disk, changes, ("ringphone-2.0",), lambda: held() == new)
    print(f"list update: {len(points)} states")


def test_power_cut_in_a_configuration_update(office, tmp_path):
    site, phone = office.site, office.a
    site.start()
    config = phone.flash / "config.cnf.xml.sgn"
    old = config.read_bytes()
    site.configure(date_template="Y-M-D")
    site.reload()

    def done():
        return config.read_bytes() != old and phone.seen("config-refused") == []
    disk, changes = change_traced("configuration update", tmp_path, phone, site, done)
    points = replay(phone, site, disk, changes, ("ringphone-2.0",), done)
    print(f"configuration update: {len(points)} states")


def test_power_cut_while_lists_are_published(office, tmp_path):
    """The server's own files: whatever lies there, both lists verify, are lists that a phone with the
    old ones takes, and the next publishing goes through."""
    site = office.site
    old = tmp_path / "old"
    shutil.copytree(site.folder / "lists", old)
    disk = powercut.Disk.of(site.folder)
    # The database writes its files itself; that it survives is tested where servers are killed.
    before, env, result = traced(tmp_path, site.folder, site.folder / "db")
    rig.run(*before, rig.program("ringfence"), "list", "publish", "--force", "--site", site.folder,
            env=env)
    changes = result("publishing")
    points = powercut.states(disk, changes, str(site.folder))
    for point in points:
        point.write(site.folder)
        for name in ("CTLFile.tlv", "ITLFile.tlv"):
            rig.ringfence("list", "verify", site.folder / "lists" / name, "--installed", old / name)
        assert json.loads(rig.run(rig.program("ringfence"), "list", "publish", "--force", "--site",
                                  site.folder, "--json").stdout)["lists"]
    print(f"publishing: {len(points)} states")
