"""What is kept of accepted pages: packed by who fetched them, written with their results, unpacked by who reads them.

Packing takes about a millisecond for a long page, so it is done outside of the transaction and may be done in a thread.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select

from db.engine import Session
from db.models import PageRow
from db.repositories.verdicts import HttpResult, Result
from vocabulary.pages import PageSnapshot

# Text shrinks to a third; a higher level takes thrice as long for a few percent.
_LEVEL = 6


def pack(results: Sequence[Result]) -> dict[int, bytes]:
    """The pages among results, compressed, by the offset of their domain."""
    fetched = [result for result in results if isinstance(result, HttpResult)]
    return {
        each.offset: zlib.compress(msgspec.json.encode(each.verdict.page), _LEVEL)
        for each in fetched
        if each.verdict.page is not None
    }


def unpack(content: bytes) -> PageSnapshot:
    """The page that `pack` compressed.

    Raises:
        zlib.error, msgspec.ValidationError: it is no packed page.
    """
    return msgspec.json.decode(zlib.decompress(content), type=PageSnapshot)


async def store(
    session: Session, campaign_id: UUID, packed: Mapping[int, bytes], fresh: Collection[int]
) -> None:
    """Write those pages whose results are fresh; the others were written with theirs before."""
    rows = [
        {"campaign_id": campaign_id, "offset": offset, "content": content}
        for offset, content in packed.items()
        if offset in fresh
    ]
    if rows:
        await (await session.connection()).execute(insert(PageRow), rows)


async def within(session: Session, campaign_id: UUID, offsets: range) -> dict[int, bytes]:
    """The packed pages of a range of offsets."""
    wanted = select(PageRow.offset, PageRow.content).where(
        PageRow.campaign_id == campaign_id, PageRow.offset >= offsets.start, PageRow.offset < offsets.stop
    )
    return {row.offset: row.content for row in await session.execute(wanted)}


async def remove(session: Session, campaign_id: UUID) -> None:
    """Delete all pages of a campaign: they will be fetched anew."""
    await session.execute(delete(PageRow).where(PageRow.campaign_id == campaign_id))
