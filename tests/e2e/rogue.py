# SPDX-License-Identifier: Apache-2.0
"""Servers and clients that are not what they should be, over real TLS.

A Rogue listens where a phone expects its call manager or CAPF server, with whatever certificate it
was given, and writes down what the phone let it know: whether the handshake ended well, the alert,
the phone's certificate, what was said inside TLS, and each byte that came over TCP.
"""
import select
import socket
import ssl
import threading


class Visit:
    """One connection to a Rogue."""

    def __init__(self):
        self.raw = b""           # as it came over TCP
        self.heard = b""         # inside TLS
        self.certificate = None  # the client's, DER
        self.is_open = False     # the handshake ended well
        self.error = ""          # why it ended
        self.is_over = threading.Event()


class Rogue:
    """`pem` holds certificate and key. `says(heard)` gives what to write whenever something was
    heard, and at the beginning, when nothing was: a CAPF server speaks first."""

    def __init__(self, pem, client_ca=None, says=None, version=None, listen=("127.0.0.1", 0)):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(str(pem))
        if client_ca is not None:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(str(client_ca))
        if version is not None:
            self.context.minimum_version = self.context.maximum_version = version
        self.says = says or (lambda heard: b"")
        self.visits = []
        self._is_over = False
        self._came = threading.Condition()
        self.socket = socket.create_server(listen)
        self.socket.settimeout(0.1)
        self.address = self.socket.getsockname()
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_over = True
        for thread in self._threads:
            thread.join()
        self.socket.close()

    def visit(self, timeout=10):
        """The first connection, after it has ended."""
        with self._came:
            if not self._came.wait_for(lambda: self.visits, timeout):
                raise AssertionError("nobody came to the rogue server")
        if not self.visits[0].is_over.wait(timeout):
            raise AssertionError("the connection to the rogue server did not end")
        return self.visits[0]

    def _serve(self):
        while not self._is_over:
            try:
                client, _ = self.socket.accept()
            except TimeoutError:
                continue
            visit = Visit()
            thread = threading.Thread(target=self._host, args=(client, visit), daemon=True)
            self._threads.append(thread)
            with self._came:
                self.visits.append(visit)
                self._came.notify_all()
            thread.start()

    def _host(self, client, visit):
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(inside, outside, server_side=True)
        try:
            with client:
                self._talk(client, tls, inside, outside, visit)
        except (OSError, ssl.SSLError) as problem:
            visit.error = getattr(problem, "reason", None) or str(problem)
        finally:
            visit.is_over.set()

    def _talk(self, client, tls, inside, outside, visit):
        while not self._is_over:
            try:
                if not visit.is_open:
                    tls.do_handshake()
                    visit.is_open = True
                    visit.certificate = tls.getpeercert(binary_form=True)
                    if greeting := self.says(b""):
                        tls.write(greeting)
                while data := tls.read(65536):
                    visit.heard += data
                    answer = self.says(visit.heard)
                    if answer:
                        tls.write(answer)
                return  # closed by the client
            except ssl.SSLWantReadError:
                client.sendall(outside.read())
            except ssl.SSLError:
                client.sendall(outside.read())
                raise
            if select.select([client], [], [], 0.1)[0]:
                data = client.recv(65536)
                visit.raw += data
                if not data:
                    visit.error = visit.error or "closed"
                    return
                inside.write(data)


class Client:
    """A TLS client that believes every server, with the certificate it was given, or none."""

    def __init__(self, server, pem=None, timeout=10, version=None, resume=None, source="",
                 is_weak=False, suites=None):
        """`resume`: a Client whose TLS session is offered again, with its certificate; `source`: the
        address it comes from; `is_weak`: TLS 1.0 and SHA-1 will do; `suites`: nothing else is
        offered in TLS 1.2 and below."""
        context = resume.context if resume is not None else self._context(pem, version, is_weak,
                                                                          suites)
        session = resume.session if resume is not None else None
        self.context, self.session = context, None
        self.error = ""
        self.got = b""
        raw = socket.create_connection(server, timeout=timeout, source_address=(source, 0))
        try:
            self.socket = context.wrap_socket(raw, session=session)
            self.session = self.socket.session
        except (OSError, ssl.SSLError) as problem:
            self.socket = None
            self._ended(problem)
            raw.close()

    @staticmethod
    def _context(pem, version, is_weak, suites=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if is_weak:  # before the certificate, which is judged by the level, too
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        if suites is not None:
            context.set_ciphers(f"{suites}:@SECLEVEL=0")
        if pem is not None:
            context.load_cert_chain(str(pem))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

    def _ended(self, problem):
        self.error = getattr(problem, "reason", None) or str(problem) or "closed"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.socket is not None:
            self.socket.close()

    def send(self, data):
        if self.socket is not None:
            try:
                self.socket.sendall(data)
            except (OSError, ssl.SSLError) as problem:
                self._ended(problem)

    def read(self, enough):
        """Read until enough(all that was got) is true; False when the link ends before."""
        while self.socket is not None and not enough(self.got):
            try:
                data = self.socket.recv(65536)
            except (OSError, ssl.SSLError) as problem:
                self._ended(problem)
                return False
            if not data:
                self.error = self.error or "closed"
                return False
            self.got += data
        return self.socket is not None
