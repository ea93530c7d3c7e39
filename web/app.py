"""The root of the API process: here, and nowhere else, the schema, the streams, the workers and the edge meet.

Order matters in both directions. At start the port is taken first, so that a second start fails before its workers
claim anything; the hub has its place in the log before anybody can subscribe; requests come last. At the end
requests and sockets go first (clients are told to come back elsewhere), then the hub, then the workers, which ring
for what they still write, then the doorbell, and the database when nobody needs it any more.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Self

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from auth.quotas import Quotas
from auth.sealing import Sealer
from auth.shares import Shares
from core.clock import Clock
from core.settings import Settings, WorkerMode
from events.hub import Hub
from events.log import Log
from graph.context import Services
from graph.core_execution import CORE_SCHEMA
from graph.documents import Documents, read_manifest
from graph.execution import GraphOperations
from graph.plans import Plans
from live.counted_stays import CountedStays
from live.groups import Groups
from live.lag import slowest
from live.reservation import ReservationLimits
from live.reservations import Reservations
from live.rounds import Rounds
from live.session import Reception, SessionLimits
from live.waking import in_rounds
from probes.addresses import AddressPolicy
from probes.trials import Trials
from services.access import Access
from services.bulk import BulkOperations
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.keyword_sets import KeywordSets
from services.personas import Personas
from services.pools import Pools
from services.principals import Principals
from services.proxies import Proxies
from services.proxy_lists import ProxyLists
from services.running_settings import RunningSettings
from services.scoring_profiles import ScoringProfiles
from vocabulary.streams import StreamCounts
from web import answer_headers, request_ids
from web.access_log import log_request
from web.addresses import http_url, listen
from web.authentication import BearerTokens
from web.database_metrics import DatabaseUse
from web.executor import Executor
from web.foundation import Foundation, standing
from web.graphiql import add_assets, graphiql_page
from web.health import Health
from web.http import GraphQLEndpoint
from web.lag_metrics import SlowestMembers
from web.limit_metrics import CountsApart, LimitsPassed
from web.metrics import Metrics
from web.origins import Origins
from web.outcomes import watch
from web.peers import Dropped, Peers
from web.plan_metrics import PlanUse
from web.pulse import Patience
from web.readiness import checks
from web.refusal_metrics import RefusedConnections
from web.request_clock import TimedRunner
from web.routes import GRAPHQL_PATH, add_graphql
from web.shared_quotas import shared_quotas
from web.side_bell import hung
from web.socket import Sockets
from web.sole_process import sole_process
from web.stays import Stays
from web.token_uses import TokenUses
from workers.main import build_runner, policy_of
from workers.runner import Runner

SHUTDOWN_SECONDS = 5.0
log = structlog.get_logger(__name__)


class _Edge(NamedTuple):
    """What the edge is given: where it counts, who looks after its connections, what clients may do, and did."""

    registry: CollectorRegistry
    peers: Peers
    quotas: Quotas
    plans: Plans
    origins: Origins
    uses: TokenUses


class ApiProcess:
    """A running API. Make it with `open`.

    `first_token` is the admin token that was made at random because the database was empty; it is known nowhere else.
    """

    def __init__(
        self, ground: Foundation, services: Services, url: str, first_token: str | None, peers: Peers
    ) -> None:
        self.ground = ground
        self.services = services
        self.url = url
        self.first_token = first_token
        self._peers = peers

    def __repr__(self) -> str:
        return f"<ApiProcess {self.url} on {self.ground.engines!r}>"

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, clock: Clock) -> AsyncIterator[Self]:
        """Serve until the block ends; then everything is closed and nothing is left running.

        Raises:
            Misconfigured: the port, the database, the channel, a file or the web assets are not in order.
            Unavailable: the database stopped answering meanwhile.
        """
        patience = Patience(
            settings.ping_seconds,
            settings.slow_client_seconds,
            sender_seconds=settings.slow_sender_seconds,
        )
        async with AsyncExitStack() as stack:
            listening = stack.enter_context(closing(_listening(settings, patience)))
            ground = await stack.enter_async_context(standing(settings, clock))
            stack.enter_context(sole_process(ground))
            sealer = Sealer.from_file(settings.secret_key_file)
            policy = policy_of(settings)
            services = _services(ground, sealer, policy)
            token = settings.bootstrap_token
            given = None if token is None else token.get_secret_value()
            first_token = await services.principals.bootstrap(given)
            runner = await _start_workers(stack, ground, sealer, policy)
            hub = await _start_hub(stack, ground)
            stack.enter_context(hung(ground, partial(hub.rung, None)))
            quotas = await stack.enter_async_context(shared_quotas(ground))
            uses = TokenUses(services.principals, clock).start()
            stack.push_async_callback(uses.close)
            edge = _Edge(
                CollectorRegistry(), Peers(patience), quotas, _plans(settings), _origins(settings), uses
            )
            edge.registry.register(RefusedConnections(policy))
            await _serve(stack, _application(ground, services, hub, runner, edge), edge.peers, listening)
            yield cls(ground, services, http_url(listening), first_token, edge.peers)

    async def drain(self) -> None:
        """Be no longer ready, refuse who comes to follow something, and ask those who do to leave, one by one.

        Everything else is answered as before. It takes `drain_seconds` if somebody is there, else no time.
        """
        if len(self._peers):
            log.info("draining", connections=len(self._peers))
        await self._peers.drain(self.ground.settings.drain_seconds)


def _origins(settings: Settings) -> Origins:
    return Origins(frozenset(settings.allowed_origins))


def _listening(settings: Settings, patience: Patience) -> socket.socket:
    # After all that is done about slow clients where they can be told: the rest of them, and who has vanished.
    longest = max(patience.slow_seconds, 2 * patience.ping_seconds) + 2 * patience.close_seconds
    return listen(settings.host, settings.port, longest)


def _plans(settings: Settings) -> Plans:
    file = settings.documents_file
    texts = {} if file is None else read_manifest(file)
    documents = Documents(texts, only=settings.documents_only)
    plans = Plans(CORE_SCHEMA, settings.limits, documents, introspection=settings.introspection)
    plans.check_documents()
    return plans


def _services(ground: Foundation, sealer: Sealer, policy: AddressPolicy) -> Services:
    trials = Trials(policy, ground.settings.ca_file)
    shares = Shares(ground.settings.principal_tests)
    return Services(
        limits=ground.settings.limits,
        campaigns=Campaigns(ground.database),
        campaign_control=CampaignControl(ground.database),
        proxies=Proxies(ground.database, sealer),
        proxy_lists=ProxyLists(ground.database, sealer),
        pools=Pools(ground.database),
        clock=ground.clock,
        personas=Personas(ground.database, trials, shares),
        keyword_sets=KeywordSets(ground.database, trials, shares),
        principals=Principals(ground.database),
        access=Access(ground.database),
        scoring_profiles=ScoringProfiles(ground.database),
        settings=RunningSettings(ground.database, ground.settings),
        bulk=BulkOperations(ground.database, sealer),
    )


async def _start_workers(
    stack: AsyncExitStack, ground: Foundation, sealer: Sealer, policy: AddressPolicy
) -> Runner | None:
    if ground.settings.workers is not WorkerMode.EMBEDDED:
        return None
    runner = build_runner(ground.database, ground.settings, sealer, ground.name, policy)
    ground.doorbell.listen(runner.hear)
    await runner.start()
    stack.push_async_callback(runner.close)
    return runner


async def _start_hub(stack: AsyncExitStack, ground: Foundation) -> Hub:
    hub = Hub(Log(ground.engines), ground.settings.window_events)
    ground.doorbell.listen(lambda ring: hub.rung(ring.position, ring.tag))
    await hub.start()
    stack.push_async_callback(hub.close)
    return hub


def _application(
    ground: Foundation,
    services: Services,
    hub: Hub,
    runner: Runner | None,
    edge: _Edge,
) -> web.Application:
    registry, peers, quotas, plans, origins, uses = edge
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    apart = CountsApart(lambda: quotas.is_apart)
    for each in (DatabaseUse(ground.engines, hub), PlanUse(plans), LimitsPassed(quotas.passed), apart):
        registry.register(each)
    metrics = Metrics(registry)
    rounds = Rounds(metrics, ground.clock)
    groups = Groups(hub, metrics, waker=in_rounds(rounds))
    registry.register(SlowestMembers(partial(slowest, groups)))
    peers.on_drop = metrics.count_drop

    def counts() -> StreamCounts:
        return StreamCounts(len(sockets), hub.events_read, hub.position, metrics.by_field())

    seen = replace(services, streams=counts)
    operations = GraphOperations(seen, ground.engines, hub, quotas.passed, plans)
    authenticate = BearerTokens(services.principals, ground.clock, uses.note)
    services.access.on_change = authenticate.forget
    stays = Stays(authenticate, hub, ground.clock, partial(metrics.count_drop, Dropped.EXPELLED)).start()
    most, counted = ground.settings.limits, CountedStays(stays, quotas)
    session_limits = SessionLimits(
        operations=most.connection_operations, executing=ground.settings.connection_executing
    )
    reservations = Reservations(groups, ground.clock, _reserving(ground.settings), quotas.passed)
    executor = Executor(
        operations,
        authenticate,
        authenticate.recognise,
        counted,
        groups,
        ground.clock,
        peers,
        reservations,
        quotas,
        most.body_bytes,
        origins,
    )
    reception = Reception(operations, counted, groups, rounds, session_limits, quotas)
    sockets = Sockets(reception, peers, most.message_bytes, origins)

    # Clients are told of the limit by `web/graphql_request.py`; this one is behind it.
    app = web.Application(client_max_size=2 * most.body_bytes)
    for each_answer in (request_ids, answer_headers):
        each_answer.install(app)
    watch(app, log_request, metrics.count_request)
    add_graphql(app, GraphQLEndpoint(executor, graphiql_page), sockets, groups, peers)
    app.on_cleanup.append(lambda _: stays.close())
    Health(checks(ground, hub, runner), is_draining=lambda: peers.draining).add_to(app)
    app.router.add_get("/", _to_graphiql)
    app.router.add_get("/metrics", metrics.show)
    add_assets(app)
    return app


def _reserving(settings: Settings) -> ReservationLimits:
    return ReservationLimits(
        ping_seconds=settings.ping_seconds,
        unattended_seconds=settings.reservation_seconds,
        unattended=settings.principal_reservations,
        operations=settings.connection_operations,
        executing=settings.connection_executing,
        reply_bytes=settings.stream_reply_bytes,
    )


async def _to_graphiql(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(GRAPHQL_PATH)


async def _serve(stack: AsyncExitStack, app: web.Application, peers: Peers, listening: socket.socket) -> None:
    on_late = partial(peers.on_drop, Dropped.UNFINISHED)
    runner = TimedRunner(app, peers.patience.sender_seconds, on_late, SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listening).start()
