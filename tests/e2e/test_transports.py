# SPDX-License-Identifier: Apache-2.0
"""Which way phones fetch their files: HTTPS, HTTP, TFTP, and what they do when a way is closed or
leads to somebody else.

Checks noticed here: fetch.page, fetch.redirect, fetch.server, fetch.server-key, fetch.status,
fetch.too-long.
"""
import http.server
import socket
import ssl
import threading
import time

import pytest

import rig

CONFIG = f"{rig.A}.cnf.xml.enc.sgn"  # as it is asked for where it was encrypted last


def ports(site):
    return ("--http-port", site.ports["http"], "--https-port", site.ports["https"])


def ways(phone):
    """By which way each file came at last."""
    return {one["file"]: one["via"] for one in phone.seen("fetch", result="ok")}


@pytest.fixture
def served(office):
    office.site.start()
    return office


def boot(office, *words):
    office.a.start(office.site, *words)
    office.a.wait("registered")
    return office.a


def test_the_configuration_comes_by_https_and_the_rest_by_http(served):
    phone = boot(served, *ports(served.site))
    came = ways(phone)
    assert came[CONFIG] == "https" and came[f"CTL{rig.A}.tlv"] == "http"
    config = phone.seen("config")[-1]
    assert config["verified"] is True and config["vouched"] == "tls" and "signer" not in config
    sent = served.site.log_wait(f"name={CONFIG} ")
    assert " via=https " in sent and f"cert=CN={rig.A}" in sent and " tls=TLSv1.3 " in sent
    assert " proves nothing here" not in served.site.log_text()


def test_firmware_comes_by_http(office):
    office.site.start()
    office.site.cli("device", "change", rig.A, "--load", "ringphone-1.0")  # it runs 2.0
    phone = office.a.start(office.site, *ports(office.site))
    phone.wait("load-installed", load="ringphone-1.0")
    assert {via for file, via in ways(phone).items() if ".sbn" in file} == {"http"}


def test_a_list_of_version_10_leads_to_no_https(office):
    site = office.site
    site.start()
    site.configure(list_version="1.0")
    site.cli("list", "publish")
    phone = boot(office, *ports(site), "--log-level", "info")
    assert ways(phone)[CONFIG] == "http"
    assert "not fetched by https" not in phone.log_text()
    assert phone.seen("config")[-1]["signer"]


def test_closed_ports_lead_to_the_next_way_and_signatures(served):
    site = served.site
    phone = boot(served, "--https-port", 1, "--http-port", 1)
    assert set(ways(phone).values()) == {"tftp"}
    assert phone.seen("config")[-1]["signer"]
    served.a.stop()
    phone = boot(served, "--https-port", 1, "--http-port", site.ports["http"])
    assert ways(phone)[CONFIG] == "http" and phone.seen("config")[-1]["signer"]


def test_models_have_their_ways(site, factory):
    """A 7940 knows TFTP only, whatever ports there are."""
    site.cli("mic", "import", factory.roots)
    site.start()
    for model, expected in (("7940", "tftp"), ("7962", "http")):
        name = f"SEP00112233{model}"
        site.device_add(name, lines=[f"{model},x,x"], model=model, mode="nonsecure")
        phone = factory.phone(name, model=model)
        phone.start(site, *ports(site))
        phone.wait("fetch", file=f"ITL{name}.tlv")
        assert ways(phone)[f"CTL{name}.tlv"] == expected
        phone.stop()


# ---- somebody else ----

class Rogue:
    """An HTTP or HTTPS server that answers every name alike."""

    def __init__(self, status=200, body=b"", pem=None, **fields):
        rogue = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 (its name)
                rogue.asked.append(self.path)
                self.send_response(status)
                for name, value in {"Content_Length": len(body), **fields}.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("code, rogue", [
    ("http-redirect", {"status": 302, "Location": "http://127.0.0.1:1/x"}),
    ("http-status", {"status": 403}),
    ("http-busy", {"status": 503, "Retry_After": 5}),
    ("file-not-found", {"status": 404}),
    ("http-page", {"body": b"<html>not here</html>", "Content_Type": "text/html; charset=utf-8"}),
    ("http-cut", {"body": b"short", "Content_Length": 500}),
    ("file-too-large", {"body": b"x", "Content_Length": 1 << 40}),
])
def test_what_is_no_file_is_refused_and_the_next_way_taken(served, code, rogue):
    with Rogue(**rogue) as server:
        phone = boot(served, "--http-port", server.port, "--https-port", "no", "--log-level",
                     "info")
        assert set(ways(phone).values()) == {"tftp"}
        assert f"/{CONFIG}" in server.asked
    assert f" code={code}\n" in phone.log_text()


def test_sec_14_an_unsigned_file_by_http_is_not_applied(served):
    """Whoever blocks HTTPS and answers by HTTP must sign all the same."""
    unsigned = b"<device><deviceProtocol>SCCP</deviceProtocol></device>"
    with Rogue(body=unsigned) as server:
        phone = served.a.start(served.site, "--http-port", server.port, "--https-port", "no")
        refused = phone.wait("config-refused", file=CONFIG)
        assert refused["code"]
        phone.wait("registered")  # with the stored one


