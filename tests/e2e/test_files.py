# SPDX-License-Identifier: Apache-2.0
"""`ringfence file`, `list` and `image` on files alone: the fixtures of another implementation, what we
sign ourselves, and what must be refused. openssl is the second judge."""
import hashlib
import json
import stat

import pytest

import container
import rig
from container import Container
from files import (CLEAR, ENC, ITL, MADE, SGN, accepted, changed, pem, put,  # noqa: F401
                   refused, refused_any)

# file: kind, header version, name inside, digest, who signed it
FIXTURES = {
    "sha1.cnf.xml.sgn": ("signed file", "1.0", SGN, "sha1", "tftp"),
    "sha512.cnf.xml.sgn": ("signed file", "1.0", SGN, "sha512", "tftp"),
    "encrypted-stub.cnf.xml.sgn": ("signed file", "1.0", SGN, "sha1", "tftp"),
    "encrypted.cnf.xml.enc.sgn": ("encrypted file", "2.0", ENC, "sha1", "tftp"),
    "ITLFile.tlv": ("trust list", "1.2", ITL, "sha1", "sast"),
    "itl-1.1-ec.tlv": ("trust list", "1.2", ITL, "sha512", "sast"),
    "itl-next-by-sast2.tlv": ("trust list", "1.2", ITL, "sha1", "sast2"),
}
LISTS = [name for name in FIXTURES if name.endswith(".tlv")]
SIGNED = [name for name in FIXTURES if name.endswith(".sgn")]


# ---- show ----

@pytest.mark.parametrize("name", FIXTURES)
def test_file_show_says_what_the_header_says(name):
    kind, version, inside, digest, _ = FIXTURES[name]
    data = (MADE / name).read_bytes()
    judge = Container(data)
    shown = rig.ringfence("file", "show", MADE / name, "--json")
    assert (shown["kind"], shown["header_version"], shown["name"], shown["digest"]) == \
        (kind, version, inside, digest)
    assert shown["header_bytes"] == judge.header_len
    assert shown["body_bytes"] == len(judge.body)
    assert shown["body_sha256"] == container.sha256(judge.body)
    assert shown["file_sha256"] == container.sha256(data)
    assert shown["encrypted"] == (kind == "encrypted file")
    assert shown["serial"] == judge.tags[container.SERIAL].hex()
    assert shown["verified"].startswith("no")
    plain = rig.ringfence("file", "show", MADE / name).stdout
    assert inside in plain and shown["file_sha256"] in plain


def test_show_reads_standard_input():
    path = MADE / "ITLFile.tlv"
    for noun in ("file", "list"):
        with open(path, "rb") as file:
            done = rig.subprocess.run([rig.program("ringfence"), noun, "show", "-", "--json"],
                                      stdin=file, capture_output=True, check=True)
        assert json.loads(done.stdout) == rig.ringfence(noun, "show", path, "--json")


def test_clear_body_is_the_known_one():
    want = container.sha256(CLEAR.read_bytes())
    for name in ("sha1.cnf.xml.sgn", "sha512.cnf.xml.sgn"):
        assert rig.ringfence("file", "show", MADE / name, "--json")["body_sha256"] == want


def test_a_place_in_a_file_is_told_once(put):
    data = (MADE / ITL).read_bytes()
    path = put("bad.tlv", changed(data, Container(data).at[container.HASH] + 2))
    assert rig.ringfence("file", "show", path, status=1).stderr.count("at byte") == 1


@pytest.mark.parametrize("noun", ["file", "list", "image"])
@pytest.mark.parametrize("verb", ["show", "verify"])
def test_what_is_no_container_is_refused_everywhere(noun, verb, tmp_path):
    more = {"file": ["--cert", pem("tftp")], "image": ["--cert", pem("tftp")]}
    words = [noun, verb, CLEAR, *(more.get(noun, []) if verb == "verify" else [])]
    assert "begins with '<', byte 0x3c" in refused(*words, code="version-first")["reason"]
    assert "at byte" not in rig.ringfence(*words, status=1).stderr
    words[2] = tmp_path / "nothing"
    assert str(words[2]) in refused(*words, code="file-not-found")["reason"]


