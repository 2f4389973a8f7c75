# SPDX-License-Identifier: Apache-2.0
"""The wire: a network of our own, what is captured on it, and searches in what was captured.

    with wire.Network():                      # loopback of our own, nobody else's packets
        with wire.Capture("lo", "job.pcap"):
            ... programs talk ...
    wire.search("job.pcap", secret)           # [] when nobody could have read it

Root gets a network namespace, anybody else a user namespace with one inside, where the machine
allows that. Captures are read by the few lines here, and by tshark where another opinion is wanted.
"""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import threading
import time
from collections import namedtuple

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
SETTLED_S = 5  # what was sent before the end of a capture has been read by then
ETH_P_ALL, PACKET_OUTGOING, SOL_PACKET = 3, 4, 263
SO_RCVBUFFORCE, PACKET_STATISTICS = 33, 6
TCP, UDP = 6, 17
TCP_SYN = 2

_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """This machine does not let us have that, and says why."""


def _unshare(flags):
    if _libc.unshare(flags) != 0:
        code = ctypes.get_errno()
        raise Unavailable(f"a network of our own: {os.strerror(code)}")


def interface_up(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = bytearray(struct.pack("16sH22x", name.encode(), 0))
        fcntl.ioctl(s, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("16sH", request)[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags | IFF_UP))


class Network:
    """A network namespace for this thread and whatever it starts, with loopback up. Leaving goes
    back, except for an ordinary user: then it is for the life of the process. Raises Unavailable."""

    def __init__(self):
        self.before = None

    def __enter__(self):
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if os.geteuid() == 0:
                _unshare(CLONE_NEWNET)
            else:
                self._as_user()
            interface_up("lo")
        except BaseException:
            self.__exit__()
            raise
        return self

    @staticmethod
    def _as_user():
        uid, gid = os.geteuid(), os.getegid()
        _unshare(CLONE_NEWUSER | CLONE_NEWNET)
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)

    def __exit__(self, *_):
        _libc.setns(self.before, CLONE_NEWNET)
        os.close(self.before)


# ---- capturing ----

class Pcap:
    """A capture file that is written."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))

    def write(self, frame):
        at = time.time()
        self.file.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)))
        self.file.write(frame)

    def close(self):
        self.file.close()


class Capture:
    """Every packet of an interface, into a pcap file. Wants root, or a Network around it."""

    def __init__(self, interface, path):
        self.interface, self.path = interface, str(path)
        self.packets = 0

    def __enter__(self):
        try:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        except PermissionError as problem:
            raise Unavailable(f"capturing on {self.interface}: {problem.strerror}") from problem
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, option, 16 << 20)
                break
            except PermissionError:
                continue
        self.socket.bind((self.interface, 0))
        self.socket.settimeout(0.05)
        self.file = Pcap(self.path)
        self.over_at = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def _run(self):
        while True:
            try:
                frame, address = self.socket.recvfrom(1 << 17)
            except TimeoutError:
                if self.over_at is not None:  # all that came before is in the file
                    return
                continue
            if self.over_at is not None and time.monotonic() > self.over_at + SETTLED_S:
                return  # somebody goes on talking
            if self.interface == "lo" and address[2] == PACKET_OUTGOING:
                continue  # on loopback each packet is seen leaving and arriving
            self.file.write(frame)
            self.packets += 1

    def __exit__(self, *_):
        self.over_at = time.monotonic()
        self.thread.join()
        dropped = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        self.socket.close()
        self.file.close()
        if dropped:
            raise RuntimeError(f"the capture on {self.interface} lost {dropped} packets")


def made_up(protocol, source, destination, data, seq=0, flags=0):
    """A frame with these ends and data, to be written into a capture: nobody is to receive it."""
    if protocol == UDP:
        body = struct.pack(">HHHH", source[1], destination[1], 8 + len(data), 0) + data
    else:
        body = struct.pack(">HHIIBBHHH", source[1], destination[1], seq & 0xffffffff, 0, 5 << 4,
                           flags, 0xffff, 0, 0) + data
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0,
                       socket.inet_aton(source[0]), socket.inet_aton(destination[0]))
    return bytes(12) + b"\x08\x00" + head + body


# ---- reading captures ----

Packet = namedtuple("Packet", "protocol source destination data seq flags")


def parse(frame):
    """An Ethernet frame as a Packet, or None when it is no IPv4 with TCP or UDP.
    source and destination are (address, port)."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00":
        return None
    ip = frame[14:]
    head, total, protocol = 4 * (ip[0] & 0xf), struct.unpack(">H", ip[2:4])[0], ip[9]
    ends = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
    body = ip[head:total or None]
    if protocol == UDP and len(body) >= 8:
        ports, data, seq, flags = struct.unpack(">HH", body[:4]), body[8:], 0, 0
    elif protocol == TCP and len(body) >= 20:
        ports, seq, flags = struct.unpack(">HH", body[:4]), *struct.unpack(">I5xB", body[4:14])
        data = body[4 * (body[12] >> 4):]
    else:
        return None
    return Packet(protocol, (ends[0], ports[0]), (ends[1], ports[1]), data, seq, flags)


def frames(path):
    """The frames of a pcap file as (seconds, bytes)."""
    with open(path, "rb") as file:
        file.read(24)
        while head := file.read(16):
            seconds, micros, size, _ = struct.unpack("<IIII", head)
            yield seconds + micros / 1e6, file.read(size)


def packets(path):
    return [p for p in (parse(frame) for _, frame in frames(path)) if p is not None]


def tcp_streams(path):
    """What was sent each way of each connection: [((source, destination), bytes)], in the order of
    their beginnings. Repeated segments count once."""
    streams = {}
    done = []
    for p in packets(path):
        if p.protocol != TCP:
            continue
        way = (p.source, p.destination)
        if p.flags & TCP_SYN:
            if way in streams:
                done.append((way, bytes(streams.pop(way)[1])))
            streams[way] = ((p.seq + 1) & 0xffffffff, bytearray())
        elif way in streams and p.data:
            begin, got = streams[way]
            at = (p.seq - begin) & 0xffffffff
            if at < 1 << 31:
                got.extend(bytes(max(0, at + len(p.data) - len(got))))
                got[at:at + len(p.data)] = p.data
    return done + [(way, bytes(got)) for way, (_, got) in streams.items()]


def search(path, needle):
    """Where these bytes are on the wire: in a packet, or across the packets of a stream."""
    if len(needle) < 4:
        raise ValueError("too short to be found by anything but chance")
    found = [f"frame {n}" for n, (_, frame) in enumerate(frames(path), 1) if needle in frame]
    found += [f"stream {way[0][0]}:{way[0][1]} > {way[1][0]}:{way[1][1]}"
              for way, data in tcp_streams(path) if needle in data]
    return found


# ---- tshark ----

def tshark(path, *arguments, keylog=None, tls_ports=(), inside="skinny"):
    """Run tshark over a capture; `inside` is what is spoken inside TLS on those ports."""
    command = ["tshark", "-n", "-r", str(path)]
    if keylog is not None:
        command += ["-o", f"tls.keylog_file:{keylog}"]
    for port in tls_ports:
        command += ["-d", f"tcp.port=={port},tls", "-d", f"tls.port=={port},{inside}"]
    done = subprocess.run(command + list(arguments), capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"tshark: {done.stderr.strip()}")
    return done.stdout
