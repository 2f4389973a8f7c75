# SPDX-License-Identifier: Apache-2.0
"""An office whose second phone is at the far end of a wire that leads through us.

    with wire.Network(), Tapped(folder, site, factory) as tapped:
        call = tapped.call("3s")             # Ada calls Ben; both are recorded, all is captured
        call.opened()                        # what was said inside TLS, by the key log

The server and A are on this side of the bridge, B is on the other: registration of B and all media go
over it, and A's registration over loopback. Both are captured. `change` gets each SRTP packet and its
number within its direction, and gives those that go on in its place.
"""
from pathlib import Path

import bridge
import rig
import speech
import sccp
import tls13
import wire
from srtp import Session

RTP_HEAD, FRAME = 12, 160
TO_B, TO_A = bridge.THERE, bridge.HERE


def is_rtp(packet):
    """An SRTP or RTP packet of version 2 with a frame of µ-law; files are never that."""
    return packet.protocol == wire.UDP and len(packet.data) >= RTP_HEAD + FRAME \
        and packet.data[0] >> 6 == 2 and packet.data[1] & 0x7f == 0


class Call:
    """What is left of a call: events of both phones, recordings, captures."""

    def __init__(self, folder, keylog):
        self.folder, self.keylog = folder, keylog
        self.captures = [folder / "loopback.pcap", folder / "bridge.pcap"]
        self.ended = {}    # device: its media-ended event
        self.heard = {}    # device: what it recorded, as µ-law
        self.refused = {}  # device: its packets-refused events
        self.counts = []   # the link-counts events of both
        self._opened = None

    def opened(self):
        """[((source, destination), bytes)]: everything inside TLS."""
        if self._opened is None:
            self._opened = [one for path in self.captures
                            for one in tls13.open_streams(path, self.keylog)]
        return self._opened

    def frames(self, port):
        """The SCCP frames of all opened streams to and from that port."""
        return [frame for way, plain in self.opened() if port in (way[0][1], way[1][1])
                for frame in sccp.frames(plain)]

    def search(self, needle):
        return [f"{path.name}: {where}" for path in self.captures
                for where in wire.search(path, needle)]

    def rtp(self, to):
        """The media packets that left for that end, as they were on the wire."""
        return [p.data for p in wire.packets(self.captures[1]) if is_rtp(p)
                and p.destination[0] == to]

    def audio(self, key):
        """The payloads of the packets that this key opens."""
        session = Session(key.master, key.salt)
        opened = (session.open(packet) for end in (TO_A, TO_B) for packet in self.rtp(end))
        return [payload for payload in opened if payload is not None]

    def decrypted(self, port):
        """A capture of the same conversation as it was before it was encrypted."""
        path = self.folder / "decrypted.pcap"
        pcap = wire.Pcap(path)
        for way, plain in self.opened():
            pcap.write(wire.made_up(wire.TCP, *way, b"", 0, wire.TCP_SYN))
            for at in range(0, len(plain), 1400):
                pcap.write(wire.made_up(wire.TCP, *way, plain[at:at + 1400], at + 1))
        for key in sccp.media_keys(self.frames(port)):
            for payload in self.audio(key):
                pcap.write(wire.made_up(wire.UDP, (TO_A, 1), (TO_B, 1), payload))
        pcap.close()
        return path


class Tapped:
    def __init__(self, folder, site, factory, **conf):
        """Copies of an office's site and factory, whose phones have enrolled before."""
        self.folder = Path(folder)
        self.keylog = self.folder / "keylog"
        self.office = rig.Office(self.folder, site, factory)
        self.site, self.a, self.b = self.office.site, self.office.a, self.office.b
        self.site.configure(listen=bridge.HERE, advertise=bridge.HERE, keylog=self.keylog,
                            keepalive_s=1, **conf)
        self.bridge = None
        self._calls = 0

    def __enter__(self):
        self.bridge = bridge.Bridge()
        try:
            self.site.start()
        except BaseException:
            self.bridge.close()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            for one in (self.a, self.b, self.site):
                if kind is not None:
                    one.kill()
                elif one.is_running():
                    one.stop()
        finally:
            self.bridge.close()

    def _hook(self, change):
        counts = {TO_A: 0, TO_B: 0}

        def hook(packet, frame):
            if not is_rtp(packet):
                return [frame]
            end = packet.destination[0]
            counts[end] += 1
            return change(end, counts[end], frame)
        return hook

    def call(self, seconds, change=None):
        """A calls B for so long; both phones are switched on before and off afterwards."""
        self._calls += 1
        folder = self.folder / f"call-{self._calls}"
        folder.mkdir()
        call = Call(folder, self.keylog)
        self.bridge.hook = self._hook(change or (lambda end, number, frame: [frame]))
        self.bridge.pcap = wire.Pcap(call.captures[1])
        try:
            with wire.Capture("lo", call.captures[0]):
                self._talk(call, seconds)
        finally:
            pcap, self.bridge.pcap = self.bridge.pcap, None
            pcap.close()
        for phone in (self.a, self.b):
            call.ended[phone.device] = phone.wait("media-ended")
            call.refused[phone.device] = phone.seen("packets-refused")
            call.counts += phone.seen("link-counts")
            call.heard[phone.device] = speech.ulaw_of(folder / f"{phone.device}.wav")
        return call

    def _talk(self, call, seconds):
        files = [["--play", rig.SPEECH / name, "--record", call.folder / f"{phone.device}.wav"]
                 for phone, name in ((self.a, "ada.wav"), (self.b, "ben.wav"))]
        self.b.start(self.site_tftp, "--sccp-version", 11, "--answer", *files[1],
                     before=self.bridge.there([]))
        self.b.wait("registered")
        self.a.start(self.site_tftp, "--sccp-version", 22, "--call", "2002", "--for", seconds,
                     "--exit-after-call", *files[0])
        self.b.wait("media-ended")
        self.a.wait_end()
        self.b.stop()

    @property
    def site_tftp(self):
        return f"{bridge.HERE}:{self.site.ports['tftp']}"
