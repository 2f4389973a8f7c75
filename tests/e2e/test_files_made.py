# SPDX-License-Identifier: Apache-2.0
"""`ringfence file strip, encrypt, decrypt`, `list build, diff` and `image sign`: what they make is taken
apart without our code, and what they must not do leaves nothing behind."""
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

import container
import rig
from container import Container
from files import CLEAR, ENC, ITL, MADE, SGN, accepted, changed, pem, put, refused  # noqa: F401

PHONE = "SEP001122334455"
SECRET = b"<sshPassword>hunter2</sshPassword>"


@pytest.fixture
def cnf(tmp_path):
    """A configuration with a secret, under its real name."""
    path = tmp_path / f"{PHONE}.cnf.xml"
    path.write_bytes(CLEAR.read_bytes().replace(b"</device>", b"  " + SECRET + b"\n</device>"))
    return path


@pytest.fixture
def encrypted(cnf, tmp_path):
    out = tmp_path / "out"
    rig.ringfence("file", "encrypt", cnf, "--key", pem("tftp"), "--for", pem("phone"), "--out", out)
    return out


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def md5_of(pem_file):
    der = container.openssl("x509", "-in", pem_file, "-outform", "DER")
    return hashlib.md5(der).hexdigest()


# ---- encrypt and decrypt ----

@pytest.mark.parametrize("digest", ["sha1", "sha512", None])
def test_sec_68_encrypt_writes_both_files_under_their_real_names(cnf, digest, tmp_path):
    out = tmp_path / "new" / "folder"
    words = ["--digest", digest] if digest else []
    said = accepted("file", "encrypt", cnf, "--key", pem("tftp"), "--for", pem("phone"), "--out",
                    out, *words)
    assert left_in(out) == sorted([SGN, ENC]) and sorted(said["files"]) == left_in(out)
    assert said["cert_hash"] == md5_of(pem("phone")) and said["device"] == PHONE
    assert said.get("weak") == ("SHA-1" if digest == "sha1" else None)
    for name, version in ((SGN, b"\1\0"), (ENC, b"\2\0")):
        judge = Container((out / name).read_bytes())
        assert judge.name == name and judge.tags[container.VERSION] == version
        assert judge.digest == (digest or "sha512") and judge.header_len % 4 == 0
        assert judge.openssl_verifies(pem("tftp"), tmp_path)
        accepted("file", "verify", out / name, "--list", MADE / ITL, "--name", name)
        assert stat.S_IMODE((out / name).stat().st_mode) == 0o644
    plain = tmp_path / "plain"
    accepted("file", "decrypt", out / ENC, "--phone-key", pem("phone"), "--cert", pem("tftp"),
             "--out", plain, "--name", ENC)
    assert plain.read_bytes() == cnf.read_bytes()
    assert stat.S_IMODE(plain.stat().st_mode) == 0o600


def test_sec_71_the_stub_says_where_to_enrol_and_no_secret(encrypted, cnf):
    stub = Container((encrypted / SGN).read_bytes()).body.decode()
    assert SECRET.decode() in cnf.read_text() and "hunter2" not in stub
    assert "hunter2" not in (encrypted / ENC).read_bytes().decode("latin-1")
    names = re.findall(r"<(\w+)>", stub)
    assert names == ["device", "fullConfig", "ipAddressMode", "loadInformation", "capfAuthMode",
                     "capfList", "capf", "phonePort", "processNodeName", "certHash", "encrConfig"]
    assert f"<certHash>{md5_of(pem('phone'))}</certHash>" in stub
    assert "<fullConfig>false</fullConfig>" in stub and "<encrConfig>true</encrConfig>" in stub


def test_the_stub_is_that_of_another_implementation(tmp_path):
    rig.ringfence("file", "encrypt", CLEAR, "--name", PHONE, "--key", pem("tftp"), "--for",
                  pem("phone"), "--out", tmp_path / "out", "--digest", "sha1")
    ours = Container((tmp_path / "out" / SGN).read_bytes())
    theirs = Container((MADE / "encrypted-stub.cnf.xml.sgn").read_bytes())
    assert ours.body == theirs.body
    # and the headers differ in nothing but signature and time
    same = {container.SIGNATURE, container.TIME}
    assert {t: v for t, v in ours.tags.items() if t not in same} == \
        {t: v for t, v in theirs.tags.items() if t not in same}
    assert list(ours.tags) == list(theirs.tags)  # nor in order


def test_sec_68_the_file_of_another_implementation_is_decrypted_to_the_byte(tmp_path):
    out = tmp_path / "plain"
    accepted("file", "decrypt", MADE / "encrypted.cnf.xml.enc.sgn", "--phone-key", pem("phone"),
             "--list", MADE / ITL, "--name", ENC, "--out", out)
    assert out.read_bytes() == CLEAR.read_bytes()
    done = rig.ringfence("file", "decrypt", MADE / "encrypted.cnf.xml.enc.sgn", "--phone-key",
                         pem("phone"), "--cert", pem("tftp"), "--out", "-")
    assert done.stdout == CLEAR.read_text() and done.stderr == ""


