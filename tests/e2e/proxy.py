# SPDX-License-Identifier: Apache-2.0
"""Somebody on the way of TCP connections: passes them on, counts TLS records, and when told so
changes one bit of one, sends one twice, or leads the connection to another server.

    with Proxy(("127.0.0.2", port), ("127.0.0.1", port)) as proxy:
        ... a phone registers through it ...
        proxy.flip(TO_SERVER)          # one bit of the next record of application data
        proxy.done.wait(5)
"""
import select
import socket
import struct
import threading

TO_SERVER, TO_CLIENT = "to-server", "to-client"
APPLICATION = 23


def flip_bit(data, at, bit=0):
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


class Proxy:
    def __init__(self, listen, target):
        self.target = target  # may be changed: later connections go there
        self.connections = 0
        self.records = {TO_SERVER: 0, TO_CLIENT: 0}  # of application data
        self.done = threading.Event()                # the ordered change was made
        self._orders = {}
        self._lock = threading.Lock()
        self._is_over = False
        self.socket = socket.create_server(listen)
        self.socket.settimeout(0.1)
        self.address = self.socket.getsockname()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._is_over = True
        for thread in self._threads:
            thread.join()
        self.socket.close()

    def flip(self, direction, nth=1, bit=0):
        """Change one bit in the middle of the nth record of application data from now on."""
        self._order(direction, nth, lambda record: flip_bit(record, 5 + (len(record) - 5) // 2,
                                                            bit))

    def replay(self, direction, nth=1):
        """Send the nth record of application data from now on twice."""
        self._order(direction, nth, lambda record: record + record)

    def _order(self, direction, nth, change):
        with self._lock:
            self.done.clear()
            self._orders[direction] = [nth, change]

    # ---- threads ----

    def _accept(self):
        while not self._is_over:
            try:
                client, _ = self.socket.accept()
            except TimeoutError:
                continue
            self.connections += 1
            thread = threading.Thread(target=self._carry, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, client):
        try:
            server = socket.create_connection(self.target, timeout=5)
        except OSError:
            client.close()
            return
        other = {client: server, server: client}
        waiting = {client: b"", server: b""}
        try:
            while not self._is_over and other:
                for source in select.select(list(waiting), [], [], 0.1)[0]:
                    if not self._pass(source, other[source], waiting,
                                      TO_SERVER if source is client else TO_CLIENT):
                        return
        finally:
            client.close()
            server.close()

    def _pass(self, source, to, waiting, direction):
        """What has come from one side, record by record. False at its end."""
        try:
            data = source.recv(65536)
            if not data:
                return False
            waiting[source] += data
            while (record := self._next(waiting, source)) is not None:
                to.sendall(self._changed(record, direction))
        except OSError:
            return False
        return True

    @staticmethod
    def _next(waiting, source):
        """A whole TLS record off what waits; all of it where no TLS is spoken."""
        data = waiting[source]
        if not data:
            return None
        if not 20 <= data[0] <= 23:
            size = len(data)
        else:
            size = 5 + struct.unpack(">H", data[3:5])[0] if len(data) >= 5 else 5
        if len(data) < size:
            return None
        waiting[source] = data[size:]
        return data[:size]

    def _changed(self, record, direction):
        if record[0] != APPLICATION:
            return record
        with self._lock:
            self.records[direction] += 1
            order = self._orders.get(direction)
            if order is None:
                return record
            order[0] -= 1
            if order[0] > 0:
                return record
            del self._orders[direction]
        self.done.set()
        return order[1](record)
