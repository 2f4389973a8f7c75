# SPDX-License-Identifier: Apache-2.0
"""What `ringfence` signs, encrypts and lists, judged by tests/e2e/openssl-judge: a shell script with od
and the openssl command, which shares nothing with our code. The fixtures of another implementation are
judged first, so that a mistake of the script would show."""
import shutil
import subprocess
from pathlib import Path

import pytest

import container
import rig
from container import Container
from files import CLEAR, ENC, ITL, MADE, SGN, changed, pem, put  # noqa: F401

JUDGE = Path(__file__).with_name("openssl-judge")


def judge(*words):
    return subprocess.run([JUDGE, *map(str, words)], capture_output=True, text=True, check=False)


def yes(*words):
    done = judge(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def no(*words):
    done = judge(*words)
    assert done.returncode == 1 and done.stderr, done.stdout + done.stderr


THEIRS = [("sha1.cnf.xml.sgn", "tftp"), ("sha512.cnf.xml.sgn", "tftp"),
          ("encrypted-stub.cnf.xml.sgn", "tftp"), ("encrypted.cnf.xml.enc.sgn", "tftp"),
          ("ITLFile.tlv", "sast"), ("itl-1.1-ec.tlv", "sast"), ("itl-next-by-sast2.tlv", "sast2")]


@pytest.mark.parametrize("name,signer", THEIRS)
def test_sec_10_the_fixtures_are_right(name, signer, put):
    assert "Verified OK" in yes("verify", MADE / name, pem(signer))
    no("verify", MADE / name, pem("ccm"))
    data = (MADE / name).read_bytes()
    no("verify", put("bad", changed(data, -1)), pem(signer))
    no("verify", put("bad", changed(data, Container(data).at[container.SIGNATURE] + 9)), pem(signer))


def test_sec_68_the_encrypted_fixture_opens_to_the_byte(tmp_path):
    yes("decrypt", MADE / "encrypted.cnf.xml.enc.sgn", pem("phone"), tmp_path / "plain")
    assert (tmp_path / "plain").read_bytes() == CLEAR.read_bytes()
    no("decrypt", MADE / "encrypted.cnf.xml.enc.sgn", pem("ccm"), tmp_path / "plain")


@pytest.mark.parametrize("digest,bits", [("sha1", 1024), ("sha1", 2048), ("sha512", 2048),
                                         ("sha512", 4096)])
def test_sec_10_what_we_sign(digest, bits, tmp_path):
    key = tmp_path / "key.pem"
    key.write_bytes(container.openssl("genrsa", bits))
    key.write_bytes(key.read_bytes() + container.openssl(
        "req", "-x509", "-new", "-key", key, "-subj", "/CN=tftp server/OU=Ex/O=Ex", "-days", "9"))
    words = ["--key", key, "--digest", digest, "--out"]
    rig.ringfence("file", "sign", CLEAR, *words, tmp_path / SGN)
    rig.ringfence("image", "sign", CLEAR, *words, tmp_path / "a.sbn")
    rig.ringfence("file", "encrypt", CLEAR, "--name", SGN[:15], "--for", pem("phone"), *words,
                  tmp_path / "out")
    rig.ringfence("list", "build", "--sast", key, "--tftp", pem("tftp"), "--digest", digest, "--out",
                  tmp_path / ITL)
    for path in (tmp_path / SGN, tmp_path / "a.sbn", tmp_path / "out" / SGN, tmp_path / "out" / ENC,
                 tmp_path / ITL):
        assert "Verified OK" in yes("verify", path, key), path
    yes("decrypt", tmp_path / "out" / ENC, pem("phone"), tmp_path / "plain")
    assert (tmp_path / "plain").read_bytes() == CLEAR.read_bytes()


@pytest.mark.parametrize("over", [0, 1, 15])  # bytes above a multiple of the block
def test_sec_68_every_length_of_a_configuration_is_padded_as_it_should_be(over, tmp_path):
    source, out = tmp_path / "SEP001122334455.cnf.xml", tmp_path / "out"
    clear = CLEAR.read_bytes()
    source.write_bytes(clear + b"\n" * ((over - len(clear)) % 16))
    rig.ringfence("file", "encrypt", source, "--key", pem("tftp"), "--for", pem("phone"), "--out", out)
    yes("decrypt", out / ENC, pem("phone"), tmp_path / "plain")
    assert (tmp_path / "plain").read_bytes() == source.read_bytes()
    data = (out / ENC).read_bytes()
    assert (len(data) - Container(data).header_len) == len(source.read_bytes()) // 16 * 16 + 16


def test_a_list_says_of_each_certificate_what_openssl_says(tmp_path):
    out = tmp_path / ITL
    rig.ringfence("list", "build", "--sast", pem("sast"), "--sast", pem("sast2"), "--ccm-tftp",
                  pem("ccm"), "--tftp", pem("tftp"), "--tftp", pem("web-ec"), "--capf", pem("capf"),
                  "--tvs", pem("tvs"), "--app-server", pem("phone"), "--signer-version", "1.1",
                  "--out", out)
    found = tmp_path / "found"
    for path, names in ((out, ["0-0", "1-0", "2-2", "3-3", "4-3", "5-4", "6-21", "7-7"]),
                        (MADE / ITL, ["0-0", "1-1", "2-3", "3-4", "4-21"])):
        found.mkdir()
        assert yes("certificates", path, found) == f"{len(names)} records\n"
        assert sorted(p.stem for p in found.iterdir()) == sorted(names)
        yes("verify", path, found / "0-0.pem")  # by the first SAST of its own
        shutil.rmtree(found)


def test_the_lists_of_a_site_are_right(made_site, tmp_path):
    for path in sorted(made_site.rglob("?TLFile.tlv")):
        (found := tmp_path / path.stem).mkdir()
        yes("certificates", path, found)
        yes("verify", path, made_site / "certs/sast1.pem")
        assert len(list(found.glob("*-0.pem"))) == 2  # SASTs


def test_firmware_of_a_factory_is_right(factory):
    for path in sorted(factory.firmware("1.0").iterdir()):
        yes("verify", path, factory.folder / "image-keys.pem")
