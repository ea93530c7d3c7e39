"""Does a stream go on where it was: over cuts, after a query, from a cursor of somewhere else."""

import secrets
from functools import partial

from cli.check.changing import RESET, Changes, follow, together
from cli.check.check import Check, Family, expect, expect_equal
from cli.check.following import FOLLOW, TRANSPORTS, Frame, Subscribe, acknowledged, begin, over
from cli.check.judging import expect_exactly
from cli.check.site import Site
from events import cursor as cursors

CHANGES = 30
CUT_AFTER = 4
CURSOR = "{ cursor }"
LISTED = """
query Listed($id: ID!) {
  activity(filter: { entityId: $id }, first: 100) { cursor nodes { cursor } }
}
"""


async def _cut(transport: str, site: Site) -> str:
    """Somebody whose cable is pulled again and again has what somebody else has whose cable is not."""
    changes = Changes(site, CHANGES)
    after = (await site.wire.ask(CURSOR))["cursor"]
    whole: list[Frame] = []
    pieces: list[Frame] = []
    connections = 0

    async def uncut() -> None:
        async with _following(TRANSPORTS[0], site)(after) as subscription:
            await follow(subscription, whole)

    async def cut() -> None:
        nonlocal connections
        is_open = True
        while is_open:
            at = pieces[-1].cursor if pieces else after
            async with _following(transport, site)(at) as subscription:
                connections += 1
                is_open = await follow(subscription, pieces, most=CUT_AFTER)
                subscription.cut()

    await together(uncut(), cut(), changes.make())
    _expect_same(changes, {"uncut": whole, f"over {connections} connections": pieces})
    return f"{len(pieces)} frames over {connections} connections, as somebody got them who was not cut"


async def _query_then_follow(site: Site) -> str:
    """What a query lists and what follows its cursor is everything, and nothing is in both."""
    changes = Changes(site, CHANGES)
    listed: list[str] = []
    followed: list[Frame] = []

    async def look() -> None:
        await changes.is_half_made.wait()
        page = (await site.wire.ask(LISTED, id=site.own.id))["activity"]
        listed.extend(node["cursor"] for node in reversed(page["nodes"]))
        async with _following(TRANSPORTS[0], site)(page["cursor"]) as subscription:
            await follow(subscription, followed)

    await together(look(), changes.make())
    before = [each for each in listed if each in set(changes.cursors)]
    expect_exactly("listed and followed", changes.cursors, [*before, *(frame.cursor for frame in followed)])
    return f"{len(before)} listed and {len(followed)} followed are all {len(changes.made)}"


async def _same_for_all(site: Site) -> str:
    changes = Changes(site, CHANGES)
    after = (await site.wire.ask(CURSOR))["cursor"]
    told: dict[str, list[Frame]] = {"the first": [], "the second": [], "over SSE": []}

    async def subscriber(name: str, transport: str) -> None:
        async with _following(transport, site)(after) as subscription:
            await follow(subscription, told[name])

    over_which = zip(told, (TRANSPORTS[0], *TRANSPORTS), strict=True)
    await together(*(subscriber(*each) for each in over_which), changes.make())
    _expect_same(changes, told)
    return f"{len(changes.made)} frames, equal for {len(told)} subscribers"


async def _foreign(transport: str, site: Site) -> str:
    """A cursor of a log that is not this one gives a reset, and nothing else."""
    foreign = cursors.encode(secrets.token_hex(6), 1, secrets.randbits(32))
    async with over(transport, site.wire, FOREIGN)(foreign) as subscription:
        frame = await subscription.next()
    expect_equal("the first frame", frame.data["__typename"], RESET)
    expect_equal("the reason", frame.data["reason"], "LOG_REPLACED")
    expect_equal("the reset's snapshot", frame.data["snapshot"]["__typename"], "ActivitySnapshot")
    return "StreamReset, LOG_REPLACED, with a snapshot"


async def _nonsense(site: Site) -> str:
    async with acknowledged(site.wire) as socket:
        await begin(socket, "1", FOREIGN, {"after": "yesterday"})
        answer = await socket.receive()
    expect_equal("the answer to a text that is no cursor", answer["type"], "error")
    return str(answer["payload"][0]["message"])


FOREIGN = """
subscription Foreign($after: Cursor) {
  activity(after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on StreamReset { reason snapshot { __typename } }
  }
}
"""


def _following(transport: str, site: Site) -> Subscribe:
    return over(transport, site.wire, FOLLOW, id=site.own.id)


def _expect_same(changes: Changes, told: dict[str, list[Frame]]) -> None:
    for who, frames in told.items():
        expect_exactly(who, changes.cursors, [frame.cursor for frame in frames])
    (first, *others) = ([frame.data for frame in frames] for frames in told.values())
    expect(
        all(each == first for each in others), "the frames of two subscribers have equal cursors and differ"
    )


CHECKS = (
    *(
        Check(f"{each}: cut again and again", Family.RESUME, partial(_cut, each), changes=True)
        for each in TRANSPORTS
    ),
    Check("a query, then what follows its cursor", Family.RESUME, _query_then_follow, changes=True),
    Check("equal subscribers get equal frames", Family.RESUME, _same_for_all, changes=True),
    *(
        Check(f"{each}: a cursor of another log", Family.RESUME, partial(_foreign, each))
        for each in TRANSPORTS
    ),
    Check("a text that is no cursor", Family.RESUME, _nonsense),
)
