#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A storm of bad handshakes from one address, as a program of its own: `storm.py SOURCE PORT PEM`. Some
connections send garbage, some say nothing and stay, some show a certificate (PEM) that nobody trusts.
It goes on until its standard input ends, then prints what became of them as JSON."""
import collections
import json
import os
import socket
import ssl
import sys
import threading
import time

HELD = 40  # silent connections at a time


class Storm:
    def __init__(self, source, port, pem):
        self.source, self.port, self.over = source, port, threading.Event()
        self.counts = collections.Counter()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2  # refused within its handshake
        self.context.load_cert_chain(pem)

    def connect(self):
        self.counts["connections"] += 1
        return socket.create_connection(("127.0.0.1", self.port), timeout=3,
                                        source_address=(self.source, 0))

    def garbage(self):
        with self.connect() as one:
            one.sendall(os.urandom(200))
            while one.recv(4096):
                pass

    def stranger(self):
        with self.connect() as one, self.context.wrap_socket(one) as tls:
            self.counts["handshakes"] += 1
            tls.recv(1)

    def run_each(self, attempt):
        while not self.over.is_set():
            try:
                attempt()
            except OSError:
                self.counts["refused"] += 1
            time.sleep(0.002)

    def silent(self):
        held = collections.deque()
        while not self.over.is_set():
            try:
                held.append(self.connect())
            except OSError:
                self.counts["refused"] += 1
            if len(held) > HELD:
                held.popleft().close()
            time.sleep(0.01)

    def run(self):
        threads = [threading.Thread(target=self.run_each, args=(self.garbage,)),
                   threading.Thread(target=self.run_each, args=(self.stranger,)),
                   threading.Thread(target=self.silent)]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        self.over.set()
        for thread in threads:
            thread.join()
        print(json.dumps(self.counts))


if __name__ == "__main__":
    Storm(sys.argv[1], int(sys.argv[2]), sys.argv[3]).run()
