"""The model of who may see what: what it explains, and what it does not."""

import pytest

from bench.authorization.model import FOREVER, Pass, Person, Timeline, expected, wrong_to_tell

GRACE = 1.0


@pytest.fixture
def person() -> Person:
    return Person(1, "one", Timeline("OPERATOR"))


@pytest.fixture
def token(person: Person) -> Pass:
    return Pass(person, "id", "secret", "ADMIN", Timeline(FOREVER))


def states(token: Pass, at: float) -> set[str | None]:
    return token.states(at, at, GRACE)


def test_a_role_is_the_lesser_of_two(person: Person, token: Pass) -> None:
    assert states(token, 5) == {"OPERATOR"}
    person.role.change(10, 11, "ADMIN")
    assert states(token, 20) == {"ADMIN"}
    narrow = Pass(person, "id", "secret", "VIEWER", Timeline(FOREVER))
    assert states(narrow, 20) == {"VIEWER"}


def test_a_change_may_show_from_the_question_on_and_the_old_until_the_grace_is_over(
    person: Person, token: Pass
) -> None:
    person.role.change(10, 11, "VIEWER")
    assert states(token, 9.9) == {"OPERATOR"}
    assert states(token, 10.5) == states(token, 11.9) == {"OPERATOR", "VIEWER"}
    assert states(token, 12.1) == {"VIEWER"}


@pytest.mark.parametrize("end", ["revoked", "deactivated", "expired"])
def test_a_token_that_has_ended_opens_nothing_after_the_grace(person: Person, token: Pass, end: str) -> None:
    match end:
        case "revoked":
            token.kept.change(10, 10, value=False)
        case "deactivated":
            person.active.change(10, 10, value=False)
        case _:
            token.ends.change(0, 0, 10)
    assert states(token, 9.9) == {"OPERATOR"}
    assert states(token, 10.5) == {"OPERATOR", None}
    assert states(token, 11.1) == {None}
    assert not token.seems_good(11)


def test_a_renewed_token_goes_on(token: Pass) -> None:
    token.ends.change(0, 0, 10)
    token.ends.change(9, 9, 20)
    assert states(token, 15) == {"OPERATOR"}
    assert states(token, 21.1) == {None}


@pytest.mark.parametrize(
    ("text", "known", "is_wrong"),
    [
        (b"~1~ 7", {"OPERATOR"}, False),
        (b"~1~ 7 ~2~ 8", {"OPERATOR"}, True),
        (b"~2~ 8", {"OPERATOR", "VIEWER", None}, True),
        (b"~2~ 8", {"OPERATOR", "ADMIN"}, False),
        (b"nobody's", {"VIEWER"}, False),
        (b"nobody's", {None}, True),
    ],
)
def test_what_is_told_has_to_be_explained(
    token: Pass, text: bytes, known: set[str | None], *, is_wrong: bool
) -> None:
    assert bool(wrong_to_tell(text, token, known)) is is_wrong


def test_what_is_to_be_answered(token: Pass) -> None:
    assert expected("OPERATOR", 2, token, None) == "UNAUTHENTICATED"
    assert expected("OPERATOR", 1, token, "VIEWER") == "FORBIDDEN"
    assert expected("OPERATOR", 2, token, "OPERATOR") == "NOT_FOUND"
    for owner, state in ((1, "OPERATOR"), (None, "OPERATOR"), (2, "ADMIN")):
        assert expected("OPERATOR", owner, token, state) == "LET_THROUGH"
