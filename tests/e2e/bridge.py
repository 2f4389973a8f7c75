# SPDX-License-Identifier: Apache-2.0
"""A man in the middle of a wire: two network namespaces whose only way to each other leads through
this process, packet by packet.

    here: servers and one phone, Bridge.HERE  --  this process  --  Bridge.THERE: the other phone

A hook gets each packet with UDP or TCP inside and says what goes on in its place: it, others, more,
or nothing. Needs wire.Network around it, and the commands ip and nsenter.
"""
import ipaddress
import os
import select
import socket
import struct
import subprocess
import threading
import time

import wire

HERE, THERE = "10.77.0.1", "10.77.0.2"
MANY = "10.77.0.64/26"  # addresses at the far end, after many()


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise wire.Unavailable(f"{' '.join(command)}: {done.stderr.strip()}")


def _sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def with_checksum(frame):
    """The frame with the checksum of its UDP or TCP part computed: on a pair of virtual interfaces
    the kernel leaves that out, and what we change changes it anyway."""
    ip = frame[14:]
    head = 4 * (ip[0] & 0xf)
    at = {wire.UDP: 6, wire.TCP: 16}[ip[9]]
    body = bytearray(ip[head:struct.unpack(">H", ip[2:4])[0]])
    body[at:at + 2] = b"\0\0"
    pseudo = ip[12:20] + bytes([0, ip[9]]) + struct.pack(">H", len(body))
    body[at:at + 2] = struct.pack(">H", 0xffff ^ _sum(pseudo + bytes(body)) or 0xffff)
    return frame[:14] + ip[:head] + bytes(body)


def data_offset(frame):
    """Where in a frame the payload of its UDP packet begins."""
    return 14 + 4 * (frame[14] & 0xf) + 8


class Bridge:
    def __init__(self):
        self.hook = lambda packet, frame: [frame]
        self.pcap = None  # a wire.Pcap gets each frame as it came, in the order it is passed on
        self.passed = 0
        self.problem = None
        self._is_over = False
        self._holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        try:
            self._wait_for_namespace()
            self._connect()
        except BaseException:
            self._holder.kill()
            self._holder.wait()
            raise
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _wait_for_namespace(self):
        path = f"/proc/{self._holder.pid}/ns/net"
        own = os.stat("/proc/thread-self/ns/net").st_ino
        until = time.monotonic() + 5
        while os.stat(path).st_ino == own:
            if self._holder.poll() is not None or time.monotonic() > until:
                raise wire.Unavailable("a second network namespace")
            time.sleep(0.01)

    def _connect(self):
        _run("ip", "link", "add", "rf-here", "type", "veth", "peer", "name", "rf-mid1")
        _run("ip", "link", "add", "rf-there", "type", "veth", "peer", "name", "rf-mid2")
        _run("ip", "link", "set", "rf-there", "netns", str(self._holder.pid))
        there = ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]
        for name, address, inside in (("rf-here", HERE, []), ("rf-there", THERE, there)):
            _run(*inside, "ip", "addr", "add", f"{address}/24", "dev", name)
            _run(*inside, "ip", "link", "set", "dev", name, "gso_max_segs", "1")
            _run(*inside, "ip", "link", "set", name, "up")
        _run(*there, "ip", "link", "set", "lo", "up")
        self._sockets = []
        for name in ("rf-mid1", "rf-mid2"):
            # Without ARP: this machine would answer for HERE itself, and there were a way past us.
            _run("ip", "link", "set", name, "arp", "off", "up")
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(wire.ETH_P_ALL))
            s.bind((name, 0))
            self._sockets.append(s)

    def many(self):
        """The far end has all addresses of MANY, too."""
        for address in ipaddress.ip_network(MANY).hosts():
            _run(*self.there(["ip", "addr", "add", f"{address}/24", "dev", "rf-there"]))

    def there(self, command):
        """The command, to be run at the far end."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "--", *command]

    def _carry(self):
        other = dict(zip(self._sockets, reversed(self._sockets)))
        while not self._is_over:
            for s in select.select(self._sockets, [], [], 0.1)[0]:
                frame, address = s.recvfrom(1 << 17)
                if address[2] == wire.PACKET_OUTGOING:
                    continue
                self.passed += 1
                if self.pcap is not None:
                    self.pcap.write(frame)
                for out in self._judged(frame):
                    other[s].send(out)

    def _judged(self, frame):
        packet = wire.parse(frame)
        if packet is None:
            return [frame]  # ARP and the like
        try:
            chosen = self.hook(packet, frame)
        except Exception as problem:  # told by close(); the wire goes on
            self.problem = self.problem or problem
            chosen = [frame]
        return [with_checksum(one) for one in chosen]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._is_over = True
        self._thread.join()
        for s in self._sockets:
            s.close()
        _run("ip", "link", "del", "rf-here")
        self._holder.kill()
        self._holder.wait()
        if self.problem is not None:
            raise self.problem
