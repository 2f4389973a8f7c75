# SPDX-License-Identifier: Apache-2.0
"""The store of images: what an import takes and refuses, that it is all or nothing whatever happens,
which models a load serves, and who uses it.

Checks that are switched off here: source.path-traversal, source.path-absolute, source.entry-count,
source.entry-size, source.total-size, source.archive-bomb, source.archive-encrypted,
source.archive-nested, images.part-size, images.part-digest, images.import-kind, images.import-name,
images.import-nested, images.import-link, images.import-device, images.import-missing."""
import os
import re
import shutil
import signal
import subprocess
import tarfile
import zipfile

import pytest

import archives
import container
import powercut
import rig
import tftpd
from archives import MIB, Maker
from rig import A, B

MADE = rig.ROOT / "tests/data/fixtures/made"


@pytest.fixture
def maker(factory):
    return Maker(factory.folder / "image-key.pem")


@pytest.fixture(scope="module")
def stranger(made_factory):
    return Maker(made_factory / "image-key.pem")


def images(site):
    return {path.name: path.read_bytes() for path in (site.folder / "images").iterdir()}


def imported(site, *words, status=0):
    return site.cli("image", "import", *words, "--json", status=status)


def put(folder, files):
    return archives.folder_of(folder, files)


# ---- what is taken ----

FORMS = {
    "zip": lambda path, files: archives.zip_of(path / "load.zip", files),
    "stored zip": lambda path, files: archives.zip_of(path / "load.zip", files, zipfile.ZIP_STORED),
    "tar": lambda path, files: archives.tar_of(path / "load.tar", files),
    "old tar": lambda path, files: archives.tar_of(path / "load.tar", files,
                                                   form=tarfile.USTAR_FORMAT),
    "gnu tar": lambda path, files: archives.tar_of(path / "load.tar", files,
                                                   form=tarfile.GNU_FORMAT),
    "tar.gz": lambda path, files: archives.tar_of(path / "load.tar.gz", files, "w:gz"),
    "tar.bz2": lambda path, files: archives.tar_of(path / "load.tar.bz2", files, "w:bz2"),
    "tar.xz": lambda path, files: archives.tar_of(path / "load.tar.xz", files, "w:xz"),
    "folder": lambda path, files: put(path / "load", files),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_load_comes_in_any_form(site, stranger, tmp_path, form):
    load = stranger.load()
    source = FORMS[form](tmp_path, {f"firmware/{name}": data for name, data in load.items()} |
                         {"firmware/readme.txt": b"read me", "firmware/.DS_Store": b"x"})
    said = imported(site, source)
    assert sorted(said["imported"]) == sorted(load)
    assert {one["what"] for one in said["files"]} == {"new"}
    assert sorted((one["file"].split("/")[-1], one["code"]) for one in said["ignored"]) == \
        [(".DS_Store", "file-hidden"), ("readme.txt", "version-first")]
    assert said["loads"][0]["state"] == "complete"
    assert said["loads"][0]["models"] == ["7942", "7962"]
    assert images(site) == load  # to the byte, and nothing else
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in (site.folder / "images").iterdir())
    again = imported(site, source)
    assert {one["what"] for one in again["files"]} == {"same"} and images(site) == load


def test_single_files_come_together(site, stranger, tmp_path):
    load = stranger.load()
    folder = put(tmp_path / "load", load)
    assert imported(site, *folder.iterdir(), "--dry-run")["note"] == "nothing was changed"
    assert images(site) == {}
    imported(site, *folder.iterdir())
    assert images(site) == load


def test_an_old_image_without_signature_is_known_by_its_name(site, tmp_path):
    for name in ("P00405000700.bin", "notes.bin"):
        (tmp_path / name).write_bytes(b"\x7fELF and so on")
    assert imported(site, tmp_path / "notes.bin", status=1)["code"] == "version-first"
    said = imported(site, tmp_path / "P00405000700.bin")
    assert said["files"][0]["signed"] is False and "P00405000700.bin" in images(site)
    shown = site.cli("image", "list", "--json")["loads"][0]
    assert (shown["load"], shown["family"], shown["models"]) == ("P00405000700", "7910", ["7910"])


