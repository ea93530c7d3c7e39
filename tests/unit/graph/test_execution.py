"""Operations as the transports see them: results in JSON, refusals told, the unexpected masked, nothing left open."""

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.pool import AsyncAdaptedQueuePool
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from core.errors import Unavailable
from db.engine import READERS, Engines
from db.repositories import event_log
from events import cursor
from graph import node_ids
from graph.reading import Reading
from services.campaigns import CampaignPatch
from tests import factories
from tests.fakes.house import House
from tests.fakes.stage import Stage, open_stage
from tests.integration.waiting import until
from vocabulary.operations import Rejected, Request

CREATE = """
mutation ($name: String!) { createPersona(input: {name: $name, config: {dns: {resolvers: ["192.0.2.1:53"]}}}) {
  ... on CreatePersonaPayload { cursor persona { name } }
  ... on UserError { __typename code }
} }
"""
# Whether there is such a campaign is read before it is followed.
ONE = f'subscription {{ campaignEvents(campaignId: "{node_ids.encode("Campaign", UUID(int=1))}") {{ __typename }} }}'


def in_use(engines: Engines) -> int:
    """How many connections of the pools are out."""
    pools = [engine.sync_engine.pool for engine in (engines.reader, engines.writer)]
    return sum(pool.checkedout() for pool in pools if isinstance(pool, AsyncAdaptedQueuePool))


def waiting(engines: Engines) -> int:
    """How many wait for the connection that writes."""
    pool: Any = engines.writer.sync_engine.pool
    return len(pool._pool._queue._getters)


