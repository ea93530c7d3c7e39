"""One WebSocket connection: a reader, which is the caller of `run`, and a writer, which is served in rounds.

The reader carries out what the protocol decides. Each operation starts as a task of the session, so that a
slow one holds up nobody; the task of a query or mutation ends with its result, the task of a subscription ends
as soon as its member has joined its group. What runs when the socket closes is cancelled and awaited.

In an outage of the database a query or mutation fails at once, and its client decides. A subscription waits: to a
client of graphql-transport-ws the error of an operation is its end, and its stream would be lost.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from auth.quotas import Quotas
from core.errors import Unavailable
from core.limits import STANDARD
from core.tasks import Owner
from live import close_codes
from live.close_codes import CloseCode
from live.failures import explain, formatted
from live.groups import Groups
from live.messages import complete_message, error_message, next_message
from live.operations import (
    OperationKind,
    Operations,
    Plan,
    Rejected,
    Request,
    Stream,
    Unauthenticated,
)
from live.outages import through_outages
from live.protocol import (
    Action,
    Close,
    Connection,
    Ignore,
    Initialise,
    Phase,
    Refuse,
    Send,
    Start,
    Stop,
)
from live.rounds import Rounds
from live.stay import EXPEL_SECONDS, Stay, Stays
from live.writer import Operation, Socket, Writer
from vocabulary.operations import Throttled

log = structlog.get_logger(__name__)


class SessionLimits(msgspec.Struct, frozen=True):
    """What one connection may take.

    Attributes:
        init_seconds: how long `connection_init` may take to arrive, and its token to be checked.
        operations: how many operations may run at the same time.
        executing: how many of them may be executing at the same time; subscriptions that run do not count.
        replies: how many replies wait for a socket before nothing more is read from it.
        leave_seconds: how long queries and mutations may take to be answered once the socket is to close.
        retry_seconds: the first wait of a subscription that begins in an outage; it doubles up to four times this.
    """

    init_seconds: float = 10.0
    operations: int = STANDARD.connection_operations
    executing: int = 16
    replies: int = 64
    leave_seconds: float = 5.0
    retry_seconds: float = 0.25


class Reception(msgspec.Struct, frozen=True):
    """What every session of a process shares."""

    operations: Operations
    stays: Stays
    groups: Groups
    rounds: Rounds
    limits: SessionLimits = SessionLimits()
    quotas: Quotas = msgspec.field(default_factory=Quotas)


class Session:
    """Serves one socket until it is closed."""

    __slots__ = (
        "_connection",
        "_executing",
        "_init_deadline",
        "_leaving",
        "_performing",
        "_reception",
        "_socket",
        "_stay",
        "_tasks",
        "_writer",
    )

    def __init__(self, socket: Socket, reception: Reception) -> None:
        limits = reception.limits
        self._socket = socket
        self._reception = reception
        self._connection = Connection(limits.operations)
        self._tasks = Owner("session")
        self._writer = Writer(socket, reception.rounds, self._tasks, limits.replies)
        self._writer.on_end = self._ended
        self._executing: asyncio.Semaphore | None = None
        self._performing = 0
        self._stay: Stay | None = None
        self._init_deadline = 0.0
        self._leaving = False

    def __repr__(self) -> str:
        return f"<Session {self._connection!r}, {self._writer!r}, {len(self._tasks)} tasks>"

    async def run(self) -> None:
        """Serve the socket until it is closed by either side; then leave nothing behind."""
        # Fixed once: pings before the connection_init must not move the deadline.
        self._init_deadline = asyncio.get_running_loop().time() + self._reception.limits.init_seconds
        async with self._tasks:
            try:
                goes_on = True
                while goes_on and self._connection.phase is Phase.OPENED:
                    goes_on = await self._act(await self._begin())
                # While it waits it keeps nothing: neither the last frame nor what that one asked for.
                while goes_on:
                    goes_on = await self._act(self._asked(await self._socket.receive()))
            finally:
                self._writer.end()
                for operation in self._connection.kept:
                    self._abandon(operation)
                if self._stay is not None:
                    self._stay.end()

    async def leave(self, code: CloseCode) -> None:
        """Begin nothing more, answer the queries and mutations that run, and close the socket with this code."""
        self._leaving = True
        try:
            async with asyncio.timeout(self._reception.limits.leave_seconds):
                answering = [each.task for each in self._connection.kept if each.task and not each.follows]
                if answering:
                    await asyncio.wait(answering)
                await self._writer.flush()
        except TimeoutError:
            log.warning("left_unanswered", session=repr(self))
        await self._socket.close(code, code.name)

    async def expel(self, code: CloseCode, reason: str) -> None:
        """Send nothing from now on, end what runs, and close the socket."""
        self._leaving = True
        self._writer.end()
        for operation in self._connection.kept:
            self._stop(operation)
        await self._socket.close(code, reason, EXPEL_SECONDS)

    @property
    def _caller(self) -> object:
        """Who is asking, as they are now."""
        return None if self._stay is None else self._stay.caller

    async def _begin(self) -> Action | None:
        """The action that the next frame asks for, which is to be the `connection_init`."""
        try:
            async with asyncio.timeout_at(self._init_deadline):
                return self._asked(await self._socket.receive())
        except TimeoutError:
            return self._connection.close(close_codes.INIT_TIMEOUT)

    def _asked(self, frame: str | bytes | None) -> Action | None:
        """The action that a frame asks for; None once the socket is closed."""
        return None if frame is None else self._connection.receive(frame)

    async def _act(self, action: Action | None) -> bool:
        """Carry out an action; False ends the session."""
        match action:
            case Send() | Refuse():
                await self._say(action)
            case Start(ident, request):
                self._start(ident, request)
            case Stop(_, operation):
                self._stop(operation)
            case Initialise(payload):
                return await self._act(await self._initialise(payload))
            case Close(code, reason):
                await self._socket.close(code, reason)
                return False
            case None:
                return False
            case Ignore():
                pass
        return True

    async def _say(self, action: Send | Refuse) -> None:
        if isinstance(action, Send):
            await self._writer.say(action.message)
            return
        self._reception.quotas.passed[action.passed] += 1
        await self._writer.answer(self._kept(action.id), action.message)

    async def _initialise(self, payload: Mapping[str, Any]) -> Action:
        authorization = payload.get("Authorization", payload.get("authorization"))
        if authorization is not None and not isinstance(authorization, str):
            return self._connection.close(close_codes.FORBIDDEN)
        try:
            async with asyncio.timeout(self._reception.limits.init_seconds):
                self._stay = await self._reception.stays.begin(authorization)
        except Unauthenticated:
            return self._connection.close(close_codes.FORBIDDEN)
        except Throttled as error:
            return self._connection.close(close_codes.CROWDED, str(error))
        except (Unavailable, TimeoutError):
            return self._connection.close(close_codes.TRY_AGAIN)
        acknowledged = self._connection.acknowledge()
        self._stay.seat(self)
        return acknowledged

    def _start(self, ident: str, request: Request) -> None:
        if self._leaving:
            # The client learns by the close that nothing became of it; it may complete it before that all the same.
            self._connection.finish(ident)
            return
        operation = self._kept(ident)
        operation.task = self._tasks.start(self._perform(operation, request), "operation")

    def _kept(self, ident: str) -> Operation:
        """An operation with this id, which is the client's until its last reply is written."""
        operation = Operation(ident, self._writer)
        self._connection.keep(ident, operation)
        return operation

    async def _perform(self, operation: Operation, request: Request) -> None:
        self._performing += 1
        try:
            await self._answer(operation, request)
        finally:
            # What lasts is no task, and needs no turn.
            operation.task = None
            self._performing -= 1
            if not self._performing:
                self._executing = None

    def _turn(self) -> asyncio.Semaphore:
        """What lets only so many execute at the same time."""
        if self._executing is None:
            self._executing = asyncio.Semaphore(self._reception.limits.executing)
        return self._executing

    async def _answer(self, operation: Operation, request: Request) -> None:
        try:
            result = await self._carry_out(operation, request)
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends this operation only.
            errors = explain(error, f"operation {request.operation_name or ''}".rstrip())
            await self._writer.answer(operation, error_message(operation.id, errors))
            return
        if result is not None:
            messages = next_message(operation.id, result), complete_message(operation.id)
            await self._writer.answer(operation, *messages)

    async def _carry_out(self, operation: Operation, request: Request) -> bytes | None:
        """The result of a query or mutation; None if a subscription has begun."""
        quotas = self._reception.quotas
        await quotas.request(self._caller)
        if not self._reception.operations.knows(request):
            await quotas.document(self._caller)
        plan = self._reception.operations.prepare(request)
        if plan.kind is OperationKind.SUBSCRIPTION:
            await self._follow(operation, plan, request)
            return None
        if plan.kind is OperationKind.MUTATION:
            # In an outage it says so itself, with the error of its union; it cannot do anything then.
            with suppress(Unavailable):
                await self._confirm()
            await quotas.mutations(self._caller, plan.changes)
        async with self._turn():
            return await self._reception.operations.execute(plan, request, self._caller)

    async def _confirm(self) -> None:
        """See that whoever asks may still ask, for what changes something or stays.

        Raises:
            Rejected: their token has ended; the connection is about to.
            Unavailable: it cannot be found out now.
        """
        if self._stay is None:
            return
        try:
            await self._stay.confirm()
        except Unauthenticated as error:
            raise Rejected([formatted("The token is no longer valid.", "UNAUTHENTICATED")]) from error

    async def _follow(self, operation: Operation, plan: Plan, request: Request) -> None:
        async def authorised() -> Stream:
            # Not held while an outage is waited out: queries shall be told of it at once.
            async with self._turn():
                await self._confirm()
                return await self._reception.operations.subscribe(plan, request, self._caller)

        operation.follows = True
        name = request.operation_name or "subscription"
        stream = await through_outages(authorised, name, self._reception.limits.retry_seconds)
        if operation.stopped or self._reception.groups.closed:
            # A library may take a cancelling for its own, and go on; and the process may be about to stop.
            return
        operation.follow(self._reception.groups.join(stream, operation.notify))

    def _stop(self, operation: Operation) -> None:
        """The client has completed an operation: nothing more is sent for it."""
        if operation.task is not None:
            # Not awaited here: with a server that hangs, a driver takes long to end, and nothing would be read.
            operation.task.cancel()
        self._abandon(operation)

    def _abandon(self, operation: Operation) -> None:
        self._writer.forget(operation)
        self._leave(operation)

    def _ended(self, operation: Operation) -> None:
        """The client can know by now that an operation has ended; its id is free."""
        if self._connection.keeps(operation.id, operation):
            self._connection.finish(operation.id)
        self._leave(operation)

    def _leave(self, operation: Operation) -> None:
        member = operation.leave()
        if member is not None:
            self._reception.groups.leave(member)
