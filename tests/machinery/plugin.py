"""What pytest does differently here: a run per database, no skips in CI, a line for a missing Chromium."""

import os
import zlib
from collections.abc import Generator
from typing import Any

import pytest

from tests.machinery import chromium, quick_folder
from tests.machinery.counts import LONG

IN_CI = os.environ.get("CI", "") not in ("", "0", "false")
# A test that asks for this fixture says something about the database, so it is run on both.
DATABASE_FIXTURE = "database"
# What the two databases do differently: locks, constraints, triggers, types; and the contract's own cases.
ON_BOTH = (
    "tests/cases/",
    "tests/test_races",
    "tests/test_outbox",
    "tests/test_import_contacts",
    "test_imports_of_records.py::TestLocks",
    "tests/test_standing",
    "tests/test_statements",
    "tests/test_two_processes",
    "OnlyAddedTo",
    "test_privacy.py::TestGuard",
    "TestTwoAtOnce",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="which database the tests use; with postgresql only those that use one are run",
    )


def pytest_configure(config: pytest.Config) -> None:
    quick_folder.choose()
    if IN_CI and chromium.find() is None:
        raise pytest.UsageError(f"In CI the browser tests are never left out, but {chromium.MISSING}")


def _wanted(item: pytest.Item, database: str) -> bool:
    if item.get_closest_marker("browser") and chromium.find() is None:
        return False
    if database == "sqlite":
        return item.get_closest_marker("postgresql_only") is None
    if item.get_closest_marker("sqlite_only") or item.get_closest_marker("browser"):
        return False
    return DATABASE_FIXTURE in getattr(item, "fixturenames", ()) and (LONG or _sampled(item))


def _sampled(item: pytest.Item) -> bool:
    """Some are run again on PostgreSQL, always the same; all in `make test-all`.

    Whatever ON_BOTH names, and a fifteenth of the others.
    """
    if any(part in item.nodeid for part in ON_BOTH):
        return True
    return zlib.crc32(item.nodeid.encode()) % 15 == 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    database = config.getoption("database")
    left_out = [item for item in items if not _wanted(item, database)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    _redden(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report = yield
    _redden(report)
    return report


def _redden(report: pytest.TestReport | pytest.CollectReport) -> None:
    """A skipped test is one that did not look; in CI that is a failure."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in CI: {report.longrepr}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if chromium.find() is None and config.getoption("database") == "sqlite":
        terminalreporter.write_line(f"The browser tests were not run: {chromium.MISSING}", yellow=True)
