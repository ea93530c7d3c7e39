r"""Finds keyword rules in the zones of a page, each search in time linear in the text whatever the rule is (RE2).

Counting the hits is one search after another. Nearly always they come to one walk over the text; a rule that must
read to the end before it settles for a short hit, `(?s)a.*z|a` for instance, can cost a walk for each.

One pass of an RE2 set per zone says which rules hit at all, and only those are counted. The set's automaton
has a memory limit, beyond which it finds nothing and does not say so; a rule that always matches is put in
with the others, and if it is missing the set is not believed and each rule is tried by itself.

Offsets are characters (re2 converts for `str`). Text and patterns are in NFC. RE2's `\b` and `\w` are
ASCII, so rules for whole words have their own search. The set knows those by their bare pattern, which hits
wherever the whole word does.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import re2

from core.errors import Violation
from probes.whole_words import WholeWords
from vocabulary.checks import KeywordHit, Zone
from vocabulary.keywords import KeywordRule, RuleType

MAX_PATTERN = 1000
MAX_CONTEXT = 1000

_SET_MEMORY = 64 << 20
# The binding has no types.
_re2: Any = re2
_SPACES = re.compile(r"\s+")
# A pattern that matches nothing at one of these places, `\b` for instance, would hit everywhere and say nothing.
_EMPTY_PLACES = ("", "a", " a b ")


class _Compiled(NamedTuple):
    rule: KeywordRule
    source: str
    spans: Callable[[str], Iterator[tuple[int, int]]]


class Matcher:
    """The rules of a fetch, compiled once and used for every page.

    Raises:
        ValueError: a rule does not pass `check_rule`.
    """

    def __init__(self, rules: Sequence[KeywordRule]) -> None:
        self._rules = [_compile(rule) for rule in rules]
        self._set, self._sentinel = _compile_set(self._rules)

    @property
    def is_quick(self) -> bool:
        """Whether any text of some size is searched at once: an expression may take a second for 64 KiB."""
        return all(compiled.rule.rule_type is RuleType.STRING for compiled in self._rules)

    def __repr__(self) -> str:
        return f"<Matcher of {len(self._rules)} rules>"

    def hits(self, zones: Mapping[Zone, str]) -> tuple[KeywordHit, ...]:
        """What was found, in the order of the rules and then of the zones; counts do not overlap."""
        return tuple(hit for _, hit in self.numbered(zones) if hit is not None)

    def numbered(
        self, zones: Mapping[Zone, str], look: Callable[[], None] | None = None
    ) -> Iterator[tuple[int, KeywordHit | None]]:
        """The same hits one by one, each with the place of its rule among the rules, from 0.

        A search that finds nothing gives None, so that whoever is in a hurry can stop after any search. Counting takes
        a step for each time that a rule is found, of which a page may have millions: `look` is called at each, and what
        it raises ends the search.
        """
        named = list(zones.items())
        candidates = [
            (number, order) for order, (_, text) in enumerate(named) for number in self._candidates(text)
        ]
        for number, order in sorted(candidates):
            yield number, self._hit(self._rules[number], *named[order], look)

    def _candidates(self, text: str) -> Iterator[int]:
        numbers = self._set.Match(text) if self._set is not None else ()
        if self._sentinel not in numbers:
            return iter(range(len(self._rules)))
        return (number for number in numbers if number != self._sentinel)

    def _hit(
        self, compiled: _Compiled, zone: Zone, text: str, look: Callable[[], None] | None
    ) -> KeywordHit | None:
        spans = compiled.spans(text) if look is None else _watched(compiled.spans(text), look)
        first = next(spans, None)
        if first is None:
            return None
        rule = compiled.rule
        return KeywordHit(
            pattern=rule.pattern,
            zone=zone,
            count=1 + sum(1 for _ in spans),
            category=rule.category,
            context=_context(text, *first, rule.context_chars),
        )


def _watched(spans: Iterator[tuple[int, int]], look: Callable[[], None]) -> Iterator[tuple[int, int]]:
    for span in spans:
        look()
        yield span


def _context(text: str, start: int, end: int, around: int) -> str | None:
    return text[max(0, start - around) : end + around] if around else None


def _options(memory: int | None = None) -> Any:
    options = _re2.Options()
    options.log_errors = False
    if memory is not None:
        options.max_mem = memory
    return options


def _compile(rule: KeywordRule) -> _Compiled:
    violations = check_rule(rule, ())
    if violations:
        raise ValueError("; ".join(violation.message for violation in violations))
    source = _source(rule)
    if rule.is_whole_word:
        return _Compiled(rule, source, WholeWords(source).spans)
    return _Compiled(rule, source, partial(_spans, _re2.compile(source, _options())))


def _spans(regex: Any, text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in regex.finditer(text))


def _compile_set(rules: Sequence[_Compiled]) -> tuple[Any, int]:
    """All rules in one set with the sentinel's number, or no set if they are too much for its memory."""
    whole = _re2.Set.SearchSet(_options(_SET_MEMORY))
    for compiled in rules:
        whole.Add(compiled.source)
    sentinel: int = whole.Add("")
    try:
        whole.Compile()
    except _re2.error:
        return None, sentinel
    return whole, sentinel


def _source(rule: KeywordRule) -> str:
    """The rule as one RE2 pattern that carries its case in itself, so that all fit into one set."""
    pattern = unicodedata.normalize("NFC", rule.pattern)
    if rule.rule_type is RuleType.STRING:
        # White space is collapsed in the text, so it has to be in what is looked for.
        pattern = _re2.escape(_SPACES.sub(" ", pattern))
    return f"(?:{pattern})" if rule.is_case_sensitive else f"(?i:{pattern})"


def check_rule(rule: KeywordRule, path: tuple[str, ...]) -> list[Violation]:
    """Every broken rule of a keyword rule; `path` is where it stands in the input. Never raises."""
    broken = []
    if (problem := _pattern_problem(rule)) is not None:
        message, limit = problem
        broken.append(Violation((*path, "pattern"), message, limit))
    if not 0 <= rule.context_chars <= MAX_CONTEXT:
        limit = f"0..{MAX_CONTEXT}"
        broken.append(Violation((*path, "context_chars"), f"must be from 0 to {MAX_CONTEXT}", limit))
    return broken


def _pattern_problem(rule: KeywordRule) -> tuple[str, str | None] | None:
    if not 0 < len(rule.pattern) <= MAX_PATTERN:
        return f"must have 1 to {MAX_PATTERN} characters", f"1..{MAX_PATTERN}"
    if any("\ud800" <= char <= "\udfff" for char in rule.pattern):
        return "must not have half of a surrogate pair", None
    if rule.rule_type is RuleType.STRING:
        return None if rule.pattern.strip() else ("must not be all white space", None)
    return _regex_problem(unicodedata.normalize("NFC", rule.pattern))


def _regex_problem(pattern: str) -> tuple[str, str | None] | None:
    try:
        regex = _re2.compile(pattern, _options())
        # A quotation that does not end would take in what `_source` puts around the pattern.
        _re2.compile(f"(?:{pattern})", _options())
    except _re2.error as error:
        reason = error.args[0] if error.args else b""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        return f"is not a regular expression of RE2: {text}", None
    if any(match.start() == match.end() for place in _EMPTY_PLACES for match in regex.finditer(place)):
        return "must not match the empty string", None
    return None
