"""Importing and cleaning proxies: exact outcomes, events and rows, and a dry run that writes nothing."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from auth.sealing import Sealer
from core.errors import Conflict, Forbidden, ValidationFailed
from db.models import CampaignProxyRow, ProxyRow, ShardRow
from db.unit_of_work import Outcome
from events.proxy_events import ProxyAdded, ProxyRemoved
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.personas import Personas
from services.proxies import Proxies
from services.proxy_lists import MAX_CLEANED, Cleaning, ImportedLine, ProxyLists
from tests import factories
from tests.fakes.house import House
from vocabulary.proxies import ImportOutcome, ProxyHealth, ProxyProtocol, ProxyState
from vocabulary.work import ShardKind, ShardStatus

ADDED, WOULD_ADD = ImportOutcome.ADDED, ImportOutcome.WOULD_ADD
DUPLICATE, EXISTS = ImportOutcome.DUPLICATE_IN_TEXT, ImportOutcome.ALREADY_EXISTS
INVALID = ImportOutcome.INVALID
SECRET = "hunter2-and-more"
TEXT = f"""# a list
front.example:8080
socks5://ada:{SECRET}@192.0.2.7:1080

FRONT.example.:8080   # the first again
bad host:80
https://front.example:8080
[2001:db8::7]:81
"""


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer.from_file(tmp_path / "key")


@pytest.fixture
def lists(house: House, sealer: Sealer) -> ProxyLists:
    return ProxyLists(house.database, sealer)


@pytest.fixture
def proxies(house: House, sealer: Sealer) -> Proxies:
    return Proxies(house.database, sealer)


async def imported(
    house: House, lists: ProxyLists, text: str, *, dry_run: bool = False
) -> tuple[ImportedLine, ...]:
    written = await lists.import_text(house.alice, text, ProxyProtocol.HTTP, dry_run=dry_run)
    assert written.position == await house.head()
    return written.value


async def rows(house: House) -> dict[str, ProxyRow]:
    async with house.database.engines.reading() as session:
        return {row.name: row for row in (await session.execute(select(ProxyRow))).scalars()}


def outcomes(lines: tuple[ImportedLine, ...]) -> list[tuple[int, ImportOutcome]]:
    return [(line.number, line.outcome) for line in lines]


async def test_new_proxies_are_added_each_with_its_event_and_its_probe(
    house: House, lists: ProxyLists, sealer: Sealer
) -> None:
    lines = await imported(house, lists, TEXT)
    assert outcomes(lines) == [(2, ADDED), (3, ADDED), (5, DUPLICATE), (6, INVALID), (7, ADDED), (8, ADDED)]
    assert [line.address for line in lines] == [
        "http://front.example:8080", "socks5://192.0.2.7:1080", "http://front.example:8080", None,
        "https://front.example:8080", "http://[2001:db8::7]:81",
    ]  # fmt: skip
    assert [line.first_line for line in lines] == [None, None, 2, None, None, None]
    assert [violation.path for violation in lines[3].violations] == [("text",)]
    stored = await rows(house)
    assert {*stored} == {
        "front.example:8080", "192.0.2.7:1080", "https front.example:8080", "[2001:db8::7]:81",
    }  # fmt: skip
    socks = stored["192.0.2.7:1080"]
    assert (socks.owner_id, socks.username, socks.health) == (house.alice.id, "ada", ProxyHealth.UNKNOWN)
    assert socks.password_sealed is not None
    assert sealer.open(socks.password_sealed) == SECRET
    events = await house.events()
    assert [type(event) for event in events] == [ProxyAdded] * 4
    states = [line.proxy for line in lines if line.outcome is ADDED]
    assert [event.proxy for event in events if isinstance(event, ProxyAdded)] == states
    assert await house.owners_and_actors() == [(house.alice.id, "alice")] * 4
    async with house.database.engines.reading() as session:
        shards = (await session.execute(select(ShardRow))).scalars().all()
    assert {shard.proxy_id for shard in shards} == {row.id for row in stored.values()}
    assert {(shard.kind, shard.status, shard.available_at) for shard in shards} == {
        (ShardKind.PROXY_PROBE, ShardStatus.READY, house.now)
    }
    assert house.bell.settled == [(1, Outcome.COMMITTED, 4, True)]


async def test_the_password_is_nowhere_in_what_comes_back(house: House, lists: ProxyLists) -> None:
    for dry_run in (True, False):
        lines = await imported(house, lists, TEXT + f"x.example:0:ada:{SECRET}", dry_run=dry_run)
        assert SECRET not in repr(lines)
        assert [line.number for line in lines if line.text is None] == [3, 6, 9]
    assert SECRET.encode() not in msgspec.json.encode(await house.events())


async def test_importing_again_adds_nothing(house: House, lists: ProxyLists) -> None:
    first = await imported(house, lists, TEXT)
    head, before = await house.head(), await rows(house)
    again = await imported(house, lists, TEXT.replace(SECRET, "another"))
    assert outcomes(again) == [
        (2, EXISTS), (3, EXISTS), (5, DUPLICATE), (6, INVALID), (7, EXISTS), (8, EXISTS),
    ]  # fmt: skip
    assert [line.proxy for line in again] == [line.proxy for line in first]
    assert await house.head() == head
    after = await rows(house)
    assert {row.password_sealed for row in after.values()} == {row.password_sealed for row in before.values()}


async def test_a_dry_run_tells_the_same_and_writes_nothing(house: House, lists: ProxyLists) -> None:
    dry = await imported(house, lists, TEXT, dry_run=True)
    assert (await house.head(), await house.count(ProxyRow), await house.count(ShardRow)) == (0, 0, 0)
    real = await imported(house, lists, TEXT)
    assert [(line.number, line.address) for line in dry] == [(line.number, line.address) for line in real]
    assert outcomes(dry) == [
        (number, WOULD_ADD if outcome is ADDED else outcome) for number, outcome in outcomes(real)
    ]
    assert [line.proxy for line in dry] == [None] * 6


async def test_names_that_are_taken_are_not_taken_again(
    house: House, lists: ProxyLists, proxies: Proxies
) -> None:
    for port, name in enumerate(("h.example:80", "socks4 h.example:80"), start=1):
        await proxies.create(house.alice, factories.proxy(name, "other.example", port))
    lines = await imported(house, lists, "http://h.example:80\nsocks4://h.example:80\nsocks5://h.example:80")
    names = [line.proxy.name for line in lines if line.proxy is not None]
    assert (names[0], names[2]) == ("http h.example:80", "socks5 h.example:80")
    word, ident = names[1].rsplit(" ", 1)
    assert (word, UUID(ident).version) == ("h.example:80", 7)


async def test_the_longest_host_gives_a_name_that_fits(house: House, lists: ProxyLists) -> None:
    host = ".".join(["a" * 63] * 3 + ["b" * 61])
    [one, two] = await imported(house, lists, f"{host}:65535\nsocks5://{host}:65535")
    assert one.outcome is two.outcome is ADDED
    assert {len(name) for name in await rows(house)} == {255, 237}


async def test_what_others_have_does_not_matter(house: House, lists: ProxyLists, proxies: Proxies) -> None:
    await proxies.create(house.bob, factories.proxy("h.example:80", "h.example", 80))
    [line] = await imported(house, lists, "h.example:80")
    assert line.outcome is ADDED
    assert line.proxy is not None
    assert (line.proxy.name, line.proxy.owner_id) == ("h.example:80", house.alice.id)


async def test_a_full_list_is_one_transaction(house: House, lists: ProxyLists) -> None:
    text = "\n".join(f"h{n % 7}.example:{n + 1}:ada:{SECRET}" for n in range(1000))
    lines = await imported(house, lists, text)
    assert {line.outcome for line in lines} == {ADDED}
    assert (await house.count(ProxyRow), await house.count(ShardRow)) == (1000, 1000)
    assert house.bell.settled == [(1, Outcome.COMMITTED, 1000, True)]


@pytest.mark.parametrize("text", ["", "# nothing\n\n"])
async def test_an_empty_list_is_no_mistake(house: House, lists: ProxyLists, text: str) -> None:
    assert await imported(house, lists, text) == ()


async def test_a_list_that_is_too_long_is_refused(house: House, lists: ProxyLists) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await imported(house, lists, "h.example:1\n" * 1001)
    assert [violation.path for violation in refused.value.violations] == [("text",)]


async def test_viewers_neither_import_nor_clean(house: House, lists: ProxyLists) -> None:
    for dry_run in (True, False):
        with pytest.raises(Forbidden):
            await lists.import_text(house.viewer, "h.example:80", ProxyProtocol.HTTP, dry_run=dry_run)
        with pytest.raises(Forbidden):
            await lists.clean_unhealthy(house.viewer, 3, dry_run=dry_run)
    assert (await house.head(), await house.count(ProxyRow)) == (0, 0)


async def failed(
    house: House, *states: ProxyState, failures: int = 3, health: ProxyHealth = ProxyHealth.UNHEALTHY
) -> None:
    """A worker has found out that these proxies do not work."""
    async with house.database.engines.writing() as session:
        await session.execute(
            update(ProxyRow)
            .where(ProxyRow.id.in_([state.id for state in states]))
            .values(health=health, consecutive_failures=failures)
        )


async def five(house: House, lists: ProxyLists) -> list[ProxyState]:
    lines = await imported(house, lists, "\n".join(f"h.example:{port}" for port in range(1, 6)))
    return [line.proxy for line in lines if line.proxy is not None]


async def cleaned(
    house: House, lists: ProxyLists, min_failures: int = 3, *, dry_run: bool = False
) -> Cleaning:
    written = await lists.clean_unhealthy(house.alice, min_failures, dry_run=dry_run)
    assert written.position == await house.head()
    return written.value


async def test_only_unhealthy_proxies_with_enough_failures_go(house: House, lists: ProxyLists) -> None:
    bad, better, testing, healthy, worse = await five(house, lists)
    await failed(house, bad)
    await failed(house, better, failures=2)
    await failed(house, testing, health=ProxyHealth.TESTING)
    await failed(house, healthy, health=ProxyHealth.HEALTHY)
    await failed(house, worse, failures=9)
    head = await house.head()
    dry = await cleaned(house, lists, dry_run=True)
    assert (await house.head(), await house.count(ProxyRow)) == (head, 5)
    real = await cleaned(house, lists)
    assert real == dry
    assert {proxy.name for proxy in real.proxies} == {bad.name, worse.name}
    assert (real.kept, real.has_more) == ((), False)
    assert {*await rows(house)} == {better.name, testing.name, healthy.name}
    assert await house.count(ShardRow) == 3
    events = await house.events(head)
    assert [event.proxy for event in events if isinstance(event, ProxyRemoved)] == [*real.proxies]
    assert await house.owners_and_actors(head) == [(house.alice.id, "alice")] * 2
    assert (await cleaned(house, lists)).proxies == ()
    assert await house.head() == head + 2


async def test_cleaning_with_a_key_takes_nothing_that_has_failed_since(
    house: House, lists: ProxyLists
) -> None:
    bad, later, *_ = await five(house, lists)
    await failed(house, bad)
    first = await lists.clean_unhealthy(house.alice, 3, dry_run=False, key="spring")
    await failed(house, later)
    assert await lists.clean_unhealthy(house.alice, 3, dry_run=False, key="spring") == first
    assert later.name in await rows(house)
    dry = await lists.clean_unhealthy(house.alice, 3, dry_run=True, key="spring")
    assert [proxy.name for proxy in dry.value.proxies] == [later.name]
    with pytest.raises(Conflict, match="another request"):
        await lists.clean_unhealthy(house.alice, 2, dry_run=False, key="spring")


async def test_the_proxies_of_others_stay_even_for_an_admin(
    house: House, lists: ProxyLists, proxies: Proxies
) -> None:
    his = (await proxies.create(house.bob, factories.proxy())).value
    await failed(house, his)
    for caller in (house.alice, house.admin):
        assert (await lists.clean_unhealthy(caller, 1, dry_run=False)).value == Cleaning(
            (), (), has_more=False
        )
    assert await house.count(ProxyRow) == 1


async def campaign(house: House, *used: ProxyState, name: str = "hunt") -> UUID:
    personas = Personas(house.database)
    dns = (await personas.create(house.alice, factories.dns_persona(f"d {name}"))).value
    http = (await personas.create(house.alice, factories.http_persona(f"h {name}"))).value
    draft = factories.campaign(dns, http, name)
    assert draft.http is not None
    config = msgspec.structs.replace(draft.http, proxy_ids=tuple(proxy.id for proxy in used))
    return (
        await Campaigns(house.database).create(house.alice, msgspec.structs.replace(draft, http=config))
    ).value


async def test_a_proxy_in_use_is_kept_until_its_campaign_has_ended(house: House, lists: ProxyLists) -> None:
    states = await five(house, lists)
    ident = await campaign(house, *states[:2])
    await failed(house, *states[:3])
    for dry_run in (True, False):
        cleaning = await cleaned(house, lists, dry_run=dry_run)
        assert [proxy.name for proxy in cleaning.proxies] == [states[2].name]
        assert {(one.proxy.name, one.why) for one in cleaning.kept} == {
            (state.name, "The proxy is in use by the campaign “hunt”.") for state in states[:2]
        }
    await CampaignControl(house.database).cancel(house.alice, ident)
    cleaning = await cleaned(house, lists)
    assert {proxy.name for proxy in cleaning.proxies} == {one.name for one in states[:2]}
    assert cleaning.kept == ()
    assert await house.count(CampaignProxyRow) == 0


async def test_one_call_takes_a_thousand_and_says_if_there_are_more(house: House, lists: ProxyLists) -> None:
    added: list[ProxyState] = []
    for part in range(2):
        ports = range(1 + part * 600, 601 + part * 600)
        lines = await imported(house, lists, "\n".join(f"h.example:{port}" for port in ports))
        added.extend(line.proxy for line in lines if line.proxy is not None)
    await campaign(house, added[0])
    await failed(house, *added)
    first = await cleaned(house, lists)
    assert (len(first.proxies), len(first.kept), first.has_more) == (MAX_CLEANED, 0, True)
    second = await cleaned(house, lists)
    assert (len(second.proxies), len(second.kept), second.has_more) == (199, 1, False)
    assert {*await rows(house)} == {added[0].name}


@pytest.mark.parametrize("failures", [0, -1, 1_000_001])
async def test_the_number_of_failures_has_limits(house: House, lists: ProxyLists, failures: int) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await cleaned(house, lists, failures)
    assert [violation.path for violation in refused.value.violations] == [("minFailures",)]


async def test_passwords_are_sealed_while_the_loop_goes_on(house: House, tmp_path: Path) -> None:
    """Each seal waits for the loop, which it could not reach from there."""
    loop, reached = asyncio.get_running_loop(), threading.Event()
    sealer = Waiting(tmp_path / "key", lambda: loop.call_soon_threadsafe(reached.set), reached)
    lists = ProxyLists(house.database, sealer)
    lines = await imported(house, lists, "\n".join(f"h.example:{port}:user:secret" for port in range(1, 9)))
    assert [line.outcome for line in lines] == [ADDED] * 8
    assert sealer.reached_loop == [True] * 8


class Waiting(Sealer):
    """A sealer that seals only after the event loop has answered it."""

    def __init__(self, key_file: Path, ask: Callable[[], object], reached: threading.Event) -> None:
        key_file.write_bytes(Fernet.generate_key())
        super().__init__([key_file.read_bytes()])
        self._ask = ask
        self._reached = reached
        self.reached_loop: list[bool] = []

    def seal(self, secret: str) -> bytes:
        self._reached.clear()
        self._ask()
        self.reached_loop.append(self._reached.wait(10))
        return super().seal(secret)
