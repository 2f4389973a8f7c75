# SPDX-License-Identifier: Apache-2.0
"""A branch: a survivable router, and a centre that knows it.

    router = branch.Router(tmp_path / "branch", "branch1", listen="127.0.0.2")
    router.start()
    branch.join(centre, router, "127.0.0.1", "127.0.0.2")
    centre.cli("srst", "use", "branch1")
"""
import rig

PROVEN_S = 3  # srst_monitor_s of these tests: so long a call manager answers before phones go back
# The centre's options for it; return_rate is that of an office of a few phones.
CENTRE = {"branch": "yes", "branch_port": 0, "srst_monitor_s": PROVEN_S}


class Router(rig.Site):
    """A site of the role srst. `before`: words of a command that runs it, e.g. in another network."""

    def __init__(self, folder, name, before=(), **conf):
        self.folder, self.reference, self.before = folder, name, before
        rig.Process.__init__(self, f"router {name}", folder.parent / f"{folder.name}.log")
        options = {"name": name, "sccp_port": 0, "srst_provider_port": 0, **conf}
        words = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
        self.made = rig.ringfence("init", "--site", folder, "--role", "srst", "--json", *words)

    def start(self, *words, wait=True):
        seen = len(self.lines())
        self.launch(*self.before, rig.program("ringfenced"), "--site", self.folder, *words)
        if wait:
            self.log_wait(" main: ready ", after=seen)
        return self

    @property
    def fingerprint(self):
        """Of its certificate, as an administrator reads it there."""
        return next(c["fingerprint"] for c in self.made["certificates"])

    @property
    def sccp_port(self):
        """P of its TLS port."""
        return self.ports["sccp_tls"] - 443

    def trust(self, centre):
        """It believes this centre's list from now on, and connects to it."""
        lists = centre.folder / "lists/CTLFile.tlv"
        signer = next(c["fingerprint"] for c in centre.status()["certificates"]
                      if c["role"].startswith("SAST"))
        return self.cli("srst", "trust", lists, "--fingerprint", signer)


def join(centre, router, centre_host, router_host):
    """Both know each other: the router is a reference of the centre, and has its snapshot once some
    device uses it."""
    router.trust(centre)
    centre.cli("srst", "add", router.reference, f"{router_host}:{router.ports['provider']}",
               "--sccp-port", router.sccp_port, "--fingerprint", router.fingerprint)
    # Only now: a router that is refused waits before it tries again.
    router.configure(centre=f"{centre_host}:{centre.ports['branch']}")
    router.reload()


def reference(centre, name):
    """As `ringfence srst list` shows it."""
    return next(r for r in centre.cli("srst", "list", "--json")["srst"] if r["name"] == name)


def wait_state(centre, name, patience=rig.PATIENCE, **members):
    rig.wait_until(lambda: f"{name} with {members}: {reference(centre, name)}",
                   lambda: all(reference(centre, name)[key] == value for key, value in members.items()),
                   patience)