def test_key_and_vector_are_new_each_time(cnf, tmp_path):
    bodies = set()
    for i in range(3):
        rig.ringfence("file", "encrypt", cnf, "--key", pem("tftp"), "--for", pem("phone"), "--out",
                      tmp_path / str(i))
        bodies.add(Container((tmp_path / str(i) / ENC).read_bytes()).body)
    assert len(bodies) == 3


def test_whose_configuration_it_is(cnf, tmp_path):
    """Check "encrypt.device-name": a configuration encrypted for another phone's key."""
    words = ["--key", pem("tftp"), "--for", pem("phone"), "--out", tmp_path / "out"]
    other = tmp_path / "SEP00112233FFFF.cnf.xml"
    shutil.copy(cnf, other)
    # The certificate names another phone than the file or the line does: a mistake.
    refused("file", "encrypt", other, *words, code="name-mismatch")
    refused("file", "encrypt", cnf, *words, "--name", "SEP00112233FFFF", code="name-mismatch")
    assert not (tmp_path / "out").exists()
    # A file of any name, or none: the certificate says it.
    for source in (CLEAR, "-"):
        said = rig.ringfence("file", "encrypt", source, *words, "--json", text_in=cnf.read_text())
        assert said["device"] == PHONE
    # A certificate that names nobody: the file's name, or --name.
    words[3] = pem("ccm")
    assert rig.ringfence("file", "encrypt", other, *words, "--json")["device"] == other.name[:15]
    said = rig.ringfence("file", "encrypt", CLEAR, *words, "--json")
    assert said["device"] == "clear" and "none asks" in said["note"]
    said = rig.ringfence("file", "encrypt", CLEAR, *words, "--name", PHONE, "--json")
    assert said["device"] == PHONE and "note" not in said
    refused("file", "encrypt", "-", *words, code="device-name", text_in=cnf.read_text())
    for name in ("../x", "a/b", ".x", ""):
        refused("file", "encrypt", CLEAR, *words, "--name", name, code="device-name")


@pytest.mark.parametrize("change,code", [
    (lambda text: text.replace("true", "false", 1), "stub-source"),  # a stub already
    (lambda text: "<Default></Default>", "stub-source"),
    (lambda text: text[:-5], "xml-syntax"),
    (lambda text: "<!DOCTYPE a>" + text.split("\n", 1)[1], "xml-doctype"),
    (lambda text: text + " " * 70000, "file-too-large"),
    (lambda text: "", "xml-syntax"),
    (lambda text: text, None),
])
def test_what_is_no_configuration_is_not_encrypted(cnf, change, code, tmp_path):
    cnf.write_text(change(cnf.read_text()))
    words = ["file", "encrypt", cnf, "--key", pem("tftp"), "--for", pem("phone"), "--out",
             tmp_path / "out"]
    if code:
        refused(*words, code=code)
        assert not (tmp_path / "out").exists()
    else:
        accepted(*words)


def test_keys_that_cannot_do_it_are_refused(cnf, tmp_path):
    def words(key, phone):
        return ["file", "encrypt", cnf, "--key", pem(key), "--for", pem(phone), "--out",
                tmp_path / "out", "--name", PHONE]
    refused(*words("tftp", "web-ec"), code="enc-key-type")
    refused(*words("web-ec", "phone"), code="key-type")
    assert not (tmp_path / "out").exists()
    accepted(*words("tftp", "phone"))


