# SPDX-License-Identifier: Apache-2.0
"""What the tests of `ringfence file`, `list` and `image` share: the fixtures of another implementation,
and running a command that accepts or refuses."""
import os
import subprocess
import sys

import pytest

import rig

MADE = rig.ROOT / "tests/data/fixtures/made"
KEYS = rig.ROOT / "tests/data/fixtures/keys"
CLEAR = MADE / "clear.cnf.xml"
SGN, ENC = "SEP001122334455.cnf.xml.sgn", "SEP001122334455.cnf.xml.enc.sgn"
ITL = "ITLFile.tlv"


def pem(name):
    return KEYS / f"{name}.pem"


def refused(*words, code, **rest):
    """The command says no with this code, in JSON and in words on standard error."""
    for _ in range(3):  # a reason may name the time of now, and a second may pass in between
        answer = rig.ringfence(*words, "--json", status=1, **rest)
        assert answer["ok"] is False and answer["code"] == code, answer
        plain = rig.ringfence(*words, status=1, **rest)
        assert plain.stdout == ""
        if answer["reason"] in plain.stderr:
            return answer
    raise rig.Failed(f"{answer['reason']} is not in {plain.stderr}")


def refused_any(*words):
    answer = rig.ringfence(*words, "--json", status=1)
    assert answer["ok"] is False and answer["reason"]
    return answer


def accepted(*words, **rest):
    answer = rig.ringfence(*words, "--json", **rest)
    assert answer["ok"] is True
    assert rig.ringfence(*words, **rest).stderr == ""
    return answer


@pytest.fixture
def put(tmp_path):
    """Bytes as a file of this name."""
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return path
    return write


def changed(data, at, bit=0):
    out = bytearray(data)
    out[at] ^= 1 << bit
    return bytes(out)


# In a small process of its own: what a child is started from counts as the child's own peak.
WATCH = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
sys.stderr.write(f"\\npeak {used.ru_maxrss} KiB\\n")
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


def peak_kib(*words, status=0, stdin=None, env=None):
    """Run `ringfence` with these words; returns the most memory it had, in KiB."""
    done = subprocess.run([sys.executable, "-S", "-c", WATCH, rig.program("ringfence"),
                           *map(str, words)], stdin=stdin, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False,
                          env=dict(os.environ, **(env or {})))
    said = done.stderr.decode(errors="replace")
    assert done.returncode == status, said
    return int(said.rsplit("peak ", 1)[1].split()[0])
