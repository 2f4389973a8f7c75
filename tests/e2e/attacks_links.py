# SPDX-License-Identifier: Apache-2.0
"""Attacks on who is at the other end: false names, false servers, wrong strings, changed records.

Each `attack_…(lab)` tries something and says who refused it, with which code; each `twin_…(lab)` does
the same without the one fault, and is let in.
"""
import re
import socket
import ssl
import time

import capf
import rig
import sccp
import tftpd
from lab import A, B, C, LSC_PARTS, MODEL, Refusal, snapshot
from proxy import TO_CLIENT, TO_SERVER
from rogue import Client, Rogue


def _said(text, key):
    """key=… or key="…" in an event."""
    found = re.search(rf'\b{key}="?([^" ]+)', text)
    return found.group(1) if found else ""


# ---- a phone that is another ----

def _register(lab, name, pem, device, version=None, resume=None):
    """Somebody with that certificate and its key, who says to be `device`."""
    since = lab.mark()
    with Client(lab.call_manager, pem, version=version, resume=resume) as client:
        is_resumed = client.socket is not None and client.socket.session_reused
        client.send(sccp.register(device))
        client.read(lambda got: any(f.id in (sccp.REGISTER_ACK, sccp.REGISTER_REJECT)
                                    for f in sccp.frames(got)))
        answers = {f.id: f.body for f in sccp.frames(client.got)}
        evidence = {} if resume is None else {"resumed": is_resumed}
        if sccp.REGISTER_ACK in answers:
            evidence["event"] = lab.event(since, "registered", device)["text"]
            return Refusal(name, False, evidence=evidence)
        if sccp.REGISTER_REJECT in answers:
            event = lab.event(since, "register-refused", device)
            evidence.update(event=event["text"], nothing_else_answered=len(answers) == 1,
                            link_closed=not client.read(lambda got: False))
            return Refusal(name, True, "server", event["text"].split()[0],
                           sccp.reject_text(answers[sccp.REGISTER_REJECT]), evidence)
        event = lab.event(since, "link-refused")
        return Refusal(name, True, "server", _said(event["text"], "code"), client.error,
                       {"event": event["text"], "nothing_answered": not client.got})


def attack_register_as_other(lab):
    """A's certificate, with A's key, registers as B, which is registered."""
    with lab.phone(B) as phone:
        phone.wait("registered")
        refusal = _register(lab, "A's certificate registers as B", lab.masters[A] / "lsc.pem", B)
        shown = lab.site.device(B)
        refusal.evidence["b_still_registered"] = shown["registered"]
        refusal.evidence["b_lost_nothing"] = not phone.seen("lost")
    return refusal


def twin_register_as_other(lab):
    return _register(lab, "A's certificate registers as A", lab.masters[A] / "lsc.pem", A)


def _resumed(lab, name, device):
    with Client(lab.call_manager, lab.masters[A] / "lsc.pem",
                version=ssl.TLSVersion.TLSv1_2) as first:
        first.send(sccp.frame(sccp.KEEPALIVE))
        first.read(lambda got: got)
    return _register(lab, name, None, device, resume=first)


def attack_resumed_as_other(lab):
    """A TLS session that was made with A's certificate is resumed, to register as B."""
    return _resumed(lab, "A's resumed session registers as B", B)


def twin_resumed_as_other(lab):
    return _resumed(lab, "A's resumed session registers as A", A)


def attack_no_certificate(lab, version=None):
    """A TLS client that shows no certificate."""
    return _register(lab, "client without a certificate", None, A, version=version)


def _openssl(*words):
    rig.run("openssl", *words)