def test_a_device_is_not_replaced(cnf, tmp_path):
    """--out /dev/null as root: a file there would be everybody's trouble."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for words in (["file", "strip", MADE / "sha1.cnf.xml.sgn"],
                  ["file", "sign", cnf, "--key", pem("tftp"), "--name", SGN],
                  ["list", "build", "--sast", pem("sast")],
                  ["file", "decrypt", MADE / "encrypted.cnf.xml.enc.sgn", "--phone-key",
                   pem("phone"), "--cert", pem("tftp")]):
        refused(*words, "--out", pipe, code="file-io")
    assert stat.S_ISFIFO(pipe.stat().st_mode) and left_in(tmp_path) == [cnf.name, "pipe"]


def test_a_folder_that_cannot_be_written_keeps_what_it_has(cnf, encrypted, tmp_path):
    before = {name: (encrypted / name).read_bytes() for name in left_in(encrypted)}
    (encrypted / SGN).unlink()
    (encrypted / SGN).mkdir()  # it cannot take the place of a folder
    words = ["file", "encrypt", cnf, "--key", pem("tftp"), "--for", pem("phone"), "--out", encrypted]
    refused(*words, code="file-io")
    assert left_in(encrypted) == sorted(before)  # nothing half written beside them
    (encrypted / SGN).rmdir()
    accepted(*words)


def test_sec_70_the_signature_is_judged_before_anything_is_decrypted(encrypted, put, tmp_path):
    data = (encrypted / ENC).read_bytes()
    judge = Container(data)
    out = tmp_path / "plain"
    words = ["--phone-key", pem("phone"), "--cert", pem("tftp"), "--out", out]
    for at in (judge.header_len, len(data) - 1, judge.at[container.SIGNATURE] + 20):
        answer = refused("file", "decrypt", put(ENC, changed(data, at)), *words,
                         code="sig-mismatch")
        assert answer["field"] == "signature (tag 12)"
        assert answer["offset"] == judge.at[container.SIGNATURE]
        assert answer["certificate"]["subject"].startswith("CN=tftp,")
    assert not out.exists()
    accepted("file", "decrypt", put(ENC, data), *words)


def test_sec_69_another_phone_cannot_read_it(encrypted, tmp_path):
    out = tmp_path / "plain"
    words = ["file", "decrypt", encrypted / ENC, "--cert", pem("tftp"), "--out", out]
    wrong = refused(*words, "--phone-key", pem("ccm"), code="decrypt")
    assert "offset" in wrong and wrong["offset"] == 0 and "field" not in wrong
    refused(*words, "--phone-key", pem("phone"), "--name", ENC.replace("55", "66"),
            code="file-name")
    refused(*words, "--phone-key", pem("web-ec"), code="decrypt")
    refused("file", "decrypt", encrypted / SGN, *words[3:], "--phone-key", pem("phone"),
            code="not-encrypted")
    assert not out.exists()


def test_decrypt_wants_exactly_one_to_believe(encrypted):
    for words in ([], ["--cert", pem("tftp"), "--list", MADE / ITL]):
        done = rig.ringfence("file", "decrypt", encrypted / ENC, "--phone-key", pem("phone"), "--out",
                             "-", *words, status=2)
        assert "--cert PEM or --list TLV" in done.stderr and done.stdout == ""


def test_a_key_with_a_passphrase_signs_and_decrypts(cnf, tmp_path):
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse\n")
    key = tmp_path / "locked.pem"
    key.write_bytes(container.openssl("pkey", "-in", pem("tftp"), "-aes256", "-passout",
                                      "pass:correct horse"))
    words = ["file", "sign", cnf, "--key", key, "--key-cert", pem("tftp"), "--out", tmp_path / SGN]
    refused(*words, code="key-passphrase")
    accepted(*words, "--passphrase-file", phrase)
    accepted("file", "verify", tmp_path / SGN, "--cert", pem("tftp"), "--name", SGN)
    phrase.write_text("wrong horse\n")
    refused(*words, "--passphrase-file", phrase, code="key-passphrase")


@pytest.mark.parametrize("chosen", ["abcd12", "abcd1234 ", " abcd1234", "correct horse"])
def test_a_key_opens_with_whatever_passphrase_it_was_given(cnf, tmp_path, chosen):
    phrase = tmp_path / "phrase"
    key = tmp_path / "locked.pem"
    key.write_bytes(container.openssl("pkey", "-in", pem("tftp"), "-aes256", "-passout",
                                      f"pass:{chosen}"))
    words = ["file", "sign", cnf, "--key", key, "--key-cert", pem("tftp"), "--out", tmp_path / SGN,
             "--passphrase-file", phrase]
    for end in ("", "\n", "\r\n"):
        phrase.write_bytes((chosen + end).encode())
        accepted(*words)
    phrase.write_text(chosen + "x\n")
    refused(*words, code="key-passphrase")


def test_a_file_of_blanks_opens_what_was_made_without_them(cnf, tmp_path):
    """What ringfence sets has none around it, whatever its file had."""
    phrase = tmp_path / "phrase"
    key = tmp_path / "locked.pem"
    phrase.write_text("  correct horse \n\n")
    key.write_bytes(container.openssl("pkey", "-in", pem("tftp"), "-aes256", "-passout",
                                      "pass:correct horse"))
    accepted("file", "sign", cnf, "--key", key, "--key-cert", pem("tftp"), "--out", tmp_path / SGN,
             "--passphrase-file", phrase)


def test_pipes_of_a_shell_are_read(cnf, tmp_path):
    key = tmp_path / "locked.pem"
    key.write_bytes(container.openssl("pkey", "-in", pem("tftp"), "-aes256", "-passout",
                                      "pass:correct horse"))
    rig.run("bash", "-c", '"$0" file sign <(cat "$1") --key "$2" --key-cert "$3" --out "$4" '
            '--passphrase-file <(echo correct horse) && "$0" file verify <(cat "$4") --cert "$3"',
            rig.program("ringfence"), cnf, key, pem("tftp"), tmp_path / SGN)
    body = (tmp_path / SGN).read_bytes()
    assert body.endswith(cnf.read_bytes())


def test_standard_input_is_one_of_two_things(cnf, encrypted, tmp_path):
    out = tmp_path / "made"
    key = ["--key", pem("tftp"), "--out", out]
    for words in (["file", "sign", "-", *key], ["image", "sign", "-", *key],
                  ["file", "encrypt", "-", "--for", pem("phone"), "--name", PHONE, *key],
                  ["file", "decrypt", "-", "--phone-key", pem("phone"), "--cert", pem("tftp"),
                   "--out", out]):
        done = rig.ringfence(*words, "--passphrase-file", "-", status=2, text_in="a passphrase\n")
        assert "standard input" in done.stderr and not out.exists()
    accepted("file", "sign", "-", *key, text_in=cnf.read_text())


# ---- strip ----

@pytest.mark.parametrize("name", ["sha1.cnf.xml.sgn", "sha512.cnf.xml.sgn"])
def test_strip_gives_the_content_and_says_that_it_is_not_verified(name, tmp_path):
    out = tmp_path / "plain"
    umask = os.umask(0)
    try:
        said = accepted("file", "strip", MADE / name, "--out", out)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600  # a configuration has passwords in it
    assert out.read_bytes() == CLEAR.read_bytes() and said["verified"].startswith("no")
    assert rig.ringfence("file", "strip", MADE / name, "--out", "-").stdout == CLEAR.read_text()
    said = accepted("file", "strip", MADE / name, "--out", out, "--cert", pem("tftp"), "--name", SGN)
    assert said["signer"]["subject"].startswith("CN=tftp,") and "verified" not in said
    accepted("file", "strip", MADE / name, "--out", out, "--list", MADE / ITL)


@pytest.mark.parametrize("target", ["plain", "-"])
def test_strip_gives_nothing_out_that_does_not_verify(put, target, tmp_path):
    data = (MADE / "sha512.cnf.xml.sgn").read_bytes()
    out = tmp_path / target if target != "-" else "-"
    before = left_in(tmp_path)
    for bad, words, code in (
            (changed(data, len(data) - 1), ["--cert", pem("tftp")], "sig-mismatch"),
            (data, ["--cert", pem("ccm")], "signer-mismatch"),
            (data, ["--cert", pem("tftp"), "--name", "x"], "file-name"),
            (container.build(b"x", pem("ccm"), SGN), ["--list", MADE / ITL], "signer-role"),
            ((MADE / "encrypted.cnf.xml.enc.sgn").read_bytes(), [], "file-encrypted")):
        done = rig.ringfence("file", "strip", put("in", bad), "--out", out, *words, status=1)
        assert done.stdout == ""
        assert rig.ringfence("file", "strip", tmp_path / "in", "--out", out, *words, "--json",
                             status=1)["code"] == code
    assert left_in(tmp_path) == sorted([*before, "in"])
    rig.ringfence("file", "strip", put("in", data), "--out", out, "--cert", pem("tftp"))


def test_strip_of_an_image_needs_the_image_key(tmp_path):
    image, out = tmp_path / "a.sbn", tmp_path / "body"
    rig.ringfence("image", "sign", CLEAR, "--key", pem("tftp"), "--out", image)
    accepted("file", "strip", image, "--out", out, "--cert", pem("tftp"))
    assert out.read_bytes() == CLEAR.read_bytes()
    refused("file", "strip", image, "--out", out, "--cert", pem("ccm"), code="signer-mismatch")


def test_wrong_usage_of_strip_is_named(tmp_path):
    for words, wrong in ((["--cert", "x", "--list", "y"], "give one"),
                         (["--name", "x"], "only with --cert or --list")):
        done = rig.ringfence("file", "strip", MADE / ITL, "--out", tmp_path / "o", *words, status=2)
        assert wrong in done.stderr and not left_in(tmp_path)


# ---- sign ----

def test_what_is_signed_is_not_signed_again(tmp_path):
    words = ["--key", pem("tftp"), "--out", tmp_path / "x.sgn"]
    for name in ("sha1.cnf.xml.sgn", ITL, "encrypted.cnf.xml.enc.sgn"):
        refused("file", "sign", MADE / name, *words, code="signed-already")
        refused("image", "sign", MADE / name, *words, code="signed-already")
    assert not left_in(tmp_path)


def test_image_sign_makes_what_ringphone_takes(tmp_path):
    lists = tmp_path / "rf-1.loads"
    (tmp_path / "in").write_text("rfapp.1.sbn\r\n")
    for digest in ("sha1", "sha512"):
        said = accepted("image", "sign", tmp_path / "in", "--key", pem("tftp"), "--out", lists,
                        "--digest", digest)
        judge = Container(lists.read_bytes())
        assert (said["name"], said["digest"]) == ("rf-1.loads", digest)
        # 1.1, the order of images, no time stamp
        assert judge.tags[container.VERSION] == b"\1\1" and container.TIME not in judge.tags
        assert list(judge.tags) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]
        assert judge.openssl_verifies(pem("tftp"), tmp_path)
        accepted("image", "verify", lists, "--cert", pem("tftp"), "--name", "rf-1.loads")
    shown = rig.ringfence("image", "show", lists, "--cert", pem("tftp"), "--json")
    assert shown["verified"].startswith("yes")
    assert shown["verified_by"]["subject"].startswith("CN=tftp,")
    lists.write_bytes(changed(lists.read_bytes(), -1))
    refused("image", "show", lists, "--cert", pem("tftp"), code="sig-mismatch")
    assert "not verified" in rig.ringfence("image", "show", lists, "--json")["verified"]


@pytest.mark.parametrize("text,name,code", [
    ("a b\n", "x.loads", "entry-fields"),
    ("\0binary", "x.LOADS", "control-byte"),
    ("a.sbn\n" * 9999, "x.loads", "loads-size"),
    ("", "x.loads", "loads-empty"),
    ("# nothing\r\n", "x.loads", "loads-empty"),
    ("# one\r\nrfapp.1.sbn\r\n", "x.loads", None),
    ("no firmware", "rfapp.1.sbn", "image-app"),
    pytest.param("x" * 16385, "rfapp.1.sbn", "image-app", id="a long application"),
    ("no firmware", "rfsnd.1.sbn", None),
    ("anything", "folder/x.sbn", "image-name"),
    ("anything", ".x", "image-name"),
    ("anything", "x" * 129, "image-name"),
    ("\0binary", "x.sbn", None),
])
def test_what_ringphone_would_refuse_is_not_signed(put, text, name, code, tmp_path):
    words = ["image", "sign", put("in", text.encode()), "--key", pem("tftp"), "--out",
             tmp_path / "out", "--name", name]
    if code:
        refused(*words, code=code)
        assert not (tmp_path / "out").exists()
    else:
        accepted(*words)


# ---- lists ----

ALL = {"SAST": "sast", "CCM": "ccm", "TFTP": "tftp", "CAPF": "capf", "TVS": "tvs"}


def build(out, *words, sasts=("sast", "sast2"), **more):
    options = [word for name in sasts for word in ("--sast", pem(name))]
    return rig.ringfence("list", "build", *options, "--ccm", pem("ccm"), "--tftp", pem("tftp"),
                         "--capf", pem("capf"), "--out", out, *words, "--json", **more)


@pytest.mark.parametrize("digest", ["sha1", "sha512"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_list_is_built_with_all_roles(digest, version, tmp_path):
    out = tmp_path / ITL
    said = build(out, "--digest", digest, "--signer-version", version, "--tvs", pem("tvs"),
                 "--ccm-tftp", pem("ccm"), "--app-server", pem("tvs"))
    data = out.read_bytes()
    judge = Container(data)
    assert said["fingerprint"] == container.sha256(data) and said["records"] == 8
    assert judge.tags[container.VERSION] == b"\1\2" and judge.name == ITL
    assert judge.tags[container.SIGNER_VERSION] == bytes(map(int, version.split(".")))
    assert judge.digest == digest and judge.openssl_verifies(pem("sast"), tmp_path)
    shown = rig.ringfence("list", "show", out, "--json")
    assert [r["role"] for r in shown["records"]] == ["SAST", "SAST", "CCM", "TFTP", "CAPF", "TVS",
                                                     "CCM+TFTP", "APP-SERVER"]
    accepted("list", "verify", out)
    accepted("list", "verify", out, "--installed", MADE / ITL)


def test_a_list_of_the_other_implementations_roles_is_its_list_to_the_byte(tmp_path):
    out = tmp_path / ITL
    rig.ringfence("list", "build", *(w for role, name in ALL.items()
                                     for w in (f"--{role.lower()}", pem(name))),
                  "--digest", "sha1", "--out", out)
    ours, theirs = Container(out.read_bytes()), Container((MADE / ITL).read_bytes())
    assert ours.body == theirs.body and ours.header_len == theirs.header_len
    time = {container.SIGNATURE, container.TIME}
    assert {t: v for t, v in ours.tags.items() if t not in time} == \
        {t: v for t, v in theirs.tags.items() if t not in time}


def test_sec_21_the_first_sast_signs_and_the_second_can_follow(tmp_path):
    first, second = tmp_path / "CTLFile.tlv", tmp_path / "next" / "CTLFile.tlv"
    second.parent.mkdir()
    assert build(first)["signer"]["subject"].startswith("CN=sast,")
    assert build(second, sasts=("sast2", "sast"))["signer"]["subject"].startswith("CN=sast2,")
    assert Container(first.read_bytes()).name == "CTLFile.tlv"
    said = accepted("list", "diff", first, second)
    assert said["taken"] is True and not said["added"] and not said["removed"]
    assert {c["field"] for c in said["header"]} >= {"signer's issuer", "signer's serial number"}


@pytest.mark.parametrize("out,words,name", [
    ("CTLFile.tlv", [], "CTLFile.tlv"),
    ("ITLFile.tlv", [], "ITLFile.tlv"),
    ("CTLSEP001122334455.tlv", [], "CTLFile.tlv"),
    ("ITLSEP001122334455.tlv", [], "ITLFile.tlv"),
    ("x.tlv", [], "ITLFile.tlv"),
    ("x.tlv", ["--name", "CTLFile.tlv"], "CTLFile.tlv"),
    ("CTLFile.tlv", ["--name", "ITLFile.tlv"], "ITLFile.tlv"),
])
def test_a_list_carries_the_common_name(out, words, name, tmp_path):
    assert build(tmp_path / out, *words)["name"] == name
    assert Container((tmp_path / out).read_bytes()).name == name


def test_wrong_usage_of_build_is_named(tmp_path):
    for words, wrong in ((["--name", "ITLSEP001122334455.tlv"], "no other signed name"),
                         (["--signer-version", "2.0"], "1.0 or 1.1, not 2.0"),
                         (["--digest", "sha256"], "sha1 or sha512")):
        done = rig.ringfence("list", "build", "--sast", pem("sast"), "--out", tmp_path / "x", *words,
                             status=2)
        assert wrong in done.stderr
    assert "--sast PEM is missing" in rig.ringfence("list", "build", "--out", "x", status=2).stderr
    assert not left_in(tmp_path)


def key_of(folder, *kind):
    """A key and its certificate by itself, in one file."""
    path = folder / f"{'-'.join(kind)}.pem".replace(":", "-")
    path.write_bytes(container.openssl("genpkey", *kind))
    made = container.openssl("req", "-x509", "-new", "-key", path, "-subj", "/CN=other", "-days", "100")
    path.write_bytes(path.read_bytes() + made)
    return path


def test_a_second_sast_that_could_never_sign_is_not_taken(tmp_path):
    folder, out = tmp_path / "keys", tmp_path / ITL
    folder.mkdir()
    def second(path, status=1):
        return build(out, "--sast", path, sasts=("sast",), status=status)
    for kind in (("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"),
                 ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
                 ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512")):
        assert second(key_of(folder, *kind))["code"] == "list-sast-key"
    again = folder / "again.pem"
    again.write_bytes(container.openssl("req", "-x509", "-new", "-key", pem("sast"), "-subj", "/CN=again",
                                        "-days", "100"))
    answer = second(again)
    assert answer["code"] == "list-sast-key" and "one key" in answer["reason"]
    assert not out.exists()
    second(key_of(folder, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"), status=0)


def test_a_certificate_that_is_not_valid_now_is_told(tmp_path):
    request, old = tmp_path / "csr.pem", tmp_path / "old.pem"
    request.write_bytes(container.openssl("req", "-new", "-key", pem("capf"), "-subj", "/CN=old"))
    old.write_bytes(container.openssl("x509", "-req", "-in", request, "-signkey", pem("capf"), "-days",
                                      "-1"))
    said = build(tmp_path / ITL, "--app-server", old)
    assert [text.split(" (")[0] for text in said["warnings"]] == ["CN=old"]
    assert ") ended at 20" in said["warnings"][0]
    assert "warnings" not in build(tmp_path / ITL)


def test_lists_that_strand_phones_are_not_built(tmp_path):
    out = tmp_path / ITL
    for words, code in ((["--tftp", pem("web-ec")], "list-ec-needs-11"),
                        (["--sast", pem("tvs")], "list-sast-count"),
                        (["--ccm", pem("ccm")], "list-entry-twice"),
                        (["--tvs", tmp_path / "none"], "file-not-found")):
        assert build(out, *words, status=1)["code"] == code
    assert not left_in(tmp_path)
    assert "only one SAST" in build(out, sasts=("sast",))["warning"]
    assert "warning" not in build(out)
    build(out, "--tftp", pem("web-ec"), "--signer-version", "1.1")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Forty certificates with small keys, and thirty-nine of nearly two KiB."""
    folder = tmp_path_factory.mktemp("crowd")
    key = folder / "key.pem"
    key.write_bytes(container.openssl("genrsa", "1024"))
    big = folder / "big.pem"
    big.write_bytes(container.openssl("genrsa", "4096"))
    def certs(name, key, n):
        return [make(folder / f"{name}{i}.pem", key, i) for i in range(n)]
    def make(path, key, i):
        path.write_bytes(container.openssl("req", "-x509", "-new", "-key", key, "-subj",
                                           f"/CN=call manager {i}/O=Crowd", "-days", "100"))
        return path
    return certs("small", key, 38), certs("big", big, 37)


