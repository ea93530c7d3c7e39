"""What is known of one name while it is being looked up, and what that comes to. No input or output.

A finding for each family; an answer is never replaced by a silence. NXDOMAIN settles the whole lookup, for it
speaks of the name and not of the type (RFC 8020).
"""

import msgspec

from probes.dns_message import Family, encode_name, question
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict
from vocabulary.persona_tests import DnsExchange

_RETRIED = frozenset({DnsReason.TIMEOUT, DnsReason.SERVFAIL, DnsReason.REFUSED})
# Of two families that failed, the reason that says most about the name. NODATA of one family says nothing
# about the other, so it comes last.
_WEIGHT = (
    DnsReason.NXDOMAIN,
    DnsReason.SERVFAIL,
    DnsReason.REFUSED,
    DnsReason.TIMEOUT,
    DnsReason.ERROR,
    DnsReason.NODATA,
)


class Finding(msgspec.Struct, frozen=True):
    """What is known of one family. `answered` is False if no server said anything."""

    reason: DnsReason | None
    server: str
    addresses: tuple[str, ...] = ()
    cnames: tuple[str, ...] = ()
    answered: bool = True

    @property
    def is_open(self) -> bool:
        """Whether another try may find more."""
        return not self.answered or self.reason in _RETRIED


class Lookup:
    """The state of one lookup: a finding for each family, who answered what, and every exchange if `trace` is given.

    Raises:
        ValueError: `name` is no name of ASCII.
    """

    def __init__(self, name: str, trace: list[DnsExchange] | None = None, tries: int = 0) -> None:
        wire = encode_name(name)
        self.questions = {family: question(wire, family) for family in Family}
        self.findings: dict[Family, Finding] = {}
        self.tries = tries
        self._answered: set[tuple[Family, str]] = set()
        self._trace = trace

    def record(self, family: Family, finding: Finding, seconds: float) -> None:
        """Keep a finding, but never let a silence replace an answer. `seconds` is how long it took."""
        if finding.answered:
            self._answered.add((family, finding.server))
        if finding.answered or family not in self.findings:
            self.findings[family] = finding
        if self._trace is not None:
            millis = round(seconds * 1000)
            self._trace.append(
                DnsExchange(
                    finding.server, family.name, finding.reason, finding.addresses, finding.cnames, millis
                )
            )

    def open_at(self, server: str) -> list[Family]:
        """The families that it makes sense to ask `server` for."""
        if self.is_settled or self.addresses:
            return []
        return [
            family for family in Family if self._is_open(family) and (family, server) not in self._answered
        ]

    def _is_open(self, family: Family) -> bool:
        finding = self.findings.get(family)
        return finding is None or finding.is_open

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those found so far, A before AAAA."""
        return tuple(a for family in Family if (f := self.findings.get(family)) for a in f.addresses)

    @property
    def cnames(self) -> tuple[str, ...]:
        """The chain of aliases that the first family with one has."""
        chains = (f.cnames for family in Family if (f := self.findings.get(family)))
        return next((chain for chain in chains if chain), ())

    @property
    def denied_by(self) -> str | None:
        """The server that said that there is no such name, if one did."""
        denials = (f.server for f in self.findings.values() if f.reason is DnsReason.NXDOMAIN)
        return next(denials, None)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more can change the verdict."""
        return self.denied_by is not None or not any(self._is_open(family) for family in Family)

    def verdict(self, millis: int) -> DnsVerdict:
        """What it all comes to; `millis` is how long it took."""
        found = [finding for finding in self.findings.values() if finding.addresses]
        telling = found or sorted(self.findings.values(), key=_weight)
        reason = telling[0].reason
        return DnsVerdict(
            _status(reason),
            reason,
            self.addresses,
            telling[0].server,
            attempts=self.tries,
            millis=millis,
            cnames=self.cnames,
        )


def _weight(finding: Finding) -> int:
    return _WEIGHT.index(finding.reason or DnsReason.ERROR)


def _status(reason: DnsReason | None) -> CheckStatus:
    if reason is None:
        return CheckStatus.OK
    return CheckStatus.TIMEOUT if reason is DnsReason.TIMEOUT else CheckStatus.ERROR
