# SPDX-License-Identifier: Apache-2.0
"""The second part of the job of ./try: a survivable router in a branch. The centre is cut off, A calls B in
the branch, and the centre comes back; then a third phone, whose signalling is signed but not hidden."""
from types import SimpleNamespace

import rig
from programs import Failed, Server, ringfence, wait_until

REFERENCE, HOST = "branch1", "127.0.0.3"
PROVEN_S = 2  # so long the centre answers before phones go back to it
WAIT_S = 40  # until they are back: the centre is looked for every few seconds only
# Options of the centre, from the beginning.
CENTRE = {"branch": "yes", "branch_port": 0, "srst_monitor_s": PROVEN_S}
C = dict(letter="C", name="SEP02000000000C", number="2003", person="Cleo", auth="mic")


def must(holds, text, log=None):
    if not holds:
        raise Failed(text, log)


class CutOff:
    """Its steps, in their order; what was seen is job.seen.branch and job.seen.c."""

    def __init__(self, job):
        self.job, self.router = job, None
        self.folder = job.folder / "router"
        self.seen = job.seen.branch = SimpleNamespace()

    def steps(self):
        return (("a router for a branch (role srst)", self.make_router),
                ("router and centre get to know each other", self.join),
                ("A and B start anew and hold a link to the router", self.stand_by),
                ("the centre is cut off: A and B go to the router", self.cut_off),
                ("A calls B in the branch", self.call),
                ("the centre is back, and so are A and B", self.come_back),
                ("phone C, in authenticated mode, registers", self.authenticated),
                ("C calls A", self.signed_call))

    # ---- the branch ----

    def make_router(self):
        options = {"name": REFERENCE, "listen": HOST, "sccp_port": 0, "srst_provider_port": 0}
        sets = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
        made = ringfence("init", "--site", self.folder, "--role", "srst", *sets)
        self.seen.fingerprint = made["certificates"][0]["fingerprint"]
        return f"its certificate: {self.seen.fingerprint[:16]}"

    def join(self):
        job = self.job
        sast = next(c for c in job.seen.status["certificates"] if c["role"].startswith("SAST"))
        ringfence("srst", "trust", job.site / "lists/CTLFile.tlv", "--fingerprint", sast["fingerprint"],
                  "--site", self.folder)
        self.router = job.router = Server(self.folder, job.logs, name="router", outlives=job.keeps)
        ports = self.router.wait_ready()["ports"]
        self.seen.at_router = f"{HOST}:{ports['sccp_tls']}"
        job.server.ask("srst", "add", REFERENCE, f"{HOST}:{ports['provider']}", "--sccp-port",
                       ports["sccp_tls"] - 443, "--fingerprint", self.seen.fingerprint)
        job.server.ask("srst", "use", REFERENCE)
        job.configure(self.folder, centre=f"127.0.0.1:{job.ports['branch']}")
        self.router.ask("reload")
        must(wait_until(lambda: self.router.ask("status")["devices"] >= len(job.both)),
             "the router did not get its snapshot", self.router.log_path)
        return f"accepted by its fingerprint; the snapshot has {self.router.ask('status')['devices']} phones"

    def stand_by(self):
        """With a keyboard this time: the calls to come are made by hand."""
        for one in self.job.both:
            self.job.phones[one.letter].stop()
        for one in self.job.both:
            phone = self.job.switch_on(one)
            phone.wait("registered")
        for one in self.job.both:
            one.standby = self.job.phones[one.letter].wait("standby", what="up", server=self.seen.at_router)
        self.seen.at_centre = self.job.phones["A"].find("registered")["server"]

    def cut_off(self):
        self.job.server.process.kill()
        self.job.server.process.wait()
        for one in self.job.both:
            one.fallback = self.job.phones[one.letter].wait("registered", server=self.seen.at_router)
        self.seen.router_devices = {one.letter: self.router.ask("device", "show", one.name)
                                    for one in self.job.both}

    def call(self):
        a, b = self.job.phones["A"], self.job.phones["B"]
        a.say(f"call {self.job.seen.b.number}")
        b.wait("call", state="ring-in")
        b.say("answer")
        for phone in (a, b):
            phone.wait("call", state="connected")
            phone.wait("first-audio")
            phone.wait("call-info", security="Encrypted")
        self.seen.calls = self.router.ask("calls")["calls"]
        self.seen.suites = [phone.find("receiving")["suite"] for phone in (a, b)]
        a.say("hangup")
        for phone in (a, b):
            phone.wait("media-ended")

    def come_back(self):
        job = self.job
        job.configure(job.site, authenticated_sccp_port=rig.free_port() - 443,
                      authenticated_networks="127.0.0.0/8")
        job.start_server()
        for one in job.both:
            phone = job.phones[one.letter]
            found = wait_until(lambda p=phone: p.events_of("registered")[-1]["server"] == self.seen.at_centre
                               and p.events_of("registered")[-1], WAIT_S)
            must(found, f"{one.letter} did not come back", phone.out_path)
            one.back = found
        self.seen.records = wait_until(lambda: [c for c in job.server.ask("calls", "history")["calls"]
                                                if c["origin"]])
        must(self.seen.records, "the record of the branch's call did not come", job.server.log_path)
        self.seen.reference = job.server.ask("srst", "list")["srst"][0]

    # ---- authenticated ----

    def authenticated(self):
        job, c = self.job, self.job.seen.c
        job.server.ask("device", "add", c.name, "--model", "8861", "--mode", "authenticated", "--line",
                       f"{c.number},{c.person},{c.person}", "--load", job.seen.old_load)
        job.server.ask("capf", "install", c.name, "--auth", c.auth)
        phone = job.switch_on(c)
        c.registered = phone.wait("registered", 30)
        c.device = job.server.ask("device", "show", c.name)
        return f"{c.device['tls_version']} {c.device['suite']}"

    def signed_call(self):
        a, c = self.job.phones["A"], self.job.phones["C"]
        before = len(a.events_of("call-info"))
        c.say(f"call {self.job.seen.a.number}")
        a.wait("call", state="ring-in")
        a.say("answer")
        c.wait("call-info", security="Authenticated")
        must(wait_until(lambda: [i for i in a.events_of("call-info")[before:]
                                 if i["security"] == "Authenticated"]),
             "A does not show a shield", a.out_path)
        self.job.seen.signed_calls = self.job.server.ask("calls")["calls"]
        c.say("hangup")
        for phone in (a, c):
            must(wait_until(lambda p=phone: p.events_of("call")[-1]["state"] == "idle"),
                 "the call has no end", phone.out_path)