def _certificate(lab, file, subject, issuer=None, usage="digitalSignature,keyEncipherment",
                 is_ca=False, days=("-days", "2")):
    """A certificate with a key that is ours, in one file: issued with a PEM, or self-signed."""
    pem, key = lab.folder / file, lab.folder / "ours.key"
    if pem.exists():
        return pem
    if not key.exists():
        _openssl("genrsa", "-out", key, "2048")
    request, extensions = pem.with_suffix(".csr"), pem.with_suffix(".cnf")
    extensions.write_text(f"basicConstraints=CA:{str(is_ca).upper()}\nkeyUsage={usage}\n"
                          "authorityKeyIdentifier=none\n")
    by = ["-CA", issuer, "-CAkey", issuer] if issuer else ["-signkey", key]
    _openssl("req", "-new", "-key", key, "-utf8", "-subj", subject, "-out", request)
    _openssl("x509", "-req", "-in", request, *days, "-extfile", extensions, "-out", pem, *by)
    with open(pem, "ab") as out:
        out.write(key.read_bytes())
    return pem


def attack_self_signed(lab):
    """The right name, and nobody who vouches for it."""
    return _register(lab, "self-signed certificate with the right name",
                     _certificate(lab, "self.pem", f"/O=hq/CN={A}"), A)


def attack_false_issuer(lab):
    """Issued by somebody who calls himself like the site's issuer."""
    ca = _certificate(lab, "false-ca.pem", "/CN=hq-LSC-issuer/O=hq", usage="keyCertSign",
                      is_ca=True)
    return _register(lab, "certificate of an issuer with the right name and another key",
                     _certificate(lab, "by-false-ca.pem", f"/O=hq/CN={A}", ca), A)


def attack_issued_by_phone(lab):
    """B's LSC, which is the site's, used to issue a certificate for A."""
    return _register(lab, "certificate issued with a phone's certificate",
                     _certificate(lab, "by-phone.pem", f"/O=hq/CN={A}",
                                  lab.masters[B] / "lsc.pem"), A)


def _issued(lab, file, subject=f"/O=hq/CN={A}", **more):
    """A certificate by the site's own issuer, as a mistake or a thief would make it."""
    return _certificate(lab, file, subject, lab.signing_key("lsc-issuer"), **more)


def attack_ended(lab, days=-1):
    """The site's certificate for A, whose time is over."""
    return _register(lab, "certificate that has ended",
                     _issued(lab, "ended.pem", days=("-days", str(days))), A)


def attack_wrong_usage(lab, usage):
    """The site's certificate for A, which was not issued for this use."""
    return _register(lab, f"certificate for {usage} only",
                     _issued(lab, f"{usage}.pem", usage=usage), A)


def attack_similar_name(lab, subject):
    """The site's certificate for a name that looks like A's."""
    file = "".join(c if c.isalnum() else "_" for c in subject) + ".pem"
    return _register(lab, f"certificate of {subject} registers as A",
                     _issued(lab, file, subject), A)


def attack_unlisted(lab):
    """Right in all that can be read in it, but issued to nobody: the database does not know it. Of
    the certificates above it has none of the faults."""
    return _register(lab, "certificate that was never issued to the phone",
                     _issued(lab, "unlisted.pem"), A)


def attack_mic_for_signalling(lab):
    """The certificate of the maker proves a phone, not that it is one of the site's."""
    return _register(lab, "the maker's certificate at the call manager",
                     lab.masters[A] / "mic.pem", A)


def attack_plain_on_tls(lab):
    """SCCP in the clear on the port for TLS."""
    since, name = lab.mark(), "SCCP in the clear on the TLS port"
    with socket.create_connection(lab.call_manager, timeout=10) as plain:
        plain.sendall(sccp.register(A))
        answered = b""
        try:
            while data := plain.recv(4096):
                answered += data
        except ConnectionError:
            pass
    event = lab.event(since, "link-refused")
    return Refusal(name, True, "server", _said(event["text"], "code"), event["text"], {
        "not_registered": not lab.site.device(A)["registered"],
        "at_most_an_alert": len(answered) <= 7 and answered[:1] in (b"", b"\x15")})


