# SPDX-License-Identifier: Apache-2.0
"""./try itself, without its build: it holds, it says when something does not, and it leaves nothing."""
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import rig

MAIN = rig.ROOT / "tools/try/main.py"
FEATURES = ("image authentication", "customer-site certificate installation",
            "device authentication", "file authentication", "signaling authentication",
            "manufacturing installed certificate", "secure SRST reference", "media encryption",
            "signaling encryption", "CAPF")


def start(folder, *words, **env):
    """Its temporary folder is made in `folder`, so that what it leaves is seen. It can be interrupted,
    though whoever runs the tests may have been started in the background."""
    return subprocess.Popen(
        [sys.executable, "-B", str(MAIN), *words], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "RINGFENCE_BUILD": str(rig.BUILD), "TMPDIR": str(folder),
             "PYTHONIOENCODING": "utf-8", **env})


def end(child):
    try:
        output, _ = child.communicate(timeout=120)
    finally:
        child.kill()
    return child.returncode, output


def rows(output):
    """{feature: (mark, sentences)} of the table."""
    found, name, mark, text = {}, [], "", []
    for line in output.splitlines():
        m = re.match(r"  ([✓✗–]) (.{16})  (- .*)$", line) or re.match(r"(    )(.{16})  (.*)$", line)
        if m:
            mark = m.group(1).strip() or mark
            name.append(m.group(2).strip())
            text.append(m.group(3).strip())
        elif name and re.match(r"    \S", line):
            name.append(line.strip())
        elif name and not line.strip():
            found[" ".join(filter(None, name))] = (mark, " ".join(text))
            name, text = [], []
    return found


def strays(folder):
    """Processes that have a file below this folder on their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read()
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(words.replace(b"\0", b" ").decode())
    return found


def test_everything_holds(tmp_path):
    status, output = end(start(tmp_path))
    table = rows(output)
    assert status == 0, output
    assert tuple(table) == FEATURES, output
    assert all(mark == "✓" for mark, _ in table.values()), output
    assert "10 features: 10 held, 0 not yet." in output
    assert "A called B in the branch: encrypted" in table["secure SRST reference"][1]
    assert "NULL" in table["signaling authentication"][1]
    assert "until it was switched on for C" in table["signaling authentication"][1]
    assert output.count("- attacked: ") + output.count("attack: ") >= 20
    assert "\033" not in output
    assert os.listdir(tmp_path) == [] and strays(tmp_path) == []


def test_an_attack_that_is_let_in_is_told(tmp_path):
    status, output = end(start(tmp_path, RINGFENCE_SKIP_CHECKS="file.name"))
    mark, text = rows(output)["file authentication"]
    assert status == 1, output
    assert mark == "✗"
    assert "DID NOT HOLD: attacked: another phone's configuration: was not refused" in text


@pytest.mark.parametrize("number,status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
                         ids=["ctrl-c", "terminated"])
def test_stopped_half_way_it_leaves_nothing(tmp_path, number, status):
    child = start(tmp_path)
    for line in child.stdout:
        if "phone B boots" in line:
            break
    child.send_signal(number)
    got, output = end(child)
    assert got == status, output
    assert os.listdir(tmp_path) == [] and strays(tmp_path) == []


def test_killed_it_takes_its_programs_along(tmp_path):
    child = start(tmp_path)
    for line in child.stdout:
        if "phone B boots" in line:
            break
    child.kill()
    end(child)
    until = time.monotonic() + 10
    while strays(tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    assert strays(tmp_path) == []


def test_a_failure_names_step_and_log_and_keeps_them(tmp_path):
    child = start(tmp_path)
    for line in child.stdout:
        if "phone B registers" in line:
            break
    pid = next(pid for pid in filter(str.isdigit, os.listdir("/proc"))
               if _is_phone_b(pid, tmp_path))
    os.kill(int(pid), signal.SIGKILL)
    status, output = end(child)
    assert status == 1, output
    assert "phone B has ended (status -9) without saying: " in output
    logs = re.search(r"Everything is kept in (\S+), the logs in (\S+)\.$", output, re.M)
    assert os.path.exists(f"{logs.group(2)}/phone-B.out")
    assert strays(tmp_path) == []


def _is_phone_b(pid, folder):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read()
    except OSError:
        return False
    return str(folder).encode() in words and b"heard-by-B.wav" in words
