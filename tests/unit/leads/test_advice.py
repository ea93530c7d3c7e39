"""Advice is given from its limits on, with the numbers in it, and not before enough is known."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.advice import advise
from vocabulary.leads import AdviceCode, AdviceCounts

GOOD = AdviceCounts(
    dns_checked=1000,
    dns_valid=700,
    http_checked=1000,
    http_valid=800,
    with_keywords=100,
    warned=30,
    analyzed=1000,
    high_potential=10,
    leads=1,
)


def test_at_the_limits_nothing_is_said() -> None:
    assert advise(GOOD) == ()
    assert advise(AdviceCounts()) == ()


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({"dns_valid": 699}, AdviceCode.FEW_RESOLVE),
        ({"http_valid": 799}, AdviceCode.FEW_ANSWER),
        ({"high_potential": 9}, AdviceCode.FEW_HIGH_POTENTIAL),
        ({"warned": 31}, AdviceCode.MANY_WARNINGS),
        ({"leads": 0}, AdviceCode.NO_LEADS),
    ],
)
def test_beyond_a_limit_there_is_advice_with_its_numbers(counts: dict[str, int], code: AdviceCode) -> None:
    (advice,) = advise(msgspec.structs.replace(GOOD, **counts))
    assert advice.code is code
    assert advice.sentence.endswith(".")
    ((_, value),) = counts.items()
    assert str(value) in advice.sentence or code is AdviceCode.NO_LEADS


@pytest.mark.parametrize(
    "counts",
    [
        {"dns_checked": 19, "dns_valid": 0},
        {"http_checked": 19, "http_valid": 0},
        {"analyzed": 100, "high_potential": 0},
        {"with_keywords": 19, "warned": 19},
        {"analyzed": 50, "leads": 0, "high_potential": 0},
    ],
)
def test_few_say_nothing(counts: dict[str, int]) -> None:
    assert advise(msgspec.structs.replace(GOOD, **counts)) == ()


@given(st.builds(AdviceCounts, *([st.integers(0, 300)] * 9)))
def test_each_code_is_given_once_in_its_order(counts: AdviceCounts) -> None:
    codes = [advice.code for advice in advise(counts)]
    assert codes == [code for code in AdviceCode if code in codes]
