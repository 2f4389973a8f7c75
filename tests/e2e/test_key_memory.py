# SPDX-License-Identifier: Apache-2.0
"""Who has which private key in its memory, after files were signed and certificates issued: the
process that talks to the network has none that others have to trust, the signer has its two, and
the keys of trust lists are with neither."""
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

import keysearch
import rig

PASSPHRASE = "for a search in memory"
ELSEWHERE = ("sast1", "sast2", "lsc-issuer", "tftp")  # never in the network process
SIGNERS = ("lsc-issuer", "tftp")
TLS = ("ccm", "capf")

pytestmark = pytest.mark.skipif(not keysearch.byte_order_fits(),
                                reason="wants a 64-bit little-endian machine")


@pytest.fixture(scope="module")
def made_site_with_passphrase(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    (folder / "passphrase").write_text(f"{PASSPHRASE}\n")
    rig.ringfence("init", "--site", folder / "site", "--sast2-passphrase-file",
                  folder / "passphrase", "--set", "sccp_port=0", "--set", "capf_port=0", "--set",
                  "tftp_port=0", "--set", "http_port=0", "--set", "https_port=0",
                  "--set", "tvs_port=0")
    return folder / "site"


@pytest.fixture
def working(tmp_path, made_site_with_passphrase, made_factory):
    """A site whose server, since its start, signed configurations and issued a certificate, and has
    two phones registered. Its second SAST is still there, which is worse than it should be."""
    office = rig.Office(tmp_path / "office", made_site_with_passphrase, made_factory)
    office.open().close()
    office.site.start()
    office.site.capf_install(office.b.device, "mic")
    for phone in (office.a, office.b):
        phone.start(office.site)
        phone.wait("registered")
    assert office.b.seen("enrol-done", outcome="installed")
    assert office.a.seen("config", verified=True) and office.b.seen("config", verified=True)
    return office.site


def needles(site, names):
    return [one for name in names for one in keysearch.needles(
        site.folder / f"keys/{name}.pem", PASSPHRASE if name == "sast2" else None)]


@contextmanager
def stopped(pid):
    """Nothing moves while we look."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def keys_found(site, pid, names):
    """Of which of these keys something is in the memory of the process: {file: [what and where]}."""
    try:
        with stopped(pid):
            found, seen_bytes = keysearch.search(pid, needles(site, names))
    except PermissionError as problem:
        if os.geteuid() == 0:
            raise
        pytest.skip(f"needs root: reads the memory of another process ({problem.strerror})")
    assert seen_bytes > 4 << 20, "that is not the memory of a server"
    files = {}
    for what, address, mapping in found:
        files.setdefault(what.split(":")[0], []).append(f"{what} at {address:#x} in {mapping}")
    return files


HOLDER = """
import base64, re, sys, time
text = open(sys.argv[1]).read()
key = base64.b64decode(re.search("PRIVATE KEY-----(.*?)-----END", text, re.S).group(1))
text = None if sys.argv[2] == "der" else text
shifted = [bytes(n) + key for n in range(8)] if sys.argv[2] == "der" else None
key = None
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("form, kind", [("pem", "a line of its PEM"), ("der", "big-endian")])
def test_the_search_finds_a_key_as_files_have_it(made_site, form, kind):
    pem = made_site / "keys/tftp.pem"
    with subprocess.Popen([sys.executable, "-c", HOLDER, pem, form],
                          stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        found, _ = keysearch.search(child.pid, keysearch.needles(pem))
        child.kill()
    wanted = [one.what for one in keysearch.needles(pem) if kind in one.what]
    assert len(wanted) > 15
    assert set(wanted) <= {what for what, _, _ in found}


def test_network_process_has_no_signing_key(working):
    assert keys_found(working, working.pid, ELSEWHERE) == {}
    # The same search finds what is there: a handshake needs the TLS keys.
    assert set(keys_found(working, working.pid, TLS)) == {"ccm.pem", "capf.pem"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the signer is not dumpable")
def test_signer_has_its_two_keys_and_no_other(working):
    found = keys_found(working, working.status()["signer_pid"], ELSEWHERE + TLS)
    assert set(found) == {"lsc-issuer.pem", "tftp.pem"}
    # Of each, the primes that it signs with, as OpenSSL keeps numbers.
    for file in found:
        for prime in ("prime1", "prime2"):
            assert any(f"{prime}, little-endian" in one for one in found[file]), found[file]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the signer is not dumpable")
def test_nobody_but_root_reads_the_signer(working):
    """The same search as an ordinary user, and as the user whom the signer became."""
    signer = working.status()["signer_pid"]
    for uid in (os.stat(f"/proc/{signer}/status").st_uid, 65534, 12345):
        if uid == 0:
            continue
        child = os.fork()
        if child == 0:
            try:
                os.setresuid(uid, uid, uid)
                open(f"/proc/{signer}/mem", "rb").close()
                os._exit(1)
            except PermissionError:
                os._exit(0)
            except OSError:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
