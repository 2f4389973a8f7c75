# SPDX-License-Identifier: Apache-2.0
"""What a phone that has enrolled does with files, lists and servers that are not its site's: the real
phone against the real server, and against a TFTP server that lies for it."""
import hashlib
import os
import re
import shutil

import pytest

import attacks_files
import container
import rig
import tftpd
from attacks_files import config_of, split
from lab import A, B, C, CONFIG_PARTS, TRUST_PARTS, snapshot
from proxy import flip_bit

RINGS, RING = "Ringlist.xml", "bell.raw"
RING_LIST = (f"<CiscoIPPhoneRingList><Ring><DisplayName>Bell</DisplayName>"
             f"<FileName>{RING}</FileName></Ring></CiscoIPPhoneRingList>\n").encode()
SAMPLES = bytes(range(256)) * 4


@pytest.fixture
def sign(lab, tmp_path):
    """A file as the site would sign it, or whoever has the key."""
    def make(name, body, key=None):
        source, out = tmp_path / "plain", tmp_path / "signed"
        source.write_bytes(body)
        rig.ringfence("file", "sign", source, "--key", key or lab.signing_key("tftp"), "--out", out,
                      "--name", f"{name}.sgn", "--digest", "sha512")
        return out.read_bytes()
    return make


def boot(lab, flash, files):
    """One boot to registration; returns what the phone told and what it asked for."""
    with lab.overlay(files) as liar, lab.run(flash, tftp=("127.0.0.1", liar.port)) as phone:
        phone.wait("registered")
    return phone, liar.asked


# ---- files beside the configuration ----

def test_sec_17_a_ring_list_with_one_bit_changed(lab, sign):
    """Refused at each place, the old one stays; as it was signed it is taken."""
    flash = lab.copy(A)
    first = {f"{RINGS}.sgn": sign(RINGS, RING_LIST), f"{RING}.sgn": sign(RING, SAMPLES)}
    phone, asked = boot(lab, flash, first)
    assert {e["file"] for e in phone.seen("file", action="stored")} == set(first)
    assert RINGS not in asked  # nor any other unsigned name
    assert {p.name: p.read_bytes() for p in (flash / "files").iterdir()} == \
        {RINGS: first[f"{RINGS}.sgn"], RING: first[f"{RING}.sgn"]}
    before = snapshot(flash, "files", *CONFIG_PARTS, *TRUST_PARTS)
    newer = sign(RINGS, RING_LIST.replace(b"Bell", b"Gong"))
    for at in (len(split(newer)[0]), -1, 300):  # first and last byte of the list, and the header
        phone, _ = boot(lab, flash, {**first, f"{RINGS}.sgn": flip_bit(newer, at)})
        refused = phone.seen("file-refused")
        assert [(e["file"], e["code"]) for e in refused] == [(f"{RINGS}.sgn", "sig-mismatch")]
        assert f"File auth error: {RINGS}.sgn" in phone.status_texts()
        assert snapshot(flash, "files", *CONFIG_PARTS, *TRUST_PARTS) == before
    phone, _ = boot(lab, flash, {**first, f"{RINGS}.sgn": newer})
    assert not phone.seen("file-refused") and (flash / "files" / RINGS).read_bytes() == newer
    page = phone.security()
    assert [(f["file"], f["verified"]) for f in page["files"]] == [(RINGS, True), (RING, True)]
    assert page["files"][1]["sha256"] == hashlib.sha256(SAMPLES).hexdigest()


ELEMENTS = (b"<userLocale><name>German_Germany</name></userLocale>"
            b"<networkLocale>New_Zealand</networkLocale><featurePolicyFile>FP1.xml</featurePolicyFile>"
            b"<sipProfile><dialTemplate>DR1.xml</dialTemplate><softKeyFile>SK1.xml</softKeyFile>"
            b"</sipProfile></device>")
NAMED = {"New_Zealand/g3-tones.xml": b"<tones/>", "DR1.xml": b"<DIALTEMPLATE/>",
         "SK1.xml": b"<softKeyCfg/>", "FP1.xml": b"<featurePolicy/>"}


