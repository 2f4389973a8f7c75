# SPDX-License-Identifier: Apache-2.0
"""`ringphone doctor`: planted faults, each found by its true cause and by no other, and each with its
twin, which is the same without the one fault, and well. docs/doctor.md"""
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import container
import rig
import tftpd
from lab import snapshot
from rig import A, B
from rogue import Rogue
from ward import (CAPF, CCM, CONFIG, CTL, ENC, ITL, SAST, SHA1, TFTP, HttpLiar, Report, Ward,
                  closed_port,
                  deaf_udp)

BY_MAC = ("--mac", A[3:])  # a phone of which nothing but its name is known
OLD = ("--model", "7962")
SOON = ("--wait", "500ms")
PLANTS = {}


def plant(*faults, grade="fault"):
    """`faults`: step:code, all that is to be found. The function is called with the ward, and whether
    it shall be sick; it gives files to lie about and words for the doctor."""
    def add(function):
        PLANTS[function.__name__] = (contextmanager(function) if _is_generator(function)
                                     else _plain(function), faults, grade)
        return function
    return add


def _is_generator(function):
    return bool(function.__code__.co_flags & 0x20)


def _plain(function):
    @contextmanager
    def given(ward, sick):
        yield function(ward, sick)
    return given


# ---- the configuration's signature ----

@plant("config:signer-role")
def wrong_role(ward, sick):
    return {CONFIG: ward.config(pem=ward.key("capf" if sick else "tftp"))}, ()


@plant("config:signer-unknown")
def unknown_signer(ward, sick):
    return {CONFIG: ward.config(pem=ward.cert("CN=someone") if sick else None)}, ()


@plant("config:inner-name")
def wrong_inner_name(ward, sick):
    return {CONFIG: ward.config(name=f"{B if sick else A}.cnf.xml.sgn")}, ()


@plant("config:time-future")
def signed_tomorrow(ward, sick):
    return {CONFIG: ward.config(when=0x7fffffff if sick else 1700000000)}, ("--flash",
                                                                           ward.unstamped)


@plant("config:signature")
def changed_after_signing(ward, sick):
    whole = ward.config()
    return {CONFIG: whole.replace(b"SCCP<", b"sccp<") if sick else whole}, ()


@plant("config:not-signed")
def bare_under_the_signed_name(ward, sick):
    return {CONFIG: ward.body.encode() if sick else ward.config()}, ()


@plant("config:unsigned-only")
def only_the_unsigned_file(ward, sick):
    return {CONFIG: None, f"{A}.cnf.xml": ward.body.encode()} if sick else {}, ()


@plant("config:malformed")
def header_with_a_tag_twice(ward, sick):
    whole = ward.config()
    serial = whole.index(b"\5\0", 10)
    return {CONFIG: whole[:serial] + b"\4" + whole[serial + 1:] if sick else whole}, ()


@plant("config:digest", "ctl:digest", "itl:digest")
def sha512_to_an_old_model(ward, sick):
    digest = SHA1 if not sick else 3
    return ({**ward.both(digest=digest), CONFIG: ward.config(digest=digest)},
            (*BY_MAC, *OLD))


@plant("config:digest")
def sha512_configuration_to_an_old_model(ward, sick):
    return ({**ward.both(digest=SHA1), CONFIG: ward.config(digest=3 if sick else SHA1)},
            (*BY_MAC, *OLD))


@plant("config:signer-key")
def signer_of_4096_bits_to_an_old_model(ward, sick):
    pem = ward.cert("CN=long", key=f"rsa:{4096 if sick else 2048}")
    lists = ward.both(digest=SHA1, entries=[*ward.roles(), (TFTP, pem)])
    config = container.build(ward.body.encode(), pem, CONFIG, SHA1, 1700000000,
                             bits=4096 if sick else 2048)
    return {**lists, CONFIG: config}, (*BY_MAC, *OLD)


# ---- what came instead of it ----

@plant("config:file-html")
def a_web_page_for_not_found(ward, sick):
    page = b"<!DOCTYPE html>\n<html><body><h1>404 Not Found</h1></body></html>\n"
    return {CONFIG: page if sick else ward.config()}, ()


