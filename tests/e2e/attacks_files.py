# SPDX-License-Identifier: Apache-2.0
"""Attacks on the files that phones load: firmware, configurations, trust lists.

Each `attack_…(lab)` tries something and says who refused it, with which code; each `twin_…(lab)` does
the same without the one fault, and is let in.
"""
import hashlib
import os
import re
import shutil

import container
import rig
import tftpd
from lab import A, B, CONFIG_PARTS, IMAGE_PARTS, NEW, OLD, TRUST_PARTS, Refusal, snapshot
from proxy import flip_bit

COMPONENT = "rfapp.2.0.sbn"
CONFIG_A, CONFIG_B = f"{A}.cnf.xml.sgn", f"{B}.cnf.xml.sgn"


def split(container):
    """Header and body of a signed file."""
    size = int.from_bytes(container[8:10], "big")
    return container[:size], container[size:]


# ---- firmware ----

def _boot_into_new_load(lab, name):
    """B runs the old load and is told to run the new one."""
    lab.site.cli("device", "change", "--load", NEW, B)
    try:
        since, flash = lab.mark(), lab.copy(B)
        before = snapshot(flash, *IMAGE_PARTS)
        with lab.run(flash) as phone:
            seen = phone.wait_any("load-refused", "load-installed")
            up = phone.wait("registered")
            running = phone.seen("boot")[-1]["load"]
            server = lab.event(since, "registered", B)
            if seen["event"] == "load-installed":
                return Refusal(name, False, evidence={
                    "running": running, "boots_new": running == NEW,
                    "server_sees_it": f"load={NEW} " in server["text"]})
            alarm = lab.event(since, "alarm", B, text=seen["code"])
            told = rig.wait_until("what it refused", lambda: [
                one for one in lab.site.cli("image", "refused", "--json")["refused"]
                if one["device"] == B and seen["code"] in (one["text"] or "")])[0]
            return Refusal(name, True, "phone", seen["code"], seen["why"], {
                "file": seen["file"], "alarm": alarm["text"], "refused": (told["file"], told["load"]),
                "registered_over": up["tls"],
                "runs_old": running == OLD,
                "flash_unchanged": snapshot(flash, *IMAGE_PARTS) == before,
                "status": next((text for text in phone.status_texts() if text in
                                ("Checksum Error", "Version error", "Load rejected HC")), False),
                "server_sees_old": f"load={OLD} " in server["text"]})
    finally:
        lab.site.cli("device", "change", "--load", "", B)


def _serve_image(lab, name, content, file=COMPONENT):
    """Boot B while one firmware file is other bytes where the site keeps it."""
    path = lab.site.folder / "images" / file
    genuine = path.read_bytes()
    _replace(path, content)
    try:
        return _boot_into_new_load(lab, name)
    finally:
        _replace(path, genuine)


def _serve_load(lab, name, load):
    """Boot B while all of the site's firmware files come from another folder."""
    genuine = {path: path.read_bytes() for path in (lab.site.folder / "images").iterdir()}
    for path in genuine:
        _replace(path, (load / path.name).read_bytes())
    try:
        return _boot_into_new_load(lab, name)
    finally:
        for path, content in genuine.items():
            _replace(path, content)


def _image(lab, file=COMPONENT):
    return (lab.site.folder / "images" / file).read_bytes()


def attack_image_bit(lab, file=COMPONENT, at=-1, is_in_body=True):
    """One bit of a firmware file changed: `at` bytes from the beginning or the end of what was signed,
    or of its header."""
    genuine = _image(lab, file)
    at += len(split(genuine)[0]) if is_in_body and at >= 0 else 0
    return _serve_image(lab, "image with one bit changed", flip_bit(genuine, at), file)


def twin_image_bit(lab):
    return _boot_into_new_load(lab, "image as it was signed")


def attack_image_cut(lab):
    return _serve_image(lab, "image without its last byte", _image(lab)[:-1])


def attack_image_grown(lab):
    return _serve_image(lab, "image with a byte behind it", _image(lab) + b"\0")


