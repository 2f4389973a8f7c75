# SPDX-License-Identifier: Apache-2.0
"""Changed, foreign and misplaced files are refused by the phone, which keeps what it has, registers
with it, and tells the server; without the fault they are taken."""
import pytest

import attacks_files as attacks


def refused(refusal, *codes):
    assert refusal.refused and refusal.by == "phone", refusal
    assert refusal.code in codes and refusal.is_whole, refusal


def accepted(refusal):
    assert not refusal.refused and refusal.is_whole, refusal


# ---- firmware ----

def test_sec_02_image_with_one_bit_changed(lab):
    refused(attacks.attack_image_bit(lab), "sig-mismatch")


def test_sec_01_image_as_signed_is_installed(lab):
    accepted(attacks.twin_image_bit(lab))


@pytest.mark.parametrize("at", [0, 50], ids=["first", "middle"])
def test_sec_02_image_body(lab, at):
    refused(attacks.attack_image_bit(lab, at=at), "sig-mismatch")


@pytest.mark.parametrize("at,code", [
    (4, "file-kind"),
    (9, "header-alignment"),
    (20, "sig-mismatch"),   # name of the signer
    (200, "sig-mismatch"),  # signature
    (-20, "sig-mismatch"),
], ids=["version", "length", "signer", "signature", "end"])
def test_sec_03_image_header(lab, at, code):
    refused(attacks.attack_image_bit(lab, attacks.COMPONENT, at, is_in_body=False), code)


@pytest.mark.parametrize("file", ["rfsnd.2.0.sbn", "ringphone-2.0.loads"])
def test_sec_02_other_files_of_a_load(lab, file):
    refused(attacks.attack_image_bit(lab, file), "sig-mismatch")


def test_sec_04_image_signed_with_a_foreign_key(lab):
    refused(attacks.attack_image_foreign_key(lab), "signer-unknown")


# ---- configurations ----

@pytest.mark.parametrize("at", [0, 500, -1], ids=["first", "middle", "last"])
def test_sec_11_configuration_changed(lab, at):
    refused(attacks.attack_config_changed(lab, at), "sig-mismatch")


def test_sec_10_configuration_as_signed(lab):
    accepted(attacks.twin_config_changed(lab))


def test_sec_13_configuration_of_another_phone(lab):
    refused(attacks.attack_config_of_other_phone(lab), "file-name")


def test_sec_13_configuration_of_the_phone(lab):
    accepted(attacks.twin_config_of_other_phone(lab))


def test_configuration_signed_by_a_stranger(lab):
    refused(attacks.attack_config_stranger(lab), "signer-unknown")


@pytest.mark.parametrize("role", ["ccm", "capf"])
def test_sec_12_configuration_signed_in_another_role(lab, role):
    refused(attacks.attack_config_wrong_role(lab, role), "signer-role")


def test_sec_14_unsigned_under_the_signed_name(lab):
    refused(attacks.attack_config_unsigned(lab), "version-first")


def test_sec_14_unsigned_beside_the_signed_name(lab):
    refused(attacks.attack_config_only_unsigned_there(lab), "not-found")


def test_sec_16_sha1_where_sha512_is_wanted(lab):
    refused(attacks.attack_config_weak_digest(lab), "digest-refused")


def test_sec_10_sha1_where_it_is_allowed(lab):
    accepted(attacks.twin_config_weak_digest(lab))


def test_sec_10a_older_configuration_is_refused(lab):
    refused(attacks.attack_config_replayed(lab), "time-rollback")


def test_sec_10a_older_configuration_is_taken_with_a_warning(lab):
    refusal = attacks.twin_config_replayed(lab)
    accepted(refusal)
    assert refusal.evidence["older"] is True


# ---- trust lists ----

def test_sec_20_list_signed_by_a_stranger(lab):
    refused(attacks.attack_list_stranger(lab), "list-signer-unknown")


def test_sec_20_list_signed_by_a_known_sast(lab):
    accepted(attacks.twin_list_stranger(lab))


def test_list_with_one_bit_changed(lab):
    refused(attacks.attack_list_bit(lab), "sig-mismatch")


def test_sec_25_older_list_is_refused(lab):
    refused(attacks.attack_list_replayed(lab), "time-rollback")


def test_sec_25_older_list_is_taken_with_a_warning(lab):
    refusal = attacks.twin_list_replayed(lab)
    accepted(refusal)
    assert refusal.evidence["older"] is True
