# SPDX-License-Identifier: Apache-2.0
"""Firmware as it comes: images that look like a manufacturer's, in folders, zip and tar; and archives
that nobody should take."""
import gzip
import hashlib
import io
import struct
import tarfile
import zipfile

import container

MIB = 1024 * 1024


class Maker:
    """Signs images with a key that this site has never heard of, as real makers do."""

    def __init__(self, pem):
        self.pem = pem

    def image(self, name, body, version=b"\1\1"):
        body = body if isinstance(body, bytes) else body.encode()
        return container.build(body, self.pem, name, digest=1, when=0, version=version)

    def load(self, name="SCCP42.9-4-2SR3-1S", parts=("jar42sccp.9-4.sbn", "cnu42.9-4.sbn"),
             mark="one"):
        """{file name: bytes} of a whole load; `mark` makes it another one of the same names."""
        files = {part: self.image(part, f"{part} {mark}") for part in parts}
        files[f"{name}.loads"] = self.image(f"{name}.loads",
                                            "#HARDWARE_COMP_1 5\r\n" + "\r\n".join(parts) + "\r\n")
        return files

    def load_792x(self, name="CP7921G-1.4.6", parts=("GUI-1.4.6.SBN", "SYS-1.4.6.SBN"), grown=0,
                  other=""):
        """A list with sizes and digests; `grown`: each size is wrong by so much."""
        files, lines = {}, ["#? HW_REV 0-4.*"]
        for part in parts:
            digest = hashlib.md5(part.encode()).hexdigest()
            files[part] = self.image(part, (other or digest) + " and the rest")
            lines.append(f"{part} {len(files[part]) + grown} {digest}")
        files[f"{name}.LOADS"] = self.image(f"{name}.LOADS", "\n".join(lines) + "\n")
        return files


def folder_of(path, files):
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def zip_of(path, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, data in files.items() if isinstance(files, dict) else files:
            out.writestr(name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name), data,
                         compression)
    return path


def tar_member(name, data=b"", kind=tarfile.REGTYPE, link="", **rest):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(data)
    for key, value in rest.items():
        setattr(info, key, value)
    return info, data


def tar_of(path, files, mode="w", form=tarfile.PAX_FORMAT):
    """`files`: a dict, or tar_members."""
    if isinstance(files, dict):
        files = [tar_member(name, data) for name, data in files.items()]
    with tarfile.open(path, mode, format=form) as out:
        for info, data in files:
            out.addfile(info, io.BytesIO(data))
    return path


def zip_link(name, target):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info, target.encode()


def encrypted_zip(path, files):
    """The flag that says so, in both headers of each entry."""
    data = bytearray(zip_of(path, files, zipfile.ZIP_STORED).read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        where = data.find(magic)
        while where >= 0:
            flags, = struct.unpack_from("<H", data, where + at)
            struct.pack_into("<H", data, where + at, flags | 1)
            where = data.find(magic, where + 4)
    path.write_bytes(data)
    return path


def bomb_zip(path, name="bomb.sbn", size=99 * MIB):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open(name, "w") as entry:
        for _ in range(size // MIB):
            entry.write(bytes(MIB))
    return path


def lying_zip(path, name="lie.sbn", size=101 * MIB, said=10):
    """Says that it has `said` bytes, and has more than may be served."""
    data = bytearray(bomb_zip(path, name, size).read_bytes())
    central = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, said)
    struct.pack_into("<I", data, 22, said)
    path.write_bytes(data)
    return path


def huge_tar(path, name="huge.sbn", size=101 * MIB):
    """Only the header of an entry that says how long it is."""
    info = tarfile.TarInfo(name)
    info.size = size
    path.write_bytes(info.tobuf())
    return path


def twice_compressed(path, files):
    tar_of(path, files, "w:gz")
    path.write_bytes(gzip.compress(path.read_bytes()))
    return path
