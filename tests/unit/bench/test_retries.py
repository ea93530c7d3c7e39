"""The judge of requests that were sent again sees what was done twice, not at all, or told in two ways."""

from collections import Counter

import pytest

from bench.retries.judging import Effect, State, Told, effect, judge
from bench.retries.kinds import Json
from bench.retries.mutations import BY_FIELD, MADE
from bench.retries.sending import Attempt, Request
from events import cursor

KIND = MADE[0]
EFFECT = Effect(Counter(campaigns=1), Counter(CampaignCreated=1), ("CreateCampaignPayload", None))
EMPTY = State(Counter(), [])


def answered(position: int, ident: str = "a") -> Json:
    text = cursor.encode("0" * 32, position, 1)
    return {"__typename": "CreateCampaignPayload", "cursor": text, "campaign": {"id": ident}}


def state(count: int, rows: int | None = None) -> State:
    log = [Told(position, "CampaignCreated", 100.0 + position) for position in range(1, count + 1)]
    return State(Counter(campaigns=count if rows is None else rows), log)


def test_one_effect_and_one_answer_are_right() -> None:
    requests = [Request(KIND, {}, [answered(place)] * 2) for place in (1, 2)]
    verdict = judge(requests, {KIND: EFFECT}, EMPTY, state(2), 2)
    assert (verdict.answers, verdict.effects) == ([], [])


@pytest.mark.parametrize(
    ("after", "wrong"),
    [
        (state(2), ["+1 rows of campaigns", "+1 events CampaignCreated"]),
        (state(1, rows=0), ["-1 rows of campaigns"]),
        (EMPTY, ["1 answers of position 1", "-1 rows of campaigns", "-1 events CampaignCreated"]),
    ],
)
def test_an_effect_too_many_or_too_few_is_seen(after: State, wrong: list[str]) -> None:
    request = Request(KIND, {}, [answered(1)])
    assert judge([request], {KIND: EFFECT}, EMPTY, after, 1).effects == wrong


def test_two_answers_to_one_key_are_seen_and_one_to_two() -> None:
    two_ways = Request(KIND, {}, [answered(1), answered(1, "b")])
    assert "in 2 ways" in judge([two_ways], {KIND: EFFECT}, EMPTY, state(1), 2).answers[0]
    same = [Request(KIND, {}, [answered(1)]) for _ in range(2)]
    assert judge(same, {KIND: EFFECT}, EMPTY, state(2), 1).effects == ["2 answers of position 1"]


def test_another_kind_of_answer_and_too_few_are_seen() -> None:
    refused = {"__typename": "ConflictError", "code": "ALREADY_EXISTS"}
    wrong = judge([Request(KIND, {}, [refused])], {KIND: EFFECT}, EMPTY, state(1), 2).answers
    assert len(wrong) == 2


def test_what_is_shown_once_may_be_told_in_other_words_and_is_not_shown_twice() -> None:
    kind, place = BY_FIELD["createToken"], {**answered(1), "campaign": None}
    effect = Effect(Counter(campaigns=1), Counter(CampaignCreated=1), (kind.payload, None))
    shown, again = (
        place | {"__typename": "CreateTokenPayload"},
        place | {"__typename": "SecretShownError", "code": "SECRET_SHOWN"},
    )
    for answers, wrong in (
        ([shown, again], []),
        ([again, again], []),
        ([shown, shown], ["createToken showed 2 times what is shown once"]),
    ):
        assert judge([Request(kind, {}, answers)], {kind: effect}, EMPTY, state(1), 2).answers == wrong


def test_what_records_nothing_has_no_place_of_its_own() -> None:
    kind = BY_FIELD["cleanUnhealthyProxies"]
    effect = Effect(Counter(), Counter(), (kind.payload, None))
    requests = [Request(kind, {}, [answered(1) | {"__typename": kind.payload}]) for _ in range(2)]
    verdict = judge(requests, {kind: effect}, state(1), state(1), 1)
    assert (verdict.answers, verdict.effects) == ([], [])


def test_what_lies_between_two_states_is_the_effect() -> None:
    assert effect(state(3), state(4), Request(KIND, {}, [answered(4)])) == EFFECT


def test_an_answer_was_lost_if_only_attempts_without_one_can_have_done_it() -> None:
    cut, heard = Attempt(1.0, 3.0, answered=False), Attempt(2.0, 4.0, answered=True)
    request = Request(KIND, {}, attempts=[cut, heard])
    assert [request.answer_was_lost(at) for at in (1.5, 2.5, 3.5, 9.0)] == [True, False, False, False]
