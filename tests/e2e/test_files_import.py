# SPDX-License-Identifier: Apache-2.0
"""An existing TFTP folder brought into a site: what becomes of each file, devices from their old
configurations, and single files.

Checks that are switched off here: files.import-link, files.import-device, files.name, files.overwrite,
files.xml.
"""
import os
import signal
import tarfile

import pytest

import archives
import rig
from archives import Maker
from rig import A, B

DATA = rig.ROOT / "tests/data/phonexml"
MADE = rig.ROOT / "tests/data/fixtures/made"
LOAD = "SCCP42.9-4-2SR3-1S"
RINGS = b"<CiscoIPPhoneRingList><Ring><DisplayName>One</DisplayName><FileName>one.raw</FileName>" \
        b"</Ring></CiscoIPPhoneRingList>"


def old_device(name, load=LOAD, mode=1, protocol="SCCP", more=""):
    return (f"<device><deviceProtocol>{protocol}</deviceProtocol><sshPassword>hush</sshPassword>"
            f"<deviceSecurityMode>{mode}</deviceSecurityMode>"
            f"<loadInformation>{load}</loadInformation><vendorConfig><webAccess>1</webAccess>"
            f"<ourInvention>secret?</ourInvention></vendorConfig>{more}</device>").encode()


LINES = ("<sipProfile><sipLines><line button='1'><name>2001</name><featureLabel>Ada</featureLabel>"
         "<displayName>Ada L.</displayName></line><line button='2'><name>2002</name></line>"
         "</sipLines></sipProfile>")


@pytest.fixture
def stranger(factory):
    return Maker(factory.folder / "image-key.pem")


@pytest.fixture
def tree(stranger):
    """A folder as a TFTP server had it: path -> bytes."""
    return stranger.load(LOAD) | {
        "RINGLIST.XML": RINGS, "one.raw": b"\x7f" * 800, "dialplan.xml": b"<DIALTEMPLATE/>",
        "Desktops/320x196x4/List.xml": b"<CiscoIPPhoneImageList/>",
        "Desktops/320x196x4/sea.png": b"\x89PNG\r\n", "German_Germany/mk-sccp.jar": b"PK\x03\x04 jar",
        "German_Germany/g3-tones.xml": b"<tones/>", f"{A}.cnf.xml": old_device(A, more=LINES),
        "SEP001122334466.cnf.xml": old_device(B, load="SCCP75.9", mode=3),
        "XMLDefault.cnf.xml": b"<Default/>", "CTLFile.tlv": (MADE / "ITLFile.tlv").read_bytes(),
        "old.cnf.xml.sgn": (MADE / "sha512.cnf.xml.sgn").read_bytes(), "empty.xml": b"",
        "broken.xml": b"<a>", "doctype.xml": b"<!DOCTYPE a><a/>", "notes.txt": b"notes",
        "more.zip": b"PK\x03\x04", "a b.xml": b"<a/>", ".hidden.xml": b"<a/>", "1/2/3/4/5.xml": b"<a/>",
    }


def bring(site, *words, status=0):
    return site.cli("files", "import", *words, "--json", status=status)


def held(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file()}


WANTED = {"RINGLIST.XML", "one.raw", "dialplan.xml", "Desktops/320x196x4/List.xml",
          "Desktops/320x196x4/sea.png", "German_Germany/mk-sccp.jar", "German_Germany/g3-tones.xml"}
REFUSED = {"XMLDefault.cnf.xml": "file-generated", "CTLFile.tlv": "file-signed",
           "old.cnf.xml.sgn": "file-signed", "empty.xml": "file-empty", "broken.xml": "file-xml",
           "doctype.xml": "file-xml", "notes.txt": "file-unknown", "more.zip": "archive-nested",
           "a b.xml": "name-character", ".hidden.xml": "file-hidden", "1/2/3/4/5.xml": "name-deep"}