def test_sec_26_a_list_past_the_limits_is_not_built(crowd, tmp_path):
    small, big = crowd
    def words(certs):
        return ["list", "build", "--sast", pem("sast"), "--sast", pem("sast2"), "--out",
                tmp_path / ITL, *(w for c in certs for w in ("--ccm", c))]
    refused(*words(small), code="record-count")  # forty
    said = accepted(*words(small[:37]))  # thirty-nine
    assert said["records"] == 39 and said["bytes"] < 65536
    before = (tmp_path / ITL).read_bytes()
    refused(*words(big), code="list-size")  # thirty-nine, but too long
    assert (tmp_path / ITL).read_bytes() == before and left_in(tmp_path) == [ITL]


def test_a_sast_key_may_lie_elsewhere_under_a_passphrase(made_site, tmp_path):
    certs, keys = made_site / "certs", made_site / "keys"
    words = ["list", "build", "--sast", certs / "sast1.pem", "--sast", certs / "sast2.pem", "--tftp",
             certs / "tftp.pem", "--out", tmp_path / "CTLFile.tlv"]
    refused(*words, code="pem-no-key")
    refused(*words, "--key", keys / "tftp.pem", code="key-cert-mismatch")
    accepted(*words, "--key", keys / "sast1.pem")
    held = next(made_site.rglob("CTLFile.tlv"))
    assert accepted("list", "diff", held, tmp_path / "CTLFile.tlv")["taken"] is True


