# SPDX-License-Identifier: Apache-2.0
"""The benches of TLS and media run, find numbers, and leave nothing behind. What the numbers are is no matter here:
they run for a moment only, with the build that is tested."""
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"
BRIEFLY = {
    "handshakes": (["--rounds", "1", "--seconds", "1", "--clients", "4", "--keys", "ec"],
                   ["P-256, TLS 1.2, full", "P-256, TLS 1.3, resumed", "resumed / full"]),
    "enrolments": (["--rounds", "1", "--devices", "20", "--clients", "4"],
                   ["openssl speed rsa2048", "the least server", "enrolments, mic"]),
    "tvs": (["--rounds", "1", "--seconds", "1", "--connections", "1", "20"],
            ["connections: 1 ", "connections: 20 "]),
    "bridge": (["--rounds", "1", "--seconds", "1", "--legs", "16", "--only", "1"],
               ["AES_CM_128_HMAC_SHA1_32, u-law"]),
    "soak": (["--phones", "6", "--seconds", "5", "--calls", "120", "--talk", "1"],
             ["records", "memory, last fifth"]),
    "idle": (["--phones", "40", "--parts", "2"],
             ["the bare library", "ringfenced, up to 20 registered", "ringfenced, up to 40 registered"]),
    "registrations": (["--rounds", "1", "--seconds", "1", "--clients", "4", "--phones", "40"],
                      ["TLS 1.2, full", "TLS 1.3, resumed"]),
    "router": (["--rounds", "1", "--seconds", "1", "--clients", "4", "--phones", "40", "--held", "20"],
               ["TLS 1.2, full", "kB with 20 phones"]),
    "calls": (["--pairs", "4", "--seconds", "1"], ["a CPU second of ringfenced", "off hook", "records"]),
}


@pytest.fixture
def place():
    """A short path: the name of a socket has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="rf-") as folder:
        yield Path(folder)


def bench(name, *words, folder):
    return subprocess.run([BENCH / name, *words], capture_output=True, text=True, check=False,
                          timeout=300, env=dict(os.environ, TMPDIR=str(folder)))


@pytest.mark.parametrize("name", BRIEFLY)
def test_a_bench_measures_and_leaves_nothing_behind(name, place):
    if "RINGFENCE_BUILD" not in os.environ:
        pytest.skip("RINGFENCE_BUILD names no build")
    words, lines = BRIEFLY[name]
    done = bench(name, *words, folder=place)
    # 1: slower than wanted, as builds for tests are.
    assert done.returncode in (0, 1), done.stdout + done.stderr
    for line in lines:
        assert line in done.stdout, done.stdout + done.stderr
    assert done.stderr == ""
    assert not list(place.iterdir())


@pytest.mark.parametrize("name", BRIEFLY)
def test_a_bench_says_what_it_measures(name, place):
    done = bench(name, "--help", folder=place)
    assert done.returncode == 0 and "--" in done.stdout and len(done.stdout) > 300