@pytest.mark.parametrize("form", ["folder", "tar.gz", "zip"])
def test_a_tree_is_sorted(site, tree, tmp_path, form):
    if form == "folder":
        source = archives.folder_of(tmp_path / "tftpboot", tree)
        (source / "link.xml").symlink_to("RINGLIST.XML")
        os.mkfifo(source / "fifo.xml")
    elif form == "zip":
        source = archives.zip_of(tmp_path / "old.zip", [(f"tftpboot/{name}", data) for name, data in
                                                        tree.items()] +
                                 [archives.zip_link("tftpboot/link.xml", "RINGLIST.XML")])
    else:
        source = archives.tar_of(tmp_path / "old.tar.gz", [
            archives.tar_member(f"tftpboot/{name}", data) for name, data in tree.items()] +
            [archives.tar_member("tftpboot/link.xml", kind=tarfile.SYMTYPE, link="RINGLIST.XML"),
             archives.tar_member("tftpboot/fifo.xml", kind=tarfile.FIFOTYPE)], "w:gz")
    planned = bring(site, source, "--dry-run")
    assert held(site.folder / "files") == {} and held(site.folder / "images") == {}
    said = bring(site, source)
    assert planned["files"] == said["files"]
    front = "" if form == "folder" else "tftpboot/"
    what = {one["path"].removeprefix(front): one for one in said["files"]}
    assert {name for name, one in what.items() if one["what"] == "file"} == WANTED
    assert {name for name, one in what.items() if one["what"] == "firmware"} == \
        {name for name in tree if name.endswith((".sbn", ".loads"))}
    assert {name for name, one in what.items() if one["what"] == "device"} == \
        {f"{A}.cnf.xml", "SEP001122334466.cnf.xml"}
    codes = {name: one["code"] for name, one in what.items() if one["what"] == "refused"}
    assert codes == REFUSED | {"link.xml": "import-link"} | \
        ({} if form == "zip" else {"fifo.xml": "import-device"})
    assert all(one["reason"] for one in said["files"] if one["what"] == "refused")
    assert said["counts"] == {"file": 7, "firmware": 3, "device": 2, "refused": len(codes)}
    assert held(site.folder / "files") == {name: tree[name] for name in WANTED}
    assert set(held(site.folder / "images")) == {name for name, one in what.items()
                                                 if one["what"] == "firmware"}
    assert {one["name"] for one in site.cli("files", "list", "--json")["files"]} == WANTED
    assert "RINGLIST.XML" in site.cli("files", "import", source).stdout
    assert {one["state"] for one in bring(site, source)["files"]} == {"same", None}


def test_what_is_refused_keeps_nothing_else_from_being_taken(site, stranger, tmp_path):
    """A load that is not whole, another file of a name, one spelled otherwise."""
    lacking = {name: data for name, data in stranger.load("SCCP45.9", ("jar45.9.sbn", "cnu45.9.sbn"))
               .items() if "cnu" not in name}
    tree = archives.folder_of(tmp_path / "tree", lacking | stranger.load(LOAD) |
                              {"ringlist.xml": RINGS, "RingList.xml": RINGS + b"\n",
                               "deep/jar42sccp.9-4.sbn": stranger.image("jar42sccp.9-4.sbn", "other")})
    said = {one["path"]: one for one in bring(site, tree)["files"]}
    assert said["SCCP45.9.loads"]["code"] == "image-missing"
    assert "cnu45.9.sbn" in said["SCCP45.9.loads"]["reason"]
    assert said["jar42sccp.9-4.sbn"]["code"] == "image-twice"
    assert {one["code"] for name, one in said.items() if "inglist" in name.lower()} == \
        {None, "file-case"}
    assert f"{LOAD}.loads" in held(site.folder / "images")
    assert "SCCP45.9.loads" not in held(site.folder / "images")
    (tree / "ringlist.xml").write_bytes(RINGS + b"\n\n")
    said = {one["path"]: one for one in bring(site, tree)["files"]}
    assert said["ringlist.xml"]["code"] == "file-exists"
    assert held(site.folder / "files")["ringlist.xml"] == RINGS
    said = {one["path"]: one for one in bring(site, tree, "--force")["files"]}
    assert said["ringlist.xml"]["state"] == "replaced"
    assert held(site.folder / "files")["ringlist.xml"] == RINGS + b"\n\n"