@plant("config:file-truncated")
def configuration_cut_off(ward, sick):
    whole = ward.config()
    return {CONFIG: whole[:-200] if sick else whole}, ()


@plant("config:file-truncated")
def configuration_cut_off_in_the_header(ward, sick):
    whole = ward.config()
    return {CONFIG: whole[:300] if sick else whole}, ()


@plant("config:file-empty")
def empty_configuration(ward, sick):
    return {CONFIG: b"" if sick else ward.config()}, ()


@plant("config:file-access")
def configuration_not_readable(ward, sick):
    return {CONFIG: 2} if sick else {}, ()


@plant("config:device-unknown")
def unknown_device(ward, sick):
    return {}, ("--mac", "00:11:22:33:44:99") if sick else BY_MAC


@plant("config:name-case")
def name_in_lower_case(ward, sick):
    whole = ward.config()
    name = CONFIG.replace("cnf", "CNF") if sick else CONFIG
    return {CONFIG: None, f"{A}.cnf.xml": None, name.lower() if sick else name: whole}, ()


@plant("ctl:file-silent")
def no_answer_for_a_missing_list(ward, sick):
    return {CTL: tftpd.SILENT if sick else None}, SOON if sick else ()


@plant("ctl:server-silent")
def silent_server(ward, sick):
    with deaf_udp() as deaf:
        yield {}, ("--tftp", f"127.0.0.1:{deaf[1]}", *SOON) if sick else ()


# ---- what the configuration says ----

@plant("config:xml")
def broken_xml_well_signed(ward, sick):
    body = ward.body.replace("</devicePool>", "") if sick else ward.body
    return {CONFIG: ward.config(body=body)}, ()


@plant("config:config-root")
def default_document_for_a_device(ward, sick):
    body = "<Default></Default>" if sick else ward.body
    return {CONFIG: ward.config(body=body)}, ()


@plant("config:no-call-manager")
def no_call_manager(ward, sick):
    body = re.sub(r"<callManagerGroup>.*</callManagerGroup>", "", ward.body, flags=re.S)
    return {CONFIG: ward.config(body=body if sick else ward.body)}, ()


@plant("config:secure-without-list")
def secure_mode_and_no_call_manager_in_the_lists(ward, sick):
    entries = [one for one in ward.roles() if one[0] != CCM or not sick]
    return ward.both(entries=entries), BY_MAC


@plant("config:capf-missing")
def enrolment_without_a_server(ward, sick):
    body = re.sub(r"<capfList>.*?</capfList>", "", ward.xml(capfAuthMode="2" if sick else "0"),
                  flags=re.S)
    return {CONFIG: ward.config(body=body)}, ()


@plant("config:sip-transport")
def sip_phone_on_tcp(ward, sick):
    return {CONFIG: ward.config(deviceProtocol="SIP", loadInformation="",
                                transportLayerProtocol="1" if sick else "3")}, ()


@plant("call-manager:name-unresolved")
def name_that_nobody_knows(ward, sick):
    return {CONFIG: ward.config(processNodeName="cm.invalid" if sick else "127.0.0.1")}, ()


# ---- encrypted ----

@plant("config:cert-hash")
def stale_cert_hash(ward, sick):
    return {CONFIG: ward.stub("00" * 16 if sick else None), ENC: ward.encrypted()}, ()


@plant("encrypted:encrypted-missing")
def encrypted_flag_without_the_file(ward, sick):
    return {CONFIG: ward.stub(), ENC: None if sick else ward.encrypted()}, ()


@plant("encrypted:decrypt")
def encrypted_for_another_key(ward, sick):
    pem = ward.cert(f"CN={A}") if sick else None
    return {CONFIG: ward.stub(), ENC: ward.encrypted(pem)}, ()


@plant("config:stub-flag")
def stub_that_is_not_encrypted(ward, sick):
    return {CONFIG: ward.stub(encrypted="false" if sick else "true"), ENC: ward.encrypted()}, ()


# ---- trust lists ----

