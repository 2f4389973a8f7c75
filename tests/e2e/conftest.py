# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end test gets: a manufacturer, a site, and an end of all it started."""
import os

import pytest

import rig
import wire
from lab import Lab


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when in ("setup", "call") and report.failed:
        item.has_failed = True


@pytest.fixture(autouse=True)
def nothing_outlives_a_test(request):
    yield
    rig.end_everyone(getattr(request.node, "has_failed", False))


@pytest.fixture(scope="session")
def made_site(tmp_path_factory):
    """A site as `ringfence init` leaves it, to be copied: making keys takes its time."""
    folder = tmp_path_factory.mktemp("made") / "site"
    rig.Site(folder)
    rig.Process.everyone.clear()
    return folder


@pytest.fixture(scope="session")
def made_factory(tmp_path_factory):
    """A manufacturer with two firmwares, to be copied."""
    folder = tmp_path_factory.mktemp("made") / "factory"
    factory = rig.Factory(folder)
    factory.firmware("1.0")
    factory.firmware("2.0")
    return folder


@pytest.fixture
def site(tmp_path, made_site):
    """A site of the test's own; start() serves it."""
    return rig.Site(tmp_path / "site", like=made_site)


@pytest.fixture
def factory(tmp_path, made_factory):
    """A manufacturer of the test's own."""
    return rig.Factory(tmp_path / "factory", like=made_factory)


@pytest.fixture
def trusting_site(site, factory):
    """A site that knows this manufacturer's MICs and has its second firmware."""
    site.cli("mic", "import", factory.roots)
    site.cli("image", "import", *factory.firmware_files("2.0"))
    return site


@pytest.fixture(scope="session")
def made_office(tmp_path_factory, made_site, made_factory):
    """An office as it is every morning, to be copied: a site, and phones A (2001, Ada) and B (2002,
    Ben) that changed their firmware, enrolled and registered, all switched off."""
    folder = tmp_path_factory.mktemp("office")
    before = list(rig.Process.everyone)
    office = rig.Office(folder, made_site, made_factory)
    office.open().close()
    rig.Process.everyone[:] = before
    yield folder  # for as long the office holds the ports, which every copy of it comes back to
    del office


@pytest.fixture
def office(tmp_path, made_office):
    """An office of the test's own; its site is not started."""
    return rig.Office(tmp_path / "office", made_office / "site", made_office / "factory")


@pytest.fixture(scope="session")
def made_lab(tmp_path_factory, made_factory):
    """One site with phones that have enrolled, served for all attacks."""
    before = list(rig.Process.everyone)
    with Lab(tmp_path_factory.mktemp("lab"), like=made_factory) as lab:
        rig.Process.everyone[:] = before  # it outlives a test
        yield lab


@pytest.fixture
def lab(request, made_lab):
    yield made_lab
    if getattr(request.node, "has_failed", False):
        print(f"---- ringfenced:\n{made_lab.site.log_text()[-8000:]}")


@pytest.fixture(scope="module")
def network():
    """A network of our own, where all that passes can be captured and changed."""
    if os.geteuid() != 0:  # a user namespace would do, but could not be left again
        pytest.skip("capturing needs root")
    with wire.Network() as own:
        yield own