# ---- verify a file ----

@pytest.mark.parametrize("name", FIXTURES)
def test_sec_10_every_fixture_verifies_under_its_own_key_only(name, tmp_path):
    kind, _, inside, digest, signer = FIXTURES[name]
    said = accepted("file", "verify", MADE / name, "--cert", pem(signer), "--name", inside)
    assert (said["kind"], said["digest"], said["name_compared"]) == (kind, digest, True)
    assert said["weak"] == ("SHA-1" if digest == "sha1" else None)
    assert said["signer"]["subject"] == f"CN={signer},O=Fixture,OU=Test"
    assert Container((MADE / name).read_bytes()).openssl_verifies(pem(signer), tmp_path)
    refused("file", "verify", MADE / name, "--cert", pem("ccm"), code="signer-mismatch")


@pytest.mark.parametrize("name", SIGNED)
def test_sec_13_the_name_is_compared_whole(name):
    inside = FIXTURES[name][2]
    words = ["file", "verify", MADE / name, "--cert", pem("tftp"), "--name"]
    accepted(*words, inside)
    for other in (inside.replace("SEP0", "SEP1"), inside[:-4], "x/" + inside, inside.lower()):
        refused(*words, other, code="file-name")


@pytest.mark.parametrize("name", SIGNED)
def test_sec_10_a_list_says_who_may_sign(name):
    said = accepted("file", "verify", MADE / name, "--list", MADE / "ITLFile.tlv")
    assert said["signer"]["subject"].startswith("CN=tftp,")


@pytest.mark.parametrize("signer,code", [("ccm", "signer-role"), ("capf", "signer-role"),
                                         ("tvs", "signer-role"), ("sast", "signer-role"),
                                         ("sast2", "signer-unknown"), ("tftp", None)])
def test_sec_12_only_the_tftp_role_signs_files(signer, code, put):
    path = put(SGN, container.build(b"<device/>", pem(signer), SGN))
    words = ["file", "verify", path, "--list", MADE / "ITLFile.tlv"]
    if code:
        refused(*words, code=code)
    else:
        accepted(*words)
    accepted("file", "verify", path, "--cert", pem(signer))  # the file itself is well made


def cube_root(block):
    """The least number whose cube begins as this block does."""
    low, high = 0, 1 << (len(block) * 8 // 3 + 1)
    wanted = int.from_bytes(block, "big")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle ** 3 >= wanted else (middle + 1, high)
    return low


def test_sec_18_a_cube_root_is_no_signature(put, tmp_path):
    """Under a key of exponent 3 anybody finds a number whose cube begins like a signed block: it has the
    right padding and digest, and then what it happens to have."""
    key, pem_file = tmp_path / "e3.key", tmp_path / "e3.pem"
    container.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt",
                      "rsa_keygen_pubexp:3", "-out", key)
    cert = container.openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=e3", "-days", "9")
    pem_file.write_bytes(key.read_bytes() + cert)
    genuine = container.build(b"<device/>", pem_file, SGN, digest=1)
    one = Container(genuine)
    block = b"\0\1" + b"\xff" * 8 + b"\0" + bytes.fromhex("3021300906052b0e03021a05000414") + \
        hashlib.sha1(one.signed).digest()
    root = cube_root(block + bytes(256 - len(block)))
    assert (root ** 3).to_bytes(256, "big").startswith(block)
    forged = genuine.replace(one.signature, root.to_bytes(256, "big"))
    refused("file", "verify", put("bad", forged), "--cert", pem_file, code="sig-mismatch")
    accepted("file", "verify", put("good", genuine), "--cert", pem_file)


def test_a_list_that_is_not_its_own_signers_says_nothing(put):
    bad = put(ITL, changed((MADE / ITL).read_bytes(), -1))
    refused("file", "verify", MADE / SIGNED[0], "--list", bad, code="sig-mismatch")