def test_sec_120_a_hostile_tree_leaves_nothing(site, tree, tmp_path):
    for name, code in (("../ringfence.conf", "path-traversal"), ("/etc/mine", "path-absolute")):
        source = archives.tar_of(tmp_path / "bad.tar", tree | {name: b"mine"})
        assert bring(site, source, status=1)["code"] == code
        assert bring(site, archives.encrypted_zip(tmp_path / "e.zip", tree), status=1)["code"] == \
            "archive-encrypted"
        assert held(site.folder / "files") == {} and held(site.folder / "images") == {}
    (tmp_path / "none").mkdir()
    (tmp_path / "none/notes.txt").write_text("notes")
    assert bring(site, tmp_path / "none", status=1)["code"] == "import-none"
    assert bring(site, archives.tar_of(tmp_path / "good.tar", tree))["counts"]["file"] == 7


def test_an_import_that_was_killed_is_finished_by_the_next(site, tree, tmp_path):
    """Firmware comes first, and whole; files behind it; and no configuration waits on the disk."""
    source = archives.folder_of(tmp_path / "tree", tree)
    firmware = {name for name in tree if name.endswith((".sbn", ".loads"))}
    site.cli("files", "import", source, status=-signal.SIGKILL,
             env={"RINGFENCE_CRASH_AT": "files.firmware"})
    assert set(held(site.folder / "images")) == firmware
    left = held(site.folder / "files")
    assert left and all(name.startswith(".incoming/") for name in left)
    assert not any(b"hush" in data for data in left.values())
    assert site.cli("files", "list", "--json")["files"] == []
    said = bring(site, source)
    assert {one["state"] for one in said["files"] if one["what"] == "firmware"} == {"same"}
    assert {one["state"] for one in said["files"] if one["what"] == "file"} == {"new"}
    assert held(site.folder / "files") == {name: tree[name] for name in WANTED}
    assert set(held(site.folder / "images")) == firmware


