# SPDX-License-Identifier: Apache-2.0
"""`ringfence image show` on images of the shape of every family: order of tags, placeholder names and
suffixes as docs/wire/signed-files.md and docs/wire/loads.md have them, the payloads and signatures at
random. Nothing here was made by a manufacturer."""
import hashlib
import os
import struct

import pytest

import container
import rig
from container import tlv
from files import pem, put, refused  # noqa: F401

UNKNOWN = "well-formed, not verified: signer unknown"
SIGNER = "CN=someSigner;OU=someOrgUnit;O=someOrg"
ISSUER = "CN=someCA;OU=someOrgUnit;O=someOrg"


def shape(name, payload, digest=1, modulus=2, more=b"", signer=SIGNER, issuer=ISSUER,
          serial="1234567890abcdef", version=b"\1\1"):
    """An image container in the order of real ones: 1 2 3{4 5 6} 7{8 9{10 11}} 12 14 13*."""
    size = 64 << modulus if modulus < 3 else 512
    who = tlv(4, signer.encode() + b"\0") + tlv(5, bytes.fromhex(serial)) + \
        tlv(6, issuer.encode() + b"\0")
    how = tlv(8, bytes([digest])) + tlv(9, tlv(10, b"\0") + tlv(11, bytes([modulus])))
    rest = tlv(3, who) + tlv(7, how) + more + tlv(12, os.urandom(size)) + \
        tlv(14, name.encode() + b"\0")
    length = 10 + len(rest)
    padding = -length % 4
    return tlv(1, version) + tlv(2, struct.pack(">H", length + padding)) + rest + \
        b"\x0d" * padding + payload


def shown(path):
    said = rig.ringfence("image", "show", path, "--json")
    assert UNKNOWN in said["verified"] and said["verified"].startswith("no")
    assert UNKNOWN in rig.ringfence("image", "show", path).stdout
    answer = refused("image", "verify", path, code="signer-unknown")
    assert answer["reason"].startswith(UNKNOWN)
    refused("image", "verify", path, "--cert", pem("tftp"), code="signer-unknown")
    return said


IMAGES = [  # a name of each family, and what is in front of the payload
    "jar41sccp.9-4-2ES26.sbn", "cnu42.9-4-2ES26.sbn", "dsp75.9-4-2ES26.sbn",  # 79x1, 79x2, 79x5
    "P0030801SR02.sbn", "P0030801SR02.sb2",  # 7940, 7960
    "APP6901SCCP.9-3-1-SR3-1.zz.sgn", "BFS6911SCCP.9-3-1.zz.sgn", "DSP69xx.0-0-0-4.zz.sgn",
    "SCCP6945.9-4-1-3.bin1.sgn", "SCCP894x.9-4-2-2.bin9.sgn", "BOOT894x.0-0-2-0.bin.sgn",
    "TNUX-1.4.6.3.SBN", "EA15FW-BF3-220.SBN", "B015-1-0-4-2.SBN",  # 792x, 7915
    "CP7912080004SCCP080108A.sbin", "CP7902080002SCCP060817A.sbin",
    "kern78xx.12-1-1-12.sbn", "rootfs288xx.12-1-1-12.sbn", "sb288xx.BE-01-020.sbn",
    "skern9971.9-4-2-13.sebn",
]


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_of_each_family_is_read(name, put):
    payload = os.urandom(5000)
    data = shape(name, payload)
    said = shown(put(name, data))
    assert (said["name"], said["digest"], said["key_bits"]) == (name, "sha1", 2048)
    assert (said["signer"], said["issuer"], said["serial"]) == (SIGNER, ISSUER, "1234567890abcdef")
    assert said["header_version"] == "1.1" and said["signed_s"] is None
    assert said["body_bytes"] == len(payload) and said["file_bytes"] == len(data)
    assert said["body_sha256"] == hashlib.sha256(payload).hexdigest()
    assert said["file_sha256"] == hashlib.sha256(data).hexdigest()
    assert "components" not in said