def attack_image_too_long(lab):
    """Longer than any load list is: the phone stops at its limit, before it looks at the signature."""
    file = "ringphone-2.0.loads"
    return _serve_image(lab, "load list beyond its limit", _image(lab, file) + bytes(64 << 10), file)


def attack_image_unsigned(lab, file=COMPONENT):
    """The content of a firmware file without its header and signature."""
    return _serve_image(lab, "unsigned image", split(_image(lab, file))[1], file)


def attack_image_other_release(lab):
    """The component of an older release in the place of the one that the load list names, both signed by
    the manufacturer."""
    older = lab.factory.firmware("1.0") / COMPONENT.replace("2.0", "1.0")
    return _serve_image(lab, "component of another release", older.read_bytes())


def attack_image_other_hardware(lab):
    """The manufacturer's own firmware of that name, for another model."""
    load = lab.factory.folder / "firmware-of-another-model"
    if not load.is_dir():
        rig.ringfence("factory", "firmware", "--version", "2.0", "--hardware", "other", "--out", load,
                      lab.factory.folder)
    return _serve_load(lab, "image for another model", load)


def attack_image_foreign_key(lab):
    """Well-made firmware, signed by another manufacturer."""
    load = rig.Factory(lab.folder / "other-factory").firmware("2.0")
    return _serve_load(lab, "image signed with a foreign key", load)


