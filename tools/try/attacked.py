# SPDX-License-Identifier: Apache-2.0
"""Attacks on the site of ./try, while its phones talk: those of tests/e2e, made with further phones of
the same site, and packets sent into the call itself."""
import http.client
import json
import re
import socket
import time
from types import SimpleNamespace

import attacks_files
import attacks_links
import lab
import rig
import wire
from programs import Failed

ALIAS = "127.0.0.2"  # where the phones of the attacks find the site, by way of proxies

# What is attacked, by its feature of the table.
ATTACKS = (
    ("image authentication", attacks_files.attack_image_bit),
    ("file authentication", attacks_files.attack_config_changed),
    ("file authentication", attacks_files.attack_config_of_other_phone),
    ("file authentication", attacks_files.attack_list_stranger),
    ("device authentication", attacks_links.attack_register_as_other),
    ("device authentication", attacks_links.attack_no_certificate),
    ("signaling authentication", attacks_links.attack_rogue_call_manager),
    ("signaling encryption", attacks_links.attack_record_bit_to_server),
    ("CAPF", attacks_links.attack_rogue_capf),
    ("CAPF", attacks_links.attack_wrong_string),
)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("admin", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class _Site(rig.Site):
    """The site that runs already. Asked without curl, which ./try does not install."""

    def __init__(self, server):  # pylint: disable=super-init-not-called
        self.folder, self.log = server.site, server.log_path
        self.name, self.env, self.child = server.name, {}, server.process

    def ask(self, method, path, body=None):
        connection = _Connection(self.folder / "run/admin.sock")
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def prepare(folder, factory):
    """What takes long and needs no server, so that it can be made beforehand: keys of phones, and of
    a site that is none of theirs."""
    folder.mkdir()
    maker = rig.Factory.__new__(rig.Factory)
    maker.folder = factory
    phones = {name: maker.phone(name, model=lab.MODEL).flash for name in lab.NUMBERS}
    return SimpleNamespace(folder=folder, factory=maker, phones=phones,
                           stranger=rig.Site(folder / "stranger", name="elsewhere"))


class Lab(lab.Lab):
    """The laboratory of the attacks, set up in a running site."""

    def __init__(self, prepared, server):  # pylint: disable=super-init-not-called
        self.folder, self.factory, self.site = prepared.folder, prepared.factory, _Site(server)
        self.masters, self._stranger = prepared.phones, prepared.stranger
        self._count, self._proxies = 0, []
        self.site.configure(advertise=ALIAS, keepalive_s=1, tftp_retry_ms=200)
        self.site.reload()
        self._connect("127.0.0.1", ALIAS, True)
        self._make_phones()

    def _make_phones(self):
        for name, number in lab.NUMBERS.items():
            # In the clear: that is what the attacks change.
            self.site.device_add(name, [f"21{number[2:]}"], model=lab.MODEL,
                                 **{"encrypt-config": "off"})
        string = self.site.capf_install(lab.A)
        self.site.capf_install(lab.B, "mic")
        with self.run(self.masters[lab.A], "--auth-string", string) as a, \
                self.run(self.masters[lab.B]) as b:
            a.wait("registered")
            b.wait("registered")

    def run(self, flash, *options, before=(), **more):
        return super().run(flash, *options, before=["setpriv", "--pdeathsig", "TERM", *before],
                           **more)

    def close(self):
        """The site is as it was, and goes on."""
        for one in self._proxies:
            one.close()
        rig.end_everyone(False)
        if self.site.is_running():
            self.site.configure(advertise="", keepalive_s=30, tftp_retry_ms=1000)
            self.site.reload()


class Attack:
    """What became of one, for the table."""

    def __init__(self, name, holds, words):
        self.name, self.holds, self.words = name, holds, words


def _words(refusal):
    """What the side that refused said, without its advice, and what the server was told of it."""
    said = refusal.message
    event = refusal.evidence.get("event", "")
    if event:
        quoted = re.search(r'text="([^"]*)"', event)
        said = quoted.group(1) if quoted else event.split(" from=")[0]
    alarm = re.search(r'last="(\w+_rejected [^"]*)"', str(refusal.evidence.get("alarm", "")))
    words = f"refused by the {refusal.by} ({refusal.code})"
    if refusal.code not in said:
        words += f": {said.split(';')[0]}"
    elif said.startswith(f"{refusal.code} "):
        words += f": {said[len(refusal.code) + 1:]}"
    return words + (f"; the server was told: {alarm.group(1)}" if alarm else "")


def of_refusal(refusal):
    if not refusal.refused:
        return Attack(refusal.name, False, "was not refused")
    missing = [name for name, value in refusal.evidence.items() if value is False]
    return Attack(refusal.name, refusal.is_whole,
                  _words(refusal) + (f"; NOT SEEN: {', '.join(missing)}" if missing else ""))


# ---- into the call ----

def _catch(port, seconds=5):
    """A packet of speech to that port, off the wire."""
    until = time.monotonic() + seconds
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(wire.ETH_P_ALL)) as tap:
        tap.bind(("lo", 0))
        tap.settimeout(0.2)
        while time.monotonic() < until:
            try:
                packet = wire.parse(tap.recv(65536))
            except TimeoutError:
                continue
            if packet and packet.protocol == wire.UDP and packet.destination[1] == port \
                    and len(packet.data) > 160:
                return packet
    raise Failed(f"no speech seen on its way to port {port}")


def into_the_call(phone):
    """Somebody on the wire sends a packet of its call to a phone once more, and once with one bit
    changed: a bit of its number, so that it is no packet that was seen before."""
    packet = _catch(phone.wait("receiving")["port"])
    number = int.from_bytes(packet.data[2:4], "big")
    bit = next(bit for bit in range(6, 16) if not number >> bit & 1)
    changed = bytearray(packet.data)
    changed[2:4] = (number | 1 << bit).to_bytes(2, "big")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for data in (packet.data, bytes(changed)):
            s.sendto(data, packet.destination)


def of_call(ended):
    """What the phone has counted at the end of the call that was tampered with."""
    return [Attack(name, ended[counter] == 1,
                   f"refused by the phone ({reason}): {ended[counter]} counted, the call went on")
            for name, counter, reason in (
                ("an SRTP packet sent twice", "refused_replay", "srtp-replay"),
                ("an SRTP packet with one bit changed", "refused_tag", "srtp-tag"))]