@pytest.mark.parametrize("digest,modulus,bits,word", [
    (1, 0, 512, "sha1"), (1, 1, 1024, "sha1"), (2, 2, 2048, "sha256"), (3, 2, 2048, "sha512"),
    (3, 3, 4096, "sha512")])
def test_every_digest_and_key_size_is_read(digest, modulus, bits, word, put):
    said = shown(put("x", shape("a.sbn", b"", digest, modulus)))
    assert (said["digest"], said["key_bits"], said["body_bytes"]) == (word, bits, 0)


def test_private_fields_of_newer_families_are_passed_over(put):
    more = tlv(0x40, os.urandom(12)) + tlv(0x7f, b"")
    said = shown(put("x", shape("kern2.78xx.14-1-1.sbn", b"body", 3, more=more)))
    assert said["unknown_tags"] == 2 and any("unknown tags" in w for w in said["warnings"])


def entries(said):
    return [c["name"] for c in said["components"]]


TEXTS = {  # family: list name, payload, components
    "79x1": ("SCCP41.9-4-2SR3-1S.loads",
             "# comment\r\njar41sccp.9-4-2ES26.sbn\r\ncnu41.9-4-2ES26.sbn\r\n"
             "apps41.9-4-2ES26.sbn\r\ndsp41.9-4-2ES26.sbn \r\ncvm41sccp.9-4-2ES26.sbn\r\n", 5),
    "79x2": ("SCCP42.9-4-2SR3-1S.loads",
             "#HARDWARE_COMP_1 5\r\njar42sccp.9-4-2ES26.sbn\r\ncnu42.9-4-2ES26.sbn\r\n", 2),
    "7940": ("P0030801SR02.loads", "P0030801SR02.sbn\nP0030801SR02.sb2\nLA_VERSION=PAS30831\n", 2),
    "6901": ("SCCP6901.9-3-1-SR3-1.loads",
             "APP6901SCCP.9-3-1-SR3-1.zz.sgn\nKNL6901SCCP.9-3-1-SR3-1.zz.sgn\n", 2),
    "69xx": ("SCCP69xx.9-4-1-3.loads",
             "BOOT69xx.0-0-0-14.zz.sgn\r\nDSP69xx.0-0-0-4.zz.sgn\r\nSCCP69xx.9-4-1-3.zz.sgn", 3),
    "6945": ("SCCP6945.9-4-1-3.loads",
             "".join(f"SCCP6945.9-4-1-3.bin{i}.sgn\n" for i in range(1, 5)), 4),
    "894x": ("SCCP894x.9-4-2-2.loads",
             "".join(f"SCCP894x.9-4-2-2.bin{i}.sgn\n" for i in range(1, 10)), 9),
    "alias": ("term42.default.loads", "#HARDWARE_COMP_1 5\r\njar42sccp.9-4-2ES26.sbn\r\n", 1),
}


@pytest.mark.parametrize("family", TEXTS)
def test_a_text_list_of_each_family_is_read(family, put):
    name, text, n = TEXTS[family]
    said = shown(put(name, shape(name, text.encode())))
    assert said["list_form"] == "text" and len(said["components"]) == n
    lines = [line.strip() for line in text.splitlines()]
    assert entries(said) == [line for line in lines if line and line[0] != "#" and "=" not in line]
    assert said.get("hardware_comp") == (5 if "HARDWARE" in text else None)
    if family == "7940":
        assert said["variables"] == [{"name": "LA_VERSION", "value": "PAS30831"}]


def test_a_list_of_the_792x_has_conditions_sizes_and_digests(put):
    md5 = hashlib.md5(b"x").hexdigest()
    name = "CP7925G-1.4.6.3.LOADS"
    text = ("#? HW_REV 0-4.*\n#? SW_CAP EAP-TLS,PEAP,VSFIX\n"
            f"TNUXH-1.4.6.3.SBN 1234567 {md5}\nGUIH-1.4.6.3.SBN 99 {md5.upper()}\n"
            f"#+ JUIH-1.4.6.3.SBN 17 {md5}\n")
    said = shown(put(name, shape(name, text.encode())))
    assert said["conditions"] == [{"name": "HW_REV", "value": "0-4.*"},
                                  {"name": "SW_CAP", "value": "EAP-TLS,PEAP,VSFIX"}]
    assert said["components"] == [
        {"name": "TNUXH-1.4.6.3.SBN", "optional": False, "size": 1234567, "md5": md5},
        {"name": "GUIH-1.4.6.3.SBN", "optional": False, "size": 99, "md5": md5.upper()},
        {"name": "JUIH-1.4.6.3.SBN", "optional": True, "size": 17, "md5": md5}]


