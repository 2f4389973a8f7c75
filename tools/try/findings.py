# SPDX-License-Identifier: Apache-2.0
"""The table at the end: the ten features, and for each what this run has seen.

Every sentence is made of what the programs have said in this run (their JSON), and stands with the
question whether it holds. A feature holds when all its sentences do; what does not hold is said as
such, and ./try fails. What a later version brings says "not yet" and is neither.
"""
from screen import BAD, GOOD, LATER

NOT_YET = "not yet"


def short(fingerprint):
    """The first eight bytes of a fingerprint are enough for people to compare."""
    return "".join(fingerprint[:16]) if fingerprint else "none"


def cn(subject):
    """The common name of a subject."""
    return next((part[3:] for part in subject.split(",") if part.startswith("CN=")), subject)


def count(n, what):
    return f"{n:,} {what}{'' if n == 1 else 's'}"


class Row:
    """One feature."""

    def __init__(self, name):
        self.name, self.sentences, self.holds, self.has_seen = name, [], True, False

    def saw(self, holds, text):
        self.has_seen = True
        self.holds = self.holds and bool(holds)
        self.sentences.append(text if holds else f"DID NOT HOLD: {text}")

    def saw_each(self, seen):
        """(who, holds, text) each; those of whom the same is to be said share a sentence."""
        texts = list(dict.fromkeys(text for _, _, text in seen))
        for text in texts:
            some = [(who, holds) for who, holds, said in seen if said == text]
            self.saw(all(holds for _, holds in some),
                     f"{' and '.join(who for who, _ in some)} {text}")

    def refused(self, attacks):
        """The attacks on this feature, in the words of whoever refused them."""
        for attack in attacks:
            self.saw(attack.holds, f"attacked: {attack.name}: {attack.words}")

    def later(self, text):
        self.sentences.append(f"{text}: {NOT_YET}")

    def note(self, text):
        """Something to know, neither good nor bad."""
        self.sentences.append(text)

    @property
    def state(self):
        return BAD if not self.holds else GOOD if self.has_seen else LATER


def events(one, kind):
    return [event for event in one.events if event["event"] == kind]


def last(one, kind):
    found = events(one, kind)
    return found[-1] if found else {}


def both(seen):
    return (seen.a, seen.b)


def of_site(seen, role):
    """A certificate of the site, as the running server shows it."""
    return next(c for c in seen.status["certificates"] if c["role"] == role)


# ---- the features ----

def image_authentication(seen, row):
    key = seen.factory["image_key"]
    said = []
    for one in both(seen):
        boots, parts = events(one, "boot"), events(one, "load-part")
        active = [image for image in one.security["image"] if image["active"]][0]
        holds = [boot["load"] for boot in boots] == [seen.old_load, seen.new_load] and parts \
            and all(boot["signer"] == key for boot in boots) and active["verified"] \
            and active["load"] == seen.new_load
        said.append((one.letter, holds,
                     f"ran {boots[0]['load']}, verified {count(len(parts), 'file')} of "
                     f"{boots[-1]['load']} ({count(sum(p['bytes'] for p in parts), 'byte')}) "
                     f"before one was written, and all again before they were run"))
    row.saw_each(said)
    shown = [last(one, "display").get("text") for one in both(seen)]
    row.saw(shown == [seen.new_idle] * 2,
            f"image key {short(key)}; both displays now read \"{shown[0]}\", which only "
            f"{seen.new_load} has")


def site_certificates(seen, row):
    issuer = of_site(seen, "LSC-issuer")
    for one in both(seen):
        lsc = one.security["lsc"]
        print_of = lsc.get("fingerprint")
        kept = [c for c in one.device["certificates"]
                if c["kind"] == "lsc" and c["fingerprint"] == print_of]
        state = kept[0]["state"] if kept else "unknown"
        row.saw(lsc["installed"] and lsc["issuer"] == issuer["subject"] and state == "confirmed",
                f"{one.letter} made its key ({lsc.get('key')} {lsc.get('key_bits')}) and holds LSC "
                f"{short(print_of)}, {cn(lsc.get('subject', ''))}; at the server: {state}")
    row.note(f"issuer: {cn(issuer['subject'])} {short(issuer['fingerprint'])}")