def test_a_list_that_only_its_phones_read_is_taken_as_it_is(site, stranger, tmp_path):
    binary = {"sip78xx.12-8-1-0001-455.loads":
              stranger.image("sip78xx.12-8-1-0001-455.loads", b"\0\1\2[hwcompat]\nkern78xx"),
              "kern78xx.12-8-1.sbn": stranger.image("kern78xx.12-8-1.sbn", "kernel")}
    said = imported(site, archives.zip_of(tmp_path / "78xx.zip", binary))
    assert [one["code"] for one in said["warnings"]] == ["list-opaque"]
    assert said["loads"][0]["state"] == "unknown" and images(site) == binary
    # Of a family whose lists are text it would be none.
    text = {"SCCP42.9.loads": stranger.image("SCCP42.9.loads", b"\0\1\2[hwcompat]")}
    assert imported(site, archives.zip_of(tmp_path / "42.zip", text), status=1)["code"] == \
        "control-byte"


def test_what_a_binary_list_names_is_seen_and_goes_with_it(site, stranger, tmp_path):
    def load(version, *names):
        return {f"sip78xx.{version}.loads": stranger.image(
            f"sip78xx.{version}.loads", b"\0\1\2" + b"\0\x10".join(name.encode() for name in names) +
            b"\0gone78xx.sbn\0"), **{name: stranger.image(name, "image") for name in names}}
    first = load("1", "kern78xx.1.sbn", "rootfs78xx.1.sbn", "shared78xx.sbn")
    second = load("2", "kern78xx.2.sbn", "shared78xx.sbn")
    alone = {"stray78xx.sbn": stranger.image("stray78xx.sbn", "nobody names it")}
    imported(site, put(tmp_path / "78xx", first | second | alone))
    size = sum(len(first[name]) for name in first if name.endswith(".sbn"))
    shown = site.cli("image", "list", "--json")
    one = shown["loads"][0]
    assert (one["load"], one["state"], one["images"], one["size"]) == ("sip78xx.1", "unknown", 3, size)
    assert {part["name"] for part in one["parts"]} == set(first) - {"sip78xx.1.loads"}
    assert "missing" not in one  # that gone78xx is an image is no more than a guess
    assert shown["orphans"] == [{"name": "stray78xx.sbn", "size": len(alone["stray78xx.sbn"])}]
    assert re.search(r"stray78xx\.sbn .*no load names it", site.cli("image", "list").stdout)
    assert site.cli("image", "remove", "--force", "sip78xx.1", "--json")["files"] == 3
    assert images(site) == second | alone
    # An image of a load stays; one of none goes by its name.
    for name in ("kern78xx.2.sbn", "gone78xx.sbn", "../ringfence.conf", ".", ""):
        assert site.cli("image", "remove", "--force", name, "--json", status=1)["code"] == \
            "load-unknown"
    assert site.cli("image", "remove", "stray78xx.sbn", "--force", "--json")["files"] == 1
    assert images(site) == second and not site.cli("image", "list", "--json")["orphans"]


# ---- what is not ----

def many_entries(path, load):
    return archives.zip_of(path, list(load.items()) +
                           [(f"empty-{number}", b"") for number in range(4096)])


