# SPDX-License-Identifier: Apache-2.0
"""A site is kept in a file while it runs, deleted, and brought back: phones take no notice. What is
not wholly as it was made brings nothing back."""
import os
import shutil
import stat

import pytest

import rig
from rig import A, B

PASSPHRASE = "a passphrase of the test"


@pytest.fixture
def passphrase(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


def backup(site, out, passphrase, *words, **rest):
    return rig.ringfence("backup", "--site", site.folder, "--out", out, "--passphrase-file",
                         passphrase, *words, **rest)


def restore(backup_file, folder, passphrase, *words, **rest):
    return rig.ringfence("restore", backup_file, "--site", folder, "--passphrase-file", passphrase,
                         *words, **rest)


def contents(folder):
    """{name: (mode, bytes)} of what a backup has to bring back."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith(("db/", "run/", "images/")):
            found[name] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
    return found


def test_phones_take_no_notice(office, tmp_path, passphrase):
    site = office.site
    site.start()
    for phone in (office.a, office.b):
        phone.start(site)
        phone.wait("registered")
    before = contents(site.folder)
    devices = {name: site.device(name)["certificates"] for name in (A, B)}
    made = backup(site, tmp_path / "site.backup", passphrase, "--json")
    assert made["files"] > len(before) and made["bytes"] > 0
    assert stat.S_IMODE((tmp_path / "site.backup").stat().st_mode) == 0o600
    for phone in (office.a, office.b):
        phone.stop()
    site.stop()
    shutil.rmtree(site.folder)

    restore(tmp_path / "site.backup", site.folder, passphrase)
    assert contents(site.folder) == before
    assert stat.S_IMODE((site.folder / "keys").stat().st_mode) == 0o700
    assert not (site.folder / "db/backup.db").exists()
    site.cli("image", "import", *office.factory.firmware_files("2.0"))
    site.start()
    for phone in (office.a, office.b):
        lists = [(phone.flash / name).read_bytes() for name in ("CTLFile.tlv", "ITLFile.tlv")]
        phone.start(site)
        phone.wait("registered")
        assert [event["action"] for event in phone.seen("list")] == ["same", "same"]
        assert [(phone.flash / name).read_bytes()
                for name in ("CTLFile.tlv", "ITLFile.tlv")] == lists
        assert phone.seen("enrol") == []
    site.wait_registered(A, B)
    assert {name: site.device(name)["certificates"] for name in (A, B)} == devices


def test_with_firmware_and_through_a_pipe(office, tmp_path, passphrase):
    done = rig.run("sh", "-c", '"$0" backup --site "$1" --out - --passphrase-file "$2" --images | '
                   '"$0" restore - --site "$3" --passphrase-file "$2"', rig.program("ringfence"),
                   office.site.folder, passphrase, tmp_path / "again")
    assert "files" in done.stdout
    assert contents(tmp_path / "again") == contents(office.site.folder)
    for path in (office.site.folder / "images").iterdir():
        assert (tmp_path / "again/images" / path.name).read_bytes() == path.read_bytes()


def test_a_passphrase_is_drawn_and_nothing_else_opens_it(office, tmp_path):
    drawn = rig.ringfence("backup", "--site", office.site.folder, "--out", tmp_path / "b",
                          "--json")["passphrase"]
    (tmp_path / "right").write_text(drawn)
    (tmp_path / "wrong").write_text(drawn[:-1] + ("a" if drawn[-1] != "a" else "b"))
    refused = restore(tmp_path / "b", tmp_path / "new", tmp_path / "wrong", "--json", status=1)
    assert refused["code"] == "seal-passphrase"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("new")] == []
    restore(tmp_path / "b", tmp_path / "new", tmp_path / "right")
    assert (tmp_path / "new/ringfence.conf").is_file()


def test_a_changed_byte_restores_nothing(office, tmp_path, passphrase):
    whole = tmp_path / "b"
    backup(office.site, whole, passphrase)
    data = whole.read_bytes()
    places = {0: "seal-kind", 16: "seal-cost", 20: "seal-passphrase", 49: "seal-damaged",
              len(data) // 2: "seal-damaged", len(data) - 1: "seal-damaged"}
    cases = [(bytes(data[:at]) + bytes([data[at] ^ 0x80]) + bytes(data[at + 1:]), code)
             for at, code in places.items()]
    cases += [(data[:-1], "seal-damaged"), (data[:70000], "seal-damaged"),
              (data + b"\0", "seal-damaged"), (b"", "seal-kind")]
    for changed, code in cases:
        (tmp_path / "changed").write_bytes(changed)
        refused = restore(tmp_path / "changed", tmp_path / "new", passphrase, "--json", status=1)
        assert refused["code"] == code
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith("new")] == []
    restore(whole, tmp_path / "new", passphrase)


def test_a_site_is_not_replaced(office, tmp_path, passphrase):
    """Check "backup.site-exists"."""
    backup(office.site, tmp_path / "b", passphrase)
    before = contents(office.site.folder)
    refused = restore(tmp_path / "b", office.site.folder, passphrase, "--json", status=1)
    assert refused["code"] == "site-exists" and contents(office.site.folder) == before
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "b", tmp_path / "empty", passphrase)
    assert contents(tmp_path / "empty") == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_of_an_empty_folder_gets_the_site(office, tmp_path, passphrase):
    backup(office.site, tmp_path / "b", passphrase)
    (tmp_path / "empty").mkdir()
    os.chown(tmp_path / "empty", 65534, 65534)
    restore(tmp_path / "b", tmp_path / "empty", passphrase)
    owners = {path.stat().st_uid for path in [tmp_path / "empty",
                                               *(tmp_path / "empty").rglob("*")]}
    assert owners == {65534}


def test_links_and_strangers_are_no_site(office, tmp_path, passphrase):
    (office.site.folder / "certs/link.pem").symlink_to("/etc/passwd")
    refused = backup(office.site, tmp_path / "b", passphrase, "--json", status=1)
    assert refused["code"] == "backup-kind" and not (tmp_path / "b").exists()
    refused = rig.ringfence("backup", "--site", tmp_path / "nowhere", "--out", tmp_path / "b",
                            "--passphrase-file", passphrase, "--json", status=1)
    assert refused["code"] == "no-site"
    (tmp_path / "short").write_text("short")
    refused = backup(office.site, tmp_path / "b", tmp_path / "short", "--json", status=1)
    assert refused["code"] == "passphrase-short"


def test_a_backup_is_not_kept_in_its_site(office, tmp_path, passphrase):
    (tmp_path / "link").symlink_to(office.site.folder / "files")
    for out in (office.site.folder / "b", tmp_path / "link/b"):
        refused = backup(office.site, out, passphrase, "--json", status=1)
        assert refused["code"] == "backup-place" and not out.exists()
    backup(office.site, tmp_path / "site.backup", passphrase)


def test_killed_while_an_empty_folder_is_filled(office, tmp_path, passphrase):
    backup(office.site, tmp_path / "b", passphrase)
    (tmp_path / "new").mkdir(mode=0o750)
    rig.run(rig.program("ringfence"), "restore", tmp_path / "b", "--site", tmp_path / "new",
            "--passphrase-file", passphrase, status=-9, env={"RINGFENCE_CRASH_AT": "restore.made"})
    assert [path.name for path in (tmp_path / "new").iterdir()] == [".restoring"]
    rig.run(rig.program("ringfence"), "restore", "../b", "--site", ".", "--passphrase-file",
            passphrase, cwd=tmp_path / "new")
    assert contents(tmp_path / "new") == contents(office.site.folder)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o750


@pytest.mark.parametrize("point,is_there", [("restore.made", False), ("restore.moved", True)])
def test_killed_while_it_is_brought_back(office, tmp_path, passphrase, point, is_there):
    backup(office.site, tmp_path / "b", passphrase)
    rig.run(rig.program("ringfence"), "restore", tmp_path / "b", "--site", tmp_path / "new",
            "--passphrase-file", passphrase, status=-9, env={"RINGFENCE_CRASH_AT": point})
    assert (tmp_path / "new").exists() == is_there
    if not is_there:
        restore(tmp_path / "b", tmp_path / "new", passphrase)
    assert contents(tmp_path / "new") == contents(office.site.folder)


def test_killed_while_it_is_made(office, tmp_path, passphrase):
    (tmp_path / "b").write_text("an older backup")
    rig.run(rig.program("ringfence"), "backup", "--site", office.site.folder, "--out",
            tmp_path / "b", "--passphrase-file", passphrase, status=-9,
            env={"RINGFENCE_CRASH_AT": "backup.read"})
    assert (tmp_path / "b").read_text() == "an older backup"
    backup(office.site, tmp_path / "b", passphrase)
    assert not (office.site.folder / "db/backup.db").exists()