def attack_half_open(lab, links=1000):
    """A thousand connections that never finish their handshake, while B is registered; then A comes."""
    waiting, per_address = [], 50
    with lab.phone(B) as phone:
        phone.wait("registered")
        try:
            for n in range(links):
                s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                waiting.append(s)
                s.bind((f"127.0.1.{1 + n // per_address}", 0))
                s.connect(lab.call_manager)
                s.sendall(b"\x16\x03\x01")  # the first bytes of a record
            began = time.monotonic()
            with lab.phone(A) as newcomer:
                newcomer.wait("registered")
            seconds = time.monotonic() - began
            return Refusal("a thousand handshakes that do not end", True, "server", "",
                           f"another phone registered after {seconds:.1f} s", {
                               "b_lost_nothing": not phone.seen("lost"),
                               "a_was_served": seconds < 10})
        finally:
            for s in waiting:
                s.close()


# ---- servers that are others ----

def _visit_call_manager(lab, name, pem, version=None):
    """Boot A while its call manager is a rogue with that certificate."""
    since = lab.mark()
    client_ca = lab.site.folder / "certs" / "lsc-issuer.pem"
    with Rogue(pem, client_ca, version=version) as rogue, lab.led_astray(lab.sccp, rogue.address), \
            lab.phone(A) as phone:
        seen = phone.wait_any("refused", "link-up")
        if seen["event"] == "link-up":
            phone.stop()
            visit = rogue.visit()
            return Refusal(name, False, evidence={
                "heard_name": A.encode() in visit.heard, "certificate_shown":
                    visit.certificate is not None})
        visit = rogue.visit()
        lab.sccp.target = lab.call_manager  # the true one is back: it is told
        phone.wait("registered")
        alarm = lab.event(since, "alarm", A)
        return Refusal(name, True, "phone", seen["code"], seen["why"], {
            "alarm": alarm["text"], "rogue": visit.error,
            "said_nothing": not visit.heard, "no_certificate_shown": visit.certificate is None,
            "name_not_sent": A.encode() not in visit.raw, "handshake_failed": not visit.is_open})


def attack_rogue_call_manager(lab, version=None):
    """A well-made call manager of another site."""
    return _visit_call_manager(lab, "call manager that is not in the list",
                               lab.stranger / "keys" / "ccm.pem", version)


def attack_call_manager_of_other_role(lab, role="tftp"):
    """A server with a certificate that stands in the list, for something else."""
    return _visit_call_manager(lab, f"call manager with the {role} certificate",
                               lab.signing_key(role))


def twin_rogue_call_manager(lab, version=None):
    """The very same program with the certificate of the list."""
    return _visit_call_manager(lab, "call manager of the list", lab.signing_key("ccm"),
                               version)


def _hello_of_capf(heard):
    """A CAPF server speaks first."""
    if heard:
        return b""
    return capf.frame(capf.AUTH_REQUEST, 0x1234, capf.element(capf.VERSION, b"\3"),
                      capf.element(capf.AUTH_TYPE, b"\0"))


def _visit_capf(lab, name, pem):
    """C enrols by its string, at a rogue with that certificate."""
    string = lab.site.capf_install(C)
    flash = lab.copy(C)
    before = snapshot(flash, *LSC_PARTS)
    with Rogue(pem, says=_hello_of_capf) as rogue, lab.led_astray(lab.capf, rogue.address), \
            lab.run(flash, "--auth-string", string) as phone:
        step = phone.wait_any("enrol-step", "enrol-done")
        if step["event"] == "enrol-step":
            phone.wait("enrol-step", step="proved")
            rig.wait_until("the rogue hears it", lambda: rogue.visits[0].heard)
            phone.stop()
            heard = rogue.visit().heard
            return Refusal(name, False, evidence={"heard_name": C.encode() in heard,
                                                  "heard_string": string.encode() in heard})
        visit = rogue.visit()
    return Refusal(name, True, "phone", step["code"], step["why"], {
        "rogue": visit.error, "said_nothing": not visit.heard,
        "string_not_sent": string.encode() not in visit.raw,
        "name_not_sent": C.encode() not in visit.raw,
        "nothing_stored": snapshot(flash, *LSC_PARTS) == before,
        "operation_waits": lab.site.device(C)["capf"]["state"] == "pending"})