@pytest.mark.parametrize("who", ["stranger", "ccm", "tftp"])
def test_only_a_file_server_of_the_lists_is_believed_over_https(served, tmp_path, who):
    """A stranger; one of the lists with another role; the signer of files, whose key is RSA."""
    pem = tmp_path / "server.pem"
    if who == "stranger":
        rig.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=ringfence-HTTPS", "-days", "2",
                "-keyout", tmp_path / "key", "-out", tmp_path / "crt")
        pem.write_bytes((tmp_path / "crt").read_bytes() + (tmp_path / "key").read_bytes())
    else:
        keys = served.site.folder
        pem.write_bytes((keys / f"certs/{who}.pem").read_bytes() +
                        (keys / f"keys/{who}.pem").read_bytes())
    unsigned = b"<device><deviceProtocol>SCCP</deviceProtocol></device>"
    code = {"stranger": "server-unknown", "ccm": "server-role", "tftp": "server-key-type"}[who]
    with Rogue(body=unsigned, pem=pem) as server:
        phone = boot(served, "--http-port", served.site.ports["http"], "--https-port",
                     server.port, "--log-level", "info")
        assert server.asked == []
        assert ways(phone)[CONFIG] == "http"
        assert f" code={code}\n" in phone.log_text()


class Nothing:
    """A TFTP server that has no file."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def _serve(self):
        while True:
            asked, who = self.socket.recvfrom(2048)
            if asked == b"off":
                return
            self.socket.sendto(b"\0\5\0\1not here\0", who)

    def __exit__(self, *_):
        self.socket.sendto(b"off", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


NO_HTTP = ("--http-port", "no", "--https-port", "no")


def test_what_came_by_https_is_there_without_a_file_server(served):
    stored = served.a.flash / "config.cnf.xml.sgn"
    stored.unlink()
    phone = boot(served, *ports(served.site))
    assert phone.seen("config")[-1]["vouched"] == "tls"
    phone.stop()
    sealed = stored.read_bytes()
    assert b"<device" not in sealed and stored.stat().st_mode & 0o777 == 0o600
    with Nothing() as server:
        phone.start(server.address, *NO_HTTP)
        assert phone.wait("registered")["server"].endswith(str(served.site.ports["sccp_tls"]))
        phone.stop()
        stored.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
        phone.start(server.address, *NO_HTTP)
        assert phone.wait("config-refused")["code"] == "stored-seal"
        assert phone.wait("not-registering")["code"] == "no-configuration"
        phone.stop()


def test_a_stored_older_configuration_does_not_undo_what_came_by_https(served):
    """A power cut right after the mode was raised: the mode is known, the file is the one before."""
    site, phone, stored = served.site, served.a, served.a.flash / "config.cnf.xml.sgn"
    site.cli("device", "change", rig.A, "--mode", "nonsecure")
    phone.start(site, *NO_HTTP)
    assert phone.wait("config", mode=1)["full"] is True
    phone.stop()
    plain = stored.read_bytes()
    site.cli("device", "change", rig.A, "--mode", "encrypted")
    boot(served, *ports(site)).stop()
    stored.write_bytes(plain)
    with Nothing() as server:
        phone.start(server.address, *NO_HTTP)
        assert phone.wait("not-registering")["code"] == "mode-lowered"
        phone.stop()
    assert boot(served, *ports(site)).seen("config")[-1]["mode"] == 3


def test_a_file_signed_before_https_said_otherwise_is_an_older_one(served):
    site, phone, stored = served.site, served.a, served.a.flash / "config.cnf.xml.sgn"
    site.cli("device", "change", rig.A, "--mode", "nonsecure")
    phone.start(site, *NO_HTTP)
    phone.wait("config", mode=1)
    phone.stop()
    plain = stored.read_bytes()
    time.sleep(1.1)  # stamps are in seconds
    site.cli("device", "change", rig.A, "--mode", "encrypted")
    boot(served, *ports(site)).stop()
    with Rogue(body=plain) as server:
        phone.start(site, "--https-port", "no", "--http-port", server.port, "--file-rollback",
                    "reject")
        assert phone.wait("config-refused")["code"] == "time-rollback"
        phone.wait("registered")
    phone.stop()
    # The twin: the administrator himself lowers it, later.
    time.sleep(1.1)
    site.cli("device", "change", rig.A, "--mode", "nonsecure")
    phone.start(site, *NO_HTTP, "--file-rollback", "reject")
    assert "older" not in phone.wait("config", mode=1)


def test_unsigned_by_https_is_vouched_for_by_tls_alone(served, tmp_path):
    """The site's own HTTPS server, as some are: the plain document under the signed name."""
    site, pem, out = served.site, tmp_path / "server.pem", tmp_path / "config"
    own = served.a.flash / "lsc.pem"
    pem.write_bytes((site.folder / "certs/https.pem").read_bytes() +
                    (site.folder / "keys/https.pem").read_bytes())
    rig.run("curl", "-sSk", "--cert", own, "--key", own, "-o", out,
            f"https://127.0.0.1:{site.ports['https']}/{CONFIG}")
    plain = out.read_bytes()
    assert plain.startswith(b"<")
    with Rogue(body=plain, pem=pem) as server:
        phone = boot(served, "--http-port", "no", "--https-port", server.port)
    assert ways(phone)[CONFIG] == "https"
    config = phone.seen("config")[-1]
    assert config["verified"] is True and config["vouched"] == "tls" and "signer" not in config
    phone.stop()
    with Rogue(body=plain) as server:  # the same by HTTP
        phone = served.a.start(site, "--https-port", "no", "--http-port", server.port)
        phone.wait("config-refused", file=CONFIG)


def test_a_window_of_blocks_by_tftp(served):
    phone = boot(served, "--tftp-window", "16")
    assert set(ways(phone).values()) == {"tftp"}