DOORS = ("run", "look")
"""By which a snapshot is read."""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Let every read fail."""

    def let(error: BaseException) -> None:
        async def run(self: Reading, *args: object, **kwargs: object) -> Any:
            raise error

        for door in DOORS:
            monkeypatch.setattr(Reading, door, run)

    return let


class TestResults:
    async def test_a_query_is_data_in_json(self, stage: Stage) -> None:
        result = await stage.execute(stage.house.alice, "{ me { role principal { name } } }")
        assert result == {"data": {"me": {"role": "OPERATOR", "principal": {"name": "alice"}}}}

    async def test_the_operation_is_chosen_by_its_name(self, stage: Stage) -> None:
        request = Request("query A { me { role } } query B { __typename }", "B")
        plan = stage.operations.prepare(request)
        assert await stage.operations.execute(plan, request, stage.house.alice) == (
            b'{"data":{"__typename":"Query"}}'
        )

    async def test_a_mutations_cursor_is_the_place_of_its_event(self, stage: Stage) -> None:
        for name in ("one", "two"):
            before = await stage.head()
            result = await stage.execute(stage.house.alice, CREATE, name=name)
            made = result["data"]["createPersona"]
            place = cursor.decode(made["cursor"])
            assert (made["persona"], place.position) == ({"name": name}, before + 1)
            assert place.incarnation == stage.hub.incarnation

    async def test_a_mutation_that_is_refused_is_data(self, stage: Stage) -> None:
        result = await stage.execute(stage.house.viewer, CREATE, name="one")
        assert result == {"data": {"createPersona": {"__typename": "ForbiddenError", "code": "FORBIDDEN"}}}
        assert await stage.head() == 0


class TestErrors:
    async def test_a_refusal_is_told_as_it_is(self, stage: Stage) -> None:
        result = await stage.execute(stage.house.alice, "{ campaigns(first: 101) { totalCount } }")
        (error,) = result["errors"]
        assert result["data"] is None
        assert (error["path"], error["extensions"]) == (
            ["campaigns"],
            {"code": "LIMIT_EXCEEDED", "limit": 100, "limitName": "maxPage"},
        )

    async def test_a_defect_is_masked_and_the_log_has_it(
        self, stage: Stage, failing: Callable[[BaseException], None]
    ) -> None:
        failing(ZeroDivisionError("a secret of the inside"))
        with capture_logs() as logs:
            result = await stage.execute(stage.house.alice, "{ cursor }")
        (error,) = result["errors"]
        request_id = error["extensions"]["requestId"]
        assert error == {
            "message": "Internal error.",
            "locations": [{"line": 1, "column": 3}],
            "path": ["cursor"],
            "extensions": {"code": "INTERNAL", "requestId": request_id},
        }
        (entry,) = [one for one in logs if one["event"] == "request_failed"]
        assert (entry["request_id"], str(entry["exc_info"])) == (request_id, "a secret of the inside")

    async def test_the_request_id_is_that_of_the_request(
        self, stage: Stage, failing: Callable[[BaseException], None]
    ) -> None:
        failing(ZeroDivisionError())
        with bound_contextvars(request_id="mine"), capture_logs():
            result = await stage.execute(stage.house.alice, "{ cursor }")
        assert result["errors"][0]["extensions"]["requestId"] == "mine"

    async def test_an_outage_says_that_it_is_one(
        self, stage: Stage, failing: Callable[[BaseException], None]
    ) -> None:
        failing(Unavailable("The database does not answer (gone); try again."))
        with capture_logs() as logs:
            result = await stage.execute(stage.house.alice, "{ cursor }")
        (error,) = result["errors"]
        assert (error["message"], error["extensions"]) == (
            "The service is not available now; try again.",
            {"code": "UNAVAILABLE", "retryable": True, "retryAfterSeconds": 1.0},
        )
        assert [(one["event"], one["reason"]) for one in logs] == [
            ("unavailable", "The database does not answer (gone); try again.")
        ]

    @pytest.mark.parametrize(
        ("query", "variables", "message"),
        [
            (CREATE, {}, "Expected a value of non-null type 'String!' to be provided."),
            (CREATE, {"name": 1}, "String cannot represent a non string value."),
            (
                "query ($f: DomainFilter, $id: ID!) { campaign(id: $id) { domains(filter: $f) { totalCount } } }",
                {"id": "x", "f": {"nothing": 1}},
                "Expected value of type 'DomainFilter' not to include unknown field 'nothing'",
            ),
        ],
    )
    async def test_variables_that_do_not_fit_are_rejected(
        self, stage: Stage, query: str, variables: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(Rejected) as refusal:
            await stage.execute(stage.house.alice, query, **variables)
        assert message in refusal.value.errors[0]["message"]
        assert refusal.value.errors[0]["extensions"] == {"code": "BAD_USER_INPUT"}
        assert await stage.head() == 0

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"password": ["s3cret"]}, "value at .password: String cannot represent a non string value."),
            ({"password": "s3cret", "hots": "h"}, "unknown field 'hots'. Did you mean 'host' or 'notes'?"),
            ({"password": "s3cret", "x": "h"}, "unknown field 'x'."),
            ({"password": "s3cret"}, "to include required field 'name'."),
            ("s3cret", "to be an object."),
        ],
    )
    async def test_what_does_not_fit_is_not_repeated_for_it_may_be_a_password(
        self, stage: Stage, given: Any, message: str
    ) -> None:
        rest = {"name": "n", "protocol": "HTTP", "host": "h", "port": 1}
        is_whole = isinstance(given, dict) and "required" not in message
        whole = {**rest, **given} if is_whole else given
        query = "mutation ($input: CreateProxyInput!) { createProxy(input: $input) { __typename } }"
        with pytest.raises(Rejected) as refusal:
            await stage.execute(stage.house.alice, query, input=whole)
        assert refusal.value.errors[0]["message"].endswith(message)
        assert "s3cret" not in repr(refusal.value.errors)

    @pytest.mark.parametrize("value", ["nonsense", "", 7, "AQEjRWeJqwAAAAAAAAA=", ["x"]])
    async def test_a_cursor_that_is_none_is_rejected_and_not_masked(
        self, stage: Stage, value: object
    ) -> None:
        query = "subscription ($after: Cursor) { activity(after: $after) { __typename } }"
        with capture_logs() as logs, pytest.raises(Rejected, match=r"[Cc]ursor"):
            await stage.subscribe(stage.house.alice, query, after=value)
        assert logs == []

    async def test_an_outage_at_a_subscription_is_raised(
        self, stage: Stage, failing: Callable[[BaseException], None]
    ) -> None:
        failing(Unavailable("gone"))
        with pytest.raises(Unavailable, match="gone"):
            await stage.subscribe(stage.house.alice, ONE)

    async def test_a_defect_at_a_subscription_is_masked(
        self, stage: Stage, failing: Callable[[BaseException], None]
    ) -> None:
        failing(ZeroDivisionError("inside"))
        with capture_logs() as logs, pytest.raises(Rejected) as refusal:
            await stage.subscribe(stage.house.alice, ONE)
        assert refusal.value.errors[0]["extensions"]["code"] == "INTERNAL"
        assert [one["event"] for one in logs] == ["request_failed"]


class TestContexts:
    """Whatever becomes of an operation, its connection goes back."""

    async def test_are_closed_after_success_refusal_and_defect(self, stage: Stage) -> None:
        for query in ("{ cursor }", "{ cursor campaigns(first: 101) { totalCount } }"):
            await stage.execute(stage.house.alice, query)
        with pytest.raises(Rejected):
            await stage.execute(stage.house.alice, CREATE)
        with pytest.raises(Rejected):
            await stage.subscribe(
                stage.house.alice, 'subscription { campaignEvents(campaignId: "x") { __typename } }'
            )
        await stage.subscribe(stage.house.alice, "subscription { activity { __typename } }")
        assert in_use(stage.engines) == 0

    @pytest.mark.parametrize("subscribes", [False, True])
    async def test_are_closed_when_the_operation_is_cancelled(
        self, stage: Stage, subscribes: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reading = asyncio.Event()

        def stuck(door: Any) -> Any:
            async def read(self: Reading, *args: Any) -> Any:
                await door(self, *args)
                reading.set()
                await asyncio.Event().wait()

            return read

        for door in DOORS:
            monkeypatch.setattr(Reading, door, stuck(getattr(Reading, door)))
        if subscribes:
            work: Any = stage.subscribe(stage.house.alice, ONE)
        else:
            work = stage.execute(stage.house.alice, "{ cursor }")
        task = asyncio.create_task(work)
        await reading.wait()
        assert in_use(stage.engines) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: in_use(stage.engines) == 0)

    async def test_what_was_read_is_gone_with_the_operation(self, stage: Stage) -> None:
        """Were it left to the collector of garbage, everybody would have to wait for that now and then."""
        query = "{ personas(first: 50) { totalCount nodes { id name } } cursor }"
        await stage.services.personas.create(stage.house.alice, factories.dns_persona())
        await stage.execute(stage.house.alice, query)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                await stage.execute(stage.house.alice, query)
            left = gc.collect()
        finally:
            gc.enable()
        assert left < 20

    async def test_a_subscription_holds_no_connection(self, stage: Stage) -> None:
        watcher = await stage.watch(
            stage.house.alice, "subscription { activity { __typename ... on ActivityAdded { at } } }"
        )
        assert (await watcher.next())["__typename"] == "ActivitySnapshot"
        await stage.services.personas.create(stage.house.alice, factories.dns_persona())
        assert (await watcher.next())["__typename"] == "ActivityAdded"
        assert in_use(stage.engines) == 0


async def test_a_query_and_then_a_subscription_after_its_cursor_leave_no_gap(stage: Stage) -> None:
    """What is committed between the two, and while the query runs, arrives exactly once."""
    house, verbs = stage.house, stage.services
    dns = (await verbs.personas.create(house.alice, factories.dns_persona())).value
    http = (await verbs.personas.create(house.alice, factories.http_persona())).value
    key = (await verbs.campaigns.create(house.alice, factories.campaign(dns, http, "0"))).value
    ident = node_ids.encode("Campaign", key)
    query = "query ($id: ID!) { cursor campaign(id: $id) { name cursor } }"
    names = [str(number) for number in range(1, 21)]

    async def rename() -> None:
        for name in names:
            await verbs.campaigns.update(house.alice, key, CampaignPatch(name=name))

    renaming = asyncio.create_task(rename())
    followed = """subscription ($id: ID!, $after: Cursor) { campaignEvents(campaignId: $id, after: $after) {
      ... on CampaignUpdated { name } } }"""
    for _ in range(5):
        seen = (await stage.execute(house.alice, query, id=ident))["data"]
        assert seen["cursor"] == seen["campaign"]["cursor"]
        watcher = await stage.watch(house.alice, followed, id=ident, after=seen["cursor"])
        rest = names[int(seen["campaign"]["name"]) :]
        assert [(await watcher.next())["name"] for _ in rest] == rest
    await renaming


async def test_more_can_come_back_at_once_than_there_are_connections(house: House, tmp_path: Path) -> None:
    """Each reads whether there is such a campaign, and whether its cursor is one of this log."""
    async with open_stage(house, tmp_path / "key", window_events=1) as stage:
        verbs = stage.services
        dns = (await verbs.personas.create(house.alice, factories.dns_persona())).value
        http = (await verbs.personas.create(house.alice, factories.http_persona())).value
        key = (await verbs.campaigns.create(house.alice, factories.campaign(dns, http, "0"))).value
        follow = """subscription ($id: ID!, $after: Cursor) { campaignEvents(campaignId: $id, after: $after) {
          __typename } }"""
        ident, after = node_ids.encode("Campaign", key), await stage.cursor_of(1)
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            for _ in range(3 * READERS):
                tasks.create_task(stage.subscribe(house.alice, follow, id=ident, after=after))


async def test_a_mutation_that_waits_for_its_turn_holds_no_connection_of_readers(stage: Stage) -> None:
    """The first of two in a document has had its payload read when the second waits behind another writer."""
    config = """config: {dns: {resolvers: ["192.0.2.1:53"]}}"""
    two = " ".join(
        f"""{name}: createPersona(input: {{name: "{name}", {config}}}) {{
          ... on CreatePersonaPayload {{ cursor }} ... on UserError {{ message }} }}"""
        for name in ("one", "other")
    )
    begun, over = asyncio.Event(), asyncio.Event()

    async def write_next() -> None:
        async with stage.engines.writing() as session:
            await event_log.head(session)
            begun.set()
            await over.wait()

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        async with stage.engines.writing() as session:
            await event_log.head(session)
            asked = tasks.create_task(stage.execute(stage.house.alice, f"mutation {{ {two} }}"))
            await until(lambda: waiting(stage.engines) == 1)
            tasks.create_task(write_next())
            await until(lambda: waiting(stage.engines) == 2)
        await begun.wait()
        await until(lambda: waiting(stage.engines) == 1)
        assert in_use(stage.engines) == 1
        over.set()
    assert asked.result()["data"]["other"].keys() == {"cursor"}