def test_sec_17_locale_dial_rules_and_soft_keys_with_one_bit_changed(lab, sign):
    """Every other file that a configuration names: one bit of each, one boot for all of them."""
    flash = lab.copy(A)
    body = re.sub(rb"\s*<userLocale>.*?</userLocale>", b"", split(config_of(lab, A))[1], flags=re.S)
    config = sign(f"{A}.cnf.xml", body.replace(b"</device>", ELEMENTS))
    phone, asked = boot(lab, flash, {f"{A}.cnf.xml.sgn": config})
    locale = next(name for name in asked if name.startswith("German_Germany/"))[:-4]
    tones = next(name for name in asked if name.startswith("New_Zealand/"))[:-4]
    files = {**NAMED, locale: b"PK a jar", tones: b"<tones/>"}
    first = {f"{name}.sgn": sign(name, text) for name, text in files.items()}
    served = {f"{A}.cnf.xml.sgn": config, **first}
    phone, _ = boot(lab, flash, served)
    files = {e["file"] for e in phone.seen("file", action="stored")}
    assert files == set(first) & set(asked) and len(files) == 5
    assert not phone.seen("file-refused") and "Error update locale" not in phone.status_texts()
    before = snapshot(flash, "files", *CONFIG_PARTS, *TRUST_PARTS)
    for at in (-1, 300):
        phone, _ = boot(lab, flash, {**served, **{name: flip_bit(first[name], at) for name in files}})
        assert {(e["file"], e["code"]) for e in phone.seen("file-refused")} == {
            (name, "sig-mismatch") for name in files}
        assert {f"File auth error: {name}" for name in files} <= set(phone.status_texts())
        assert phone.status_texts().count("Error update locale") == 2  # user's and network's
        assert snapshot(flash, "files", *CONFIG_PARTS, *TRUST_PARTS) == before
    phone, _ = boot(lab, flash, served)
    assert not phone.seen("file-refused")


@pytest.mark.parametrize("name,key,code", [
    (RINGS, "ccm", "signer-role"), (RINGS, "capf", "signer-role"), (RINGS, "stranger", "signer-unknown"),
    ("Rings.xml", "tftp", "file-name")], ids=["ccm", "capf", "stranger", "name"])
def test_sec_12_sec_13_a_ring_list_by_another_or_of_another_name(lab, sign, name, key, code):
    pem = lab.stranger / "keys/tftp.pem" if key == "stranger" else lab.signing_key(key)
    flash = lab.copy(A)
    phone, _ = boot(lab, flash, {f"{RINGS}.sgn": sign(name, RING_LIST, pem)})
    assert phone.wait("file-refused")["code"] == code
    assert not (flash / "files").exists() or not list((flash / "files").iterdir())


def test_sec_14_an_unsigned_ring_list_beside_no_signed_one(lab):
    flash = lab.copy(A)
    _, asked = boot(lab, flash, {f"{RINGS}.sgn": None, RINGS: RING_LIST})
    assert RINGS not in asked and f"{RINGS}.sgn" in asked
    assert not (flash / "files").exists()


# ---- encrypted configurations ----

@pytest.fixture
def encrypt(lab, tmp_path):
    """Stub and encrypted file as `ringfence file encrypt` makes them for a phone's LSC."""
    def make(pem, name=A):
        source, out = tmp_path / f"{name}.cnf.xml", tmp_path / "encrypted"
        shutil.rmtree(out, ignore_errors=True)
        source.write_bytes(split(config_of(lab, A))[1])
        rig.ringfence("file", "encrypt", source, "--key", lab.signing_key("tftp"), "--for",
                      pem, "--out", out, "--name", name)
        return {path.name: path.read_bytes() for path in out.iterdir()}
    return make


def test_sec_68_an_encrypted_configuration_is_used_and_kept_encrypted(lab, encrypt):
    flash = lab.copy(A)
    files = encrypt(flash / "lsc.pem")
    enc = f"{A}.cnf.xml.enc.sgn"
    phone, asked = boot(lab, flash, files)
    assert asked.index(f"{A}.cnf.xml.sgn") < asked.index(enc)
    assert phone.wait("config", file=enc)["encrypted"] is True
    stored = (flash / "config.cnf.xml.sgn").read_bytes()
    assert stored == files[enc] and b"processNodeName" not in stored
    phone, asked = boot(lab, flash, files)  # from then on the encrypted name is the first
    assert enc in asked and f"{A}.cnf.xml.sgn" not in asked
    phone, asked = boot(lab, flash, {enc: None})  # switched off at the server
    assert asked.index(enc) < asked.index(f"{A}.cnf.xml.sgn")
    assert phone.wait("config", file=f"{A}.cnf.xml.sgn")["encrypted"] is False


