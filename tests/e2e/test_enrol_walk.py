# SPDX-License-Identifier: Apache-2.0
"""An enrolment, disturbed at each of its steps: at every record of the CAPF link in either direction the
link is cut, or the phone or the server is killed, with that record lost; and either program is killed at
each of its named points. Afterwards the phone has a certificate that counts, registers, the operation is
done or still scheduled, and at no time is more than one LSC in force.

./check runs a few of the steps, RINGFENCE_WALK=all each of them."""
import os

import pytest

import proxy
import rig
from proxy import TO_CLIENT, TO_SERVER
from test_killed_phone import CAPF_POINTS, CRASH, ENROL_POINTS, die_at, lscs, operation, public_keys

# Records of application data of a session: of the phone its part of the handshake, its name, its key,
# "stored"; of the server four of the handshake, four messages. test_no_step_is_left_out counts them.
RECORDS = {TO_SERVER: 4, TO_CLIENT: 8}
STEPS = [(what, way, n) for way in (TO_SERVER, TO_CLIENT) for n in range(1, RECORDS[way] + 1)
         for what in ("cut", "kill phone", "kill server")]
STEPS += [("phone dies", "enrol", point) for point in ENROL_POINTS]
STEPS += [("server dies", "capf", point) for point in CAPF_POINTS]
FEW = [("cut", TO_SERVER, 4), ("kill server", TO_SERVER, 3), ("kill phone", TO_CLIENT, 7),
       ("server dies", "capf", "confirmed")]
ALL = os.environ.get("RINGFENCE_WALK") == "all"
PHONES = {"first": rig.A, "renewal": rig.B}
# The proxies' address: of this process alone, since the servers' ports must be free there too.
PROXY = f"127.64.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"

pytestmark = pytest.mark.walk


class Disturber(proxy.Proxy):
    """Loses one record and the link with it, and does something at that moment."""

    def disturb(self, way, nth, act=lambda: None):
        def lose(_):
            act()
            raise OSError("cut")
        self.records = {TO_SERVER: 0, TO_CLIENT: 0}
        self._order(way, nth, lose)


class Walk:
    """A site behind proxies, so that its links can be cut; ports that stay when it starts again."""

    def __init__(self, folder, like=None, factory=None):
        if like is None:
            self.factory = rig.Factory(folder / "factory", like=factory)
            self.site = rig.Site(folder / "site", listen="127.0.0.1", advertise=PROXY,
                                 keepalive_s=1, tftp_retry_ms=200)
            self._make()
        else:
            self.factory = rig.Factory(folder / "factory", like=like / "factory")
            self.site = rig.Site(folder / "site", like=like / "site")
        flashes = self.factory.folder / "phones"
        self.phones = {name: rig.Phone(flashes / name, name) for name in (rig.A, rig.B)}
        self.capf = self.sccp = None

    def _make(self):
        self.site.cli("mic", "import", self.factory.roots)
        self.site.cli("image", "import", *self.factory.firmware_files("1.0"))
        with self.open():
            for i, name in enumerate((rig.A, rig.B)):
                self.factory.phone(name)
                self.site.device_add(name, lines=[f"{2001 + i},x,x"], load="ringphone-1.0",
                                     **{"encrypt-config": "off"})
            self.site.capf_install(rig.B, "mic")
            with rig.Phone(self.factory.folder / "phones" / rig.B, rig.B).start(self.site) as phone:
                phone.wait("registered")

    def open(self):
        site = self.site.start()
        ports = site.ports
        site.configure(**{f"{name}_port": ports[name] for name in ("capf", "tftp", "http", "https",
                                                                    "tvs")},
                       sccp_port=ports["sccp_tls"] - 443)
        self.capf = Disturber((PROXY, ports["capf"]), ("127.0.0.1", ports["capf"]))
        self.sccp = proxy.Proxy((PROXY, ports["sccp_tls"]), ("127.0.0.1", ports["sccp_tls"]))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.capf.close()
        self.sccp.close()
        self.site.stop()
        self.site.configure(capf_port=0, tftp_port=0, http_port=0, https_port=0, tvs_port=0,
                            sccp_port=0)


@pytest.fixture(scope="module")
def made_walk(tmp_path_factory, made_factory):
    folder = tmp_path_factory.mktemp("walk")
    before = list(rig.Process.everyone)
    walk = Walk(folder, factory=made_factory)
    rig.Process.everyone[:] = before
    yield folder  # for as long its site holds the ports, which every copy of it comes back to
    del walk


