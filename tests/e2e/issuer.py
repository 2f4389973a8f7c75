# SPDX-License-Identifier: Apache-2.0
"""An issuer of phones' certificates that revokes them: lists by `openssl ca`, answers by `openssl
ocsp`, a web server that gives the lists out. Another program than ours says what is revoked.
"""
import http.server
import socket
import threading
import time
from pathlib import Path

import rig

CONF = """
[ca]
default_ca = it
[it]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
default_md = sha256
crl_extensions = ext
[ext]
authorityKeyIdentifier = keyid
"""


def stamp(seconds):
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(seconds))


class Issuer:
    def __init__(self, folder, cert, key):
        self.folder, self.cert, self.key = Path(folder), cert, key
        self.folder.mkdir()
        (self.folder / "openssl.cnf").write_text(CONF.format(folder=self.folder))
        (self.folder / "crlnumber").write_text("01\n")
        self.states = {}
        self._write()

    @classmethod
    def of_site(cls, site, folder):
        return cls(folder, site.folder / "certs/lsc-issuer.pem", site.folder / "keys/lsc-issuer.pem")

    @classmethod
    def foreign(cls, folder):
        folder = Path(folder)
        made = folder.parent / f"{folder.name}-made"
        made.mkdir()
        rig.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-subj", "/CN=Foreign issuer", "-days", "100", "-keyout",
                made / "key.pem", "-out", made / "cert.pem", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign")
        return cls(folder, made / "cert.pem", made / "key.pem")

    @property
    def fingerprint(self):
        line = rig.run("openssl", "x509", "-in", self.cert, "-noout", "-fingerprint",
                       "-sha256").stdout
        return line.split("=")[1].strip().replace(":", "").lower()

    # ---- what it says of a certificate ----

    @staticmethod
    def serial(pem):
        return rig.run("openssl", "x509", "-in", pem, "-noout",
                       "-serial").stdout.split("=")[1].strip()

    def good(self, pem):
        self.states[self.serial(pem)] = "V"
        self._write()

    def revoke(self, pem):
        self.states[self.serial(pem)] = "R"
        self._write()

    def forget(self, pem):
        del self.states[self.serial(pem)]
        self._write()

    def _write(self):
        until, now = stamp(time.time() + 9e6), stamp(time.time() - 60)
        lines = [f"{state}\t{until}\t{now if state == 'R' else ''}\t{serial}\tunknown\t/CN=x\n"
                 for serial, state in self.states.items()]
        (self.folder / "index.txt").write_text("".join(lines))
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")

    def list(self, name, seconds=3600):
        """A new list, under the next number."""
        out = self.folder / name
        rig.run("openssl", "ca", "-config", self.folder / "openssl.cnf", "-gencrl", "-cert",
                self.cert, "-keyfile", self.key, "-crlsec", str(seconds), "-out", out)
        return out

    def old_list(self, name):
        """One that counted until yesterday."""
        out = self.folder / name
        rig.run("openssl", "ca", "-config", self.folder / "openssl.cnf", "-gencrl", "-cert",
                self.cert, "-keyfile", self.key, "-crl_lastupdate", stamp(time.time() - 200000),
                "-crl_nextupdate", stamp(time.time() - 86400), "-out", out)
        return out

    def give(self, flash):
        """A certificate of its own for the key of a phone's LSC, in the place of that."""
        pem = Path(flash) / "lsc.pem"
        text = pem.read_text()
        begin = text.index("-----BEGIN CERTIFICATE")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----\n")
        name = Path(flash).name
        (self.folder / "phone.cnf").write_text("keyUsage=critical,digitalSignature,keyEncipherment\n")
        rig.run("openssl", "req", "-new", "-key", pem, "-subj", f"/CN={name}", "-out",
                self.folder / "phone.csr")
        rig.run("openssl", "x509", "-req", "-in", self.folder / "phone.csr", "-CA", self.cert,
                "-CAkey", self.key, "-CAcreateserial", "-days", "50", "-extfile",
                self.folder / "phone.cnf", "-out", self.folder / "phone.pem")
        pem.write_text(text[:begin] + (self.folder / "phone.pem").read_text() + text[end:])
        return pem

    # ---- the responder ----

    def responder(self, port):
        """It listens on every address: only in a network of our own."""
        number = len(list(self.folder.glob("ocsp*.log")))
        process = rig.Process("openssl-ocsp", self.folder / f"ocsp{number}.log")
        process.launch("openssl", "ocsp", "-index", self.folder / "index.txt", "-port", str(port),
                       "-rsigner", self.cert, "-rkey", self.key, "-CA", self.cert, "-nmin", "60")
        process.log_wait("waiting for OCSP client connections")
        return process


    def answers(self):
        """A responder, as a web server that asks `openssl ocsp` each time."""
        return Responder(self)


class Responder:
    def __init__(self, issuer):
        self.asked = 0
        responder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802, the library's name
                number = responder.asked = responder.asked + 1
                ask, say = (issuer.folder / f"ocsp{number}.{end}" for end in ("req", "res"))
                ask.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
                rig.run("openssl", "ocsp", "-index", issuer.folder / "index.txt", "-rsigner",
                        issuer.cert, "-rkey", issuer.key, "-CA", issuer.cert, "-nmin", "60",
                        "-reqin", ask, "-respout", say)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(say.read_bytes())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/"


class Silent:
    """Takes connections and says nothing."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.taken = []
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        while True:
            try:
                self.taken.append(self.socket.accept()[0])
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for one in self.taken:
            one.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/"


class Web:
    """A web server with what `files` holds: path without slash to bytes."""

    def __init__(self):
        self.files = {}
        self.asked = 0
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802, the library's name
                web.asked += 1
                body = web.files.get(self.path[1:])
                self.send_response(200 if body is not None else 404)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}/{path}"