def test_diff_says_what_differs_and_who_would_take_it(put, tmp_path):
    same = accepted("list", "diff", MADE / ITL, MADE / ITL)
    assert same["same"] is True and same["taken"] is True and same["trust"] == "the same list"
    assert not same["added"] and not same["removed"] and not same["header"]
    new = accepted("list", "diff", MADE / ITL, MADE / "itl-1.1-ec.tlv")
    assert new["same"] is False and new["taken"] is True
    assert [(r["role"], r["subject"]) for r in new["added"]] == \
        [("TFTP", "CN=web-ec,O=Fixture,OU=Test")]
    assert {c["field"]: (c["old"], c["new"]) for c in new["header"]}["digest"] == ("sha1", "sha512")
    said = accepted("list", "diff", MADE / ITL, MADE / "itl-next-by-sast2.tlv")
    assert said["taken"] is False and said["code"] == "list-signer-unknown" and said["reason"]
    assert "TVS" in said["hint"]
    assert {r["role"] for r in said["removed"]} == {"TFTP", "CAPF", "TVS"}
    plain = rig.ringfence("list", "diff", MADE / ITL, MADE / "itl-next-by-sast2.tlv").stdout
    assert re.search(r"^taken +no$", plain, re.M)
    # A NEW that is damaged is not taken; an OLD that is damaged cannot be on any phone.
    data = (MADE / ITL).read_bytes()
    bad = put("bad.tlv", changed(data, Container(data).at[container.SIGNATURE] + 9))
    assert accepted("list", "diff", MADE / ITL, bad)["code"] == "sig-mismatch"
    refused("list", "diff", bad, MADE / ITL, code="sig-mismatch")
    refused("list", "diff", MADE / ITL, CLEAR, code="version-first")
    refused("list", "diff", tmp_path / "none", MADE / ITL, code="file-not-found")