def attack_rogue_capf(lab):
    """A well-made CAPF server of another site."""
    return _visit_capf(lab, "CAPF server that is not in the list",
                       lab.stranger / "keys" / "capf.pem")


def attack_capf_of_other_role(lab, role="ccm"):
    return _visit_capf(lab, f"CAPF server with the {role} certificate",
                       lab.signing_key(role))


def twin_rogue_capf(lab):
    return _visit_capf(lab, "CAPF server of the list", lab.signing_key("capf"))


# ---- enrolment ----

def _enrol_by_string(lab, name, string):
    since, flash = lab.mark(), lab.copy(C)
    with lab.run(flash, "--auth-string", string) as phone:
        done = phone.wait("enrol-done")
        if done["outcome"] == "installed":
            phone.wait("registered")
            return Refusal(name, False, evidence={
                "event": lab.event(since, "installed", C)["text"], "confirmed": done["confirmed"],
                "lsc_there": (flash / "lsc.pem").exists()})
    operation = lab.site.device(C)["capf"]
    event = lab.event(since, operation["reason"], C)
    return Refusal(name, True, "server", operation["reason"], event["text"], {
        "phone_shows": done["why"], "phone_code": done["code"], "end_session": done["reason"],
        "tries_left": operation["tries_left"], "state": operation["state"],
        "no_lsc": not (flash / "lsc.pem").exists(),
        "string_not_told": string not in event["text"]})


def wrong(string):
    """Another string of as many digits."""
    return string[:-1] + str((int(string[-1]) + 1) % 10)


def attack_wrong_string(lab):
    """The right phone, and an authentication string that is not the one."""
    return _enrol_by_string(lab, "CAPF with a wrong string", wrong(lab.site.capf_install(C)))


def twin_wrong_string(lab):
    return _enrol_by_string(lab, "CAPF with the right string", lab.site.capf_install(C))


def attack_guessed_string(lab):
    """Five wrong ones, then the right one."""
    string, since = lab.site.capf_install(C), lab.mark()
    for tried in [wrong(string)] * 5 + [string]:
        command, _, elements = _capf_session(
            lab, C, capf.element(capf.PASSWORD, tried.encode() + b"\0"))
    name = "the right string after five wrong ones"
    if command == capf.KEY_REQUEST:
        return Refusal(name, False)
    operation = lab.site.device(C)["capf"]
    event = lab.event(since, operation["reason"], C)
    config = tftpd.get(lab.tftp, f"{C}.cnf.xml.sgn")
    return Refusal(name, True, "server", operation["reason"], event["text"], {
        "end_session": elements[capf.REASON][0], "tries_left": operation["tries_left"],
        "not_asked_for_any_more": b"<capfAuthMode>0<" in config})


def _capf_session(lab, device, *elements, source=""):
    """A hand-made session as far as the answer to its auth response: the server's frame."""
    with Client(lab.capf_server, source=source) as client:
        client.read(lambda got: capf.parse(got) is not None)
        hello = client.got
        session = capf.parse(hello)[1]
        client.send(capf.auth_response(session, device, *elements))
        client.read(lambda got: capf.parse(got[len(hello):]) is not None)
        return capf.parse(client.got[len(hello):])


def _prove(lab, name, device, pem, source=""):
    """Somebody with that certificate and its key proves to CAPF that it is `device`."""
    since = lab.mark()
    command, _, elements = _capf_session(lab, device, *capf.proof(device, pem), source=source)
    if command == capf.KEY_REQUEST:
        lab.event(since, "lost-link", device)  # the session is over: another may begin
        return Refusal(name, False, evidence={"key_asked": True})
    operation = lab.site.device(device)["capf"]
    event = lab.event(since, operation["reason"], device)
    return Refusal(name, True, "server", operation["reason"], event["text"], {
        "end_session": elements[capf.REASON][0], "session_ended": command == capf.END_SESSION,
        "state": operation["state"]})


def attack_mic_of_other(lab):
    """A's certificate, and a right signature with A's key, for C."""
    lab.site.capf_install(C, "mic")
    return _prove(lab, "CAPF with another phone's MIC", C, lab.masters[A] / "mic.pem")