def test_sec_69_another_phones_encrypted_file(lab, encrypt, tmp_path):
    """B's file under A's name, and a file for another key made out to A: neither is opened."""
    flash = lab.copy(A)
    files = encrypt(flash / "lsc.pem")
    boot(lab, flash, files)
    before = snapshot(flash, *CONFIG_PARTS)
    enc = f"{A}.cnf.xml.enc.sgn"
    theirs = encrypt(lab.masters[B] / "lsc.pem", B)[f"{B}.cnf.xml.enc.sgn"]
    phone, _ = boot(lab, flash, {**files, enc: theirs})
    assert phone.wait("config-refused")["code"] == "file-name"
    other = tmp_path / "other.pem"  # a certificate for A's name with a key that A does not have
    rig.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={A}", "-keyout",
            tmp_path / "other.key", "-out", other)
    phone, _ = boot(lab, flash, {**files, enc: encrypt(other)[enc]})
    assert {e["code"] for e in phone.seen("config-refused")} == {"decrypt"}
    assert "TFTP error - decryption failed" in phone.status_texts()
    assert len(phone.seen("enrol")) <= 3  # CAPF hears of it, and not without end
    assert snapshot(flash, *CONFIG_PARTS) == before


def test_sec_70_a_changed_encrypted_file_fails_by_its_signature(lab, encrypt):
    flash = lab.copy(A)
    files = encrypt(flash / "lsc.pem")
    boot(lab, flash, files)
    enc = f"{A}.cnf.xml.enc.sgn"
    header = len(split(files[enc])[0])
    for at in (header, -1, header - 260):  # ciphertext, and the wrapped key before it
        phone, _ = boot(lab, flash, {**files, enc: flip_bit(files[enc], at)})
        assert [e["code"] for e in phone.seen("config-refused")] == ["sig-mismatch"]
        assert not phone.seen("enrol")


def test_sec_74_what_cannot_be_decrypted_looks_alike(lab, encrypt, tmp_path):
    """Signed as it should be, with a wrapped key that is none, or with content that does not fit: one
    code, one sentence, one message, one alarm."""
    flash = lab.copy(A)
    name = f"{A}.cnf.xml.enc.sgn"
    good = encrypt(flash / "lsc.pem")
    data = good[name]
    at = container.Container(data).at[container.WRAPPED_KEY] + 3
    public = tmp_path / "public.pem"
    public.write_bytes(container.openssl("x509", "-in", flash / "lsc.pem", "-noout", "-pubkey"))

    def wrapped(key):
        return container.openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public, data=key)

    faults = {"zeros": bytes(256), "ones": b"\xff" * 256, "another key": wrapped(bytes(16)),
              "15 bytes": wrapped(bytes(15)), "32 bytes": wrapped(bytes(32)), "none": wrapped(b"")}
    faults.update({f"random {i}": bytes([0]) + os.urandom(255) for i in range(3)})
    changed = {what: data[:at] + block + data[at + 256:] for what, block in faults.items()}
    changed["content"] = flip_bit(data, -1)
    boot(lab, flash, good)
    before, said = snapshot(flash, *CONFIG_PARTS), {}
    for what, one in changed.items():
        one = attacks_files.signed_again(lab, one, lab.signing_key("tftp"))
        since = lab.mark()
        phone, _ = boot(lab, flash, {**good, name: one})
        refused = phone.seen("config-refused")
        assert {e["code"] for e in refused} == {"decrypt"}, what
        assert snapshot(flash, *CONFIG_PARTS) == before
        said[what] = ([(e["code"], e["why"]) for e in refused], phone.status_texts(),
                      len(phone.seen("enrol")), lab.event(since, "alarm", A)["text"])
    assert all(one == said["zeros"] for one in said.values()), said
    again = attacks_files.signed_again(lab, data, lab.signing_key("tftp"))
    phone, _ = boot(lab, flash, {**good, name: again})  # the twin
    assert phone.wait("config", file=name)["encrypted"] is True


# ---- lists, and whose server it is ----

