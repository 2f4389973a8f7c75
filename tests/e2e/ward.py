# SPDX-License-Identifier: Apache-2.0
"""What the doctor is shown: a site that is well, a phone that has enrolled there, and faults to plant.

    with ward.serve({CONFIG: ward.config(mode="1")}) as tftp:
        assert ward.see(tftp).faults == {("config", "signature")}

Lists, signed and encrypted files are made by hand with openssl, not by our own code, so that each
can have the one fault that is wanted.
"""
import functools
import hashlib
import http.server
import itertools
import json
import re
import shutil
import socket
import struct
import threading
import time
from contextlib import contextmanager

import container
import rig
import tftpd
from container import openssl, tlv
from rig import A, B

CONFIG, STUB, ENC = f"{A}.cnf.xml.sgn", f"{A}.cnf.xml.sgn", f"{A}.cnf.xml.enc.sgn"
CTL, ITL, COMMON_ITL = f"CTL{A}.tlv", f"ITL{A}.tlv", "ITLFile.tlv"
SAST, CCM, TFTP, CAPF = 0, 1, 3, 4
LIST_VERSION, ENCRYPTED_VERSION = b"\1\2", b"\2\0"
SHA1, SHA512 = 1, 3


_record = functools.lru_cache(maxsize=None)(container.record)  # no file is changed once it is made


class Report:
    """What the doctor said."""

    def __init__(self, done):
        self.status, self.whole = done.returncode, json.loads(done.stdout)
        self.lines = self.whole["lines"]

    def graded(self, grade):
        return {(line["step"], line["code"]) for line in self.lines if line["grade"] == grade}

    @property
    def faults(self):
        return self.graded("fault")

    def line(self, code):
        return next(line for line in self.lines if line.get("code") == code)

    @property
    def told(self):
        """What was not well, as the message of an assertion: of an object pytest shows a corner."""
        return json.dumps([line for line in self.lines if line["grade"] not in ("ok", "note")],
                          indent=1)


