# SPDX-License-Identifier: Apache-2.0
"""ringphone, the program: options, pages, boot against a TFTP server of a few lines, signals.

The phones are the factory's; no call manager is there, so what is tested is all that comes before.
"""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("RINGFENCE_BUILD", "build/asan"))
PHONE = BUILD / "src" / "app" / "ringphone" / "ringphone"
TOOL = BUILD / "src" / "app" / "ringfence" / "ringfence"
NAME = "SEP001122334455"


def run(*args, **more):
    return subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=60, **more)


def tool(*args):
    done = run(TOOL, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Tftp:
    """Serves a dictionary of files; names that were asked for are in `asked`."""

    def __init__(self, files, mute=False):
        self.files, self.mute, self.asked = files, mute, []
        self.listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listening.bind(("127.0.0.1", 0))
        self.listening.settimeout(0.1)
        self.port = self.listening.getsockname()[1]
        self.is_ending = False
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_ending = True
        self.thread.join()
        self.listening.close()

    def serve(self):
        while not self.is_ending:
            try:
                packet, peer = self.listening.recvfrom(2048)
            except socket.timeout:
                continue
            words = packet[2:].split(b"\0")
            self.asked.append(words[0].decode())
            if not self.mute:
                self.send(words, peer)

    def send(self, words, peer):
        content = self.files.get(words[0].decode())
        options = dict(zip(words[2::2], words[3::2]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind(("127.0.0.1", 0))
            out.settimeout(2)
            if content is None:
                out.sendto(struct.pack("!HH", 5, 1) + b"no such file\0", peer)
                return
            size = int(options.get(b"blksize", b"512"))
            if options:
                out.sendto(b"\0\6blksize\0%d\0tsize\0%d\0" % (size, len(content)), peer)
                out.recvfrom(64)
            for block in range(len(content) // size + 1):
                part = content[block * size:(block + 1) * size]
                out.sendto(struct.pack("!HH", 3, (block + 1) & 0xffff) + part, peer)
                out.recvfrom(64)


@pytest.fixture(scope="module")
def maker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("factory")
    tool("factory", "init", folder / "factory")
    for version in ("1.0", "2.0"):
        tool("factory", "firmware", "--version", version, "--hardware", "rf-1", "--out",
             folder / f"fw-{version}", "--display", f"idle=Phone {version}", folder / "factory")
    return folder


@pytest.fixture()
def flash(maker, tmp_path):
    tool("factory", "phone", "--name", NAME, "--flash", tmp_path / "flash", "--firmware",
         maker / "fw-1.0", "--model", "8861", "--hardware", "rf-1", maker / "factory")
    return tmp_path / "flash"


def boot(flash, port, *more, until=None, wait=20, stop=signal.SIGTERM):
    """Run a phone until a line for which `until` is true, then end it by signal. Its events, its
    exit status, its standard error."""
    process = subprocess.Popen([str(PHONE), "--flash", str(flash), "--tftp", f"127.0.0.1:{port}",
                                "--json", "--retry-ms", "50", *more], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    events = []
    watchdog = threading.Timer(wait, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            events.append(json.loads(line))
            if until is not None and until(events[-1]):
                process.send_signal(stop)
                until = None
        status = process.wait()
        return events, status, process.stderr.read()
    finally:
        watchdog.cancel()
        process.kill()
        process.stdout.close()
        process.stderr.close()
        process.wait()


def named(events, name):
    return [e for e in events if e["event"] == name]


@pytest.mark.parametrize("args", [
    ["--flash", "x"], ["--tftp", "127.0.0.1"], ["--flash", "x", "--tftp", "server.example"],
    ["--flash", "x", "--tftp", "127.0.0.1:0"], ["--flash", "x", "--tftp", "127.0.0.1:70000"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--sccp-version", "23"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--sccp-version", "2"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--codecs", "ulaw,g729"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--for", "soon"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--for", "0s"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--call", "20o2"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--call", ""],
    ["--flash", "x", "--tftp", "127.0.0.1", "--call", "2002", "--answer"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--retry-ms", "500", "--retry-max-ms", "100"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--retry-max-ms", "1000"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--min-load", ""],
    ["--flash", "x", "--tftp", "127.0.0.1", "--auth-string", ""],
    ["--flash", "x", "--tftp", "127.0.0.1", "--auth-string-file", "/nonexistent"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--log-level", "loud"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--file-rollback", "maybe"],
    ["--flash", "x", "--tftp", "127.0.0.1", "--nonsense"],
    ["--flash", "x", "--tftp", "127.0.0.1", "extra"],
    ["--flash", "f" * 90000, "--tftp", "127.0.0.1"], ["security", "--flash", "f" * 90000],
    ["--flash", "", "--tftp", "127.0.0.1"], ["security", "--flash", ""],
    ["--flash"], ["security"], ["status", "--flash"], ["erase", "--flash", "x", "--json"],
    ["unlock"], ["lock", "--flash", "x", "extra"], ["set", "--flash", "x"], ["install", "--flash", "x"],
    ["set", "--flash", "x", "--file-rollback", "maybe"], ["set", "--flash", "x", "--tftp", "a name"],
    ["set", "--flash", "x", "--sha512-sticks", "perhaps"],
    ["set", "--flash", "x", "--srst-clear-fallback", "yes"], ["unlock", "--flash", "x", "--min-load", "1"],
    ["set", "--flash", "x", "--min-load", ""], ["set", "--flash", "x", "--json", "--tftp", "none"],
    ["security", "--flash", "x", "extra"], ["sceurity", "--flash", "x"], [],
])
def test_wrong_usage_is_status_2(args):
    done = run(PHONE, *args)
    assert done.returncode == 2, done.stderr
    assert "ringphone" in done.stderr and done.stdout == ""


def test_help_names_every_option_and_version_is_one_line():
    help_text = run(PHONE, "--help")
    assert help_text.returncode == 0 and help_text.stderr == ""
    source = (Path(__file__).parents[2] / "src/app/ringphone/options.c").read_text()
    for option in re.findall(r'^    \{"([a-z0-9-]+)", (?:no|required)_argument', source, re.M):
        assert f"--{option}" in help_text.stdout, option
    version = run(PHONE, "--version")
    assert re.fullmatch(r"ringphone \d+\.\d+\.\d+\n", version.stdout)


def test_a_folder_that_is_no_phone_fails_with_its_reason(tmp_path):
    with Tftp({}) as server:
        events, status, _ = boot(tmp_path, server.port)
    assert status == 1
    assert named(events, "halted")[0]["code"] == "no-flash"
    for page in (["security"], ["status"], ["erase"], ["unlock"], ["lock"], ["set", "--tftp", "none"],
                 ["install", tmp_path]):
        done = run(PHONE, page[0], "--flash", tmp_path, *page[1:])
        assert done.returncode == 1 and "no identity.json" in done.stderr


def test_a_phone_nobody_knows_boots_waits_and_leaves_on_sigterm(flash):
    with Tftp({}) as server:
        events, status, _ = boot(flash, server.port, until=lambda e: e["event"] == "wait")
    assert status == 0
    assert named(events, "boot")[0]["load"] == "ringphone-1.0"
    assert server.asked[:5] == [f"CTL{NAME}.tlv", f"ITL{NAME}.tlv", "ITLFile.tlv", f"{NAME}.cnf.xml",
                                "XMLDefault.cnf.xml"]
    assert events[-1]["event"] == "stopped"
    assert all(e["device"] == NAME for e in events[1:])
    texts = [m["text"] for m in json.loads(run(PHONE, "status", "--flash", flash, "--json").stdout)
             ["messages"]]
    assert texts[:2] == ["File Not Found CTLFile.tlv", "No Trust List installed"]
    words = run(PHONE, "status", "--flash", flash).stdout
    assert "No Trust List installed" in words


def test_a_mute_server_times_out_and_give_up_is_a_failure(flash):
    with Tftp({}, mute=True) as server:
        events, status, stderr = boot(flash, server.port, "--give-up", "700ms")
    assert status == 1 and "gave up: not registered" in stderr
    assert events[-1]["event"] == "stopped"
    assert server.asked.count(f"CTL{NAME}.tlv") > 1


def test_the_authentication_string_is_not_in_the_list_of_processes(flash):
    with Tftp({}) as server:
        process = subprocess.Popen(
            [str(PHONE), "--flash", str(flash), "--tftp", f"127.0.0.1:{server.port}", "--json",
             "--auth-string", "8642097531", "--log-level", "debug"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            for line in process.stdout:
                if json.loads(line)["event"] == "wait":
                    break
            shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0
    assert b"8642097531" not in shown and b"--auth-string" in shown
    assert "8642097531" not in out + err


def test_firmware_of_a_foreign_factory_is_refused_and_the_flash_unchanged(flash, maker, tmp_path):
    """Without lists a configuration may be unsigned; firmware never is."""
    tool("factory", "init", tmp_path / "other")
    tool("factory", "firmware", "--version", "2.0", "--hardware", "rf-1", "--out",
         tmp_path / "fw-foreign", tmp_path / "other")
    before = {p: p.read_bytes() for p in flash.rglob("*") if p.is_file()}
    files = {p.name: p.read_bytes() for p in (tmp_path / "fw-foreign").iterdir()}
    files[f"{NAME}.cnf.xml"] = config("ringphone-2.0")
    with Tftp(files) as server:
        events, status, _ = boot(flash, server.port, until=lambda e: e["event"] == "load-refused")
    refused = named(events, "load-refused")[0]
    assert refused["file"] == "ringphone-2.0.loads" and refused["code"] == "signer-unknown"
    assert "Checksum Error" in [e["text"] for e in named(events, "status")]
    after = {p: p.read_bytes() for p in flash.rglob("*") if p.is_file() and p.name != "status.json"}
    assert after == {p: b for p, b in before.items() if p.name != "status.json"}


def config(load):
    return (f"<device><deviceProtocol>SCCP</deviceProtocol><devicePool><callManagerGroup><members>"
            f"<member priority='0'><callManager><ports><ethernetPhonePort>1</ethernetPhonePort>"
            f"</ports><processNodeName>127.0.0.1</processNodeName></callManager></member></members>"
            f"</callManagerGroup></devicePool><loadInformation>{load}</loadInformation>"
            f"<deviceSecurityMode>1</deviceSecurityMode></device>").encode()


POINTS = ["image.fetched", "image.cleared", "image.half-written", "image.written", "image.switched"]


@pytest.mark.parametrize("point", POINTS)
def test_sec_06_a_phone_killed_in_an_image_change_boots_one_whole_load(flash, maker, point):
    files = {p.name: p.read_bytes() for p in (maker / "fw-2.0").iterdir()}
    files[f"{NAME}.cnf.xml"] = config("ringphone-2.0")
    with Tftp(files) as server:
        killed = run(PHONE, "--flash", flash, "--tftp", f"127.0.0.1:{server.port}", "--json",
                     env=os.environ | {"RINGFENCE_CRASH_AT": point})
        assert killed.returncode == -signal.SIGKILL, killed.stdout
        page = json.loads(run(PHONE, "security", "--flash", flash, "--json").stdout)
        active = [s for s in page["image"] if s["active"]][0]
        assert active["verified"]
        assert active["load"] == ("ringphone-2.0" if point == POINTS[-1] else "ringphone-1.0")
        events, status, _ = boot(flash, server.port, until=lambda e: e["event"] == "refused")
    assert status == 0
    assert named(events, "boot")[-1]["load"] == "ringphone-2.0"
    assert named(events, "boot")[-1]["version"] == "2.0"


def test_the_security_page_in_words_and_erase(flash):
    page = run(PHONE, "security", "--flash", flash)
    assert page.returncode == 0
    for words in (NAME, "CTL  Not Installed", "MIC  Installed", "LSC  Not Installed",
                  "slot A (runs)  ringphone-1.0.loads"):
        assert words in page.stdout
    locked = run(PHONE, "erase", "--flash", flash)
    assert locked.returncode == 1 and "locked" in locked.stderr and locked.stdout == ""
    assert run(PHONE, "unlock", "--flash", flash).returncode == 0
    assert run(PHONE, "erase", "--flash", flash).returncode == 0
    assert "Erasing CTL and ITL files" in run(PHONE, "status", "--flash", flash).stdout


def test_what_a_phone_keeps_is_set_once_it_is_unlocked_sec_28(flash):
    words = ["set", "--flash", flash, "--min-load", "1.0", "--file-rollback", "reject",
             "--sha512-sticks", "yes", "--srst-clear-fallback", "allow"]
    assert run(PHONE, *words).returncode == 1
    assert run(PHONE, "unlock", "--flash", flash).returncode == 0
    assert run(PHONE, *words).returncode == 0
    page = json.loads(run(PHONE, "security", "--flash", flash, "--json").stdout)
    assert page["options"] == {"min_load_version": "1.0", "file_rollback": "reject",
                               "sha512_sticks": True, "srst_clear_fallback": "allow", "tftp": ""}
    assert page["settings"] == "unlocked"
    assert run(PHONE, "lock", "--flash", flash).returncode == 0
    assert run(PHONE, "set", "--flash", flash, "--min-load", "none").returncode == 1
    page = json.loads(run(PHONE, "security", "--flash", flash, "--json").stdout)
    assert page["settings"] == "locked" and page["options"]["min_load_version"] == "1.0"


def test_a_stored_server_is_asked_whatever_the_phone_is_told_sec_28(flash):
    with Tftp({}) as server, Tftp({}) as other:
        assert run(PHONE, "--flash", flash).returncode == 2  # nobody tells it, and none is stored
        assert run(PHONE, "unlock", "--flash", flash).returncode == 0
        assert run(PHONE, "set", "--flash", flash, "--tftp",
                   f"127.0.0.1:{server.port}").returncode == 0
        boot(flash, other.port, until=lambda e: e["event"] == "wait")
        assert server.asked and other.asked == []


def test_a_user_installs_firmware_that_is_signed_and_no_other_sec_01_sec_02(maker, flash):
    done = json.loads(run(PHONE, "install", "--flash", flash, "--json", maker / "fw-2.0").stdout)
    assert (done["load"], done["version"], done["slot"]) == ("ringphone-2.0.loads", "2.0", "B")
    page = json.loads(run(PHONE, "security", "--flash", flash, "--json").stdout)
    assert [s["load"] for s in page["image"] if s["active"]] == ["ringphone-2.0"]
    assert run(PHONE, "install", "--flash", flash, *(maker / "fw-1.0").iterdir()).returncode == 0
    part = bytearray((maker / "fw-2.0" / "rfsnd.2.0.sbn").read_bytes())
    part[-1] ^= 1
    changed = flash.parent / "changed"
    shutil.copytree(maker / "fw-2.0", changed)
    (changed / "rfsnd.2.0.sbn").write_bytes(part)
    before = {path: path.read_bytes() for path in sorted(flash.rglob("*")) if path.is_file()}
    refused = run(PHONE, "install", "--flash", flash, changed)
    assert refused.returncode == 1 and "rfsnd.2.0.sbn" not in refused.stdout
    after = {path: path.read_bytes() for path in sorted(flash.rglob("*")) if path.is_file()}
    status = flash / "status.json"
    assert before.pop(status) != after.pop(status) and before == after


def test_the_key_of_firmware_is_changed_and_the_old_one_is_refused_sec_04(maker, flash, tmp_path):
    factory = tmp_path / "factory"
    shutil.copytree(maker / "factory", factory)

    def firmware(version):
        tool("factory", "firmware", "--version", version, "--hardware", "rf-1", "--out",
             tmp_path / version, factory)
        return tmp_path / version

    def install(folder, status=0):
        done = run(PHONE, "install", "--flash", flash, folder)
        assert done.returncode == status, done.stderr
        with Tftp({}) as server:
            events, _, _ = boot(flash, server.port, until=lambda e: e["event"] == "wait")
        return named(events, "boot")[0]["version"], named(events, "image-keys")

    by_old = firmware("1.5")
    tool("factory", "image-key", "--next", factory)
    version, keys = install(firmware("2.0"))
    assert version == "2.0" and [(k["generation"], k["keys"]) for k in keys] == [(1, 2)]
    tool("factory", "image-key", "--retire", factory)
    # Power fails while the keys are taken over: the next boot runs 3.0, and has them.
    assert run(PHONE, "install", "--flash", flash, firmware("3.0")).returncode == 0
    with Tftp({}) as server:
        killed = run(PHONE, "--flash", flash, "--tftp", f"127.0.0.1:{server.port}",
                     env=os.environ | {"RINGFENCE_CRASH_AT": "image.keys"})
    assert killed.returncode == -signal.SIGKILL
    version, keys = install(firmware("3.0"))
    assert version == "3.0" and keys == []
    assert install(by_old, status=1) == ("3.0", [])
    page = json.loads(run(PHONE, "security", "--flash", flash, "--json").stdout)
    assert page["image_keys"]["generation"] == 2 and len(page["image_keys"]["keys"]) == 1


def test_a_phone_whose_keys_others_may_read_does_not_start(flash):
    (flash / "mic.pem").chmod(0o644)
    with Tftp({}) as server:
        events, status, _ = boot(flash, server.port)
    assert status == 1 and named(events, "halted")[0]["code"] == "key-mode"
    assert server.asked == []


def test_a_wav_that_is_none_fails_before_the_phone_starts(flash, tmp_path):
    (tmp_path / "in.wav").write_bytes(b"RIFF")
    done = run(PHONE, "--flash", flash, "--tftp", "127.0.0.1:9", "--play", tmp_path / "in.wav")
    assert done.returncode == 1 and done.stdout == ""
    assert "in.wav" in done.stderr and "RIFF header" in done.stderr


def test_the_resident_memory_is_under_twenty_megabytes(flash):
    """In a build without sanitizers; with them only that it runs."""
    if "asan" in str(BUILD) or "tsan" in str(BUILD):
        limit = 2000
    else:
        limit = 20
    with Tftp({}) as server:
        process = subprocess.Popen([str(PHONE), "--flash", str(flash), "--tftp",
                                    f"127.0.0.1:{server.port}", "--json"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            for line in process.stdout:
                if json.loads(line)["event"] == "wait":
                    break
            status = Path(f"/proc/{process.pid}/status").read_text()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        finally:
            process.kill()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024
    print(f"ringphone: {resident:.1f} MB resident")
    assert resident < limit
