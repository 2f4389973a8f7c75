# SPDX-License-Identifier: Apache-2.0
"""A centre or its router is taken back to an earlier state, by a backup or by a copy of its folder: the
branch works by what the centre has, and each of its calls is there once. Records are put into the
router's database here, as its own calls are."""
import contextlib
import shutil
import sqlite3
import time

import pytest

import branch
import rig
from rig import A, B

C = "SEP0000000000C1"
BACK_S = 40  # the centre is looked for every few seconds


class Pair:
    """A centre and its router, which knows A and B."""

    def __init__(self, folder, office):
        self.folder, self.centre = folder, office.site
        self.centre.configure(**branch.CENTRE)
        self.centre.start()
        self.router = branch.Router(folder / "router", "branch1", listen="127.0.0.2")
        self.router.start()
        branch.join(self.centre, self.router, "127.0.0.1", "127.0.0.2")
        self.centre.cli("srst", "use", "branch1")
        self.await_devices(2)
        self.now_s = int(time.time()) - 100
        (folder / "secret").write_text("a passphrase of the test\n")

    def await_devices(self, count):
        rig.wait_until(lambda: f"{count} devices there: {self.router.log_text()[-2000:]}",
                       lambda: self.router.status()["devices"] == count, BACK_S)

    def backup(self, site):
        out = self.folder / f"{site.folder.name}.backup"
        site.cli("backup", "--out", out, "--passphrase-file", self.folder / "secret")
        return out

    def restore(self, site, backup):
        shutil.rmtree(site.folder)
        rig.ringfence("restore", backup, "--site", site.folder, "--passphrase-file",
                      self.folder / "secret")

    def calls(self, *numbers):
        """The branch has calls with these numbers."""
        with contextlib.closing(sqlite3.connect(self.router.folder / "db/ringfence.db",
                                                timeout=30)) as db, db:
            for number in numbers:
                db.execute(
                    "INSERT INTO call_record (run, call, start_s, answered_s, end_s, code, cause, security,"
                    " codec, calling_device, calling_number, calling_name, calling_signalling, calling_srtp,"
                    " calling_cert, called_device, called_number, called_name, called_signalling,"
                    " called_srtp, called_cert, original_number, redirecting_number, by_device) VALUES"
                    " (1, ?1, ?4, ?4 + 1, ?4 + ?1, 16, 'normal', 'encrypted', 'G722',"
                    " ?2, '2001', '', 'encrypted', '', x'', ?3, '2002', '', 'encrypted', '', x'', '', '', '')",
                    (number, A, B, self.now_s))

    def taken(self):
        """Numbers of the branch's calls that the centre has."""
        return sorted(c["call"] for c in self.centre.api("GET", "/v1/calls/history")["calls"]
                      if c["origin"] == "branch1")

    def await_taken(self, *numbers):
        rig.wait_until(lambda: f"{numbers}: {self.taken()} {self.router.log_text()[-2000:]}",
                       lambda: self.taken() == list(numbers), BACK_S)


@pytest.fixture
def pair(tmp_path, office):
    return Pair(tmp_path, office)


def test_a_restored_centre_takes_its_router_back_with_it(pair):
    backup = pair.backup(pair.centre)
    pair.centre.device_add(C, ["2003"])
    pair.await_devices(3)
    later = branch.reference(pair.centre, "branch1")["serial"]
    pair.centre.stop()
    pair.restore(pair.centre, backup)
    pair.centre.start()
    pair.await_devices(2)
    assert branch.reference(pair.centre, "branch1")["serial"] > later
    assert [e for e in pair.router.events() if e["code"] == "snapshot-older"] == []
    # And it goes on from there.
    pair.centre.device_add(C, ["2004"])
    pair.await_devices(3)


def test_a_restored_router_loses_no_call_and_none_comes_twice(pair):
    """Two calls were sent when the backup is made, one is not, and two come after it; numbers begin again
    behind the third."""
    pair.calls(1, 2)
    pair.await_taken(1, 2)
    pair.centre.stop()
    pair.calls(3)
    backup = pair.backup(pair.router)
    pair.centre.start()
    pair.calls(4, 5)
    pair.await_taken(1, 2, 3, 4, 5)
    pair.router.stop()
    pair.restore(pair.router, backup)
    pair.router.start()
    pair.calls(14, 15, 16)
    pair.await_taken(1, 2, 3, 4, 5, 14, 15, 16)
    assert [e for e in pair.centre.events() if e["code"] == "branch-epoch"] == []


def test_a_router_whose_machine_was_taken_back_loses_no_call(pair):
    """As a snapshot of a virtual machine does it: nobody says so, and the router does not know."""
    pair.calls(1, 2)
    pair.await_taken(1, 2)
    pair.router.stop()
    shutil.copytree(pair.router.folder, pair.folder / "copy", symlinks=True)
    pair.router.start()
    pair.calls(3, 4)
    pair.await_taken(1, 2, 3, 4)
    pair.router.stop()
    shutil.rmtree(pair.router.folder)
    (pair.folder / "copy").rename(pair.router.folder)
    pair.router.start()
    assert [e for e in pair.centre.events() if e["code"] == "branch-epoch"] == []
    pair.calls(13, 14, 15)
    pair.await_taken(1, 2, 3, 4, 13, 14, 15)
    for site in (pair.centre, pair.router):
        site.event_wait("branch-epoch")
    pair.calls(16)
    pair.await_taken(1, 2, 3, 4, 13, 14, 15, 16)
    assert len([e for e in pair.centre.events() if e["code"] == "branch-epoch"]) == 1
