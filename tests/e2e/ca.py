# SPDX-License-Identifier: Apache-2.0
"""A customer's CA, made with openssl: root, issuing CA, what CMP needs, and its mock server.

    ca = Ca(folder)                      # root.pem, issuing.pem, ra.pem, ...
    cert = ca.issue(phone_key, "SEP001122334455")
    with ca.serve(cert): ...             # openssl cmp -port: on all addresses, so in a network of
                                         # our own (conftest's `network`)
"""
from pathlib import Path

import rig

PORT = 18829
KEY_USAGE = {"rsa": "critical,digitalSignature,keyEncipherment", "ec": "critical,digitalSignature"}


def openssl(*words, status=0, text_in=None):
    return rig.run("openssl", *words, status=status, text_in=text_in)


class Ca:
    def __init__(self, folder, kind="ec", pathlen=0):
        self.folder, self.kind, self.number = Path(folder), kind, 0
        self.folder.mkdir(parents=True)
        self.root, self.issuing = self.folder / "root.pem", self.folder / "issuing.pem"
        self._self_signed("root", "/O=Customer/CN=Customer root")
        self.sign("issuing", "/O=Customer/CN=Customer phones CA", "root",
                  f"basicConstraints=critical,CA:TRUE,pathlen:{pathlen}\n"
                  "keyUsage=critical,keyCertSign,cRLSign\n")
        for name in ("ra", "cmp"):
            self.sign(name, f"/O=Customer/CN={name}", "root",
                      "keyUsage=critical,digitalSignature\n")

    def path(self, name):
        return self.folder / name

    def key(self, name, kind=None):
        path = self.path(f"{name}.key")
        words = (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
                 if (kind or self.kind) == "rsa" else
                 ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        openssl("genpkey", *words, "-out", path)
        path.chmod(0o600)
        return path

    def _self_signed(self, name, subject):
        openssl("req", "-x509", "-new", "-key", self.key(name), "-subj", subject, "-days", "3000",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out",
                self.path(f"{name}.pem"))

    def sign(self, name, subject, by, extensions, key=None, request=None, start=None, days=1000):
        """A certificate NAME.pem by BY; for `key` (a public key) if given, or a request."""
        if request is None:
            request = self.path(f"{name}.csr")
            openssl("req", "-new", "-key", self.key(name), "-subj", subject, "-out", request)
        self.number += 1
        config = self.path(f"{name}.ext")
        config.write_text(extensions)
        words = ["x509", "-req", "-in", request, "-CA", self.path(f"{by}.pem"), "-CAkey",
                 self.path(f"{by}.key"), "-set_serial", f"0x{self.number + 4096:x}", "-extfile",
                 config, "-out", self.path(f"{name}.pem"), "-days", days]
        if key is not None:
            words += ["-force_pubkey", key]
        openssl(*words)
        return self.path(f"{name}.pem")

    def issue(self, key, cn, kind="ec", usage=None, expired=False, days=300):
        """A phone's certificate for the private or public key in this file."""
        public = self.path(f"{cn}-{self.number}.pub")
        text = Path(key).read_text()
        if "PUBLIC KEY" in text:
            public.write_text(text)
        else:
            openssl("pkey", "-in", key, "-pubout", "-out", public)
        usage = KEY_USAGE[kind] if usage is None else usage
        extensions = ("basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
                      f"subjectAltName=URI:{cn}\n" + (f"keyUsage={usage}\n" if usage else ""))
        return self.sign(f"phone-{cn}-{self.number}", f"/O=Customer/CN={cn}", "issuing", extensions,
                         key=public, days=-1 if expired else days)

    def below(self, name, key, cn):
        """A phone's certificate by a CA below the issuing one, with that CA and its own key."""
        self.sign("below", f"/O=Customer/CN={name}", "issuing",
                  "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        public = self.path("below.pub")
        openssl("pkey", "-in", key, "-pubout", "-out", public)
        leaf = self.sign("leaf", f"/O=Customer/CN={cn}", "below",
                         f"subjectAltName=URI:{cn}\nkeyUsage=critical,digitalSignature\n", key=public)
        whole = self.path("chain.pem")
        whole.write_text(Path(key).read_text() + leaf.read_text() +
                         self.path("below.pem").read_text())
        return whole

    def serve(self, cert, *words, log=None):
        """The mock server, which gives everybody this certificate."""
        server = rig.Process("openssl-cmp", log or self.path(f"server-{self.number}.log"))
        server.launch("openssl", "cmp", "-port", PORT, "-srv_cert", self.path("cmp.pem"),
                      "-srv_key", self.path("cmp.key"), "-srv_trusted", self.root, "-rsp_cert",
                      cert, "-accept_raverified", *words)
        rig.wait_until("the CA's server listens", lambda: is_listening(server))
        return server

    def conf(self):
        """Options of a site that asks it."""
        return {"lsc_issuer": "cmp", "cmp_url": f"http://127.0.0.1:{PORT}/pkix/",
                "cmp_ra_cert": self.path("ra.pem"), "cmp_ra_key": self.path("ra.key"),
                "cmp_trusted": self.root, "cmp_timeout_s": 10}


def is_listening(server):
    if not server.is_running():
        raise rig.Failed(f"the CA's server ended\n{server.log_text()[-2000:]}")
    table = Path(f"/proc/{server.pid}/net/tcp").read_text() + \
        Path(f"/proc/{server.pid}/net/tcp6").read_text()
    return any(line.split()[1].endswith(f":{PORT:04X}") and line.split()[3] == "0A"
               for line in table.splitlines() if ":" in line and "local" not in line)
