# SPDX-License-Identifier: Apache-2.0
"""The command line itself: every command by name, help, manual page and completion; sites and
factories as it makes them; and what it says when something is missing."""
import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest

import container
import rig

KEYS = rig.ROOT / "tests/data/fixtures/keys"
MADE = rig.ROOT / "tests/data/fixtures/made"


def commands():
    """Every command, as `ringfence help` lists them."""
    shown = rig.ringfence("help").stdout
    return re.findall(r"^  ([a-z-]+(?: [a-z-]+)*)  +\S", shown, re.M)


def complete(*words, cwd):
    """What bash offers for this line; the last word is the one that is being typed."""
    script = ('source <("$1" completion); shift; COMP_WORDS=(ringfence "$@"); COMP_CWORD=$#; '
              '_ringfence; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", rig.program("ringfence"),
                           *words], capture_output=True, text=True, cwd=cwd, check=True)
    assert done.stderr == ""
    return [line for line in done.stdout.split("\n") if line]


def test_a_word_longer_than_any_path_is_wrong_usage():
    for words in (["status", "--site", "s" * 90000], ["factory", "init", "f" * 90000]):
        assert "at most 4096" in rig.ringfence(*words, status=2).stderr
    assert "too long" in rig.ringfence("status", status=2,
                                       env={"RINGFENCE_SITE": "s" * 90000}).stderr


# ---- ringphone ----

def ringphone(*words, status=0):
    return rig.run(rig.program("ringphone"), *words, status=status)


PHONE_PAGES = ["security", "status", "install", "unlock", "lock", "erase", "set", "protect", "unprotect",
               "doctor", "fleet"]


def test_ringphone_explains_each_of_its_pages():
    whole = ringphone("--help").stdout
    assert set(re.findall(r"^  ringphone ([a-z]+) ", whole, re.M)) == set(PHONE_PAGES)
    for page in PHONE_PAGES:
        explained = ringphone(page, "--help")
        assert f"  ringphone {page} --" in explained.stdout.replace("Usage:", " ")
        assert explained.stderr == "" and len(explained.stdout) < len(whole) / 2
        assert ringphone(page, "-h").stdout == explained.stdout
        assert ringphone(page, "--flash", "x", "--help").stdout == explained.stdout
    assert "--file-rollback" in ringphone("set", "--help").stdout
    assert "--findings" in ringphone("doctor", "--help").stdout


@pytest.mark.parametrize("page", PHONE_PAGES)
def test_ringphone_names_the_option_that_is_wrong(page):
    done = ringphone(page, "--flsah", "x", status=2)
    assert "--flsah is no option" in done.stderr and f"`ringphone {page} --help`" in done.stderr
    assert done.stdout == ""


def test_ringphone_names_an_option_of_another_page():
    for words in (["erase", "--flash", "x", "--min-load", "1.0"], ["set", "--flash", "x", "--json"],
                  ["status", "--flash", "x", "--device-secret", "y"]):
        wrong = next(word for word in words[3:] if word.startswith("--"))
        assert f"{wrong} is no option of it" in ringphone(*words, status=2).stderr
    assert "--flash wants a value" in ringphone("set", "--flash", status=2).stderr


@pytest.mark.parametrize("page, more", [("security", []), ("status", []), ("install", ["load"])])
def test_ringphone_says_in_json_what_it_refused(page, more, tmp_path):
    words = [page, "--flash", tmp_path / "nophone", *more]
    said = ringphone(*words, "--json", status=1)
    refusal = json.loads(said.stdout)
    assert refusal["ok"] is False and refusal["code"] == "no-flash"
    assert "nophone" in refusal["reason"] and refusal["reason"] in said.stderr
    assert ringphone(*words, status=1).stdout == ""


