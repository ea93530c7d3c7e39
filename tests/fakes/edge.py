"""The edge over fake operations, on a real server of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import ClientSession, web
from prometheus_client import CollectorRegistry

from core.clock import SystemClock
from live.group import GroupLimits
from live.groups import Groups
from live.lag import slowest
from live.reservation import ReservationLimits
from live.reservations import Reservations
from live.rounds import Rounds
from live.session import Reception, SessionLimits
from live.waking import in_rounds
from tests.fakes.hub import FakeHub
from tests.fakes.operations import FakeOperations, authenticate, recognise
from tests.fakes.stays import FakeStays
from web import answer_headers, request_ids
from web.executor import Executor
from web.health import Check, Health
from web.http import GraphQLEndpoint
from web.lag_metrics import SlowestMembers
from web.metrics import Metrics
from web.outcomes import watch
from web.peers import Dropped, Peers
from web.pulse import Patience
from web.request_clock import TimedRunner
from web.routes import add_graphql
from web.socket import Sockets

PATIENT = Patience(ping_seconds=60, slow_seconds=60)
UNHURRIED = ReservationLimits(ping_seconds=60, unattended_seconds=60)


class Edge:
    """What a test can reach: the client, the hub to publish on, and the counts."""

    def __init__(
        self,
        limits: SessionLimits,
        checks: Mapping[str, Check],
        patience: Patience,
        reserving: ReservationLimits,
    ) -> None:
        self.hub = FakeHub()
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        rounds = Rounds(self.metrics, SystemClock())
        limits_of_groups = GroupLimits(retry_seconds=0.001)
        self.groups = Groups(self.hub, self.metrics, limits_of_groups, in_rounds(rounds))
        self.registry.register(SlowestMembers(partial(slowest, self.groups)))
        self.operations = FakeOperations(self.hub)
        self.stays = FakeStays()
        self.peers = Peers(patience)
        self.peers.on_drop = self.metrics.count_drop
        reception = Reception(self.operations, self.stays, self.groups, rounds, limits)
        self.sockets = Sockets(reception, self.peers)
        self.reservations = Reservations(self.groups, SystemClock(), reserving)
        executor = Executor(
            self.operations,
            authenticate,
            recognise,
            self.stays,
            self.groups,
            SystemClock(),
            self.peers,
            self.reservations,
        )
        self.endpoint = GraphQLEndpoint(executor, _page)
        self.runner = TimedRunner(
            self._app(Health(checks, is_draining=lambda: self.peers.draining)),
            patience.sender_seconds,
            partial(self.metrics.count_drop, Dropped.UNFINISHED),
            shutdown=5,
        )
        self.url = ""
        self.client: ClientSession

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"

    def sample(self, name: str, **labels: str) -> float | None:
        """The value of one series."""
        return self.registry.get_sample_value(f"heliograph_{name}", labels)

    def _app(self, health: Health) -> web.Application:
        app = web.Application()
        request_ids.install(app)
        answer_headers.install(app)
        watch(app, self.metrics.count_request)
        add_graphql(app, self.endpoint, self.sockets, self.groups, self.peers)
        health.add_to(app)
        app.router.add_get("/metrics", self.metrics.show)
        return app


async def _page(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="GraphiQL", content_type="text/html")


@asynccontextmanager
async def serving(
    limits: SessionLimits | None = None,
    checks: Mapping[str, Check] | None = None,
    patience: Patience = PATIENT,
    reserving: ReservationLimits = UNHURRIED,
) -> AsyncIterator[Edge]:
    """Serve on a free port of the loopback for as long as the context lasts."""
    edge = Edge(limits or SessionLimits(), checks or {}, patience, reserving)
    await edge.runner.setup()
    site = web.TCPSite(edge.runner, "127.0.0.1", 0)
    await site.start()
    host, port = edge.runner.addresses[0][:2]
    edge.url = f"http://{host}:{port}"
    async with ClientSession() as client:
        edge.client = client
        try:
            yield edge
        finally:
            await edge.runner.cleanup()