def _replace(path, content):
    """A file of a served folder is replaced whole, never written into."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)


# ---- configurations ----

def config_of(lab, device):
    """The configuration that the site serves for a device."""
    return tftpd.get(lab.tftp, f"{device}.cnf.xml.sgn")


def signed_again(lab, data, key):
    """The same file with the right signature over what it holds now, by this key."""
    one = container.Container(data)
    (lab.folder / "signed").write_bytes(one.signed)
    signature = container.openssl("dgst", f"-{one.digest}", "-sign", key, lab.folder / "signed")
    return data.replace(one.signature, signature)


def at_time(lab, data, moment, key):
    """The same file signed anew, with another time stamp: what a listener kept since then."""
    at = container.Container(data).at[container.TIME] + 3
    return signed_again(lab, data[:at] + moment.to_bytes(4, "big") + data[at + 4:], key)


def stamp_of(data):
    return int.from_bytes(container.Container(data).tags[container.TIME], "big")


def fresh_config(lab, key=None, name=CONFIG_A, digest="sha512", mode=3):
    """A's configuration with another version stamp, so that it is not the stored one, signed with the site's
    key for files or with the one given. `mode`: 1 for a phone that is not to be secure."""
    body = split(config_of(lab, A))[1]
    stamp = re.search(rb"<versionStamp>(.*?)</versionStamp>", body).group(1)
    secure, other = (f"<deviceSecurityMode>{n}<".encode() for n in (3, mode))
    text, out = lab.folder / "config.xml", lab.folder / "config.sgn"
    text.write_bytes(body.replace(stamp, b"2000000000-fresh").replace(secure, other))
    rig.ringfence("file", "sign", text, "--key", key or lab.signing_key("tftp"), "--out", out,
                  "--name", name, "--digest", digest)
    return out.read_bytes()


def serve_config(lab, name, content, *options):
    """Boot A while its configuration is answered with these bytes."""
    since, flash = lab.mark(), lab.copy(A)
    before = snapshot(flash, *CONFIG_PARTS)
    with lab.overlay({CONFIG_A: content}) as liar, \
            lab.run(flash, *options, tftp=("127.0.0.1", liar.port)) as phone:
        seen = phone.wait_any("config-refused", "config")
        up = phone.wait("registered")
        after = snapshot(flash, *CONFIG_PARTS)
        if seen["event"] == "config":
            stored = (flash / "config.cnf.xml.sgn").read_bytes()
            return Refusal(name, False, evidence={
                "verified": seen["verified"], "stamp": seen["version_stamp"],
                "digest": seen["digest"], "older": seen.get("older"),
                "stored_as_served": stored == content})
        alarm = lab.event(since, "alarm", A, text="config_rejected")
        return Refusal(name, True, "phone", seen["code"], seen["why"], {
            "file": seen["file"], "alarm": alarm["text"], "old_one_kept": after == before,
            "registered_over": up["tls"],
            "status": f"File auth error: {CONFIG_A}" in phone.status_texts(),
            "alarm_names_it": seen["code"] in alarm["text"]})


def attack_config_changed(lab, at=100):
    """A configuration with one bit changed after it was signed, `at` bytes from the beginning or end
    of its text."""
    signed = fresh_config(lab)
    at += len(split(signed)[0]) if at >= 0 else 0
    return serve_config(lab, "configuration changed after signing", flip_bit(signed, at))


def twin_config_changed(lab):
    return serve_config(lab, "configuration as it was signed", fresh_config(lab))


def attack_config_of_other_phone(lab):
    """B's configuration, validly signed by the site, under A's name."""
    return serve_config(lab, "another phone's configuration", config_of(lab, B))


def twin_config_of_other_phone(lab):
    return serve_config(lab, "the phone's own configuration", config_of(lab, A))


def attack_config_stranger(lab):
    """Signed with the key for files of another site."""
    key = lab.stranger / "keys" / "tftp.pem"
    return serve_config(lab, "configuration signed by a stranger", fresh_config(lab, key))


def attack_config_wrong_role(lab, role="ccm"):
    """Signed with a key of the site that stands in the trust list, but not for files."""
    return serve_config(lab, f"configuration signed with the {role} key",
                        fresh_config(lab, lab.signing_key(role)))


def attack_config_unsigned(lab):
    """The plain text of a configuration under the signed name."""
    return serve_config(lab, "configuration without a signature", split(fresh_config(lab))[1])


def attack_config_weak_digest(lab):
    """Well signed, over SHA-1, for a phone that was not told to take that."""
    return serve_config(lab, "configuration signed over SHA-1", fresh_config(lab, digest="sha1"))


def twin_config_weak_digest(lab):
    return serve_config(lab, "SHA-1 where it is allowed", fresh_config(lab, digest="sha1"),
                        "--allow-sha1")


def attack_config_only_unsigned_there(lab):
    """The signed configuration is gone, an unsigned one is there: the phone does not even ask."""
    flash = lab.copy(A)
    before = snapshot(flash, *CONFIG_PARTS)
    plain = f"{A}.cnf.xml"
    with lab.overlay({CONFIG_A: None, plain: split(fresh_config(lab))[1]}) as liar, \
            lab.run(flash, tftp=("127.0.0.1", liar.port)) as phone:
        phone.wait("registered")
        taken = [e for e in phone.seen("config") if not e["verified"]]
        message = f"File not found {CONFIG_A}"
        return Refusal("only an unsigned configuration there", not taken, "phone", "not-found",
                       message, {"not_asked_for": plain not in liar.asked,
                                 "old_one_kept": snapshot(flash, *CONFIG_PARTS) == before,
                                 "status": message in phone.status_texts()})


def _older_config(lab, name, *options):
    old = stamp_of((lab.masters[A] / "config.cnf.xml.sgn").read_bytes()) - 60
    return serve_config(lab, name,
                        at_time(lab, fresh_config(lab), old, lab.signing_key("tftp")), *options)


def attack_config_replayed(lab):
    """A genuine configuration from before the stored one, for a phone that takes none of those."""
    return _older_config(lab, "older configuration where it is refused", "--file-rollback",
                         "reject")


def twin_config_replayed(lab):
    return _older_config(lab, "older configuration where it is taken")


def _config_with_block(lab, name, block):
    """A fresh configuration whose signature is the key's power of a block made by `block(digest, size)`:
    the digest of what is signed, in ASN.1, and the bytes of the key."""
    signed = container.Container(fresh_config(lab))
    digest = SHA512_INFO + hashlib.sha512(signed.signed).digest()
    made = block(digest, len(signed.signature))
    (lab.folder / "block").write_bytes(made)
    power = container.openssl("pkeyutl", "-decrypt", "-inkey", lab.signing_key("tftp"), "-pkeyopt",
                              "rsa_padding_mode:none", "-in", lab.folder / "block")
    return serve_config(lab, name, signed.data.replace(signed.signature, power))


# DigestInfo of RFC 8017 9.2, for SHA-512, without the digest
SHA512_INFO = bytes.fromhex("3051300d060960864801650304020305000440")


def attack_config_padding(lab, how):
    """The right digest at the end of a block that is padded in another way than PKCS#1 v1.5 says."""
    return _config_with_block(lab, f"forged padding, {how}", {
        "zeros": lambda digest, size: bytes(size - len(digest)) + digest,
        "other bytes": lambda digest, size:
            b"\0\1" + b"\xff" * 8 + b"\0" + b"\5" * (size - 11 - len(digest)) + digest,
        "block type 2": lambda digest, size:
            b"\0\2" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest,
        "digest alone": lambda digest, size:
            b"\0\1" + b"\xff" * (size - 67) + b"\0" + digest[-64:],
        "digest before the end": lambda digest, size:
            b"\0\1" + b"\xff" * 8 + b"\0" + digest + b"\5" * (size - 11 - len(digest)),
    }[how])