@pytest.fixture
def walk(tmp_path, made_walk):
    with Walk(tmp_path, like=made_walk).open() as walk:
        yield walk
        for phone in walk.phones.values():
            phone.kill()


def schedule(walk, kind):
    name = PHONES[kind]
    walk.site.cli("capf", "install", name, "--auth", "lsc", "--key", "ec")  # "LSC, else MIC"
    return walk.phones[name]


def check_whole(walk, phone):
    """What must hold at any time, whatever was lost."""
    pem = phone.flash / "lsc.pem"
    if pem.exists():
        key, certificate = public_keys(pem)
        assert key == certificate
    key, certificate = public_keys(phone.flash / "mic.pem")
    assert key == certificate
    states = list(lscs(walk.site, phone.device).values())
    assert states.count("confirmed") <= 1
    assert operation(walk.site, phone.device)[0] in ("install", "none")
    return states


def disturb(walk, phone, step):
    """Returns when it has happened, and what was killed runs again."""
    what, way, at = step
    site = walk.site
    if what == "phone dies":
        phone.env[CRASH] = f"{way}.{at}"
        phone.start(site)
        die_at(phone, f"{way}.{at}")
        check_whole(walk, phone)
    elif what == "server dies":
        site.stop()
        site.env[CRASH] = f"{way}.{at}"
        site.start()
        phone.start(site)
        die_at(site, f"{way}.{at}")
        site.start()
    else:
        act = {"cut": lambda: None, "kill phone": phone.kill, "kill server": site.kill}[what]
        walk.capf.disturb(way, at, act)
        phone.start(site)
        assert walk.capf.done.wait(rig.PATIENCE), "that record never came"
        if what == "kill server":
            site.kill()  # once more: until it has ended
            site.start()
        if what == "kill phone":
            phone.kill()
            check_whole(walk, phone)
    if not phone.is_running():
        phone.start(site)


@pytest.mark.parametrize("step", STEPS if ALL else FEW, ids=lambda step: "-".join(map(str, step)))
@pytest.mark.parametrize("kind", PHONES if ALL else ["renewal"])
def test_sec_62_an_enrolment_survives(walk, kind, step):
    site = walk.site
    phone = schedule(walk, kind)
    old = phone.security()["lsc"].get("fingerprint")
    disturb(walk, phone, step)
    phone.wait("registered", patience=2 * rig.PATIENCE)
    site.wait_registered(phone.device)
    check_whole(walk, phone)
    if operation(site, phone.device)[0] == "install":  # not done: then still scheduled at both
        phone.stop()
        phone.start(site)
        phone.wait("registered")
    rig.wait_until(lambda: f"done: {operation(site, phone.device)}",
                   lambda: operation(site, phone.device) == ("none", "success"))
    states = lscs(site, phone.device)
    now = phone.security()["lsc"]
    assert now["fingerprint"] != old and not now["pending"]
    assert [f for f, state in states.items() if state == "confirmed"] == [now["fingerprint"]]
    assert old is None or states[old] == "superseded"
    rig.wait_until("registered with it",
                   lambda: site.device(phone.device)["certificate"] == now["fingerprint"])
    check_whole(walk, phone)


@pytest.mark.parametrize("kind", PHONES)
def test_no_step_is_left_out(walk, kind):
    """As many records as the walk disturbs, and the points are those of the sources, but for those
    of another CA's certificates (capf_ca.c and `request-kept`), which test_capf_ca.c has."""
    phone = schedule(walk, kind)
    walk.capf.records = {TO_SERVER: 0, TO_CLIENT: 0}
    phone.start(walk.site)
    phone.wait("registered")
    assert len(phone.seen("enrol")) == 1
    for way, records in RECORDS.items():  # and the link's end, which either side may spare itself
        assert walk.capf.records[way] in (records, records + 1)
    for folder, prefix, points in (("phone", "enrol", ENROL_POINTS), ("capf", "capf", CAPF_POINTS)):
        text = "".join(path.read_text() for path in (rig.ROOT / "src/service" / folder).glob("*.c")
                       if path.name != "capf_ca.c")
        found = {line.split('"')[1] for line in text.splitlines()
                 if "rf_crash_point(\"" in line and f"\"{prefix}." in line}
        found.discard("capf.request-kept")
        assert found == {f"{prefix}.{point}" for point in points}
