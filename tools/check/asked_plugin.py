# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for `./check slow`: which test asked for which security check.

Programs of test builds make a file named after each check they ask for in RINGFENCE_CHECKS_ASKED;
what lies there after a test is the test's. At the end all is written to RF_ASKED_OUT as JSON.
"""
import json
import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ["RINGFENCE_CHECKS_ASKED"])
ASKED = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    yield
    names = sorted(path.name for path in FOLDER.iterdir())
    for name in names:
        (FOLDER / name).unlink()
    ASKED[item.nodeid] = names


def pytest_sessionfinish():
    Path(os.environ["RF_ASKED_OUT"]).write_text(json.dumps(ASKED), encoding="utf-8")
