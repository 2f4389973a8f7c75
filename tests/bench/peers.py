# SPDX-License-Identifier: Apache-2.0
"""Programs to be measured against: those that are installed, else out of their Debian packages,
unpacked in build/bench-peers. Nothing is installed, so servers that exclude one another as packages
stand side by side, and none starts by itself."""
import os
import resource
import shutil
import subprocess

import bench

FOLDER = bench.ROOT / "build/bench-peers"
PACKAGES = ("tftpd-hpa", "atftpd", "libwrap0", "nginx", "wrk", "libluajit-5.1-2")


def unpack():
    if not (FOLDER / "usr").is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["apt-get", "download", *PACKAGES], cwd=FOLDER, check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for package in FOLDER.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, FOLDER], check=True)
        if done.returncode != 0:
            print(done.stderr.strip())


def program(name):
    """Its path, or None."""
    unpack()
    path = ":".join([os.environ["PATH"], "/usr/sbin", str(FOLDER / "usr/bin"),
                     str(FOLDER / "usr/sbin")])
    return shutil.which(name, path=path)


def environment():
    libraries = ":".join(map(str, (FOLDER / "usr/lib").glob("*-linux-gnu")))
    return dict(os.environ, LD_LIBRARY_PATH=libraries)


def compiled(name, folder):
    """A load generator of this folder."""
    out = folder / name
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", out, bench.ROOT / f"tests/bench/{name}.c"],
                   check=True)
    return out


def cpu_seconds(pid):
    """Of a process and its children that have ended."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds_of_all(pid):
    """Of a process and those it started, living or not."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return cpu_seconds(pid) + sum(map(cpu_seconds, map(int, children.read().split())))


def many_files():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