SPELLINGS = {
    "turned round": container.as_other_servers_write,
    "of a token": lambda name: f'cn="{name.split(",")[0][3:]}        ";ou=IPCBU;o="Cisco Systems',
    "by number": lambda name: name.replace("OU=", "2.5.4.11="),
}


def list_of(*records, spell=str, by="sast"):
    return container.build(b"".join(records), pem(by), ITL, version=b"\1\2", signer_version=b"\1\0",
                           signer_pem=pem("sast"), spell=spell)


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_other_servers_spell_names_their_own_way(spell, put):
    sast, tftp = (container.record(role, pem(name), spell) for role, name in ((0, "sast"), (3, "tftp")))
    listed = put(ITL, list_of(sast, tftp, spell=spell))
    accepted("list", "verify", listed)
    assert "warnings" not in rig.ringfence("list", "show", listed, "--json")
    shown = rig.ringfence("list", "show", listed, "--json")["records"][1]
    assert shown["subject"] == "CN=tftp,O=Fixture,OU=Test"
    assert shown["record_issuer"] == shown["record_subject"] == spell("CN=tftp,O=Fixture,OU=Test")
    file = put(SGN, container.build(b"<device/>", pem("tftp"), SGN, spell=spell))
    assert "warning" not in accepted("file", "verify", file, "--list", listed)
    accepted("list", "verify", put("next.tlv", list_of(sast, spell=spell)), "--installed", listed)
    # The certificate alone is enough, and it is told that phones look for the text.
    assert "spells the issuer" in accepted("file", "verify", file, "--cert", pem("tftp"))["warning"]
    assert "warning" not in accepted("file", "verify", MADE / "sha1.cnf.xml.sgn", "--cert", pem("tftp"))
    # Phones find a signer only by the very text; and it is the key that decides.
    ours = put(SGN, container.build(b"<device/>", pem("tftp"), SGN))
    refused("file", "verify", ours, "--list", listed, code="signer-unknown")
    forged = put(SGN, container.build(b"", pem("ccm"), SGN, signer_pem=pem("tftp"), spell=spell))
    for words in (["--list", listed], ["--cert", pem("tftp")]):
        refused("file", "verify", forged, *words, code="sig-mismatch")
    refused("list", "verify", put("x.tlv", list_of(sast, tftp, spell=spell, by="ccm")),
            code="sig-mismatch")
    another = container.record(3, pem("tftp"), spell, cert=pem("ccm"))
    refused("list", "verify", put("x.tlv", list_of(sast, another, spell=spell)),
            code="record-cert-mismatch")