def device_authentication(seen, row):
    for one in both(seen):
        shown = one.device["certificate"]
        row.saw(one.device["registered"] and shown == one.security["lsc"].get("fingerprint"),
                f"{one.letter} is registered as {one.name} over a link that showed LSC "
                f"{short(shown)}")


def file_authentication(seen, row):
    served = {one["kind"]: one["fingerprint"] for one in seen.status["lists"]}
    sasts = [c["fingerprint"] for c in seen.status["certificates"] if c["role"].startswith("SAST")]
    signer = of_site(seen, "TFTP")["fingerprint"]
    taken = {}
    for event in events(seen.a, "list"):
        taken.setdefault(event["list"], event)
    for kind, how in (("CTL", "first trust"), ("ITL", "its signer stands in the CTL")):
        event = taken.get(kind, {})
        row.saw(event.get("fingerprint") == served.get(kind) and event.get("signer") in sasts,
                f"{kind} {short(event.get('fingerprint'))}, {count(event.get('records', 0), 'record')}, "
                f"by SAST {short(event.get('signer'))}: {how}")
    configs = [last(one, "config") for one in both(seen)]
    row.saw(all(config.get("verified") and config.get("signer") == signer for config in configs),
            f"{' and '.join(str(config.get('file')) for config in configs)}: "
            f"{configs[0].get('digest')}, by TFTP {short(configs[0].get('signer'))}, verified")


def signaling_authentication(seen, row):
    ccm = of_site(seen, "CCM")["fingerprint"]
    known = [[server for server in one.security["servers"]
              if server["fingerprint"] == ccm and "CCM" in server["role"]] for one in both(seen)]
    row.saw(all(known) and all(last(one, "link-up").get("tls") and one.device["certificate"]
                               for one in both(seen)),
            f"mutual TLS: the call manager's certificate {short(ccm)} stands in both phones' "
            f"{known[0][0]['list'] if known[0] else '?'} as "
            f"{known[0][0]['role'] if known[0] else '?'}; each phone showed its LSC")
    c, calls = seen.c, [call["security"] for call in seen.signed_calls]
    row.saw(c.device["registered"] and "NULL" in c.device["suite"] and calls == ["authenticated"],
            f"a mode of its own: C registered by {c.device['tls_version']} {c.device['suite']}, signed and not "
            f"hidden, and called A: {', '.join(calls)}")
    names = [one["name"] for one in seen.status["listeners"]]
    row.saw("sccp" in names and "sccp-authenticated" not in names,
            "until it was switched on for C, the port without encryption was off")


def manufacturing_certificate(seen, row):
    for one in both(seen):
        mic = one.security["mic"]
        row.saw(mic["installed"] and mic["fingerprint"] == one.made["mic"],
                f"{one.letter} came with MIC {short(mic.get('fingerprint'))}, "
                f"{cn(mic.get('subject', ''))}")
    mic = seen.b.security["mic"].get("fingerprint")
    kept = [c for c in seen.b.device["certificates"]
            if c["kind"] == "mic" and c["fingerprint"] == mic]
    row.saw(kept and (seen.b.device["capf"] or {}).get("auth") == "mic",
            f"B got its LSC by it: the server knows the maker's root "
            f"{short(seen.factory['mic_root'])}")


def srst_reference(seen, row):
    branch, kept = seen.branch, seen.branch.reference
    row.saw(kept["fingerprint"] == branch.fingerprint,
            f"router {kept['name']}: certificate {short(branch.fingerprint)}, accepted by its fingerprint, "
            f"stands in the phones' signed configuration")
    row.saw_each([(one.letter, d["registered"] and d["tls_version"] and one.fallback["fallback"],
                   f"registered there when the centre was killed, by {d['tls_version']}, and showed the "
                   f"fallback") for one, d in ((o, branch.router_devices[o.letter]) for o in both(seen))])
    row.saw([call["security"] for call in branch.calls] == ["encrypted"],
            f"A called B in the branch: {', '.join(call['security'] for call in branch.calls)}, "
            f"{' and '.join(dict.fromkeys(branch.suites))}, keys by the router")
    row.saw(all(one.back["server"] == branch.at_centre for one in both(seen)) and len(branch.records) == 1,
            f"the centre came back, and they returned; it has {count(len(branch.records), 'record')} of the "
            f"branch's call")