HOSTILE = {  # name: (code, how it is made of a good load)
    "symbolic link in tar": ("import-link", lambda path, load: archives.tar_of(
        path, [archives.tar_member(name, data) for name, data in load.items()] +
        [archives.tar_member("jar42.sbn", kind=tarfile.SYMTYPE, link="/etc/passwd")])),
    "hard link in tar": ("import-link", lambda path, load: archives.tar_of(
        path, [archives.tar_member(name, data) for name, data in load.items()] +
        [archives.tar_member("jar42.sbn", kind=tarfile.LNKTYPE, link=next(iter(load)))])),
    "link in zip": ("import-link", lambda path, load: archives.zip_of(
        path, list(load.items()) + [archives.zip_link("jar42.sbn", "../../keys/ccm.pem")])),
    "device": ("import-device", lambda path, load: archives.tar_of(
        path, [archives.tar_member("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)] +
        [archives.tar_member(name, data) for name, data in load.items()])),
    "fifo": ("import-device", lambda path, load: archives.tar_of(
        path, [archives.tar_member("fifo", kind=tarfile.FIFOTYPE)] +
        [archives.tar_member(name, data) for name, data in load.items()])),
    "way out of zip": ("path-traversal", lambda path, load: archives.zip_of(
        path, load | {"a/../../keys/tftp.pem": b"mine"})),
    "way out of tar": ("path-traversal", lambda path, load: archives.tar_of(
        path, load | {"../ringfence.conf": b"mine"})),
    "absolute in tar": ("path-absolute", lambda path, load: archives.tar_of(
        path, load | {"/etc/cron.d/mine": b"mine"})),
    "absolute in zip": ("path-absolute", lambda path, load: archives.zip_of(
        path, load | {"/etc/cron.d/mine": b"mine"})),
    "deep": ("path-deep", lambda path, load: archives.zip_of(
        path, load | {"/".join("abcdefghi"): b"x"})),
    "long": ("path-long", lambda path, load: archives.zip_of(path, load | {"n" * 256: b"x"})),
    "control byte in a name": ("path-name", lambda path, load: archives.tar_of(
        path, load | {"a\nb": b"x"})),
    "back-slash in a name": ("path-name", lambda path, load: archives.tar_of(
        path, load | {"a\\..\\b": b"x"})),
    "encrypted": ("archive-encrypted", archives.encrypted_zip),
    "two contents of a name": ("image-twice", lambda path, load: archives.zip_of(
        path, [(f"a/{name}", data) for name, data in load.items()] +
        [("b/" + name, data + b"x") for name, data in load.items() if "jar" in name])),
    "zip in zip": ("archive-nested", lambda path, load: archives.zip_of(
        path, load | {"more.zip": archives.zip_of(path.with_name("in.zip"), load).read_bytes()})),
    "tar in tar": ("archive-nested", lambda path, load: archives.tar_of(
        path, load | {"more.tar": archives.tar_of(path.with_name("in.tar"), load).read_bytes()})),
    "compressed twice": ("archive-nested", archives.twice_compressed),
    "too many entries": ("entry-count", many_entries),
    "an entry that is too long": ("entry-size", lambda path, load: archives.huge_tar(path)),
    "an entry that lies about its length": ("archive-bomb",
                                            lambda path, load: archives.lying_zip(path)),
    "bomb": ("archive-bomb", lambda path, load: archives.bomb_zip(path)),
}


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * share)])
    return path


def flipped(path, what):
    data = bytearray(path.read_bytes())
    data[data.find(what)] ^= 1
    path.write_bytes(data)
    return path