def twin_config_padding(lab):
    return _config_with_block(lab, "padding as it should be", lambda digest, size:
                              b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest)


def attack_config_into_the_clear(lab, by):
    """A configuration that takes the phone out of encryption: unsigned, by a stranger, by a key of the
    site that signs no files, or made out to another phone."""
    key = {"stranger": lab.stranger / "keys" / "tftp.pem", "ccm": lab.signing_key("ccm")}.get(by)
    signed = fresh_config(lab, key, mode=1, name=CONFIG_B if by == "other name" else CONFIG_A)
    return serve_config(lab, f"non-secure configuration, {by}",
                        split(signed)[1] if by == "unsigned" else signed)


def twin_config_into_the_clear(lab):
    """The same by the site's own file server: the mode that the phone takes from it, and whether it went
    on to the TLS port all the same."""
    flash = lab.copy(A)
    with lab.overlay({CONFIG_A: fresh_config(lab, mode=1)}) as liar, \
            lab.run(flash, tftp=("127.0.0.1", liar.port)) as phone:
        return phone.wait("config")["mode"], bool(phone.seen("link-up"))


# ---- trust lists ----

def next_list(lab, kind="CTL"):
    """A list that the site's SAST signs now, without the site handing it out."""
    copy = lab.folder / "site-copy"
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(lab.site.folder, copy, ignore=shutil.ignore_patterns("run", "images"))
    rig.ringfence("list", "publish", "--force", "--site", copy)
    return (copy / "lists" / f"{kind}File.tlv").read_bytes()


def list_signed(lab, role="sast1", kind="CTL", body=None, **header):
    """The site's list, or other records, signed by one of the site's keys; `header`: as container.build
    takes it."""
    own = container.Container((lab.site.folder / "lists" / f"{kind}File.tlv").read_bytes())
    words = {"version": b"\1\2", "signer_version": own.tags[container.SIGNER_VERSION], **header}
    return container.build(own.body if body is None else body, lab.signing_key(role), f"{kind}File.tlv",
                           signer_pem=lab.site.folder / "certs" / f"{role}.pem", **words)


def serve_list(lab, name, content, *options, kind="CTL"):
    """Boot A, which has lists, while these bytes are answered as its next one of that kind."""
    since, flash = lab.mark(), lab.copy(A)
    before = snapshot(flash, *TRUST_PARTS)
    with lab.overlay({f"{kind}{A}.tlv": content}) as liar, \
            lab.run(flash, *options, tftp=("127.0.0.1", liar.port)) as phone:
        seen = phone.wait_any("list-refused", "list", list=kind)
        phone.wait("registered")
        if seen["event"] == "list":
            return Refusal(name, False, evidence={
                "action": seen["action"], "older": seen.get("older"), "odd": seen.get("odd"),
                "stored_as_served": (flash / f"{kind}File.tlv").read_bytes() == content})
        alarm = lab.event(since, "alarm", A, text="list_rejected")
        return Refusal(name, True, "phone", seen["code"], seen["why"], {
            "alarm": alarm["text"], "old_one_kept": snapshot(flash, *TRUST_PARTS) == before,
            "status": "Trust List update failed" in phone.status_texts(),
            "alarm_names_it": seen["code"] in alarm["text"]})