def twin_mic_of_other(lab):
    lab.site.capf_install(C, "mic")
    return _prove(lab, "CAPF with the phone's own MIC", C, lab.masters[C] / "mic.pem")


def _recording(lab, device):
    """A phone that nobody has seen proves itself once, and is listened to. The proof has nothing fresh
    in it, so doing it again is playing it back."""
    if device not in lab.masters:
        lab.masters[device] = lab.factory.phone(device, model=MODEL).flash
        lab.site.device_add(device, model=MODEL)
        lab.site.capf_install(device, "mic")
        first = _prove(lab, "the recorded one", device, lab.masters[device] / "mic.pem")
        if first.refused:
            raise rig.Failed(f"nothing to record: {first}")
    return lab.masters[device] / "mic.pem"


def attack_proof_from_elsewhere(lab):
    """A recorded proof, played back from another address."""
    device = "SEP0011223344D1"
    pem = _recording(lab, device)
    return _prove(lab, "recorded proof from another address", device, pem, source="127.0.0.9")


def attack_proof_for_next_operation(lab):
    """A recorded proof, played back from the right address when the next enrolment is scheduled."""
    device = "SEP0011223344D2"
    pem = _recording(lab, device)
    lab.site.capf_install(device, "mic")
    return _prove(lab, "recorded proof in the next operation", device, pem)


def twin_proof_again(lab):
    """The phone itself, whose link was lost: the same operation, the same address."""
    device = "SEP0011223344D3"
    return _prove(lab, "the phone's own second try", device, _recording(lab, device))


def attack_unknown_device(lab):
    """A name that the site does not know."""
    since, name = lab.mark(), "SEP0011223344FF"
    command, _, elements = _capf_session(lab, name, capf.element(capf.PASSWORD, b"12345\0"))
    event = lab.event(since, "unknown-device")
    return Refusal("CAPF for an unknown device", command == capf.END_SESSION, "server",
                   event["code"], event["text"], {"end_session": elements[capf.REASON][0]})


def attack_nothing_scheduled(lab):
    """A phone of the site, for which nobody has scheduled anything."""
    since = lab.mark()
    command, _, elements = _capf_session(lab, A, capf.element(capf.PASSWORD, b"12345\0"))
    event = lab.event(since, "no-operation", A)
    return Refusal("CAPF without a scheduled operation", command == capf.END_SESSION, "server",
                   event["code"], event["text"], {"end_session": elements[capf.REASON][0]})


# ---- records on their way ----

def _change_record(lab, name, direction, order):
    """A is registered through the proxy, which then changes one record of its conversation, or, as
    the twin, none."""
    since = lab.mark()
    with lab.phone(A) as phone:
        phone.wait("registered")
        if order is None:
            passed = lab.sccp.records[direction]
            rig.wait_until("two records", lambda: lab.sccp.records[direction] >= passed + 2)
            return Refusal(name, False, evidence={"still_registered": not phone.seen("lost")})
        order(direction)
        lost = phone.wait("lost")
        again = phone.wait("registered", after=1)
        event = lab.event(since, "device-lost", A)
        evidence = {"phone_says": lost["code"], "server_says": event["text"],
                    "registered_again": again["server"]}
        if direction == TO_SERVER:
            return Refusal(name, True, "server", _said(event["text"], "reason"), event["text"],
                           evidence)
        return Refusal(name, True, "phone", lost["code"], lost["why"], evidence)


def attack_record_bit_to_server(lab):
    return _change_record(lab, "one bit of a TLS record to the server", TO_SERVER, lab.sccp.flip)


def attack_record_bit_to_phone(lab):
    return _change_record(lab, "one bit of a TLS record to the phone", TO_CLIENT, lab.sccp.flip)


def attack_record_replayed(lab):
    return _change_record(lab, "a TLS record sent twice", TO_SERVER, lab.sccp.replay)


def twin_record_bit(lab, direction=TO_SERVER):
    return _change_record(lab, "TLS records as they were sent", direction, None)