def test_devices_come_from_their_old_configurations(site, tree, tmp_path):
    source = archives.folder_of(tmp_path / "tree", tree | {
        "SEP0011223344AA.cnf.xml": old_device(A, protocol="SIP"),
        "SEP0011223344BB.cnf.xml": b"<device><deviceProtocol>SCCP</deviceProtocol>",
        "SEP0011223344DD.cnf.xml": old_device(A, mode=9),
        "SEP0011223344EE.cnf.xml": b"<device>" + b" " * 65536 + b"</device>",
        f"more/{A}.cnf.xml": old_device(A), "sep0011223344cc.cnf.xml": old_device(A, load="")})
    assert bring(site, source, "--devices", status=1)["code"] == "no-server"
    assert held(site.folder / "files") == {}
    said = bring(site, source, "--dry-run", "--model", "7962")
    shown = {one["device"]: one for one in said["devices"]}
    assert not any(one["added"] for one in shown.values())
    assert {name: one["code"] for name, one in shown.items()} == {
        A: None, "SEP001122334466": None, "SEP0011223344AA": "device-protocol",
        "SEP0011223344BB": "xml-syntax", "SEP0011223344CC": None, "SEP0011223344DD": "value-number"}
    assert "deviceSecurityMode" in shown["SEP0011223344DD"]["reason"]
    assert {one["path"]: one["code"] for one in said["files"] if one["path"] in (
        f"more/{A}.cnf.xml", "SEP0011223344EE.cnf.xml")} == {
            f"more/{A}.cnf.xml": "file-twice", "SEP0011223344EE.cnf.xml": "file-size"}
    assert shown[A]["load"] == LOAD  # which would come with it
    assert shown[A]["set"] == [{"path": "sshPassword", "value": None, "secret": True},
                               {"path": "vendorConfig/webAccess", "value": "1", "secret": False}]
    left = {one["path"]: one for one in shown[A]["left"]}
    assert (left["vendorConfig/ourInvention"]["why"], left["vendorConfig/ourInvention"]["value"]) == \
        ("unknown", None)
    assert bring(site, source, "--dry-run")["devices"][0]["code"] == "device-model"
    with site.start():
        said = site.cli("files", "import", source, "--devices", "--model", "7962")
        assert "hush" not in said.stdout and A in said.stdout and "ourInvention" in said.stdout
        devices = {one["name"]: one for one in site.cli("device", "list", "--json")["devices"]}
        assert set(devices) == {A, "SEP001122334466", "SEP0011223344CC"}
        ours = devices[A]
        assert (ours["model"], ours["mode"], ours["load"]) == ("7962", "nonsecure", LOAD)
        assert [(line["dn"], line["label"], line["display_name"]) for line in ours["lines"]] == \
            [("2001", "Ada", "Ada L."), ("2002", "", "")]
        other = devices["SEP001122334466"]  # its load tells the model, and is not here
        assert (other["model"], other["mode"], other["load"]) == ("7975", "encrypted", "")
        values = {one["path"]: one for one in site.cli("config", "device", A, "--json")["values"]}
        assert values["vendorConfig/webAccess"]["layer"] == "device"
        assert (values["sshPassword"]["layer"], values["sshPassword"]["value"]) == ("device", "(secret)")
        again = {one["device"]: one for one in bring(site, source, "--devices", "--model", "7962")
                 ["devices"]}
        assert again[A]["code"] == "device-exists" and "--overwrite" in again[A]["reason"]
        assert ("loadInformation", "load-unknown") in [
            (one["path"], one["why"]) for one in again["SEP001122334466"]["left"]]
        assert (site.log_text() + str(again)).count("hush") == 0
    database = b"".join(path.read_bytes() for path in (site.folder / "db").iterdir())
    assert b"hush" not in database  # wrapped


def test_devices_that_are_there_are_overwritten_only_when_that_is_said(site, tree, tmp_path):
    tree[f"{A}.cnf.xml"] = old_device(A)  # no lines, as files of SCCP phones are
    source = archives.folder_of(tmp_path / "tree", tree)
    words = ["--devices", "--model", "7962"]
    assert site.cli("files", "import", source, "--overwrite", status=2)
    with site.start():
        site.cli("device", "add", A, "--model", "7942", "--line", "3001,Mine", "--description", "ours")
        site.cli("device", "set", A, "vendorConfig/webAccess=enabled", "vendorConfig/bluetooth=off")
        planned = bring(site, source, *words, "--dry-run")["devices"]
        assert [(one["state"], one["code"], one["added"]) for one in planned] == [
            ("changed", "device-exists", False), ("new", None, False)]
        planned = bring(site, source, *words, "--dry-run", "--overwrite")["devices"]
        assert [(one["state"], one["code"]) for one in planned] == [("changed", None), ("new", None)]
        bring(site, source, *words)
        ours = site.device(A)
        assert (ours["model"], ours["mode"], ours["load"]) == ("7942", "encrypted", "")
        bring(site, source, *words, "--overwrite")
        ours = site.device(A)
        assert (ours["model"], ours["mode"], ours["load"]) == ("7962", "nonsecure", LOAD)
        assert ours["lines"][0]["dn"] == "3001" and ours["description"] == "ours"
        values = {one["path"]: one["word"]
                  for one in site.cli("config", "device", A, "--json")["values"]}
        assert values["vendorConfig/webAccess"] == "disabled"
        assert values["vendorConfig/bluetooth"] == "off"  # what the file does not say stays


