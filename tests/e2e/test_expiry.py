# SPDX-License-Identifier: Apache-2.0
"""Certificates that end: told once, by event and in the status, and LSCs that are due."""
import contextlib
import shutil
import sqlite3
import time

import rig

A = rig.A
DAY = 86400

CA = """[ca]
default_ca = this
[this]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
x509_extensions = root
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
"""


def root(folder, name, since_days, left_days):
    """A manufacturer's root that was made so long ago, by another program than ours."""
    folder.mkdir(exist_ok=True)
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(CA.format(folder=folder))
    key, request, cert = (folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
    rig.run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    dates = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * DAY))
             for days in (-since_days, left_days)]
    rig.run("openssl", "ca", "-config", folder / "ca.cnf", "-batch", "-notext", "-selfsign",
            "-keyfile", key, "-in", request, "-out", cert,
            "-startdate", dates[0], "-enddate", dates[1])
    return cert


def warnings(site):
    return {(e["code"], e["text"].split(" (")[0]) for e in site.events()
            if e["category"] == "expiry"}


def test_sec_112_what_ends_is_told_once_and_shown_with_what_to_do(trusting_site, factory, tmp_path):
    site = trusting_site
    for name, left in (("Soon", 20.5), ("Over", -3.5), ("Far", 400)):
        shutil.copy(root(tmp_path / "ca", name, 500, left), site.folder / "trust/mic-roots")
    site.configure(lsc_days=5)
    site.start()
    site.event_wait("ended", text="MIC root")
    site.event_wait("ends-30-days", text="MIC root")
    assert warnings(site) == {("ends-30-days", "MIC root CN=Soon"), ("ended", "MIC root CN=Over")}
    site.device_add(A)
    with factory.phone(A).start(site, "--auth-string", site.capf_install(A)) as phone:
        phone.wait("registered")
    ending = site.cli("status", "--json")["ending"]
    seen = [(one["kind"], one["subject"] or one["device"], one["days_left"]) for one in ending]
    assert seen == [("MIC root", "CN=Over", -4), ("LSC", A, ending[1]["days_left"]),
                    ("MIC root", "CN=Soon", 20)]
    assert ending[1]["days_left"] in (4, 5)
    assert ending[1]["next"] == f"`ringfence capf install {A} --auth lsc`"
    assert "nobody" not in site.log_text()
    # A new start says nothing new.
    site.stop()
    site.start()
    site.cli("status")
    assert len([e for e in site.events() if e["category"] == "expiry"]) == 2
    assert site.cli("capf", "due", "--json") == {"due": []}
    assert "no LSC is due" in site.cli("capf", "due").stdout
    site.stop()


def test_sec_112_an_lsc_is_due_and_the_phone_gets_a_new_one(office):
    site = office.site
    with contextlib.closing(sqlite3.connect(site.folder / "db/ringfence.db")) as db:
        with db:  # as if it had been issued years ago
            db.execute("UPDATE device_cert SET not_before_s = not_before_s - 2 * "
                       "(not_after_s - not_before_s) WHERE kind = 0 AND device = ?", (A,))
    site.start()
    due = site.cli("capf", "due", "--json")["due"]
    assert [(one["device"], one["state"]) for one in due] == [(A, "due")]
    assert A in site.cli("capf", "due").stdout
    site.capf_install(A, auth="lsc")
    office.a.start(site)
    office.a.wait("enrol-done", outcome="installed", confirmed=True)
    assert site.cli("capf", "due", "--json")["due"] == []
    office.a.stop()
    site.stop()
