# SPDX-License-Identifier: Apache-2.0
"""Private keys of a phone, encrypted on its flash under a device secret."""
import rig

A = rig.A


def secret_file(folder, text="correct horse battery"):
    path = folder / "device-secret"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def keys_in_clear(flash):
    return sorted(path.name for path in flash.rglob("*")
                  if path.is_file() and b"BEGIN PRIVATE KEY" in path.read_bytes())


def test_sec_64_a_phone_that_leaves_the_factory_with_encrypted_keys(site, factory, tmp_path):
    secret = secret_file(tmp_path)
    site.cli("mic", "import", factory.roots)
    site.start()
    site.device_add(A)
    string = site.capf_install(A)
    flash = factory.folder / "phones" / A
    flash.parent.mkdir(exist_ok=True)
    rig.ringfence("factory", "phone", "--name", A, "--flash", flash, "--firmware",
                  factory.firmware("1.0"), "--model", "8861", "--hardware", "rf-1",
                  "--device-secret", secret, factory.folder)
    phone = rig.Phone(flash, A)
    phone.start(site, "--device-secret", secret, "--auth-string", string)
    assert phone.wait("enrol-done")["outcome"] == "installed"
    phone.wait("registered")
    phone.stop()
    assert keys_in_clear(flash) == []
    assert secret.read_text().strip() not in phone.log_text()
    # Without it, and with another one: a clear word, and nothing is lost.
    phone.start(site)
    assert phone.wait("halted")["code"] == "device-secret"
    phone.wait_end(status=1)
    wrong = secret_file(flash.parent, "another one")
    phone.start(site, "--device-secret", wrong)
    assert phone.wait("halted")["code"] == "device-secret-wrong"
    phone.wait_end(status=1)
    phone.start(site, "--device-secret", secret)
    phone.wait("registered")


def test_a_folder_that_is_in_use_is_protected_and_opened_again(office, tmp_path):
    secret = secret_file(tmp_path)
    phone = office.a
    assert keys_in_clear(phone.flash) == ["lsc.pem", "mic.pem"]
    ringphone = rig.program("ringphone")
    rig.run(ringphone, "protect", "--flash", phone.flash, "--device-secret", secret)
    assert keys_in_clear(phone.flash) == []
    page = phone.security()
    assert page["private_keys"] == "encrypted" and page["lsc"]["code"] == "device-secret"
    office.site.start()
    phone.start(office.site, "--device-secret", secret, has_menu=True)
    phone.wait("registered")
    page = phone.say("security")["page"]
    assert page["private_keys"] == "encrypted" and "code" not in page["lsc"]
    busy = rig.run(ringphone, "unprotect", "--flash", phone.flash, "--device-secret", secret,
                   status=1)
    assert "another ringphone runs" in busy.stderr
    phone.stop()
    rig.run(ringphone, "unprotect", "--flash", phone.flash, "--device-secret", secret)
    assert keys_in_clear(phone.flash) == ["lsc.pem", "mic.pem"]
    phone.start(office.site)
    phone.wait("registered")