def test_a_list_of_a_server_in_non_secure_mode_has_records_of_nobody(put):
    sast = container.record(0, pem("sast"))
    nobody = container.text(2, "10.48.47.153") + container.tlv(4, b"\0\2") + \
        container.tlv(10, bytes((10, 48, 47, 153)))
    nobody = container.tlv(1, bytes((0, 33))) + nobody
    assert len(nobody) == 33
    listed = put(ITL, list_of(sast, nobody, nobody))
    assert rig.ringfence("list", "show", listed, "--json")["records"][1:] == 2 * [
        {"role": "CCM+TFTP", "dns": "10.48.47.153", "ip": "10.48.47.153"}]
    accepted("list", "verify", listed)
    moved = nobody[:-1] + b"\x9a"
    said = accepted("list", "diff", listed, put("new.tlv", list_of(sast, nobody, moved)))
    assert [one["ip"] for one in said["added"]] == ["10.48.47.154"] and not said["removed"]
    file = put(SGN, container.build(b"<device/>", pem("ccm"), SGN))
    refused("file", "verify", file, "--list", listed, code="signer-unknown")


def test_unknown_tags_of_records_are_told(put):
    new = container.tlv(99, b"new")
    listed = put(ITL, list_of(container.record(0, pem("sast"), extra=new + new)))
    for said in (accepted("list", "verify", listed), rig.ringfence("list", "show", listed, "--json")):
        assert said["warnings"] == ["2 unknown tags of records skipped, the first is 99"]


