"""Work without a network: in chunks, in a thread, in order; and the page that an old row still tells of."""

import asyncio
import threading

import pytest

from db.repositories.domains import Candidate
from db.repositories.materials import Extractable
from db.repositories.verdicts import ExtractionResult
from leads.extraction import extract
from vocabulary.checks import KeywordHit, Zone
from vocabulary.leads import PageFeatures
from vocabulary.pages import PageSnapshot
from workers.extraction import page_of_row
from workers.judging import CHUNK, Judging

BLANK = extract(PageSnapshot(bytes_read=0, final_url="", text=""), ())


def features_of(number: int) -> PageFeatures:
    return extract(PageSnapshot(bytes_read=number, final_url="", text=""), ())


def candidates(count: int) -> list[Candidate]:
    return [Candidate(offset * 3, f"n{offset}.test", ()) for offset in range(count)]


async def test_each_domain_gets_what_was_made_of_its_own_material() -> None:
    left = candidates(CHUNK * 2 + 1)
    materials = {candidate.offset: candidate.offset for candidate in left}
    judging = Judging(left, materials, lambda number: ExtractionResult(number, features_of(number)))
    found = [await judging.check(candidate) for candidate in left]
    assert [
        (result.offset, result.features.bytes_read)
        for result in found
        if isinstance(result, ExtractionResult)
    ] == [(candidate.offset, candidate.offset) for candidate in left]


async def test_no_more_is_worked_out_than_a_chunk() -> None:
    left = candidates(CHUNK * 3)
    worked: list[int] = []

    def judge(number: int) -> ExtractionResult:
        worked.append(number)
        return ExtractionResult(number, BLANK)

    judging = Judging(left, {candidate.offset: candidate.offset for candidate in left}, judge)
    await judging.check(left[0])
    assert len(worked) == CHUNK
    for candidate in left[1 : CHUNK + 1]:
        await judging.check(candidate)
    assert len(worked) == CHUNK * 2


async def test_the_loop_lives_while_a_chunk_is_worked_out() -> None:
    alive = threading.Event()

    def judge(number: int) -> ExtractionResult:
        assert alive.wait(5)
        return ExtractionResult(number, BLANK)

    judging = Judging(candidates(1), {0: 0}, judge)
    asyncio.get_running_loop().call_soon(alive.set)
    assert (await judging.check(candidates(1)[0])).offset == 0


async def test_who_is_asked_out_of_turn_is_refused() -> None:
    left = candidates(2)
    judging = Judging(left, {0: 0, 3: 3}, lambda number: ExtractionResult(number, BLANK))
    with pytest.raises(ValueError, match="turn of 0, not of 3"):
        await judging.check(left[1])


def test_a_page_of_which_only_the_row_is_left() -> None:
    hits = (
        KeywordHit("solar", Zone.TITLE, 1, context="solar roofs"),
        KeywordHit("solar", Zone.META, 1, context="all about solar"),
        KeywordHit("wind", Zone.HEADING, 2),
        KeywordHit("wind", Zone.ANCHOR, 1, context="more wind"),
    )
    row = Extractable(7, None, hits, 4096, "https://a.test/x", "solar roofs")
    page = page_of_row(row)
    assert page == PageSnapshot(
        bytes_read=4096,
        final_url="https://a.test/x",
        text="solar roofs all about solar wind more wind",
        title="solar roofs",
        description="all about solar",
        internal_links=1,
        headings=1,
    )
    assert extract(page, hits).has_structure


def test_a_row_without_hits_tells_of_no_structure() -> None:
    page = page_of_row(Extractable(7, None, (), 0, None, None))
    assert page == PageSnapshot(bytes_read=0, final_url="", text="")
    assert not extract(page, ()).has_structure