def media_encryption(seen, row):
    for one, other in (both(seen), both(seen)[::-1]):
        media, suite = last(one, "media-ended"), last(one, "receiving").get("suite")
        row.saw(suite == "AES_CM_128_HMAC_SHA1_32" and media.get("received", 0) > 0
                and not media.get("lost") and one.equal >= seen.equal_least,
                f"{one.letter} heard {other.letter} by {suite}: "
                f"{count(media.get('received', 0), 'packet')}, {media.get('lost')} lost; "
                f"{one.equal_samples:,} samples, {one.equal:.2%} of what was said, equal in µ-law")
    calls = [call["security"] for call in seen.calls]
    row.saw(calls == ["encrypted"], f"the call manager shows the call as {', '.join(calls)}")
    if seen.spy is None:
        row.note("the wire was not recorded and not searched for speech")
        return
    speech, spy = seen.secrets["speech"], seen.spy
    changed = sum(last(one, "media-ended").get("refused_tag", 0) for one in both(seen))
    row.saw(speech.held and spy.srtp_opened + changed == spy.srtp_packets,
            f"a listener finds no speech in {count(spy.srtp_packets, 'SRTP packet')}; the same "
            f"search finds it in the {spy.srtp_opened:,} that the keys open")


def signaling_encryption(seen, row):
    for one in both(seen):
        d = one.device
        row.saw(d["tls_version"] in ("TLSv1.3", "TLSv1.2") and d["suite"],
                f"{one.letter}, SCCP {d['sccp_version']}: {d['tls_version']} {d['suite']}, "
                f"{count(d['messages']['in'], 'message')} in, {d['messages']['out']} out")
    if seen.spy is None:
        row.note(f"the wire was not recorded: {seen.no_wire}")
        return
    spy = seen.spy
    hidden = [seen.secrets[key] for key in ("digits", "string", "keys")]
    row.saw(all(secret.held for secret in hidden) and spy.digits == seen.b.number,
            f"a listener finds {', '.join(s.name for s in hidden)} in none of "
            f"{count(spy.frames, 'packet')}; with the phones' key log the same search finds them "
            f"all: {spy.digits}, digit by digit, and {count(len(spy.keys), 'media key')} in "
            f"{count(spy.messages, 'message')}")


def capf(seen, row):
    proofs = {"string": "authentication string", "mic": "existing MIC"}
    for one in both(seen):
        op, done = one.device["capf"] or {}, last(one, "enrol-done")
        row.saw(op.get("state") == "success" and done.get("outcome") == "installed"
                and done.get("confirmed") and op.get("auth") == one.auth,
                f"{one.letter} by {proofs.get(op.get('auth'))}: {op.get('state')} in "
                f"{count(done.get('in', 0) + done.get('out', 0), 'message')}, the phone has "
                f"confirmed")
    server = of_site(seen, "CAPF")["fingerprint"]
    row.saw(all(any(s["fingerprint"] == server and "CAPF" in s["role"]
                    for s in one.security["servers"]) for one in both(seen)),
            f"the server's certificate {short(server)} stands in both phones' lists as CAPF")


FEATURES = (
    ("image authentication", image_authentication),
    ("customer-site certificate installation", site_certificates),
    ("device authentication", device_authentication),
    ("file authentication", file_authentication),
    ("signaling authentication", signaling_authentication),
    ("manufacturing installed certificate", manufacturing_certificate),
    ("secure SRST reference", srst_reference),
    ("media encryption", media_encryption),
    ("signaling encryption", signaling_encryption),
    ("CAPF", capf),
)


def show(screen, seen, attacks):
    """Print the table; `attacks` by feature. Returns whether all of it held."""
    rows = []
    for name, feature in FEATURES:
        row = Row(name)
        feature(seen, row)
        row.refused(attacks.get(name, []))
        rows.append(row)
    screen.say()
    screen.rows([(row.state, row.name, row.sentences) for row in rows])
    states = [row.state for row in rows]
    words = [f"{states.count(GOOD)} held", f"{states.count(LATER)} not yet"]
    if BAD in states:
        words.insert(1, f"{states.count(BAD)} DID NOT HOLD")
    screen.say(f"{len(rows)} features: {', '.join(words)}.")
    return BAD not in states