@plant("ctl:list-signer-unknown", "itl:list-signer-unknown")
def lists_of_another_site(ward, sick):
    other = ward.cert("CN=other-SAST")
    entries = [(SAST, other), *ward.roles()[1:]]
    return ward.both(entries=entries, pem=other) if sick else ward.both(), ()


@plant("ctl:list-signer-unknown", "itl:list-signer-unknown")
def phone_of_another_site(ward, sick):
    """What it holds was made elsewhere: that it knows neither file signer nor call manager follows."""
    other = ward.cert("CN=other-SAST")
    entries = [(SAST, other), (CCM, ward.cert("CN=other-CCM")), (TFTP, ward.cert("CN=other-TFTP"))]
    held = ward.both(entries=entries, pem=other) if sick else ward.both()
    return {}, (*BY_MAC, "--lists", ward.lists(held))


@plant("ctl:list-signer-unknown", "itl:list-signer-unknown")
def phone_of_another_site_than_one_that_spells_names_its_own_way(ward, sick):
    """That the configuration's signer is not known follows here, too."""
    spell = container.as_other_servers_write
    other = ward.cert("CN=other-SAST")
    entries = [(SAST, other), (CCM, ward.cert("CN=other-CCM")), (TFTP, ward.cert("CN=other-TFTP"))]
    held = ward.both(entries=entries, pem=other) if sick else ward.both(spell=spell)
    return {**ward.both(spell=spell), CONFIG: ward.config(spell=spell)}, \
        (*BY_MAC, "--lists", ward.lists(held))


@plant("itl:list-signer-role")
def list_signed_by_one_known_for_files(ward, sick):
    entries = [*ward.roles()[1:], (SAST, ward.key("tftp"))]
    return {ITL: ward.list(entries, pem=ward.key("tftp")) if sick else ward.list()}, ()


@plant("itl:list-not-own")
def list_without_its_signer(ward, sick):
    return {ITL: ward.list(ward.roles()[1 if sick else 0:])}, ()


@plant("itl:inner-name")
def list_signed_under_its_own_name(ward, sick):
    return {ITL: ward.list(name=ITL if sick else "ITLFile.tlv")}, ()


@plant("itl:list-size")
def list_too_long(ward, sick):
    fill = [(7, ward.key("ccm"))] * (70 if sick else 30)
    return {ITL: ward.list([*ward.roles(), *fill])}, ()


@plant("itl:file-truncated")
def list_cut_off(ward, sick):
    whole = ward.list()
    return {ITL: whole[:-100] if sick else whole}, ()


@plant("itl:signature")
def list_changed_after_signing(ward, sick):
    whole = ward.list()
    return {ITL: whole.replace(b"\4\0\2\0\4", b"\4\0\2\0\3") if sick else whole}, ()


@plant("ctl:list-expired", "itl:list-expired", grade="warning")
def expired_list_signer(ward, sick):
    pem = ward.cert("CN=old-SAST", days=-1 if sick else 30)
    return ward.both(entries=[*ward.roles()[1:], (SAST, pem)], pem=pem), BY_MAC


@plant("phone:stored-list")
def damaged_stored_list(ward, sick):
    flash = ward.copy()
    if sick:
        stored = flash / "ITLFile.tlv"
        data = stored.read_bytes()
        stored.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    return {}, ("--flash", flash)


@plant("ctl:clock-behind")
def clock_of_1970(ward, sick):
    return {}, (*BY_MAC, *(("--now", "1970-01-02") if sick else ()))


# ---- the phone's own certificate ----

@plant("phone:own-expired")
def expired_lsc(ward, sick):
    pem = ward.cert(f"O=ringfence,CN={A}", issuer=ward.key("lsc-issuer"), days=-1 if sick else 30)
    return {}, (*BY_MAC, "--key", pem)


@plant("phone:own-name")
def certificate_of_another_device(ward, sick):
    pem = ward.cert(f"O=ringfence,CN={B if sick else A}", issuer=ward.key("lsc-issuer"))
    return {}, (*BY_MAC, "--key", pem)


