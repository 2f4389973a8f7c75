# SPDX-License-Identifier: Apache-2.0
"""What a listener on the wire gets: the same search through the packets as they were, and through what
the phones' own key log opens. The first must find nothing, the second everything; otherwise the
first proved nothing."""
import sccp
import srtp
import tls13
import wire

PIECE = 160  # bytes of speech searched for: one packet's


class Secret:
    """Something said in confidence: found how often on the wire, and behind the encryption."""

    def __init__(self, name, needles, wire_hits, open_hits):
        self.name, self.needles = name, needles
        self.on_wire, self.opened = wire_hits, open_hits

    @property
    def held(self):
        return bool(self.needles) and self.on_wire == 0 and self.opened == len(self.needles)


class Eavesdropper:
    def __init__(self, pcap, keylog):
        self.pcap = str(pcap)
        self.frames = sum(1 for _ in wire.frames(self.pcap))
        self.streams = tls13.open_streams(self.pcap, str(keylog))
        self.packets = wire.packets(self.pcap)
        self.messages, self.digits, self.keys = 0, "", []
        for way, plain in self.streams:
            self._read(way, plain)

    def _read(self, way, plain):
        try:
            frames = sccp.frames(plain)
        except ValueError:
            return  # CAPF
        self.messages += len(frames)
        self.digits += sccp.digits(frames)
        self.keys += [(key, way[1][0]) for key in sccp.media_keys(frames)]

    def _secret(self, name, needles, texts):
        needles = list(dict.fromkeys(needles))
        return Secret(name, needles, sum(len(wire.search(self.pcap, n)) for n in needles),
                      sum(any(n in text for text in texts) for n in needles))

    def speech_packets(self):
        """Payloads of the SRTP packets that the sent keys open, and how many there were."""
        opened, n = [], 0
        for key, _ in self.keys:
            if key.remote is None:
                continue
            session = srtp.Session(key.master, key.salt)
            for packet in self.packets:
                if packet.protocol == wire.UDP and packet.destination == key.remote:
                    n += 1
                    payload = session.open(packet.data)
                    if payload is not None:
                        opened.append(payload)
        return opened, n

    def secrets(self, string, recordings):
        """string: the authentication string; recordings: µ-law of what each phone said."""
        plain = [data for _, data in self.streams]
        buttons = [sccp.frame(f.id, f.body, f.version) for data in plain
                   for f in self._frames(data) if f.id == sccp.KEYPAD_BUTTON]
        speech, self.srtp_packets = self.speech_packets()
        self.srtp_opened = len(speech)
        pieces = [said[at:at + PIECE] for said in recordings for at in self._loud(said)]
        return {
            "digits": self._secret("the dialled digits", buttons, plain),
            "string": self._secret("the authentication string", [string.encode()], plain),
            "keys": self._secret("the media keys", [key.master for key, _ in self.keys], plain),
            "speech": self._secret("what was said", pieces, speech),
        }

    @staticmethod
    def _frames(data):
        try:
            return sccp.frames(data)
        except ValueError:
            return []

    @staticmethod
    def _loud(said):
        """Five places in a recording that are no silence; packets begin at multiples of PIECE."""
        lively = [at for at in range(0, len(said) - PIECE, PIECE)
                  if len(set(said[at:at + PIECE])) > 40]
        return lively[::max(1, len(lively) // 5)][:5]