def test_ringphone_says_at_once_that_it_cannot_write(tmp_path):
    """Not after the call, or after all phones."""
    (tmp_path / "folder").mkdir()
    for place in ("nowhere/x", "folder"):
        done = ringphone("fleet", "--dir", tmp_path, "--tftp", "127.0.0.1:1", "--report", tmp_path / place,
                         status=2)
        assert f"--report {tmp_path / place}: nothing can be written there" in done.stderr
        done = ringphone("--flash", tmp_path, "--tftp", "127.0.0.1:1", "--record", tmp_path / place,
                         status=2)
        assert f"--record {tmp_path / place}: nothing can be written there" in done.stderr
    done = ringphone("fleet", "--dir", tmp_path / "folder", "--tftp", "127.0.0.1:1", "--report",
                     tmp_path / "x", status=2)
    assert "has no flash folders" in done.stderr


# ---- help, manual page, completion ----

def test_help_lists_and_explains_every_command():
    names = commands()
    assert len(names) >= 34 and len(names) == len(set(names))
    for name in ("file verify", "file show", "file sign", "file strip", "file encrypt",
                 "file decrypt", "list show", "list verify", "list build", "list diff",
                 "image show", "image verify", "image sign", "init", "device add",
                 "capf install", "events"):
        assert name in names  # the grammar that stays
    for name in names:
        explained = rig.ringfence(*name.split(), "--help")
        assert explained.stdout.startswith(f"Usage: ringfence {name}") and explained.stderr == ""
        assert rig.ringfence("help", *name.split()).stdout == explained.stdout
        assert rig.ringfence(*name.split(), "-h").stdout == explained.stdout
    assert rig.ringfence("--help").stdout == rig.ringfence("help").stdout
    assert re.fullmatch(r"ringfence \d+\.\d+\.\d+\n", rig.ringfence("--version").stdout)


def test_a_command_is_told_apart_from_a_wrong_one():
    done = rig.ringfence(status=2)
    assert "file verify" in done.stderr and done.stdout == ""
    done = rig.ringfence("file", status=2)
    assert "one of these is wanted" in done.stderr and "ringfence file sign" in done.stderr
    for words in (["fle"], ["file", "verif"], ["file verify"], ["--site", "x", "status"], [""]):
        assert rig.ringfence(*words, status=2).stdout == ""
    assert 'no command "fle"' in rig.ringfence("fle", status=2).stderr
    assert "options stand behind the command" in rig.ringfence("--site", "x", "status",
                                                               status=2).stderr
    for words in (["file", "--help"], ["help", "file"]):  # who asks is no offender
        done = rig.ringfence(*words)
        assert "ringfence file sign" in done.stdout and done.stderr == ""
    assert 'no command "fle"' in rig.ringfence("fle", "--help", status=2).stderr
    assert 'no command "file x"' in rig.ringfence("help", "file", "x", status=2).stderr


@pytest.mark.parametrize("words,wrong", [
    (["file", "verify"], "FILE is missing"),
    (["file", "show", "a", "b"], '"b" is one argument too many'),
    (["file", "show", "a", "--colour"], "--colour is no option of it"),
    (["file", "show", "a", "-x"], "-x is no option of it"),
    (["file", "show", "-xy", "a"], "-x is no option of it"),
    (["file", "show", "a", "--json=yes"], "--json=yes: it takes no value"),
    (["file", "show", "a", "--site", "x"], "--site is no option of it"),
    (["file", "verify", "a", "--cert"], "--cert wants a value"),
    (["device", "show", "--site", ""], "--site wants a folder"),
    (["list", "verify"], "FILE.tlv is missing"),
    (["image", "verify"], "FILE is missing"),
    (["image", "import"], "PATH... is missing"),
    (["mic", "import"], "PEM is missing"),
    (["factory", "init"], "DIR is missing"),
    (["factory", "firmware", "d", "--hardware", "h", "--out", "o"], "--version V is missing"),
    (["factory", "firmware", "d", "--version", "1", "--out", "o"], "--hardware ID is missing"),
    (["factory", "phone", "d", "--flash", "f"], "--name SEP... is missing"),
    (["device", "add", "SEP001122334455"], "--model MODEL is missing"),
    (["device", "change", "SEP001122334455"], "nothing to change is named"),
    (["device", "add", "SEP001122334455", "--model", "1", "--srtp", "maybe"], "yes or no"),
    (["device", "show"], "DEVICE is missing"),
    (["capf", "install"], "DEVICE is missing"),
    (["capf", "install", "SEP001122334455", "--key-bits", "99"], "256 to 4096, not 99"),
    (["init", "x"], '"x" is one argument too many'),
])
def test_wrong_usage_is_2_and_named(words, wrong, tmp_path):
    done = rig.ringfence(*words, status=2, env={"RINGFENCE_SITE": str(tmp_path)})
    assert wrong in done.stderr and done.stdout == ""
    assert f"Try: ringfence {' '.join(words[:2] if words[0] != 'init' else words[:1])} --help" in \
        done.stderr


