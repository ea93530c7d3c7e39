"""Trying keyword rules on a text, just as a worker tries them on a page. Nothing is stored.

The work is all of the processor, so it is done in a thread: the event loop does not wait for it. There is one such
thread for all tests, which take their turns. A page may have a rule millions of times, and a rule may find each of its
hits only by reading on to the end of the text, which is more than anybody waits for; a test that has taken its time, or
that nobody waits for any more, is ended at the next hit or rule. One search for the next hit cannot be broken off, so
whoever has waited long enough, for a search or for a turn, is refused as well. How many tests one principal may have is
up to `auth/shares.py`.
"""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from math import inf
from time import monotonic

import msgspec

from core.errors import ValidationFailed, Violation
from probes.keywords import Matcher
from probes.page_text import from_html, from_plain
from services.refusals import refuse_any
from services.rules_keywords import MAX_RULES, check_rules
from vocabulary.checks import KeywordHit, Zone
from vocabulary.keywords import ContentType, KeywordRule

MAX_TEXT_BYTES = 64 * 1024
MAX_SECONDS = 5.0
MAX_WAIT = 20.0
MAX_TESTED = 2 * MAX_RULES
"""How many rules one test may have: a set's and as many others."""


class KeywordTest(msgspec.Struct, frozen=True):
    """Rules and the text to try them on, or the zones of a page in its place.

    `of_set` are the rules of a keyword set, None if none is named.
    """

    rules: tuple[KeywordRule, ...]
    text: str
    content_type: ContentType = ContentType.TEXT
    of_set: tuple[KeywordRule, ...] | None = None
    zones: Mapping[Zone, str] | None = None

    @property
    def path(self) -> tuple[str]:
        """The field of the input that gives what is searched."""
        return ("text",) if self.zones is None else ("url",)


class KeywordTestResult(msgspec.Struct, frozen=True):
    """What hit, in the order of the rules and then of the zones, and the rules that did not, in their order."""

    hits: tuple[KeywordHit, ...]
    missed: tuple[KeywordRule, ...]


class KeywordTests:
    """Tries rules out. The rules of a set come before the others, as they do for a worker."""

    def __init__(self, seconds: float = MAX_SECONDS, wait: float = MAX_WAIT) -> None:
        # It starts its thread with the first test, and the thread ends with the process.
        self._thread = ThreadPoolExecutor(1, "keyword-tests")
        self._seconds = seconds
        self._wait = wait

    async def run(self, test: KeywordTest) -> KeywordTestResult:
        """Try the rules on the text.

        Raises:
            ValidationFailed: with every broken rule, or because it takes longer than a test may.
        """
        patience = _Patience(test, self._seconds)
        try:
            async with asyncio.timeout(self._wait):
                return await asyncio.get_running_loop().run_in_executor(self._thread, _run, test, patience)
        except TimeoutError as error:
            raise ValidationFailed.at(test.path, "takes too long, by itself or behind others") from error
        finally:
            patience.is_over = True


class _Patience:
    """How long a test may take, from when it has its turn; `is_over` is set when nobody waits for it any more."""

    def __init__(self, test: KeywordTest, seconds: float) -> None:
        self._path = test.path
        self._seconds = seconds
        self._deadline = inf
        self.is_over = False

    def begin(self) -> None:
        """The test has its turn."""
        self._deadline = monotonic() + self._seconds

    def look(self) -> None:
        """Raises ValidationFailed when there is no more of it."""
        if self.is_over or monotonic() > self._deadline:
            raise ValidationFailed.at(self._path, "takes too long to search for all the rules")


def _run(test: KeywordTest, patience: _Patience) -> KeywordTestResult:
    patience.begin()
    refuse_any(_check(test))
    rules = (*(test.of_set or ()), *test.rules)
    hits, missed = [], dict(enumerate(rules))
    for number, hit in Matcher(rules).numbered(_zones(test), patience.look):
        if hit is not None:
            hits.append(hit)
            missed.pop(number, None)
        patience.look()
    return KeywordTestResult(tuple(hits), tuple(missed.values()))


def _zones(test: KeywordTest) -> Mapping[Zone, str]:
    if test.zones is not None:
        return test.zones
    read = from_html if test.content_type is ContentType.HTML else from_plain
    return read(test.text).zones


def _check(test: KeywordTest) -> Iterator[Violation]:
    if test.rules or test.of_set is None:
        yield from check_rules(test.rules)
    if any("\ud800" <= char <= "\udfff" for char in test.text):
        yield Violation(("text",), "must not contain lone surrogates")
    elif len(test.text.encode()) > MAX_TEXT_BYTES:
        yield Violation(("text",), f"must have at most {MAX_TEXT_BYTES} bytes", f"0..{MAX_TEXT_BYTES}")
