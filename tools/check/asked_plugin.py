# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for `./check slow`: which test asked for which security check.

Programs of test builds make a file named after each check they ask for in RINGFENCE_CHECKS_ASKED;
what lies there after a test is the test's, so each worker of pytest has a folder of its own there.
At the end a worker writes all of its tests as JSON into the folder RF_ASKED_OUT.
"""
import json
import os
from pathlib import Path

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
FOLDER = Path(os.environ["RINGFENCE_CHECKS_ASKED"], WORKER)
FOLDER.mkdir()
FOLDER.chmod(0o777)  # the signer may be another user
os.environ["RINGFENCE_CHECKS_ASKED"] = str(FOLDER)
ASKED = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    yield
    names = sorted(path.name for path in FOLDER.iterdir())
    for name in names:
        (FOLDER / name).unlink()
    ASKED[item.nodeid] = names


def pytest_sessionfinish():
    Path(os.environ["RF_ASKED_OUT"], f"{WORKER}.json").write_text(json.dumps(ASKED),
                                                                  encoding="utf-8")