@plant("call-manager:client-issuer")
def certificate_of_another_site(ward, sick):
    issuer = ward.cert("CN=elsewhere", extensions=("basicConstraints=critical,CA:TRUE",
                                                   "keyUsage=critical,keyCertSign"))
    pem = ward.cert(f"O=ringfence,CN={A}", issuer=issuer if sick else ward.key("lsc-issuer"))
    return {}, (*BY_MAC, "--key", pem, "--settle", "2s")


# ---- servers ----

def _call_manager(ward, address):
    """The configuration with a call manager at this address."""
    return {CONFIG: ward.config(ethernetPhonePort=address[1] - 443)}


@plant("call-manager:server-unknown")
def call_manager_not_in_the_list(ward, sick):
    pem = ward.cert("CN=ringfence-CCM,O=ringfence") if sick else ward.key("ccm")
    with Rogue(pem) as server:
        yield _call_manager(ward, server.address), ()


@plant("call-manager:server-role")
def call_manager_with_the_file_servers_certificate(ward, sick):
    with Rogue(ward.key("tftp" if sick else "ccm")) as server:
        yield _call_manager(ward, server.address), ()


@plant("call-manager:server-expired")
def call_manager_expired(ward, sick):
    pem = ward.cert("CN=old-CCM", days=-1 if sick else 30)
    with Rogue(pem) as server:
        yield {**ward.both(entries=[*ward.roles(), (CCM, pem)]),
               **_call_manager(ward, server.address)}, ()


@plant("call-manager:connect-refused")
def call_manager_down(ward, sick):
    address = ("127.0.0.1", closed_port() if sick else ward.site.ports["sccp_tls"])
    return _call_manager(ward, address), ()


@plant("call-manager:port-added")
def secure_port_written_into_the_configuration(ward, sick):
    port = ward.site.ports["sccp_tls"] - (0 if sick else 443)
    return {CONFIG: ward.config(ethernetPhonePort=port)}, ()


@contextmanager
def _hangs_up(pem):
    """A TCP server that closes each connection: at once, or with `pem` after the handshake."""
    if pem is not None:
        class Short(Rogue):
            def _talk(self, client, tls, inside, outside, visit):
                self.context.num_tickets = 0
                client.settimeout(5)
                with self.context.wrap_socket(client, server_side=True) as link:
                    link.unwrap()
        with Short(pem) as server:
            yield server.address
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        def run():
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@plant("call-manager:not-tls")
def plain_service_at_the_secure_port(ward, sick):
    with _hangs_up(None) as plain, Rogue(ward.key("ccm")) as server:
        yield _call_manager(ward, plain if sick else server.address), ()


@plant("call-manager:closed-early")
def call_manager_that_hangs_up(ward, sick):
    with _hangs_up(ward.key("ccm")) as short, Rogue(ward.key("ccm")) as server:
        yield _call_manager(ward, short if sick else server.address), ("--settle", "2s")


@plant("capf:connect-refused")
def capf_down(ward, sick):
    return {CONFIG: ward.with_capf(closed_port() if sick else ward.site.ports["capf"])}, ()


@plant("capf:server-role")
def capf_with_the_call_managers_certificate(ward, sick):
    with Rogue(ward.key("ccm" if sick else "capf")) as server:
        yield {CONFIG: ward.with_capf(server.address[1])}, ()


@plant("capf:server-capf")
def capf_that_may_not_issue(ward, sick):
    extensions = () if sick else ("basicConstraints=critical,CA:TRUE,pathlen:0",
                                  "keyUsage=critical,digitalSignature,keyCertSign")
    pem = ward.cert("CN=new-CAPF", extensions=extensions)
    with Rogue(pem) as server:
        yield {**ward.both(entries=[*ward.roles(), (CAPF, pem)]),
               CONFIG: ward.with_capf(server.address[1])}, ()


# ---- the same by HTTP ----

def _by_http(ward, answers):
    with HttpLiar(ward, answers) as liar:
        yield {}, ("--http-port", str(liar.port))


@plant("http:http-redirect")
def http_redirect(ward, sick):
    answers = {CONFIG: (302, {"Location": f"https://elsewhere/{CONFIG}"}, b"")} if sick else {}
    yield from _by_http(ward, answers)


