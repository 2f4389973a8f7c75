# SPDX-License-Identifier: Apache-2.0
"""Sessions that are resumed at the call manager's port: the path of the certificate is not built anew,
and yet nothing counts that would not count today."""
import ssl

import sccp
from rogue import Client

import rig

A = rig.A


def connect(site, pem=None, resume=None):
    """A session that the server has answered in; whether it was resumed, or None: refused."""
    client = Client(("127.0.0.1", site.ports["sccp_tls"]), pem, version=ssl.TLSVersion.TLSv1_2,
                    resume=resume)
    with client:
        client.send(sccp.frame(sccp.KEEPALIVE))
        answered = client.read(lambda got: got)
        return client, client.socket.session_reused if answered else None


def resumed(site, session):
    return connect(site, resume=session)[1]


def test_sec_51_a_blocked_certificate_resumes_nothing(office):
    site, pem = office.site, office.a.flash / "lsc.pem"
    site.start()
    session, is_resumed = connect(site, pem)
    assert is_resumed is False
    assert resumed(site, session) is True
    site.cli("cert", "block", "--device", A)
    assert resumed(site, session) is None
    site.event_wait("link-refused", text="cert-blocked")
    site.stop()


def test_sec_51_a_reload_that_takes_the_anchor_away_counts_for_sessions_too(office):
    site, pem = office.site, office.a.flash / "mic.pem"
    site.configure(accept_mic_for_signalling="yes")
    site.start()
    session, is_resumed = connect(site, pem)
    assert is_resumed is False
    # The same anchors, read anew: nothing has changed for anybody.
    site.reload()
    assert resumed(site, session) is True
    site.configure(accept_mic_for_signalling="no")
    site.reload()
    assert resumed(site, session) is None
    site.event_wait("link-refused", text="path-unknown-issuer")
    site.stop()


def test_sec_51_a_stronger_rule_counts_for_sessions_too(office):
    site, pem = office.site, office.a.flash / "lsc.pem"
    site.start()
    session, _ = connect(site, pem)
    assert resumed(site, session) is True
    site.configure(rsa_min=3072, lsc_key_bits=3072)
    site.reload()
    assert resumed(site, session) is None
    site.event_wait("link-refused", text="key-too-short")
    site.stop()
