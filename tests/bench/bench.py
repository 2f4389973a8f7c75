# SPDX-License-Identifier: Apache-2.0
"""What the benches share: the release build, the rig of the end-to-end tests, and lines that say what
was measured and what it is held against."""
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build/release"


def build():
    """The programs as users get them, in build/release like ./try, or those of RINGFENCE_BUILD."""
    if os.environ.get("RINGFENCE_BUILD"):
        return Path(os.environ["RINGFENCE_BUILD"])
    if not (RELEASE / "build.ninja").is_file():
        subprocess.run(["meson", "setup", RELEASE, "--buildtype=release", "-Dtest_hooks=false",
                        "-Dtests=false"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["ninja", "-C", RELEASE], cwd=ROOT, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nThe build failed.")
    os.environ["RINGFENCE_BUILD"] = str(RELEASE)
    return RELEASE


def compiled(*names):
    """Programs of this folder's meson.build, out of the same build: their paths."""
    folder = build()
    paths = [folder / "tests/bench" / name for name in names]
    with open(folder / "bench.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ninja wants a folder for itself, and the tests run several
        subprocess.run(["ninja", "-C", folder, *(f"tests/bench/{name}" for name in names)], check=True,
                       stdout=subprocess.DEVNULL)
    return paths


def rig():
    """tests/e2e/rig.py over that build."""
    build()
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    import rig as module
    return module


@contextmanager
def folder():
    """A temporary folder; whatever the rig started ends with it, also when the bench is stopped."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    path = Path(tempfile.mkdtemp(prefix="ringfence-bench-"))
    try:
        yield path
    finally:
        sys.modules["rig"].end_everyone(False)
        shutil.rmtree(path)


@contextmanager
def ahead_of_others():
    """What is started meanwhile goes before whatever else the machine does, as far as this user may
    say so. Peers with a process for each client would get far more of a busy machine than a server
    of one thread, and the numbers would tell of the scheduler."""
    session = Path("/proc/self/autogroup")  # sessions share the machine first, then their processes
    nice, text = os.getpriority(os.PRIO_PROCESS, 0), ""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
        text = session.read_text(encoding="ascii")
        session.write_text("-15", encoding="ascii")
    except OSError:
        pass
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        if text:
            session.write_text(text.split()[-1], encoding="ascii")


def office(rig_module, path):
    """A site, a manufacturer and two phones (rig.Office), not opened yet."""
    site, factory = rig_module.Site(path / "made/site"), rig_module.Factory(path / "made/factory")
    for version in ("1.0", "2.0"):
        factory.firmware(version)
    return rig_module.Office(path / "office", site.folder, factory.folder)


def devices_site(rig_module, folder, phones, op="none", number="", **conf):
    """A site with devices that were never enrolled (`op`: what they are to do), not started, and their
    maker: its certificate and key."""
    site = rig_module.Site(folder / f"site{number}", **conf)
    maker, key = folder / f"maker{number}.pem", folder / f"maker{number}.key"
    rig_module.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                   "/CN=Bench Root", "-keyout", key, "-out", maker)
    site.cli("mic", "import", maker)
    devices, = compiled("bench_devices")
    subprocess.run([devices, site.folder, str(phones), op], check=True)
    return site, maker, key


@contextmanager
def bare(cert, key, anchor, sessions):
    """A minimal server on the bare library that asks for clients' certificates: its process and port."""
    with started("bench_bare", cert, key, anchor, sessions) as server:
        yield server


@contextmanager
def started(name, *words):
    """A server of this folder while it is wanted: its process and port."""
    program, = compiled(name)
    with subprocess.Popen([program, *map(str, words)], stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child.pid, int(child.stdout.readline())
        finally:
            child.kill()


def register_rate(program, server, words, asked, maker, key):
    """What bench_handshakes (its path) gets done for a CPU second of that server: its process and port."""
    pid, port = server
    done = subprocess.run([program, str(port), *words, "rsa", str(asked.seconds), str(asked.phones),
                           str(asked.clients), str(pid), maker, key],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    n, cpu_s = done.stdout.split()
    return int(n) / max(float(cpu_s), 0.01)


def settled_kb(pid):
    """When two looks at the memory of a process, a second apart, find the same."""
    before, now = 0, resident(pid)
    for _ in range(30):
        if before == now:
            break
        time.sleep(1)
        before, now = now, resident(pid)
    return now // 1024


def resident(*pids):
    """Bytes of these processes."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


class Table:
    """Lines of numbers, each with what it is held against; status() is the exit status."""

    def __init__(self, *titles):
        self.has_failed = False
        self.form = "{:<34}" + "{:>11}" * (len(titles) - 1) + "  {}"
        print(self.form.format(*titles, ""))

    def line(self, name, *values, good=None, bad="TOO MUCH"):
        """A value that is None was not measured. good None: for information only; `bad`: the word
        where it is not good."""
        self.has_failed |= good is False
        word = "" if good is None else "ok" if good else bad
        shown = ("-" if value is None else value for value in values)
        print(self.form.format(name, *shown, word).rstrip(), flush=True)

    def status(self):
        return 1 if self.has_failed else 0
