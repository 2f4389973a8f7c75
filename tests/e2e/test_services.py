# SPDX-License-Identifier: Apache-2.0
"""Services by HTTPS: a phone opens a page of a server that its site vouches for, and of no other.
Notices service.role, service.server."""
import rig
from webserver import PAGE, service  # noqa: F401

A = rig.A


def morning(office, *words):
    office.site.start()
    office.a.start(office.site, *words, has_menu=True)
    office.a.wait("registered")
    return office.a


def opened(phone, what, after=0):
    phone.say(f"open {what}")
    return phone.wait("service", after=after)


def test_sec_95_a_server_known_to_tvs_only_opens_and_the_second_time_nobody_is_asked(office, service):
    phone = morning(office)
    office.site.cli("tvs", "add", service.pem, "--role", "app-server")
    one = opened(phone, f"{service.url}/lunch?table=7")
    assert (one["result"], one["by"], one["status"]) == ("opened", "tvs", 200)
    assert (one["type"], one["bytes"]) == ("text/xml", len(PAGE))
    assert one["text"] == PAGE.decode()
    assert service.asked == [("/lunch?table=7", None)]  # and no certificate of the phone
    asked = phone.seen("tvs", kept=False)
    assert [(e["vouched"], e["ttl_s"]) for e in asked] == [(True, 86400)]
    # The service itself is away now: what it said counts for a day.
    office.site.stop()
    phone.wait("lost")
    office.site.start()
    phone.wait("registered", after=1)
    again = opened(phone, f"{service.url}/lunch", after=1)
    assert (again["result"], again["by"]) == ("opened", "tvs")
    assert len(phone.seen("tvs")) == 1
    assert len(service.asked) == 2
    assert "table=7" not in phone.log_text().replace("open https", "")


def test_sec_95_a_server_of_the_lists_opens_and_tvs_is_not_asked(office, service):
    office.site.cli("list", "add", service.pem, "--role", "app-server")
    office.site.cli("list", "publish")
    phone = morning(office)
    one = opened(phone, service.url)
    assert (one["result"], one["by"]) == ("opened", "list")
    assert phone.seen("tvs") == []


def test_sec_96_a_server_unknown_to_tvs_is_refused_with_a_message(office, service):
    phone = morning(office)
    one = opened(phone, service.url)
    assert (one["result"], one["code"]) == ("refused", "tvs-invalid")
    assert service.asked == []
    server = service.url.removeprefix("https://")
    rig.wait_until("the message", lambda: f"Service not trusted: {server}" in phone.messages())
    # The twin: as soon as it is known.
    office.site.cli("tvs", "add", service.pem, "--role", "app-server")
    assert opened(phone, service.url, after=1)["result"] == "opened"


def test_sec_96_a_server_that_tvs_knows_as_something_else_is_refused(office, service):
    phone = morning(office)
    office.site.cli("tvs", "add", service.pem, "--role", "tftp")
    assert opened(phone, service.url)["code"] == "server-role"
    assert service.asked == []


def test_sec_96_with_the_service_away_nothing_is_opened(office, service):
    office.site.configure(tvs="no")
    phone = morning(office)
    one = opened(phone, service.url)
    assert one["result"] == "refused" and one["code"] in ("connect-refused", "service-no-tvs")
    assert service.asked == []


def test_a_service_of_the_configuration_opens_by_its_name(office, service):
    office.site.start()
    office.site.cli("tvs", "add", service.pem, "--role", "app-server")
    office.site.cli("device", "set", A, f"secureServicesURL={service.url}/menu")
    office.a.start(office.site, "--open", "services")
    office.a.wait("service", result="opened")
    assert office.a.wait_end() == 0  # nothing else kept it
    assert [path for path, _ in service.asked] == ["/menu"]
    office.a.start(office.site, "--open", "directory")
    assert office.a.wait_end(status=1) == 1


def test_what_is_no_service_is_not_opened(office):
    phone = morning(office)
    for what, code in (("http://127.0.0.1:1/", "page-plain"), ("directory", "service-none"),
                       ("https://services.example/", "page-host"), ("what", "http-url")):
        assert phone.say(f"open {what}", ok=False)["code"] == code