def test_a_device_is_brought_whole_or_not_at_all(site, tree, tmp_path):
    """Without the key that wraps passwords; and killed between a device and its values."""
    source = archives.folder_of(tmp_path / "tree", tree)
    words = ["--devices", "--model", "7962"]
    with site.start():
        site.cli("files", "import", source, *words, status=-signal.SIGKILL,
                 env={"RINGFENCE_CRASH_AT": "files.device"})
        half = {one["device"]: one["code"] for one in bring(site, source, *words)["devices"]}
        assert half == {A: "device-exists", "SEP001122334466": None}
        bring(site, source, *words, "--overwrite")
        values = {one["path"]: one["layer"]
                  for one in site.cli("config", "device", A, "--json")["values"]}
        assert values["sshPassword"] == "device"
        site.cli("device", "remove", "SEP001122334466")
    key = site.folder / "keys/store.key"
    key.rename(tmp_path / "store.key")
    with site.start():
        devices = {one["device"]: one for one in bring(site, source, *words, "--overwrite")["devices"]}
        assert {one["code"] for one in devices.values()} == {"secret-key"}
        assert not any(one["added"] for one in devices.values())
        assert [one["name"] for one in site.cli("device", "list", "--json")["devices"]] == [A]


def test_real_files_lose_nothing_in_silence(site, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / f"tree/{A}.cnf.xml").write_bytes((DATA / "sccp.cnf.xml").read_bytes())
    device = bring(site, tmp_path / "tree", "--model", "7962")["devices"][0]
    assert device["code"] is None and device["mode"] == "encrypted"
    assert len(device["set"]) > 20 and len(device["left"]) > 20 and device["written_here"] > 3
    assert {one["why"] for one in device["left"]} == {"server", "unknown", "load-unknown"}
    with site.start():
        assert bring(site, tmp_path / "tree", "--model", "7962", "--devices")["devices"][0]["added"]
        findings = site.cli("config", "lint", A, "--json", status=None)["findings"]
        assert "config-value" not in {one["code"] for one in findings}


def test_single_files_are_added_listed_and_removed(site, tmp_path):
    (tmp_path / "tones.xml").write_bytes(b"<tones/>")
    name = "New_Zealand/g3-tones.xml"
    assert site.cli("files", "add", tmp_path / "tones.xml", "--as", name, "--json")["added"] == name
    site.cli("files", "add", tmp_path / "tones.xml")
    assert [(one["name"], one["size"]) for one in site.cli("files", "list", "--json")["files"]] == \
        [(name, 8), ("tones.xml", 8)]
    for bad, code in (("../x", "file-hidden"), ("a/b/c/d/e", "name-deep"), ("a b", "name-character"),
                      ("/etc/x", "name-character"), (".x", "file-hidden"), ("", "name-character"),
                      (f"{A}.cnf.xml", "file-generated"), ("ITLFile.tlv", "file-generated")):
        assert site.cli("files", "add", tmp_path / "tones.xml", "--as", bad, "--json",
                        status=1)["code"] == code, bad
    (tmp_path / "empty").write_bytes(b"")
    assert site.cli("files", "add", tmp_path / "empty", "--json", status=1)["code"] == "file-empty"
    (tmp_path / "tones.xml").write_bytes(b"<other/>")
    assert site.cli("files", "add", tmp_path / "tones.xml", "--json",
                    status=1)["code"] == "file-exists"
    site.cli("files", "add", tmp_path / "tones.xml", "--force")
    assert (site.folder / "files/tones.xml").read_bytes() == b"<other/>"
    assert site.cli("files", "remove", name, "--json")["removed"] == name
    for bad, code in ((name, "file-unknown"), ("New_Zealand", "file-unknown"),
                      ("../ringfence.conf", "file-hidden")):
        assert site.cli("files", "remove", bad, "--json", status=1)["code"] == code
    assert list(held(site.folder / "files")) == ["tones.xml"]