def test_output_that_cannot_be_written_is_a_failure():
    for words in (["help"], ["man"], ["file", "show", str(MADE / "ITLFile.tlv")],
                  ["file", "show", str(MADE / "ITLFile.tlv"), "--json"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([rig.program("ringfence"), *words], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and "could not be written" in done.stderr, words


def test_manual_page_is_sound_and_whole(tmp_path):
    page = tmp_path / "ringfence.1"
    page.write_text(rig.ringfence("man").stdout)
    done = rig.run("groff", "-man", "-ww", "-z", page)
    assert done.stdout == "" and done.stderr == ""
    shown = rig.run("groff", "-man", "-Tascii", "-P-cbou", page).stdout
    for name in commands():
        assert re.search(rf"^ +{re.escape(name)}\b", shown, re.M), name
    for text in ("`ringfence list verify`", "--passphrase", "Exit", "RINGFENCE_SITE"):
        assert text.lower().replace("--passphrase", "--sast2-passphrase-file") in shown.lower()


def test_completion_knows_commands_options_and_files(tmp_path):
    (tmp_path / "one.sgn").touch()
    (tmp_path / "two words.sgn").touch()
    (tmp_path / "folder").mkdir()
    names = commands()
    first = complete("", cwd=tmp_path)
    assert sorted(first) == sorted({name.split()[0] for name in names})
    assert sorted(complete("f", cwd=tmp_path)) == ["factory", "file", "files"]
    for noun in {name.split()[0] for name in names if " " in name}:
        want = sorted(name.split()[1] for name in names if name.startswith(noun + " "))
        assert sorted(complete(noun, "", cwd=tmp_path)) == want
    assert complete("file", "si", cwd=tmp_path) == ["sign"]
    assert complete("nothing", "", cwd=tmp_path) == []
    assert sorted(complete("file", "verify", "", cwd=tmp_path)) == ["folder", "one.sgn",
                                                                    "two words.sgn"]
    assert complete("file", "verify", "--cert", "o", cwd=tmp_path) == ["one.sgn"]
    assert complete("file", "verify", "one.sgn", "--c", cwd=tmp_path) == ["--cert"]
    for name in names:
        usage = rig.ringfence(*name.split(), "--help").stdout
        want = sorted(set(re.findall(r"^  (--[a-z0-9-]+)", usage, re.M)))
        assert sorted(complete(*name.split(), "--", cwd=tmp_path)) == want, name


def test_completion_is_sound_shell(tmp_path):
    script = tmp_path / "ringfence.bash"
    script.write_text(rig.ringfence("completion").stdout)
    rig.run("bash", "-n", script)
    rig.run("shellcheck", "-s", "bash", script)


# ---- init ----

def x509(path, *words):
    return container.openssl("x509", "-in", path, "-noout", *words).decode()


def test_openssl_reads_the_certificates_of_a_site(made_site):
    rows = {  # basicConstraints, keyUsage
        "sast1": ("CA:FALSE", {"Digital Signature"}),
        "sast2": ("CA:FALSE", {"Digital Signature"}),
        "ccm": ("CA:FALSE", {"Digital Signature", "Key Encipherment"}),
        "tftp": ("CA:FALSE", {"Digital Signature"}),
        "capf": ("CA:TRUE, pathlen:0", {"Digital Signature", "Certificate Sign"}),
        "lsc-issuer": ("CA:TRUE, pathlen:0", {"Digital Signature", "Certificate Sign",
                                              "CRL Sign"}),
        "tvs": ("CA:FALSE", {"Digital Signature"}),
        "https": ("CA:FALSE", {"Digital Signature"}),
    }
    keys = set()
    assert {p.name for p in (made_site / "certs").iterdir()} == {f"{name}.pem" for name in rows}
    for name, (constraints, usage) in rows.items():
        path = made_site / "certs" / f"{name}.pem"
        shown = x509(path, "-ext", "basicConstraints,keyUsage,extendedKeyUsage")
        assert re.search(rf"Basic Constraints: critical\s+{constraints}$", shown, re.M), name
        got = re.search(r"Key Usage: critical\s+(.*)$", shown, re.M)[1]
        assert usage <= set(got.split(", ")), name
        assert constraints.startswith("CA:TRUE") == ("Certificate Sign" in got), name
        if name in ("ccm", "tvs", "https"):
            assert "TLS Web Server Authentication" in shown
        algorithm = "ecdsa-with-SHA256" if name == "https" else "sha256WithRSAEncryption"
        assert f"Signature Algorithm: {algorithm}" in x509(path, "-text")
        rig.run("openssl", "verify", "-check_ss_sig", "-CAfile", path, path)
        text = (made_site / "keys" / f"{name}.pem").read_text()
        if name == "sast2":
            assert "BEGIN ENCRYPTED PRIVATE KEY" in text
        else:
            public = container.openssl("pkey", "-in", made_site / "keys" / f"{name}.pem", "-pubout")
            assert public == container.openssl("x509", "-in", path, "-noout", "-pubkey"), name
            rig.run("openssl", "pkey", "-in", made_site / "keys" / f"{name}.pem", "-check", "-noout")
        keys.add(x509(path, "-pubkey"))
    assert len(keys) == len(rows)  # the issuer's key is nobody else's


def test_init_prints_what_openssl_finds_and_protects_the_second_sast(tmp_path):
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse\n")
    site = tmp_path / "site"
    said = rig.ringfence("init", "--site", site, "--set", "name=hq", "--set", "listen=0.0.0.0",
                         "--set", "advertise=cm.example.net", "--sast2-passphrase-file", phrase,
                         "--json")
    files = {"SAST-1": "sast1", "SAST-2": "sast2", "CCM": "ccm", "TFTP": "tftp", "CAPF": "capf",
             "LSC-issuer": "lsc-issuer", "TVS": "tvs", "HTTPS": "https"}
    assert {c["role"] for c in said["certificates"]} == set(files)
    for one in said["certificates"]:
        shown = x509(site / "certs" / f"{files[one['role']]}.pem", "-fingerprint", "-sha256")
        assert shown.split("=")[1].replace(":", "").strip().lower() == one["fingerprint"]
    assert "DNS:cm.example.net" in x509(site / "certs/ccm.pem", "-ext", "subjectAltName")
    assert "passphrase" not in said  # it was given, so nobody has to be told
    key = ["openssl", "pkey", "-in", said["take_away"], "-noout", "-passin"]
    rig.run(*key, "pass:correct horse")
    rig.run(*key, "pass:wrong horse", status=1)
    for path, mode in (("keys", 0o700), ("db", 0o700), ("db/ringfence.db", 0o600),
                       *((f"keys/{name}.pem", 0o600) for name in files.values())):
        assert stat.S_IMODE((site / path).stat().st_mode) == mode, path
    assert rig.ringfence("config", "show", "--site", site, "--json")["listen"] == "0.0.0.0"
    done = rig.ringfence("init", "--site", site, "--json", status=1)
    assert done["code"] == "site-exists"


def test_a_drawn_passphrase_is_shown_once_and_opens_the_key(tmp_path):
    site = tmp_path / "site"
    done = rig.ringfence("init", "--site", site)
    phrase = re.search(r"shown this once: (\S+)$", done.stdout, re.M)[1]
    assert re.fullmatch(r"([a-z2-9]{5}-){5}[a-z2-9]{5}", phrase)
    rig.run("openssl", "pkey", "-in", site / "keys/sast2.pem", "-noout", "-passin",
            f"pass:{phrase}")
    for path in site.rglob("*"):
        if path.is_file():
            assert phrase.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("words,code", [
    (["--set", "colour=red"], "conf-unknown"),
    (["--set", "name"], "conf-syntax"),
    (["--set", "name=a b"], "conf-value"),
    (["--set", "name=a", "--set", "name=b"], "conf-twice"),
    (["--set", "listen=0.0.0.0"], "conf-advertise"),
    (["--sast2-passphrase-file", "/dev/null"], "passphrase-short"),
    (["--sast2-passphrase-file", "-"], "passphrase-short"),
])
def test_a_wrong_init_makes_nothing(words, code, tmp_path):
    site = tmp_path / "site"
    done = rig.ringfence("init", "--site", site, *words, "--json", status=1, text_in="short\n")
    assert done["code"] == code
    assert not site.exists()


@pytest.mark.parametrize("point", ["init.keys", "init.lists", "init.database", "init.conf"])
def test_init_that_was_killed_is_done_again_until_it_is_a_site(point, tmp_path):
    site = tmp_path / "site"
    words = ["init", "--site", site, "--json"]
    rig.ringfence(*words[:-1], status=-signal.SIGKILL, env={"RINGFENCE_CRASH_AT": point})
    first = (site / "keys/sast1.pem").read_bytes()
    if point == "init.conf":  # it was all there
        assert rig.ringfence(*words, status=1)["code"] == "site-exists"
        assert (site / "keys/sast1.pem").read_bytes() == first
    else:
        assert rig.ringfence("list", "publish", "--site", site, "--json",
                             status=1)["code"] == "no-site"
        rig.ringfence(*words)
        assert (site / "keys/sast1.pem").read_bytes() != first
    published = rig.ringfence("list", "publish", "--site", site, "--json")
    assert not any(one["written"] for one in published["lists"])
    # From here on its keys are worth keeping, whatever happens to the configuration.
    kept = (site / "keys/sast1.pem").read_bytes()
    if point != "init.conf":
        (site / "ringfence.conf").unlink()
        assert rig.ringfence(*words, status=1)["code"] == "site-keys"
    assert (site / "keys/sast1.pem").read_bytes() == kept


# ---- lists, configuration, imports ----

def test_lists_are_published_when_a_certificate_changed(site):
    before = site.folder.parent / "before.tlv"
    shutil.copy(site.folder / "lists/ITLFile.tlv", before)
    for words, written in (([], False), (["--force"], True)):
        said = site.cli("list", "publish", *words, "--json")
        assert [one["written"] for one in said["lists"]] == [written, written]
        for one, name in zip(said["lists"], ("CTLFile.tlv", "ITLFile.tlv")):
            data = (site.folder / "lists" / name).read_bytes()
            assert one["fingerprint"] == container.sha256(data)
            judge = container.Container(data)
            assert judge.name == name and judge.digest == "sha512"
            assert judge.openssl_verifies(site.folder / "certs/sast1.pem", site.folder.parent)
    said = rig.ringfence("list", "verify", site.folder / "lists/ITLFile.tlv", "--installed", before,
                         "--json")
    assert said["trust"] == "signed by a SAST of the installed list"
    assert said["older_than_installed"] is False


def test_configuration_is_checked_and_its_weak_choices_named(site, tmp_path):
    said = site.cli("config", "check", "--json")
    assert said["ok"] is True and said["weak"] == []
    site.configure(digest="sha1")
    assert site.cli("config", "check", "--json")["weak"] == [{"option": "digest", "value": "sha1"}]
    # What `show` prints is a configuration, and the same one.
    copy = tmp_path / "copy.conf"
    copy.write_text(site.cli("config", "show").stdout)
    assert rig.ringfence("config", "show", copy, "--json") == site.cli("config", "show", "--json")
    copy.write_text("digest = md5\n")
    done = rig.ringfence("config", "check", copy, "--json", status=1)
    assert done["code"] == "conf-value" and "line 1" in done["reason"]
    told = rig.ringfence("config", "check", copy, status=1).stderr
    assert told.count(str(copy)) == 1 and "wants sha512 or sha1" in told
    done = rig.ringfence("config", "check", tmp_path / "none", "--json", status=1)
    assert done["code"] == "file-not-found"
    copy.write_text("colour = red\n")
    done = rig.ringfence("config", "check", copy, "--json", status=1)
    assert done["code"] == "conf-unknown" and "`ringfence config show` lists them" in done["reason"]


def test_without_a_site_options_are_shown_and_the_rest_says_how_to_make_one(tmp_path):
    nowhere = ("--site", tmp_path / "none")
    shown = rig.ringfence("config", "show", *nowhere)
    assert "There is no site" in shown.stdout and "\nkeepalive_s = 30\n" in shown.stdout
    copy = tmp_path / "copy.conf"
    copy.write_text(shown.stdout)
    assert rig.ringfence("config", "show", copy, "--json") == \
        rig.ringfence("config", "show", *nowhere, "--json")
    done = rig.ringfence("status", *nowhere, "--json", status=1)
    assert done["code"] == "no-site" and "`ringfence init`" in done["reason"]


def test_imports_take_what_is_right_and_say_why_not(site, factory, tmp_path):
    assert site.cli("mic", "import", factory.roots, "--json")["added"] == 2
    assert site.cli("mic", "import", factory.roots, "--json")["added"] == 0
    assert site.cli("mic", "import", factory.folder / "image-keys.pem", "--json",
                    status=1)["code"] == "anchor-not-ca"
    assert len(list((site.folder / "trust/mic-roots").iterdir())) == 2
    files = factory.firmware_files("1.0")
    said = site.cli("image", "import", *files, "--json")
    assert sorted(said["imported"]) == [path.name for path in files]
    site.cli("image", "import", *files)
    other = rig.Factory(tmp_path / "other").firmware("1.0")
    words = ["image", "import", other / "rfapp.1.0.sbn", "--json"]
    assert site.cli(*words, status=1)["code"] == "image-exists"
    assert (site.folder / "images/rfapp.1.0.sbn").read_bytes() == files[1].read_bytes() or \
        files[0].name == "rfapp.1.0.sbn"
    site.cli(*words, "--force")
    assert (site.folder / "images/rfapp.1.0.sbn").read_bytes() == \
        (other / "rfapp.1.0.sbn").read_bytes()
    assert site.cli("image", "import", MADE / "ITLFile.tlv", "--json",
                    status=1)["code"] == "file-kind"
    for words in (["mic", "import", factory.roots], ["image", "import", files[0]]):
        done = rig.ringfence(*words, "--site", tmp_path / "none", "--json", status=1)
        assert done["code"] == "no-site"


# ---- factory ----

def test_factory_is_a_maker_of_its_own(tmp_path):
    folder = tmp_path / "factory"
    for name in ("Cisco Systems", "yealink"):
        done = rig.ringfence("factory", "init", folder, "--org", name, "--json", status=1)
        assert done["code"] == "factory-name" and not folder.exists()
    rig.ringfence("factory", "init", folder, "--org", "Example Phones")
    assert rig.ringfence("factory", "init", folder, "--json", status=1)["code"] == "factory-exists"
    rig.run("openssl", "verify", "-CAfile", folder / "mic-root.pem", folder / "mic-issuer.pem")
    shown = x509(folder / "mic-issuer.pem", "-ext", "basicConstraints")
    assert "CA:TRUE, pathlen:0" in shown


def test_factory_phone_has_a_mic_that_openssl_believes(factory):
    phone = factory.phone(rig.A)
    mic = phone.flash / "mic.pem"
    rig.run("openssl", "verify", "-CAfile", factory.folder / "mic-root.pem", "-untrusted",
            factory.folder / "mic-issuer.pem", mic)
    assert f"CN = CP-8861-{rig.A}" in x509(mic, "-subject")
    assert "CA:FALSE" in x509(mic, "-ext", "basicConstraints")
    assert stat.S_IMODE(mic.stat().st_mode) == 0o600
    words = ["factory", "phone", "--model", "8861", "--hardware", "rf-1", "--firmware",
             factory.firmware("1.0"), factory.folder, "--json"]
    folder = factory.folder / "phones/other"
    assert rig.ringfence(*words, "--name", rig.A, "--flash", phone.flash,
                         status=1)["code"] == "flash-exists"
    for name in ("SEP1", "ATA001122334455", "sep001122334455"):
        done = rig.ringfence(*words, "--name", name, "--flash", folder, status=1)
        assert done["code"] in ("issue-name", "flash-identity")
    done = rig.ringfence(*words, "--name", "001122334455", "--flash", folder, status=1)
    assert "a device is SEP and the 12 hexadecimal digits of its MAC" in done["reason"]
    words[words.index("rf-1")] = "rf-2"
    assert rig.ringfence(*words, "--name", rig.B, "--flash", folder,
                         status=1)["code"] == "image-hardware"
    words[words.index("rf-2")] = "rf-1"
    assert rig.ringfence(*words, "--name", rig.B, "--flash", folder)["device"] == rig.B


def test_factory_firmware_is_one_a_folder(factory, tmp_path):
    both = tmp_path / "both"
    words = ["factory", "firmware", "--hardware", "rf-1", "--out", both, factory.folder]
    rig.ringfence(*words, "--version", "1.0", "--display", "idle=Hello")
    shown = rig.ringfence("image", "show", both / "rfapp.1.0.sbn", "--json")
    assert shown["display_idle"] == "Hello"
    phone = ["factory", "phone", "--name", rig.A, "--model", "8861", "--hardware", "rf-1",
             "--firmware", both, factory.folder, "--json"]
    rig.ringfence(*phone, "--flash", tmp_path / "one")
    rig.ringfence(*words, "--version", "2.0")
    assert rig.ringfence(*phone, "--flash", tmp_path / "two", status=1)["code"] == "firmware-many"
    for more, code in ((["--version", "1/0"], "firmware-version"),
                       (["--version", "3", "--display", "idle"], "display"),
                       (["--version", "3", "--display", "a b=c"], "key"),
                       (["--version", "3", *(w for i in range(61) for w in
                                             ("--display", f"t{i}=x"))], "display-count")):
        assert rig.ringfence(*words, *more, "--json", status=1)["code"] == code
    empty = tmp_path / "empty"
    empty.mkdir()
    phone[phone.index(both)] = empty
    assert rig.ringfence(*phone, "--flash", tmp_path / "two", status=1)["code"] == "no-firmware"


# ---- the live commands ----

LIVE = [["status"], ["events"], ["calls"], ["reload"], ["device", "list"],
        ["device", "show", rig.A], ["device", "add", rig.A, "--model", "8861"],
        ["device", "change", rig.A, "--load", ""], ["device", "remove", rig.A],
        ["device", "reset", rig.A], ["capf", "list"], ["capf", "install", rig.A],
        ["capf", "delete", rig.A], ["capf", "fetch", rig.A], ["capf", "cancel", rig.A]]


@pytest.mark.parametrize("words", LIVE, ids=" ".join)
def test_without_a_server_a_live_command_says_how_to_start_one(words, site):
    done = site.cli(*words, "--json", status=1)
    assert done["code"] == "no-server"
    assert f"ringfenced --config {site.folder}/ringfence.conf" in done["reason"]
    done = rig.ringfence(*words, status=1, env={"RINGFENCE_SITE": str(site.folder)})
    assert "ringfenced --config" in done.stderr and done.stdout == ""


def test_live_commands_show_what_the_server_knows(site, tmp_path):
    site.start()
    assert "no devices" in site.cli("device", "list").stdout
    site.cli("device", "add", rig.A, "--model", "8861", "--line", "2001,Ada,Ada Lovelace",
             "--description", "by the window")
    assert site.cli("device", "add", rig.A, "--model", "8861", "--json",
                    status=1)["code"] == "device-exists"
    assert site.cli("device", "show", rig.B, "--json", status=1)["code"] == "device-unknown"
    assert site.cli("device", "show", rig.A, "--json") == site.device(rig.A)
    assert "by the window" in site.cli("device", "list").stdout
    site.cli("device", "change", rig.A, "--line", "2001,Ada,Lovelace, Ada")
    assert site.device(rig.A)["lines"][0]["display_name"] == "Lovelace, Ada"
    site.cli("device", "change", rig.A, "--description", "\N{BULLET} moved \x9b2J")
    shown = site.cli("device", "show", rig.A).stdout  # what a terminal would obey is not shown it
    assert "\N{BULLET} moved ?" in shown and "\x9b" not in shown
    assert site.cli("device", "change", rig.A, "--description", "\x1b[2J", "--json",
                    status=1)["code"] == "value"
    assert site.cli("status", "--json")["devices"] == 1
    assert "no calls" in site.cli("calls").stdout
    # A string from a file, so that it stands in no list of processes.
    string = tmp_path / "string"
    string.write_text("123456\n")
    said = site.cli("capf", "install", rig.A, "--string-file", string, "--json")
    assert "string" not in said
    assert re.search(rf"^{rig.A}  install +string", site.cli("capf", "list").stdout, re.M)
    drawn = site.cli("capf", "install", rig.A, "--json")["string"]
    assert re.fullmatch(r"\d{4,10}", drawn)
    site.cli("capf", "cancel", rig.A)
    assert "no certificate operations" in site.cli("capf", "list").stdout
    told = site.cli("events", "--device", rig.A).stdout.splitlines()
    assert re.fullmatch(r"id +time +severity +category +code +device +by +text", told[0])
    assert f" {pwd.getpwuid(os.geteuid()).pw_name} " in told[-1]
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    assert "no events" in site.cli("events", "--since", soon).stdout
    assert len(site.cli("events", "--since", "2024-01-01", "--json")["events"]) > 2
    for words in (["--since", "yesterday"], ["--limit", "0"], ["--limit", "x"], ["--after", "-1"]):
        for command in (["events"], ["calls", "history"]):
            assert words[0] in site.cli(*command, *words, status=2).stderr
    events = site.cli("events", "--device", rig.A, "--limit", "2", "--json")["events"]
    assert len(events) == 2 and all(e["device"] == rig.A for e in events)
    assert all(e["uid"] == os.geteuid() for e in events)
    assert drawn not in json.dumps(site.events()) and drawn not in site.log_text()
    site.cli("device", "remove", rig.A)
    assert site.cli("device", "list", "--json")["devices"] == []


def test_what_may_be_a_slip_of_the_pen_is_said_when_a_device_is_added(site, factory):
    site.start()
    done = site.cli("device", "add", "001122334456", "--model", "8861", status=1)
    assert "did you mean SEP001122334456?" in done.stderr
    for command in ("add", "change"):
        if command == "change":
            site.cli("device", "add", rig.A, "--model", "8861")
        done = site.cli("device", command, rig.A, "--model", "8861", "--load", "ringphone-2.0.loads",
                        "--json", status=1)
        assert done["code"] == "value" and "without .loads" in done["reason"]
    done = site.cli("device", "change", rig.A, "--load", "ringphone-2.0")
    assert "warning" in done.stderr and "there is no ringphone-2.0.loads" in done.stderr
    done = site.cli("device", "add", rig.B, "--model", "8816")
    assert "nothing is known of a model 8816" in done.stderr
    # The twins.
    site.cli("image", "import", *factory.firmware_files("2.0"))
    assert site.cli("device", "change", rig.A, "--load", "ringphone-2.0").stderr == ""
    assert site.cli("device", "change", rig.B, "--model", "8861").stderr == ""


def test_whether_the_second_sasts_key_is_away_is_said(site):
    def where():
        said = site.cli("config", "check", "--json")["sast2_key"]
        assert site.status()["sast2_key"] == said
        return said
    site.start()
    assert where() == "here"
    assert re.search(r"^sast2 key +here$", site.cli("status").stdout, re.M)
    (site.folder / "keys/sast2.pem").unlink()
    assert where() == "away"
    # A file that is nobody's site says nothing of keys.
    assert "sast2_key" not in site.cli("config", "check", site.folder / "ringfence.conf", "--json")


def test_no_program_leaves_a_core_file(site, factory):
    """Keys, strings and what was said would be in it."""
    def limit(pid):
        with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
            return re.search(r"^Max core file size +(\S+) +(\S+)", limits.read(), re.M).groups()

    site.start()
    phone = factory.phone(rig.A)
    phone.start(site)
    phone.wait("boot")
    words = [rig.program("ringfence"), "file", "show", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as shell:
        rig.wait_until("ringfence limits itself", lambda: limit(shell.pid) == ("0", "0"))
        shell.stdin.close()
    assert limit(site.pid) == limit(phone.pid) == ("0", "0")