class Ward:
    def __init__(self, folder, like_factory):
        self.folder = folder
        self.factory = rig.Factory(folder / "factory", like=like_factory)
        # The lists that are planted have no TVS; and many look at once.
        self.site = rig.Site(folder / "site", tftp_retry_ms=200, tftp_per_address=64,
                             tvs="no")
        self.site.cli("mic", "import", self.factory.roots)
        self.site.cli("image", "import", *self.factory.firmware_files("2.0"))
        self.site.start()
        self._count = itertools.count()
        self._enrol()
        names = [CTL, ITL, CONFIG, "ringphone-2.0.loads", "rfapp.2.0.sbn", "rfsnd.2.0.sbn"]
        self.files = {name: tftpd.get(self.tftp, name) for name in names}
        self.body = self._split(self.files[CONFIG])[1].decode()

    def _enrol(self):
        # In the clear: what is planted is planted there, and stubs are made by hand.
        for name, line in ((A, "2001"), (B, "2002")):
            self.site.device_add(name, [line], **{"encrypt-config": "off"})
        with self.factory.phone(A) as phone:
            string = self.site.capf_install(A)
            phone.start(self.site, "--auth-string", string).wait("registered")
        self.flash = phone.flash

    def change(self, **elements):
        """The site's own configuration of A from now on."""
        self.body = self.xml(**elements)
        self.files[CONFIG] = self.config(when=int(time.time()))

    def close(self):
        if self.site.is_running():
            self.site.stop()

    # ---- the site's own ----

    @property
    def tftp(self):
        return ("127.0.0.1", self.site.ports["tftp"])

    def key(self, role):
        """Key and certificate of the site in one file."""
        return self.site.folder / "keys" / f"{role}.pem"

    @property
    def own(self):
        """The phone's LSC and its key in one file."""
        return self.flash / "lsc.pem"

    @staticmethod
    def _split(whole):
        size = struct.unpack(">H", whole[8:10])[0]
        return whole[:size], whole[size:]

    def path(self, name):
        """A new place below the folder."""
        path = self.folder / f"made-{next(self._count)}" / name
        path.parent.mkdir()
        return path

    # ---- certificates ----

    def cert(self, name, issuer=None, days=30, like=None, extensions=(), key="rsa:2048"):
        """Key and certificate in one file: by itself, or by an issuer of which both are in `issuer`.
        `like`: for the key in this file."""
        pem, request = self.path("own.pem"), self.path("request.csr")
        conf = self.path("ext.cnf")
        conf.write_text("".join(f"{line}\n" for line in extensions or
                                ("keyUsage=critical,digitalSignature,keyEncipherment",)))
        subject = "".join(f"/{part}" for part in name.split(","))
        if like is None:
            openssl("req", "-newkey", *_kind(key), "-nodes", "-keyout", pem, "-out", request,
                    "-subj", subject)
        else:
            pem.write_bytes(openssl("pkey", "-in", like))
            openssl("req", "-new", "-key", pem, "-out", request, "-subj", subject)
        by = ("-signkey", pem) if issuer is None else ("-CA", issuer, "-CAkey", issuer,
                                                       "-CAcreateserial", "-CAserial",
                                                       self.path("serial"))
        pem.write_bytes(pem.read_bytes() + openssl("x509", "-req", "-in", request, *by, "-days",
                                                   days, "-sha256", "-extfile", conf))
        return pem

    # ---- files ----

    def config(self, pem=None, name=CONFIG, digest=SHA512, when=None, body=None, spell=str, **changes):
        """A's configuration with elements changed (ethernetPhonePort="1"), signed anew."""
        return container.build((body or self.xml(**changes)).encode(), pem or self.key("tftp"), name,
                               digest, int(time.time()) - 5 if when is None else when, spell=spell)

    def xml(self, **changes):
        body = self.body
        for element, value in changes.items():
            body, n = re.subn(rf"<{element}>[^<]*</{element}>|<{element}/>",
                              f"<{element}>{value}</{element}>", body)
            if n == 0:
                body = body.replace("</device>", f"<{element}>{value}</{element}></device>")
        return body

    def with_capf(self, port, mode=2):
        """A's configuration with an enrolment at this port."""
        server = f"<capf><phonePort>{port}</phonePort>" \
                 "<processNodeName>127.0.0.1</processNodeName></capf>"
        body = re.sub(r"<capfList>.*?</capfList>", "", self.xml(capfAuthMode=mode), flags=re.S)
        return self.config(body=body.replace("</device>",
                                             f"<capfList>{server}</capfList></device>"))

    def records(self, *entries, spell=str):
        """Records of a list: (role, PEM file)s."""
        return b"".join(_record(role, pem, spell) for role, pem in entries)

    def roles(self):
        """What the site's lists have."""
        return [(SAST, self.key("sast1")), (SAST, self.site.folder / "certs/sast2.pem"),
                (CCM, self.key("ccm")), (TFTP, self.key("tftp")), (CAPF, self.key("capf"))]

    def list(self, entries=None, pem=None, name="ITLFile.tlv", digest=SHA512, when=None,
             is_11=False, spell=str):
        return container.build(self.records(*(entries or self.roles()), spell=spell),
                               pem or self.key("sast1"), name, digest,
                               int(time.time()) - 5 if when is None else when, spell=spell,
                               version=LIST_VERSION, signer_version=b"\1\1" if is_11 else b"\1\0")

    def both(self, **how):
        """CTL and ITL, made alike."""
        return {CTL: self.list(name="CTLFile.tlv", **how), ITL: self.list(**how)}

    def stub(self, cert_hash=None, encrypted="true"):
        body = "<device><fullConfig>false</fullConfig><capfAuthMode>0</capfAuthMode>" \
               f"<certHash>{cert_hash or self.own_md5()}</certHash>" \
               f"<encrConfig>{encrypted}</encrConfig></device>"
        return self.config(body=body)

    def own_md5(self):
        return hashlib.md5(openssl("x509", "-in", self.own, "-outform", "DER")).hexdigest()

    def encrypted(self, pem=None, plain=None):
        """A's configuration, encrypted for the certificate in `pem` (default: A's own)."""
        key, iv = b"0123456789abcdef", b"fedcba9876543210"
        plain = (plain or self.body).encode()
        pad = 16 - len(plain) % 16
        secret = openssl("enc", "-aes-128-cbc", "-nopad", "-K", key.hex(), "-iv", iv.hex(),
                         data=plain + b"\r" * pad)
        certificate = self.path("for.pem")
        certificate.write_bytes(openssl("x509", "-in", pem or self.own))
        wrapped = openssl("pkeyutl", "-encrypt", "-certin", "-inkey", certificate, data=key)
        vector = tlv(18, b"\0") + tlv(19, iv) + tlv(20, struct.pack(">H", pad))
        keyed = tlv(22, b"\0") + tlv(23, struct.pack(">H", len(wrapped) * 8)) + tlv(24, b"\1")
        extra = tlv(16, tlv(17, vector) + tlv(21, keyed + tlv(25, wrapped)))
        extra += tlv(26, b"\3") + tlv(27, hashlib.sha512(plain).digest())
        return container.build(secret, self.key("tftp"), ENC, SHA512, int(time.time()) - 5,
                               version=ENCRYPTED_VERSION, extra=extra)

    # ---- phones ----

    def lists(self, made):
        """A folder with the lists of a phone, as both() gives them."""
        folder = self.path("lists")
        folder.mkdir()
        for name, content in made.items():
            (folder / name).write_bytes(content)
        return folder

    def copy(self):
        """A flash folder of one's own."""
        flash = self.path(A)
        shutil.copytree(self.flash, flash)
        return flash

    # ---- the doctor ----

    @contextmanager
    def serve(self, files):
        """What the site serves by TFTP, but for these files. The site itself, which limits how often one
        address asks, is not asked again."""
        with tftpd.Overlay(None) as liar:
            liar.files.update({**self.files, **files})
            yield ("127.0.0.1", liar.port)

    def see(self, tftp, *words):
        """Have A seen: by its flash, or as `words` say with --mac or --flash."""
        whom = () if {"--mac", "--flash"} & set(words) else ("--flash", self.flash)
        return Report(rig.run(rig.program("ringphone"), "doctor", "--tftp", f"{tftp[0]}:{tftp[1]}",
                              "--json", "--wait", "10s", "--settle", "200ms", *whom, *words,
                              status=None))


def _kind(key):
    """"rsa:2048", "ec:prime256v1" as words for openssl."""
    kind, what = key.split(":")
    return (key,) if kind == "rsa" else ("ec", "-pkeyopt", f"ec_paramgen_curve:{what}")


@contextmanager
def deaf_udp():
    """An address at which nothing answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        yield s.getsockname()


class HttpLiar:
    """Files by HTTP: from a Ward's site, but for these names, which get (status, fields, body), or None:
    no answer at all."""

    def __init__(self, ward, answers):
        liar = self
        self.asked, self._ward, self._answers = [], ward, answers
        self._is_over = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                liar.asked.append((self.command, self.path))
                found = liar.find(self.path[1:])
                if found is None:
                    liar._is_over.wait(30)
                    return
                status, fields, body = found
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_GET = do_HEAD = answer

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,),
                                        daemon=True)
        self._thread.start()

    def find(self, name):
        if name in self._answers:
            return self._answers[name]
        content = self._ward.files.get(name)
        return (200, {}, content) if content is not None else (404, {}, b"no\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def closed_port():
    """A TCP port above 1000 at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]
