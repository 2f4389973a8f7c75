# SPDX-License-Identifier: Apache-2.0
"""A TFTP server that lies: it answers from the real one (if there is one), except for the files it
was given.

    with Overlay(("127.0.0.1", site_port)) as tftp:
        tftp.files["SEP001122334455.cnf.xml.sgn"] = changed
        ... a phone boots with --tftp 127.0.0.1:{tftp.port} ...

RFC 1350 in octet mode with blocks of 512, as the phones ask; options are passed over.
"""
import socket
import struct
import threading

RRQ, DATA, ACK, ERROR = 1, 3, 4, 5
BLOCK = 512
SILENT = object()  # as a file: its requests get no answer. A number: the code of an error


def get(server, name, timeout=5.0):
    """Fetch a file as a phone does: its bytes, or None when it is not there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.sendto(struct.pack(">H", RRQ) + name.encode() + b"\0octet\0", server)
        got, block = b"", 1
        while True:
            packet, sender = s.recvfrom(2048)
            kind, number = struct.unpack(">HH", packet[:4])
            if kind == ERROR:
                return None
            s.sendto(struct.pack(">HH", ACK, number), sender)
            if kind != DATA or number != block & 0xffff:
                continue
            got += packet[4:]
            block += 1
            if len(packet) < 4 + BLOCK:
                return got


class Overlay:
    def __init__(self, real, listen=("127.0.0.1", 0)):
        self.real = real
        # name: bytes; None: not there, in no case; SILENT; a number: an error; or what gives one of
        # them when it is asked for
        self.files = {}
        self.asked = []
        self._is_over = False
        self._under_way = set()  # addresses of clients; another file may well come to the same port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(listen)
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_over = True
        for thread in self._threads:
            thread.join()
        self.socket.close()

    def _serve(self):
        while not self._is_over:
            try:
                packet, client = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            parts = packet[2:].split(b"\0")
            if struct.unpack(">H", packet[:2])[0] != RRQ or client in self._under_way:
                continue  # a request repeated because we were slow
            self._under_way.add(client)
            thread = threading.Thread(target=self._transfer, args=(parts[0].decode(), client),
                                      daemon=True)
            self._threads.append(thread)
            thread.start()

    def _content(self, name):
        self.asked.append(name)
        if name in self.files:
            content = self.files[name]
            return content() if callable(content) else content
        gone = {other.lower() for other, content in self.files.items() if content is None}
        return None if name.lower() in gone or not self.real else get(self.real, name)

    def _transfer(self, name, client):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.socket.getsockname()[0], 0))
            s.connect(client)
            s.settimeout(1)
            try:
                content = self._content(name)
                if content is SILENT:
                    return
                if isinstance(content, int):
                    s.send(struct.pack(">HH", ERROR, content) + b"as was asked for\0")
                    return
                if content is None:
                    s.send(struct.pack(">HH", ERROR, 1) + b"File not found\0")
                    return
                for block in range(1, len(content) // BLOCK + 2):
                    if not self._send(s, block & 0xffff,
                                      content[(block - 1) * BLOCK:block * BLOCK]):
                        return
            except OSError:
                return  # the phone has gone: its own time limits tell it
            finally:
                self._under_way.discard(client)

    def _send(self, s, block, data):
        for _ in range(4):
            s.send(struct.pack(">HH", DATA, block) + data)
            try:
                while True:
                    kind, number = struct.unpack(">HH", s.recv(2048)[:4])
                    if kind == ERROR:
                        return False
                    if kind == ACK and number == block:
                        return True
            except TimeoutError:
                continue
        return False