def test_sec_30_another_sites_server_is_not_believed(lab, tmp_path):
    """A whole site of somebody else, with lists, a configuration for this very phone and firmware: the
    phone stays what it is and registers at home."""
    elsewhere = rig.Site(tmp_path / "elsewhere", name="elsewhere")
    with elsewhere.start():
        elsewhere.device_add(A, ["6666"], load="ringphone-2.0")
        flash = lab.copy(A)
        before = snapshot(flash, *CONFIG_PARTS, *TRUST_PARTS, "slot.a", "slot.b", "boot.json")
        since = lab.mark()
        with lab.run(flash, tftp=("127.0.0.1", elsewhere.ports["tftp"])) as phone:
            refused = [phone.wait("list-refused", list=kind)["code"] for kind in ("CTL", "ITL")]
            assert refused == ["list-signer-unknown"] * 2
            assert phone.wait("config-refused")["code"] == "signer-unknown"
            registered = phone.wait("registered")
        assert registered["server"].endswith(f":{lab.site.ports['sccp_tls']}")
        assert snapshot(flash, *CONFIG_PARTS, *TRUST_PARTS, "slot.a", "slot.b",
                        "boot.json") == before
        assert "list_rejected" in lab.event(since, "alarm", A)["text"]
        assert not [e for e in elsewhere.events() if e["code"] == "registered"]


@pytest.fixture
def empty_itl(lab, tmp_path):
    """An ITL that names its signer and nobody else, signed by the site."""
    out = tmp_path / "ITLFile.tlv"
    rig.ringfence("list", "build", "--sast", lab.site.folder / "certs/sast1.pem", "--key",
                  lab.signing_key("sast1"), "--out", out)
    return out.read_bytes()


def test_sec_27_an_empty_itl_without_a_ctl_makes_way_for_any(lab, empty_itl, tmp_path):
    """A phone without a CTL takes it, then unsigned files, then the lists of another site."""
    elsewhere = rig.Site(tmp_path / "elsewhere", name="elsewhere")
    flash = lab.copy(C)
    itl, unsigned = f"ITL{C}.tlv", f"{C}.cnf.xml"
    held = (lab.site.folder / "lists/ITLFile.tlv").read_bytes()

    def without_ctl(files):
        with lab.overlay({f"CTL{C}.tlv": None, "CTLFile.tlv": None, **files}) as liar, \
                lab.run(flash, tftp=("127.0.0.1", liar.port)) as phone:
            phone.wait("config")
        return phone, liar.asked

    phone, asked = without_ctl({itl: held})
    assert phone.wait("list", list="ITL")["action"] == "first-trust" and unsigned not in asked
    phone, asked = without_ctl({itl: empty_itl, unsigned: split(config_of(lab, C))[1]})
    assert phone.wait("list", list="ITL")["action"] == "update"
    assert phone.wait("config", file=unsigned)["verified"] is False
    with elsewhere.start():
        elsewhere.device_add(C, ["6666"])
        with lab.run(flash, tftp=("127.0.0.1", elsewhere.ports["tftp"])) as phone:
            assert phone.wait("list", list="CTL")["action"] == "first-trust"
            phone.wait("list", list="ITL")
            assert phone.wait("config")["verified"] is True
    for kind in ("CTL", "ITL"):
        assert (flash / f"{kind}File.tlv").read_bytes() == \
            (elsewhere.folder / f"lists/{kind}File.tlv").read_bytes()


def test_sec_27_with_a_ctl_the_empty_itl_opens_nothing(lab, empty_itl):
    flash = lab.copy(A)
    itl, unsigned = f"ITL{A}.tlv", f"{A}.cnf.xml"
    plain = split(config_of(lab, A))[1]
    phone, asked = boot(lab, flash, {itl: empty_itl, unsigned: plain})
    assert phone.wait("list", list="ITL")["action"] == "update"
    assert phone.wait("config")["verified"] is True and unsigned not in asked
    for kind in ("CTL", "ITL"):
        before = snapshot(flash, *TRUST_PARTS)
        theirs = (lab.stranger / f"lists/{kind}File.tlv").read_bytes()
        phone, _ = boot(lab, flash, {itl: empty_itl, f"{kind}{A}.tlv": theirs})
        assert phone.wait("list-refused", list=kind)["code"] == "list-signer-unknown"
        assert snapshot(flash, *TRUST_PARTS) == before


