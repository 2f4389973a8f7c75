# SPDX-License-Identifier: Apache-2.0
"""What `meson install` puts where, and that it is fit for use there."""
import os
import re
import stat
from pathlib import Path

import pytest

import rig


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    rig.run("meson", "install", "-C", rig.BUILD, "--no-rebuild", "--destdir", root, "--quiet",
            env={"PATH": "/usr/bin:" + os.environ["PATH"]}, timeout=300)
    return root


def only(root, pattern):
    found = [path for path in root.rglob(pattern) if path.is_file()]
    assert len(found) == 1, found
    return found[0]


def test_programs_run_from_where_they_are_put(installed):
    for name in ("ringfence", "ringfenced", "ringphone"):
        path = next(path for path in installed.rglob(name) if path.parent.name == "bin")
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
        assert re.search(r"\d+\.\d+\.\d+", rig.run(path, "--version").stdout)


def test_manual_pages_and_completion(installed):
    for name in ("ringfence.1", "ringphone.1", "ringfenced.8"):
        assert ".TH" in only(installed, name).read_text()
    completion = next(path for path in installed.rglob("ringfence")
                      if path.parent.name == "completions")
    rig.run("bash", "-n", completion)
    assert "capf" in completion.read_text()


def test_the_unit_waits_as_long_as_the_server_takes(installed):
    """All waits for a locked database in turn, and time for all else."""
    unit = (installed / "usr/lib/systemd/system/ringfenced.service").read_text()
    drains_ms = [int(re.search(r"^#define DRAIN_MS +(\d+)", (rig.ROOT / "src/app/ringfenced" /
                                                            name).read_text(), re.M)[1])
                 for name in ("calls.c", "event_queue.c", "records.c")]
    timeout_s = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M)[1])
    assert timeout_s >= sum(drains_ms) / 1000 + 30


def test_the_unit_starts_what_was_installed(installed):
    unit = (installed / "usr/lib/systemd/system/ringfenced.service").read_text()
    program = re.search(r"^ExecStart=(\S+) --site (\S+) --user (\S+)$", unit, re.M)
    assert (installed / program[1].lstrip("/")).is_file()
    assert "@" not in unit.split("[Service]")[1].replace("~@", "").replace("=@", "").replace(
        " @", "")
    users = (installed / "usr/lib/sysusers.d/ringfence.conf").read_text()
    assert re.search(rf"^u {program[3]} ", users, re.M)
    folders = (installed / "usr/lib/tmpfiles.d/ringfence.conf").read_text()
    assert re.search(rf"^d {program[2]} 0755 {program[3]} {program[3]} -$", folders, re.M)
    assert re.search(r"^ReadWritePaths=" + program[2] + "$", unit, re.M)
    link = re.search(r"^L (\S+) - - - - (\S+)$", folders, re.M)
    target = os.path.normpath(Path(link[1]).parent / link[2])
    assert target == f"{program[2]}/ringfence.conf"