@pytest.mark.parametrize("name", ["sha1.cnf.xml.sgn", "sha512.cnf.xml.sgn"])
def test_sec_11_one_bit_anywhere_is_refused(name, put):
    data = (MADE / name).read_bytes()
    judge = Container(data)
    spots = {0, 1, judge.at[container.LENGTH] + 4, judge.at[container.SERIAL] + 5,
             judge.at[container.HASH] + 3, judge.at[container.SIGNATURE] + 3,
             judge.at[container.SIGNATURE] + 258, judge.at[container.NAME] + 4,
             judge.at[container.TIME] + 6, judge.header_len - 1, judge.header_len,
             len(data) // 2 + judge.header_len // 2, len(data) - 1}
    for at in sorted(spots):
        path = put("bad", changed(data, at, at % 8))
        done = rig.ringfence("file", "verify", path, "--cert", pem("tftp"), "--json", status=1)
        assert done["ok"] is False and done["code"], at
    for bad in (data[:-1], data + b"\0"):
        refused("file", "verify", put("bad", bad), "--cert", pem("tftp"), code="sig-mismatch")
    accepted("file", "verify", put("good", data), "--cert", pem("tftp"))


def test_another_writers_file_is_judged_by_the_same_rules(put):
    def verify(data):
        return ["file", "verify", put("one", data), "--cert", pem("tftp")]
    body = CLEAR.read_bytes()
    accepted(*verify(container.build(body, pem("tftp"), SGN)))
    accepted(*verify(container.build(b"", pem("tftp"), SGN, digest=1)))
    refused(*verify(container.build(body, pem("tftp"), SGN, when=2**32 - 1)), code="time-future")
    refused(*verify(container.build(body, pem("tftp"), SGN, digest=2)), code="digest-refused")
    refused(*verify(container.build(body, pem("ccm"), SGN, signer_pem=pem("tftp"))),
            code="sig-mismatch")


def test_file_verify_wants_exactly_one_to_believe():
    for words in ([], ["--cert", pem("tftp"), "--list", MADE / ITL]):
        done = rig.ringfence("file", "verify", MADE / SIGNED[0], *words, status=2)
        assert "--cert PEM or --list TLV" in done.stderr and done.stdout == ""


# ---- sign ----

@pytest.mark.parametrize("digest", ["sha1", "sha512", None])
def test_what_is_signed_verifies_here_and_with_openssl(digest, tmp_path):
    out = tmp_path / SGN
    words = ["--digest", digest] if digest else []
    said = rig.ringfence("file", "sign", CLEAR, "--key", pem("tftp"), "--out", out, *words,
                         "--json")
    data = out.read_bytes()
    judge = Container(data)
    assert (said["ok"], said["name"], said["digest"]) == (True, SGN, digest or "sha512")
    assert said["bytes"] == len(data)
    assert judge.body == CLEAR.read_bytes() and judge.name == SGN
    assert judge.digest == (digest or "sha512") and judge.header_len % 4 == 0
    assert judge.openssl_verifies(pem("tftp"), tmp_path)
    assert not judge.openssl_verifies(pem("ccm"), tmp_path)
    assert stat.S_IMODE(out.stat().st_mode) == 0o644
    accepted("file", "verify", out, "--cert", pem("tftp"), "--name", SGN)
    accepted("file", "verify", out, "--list", MADE / ITL, "--name", SGN)


def test_the_signed_name_is_that_which_phones_ask_for(tmp_path):
    out = tmp_path / "out"
    name = "English_United_States/7960-tones.xml.sgn"
    rig.ringfence("file", "sign", CLEAR, "--key", pem("tftp"), "--out", out, "--name", name)
    assert Container(out.read_bytes()).name == name
    rig.ringfence("file", "sign", CLEAR, "--key", pem("tftp"), "--out", out)
    assert Container(out.read_bytes()).name == "out"


def test_sign_from_standard_input_to_standard_output(tmp_path):
    words = ["file", "sign", "-", "--key", pem("tftp"), "--out", "-", "--name", SGN]
    done = rig.subprocess.run([rig.program("ringfence"), *words], input=CLEAR.read_bytes(),
                              capture_output=True, check=True)
    judge = Container(done.stdout)
    assert judge.body == CLEAR.read_bytes() and judge.openssl_verifies(pem("tftp"), tmp_path)
    done = rig.ringfence("file", "sign", "-", "--key", pem("tftp"), "--out", "-", status=2)
    assert "--name NAME" in done.stderr and done.stdout == ""


def test_a_refused_signature_leaves_what_was_there(tmp_path):
    out = tmp_path / SGN
    out.write_text("before")
    only_cert = tmp_path / "cert.pem"
    only_cert.write_bytes(container.openssl("x509", "-in", pem("tftp")))
    only_key = tmp_path / "key.pem"
    only_key.write_bytes(container.openssl("pkey", "-in", pem("tftp")))
    mixed = tmp_path / "mixed.pem"
    mixed.write_bytes(only_key.read_bytes() + container.openssl("x509", "-in", pem("ccm")))
    good = tmp_path / "good.pem"
    good.write_bytes(only_key.read_bytes() + only_cert.read_bytes())
    words = ["file", "sign", CLEAR, "--out", out, "--key"]
    refused(*words, pem("web-ec"), code="key-type")
    refused(*words, mixed, code="key-cert-mismatch")
    refused(*words, tmp_path / "none.pem", code="file-not-found")
    for pieces in (only_cert, only_key, CLEAR):
        assert refused_any(*words, pieces)["code"] in ("pem-no-key", "pem-no-cert")
    refused("file", "sign", tmp_path / "none", "--out", out, "--key", good, code="file-not-found")
    assert out.read_text() == "before"
    rig.ringfence("file", "sign", CLEAR, "--key", good, "--out", tmp_path / "no/such/folder",
                  status=1)
    rig.ringfence(*words, good)
    assert out.read_bytes() != b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        [SGN, "cert.pem", "key.pem", "mixed.pem", "good.pem"])  # and nothing half written


