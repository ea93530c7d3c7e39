"""What is worth looking at in a campaign, from its counts (DOMAIN 1.6)."""

from collections.abc import Callable

from vocabulary.leads import Advice, AdviceCode, AdviceCounts

RESOLVED_SHARE = 0.70
ANSWERED_SHARE = 0.80
WARNED_SHARE = 0.30
# Two failures of three say nothing of a campaign.
_FEWEST = 20


def advise(counts: AdviceCounts) -> tuple[Advice, ...]:
    """The advice that these counts call for, in the order of the codes; empty if all is well or too little is known."""
    said = ((code, rule(counts)) for code, rule in _RULES.items())
    return tuple(Advice(code, sentence) for code, sentence in said if sentence is not None)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole >= _FEWEST else None


def _few_resolve(counts: AdviceCounts) -> str | None:
    share = _share(counts.dns_valid, counts.dns_checked)
    if share is None or share >= RESOLVED_SHARE:
        return None
    return (
        f"Only {counts.dns_valid} of {counts.dns_checked} names resolve: another pattern or top-level domain may "
        "have more that are registered."
    )


def _few_answer(counts: AdviceCounts) -> str | None:
    share = _share(counts.http_valid, counts.http_checked)
    if share is None or share >= ANSWERED_SHARE:
        return None
    return (
        f"Only {counts.http_valid} of {counts.http_checked} names have an accepted page: look at the reasons, at the "
        "proxies and at the time limit of the persona."
    )


def _few_high_potential(counts: AdviceCounts) -> str | None:
    if counts.analyzed <= 100 or counts.high_potential >= 10:
        return None
    return (
        f"Of {counts.analyzed} analysed domains {counts.high_potential} have a high potential: other keywords or "
        "weights may fit better."
    )


def _many_warnings(counts: AdviceCounts) -> str | None:
    share = _share(counts.warned, counts.with_keywords)
    if share is None or share <= WARNED_SHARE:
        return None
    return (
        f"{counts.warned} of {counts.with_keywords} pages with keywords have warnings: the rules may hit what is "
        "repeated on every page."
    )


def _no_leads(counts: AdviceCounts) -> str | None:
    if counts.analyzed <= 50 or counts.leads > 0:
        return None
    return f"None of {counts.analyzed} analysed domains is a lead: the gate of the profile may be too strict."


_RULES: dict[AdviceCode, Callable[[AdviceCounts], str | None]] = {
    AdviceCode.FEW_RESOLVE: _few_resolve,
    AdviceCode.FEW_ANSWER: _few_answer,
    AdviceCode.FEW_HIGH_POTENTIAL: _few_high_potential,
    AdviceCode.MANY_WARNINGS: _many_warnings,
    AdviceCode.NO_LEADS: _no_leads,
}