@pytest.mark.parametrize("name,families", [
    ("sip78xx.12-1-1-12.loads", ["sboot78xx.B3-01-013.sbn", "kern78xx.12-1-1-12.sbn",
                                 "rootfs78xx.12-1-1-12.sbn", "kern2.78xx.12-1-1-12.sbn"]),
    ("sip88xx.12-1-1-12.loads", ["fbi88xx.BE-01-010.sbn", "kern88xx.12-1-1-12.sbn",
                                 "rootfs288xx.12-1-1-12.sbn", "vc488xx.12-1-1-12.sbn"]),
    ("sip9971.9-4-2-13.loads", ["skern9971.9-4-2-13.sebn", "rootfs9971.9-4-2-13.sebn"]),
])
def test_a_binary_list_is_shown_as_names_seen_in_it(name, families, put):
    text = "[hwcompat]\n1=PLATFORM_1\n[PLATFORM_1]\n" + "".join(
        f"image{i}={image}\n" for i, image in enumerate(families))
    payload = struct.pack(">IHH", 0xfeed0001, 3, 9) + b"\0\xff" * 6 + text.encode() + b"\0\0"
    more = tlv(0x41, b"\0\0\0\1")
    data = shape(name, payload, 3, more=more)
    said = shown(put(name, data))
    assert said["list_form"].startswith("opaque") and said["list_reason"]
    assert entries(said) == families and said["components_cut"] is False
    assert said["body_sha256"] == hashlib.sha256(payload).hexdigest()


def test_a_huge_list_is_looked_at_up_to_the_limit_and_says_so(put):
    payload = b"\0" * 10 + b"a.sbn\0" + b"\1" * 100000 + b"b.sbn"
    said = shown(put("x", shape("big.loads", payload)))
    assert entries(said) == ["a.sbn"] and said["components_cut"] is True


def test_what_is_no_image_container_is_refused(put):
    zup = b"\x1f\x8b" + os.urandom(500)
    refused("image", "show", put("ATA030204SCCP090202A.zup", zup), code="version-first")
    xml = b"<?xml version='1.0'?><AutoUpdateManifest/>"
    refused("image", "show", put("CIPC_Locale.loads", xml), code="version-first")
    refused("image", "show", put("x", shape("a.sbn", b"", version=b"\1\0")), code="file-kind")
    refused("image", "show", put("x", shape("a.sbn", b"", version=b"\3\1")), code="version-major")
    refused("image", "show", put("x", shape("a.sbn", b"")[:100]), code="header-beyond-file")
    shown(put("x", shape("a.sbn", b"")))


def test_placeholder_names_never_count_as_a_known_signer(put, tmp_path):
    """Somebody makes a certificate with the placeholder's name: the signature still has to be right."""
    key = tmp_path / "key.pem"
    key.write_bytes(container.openssl("genrsa", "2048"))
    cert = container.openssl("req", "-x509", "-new", "-key", key, "-days", "9", "-set_serial",
                             "0x1234567890abcdef", "-subj", "/CN=someCA/OU=someOrgUnit/O=someOrg")
    key.write_bytes(key.read_bytes() + cert)
    image = put("x", shape("a.sbn", b"payload", 3, issuer=ISSUER.replace(";", ","),
                           signer=ISSUER.replace(";", ",")))
    assert UNKNOWN in rig.ringfence("image", "show", image, "--json")["verified"]
    refused("image", "show", image, "--cert", key, code="sig-mismatch")
    refused("image", "verify", image, "--cert", key, code="sig-mismatch")
