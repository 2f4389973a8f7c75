# SPDX-License-Identifier: Apache-2.0
"""A web server as phones open it: for the tests of services."""
import http.server
import ssl
import threading

import pytest

import rig

PAGE = b"<CiscoIPPhoneText><Title>Lunch</Title></CiscoIPPhoneText>"


class Service:
    """A web server with a certificate of its own, or (is_old) one that speaks TLS 1.0 with an RSA key as
    well. `asked` has the requests that reached it."""

    def __init__(self, folder, name="service", is_old=False):
        self.pem = folder / f"{name}.pem"
        key = folder / f"{name}.key"
        kind = ["rsa:2048"] if is_old else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        rig.run("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}",
                "-days", "30", "-keyout", key, "-out", self.pem)
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.connection.getpeercert()))
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(PAGE)))
                self.end_headers()
                self.wfile.write(PAGE)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a handshake that the phone has ended

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if is_old:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(self.pem, key)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service(tmp_path):
    one = Service(tmp_path)
    yield one
    one.close()


@pytest.fixture
def old_service(tmp_path):
    one = Service(tmp_path, is_old=True)
    yield one
    one.close()