@pytest.mark.parametrize("words,missing", [
    ([CLEAR, "--out", "x"], "--key PEM is missing"),
    ([CLEAR, "--key", pem("tftp")], "--out FILE is missing"),
    (["--key", pem("tftp"), "--out", "x"], "FILE is missing"),
    ([CLEAR, "two", "--key", pem("tftp"), "--out", "x"], '"two" is one argument too many'),
    ([CLEAR, "--key", pem("tftp"), "--out", "x", "--digest", "md5"], "sha1 or sha512, not md5"),
    ([CLEAR, "--key", pem("tftp"), "--out", "x", "--digest", "sha256"], "not sha256"),
    ([CLEAR, "--key", pem("tftp"), "--out", "x", "--out", "y"], "--out is given twice"),
    ([CLEAR, "--key", pem("tftp"), "--out", "folder/"], "--name NAME"),
    ([CLEAR, "--key", pem("tftp"), "--out"], "--out wants a value"),
])
def test_wrong_usage_of_sign_names_what_is_wrong(words, missing, tmp_path):
    done = rig.subprocess.run([rig.program("ringfence"), "file", "sign", *map(str, words)],
                              capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert missing in done.stderr and "Try: ringfence file sign --help" in done.stderr
    assert not list(tmp_path.iterdir())


# ---- lists ----

@pytest.mark.parametrize("name,roles", [
    ("ITLFile.tlv", ["SAST", "CCM", "TFTP", "CAPF", "TVS"]),
    ("itl-1.1-ec.tlv", ["SAST", "CCM", "TFTP", "CAPF", "TVS", "TFTP"]),
    ("itl-next-by-sast2.tlv", None),
])
def test_list_show_names_records_and_roles(name, roles):
    shown = rig.ringfence("list", "show", MADE / name, "--json")
    assert shown["kind"] == "trust list" and shown["verified"].startswith("no")
    if roles:
        assert sorted(r["role"] for r in shown["records"]) == sorted(roles)
    for record in shown["records"]:
        assert len(record["fingerprint"]) == 64 and record["subject"].startswith("CN=")
    ec = [r for r in shown["records"] if r["key"].startswith("EC")]
    assert bool(ec) == (name == "itl-1.1-ec.tlv")
    assert shown["signer_version"] == ("1.1" if ec else "1.0")
    refused("list", "show", MADE / SIGNED[0], code="not-a-trust-list")


@pytest.mark.parametrize("name", LISTS)
def test_list_verify_does_not_judge_trust_alone(name):
    said = accepted("list", "verify", MADE / name)
    assert said["trust"].startswith("not judged")
    assert said["fingerprint"] == container.sha256((MADE / name).read_bytes())
    assert "not judged" in rig.ringfence("list", "verify", MADE / name).stdout


def test_sec_20_a_list_of_an_unknown_signer_is_refused_by_who_holds_another():
    held = ["--installed", MADE / ITL]
    refused("list", "verify", MADE / "itl-next-by-sast2.tlv", *held, code="list-signer-unknown")
    assert accepted("list", "verify", MADE / "itl-1.1-ec.tlv", *held)["trust"] == \
        "signed by a SAST of the installed list"
    assert accepted("list", "verify", MADE / ITL, *held)["trust"] == "the same list"
    # and it is taken by one that knows its signer
    held[1] = MADE / "itl-next-by-sast2.tlv"
    assert accepted("list", "verify", MADE / "itl-next-by-sast2.tlv", *held)["trust"] == \
        "the same list"


@pytest.mark.parametrize("name", LISTS)
def test_sec_31a_one_bit_of_a_list_is_refused(name, put):
    data = (MADE / name).read_bytes()
    header = Container(data).header_len
    for at in (0, 4, 30, header - 5, header, header + 4, (header + len(data)) // 2, len(data) - 1):
        refused_any("list", "verify", put(ITL, changed(data, at)))
        refused_any("list", "verify", put(ITL, changed(data, at)), "--installed", MADE / ITL)
    refused_any("list", "verify", put(ITL, data[:-1]))
    accepted("list", "verify", put(ITL, data))


@pytest.mark.parametrize("signer,code", [("ccm", "list-signer-not-own"),
                                         ("tftp", "list-signer-not-own"),
                                         ("sast2", "list-signer-not-own"), ("sast", None)])
def test_sec_31b_only_a_sast_of_its_own_signs_a_list(signer, code, put):
    body = Container((MADE / ITL).read_bytes()).body
    path = put(ITL, container.build(body, pem(signer), ITL, version=b"\1\2",
                                    signer_version=b"\1\0"))
    if code:
        refused("list", "verify", path, code=code)
    else:
        accepted("list", "verify", path)


def test_sec_31c_versions_of_a_list(put):
    body = Container((MADE / ITL).read_bytes()).body
    def made(version):
        return put(ITL, container.build(body, pem("sast"), ITL, version=version,
                                        signer_version=b"\1\0"))
    assert "warnings" not in accepted("list", "verify", made(b"\1\2"))
    newer = accepted("list", "verify", made(b"\1\3"))
    assert newer["warnings"] == ["header version 1.3 is not known"]
    assert accepted("list", "verify", made(b"\1\3"), "--installed", MADE / ITL)["warnings"]
    refused("list", "verify", made(b"\3\2"), code="version-major")


def test_a_list_from_tomorrow_is_refused(put):
    body = Container((MADE / ITL).read_bytes()).body
    words = {"version": b"\1\2", "signer_version": b"\1\0"}
    path = put(ITL, container.build(body, pem("sast"), ITL, when=2**32 - 1, **words))
    refused("list", "verify", path, code="time-future")
    refused("list", "verify", path, "--installed", MADE / ITL, code="time-future")
    path = put(ITL, container.build(body, pem("sast"), ITL, **words))
    said = accepted("list", "verify", path, "--installed", MADE / ITL)
    assert said["older_than_installed"] is False
    said = accepted("list", "verify", MADE / ITL, "--installed", path)
    assert said["older_than_installed"] is True


def test_a_list_of_another_name_is_refused(put):
    body = Container((MADE / ITL).read_bytes()).body
    words = {"version": b"\1\2", "signer_version": b"\1\0"}
    refused("list", "verify", put("x", container.build(body, pem("sast"), "x.tlv", **words)),
            code="file-name")
    accepted("list", "verify", put("x", container.build(body, pem("sast"), "CTLFile.tlv",
                                                        **words)))


# ---- images ----

@pytest.fixture
def firmware(factory):
    return factory.firmware("1.0")


def test_image_show_says_what_a_firmware_is(firmware):
    shown = rig.ringfence("image", "show", firmware / "ringphone-1.0.loads", "--json")
    assert shown["kind"] == "image" and shown["header_version"] == "1.1"
    assert [c["name"] for c in shown["components"]] == ["rfapp.1.0.sbn", "rfsnd.1.0.sbn"]
    assert shown["signed_s"] is None and shown["verified"].startswith("no")
    shown = rig.ringfence("image", "show", firmware / "rfapp.1.0.sbn", "--json")
    assert (shown["version"], shown["hardware"]) == ("1.0", rig.Factory.HARDWARE)
    assert shown["display_idle"] == "Ready"
    for name in FIXTURES:
        refused("image", "show", MADE / name, code="file-kind")


def test_sec_04_an_image_is_believed_by_its_makers_key_only(factory, firmware, tmp_path):
    other = rig.Factory(tmp_path / "other", like=None)
    for path in sorted(firmware.iterdir()):
        key = factory.folder / "image-keys.pem"
        said = accepted("image", "verify", path, "--cert", key, "--name", path.name)
        assert said["name"] == path.name and said["digest"] == "sha512"
        assert Container(path.read_bytes()).openssl_verifies(key, tmp_path)
        with open(path, "rb") as file:
            done = rig.subprocess.run([rig.program("ringfence"), "image", "verify", "-", "--cert",
                                       key, "--json"], stdin=file, capture_output=True, check=True)
        assert json.loads(done.stdout) == {**said, "file": "-", "name_compared": False}
        # Nobody's key, another maker's, the key of the MICs, another name.
        refused("image", "verify", path, code="signer-unknown")
        refused("image", "verify", path, "--cert", other.folder / "image-keys.pem",
                code="signer-unknown")
        refused("image", "verify", path, "--cert", factory.roots, code="signer-unknown")
        refused("image", "verify", path, "--cert", key, "--name", "x" + path.name,
                code="file-name")


def test_sec_02_sec_03_one_bit_of_an_image_is_refused(factory, firmware, put):
    key = factory.folder / "image-keys.pem"
    for path in sorted(firmware.iterdir()):
        data = path.read_bytes()
        judge = Container(data)
        for at in (0, judge.at[container.LENGTH] + 4, judge.at[container.SIGNATURE] + 1,
                   judge.at[container.SIGNATURE] + 100, judge.at[container.NAME] + 4,
                   judge.header_len, (judge.header_len + len(data)) // 2, len(data) - 1):
            refused_any("image", "verify", put("bad", changed(data, at)), "--cert", key)
        for at in (judge.header_len, len(data) - 1):
            refused("image", "verify", put("bad", changed(data, at)), "--cert", key,
                    code="sig-mismatch")
        refused_any("image", "verify", put("bad", data[:-1]), "--cert", key)
        accepted("image", "verify", put("good", data), "--cert", key)


def test_a_file_is_no_image_and_an_image_is_no_file(factory, firmware):
    for name in FIXTURES:
        refused("image", "verify", MADE / name, "--cert", pem(FIXTURES[name][4]), code="file-kind")
    refused("file", "verify", firmware / "rfapp.1.0.sbn", "--cert",
            factory.folder / "image-keys.pem", code="file-kind")