HOSTILE |= {
    "truncated zip": ("archive-damaged", lambda path, load: cut(archives.zip_of(path, load), 0.8)),
    "truncated tar": ("archive-damaged", lambda path, load: cut(
        archives.tar_of(path, {name: data * 9 for name, data in load.items()}), 0.3)),
    "truncated tar.gz": ("archive-damaged", lambda path, load: cut(
        archives.tar_of(path, load, "w:gz"), 0.6)),
    "changed byte in a zip": ("archive-damaged", lambda path, load: flipped(
        archives.zip_of(path, load, zipfile.ZIP_STORED), b"#HARDWARE")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_sec_120_a_hostile_archive_leaves_nothing(site, stranger, tmp_path, name):
    code, make = HOSTILE[name]
    load = stranger.load()
    before = images(site)
    everything = sorted(str(path) for path in site.folder.rglob("*"))
    said = imported(site, make(tmp_path / "hostile", load), status=1)
    assert said["code"] == code and "hostile" in said["reason"]
    assert images(site) == before
    assert sorted(str(path) for path in site.folder.rglob("*")) == everything
    # The same load without the one fault.
    assert len(imported(site, archives.zip_of(tmp_path / "good.zip", load))["imported"]) == len(load)


def test_sec_120_links_and_devices_in_a_folder_are_refused(site, stranger, tmp_path):
    load = stranger.load()
    folder = put(tmp_path / "load", load)
    (folder / "jar42.sbn").symlink_to("/etc/passwd")
    assert imported(site, folder, status=1)["code"] == "import-link"
    (folder / "jar42.sbn").unlink()
    os.mkfifo(folder / "fifo")
    assert imported(site, folder, status=1)["code"] == "import-device"
    (folder / "fifo").unlink()
    (folder / "up").symlink_to(tmp_path)  # a circle, if it were followed
    assert imported(site, folder, status=1)["code"] == "import-link"
    (folder / "up").unlink()
    assert images(site) == {}
    imported(site, folder)
    assert images(site) == load
    assert imported(site, "/dev/null", status=1)["code"] == "import-device"


def test_other_containers_and_bad_names_are_refused(site, stranger, tmp_path):
    assert imported(site, MADE / "ITLFile.tlv", status=1)["code"] == "file-kind"
    assert imported(site, MADE / "clear.cnf.xml", status=1)["code"] == "version-first"
    for bad in ("../keys/ccm.pem", "a/b", "/etc/passwd", ".hidden", "..", "a\\b", "a b"):
        (tmp_path / "x.sbn").write_bytes(stranger.image(bad, "body"))
        assert imported(site, tmp_path / "x.sbn", status=1)["code"] == "image-name", bad
    assert imported(site, tmp_path, status=1)["code"] == "image-name"  # in a folder as well
    assert images(site) == {}
    (tmp_path / "x.sbn").write_bytes(stranger.image("a-b_c.sbn", "body"))
    assert imported(site, tmp_path / "x.sbn")["imported"] == ["a-b_c.sbn"]
    (tmp_path / "empty").mkdir()
    assert imported(site, tmp_path / "empty", status=1)["code"] == "import-none"
    assert imported(site, tmp_path / "none", status=1)["code"] == "file-not-found"


def test_a_later_refusal_takes_nothing_of_what_came_before(site, stranger, tmp_path):
    first, second = stranger.load(), stranger.load("SCCP45.9", ("jar45.9.sbn",))
    imported(site, archives.zip_of(tmp_path / "first.zip", first))
    bad = archives.tar_of(tmp_path / "bad.tar", [archives.tar_member("l", kind=tarfile.SYMTYPE)])
    good = archives.zip_of(tmp_path / "second.zip", second)
    assert imported(site, good, bad, status=1)["code"] == "import-link"
    assert images(site) == first
    imported(site, good)
    assert images(site) == first | second


def test_another_file_of_the_name_is_replaced_only_by_force(site, stranger, tmp_path):
    one, two = stranger.load(mark="one"), stranger.load(mark="two")
    imported(site, put(tmp_path / "one", one))
    assert imported(site, put(tmp_path / "two", two), status=1)["code"] == "image-exists"
    assert images(site) == one
    said = imported(site, tmp_path / "two", "--force")
    assert sorted(file["what"] for file in said["files"]) == ["replaced", "replaced", "same"]
    assert images(site) == two


# ---- a load is judged by its list ----

def test_a_load_without_all_its_images_is_named_and_refused(site, stranger, tmp_path):
    load = stranger.load(parts=[f"{part}42.9.sbn" for part in ("jar", "cnu", "apps", "dsp", "cvm")])
    lacking = {name: data for name, data in load.items() if "dsp" not in name and "cvm" not in name}
    said = imported(site, put(tmp_path / "lacking", lacking), status=1)
    assert said["code"] == "image-missing" and "dsp42.9.sbn, cvm42.9.sbn" in said["reason"]
    assert images(site) == {}
    said = imported(site, tmp_path / "lacking", "--partial")
    assert said["loads"][0]["state"] == "incomplete"
    assert said["loads"][0]["missing"] == "dsp42.9.sbn, cvm42.9.sbn"
    shown = site.cli("image", "list", "SCCP42.9-4-2SR3-1S", "--json")
    assert shown["state"] == "incomplete"
    assert [part["state"] for part in shown["parts"]] == ["there"] * 3 + ["missing"] * 2
    # What was there already counts: now only the rest is brought.
    rest = {name: data for name, data in load.items() if name not in lacking}
    imported(site, put(tmp_path / "rest", rest))
    assert site.cli("image", "list", "--json")["loads"][0]["state"] == "complete"
    assert images(site) == load


def test_sizes_and_digests_of_the_792x_are_compared(site, stranger, tmp_path):
    good = stranger.load_792x()
    wrong_size, wrong_digest = stranger.load_792x(grown=1), stranger.load_792x(other="f" * 32)
    for load, code in ((wrong_size, "image-size"), (wrong_digest, "image-digest")):
        said = imported(site, archives.zip_of(tmp_path / "bad.zip", load), "--partial", status=1)
        assert said["code"] == code and "GUI-1.4.6.SBN" in said["reason"]
    said = imported(site, archives.zip_of(tmp_path / "good.zip", good))
    assert said["loads"][0]["models"] == ["7921"] and said["warnings"] == []
    assert site.cli("image", "list", "--json")["loads"][0]["state"] == "complete"
    # Overwritten by hand it shows.
    path = site.folder / "images/GUI-1.4.6.SBN"
    path.write_bytes(path.read_bytes() + b"x")
    shown = site.cli("image", "list", "CP7921G-1.4.6", "--json")
    assert (shown["state"], shown["parts"][0]["state"]) == ("incomplete", "wrong size")


def test_images_of_another_family_and_other_spellings_are_told(site, stranger, tmp_path):
    load = stranger.load(parts=("jar42sccp.9-4.sbn", "cnu45.9-4.sbn"))
    said = imported(site, put(tmp_path / "mixed", load))
    assert [(one["code"], one["text"]) for one in said["warnings"]] == \
        [("image-family", "cnu45.9-4.sbn")]
    doublet = {"sccp42.9-4-2sr3-1s.LOADS":
               stranger.image("sccp42.9-4-2sr3-1s.LOADS", "jar42sccp.9-4.sbn\n")}
    said = imported(site, put(tmp_path / "doublet", doublet))
    assert ("image-case", "SCCP42.9-4-2SR3-1S.loads") in [(one["code"], one["text"])
                                                          for one in said["warnings"]]
    assert images(site) == load | doublet


# ---- whatever happens meanwhile ----

def crash_points(site, tmp_path, words):
    journal, trace = tmp_path / "journal", tmp_path / "strace.out"
    folder = site.folder / "images"
    disk = powercut.Disk.of(folder)
    env = {"RINGFENCE_FILE_JOURNAL": str(journal),
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    rig.run("strace", "-f", "-y", "-s", "16", "-o", trace, "-e", f"trace={powercut.CALLS}",
            rig.program("ringfence"), *words, env=env, timeout=rig.PATIENCE * 4)
    changes = powercut.read_journal(journal)
    ours, theirs = powercut.counted(changes), powercut.seen_by_strace(trace, folder)
    print(f"import: {len(changes)} crash points {ours}, strace saw {theirs}")
    assert ours == theirs
    return powercut.states(disk, changes, str(folder))


@pytest.mark.parametrize("how", ["new", "forced", "listed"])
def test_a_power_cut_leaves_no_load_of_two_releases(site, stranger, tmp_path, how):
    other, one = stranger.load("SCCP45.9", ("jar45.9.sbn",)), stranger.load(mark="old")
    old = one | other
    new = stranger.load("SCCP42.10", ("jar42.10.sbn", "cnu42.10.sbn")) if how == "new" else \
        stranger.load(mark="new")
    if how == "listed":  # the list is another one, too
        new |= {name: data + b"# new\r\n" for name, data in new.items() if "loads" in name}
    loads = (one, other, new)
    imported(site, put(tmp_path / "old", old))
    put(tmp_path / "new", new)
    words = ["image", "import", "--site", site.folder, tmp_path / "new", "--force"]
    points = crash_points(site, tmp_path, words)
    assert images(site) == old | new
    ends = set()
    for point in points:
        point.write(site.folder / "images")
        seen = {path.name: path.read_bytes() for path in (site.folder / "images").iterdir()
                if path.name != ".incoming"}
        for name in seen:  # what phones can see
            of = [load for load in loads if name in load]
            assert any(load.items() <= seen.items() for load in of) or ".loads" not in name, \
                (str(point), sorted(seen))
        # Whoever comes next finds the old state, or finishes the new one.
        site.cli("image", "remove", "no-such-load", "--force", status=1)
        now = images(site)
        assert now in (old, old | new), str(point)
        ends.add(now == old)
        imported(site, tmp_path / "new", "--force")
        assert images(site) == old | new
    assert ends == {True, False}


def test_kill_9_in_the_middle_leaves_the_old_state(site, stranger, tmp_path):
    old = stranger.load()
    imported(site, put(tmp_path / "old", old))
    big = put(tmp_path / "big", {f"cnu42.{n}.sbn": stranger.image(f"cnu42.{n}.sbn", bytes(20 * MIB))
                                 for n in range(3)})
    incoming = site.folder / "images/.incoming"
    for want in (1, 2, 3):  # files in waiting when it is killed
        child = subprocess.Popen([rig.program("ringfence"), "image", "import", "--site", site.folder,
                                  big], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rig.wait_until("files in waiting", lambda: child.poll() is not None or (
            incoming.is_dir() and len(list(incoming.iterdir())) >= want))
        child.send_signal(signal.SIGKILL)
        child.wait()
        seen = {path.name: path.read_bytes() for path in (site.folder / "images").iterdir()
                if path != incoming}
        assert seen == old or child.returncode == 0
    imported(site, big)
    assert sorted(images(site)) == sorted([*old, *(path.name for path in big.iterdir())])


def test_two_imports_do_not_meet(site, stranger, tmp_path):
    put(tmp_path / "load", stranger.load())
    holder = subprocess.Popen(["flock", site.folder / "images", "sleep", "60"])
    try:
        rig.wait_until("the lock", lambda: subprocess.run(
            ["flock", "-n", site.folder / "images", "true"], check=False).returncode != 0)
        assert imported(site, tmp_path / "load", status=1)["code"] == "folder-busy"
    finally:
        subprocess.run(["pkill", "-P", str(holder.pid)], check=False)
        holder.kill()
        holder.wait()
    imported(site, tmp_path / "load")


WATCHER = """import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(status, usage.ru_maxrss)"""


def peak_of(*words):
    """Kilobytes a command held at most. A process begins with what its parent held: this test holds
    much, so a small one starts it."""
    done = rig.run("python3", "-c", WATCHER, *words)
    status, peak = done.stdout.splitlines()[-1].split()
    assert status == "0", done.stdout
    return int(peak)


def test_a_large_image_needs_no_more_memory_than_a_small_one(site, stranger, tmp_path):
    peaks = []
    for number, size in enumerate((MIB, 90 * MIB)):
        name = f"cnu42.{number}.sbn"
        files = {name: stranger.image(name, os.urandom(MIB) * (size // MIB))}
        archive = archives.zip_of(tmp_path / "big.zip", files, zipfile.ZIP_STORED)
        peaks.append(peak_of(rig.program("ringfence"), "image", "import", "--site", site.folder,
                             archive))
    print(f"peak memory: {peaks[0]} kB for 1 MiB, {peaks[1]} kB for 90 MiB")
    assert peaks[1] < peaks[0] + 8 * 1024


# ---- who uses it ----

def test_loads_of_models_and_who_uses_them(site, stranger, tmp_path):
    load, other = stranger.load(), stranger.load("SCCP45.9", ("jar45.9.sbn",))
    imported(site, put(tmp_path / "load", load | other))
    shown = site.cli("image", "list", "--json")
    assert shown["has_server"] is False and shown["loads"][0]["devices"] is None
    assert site.cli("image", "remove", "SCCP45.9", "--json", status=1)["code"] == "no-server"
    with site.start():
        site.cli("device", "add", A, "--model", "7962", "--line", "2001")
        site.cli("device", "add", B, "--model", "7965", "--load", "SCCP45.9")
        name = "SCCP42.9-4-2SR3-1S"
        for words, code in ((("7962", "SCCP42.none"), "load-unknown"),
                            (("7965", name), "load-model"),
                            (("7962", f"{name}.loads"), "load-unknown")):
            assert site.cli("image", "default", *words, "--json", status=1)["code"] == code
        said = site.cli("image", "default", "7962", name, "--json")
        assert (said["devices"], said["reset"]) == ([A], 0)
        assert site.cli("image", "default", "7965", name, "--force", "--json")["devices"] == []
        site.cli("image", "default", "7965", "--clear")
        assert [(one["model"], one["load"]) for one in
                site.cli("image", "default", "--json")["models"]] == [("7962", name)]
        device = site.cli("device", "show", A, "--json")
        assert (device["load"], device["model_load"]) == ("", name)
        loads = {one["load"]: one for one in site.cli("image", "list", "--json")["loads"]}
        assert loads[name]["devices"] == [A] and loads[name]["default_for"] == ["7962"]
        assert loads["SCCP45.9"]["devices"] == [B]
        assert "SCCP45.9" in site.cli("image", "list").stdout
        for used in (name, "SCCP45.9"):
            assert site.cli("image", "remove", used, "--json", status=1)["code"] == "load-in-use"
        assert images(site) == load | other
        site.cli("device", "remove", A)
        assert site.cli("image", "remove", name, "--json", status=1)["code"] == "load-in-use"
        site.cli("image", "default", "7962", "--clear")
        assert site.cli("image", "remove", name, "--json")["files"] == len(load)
        assert images(site) == other
        assert site.cli("image", "remove", name, "--json", status=1)["code"] == "load-unknown"
        assert site.cli("image", "remove", "SCCP45.9", "--force", "--json")["files"] == 2
        assert images(site) == {}


def test_an_image_of_two_loads_stays_with_the_other(site, stranger, tmp_path):
    shared = ("jar42sccp.9-4.sbn",)
    load = stranger.load("SCCP42.9", shared) | stranger.load("term42.default", shared)
    imported(site, put(tmp_path / "load", load))
    assert site.cli("image", "remove", "SCCP42.9", "--force", "--json")["files"] == 1
    assert sorted(images(site)) == ["jar42sccp.9-4.sbn", "term42.default.loads"]
    assert site.cli("image", "remove", "term42.default", "--force", "--json")["files"] == 2
    assert images(site) == {}


def test_a_phone_gets_its_load_from_another_server(office, tmp_path):
    """The load lies only there, at the same port of another address."""
    site = office.site
    firmware = rig.ringfence("factory", "firmware", office.factory.folder, "--version", "3.0",
                             "--hardware", "rf-1", "--out", tmp_path / "firmware-3")
    assert firmware.returncode == 0
    with site.start():
        phone = office.a.start(site)
        phone.wait("registered")
        with tftpd.Overlay(None, listen=("127.0.0.9", site.status()["ports"]["tftp"])) as other:
            other.files = {path.name: path.read_bytes()
                           for path in (tmp_path / "firmware-3").iterdir()}
            site.cli("device", "change", A, "--load", "ringphone-3.0", "--load-server", "127.0.0.9")
            assert phone.wait("load-installed")["load"] == "ringphone-3.0"
            rig.wait_until("the new load", lambda: site.cli("device", "show", A, "--json")
                           ["running_load"] == "ringphone-3.0")
            assert set(other.files) <= set(other.asked)
        assert refused(site) == []


# ---- who refused it ----

def refused(site):
    return site.cli("image", "refused", "--json")["refused"]


def test_sec_05_a_phone_that_refused_a_load_is_shown_with_its_reason(office, tmp_path):
    """A load for other hardware: the alarm tells, until the phone runs what it should."""
    rig.ringfence("factory", "firmware", office.factory.folder, "--version", "3.0", "--hardware",
                  "other", "--out", tmp_path / "firmware-3")
    site = office.site
    with site.start():
        phone = office.a.start(site)
        phone.wait("registered")
        assert refused(site) == [] and site.cli("device", "show", A, "--json")["load_refused"] is None
        imported(site, tmp_path / "firmware-3")
        site.cli("device", "change", A, "--load", "ringphone-3.0")
        phone.wait("load-refused")
        row = rig.wait_until("the refusal", lambda: refused(site))[0]
        assert (row["device"], row["load"], row["running"]) == (A, "ringphone-3.0", "ringphone-2.0")
        assert (row["reason"], row["file"], row["how"]) == ("hardware", "rfapp.3.0.sbn", "alarm")
        event = next(one for one in site.events(device=A) if one["code"] == "image-rejected")
        assert event["severity"] == "warn" and "reason=hardware file=rfapp.3.0.sbn" in event["text"]
        assert site.cli("device", "show", A, "--json")["load_refused"]["reason"] == "hardware"
        shown = site.cli("image", "list", "ringphone-3.0", "--json")
        assert [one["device"] for one in shown["refused_by"]] == [A]
        assert "hardware" in site.cli("image", "refused").stdout
        site.cli("device", "change", A, "--load", "ringphone-2.0")
        rig.wait_until("nothing refused", lambda: not refused(site))
        assert len([one for one in site.events(device=A) if one["code"] == "image-rejected"]) == 1


def test_a_phone_that_only_registers_with_another_load_is_shown(office):
    site = office.site
    site.start()
    phone = office.a.start(site)
    phone.wait("registered")
    site.cli("device", "change", A, "--load", "")
    rig.wait_until("registered again", lambda: len(phone.seen("registered")) == 2)
    site.wait_registered(A)
    site.cli("image", "default", site.cli("device", "show", A, "--json")["model"], "ringphone-1.0")
    assert refused(site) == []  # nobody has registered since
    site.stop()
    site.start()
    row = rig.wait_until("the other load", lambda: refused(site))[0]
    assert (row["device"], row["load"], row["running"]) == (A, "ringphone-1.0", "ringphone-2.0")
    assert (row["reason"], row["how"], row["file"]) == ("not-taken", "registration", None)
    assert [one["severity"] for one in site.events(device=A)
            if one["code"] == "image-not-taken"] == ["info"]