def attack_list_stranger(lab):
    """A well-made list, signed by the SAST of another site."""
    return serve_list(lab, "trust list signed by a stranger",
                      (lab.stranger / "lists" / "CTLFile.tlv").read_bytes())


def twin_list_stranger(lab):
    return serve_list(lab, "trust list signed by a known SAST", next_list(lab))


def _older_list(lab, name, *options):
    old = stamp_of((lab.masters[A] / "CTLFile.tlv").read_bytes()) - 60
    return serve_list(lab, name, at_time(lab, next_list(lab), old, lab.signing_key("sast1")),
                      *options)


def attack_list_replayed(lab):
    """A genuine list from before the installed one, for a phone that takes none of those."""
    return _older_list(lab, "older trust list where it is refused", "--file-rollback", "reject")


def twin_list_replayed(lab):
    return _older_list(lab, "older trust list where it is taken")


def attack_list_bit(lab, kind="CTL", at=-40):
    """The site's own next list with one bit changed, `at` bytes from its beginning or end."""
    return serve_list(lab, "trust list with one bit changed", flip_bit(next_list(lab, kind), at),
                      kind=kind)


def twin_list_bit(lab, kind):
    return serve_list(lab, "trust list as it was signed", next_list(lab, kind), kind=kind)


def attack_list_no_sast(lab, kind):
    """Signed by the call manager, which stands in the phone's lists, but not as a SAST; the new list says
    that it is one."""
    out = lab.folder / f"{kind}File.tlv"
    certs = lab.site.folder / "certs"
    rig.ringfence("list", "build", "--sast", certs / "ccm.pem", "--key", lab.signing_key("ccm"),
                  "--tftp", certs / "tftp.pem", "--out", out)
    return serve_list(lab, "trust list signed by the call manager", out.read_bytes(), kind=kind)


def attack_list_not_own_signer(lab, kind):
    """Signed by the call manager, which stands in the list as what it is."""
    return serve_list(lab, "trust list whose signer is no SAST of it", list_signed(lab, "ccm", kind),
                      kind=kind)


def twin_list_own_signer(lab, kind):
    return serve_list(lab, "trust list whose signer is a SAST of it", list_signed(lab, kind=kind),
                      kind=kind)


def attack_list_too_long(lab):
    """More records than 64 KiB hold, well signed."""
    own = container.Container((lab.site.folder / "lists" / "CTLFile.tlv").read_bytes())
    return serve_list(lab, "trust list above 64 KiB", list_signed(lab, body=own.body * 9))


def twin_list_too_long(lab):
    own = container.Container((lab.site.folder / "lists" / "CTLFile.tlv").read_bytes())
    return serve_list(lab, "trust list below 64 KiB", list_signed(lab, body=own.body * 8))


def list_of_new_records(lab, kind):
    """A list whose first record has a tag that nobody knows yet."""
    own = container.Container((lab.site.folder / "lists" / f"{kind}File.tlv").read_bytes()).body
    end, new = int.from_bytes(own[3:5], "big"), container.tlv(99, b"new")
    body = own[:3] + (end + len(new)).to_bytes(2, "big") + own[5:end] + new + own[end:]
    return serve_list(lab, "trust list with new records", list_signed(lab, kind=kind, body=body),
                      kind=kind)


def list_of_version(lab, kind, version, extra=b""):
    return serve_list(lab, f"trust list of version {version[0]}.{version[1]}",
                      list_signed(lab, kind=kind, version=version, extra=extra), kind=kind)
