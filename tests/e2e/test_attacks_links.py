# SPDX-License-Identifier: Apache-2.0
"""Who is not who it says to be is refused, by the server or by the phone, and nothing is said to it;
without the fault the same is let in."""
import ssl

import pytest

import attacks_links as attacks
from lab import A, B
from proxy import TO_CLIENT, TO_SERVER


def refused(refusal, by, *codes):
    assert refusal.refused and refusal.by == by, refusal
    assert refusal.code in codes and refusal.is_whole, refusal


def accepted(refusal):
    assert not refusal.refused and refusal.is_whole, refusal


# ---- a phone that is another ----

def test_sec_33_register_as_another(lab):
    refusal = attacks.attack_register_as_other(lab)
    refused(refusal, "server", "cause=11")
    assert refusal.message == "Certificate name mismatch"
    assert "invalidX509NameInCertificate" in refusal.evidence["event"]


def test_sec_33_register_as_oneself(lab):
    accepted(attacks.twin_register_as_other(lab))


def test_sec_51_resumed_session_of_another(lab):
    refused(attacks.attack_resumed_as_other(lab), "server", "cause=11")


def test_sec_51_resumed_session_of_oneself(lab):
    refusal = attacks.twin_resumed_as_other(lab)
    accepted(refusal)
    assert "resumed=yes" in refusal.evidence["event"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["tls12", "tls13"])
def test_sec_41_no_client_certificate(lab, version):
    refused(attacks.attack_no_certificate(lab, version), "server", "tls-no-certificate")


def test_sec_35_self_signed_with_the_right_name(lab):
    refused(attacks.attack_self_signed(lab), "server", "leaf-is-ca")


def test_sec_44b_issuer_of_the_same_name(lab):
    refused(attacks.attack_false_issuer(lab), "server", "path-signature")


def test_sec_44a_issued_by_a_phone(lab):
    refused(attacks.attack_issued_by_phone(lab), "server", "path-unknown-issuer")


def test_sec_38_mic_at_the_call_manager(lab):
    refused(attacks.attack_mic_for_signalling(lab), "server", "path-unknown-issuer")


def test_sec_36_certificate_that_has_ended(lab):
    refused(attacks.attack_ended(lab), "server", "cert-expired")


@pytest.mark.parametrize("usage", ["digitalSignature", "keyEncipherment"])
def test_sec_44_certificate_for_another_use(lab, usage):
    refused(attacks.attack_wrong_usage(lab, usage), "server", "key-usage")


@pytest.mark.parametrize("subject", [
    "/CN=SEP0011223344556", f"/CN=x{A}", f"/CN=CP-7962-{A}.evil", f"/CN={B}/CN={A}",
    f"/CN={A} ", f"/CN=CP-{A}", f"/CN=sep{A[3:]}", f"/O={A}/CN={B}",
], ids=["longer", "prefix", "suffix", "two", "blank", "no-model", "lower-case", "other-part"])
def test_sec_34_similar_names(lab, subject):
    refused(attacks.attack_similar_name(lab, subject), "server", "cause=11")


@pytest.mark.parametrize("subject", [f"/CN={A}", f"/CN=CP-7962G-{A}", f"/O=hq/OU={B}/CN={A}"],
                         ids=["name", "model", "other-part"])
def test_sec_34_right_names_fail_no_sooner_than_at_the_database(lab, subject):
    """The twins: without the fault in the name they come to the next check."""
    refused(attacks.attack_similar_name(lab, subject), "server", "cause=10")


def test_certificate_that_was_not_issued_to_the_phone(lab):
    refusal = attacks.attack_unlisted(lab)
    refused(refusal, "server", "cause=10")
    assert refusal.message == "Certificate not known"


def test_sec_52_plain_bytes_on_the_tls_port(lab):
    refused(attacks.attack_plain_on_tls(lab), "server", "tls-bad-record")


def test_sec_52a_half_open_handshakes(lab):
    refused(attacks.attack_half_open(lab), "server", "")


# ---- servers that are others ----

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["tls12", "tls13"])
def test_sec_42_call_manager_not_in_the_list(lab, version):
    refused(attacks.attack_rogue_call_manager(lab, version), "phone", "server-unknown")


@pytest.mark.parametrize("role", ["tftp", "capf"])
def test_sec_42_call_manager_with_another_role(lab, role):
    refused(attacks.attack_call_manager_of_other_role(lab, role), "phone", "server-role")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["tls12", "tls13"])
def test_sec_42_call_manager_of_the_list(lab, version):
    accepted(attacks.twin_rogue_call_manager(lab, version))


def test_sec_65_capf_not_in_the_list(lab):
    refused(attacks.attack_rogue_capf(lab), "phone", "server-unknown")


@pytest.mark.parametrize("role", ["ccm", "tftp"])
def test_sec_65_capf_with_another_role(lab, role):
    refused(attacks.attack_capf_of_other_role(lab, role), "phone", "server-role")


def test_sec_65_capf_of_the_list(lab):
    accepted(attacks.twin_rogue_capf(lab))


# ---- enrolment ----

def test_sec_54_wrong_string(lab):
    refusal = attacks.attack_wrong_string(lab)
    refused(refusal, "server", "bad-string")
    assert refusal.evidence["tries_left"] == 4 and refusal.evidence["end_session"] == 7


def test_sec_54_right_string_after_five_wrong_ones(lab):
    refusal = attacks.attack_guessed_string(lab)
    refused(refusal, "server", "string-locked")
    assert refusal.evidence["tries_left"] == 0


def test_sec_58_mic_of_another(lab):
    refusal = attacks.attack_mic_of_other(lab)
    refused(refusal, "server", "name-mismatch")
    assert refusal.evidence["end_session"] == 7


def test_sec_58_mic_of_the_phone(lab):
    accepted(attacks.twin_mic_of_other(lab))


def test_sec_53_right_string(lab):
    accepted(attacks.twin_wrong_string(lab))


def test_sec_60_recorded_proof_from_another_address(lab):
    refusal = attacks.attack_proof_from_elsewhere(lab)
    refused(refusal, "server", "replay")
    assert refusal.evidence["end_session"] == 7


def test_sec_60_recorded_proof_in_the_next_operation(lab):
    refused(attacks.attack_proof_for_next_operation(lab), "server", "replay")


def test_sec_60_second_try_of_the_phone(lab):
    accepted(attacks.twin_proof_again(lab))


def test_sec_59_unknown_device(lab):
    refusal = attacks.attack_unknown_device(lab)
    refused(refusal, "server", "unknown-device")
    assert refusal.evidence["end_session"] == 9


def test_sec_59_nothing_scheduled(lab):
    refusal = attacks.attack_nothing_scheduled(lab)
    refused(refusal, "server", "no-operation")
    assert refusal.evidence["end_session"] == 0


# ---- records on their way ----

def test_sec_45_record_to_the_server_changed(lab):
    refused(attacks.attack_record_bit_to_server(lab), "server", "tls-bad-record")


def test_sec_45_record_to_the_phone_changed(lab):
    refused(attacks.attack_record_bit_to_phone(lab), "phone", "tls-bad-record")


def test_sec_45_record_sent_twice(lab):
    refused(attacks.attack_record_replayed(lab), "server", "tls-bad-record")


@pytest.mark.parametrize("direction", [TO_SERVER, TO_CLIENT])
def test_sec_45_records_as_sent(lab, direction):
    accepted(attacks.twin_record_bit(lab, direction))