@pytest.mark.parametrize("bits", [1024, 2048])
@pytest.mark.parametrize("digest", ["sha1", "sha512"])
def test_sec_10_digests_and_key_sizes(lab, tmp_path, bits, digest):
    """Lists that name a file signer of this size, and a configuration by it."""
    cert, key = tmp_path / "tftp.crt", tmp_path / "tftp.key"
    rig.run("openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-subj", "/CN=files",
            "-days", "100", "-keyout", key, "-out", cert)
    certs, files = lab.site.folder / "certs", {}
    for kind in ("CTL", "ITL"):
        rig.ringfence("list", "build", "--sast", certs / "sast1.pem", "--key",
                      lab.signing_key("sast1"), "--ccm", certs / "ccm.pem", "--tftp", cert, "--capf",
                      certs / "capf.pem", "--out", tmp_path / f"{kind}File.tlv")
        files[f"{kind}{A}.tlv"] = (tmp_path / f"{kind}File.tlv").read_bytes()
    name = f"{A}.cnf.xml.sgn"
    (tmp_path / "plain").write_bytes(split(config_of(lab, A))[1])
    rig.ringfence("file", "sign", tmp_path / "plain", "--key", key, "--key-cert", cert, "--digest",
                  digest, "--name", name, "--out", tmp_path / name)
    files[name] = (tmp_path / name).read_bytes()
    flash = lab.copy(A)
    with lab.overlay(files) as liar, \
            lab.run(flash, "--allow-sha1", tftp=("127.0.0.1", liar.port)) as phone:
        config = phone.wait("config")
        phone.wait("registered")
    assert config["verified"] is True and config["digest"] == digest
    assert (flash / "config.cnf.xml.sgn").read_bytes() == files[name]


@pytest.fixture
def sast(tmp_path):
    """Another certificate that may sign lists, with its key, in one file."""
    def make(name):
        key, cert, pem = (tmp_path / f"{name}.{kind}" for kind in ("key", "cert", "pem"))
        rig.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", cert)
        pem.write_bytes(key.read_bytes() + cert.read_bytes())
        pem.chmod(0o600)
        return pem
    return make


def test_sec_31_a_lost_signing_key_is_replaced_by_the_second_sast(lab, sast, tmp_path):
    """Two resets: a list that the second SAST signs and that has a new one, then the new one signs."""
    keys = lab.site.folder / "keys"
    first, second, third = keys / "sast1.pem", sast("second"), sast("third")

    def lists(*sasts):
        made = {}
        for kind in ("CTL", "ITL"):
            out = tmp_path / f"{kind}File.tlv"
            words = [word for pem in sasts for word in ("--sast", pem)]
            rig.ringfence("list", "build", *words, "--ccm", keys / "ccm.pem", "--tftp",
                          keys / "tftp.pem", "--capf", keys / "capf.pem", "--out", out)
            made[f"{kind}{A}.tlv"] = out.read_bytes()
        return made

    def refuses(served):
        before = snapshot(flash, *TRUST_PARTS)
        phone, _ = boot(lab, flash, served)
        assert [e["code"] for e in phone.seen("list-refused")] == ["list-signer-unknown"] * 2
        assert snapshot(flash, *TRUST_PARTS) == before

    def takes(served):
        phone, _ = boot(lab, flash, served)
        assert [e["action"] for e in phone.seen("list")] == ["update", "update"]
        assert (flash / "CTLFile.tlv").read_bytes() == served[f"CTL{A}.tlv"]

    flash = lab.copy(A)
    takes(lists(first, second))
    refuses(lists(third, second))  # a new key alone gets nowhere
    takes(lists(second, third))
    takes(lists(third, second))
    refuses(lists(first, second))  # nor does the lost one, whoever found it


def test_sec_28_a_phone_is_moved_to_another_site_by_hand_only(lab, tmp_path):
    """Locked: the command refuses, and the phone refuses the new site. Unlocked: it takes its lists."""
    elsewhere = rig.Site(tmp_path / "elsewhere", name="elsewhere")
    with elsewhere.start():
        flash = lab.copy(A)
        ringphone = rig.program("ringphone")
        tftp = f"127.0.0.1:{elsewhere.ports['tftp']}"
        move = [ringphone, "set", "--flash", flash, "--tftp", tftp]
        before = snapshot(flash, ".")
        assert "locked" in rig.run(*move, status=1).stderr
        assert "locked" in rig.run(ringphone, "erase", "--flash", flash, status=1).stderr
        assert snapshot(flash, ".") == before
        rig.run(ringphone, "unlock", "--flash", flash)
        rig.run(*move)
        with lab.run(flash) as phone:  # the server it is told does not count any more
            assert phone.wait("list", list="CTL")["action"] == "first-trust"
            assert {"Settings unlocked", "Settings changed",
                    "Erasing CTL and ITL files"} <= set(phone.messages())
        assert tftpd.get(("127.0.0.1", elsewhere.ports["tftp"]), f"CTL{A}.tlv") == \
            (flash / "CTLFile.tlv").read_bytes()
