# SPDX-License-Identifier: Apache-2.0
"""What lies on a disk when the power goes: replays what the file layer did
(src/base/file_journal.h) up to any point, and loses what was not made durable by then.

    before = Disk.of(folder)
    ... the program runs with RINGFENCE_FILE_JOURNAL ...
    for point in states(before, read_journal(journal), folder):
        point.write(other_folder)

Four things may have happened to what was not synced. All are tried: nothing of it reached the disk
("lost"); all of it did ("kept"); the names did but the bytes did not ("empty"), or half of them
("torn").
"""
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Change:
    what: str
    path: str
    other: str = ""
    data: bytes = b""


def read_journal(path):
    changes = []
    for line in Path(path).read_text().splitlines():
        what, name, *more = line.split("\t")
        if what == "write":
            changes.append(Change(what, name, data=bytes.fromhex(more[0])))
        else:
            changes.append(Change(what, name, other=more[0] if more else ""))
    return changes


class File:
    def __init__(self, data=b"", mode=0o600):
        self.data, self.synced, self.mode = data, data, mode

    def after_power_cut(self, how):
        written = {"kept": len(self.data), "torn": (len(self.synced) + len(self.data)) // 2}
        return self.data[:written.get(how, len(self.synced))]


class Disk:
    """The files and folders below one folder. `now` is what a program sees, `durable` what is there
    for certain after a power cut: {relative path: File, or None for a folder}."""

    def __init__(self):
        self.now, self.durable = {}, {}

    @classmethod
    def of(cls, folder):
        disk = cls()
        for path in sorted(Path(folder).rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_dir():
                disk.now[name] = None
            elif path.is_file():
                disk.now[name] = File(path.read_bytes(), path.stat().st_mode & 0o777)
        disk.durable = dict(disk.now)
        return disk

    def apply(self, change, folder):
        def inside(path):
            name = os.path.relpath(path, folder)
            return None if name.startswith("..") else name

        name = inside(change.path)
        if name is None:
            return
        if change.what == "create":
            self.now[name] = File()
        elif change.what == "write":
            self.now[name].data += change.data
        elif change.what == "sync":
            self.now[name].synced = self.now[name].data
        elif change.what == "rename":
            self.now[inside(change.other)] = self.now.pop(name)
        elif change.what == "remove":
            self.now.pop(name)
        elif change.what == "make-folder":
            self.now[name] = None
        elif change.what == "sync-folder":
            self._sync_folder(name)
        else:
            raise AssertionError(change)

    def _sync_folder(self, folder):
        def is_in(name):
            return (os.path.dirname(name) or ".") == folder

        for name in [name for name in self.durable if is_in(name)]:
            del self.durable[name]
        self.durable.update({name: file for name, file in self.now.items() if is_in(name)})

    def after_power_cut(self, how):
        """{relative path: (bytes, mode), None for a folder}."""
        names = self.durable if how == "lost" else self.now
        kept = {}
        for name, file in names.items():
            parent = os.path.dirname(name)
            if parent and names.get(parent, 0) is not None:
                continue  # its folder is gone
            if file is None:
                kept[name] = None
            else:
                kept[name] = (file.after_power_cut(how), file.mode)
        return kept


@dataclass
class State:
    """What lies there after a power cut behind the first `done` changes."""
    done: int
    how: str
    files: dict

    def write(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(mode=0o700, parents=True)
        for name, held in sorted(self.files.items()):
            path = Path(folder) / name
            if held is None:
                path.mkdir(mode=0o700, exist_ok=True)
            else:
                path.write_bytes(held[0])
                path.chmod(held[1])

    def __str__(self):
        return f"after {self.done} changes, unsynced data {self.how}"


def states(disk, changes, folder):
    """Every state that a power cut can leave, each once. `folder`: as the journal names it."""
    seen, found = set(), []
    for done in range(len(changes) + 1):
        if done:
            disk.apply(changes[done - 1], folder)
        for how in ("lost", "kept", "empty", "torn"):
            files = disk.after_power_cut(how)
            # Names of temporary files differ from run to run and mean nothing.
            key = frozenset(files.items())
            if key not in seen:
                seen.add(key)
                found.append(State(done, how, files))
    return found


CALLS = "openat,open,creat,write,pwrite64,writev,rename,renameat,renameat2,unlink,unlinkat,rmdir," \
        "mkdir,mkdirat,fsync,fdatasync,truncate,ftruncate,link,linkat,symlink,symlinkat," \
        "copy_file_range,sendfile,fallocate,mknod,mknodat"
_KINDS = {"write": "write", "pwrite64": "write", "writev": "write", "rename": "rename",
          "renameat": "rename", "renameat2": "rename", "unlink": "remove", "unlinkat": "remove",
          "rmdir": "remove", "mkdir": "make-folder", "mkdirat": "make-folder", "fsync": "sync",
          "fdatasync": "sync"}


def _whole_calls(trace):
    """The lines of a trace without the process, calls of threads that ran beside each other joined."""
    begun = {}
    for line in Path(trace).read_text(errors="replace").splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>").rstrip()
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
        yield begun.pop(pid) + resumed[1] if resumed else rest


def seen_by_strace(trace, folder, but=None):
    """{kind: how often} of the changes below `folder`, from the output of
    `strace -f -y -e trace=CALLS`, but for what is below `but`. Whatever is none of the file layer's
    kinds counts by its name."""
    counts = {}
    for line in _whole_calls(trace):
        match = re.match(r"(\w+)\((.*)\) += (-?\d+)", line)
        if not match or int(match[3]) < 0 or str(folder) not in match[2] or \
                (but is not None and str(but) in match[2]):
            continue
        call = match[1]
        if call in ("openat", "open", "creat"):
            if "O_CREAT" not in match[2] and call != "creat":
                continue
            kind = "create"
        else:
            kind = _KINDS.get(call, call)
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def counted(changes):
    """The same of a journal."""
    counts = {}
    for change in changes:
        kind = "sync" if change.what == "sync-folder" else change.what
        counts[kind] = counts.get(kind, 0) + 1
    return counts
