# SPDX-License-Identifier: Apache-2.0
"""Changed, foreign and misplaced files are refused by the phone, which keeps what it has, registers
with it, and tells the server; without the fault they are taken."""
import pytest

import attacks_files as attacks
import container
import rig
from lab import IMAGE_PARTS, snapshot


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


def test_sec_05_image_for_another_model(lab):
    refusal = attacks.attack_image_other_hardware(lab)
    refused(refusal, "image-hardware")
    assert refusal.evidence["status"] == "Load rejected HC"


@pytest.mark.parametrize("attack,code", [
    (attacks.attack_image_cut, "sig-mismatch"), (attacks.attack_image_grown, "sig-mismatch"),
    (attacks.attack_image_too_long, "file-too-large")], ids=["cut", "grown", "too-long"])
def test_sec_06_image_of_another_length(lab, attack, code):
    refused(attack(lab), code)


@pytest.mark.parametrize("file", [attacks.COMPONENT, "ringphone-2.0.loads"])
def test_sec_07_unsigned_image(lab, file):
    refused(attacks.attack_image_unsigned(lab, file), "version-first")


def test_sec_08_older_firmware_with_a_floor_and_without(office):
    """The phone runs 2.0 and is told to run 1.0, as signed by its manufacturer."""
    site, phone = office.site, office.a
    with site.start():
        site.cli("device", "change", phone.device, "--load", "ringphone-1.0")
        rig.run(rig.program("ringphone"), "unlock", "--flash", phone.flash)
        rig.run(rig.program("ringphone"), "set", "--flash", phone.flash, "--min-load", "2.0")
        before = snapshot(phone.flash, *IMAGE_PARTS)
        with phone.start(site):
            assert phone.wait("load-refused")["code"] == "image-version"
            phone.wait("registered")
            assert site.event_wait("image-rejected", phone.device)["severity"] == "warn"
            assert phone.seen("status", text="Version error")
            assert snapshot(phone.flash, *IMAGE_PARTS) == before
        rig.run(rig.program("ringphone"), "unlock", "--flash", phone.flash)
        rig.run(rig.program("ringphone"), "set", "--flash", phone.flash, "--min-load", "none")
        with phone.start(site):
            installed = phone.wait("load-installed")
            assert (installed["load"], installed["older"]) == ("ringphone-1.0", True)
            phone.wait("registered")
            assert phone.seen("boot")[-1]["load"] == "ringphone-1.0"


def test_sec_09_component_of_another_release(lab):
    refused(attacks.attack_image_other_release(lab), "file-name")


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


@pytest.mark.parametrize("how", ["zeros", "other bytes", "block type 2", "digest alone",
                                 "digest before the end"])
def test_sec_18_forged_padding(lab, how):
    refused(attacks.attack_config_padding(lab, how), "sig-mismatch")


def test_sec_18_padding_as_it_should_be(lab):
    accepted(attacks.twin_config_padding(lab))


@pytest.mark.parametrize("by,code", [("unsigned", "version-first"), ("stranger", "signer-unknown"),
                                     ("ccm", "signer-role"), ("other name", "file-name")])
def test_sec_123_a_foreign_file_does_not_take_a_phone_into_the_clear(lab, by, code):
    refused(attacks.attack_config_into_the_clear(lab, by), code)  # and it registers over TLS


def test_sec_123_the_site_may_take_a_phone_into_the_clear(lab):
    assert attacks.twin_config_into_the_clear(lab) == (1, False)


# ---- trust lists ----

def test_sec_20_list_signed_by_a_stranger(lab):
    refused(attacks.attack_list_stranger(lab), "list-signer-unknown")


def test_sec_20_list_signed_by_a_known_sast(lab):
    accepted(attacks.twin_list_stranger(lab))


KINDS = pytest.mark.parametrize("kind", ["CTL", "ITL"])


@KINDS
@pytest.mark.parametrize("at,code", [(9, "header-alignment"), (200, "sig-mismatch"),
                                     (-40, "sig-mismatch")], ids=["length", "header", "record"])
def test_sec_31a_list_with_one_bit_changed(lab, kind, at, code):
    refused(attacks.attack_list_bit(lab, kind, at), code)


@KINDS
def test_sec_31a_list_as_it_was_signed(lab, kind):
    accepted(attacks.twin_list_bit(lab, kind))


@KINDS
def test_sec_31b_list_signed_by_a_call_manager(lab, kind):
    refused(attacks.attack_list_no_sast(lab, kind), "list-signer-role")
    refused(attacks.attack_list_not_own_signer(lab, kind), "list-signer-not-own")


@KINDS
def test_sec_31b_list_signed_by_a_sast(lab, kind):
    accepted(attacks.twin_list_own_signer(lab, kind))


@KINDS
def test_sec_31c_versions_and_tags_of_a_list(lab, kind):
    for version, extra, is_odd in ((b"\1\2", b"", None), (b"\1\3", b"", True),
                                   (b"\1\2", container.tlv(99, b"new"), True)):
        taken = attacks.list_of_version(lab, kind, version, extra)
        accepted(taken)
        assert taken.evidence["odd"] is is_odd, taken  # the warning
    taken = attacks.list_of_new_records(lab, kind)
    accepted(taken)
    assert taken.evidence["odd"] is True, taken
    refused(attacks.list_of_version(lab, kind, b"\3\2"), "version-major")


def test_sec_26_list_above_64_kib(lab):
    """The phone does not even fetch it to the end."""
    refused(attacks.attack_list_too_long(lab), "file-too-large")


def test_sec_26_list_below_64_kib(lab):
    accepted(attacks.twin_list_too_long(lab))


def test_sec_25_older_list_is_refused(lab):
    refused(attacks.attack_list_replayed(lab), "time-rollback")


def test_sec_25_older_list_is_taken_with_a_warning(lab):
    refusal = attacks.twin_list_replayed(lab)
    accepted(refusal)
    assert refusal.evidence["older"] is True