@plant("http:file-html")
def page_with_status_200(ward, sick):
    page = (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>not found</html>")
    yield from _by_http(ward, {CTL: page} if sick else {})


@plant("http:http-differs")
def two_files_under_one_name(ward, sick):
    yield from _by_http(ward, {CONFIG: (200, {}, b"an older one")} if sick else {})


@plant("http:http-differs")
def only_by_tftp(ward, sick):
    yield from _by_http(ward, {CONFIG: (404, {}, b"")} if sick else {})


@plant("http:http-bad")
def server_error(ward, sick):
    yield from _by_http(ward, {CONFIG: (500, {}, b"")} if sick else {})


@plant("http:http-busy", grade="warning")
def busy_server(ward, sick):
    yield from _by_http(ward, {CONFIG: (503, {"Retry-After": "5"}, b"")} if sick else {})


@plant("http:server-role", grade="warning")
def https_with_another_services_certificate(ward, sick):
    ec, lists = ward.cert("CN=https", key="ec:prime256v1"), ward.roles()
    entries = [*lists, (7 if sick else TFTP, ec), (TFTP, ward.cert("CN=e", key="ec:prime256v1"))]

    def says(heard):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
        return head if heard.startswith(b"HEAD /" + CONFIG.encode()) else b""
    with Rogue(ec, says=says) as server:
        yield ward.both(entries=entries, is_11=True), ("--https-port", str(server.address[1]))


# ---- firmware ----

@plant("load:load-missing")
def load_that_is_not_there(ward, sick):
    return {CONFIG: ward.config(loadInformation="ringphone-9.9" if sick else "ringphone-2.0")}, ()


@plant("load:load-part-missing")
def component_missing(ward, sick):
    return {"rfsnd.2.0.sbn": None} if sick else {}, ("--flash", ward.with_old_load)


@plant("load:signature")
def component_changed(ward, sick):
    whole = ward.files["rfsnd.2.0.sbn"]
    changed = whole[:-1] + bytes([whole[-1] ^ 1])
    return {"rfsnd.2.0.sbn": changed if sick else whole}, ("--flash", ward.with_old_load)


@plant("load:inner-name")
def component_under_another_name(ward, sick):
    name = "ringphone-2.0.loads" if sick else "rfapp.2.0.sbn"
    return {"rfapp.2.0.sbn": ward.files[name]}, ("--flash", ward.with_old_load)


@plant("load:name-case")
def load_with_its_suffix_in_capitals(ward, sick):
    whole = ward.files["ringphone-2.0.loads"]
    return ({"ringphone-2.0.loads": None, "ringphone-2.0.LOADS": whole} if sick else {},
            ("--flash", ward.with_old_load))


@plant("load:load-family")
def load_for_other_hardware(ward, sick):
    return ({file.name: file.read_bytes() for file in ward.other_load.iterdir()} if sick else {},
            ("--flash", ward.with_old_load))


@plant("load:load-family")
def load_of_another_model(ward, sick):
    load = "SCCP41.9-4-2SR3-1S" if sick else "ringphone-2.0"
    return {CONFIG: ward.config(loadInformation=load)}, ()


@plant("load:load-suffix")
def load_with_its_suffix(ward, sick):
    return {CONFIG: ward.config(loadInformation="ringphone-2.0" + (".loads" if sick else ""))}, ()


# ---- the tests ----

@pytest.fixture(scope="module")
def ward(tmp_path_factory, made_factory):
    before = list(rig.Process.everyone)
    ward = Ward(tmp_path_factory.mktemp("ward"), made_factory)
    rig.Process.everyone[:] = before  # it outlives a test
    ward.other_load = ward.factory.folder / "other-hardware"
    rig.ringfence("factory", "firmware", "--version", "2.0", "--hardware", "rf-9", "--out",
                  ward.other_load, ward.factory.folder)
    ward.site.cli("device", "change", "--load", "ringphone-2.0", A)
    ward.change(loadInformation="ringphone-2.0")
    ward.with_old_load = ward.flash  # it runs 1.0
    ward.unstamped = ward.copy()
    (ward.unstamped / "state.json").unlink()
    try:
        yield ward
    finally:
        ward.close()


def pairs(faults):
    return {tuple(fault.split(":")) for fault in faults}


@pytest.fixture(scope="module")
def looks(request, ward):
    """What the doctor says of each plant that is tested, sick and well: some of them at a time, for most
    of it is waiting."""
    def look(name, is_sick):
        given = PLANTS[name][0]
        with given(ward, is_sick) as (files, words), ward.serve(files) as tftp:
            return ward.see(tftp, *words)
    names = [item.callspec.params["plant"] for item in request.session.items
             if getattr(item, "originalname", "") == "test_planted_fault"]
    with ThreadPoolExecutor(4) as pool:
        yield {name: (pool.submit(look, name, True), pool.submit(look, name, False))
               for name in names}


@pytest.mark.parametrize("plant", PLANTS)
def test_planted_fault(looks, plant):
    _, faults, grade = PLANTS[plant]
    sick, well = (look.result() for look in looks[plant])
    assert sick.graded(grade) == pairs(faults), sick.told
    assert grade == "fault" or not sick.faults, sick.told
    assert sick.status == (1 if sick.faults else 0)
    assert all(sick.line(code)["next"] for _, code in pairs(faults)), sick.told
    assert not well.faults and not well.graded(grade) & pairs(faults), well.told
    assert well.status == 0 and well.whole["well"]


def test_there_are_enough_plants():
    codes = {fault.split(":")[1] for _, faults, _ in PLANTS.values() for fault in faults}
    assert len(PLANTS) >= 25 and len(codes) >= 25, codes


def test_everything_is_well_and_nothing_is_written(ward):
    before = snapshot(ward.flash, ".")
    mark = max(event["id"] for event in ward.site.events())
    report = ward.see(ward.tftp)
    assert report.status == 0 and not report.faults and not report.graded("warning"), report.told
    steps = [line["step"] for line in report.lines]
    assert list(dict.fromkeys(steps)) == ["phone", "ctl", "itl", "config", "load", "capf",
                                          "call-manager"]
    assert snapshot(ward.flash, ".") == before
    for _ in range(5):
        ward.see(ward.tftp, "--mac", B)
    seen = ward.site.device(B)  # the server has concluded nothing from our asking
    assert seen["holds"]["ctl"]["state"] == seen["holds"]["itl"]["state"] == "unknown", seen
    assert seen["fetched"] == []
    assert not [e for e in ward.site.events(after=mark) if e["category"] == "file"
                or e["code"] == "registered"]


def test_an_encrypted_configuration_without_a_key_is_said_not_to_have_been_read(ward):
    """Nothing that was looked at is wrong, and most was not looked at."""
    with ward.serve({CONFIG: ward.stub(), ENC: ward.encrypted()}) as tftp:
        report = ward.see(tftp, "--mac", A)
        told = rig.run(rig.program("ringphone"), "doctor", "--mac", A[3:], "--tftp",
                       f"{tftp[0]}:{tftp[1]}").stdout
        whole = ward.see(tftp)
    assert report.status == 0 and ("encrypted", "config-unread") in report.graded("note"), report.told
    assert report.whole["not_walked"] == ["files", "call-manager", "tvs"]
    assert "No fault found in what could be looked at." in told
    # The twin: with the phone's key.
    assert whole.status == 0 and whole.whole["not_walked"] == [], whole.told
    assert "call-manager" in [line["step"] for line in whole.lines]


def test_a_file_signed_while_the_doctor_looks_is_not_of_the_future(ward):
    def slowly():
        time.sleep(1.1)
        return ward.files[CTL]
    with ward.serve({CTL: slowly, CONFIG: lambda: ward.config(when=int(time.time()))}) as tftp:
        report = ward.see(tftp)
    assert report.status == 0 and not report.faults, report.told


def test_the_fourth_device_asked_about_from_one_address_is_no_riddle(site):
    """With the server's own default: what it does not answer is said to be maybe a limit of its."""
    site.configure(provision_names=3)
    site.start()
    reports = []
    for i in range(4):
        name = f"SEP00112233000{i}"
        site.device_add(name, [f"200{i}"], mode="nonsecure")
        reports.append(Report(rig.run(rig.program("ringphone"), "doctor", "--tftp", site.tftp, "--mac",
                                      name[3:], "--json", "--wait", "1s", status=None)))
    assert [("config", "file-silent") in report.faults for report in reports] == [False] * 3 + [True]
    assert "provision_names" in reports[-1].line("file-silent")["next"]
    assert site.event_wait("name-guessing")


def test_a_site_with_tvs_is_well_and_a_stranger_in_its_place_is_seen(office):
    def look():
        return Report(rig.run(rig.program("ringphone"), "doctor", "--tftp", office.site.tftp,
                              "--json", "--flash", office.a.flash, status=None))
    office.site.start()
    report = look()
    assert report.status == 0 and not report.faults, report.told
    assert [line["step"] for line in report.lines].count("tvs") == 1, report.told
    # Whatever answers at that address with another certificate than the list's.
    office.site.cli("device", "set", A,
                    f"TVS/members/member[1]/port={office.site.ports['capf']}")
    assert ("tvs", "server-role") in look().faults, look()


def test_http_beside_tftp(ward):
    """The site's own HTTP and HTTPS are looked at, and nothing counts as fetched."""
    ports = ward.site.ports
    report = ward.see(ward.tftp, "--mac", B, "--http-port", str(ports["http"]), "--https-port",
                      str(ports["https"]))
    assert report.status == 0 and not report.graded("warning"), report.told
    ways = [line["where"].split(":")[0] for line in report.lines if line["step"] == "http"]
    assert ways == ["https", "http", "http", "http"], report.told
    holds = ward.site.device(B)["holds"]
    assert holds["ctl"]["state"] == holds["itl"]["state"] == "unknown", holds


def test_a_server_that_answers_by_http_alone(ward):
    with deaf_udp() as deaf:
        report = ward.see(deaf, *SOON, "--http-port", str(ward.site.ports["http"]))
    assert report.status == 0 and report.graded("warning") == {("http", "server-silent")}, report.told
    assert ("call-manager" in [line["step"] for line in report.lines]), report.told


def test_it_registers_and_leaves(ward):
    report = ward.see(ward.tftp, "--register")
    assert report.status == 0
    assert "number 2001" in report.lines[-1]["what"] and report.lines[-1]["step"] == "register"
    assert not ward.site.device(A)["registered"]


def test_a_registration_is_refused_with_the_servers_words(ward):
    ward.site.cli("device", "change", "--mode", "nonsecure", A)
    try:
        with ward.serve({CONFIG: ward.config()}) as tftp:
            report = ward.see(tftp, "--register")
    finally:
        ward.site.cli("device", "change", "--mode", "encrypted", A)
    assert report.faults == {("register", "not-registered")}, report.told


def test_capf_is_left_before_anything_is_issued(ward):
    before = ward.site.device(A)
    string = ward.site.capf_install(A)
    try:
        path = ward.path("string")
        path.write_text(string)
        config = {CONFIG: ward.with_capf(ward.site.ports["capf"], mode=1)}
        with ward.serve(config) as tftp:
            right = ward.see(tftp, "--capf", "--auth-string-file", path)
            path.write_text("0000000000")
            wrong = ward.see(tftp, "--capf", "--auth-string-file", path)
    finally:
        ward.site.cli("capf", "cancel", A)
    assert right.status == 0 and right.lines[-1]["step"] == "enrol", right
    assert "nothing was issued" in right.lines[-1]["what"]
    assert wrong.faults == {("enrol", "not-enrolled")}, wrong
    after = ward.site.device(A)
    assert after["certificates"] == before["certificates"]


def test_a_server_that_is_not_ours():
    """Files of another implementation, SHA-1 and all; nothing of ours stands behind them."""
    made, key = rig.ROOT / "tests/data/fixtures/made", rig.ROOT / "tests/data/fixtures/keys/phone.pem"
    files = {"ITLFile.tlv": (made / "ITLFile.tlv").read_bytes(),
             CONFIG: (made / "encrypted-stub.cnf.xml.sgn").read_bytes(),
             ENC: (made / "encrypted.cnf.xml.enc.sgn").read_bytes()}
    with tftpd.Overlay(None) as tftp:
        tftp.files.update(files)
        done = rig.run(rig.program("ringphone"), "doctor", "--json", "--tftp",
                       f"127.0.0.1:{tftp.port}", *BY_MAC, "--model", "7970", "--key", key,
                       status=1)
        assert not any(name.endswith(".cnf.xml") for name in tftp.asked)
    report = Report(done)
    assert report.faults == {("config", "no-call-manager"), ("load", "load-missing")}, report.told
    assert report.graded("warning") >= {("capf", "connect-refused")}, report.told
    well = [(line["step"], line["where"]) for line in report.lines if line["grade"] == "ok"]
    assert ("itl", "ITLFile.tlv") in well and ("encrypted", ENC) in well, report.told


def test_what_follows_is_no_fault_of_its_own(ward):
    given = PLANTS["phone_of_another_site"][0]
    with given(ward, True) as (_, words):
        report = ward.see(ward.tftp, *words)
    assert report.graded("follows") == {("config", "signer-unknown")}, report.told
    assert not report.line("signer-unknown").get("next")


def test_a_certificate_without_its_key_is_good_for_its_hash(ward):
    pem = ward.path("own.crt")
    pem.write_bytes(container.openssl("x509", "-in", ward.own))
    for is_stale in (False, True):
        files = {CONFIG: ward.stub("00" * 16 if is_stale else None), ENC: ward.encrypted()}
        with ward.serve(files) as tftp:
            report = ward.see(tftp, *BY_MAC, "--key", pem)
        assert report.faults == ({("config", "cert-hash")} if is_stale else set()), report.told


def test_firmware_is_verified_with_the_keys_it_is_given(ward):
    keys = ward.flash / "image-keys.pem"
    for words, grade in ((("--image-keys", keys), "ok"), ((), "note")):
        report = ward.see(ward.tftp, *BY_MAC, *words)
        grades = {line["grade"] for line in report.lines if line["step"] == "load"}
        assert not report.faults and grades == {grade}, report.told


def test_words_for_people(ward):
    with ward.serve({CONFIG: ward.config(pem=ward.key("capf"))}) as tftp:
        done = rig.run(rig.program("ringphone"), "doctor", "--tftp", f"127.0.0.1:{tftp[1]}",
                       "--flash", ward.flash, status=1)
    assert re.search(rf"^config +FAULT +{CONFIG}: .*not as a signer of files: .*\n +"
                     r"\(signer-role\) -> sign with the TFTP key", done.stdout, re.M), done.stdout
    assert done.stdout.endswith("The first FAULT is where to begin.\n")


def test_the_page_has_the_table():
    """docs/doctor.md shows what the program says of itself."""
    table = rig.run(rig.program("ringphone"), "doctor", "--findings").stdout
    assert len(table.splitlines()) > 60
    assert table in (rig.ROOT / "docs/doctor.md").read_text("utf-8")


@pytest.mark.parametrize("words", [
    ("--tftp", "127.0.0.1"), ("--mac", A), ("--tftp", "nowhere", "--mac", A),
    ("--tftp", "127.0.0.1", "--mac", "0011223344"), ("--tftp", "127.0.0.1", "--flash", "/nowhere"),
    ("--tftp", "127.0.0.1", "--mac", A, "--lists", "/nowhere"),
    ("--tftp", "127.0.0.1", "--mac", A, "--now", "yesterday"),
    ("--tftp", "127.0.0.1", "--mac", A, "--wait", "long"),
    ("--tftp", "127.0.0.1", "--mac", A, "--http-port", "yes"),
    ("--tftp", "127.0.0.1", "--mac", A, "--https-port", "65536"),
    ("--tftp", "127.0.0.1", "--mac", A, "--nonsense"), ("--tftp", "127.0.0.1", "--mac", A, "more"),
    ("--tftp", "127.0.0.1", "--mac", A, "--lists", "a", "--flash", "b"),
])
def test_wrong_usage(words):
    done = rig.run(rig.program("ringphone"), "doctor", *words, status=2)
    assert done.stderr.startswith("ringphone doctor: ") and not done.stdout