# ---- verify with lists ----

def test_sec_12_file_verify_with_both_lists(tmp_path):
    ctl, itl = tmp_path / "CTLFile.tlv", tmp_path / ITL
    rig.ringfence("list", "build", "--sast", pem("sast"), "--ccm-tftp", pem("ccm"), "--tftp",
                  pem("capf"), "--out", ctl)
    rig.ringfence("list", "build", "--sast", pem("sast"), "--tftp", pem("tftp"), "--ccm",
                  pem("tvs"), "--out", itl)
    both = ["--list", itl, "--list", ctl]
    for signer, found in (("ccm", ("CTL", "CCM+TFTP")), ("tftp", ("ITL", "TFTP")),
                          ("capf", ("CTL", "TFTP")), ("tvs", None), ("sast", None)):
        path = tmp_path / SGN
        path.write_bytes(container.build(b"<device/>", pem(signer), SGN))
        if found:
            said = accepted("file", "verify", path, *both, "--name", SGN)
            assert (said["found_in"], said["role"]) == found
        else:
            answer = refused("file", "verify", path, *both, code="signer-role")
            assert answer["field"].startswith("issuer and serial number")
    refused("file", "verify", tmp_path / SGN, "--list", itl, "--list", itl, code="list-twice")
    refused("file", "verify", MADE / ITL, *both, code="file-kind")
    assert "list verify" in refused("file", "verify", itl, *both, code="file-kind")["reason"]


# ---- what a refusal says ----

def test_a_refusal_says_which_check_at_which_byte_under_which_certificate(put):
    data = (MADE / "sha512.cnf.xml.sgn").read_bytes()
    at = Container(data).at
    good = put("good", data)
    cases = [
        (["--cert", pem("tftp"), "--name", "x"], good, "file-name", container.NAME),
        (["--cert", pem("ccm")], good, "signer-mismatch", container.ISSUER),
        (["--cert", pem("tftp")], put("bad", changed(data, -1)), "sig-mismatch",
         container.SIGNATURE),
        (["--cert", pem("tftp")], put("late", container.build(b"", pem("tftp"), SGN, when=2**32 - 1)),
         "time-future", container.TIME),
    ]
    for words, path, code, tag in cases:
        answer = refused("file", "verify", path, *words, code=code)
        where = at if path.name != "late" else Container(path.read_bytes()).at
        assert answer["offset"] == where[tag] and answer["field"]
        assert len(answer["certificate"]["fingerprint"]) == 64
        plain = rig.ringfence("file", "verify", path, *words, status=1).stderr
        assert f"at byte {where[tag]}" in plain
        assert answer["certificate"]["fingerprint"] in plain
    # What is wrong with the form is told by its byte.
    answer = refused("file", "verify", put("cut", data[:40]), "--cert", pem("tftp"),
                     code="header-beyond-file")
    broken = changed(data, at[container.HASH] + 3, 6)
    answer = refused("file", "verify", put("hash", broken), "--cert", pem("tftp"),
                     code="hash-algorithm")
    assert answer["offset"] == at[container.HASH] and "certificate" not in answer


def test_everything_reads_standard_input_and_writes_standard_output(cnf, tmp_path):
    def piped(data, *words):
        return subprocess.run([rig.program("ringfence"), *map(str, words)], input=data,
                              capture_output=True, check=True).stdout
    signed = piped(cnf.read_bytes(), "file", "sign", "-", "--key", pem("tftp"), "--name", SGN, "--out",
                   "-")
    assert Container(signed).body == cnf.read_bytes()
    assert json.loads(piped(signed, "file", "verify", "-", "--cert", pem("tftp"), "--json"))["ok"]
    for words in ([], ["--cert", pem("tftp")]):
        assert piped(signed, "file", "strip", "-", "--out", "-", *words) == cnf.read_bytes()
    shown = json.loads(piped(signed, "file", "show", "-", "--json"))
    assert shown["file_sha256"] == container.sha256(signed)
    image = piped(b"payload", "image", "sign", "-", "--key", pem("tftp"), "--name", "a.sbn", "--out",
                  "-")
    assert json.loads(piped(image, "image", "show", "-", "--json"))["name"] == "a.sbn"
    made = piped(b"", "list", "build", "--sast", pem("sast"), "--out", "-")
    assert json.loads(piped(made, "list", "verify", "-", "--json"))["ok"]
    assert not [p for p in tmp_path.iterdir() if p != cnf]
