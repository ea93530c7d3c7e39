"""The enums of the schema: those of the rooms below, with a sentence for every value, and some of its own."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from db.queries.campaigns import CampaignOrderField
from db.queries.domains import DomainOrderField
from db.queries.named import NamedOrderField
from events.catalog import EVENT_TYPES
from events.event import EntityType
from graph import lead_enums  # noqa: F401  So that they are described before a type has a field of them.
from graph.describing import described
from services.previewing import LARGE, NEAR
from vocabulary.access import ActorKind, Role
from vocabulary.campaigns import (
    CampaignMode,
    CampaignStatus,
    GenerationWarning,
    PatternType,
    PhaseKind,
    PhaseStart,
    PhaseStatus,
)
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, Zone
from vocabulary.keywords import ContentType, RuleType
from vocabulary.personas import CookieMode, PersonaType, ResolverStrategy, TlsVersion
from vocabulary.proxies import ImportOutcome, ProxyHealth, ProxyProtocol, ProxyStrategy


class ErrorCode(StrEnum):
    """Why a mutation was refused."""

    VALIDATION_FAILED = "VALIDATION_FAILED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    IN_USE = "IN_USE"
    VERSION_MISMATCH = "VERSION_MISMATCH"
    EXPECTED_STATE_MISMATCH = "EXPECTED_STATE_MISMATCH"
    RERUN_PRECONDITION_FAILED = "RERUN_PRECONDITION_FAILED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    SECRET_SHOWN = "SECRET_SHOWN"  # noqa: S105  A code, and no secret.
    FORBIDDEN = "FORBIDDEN"
    ONESELF = "ONESELF"
    UNAVAILABLE = "UNAVAILABLE"


class OrderDirection(StrEnum):
    """Which end of a list comes first."""

    ASC = "ASC"
    DESC = "DESC"


class ResetReason(StrEnum):
    """Why a stream could not go on from where the client was."""

    RETENTION = "RETENTION"
    LOG_REPLACED = "LOG_REPLACED"


def _constant(name: str) -> str:
    """The name of an enum's value for a type of event, such as PHASE_STARTED for PhaseStarted."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


if TYPE_CHECKING:

    class ActivityKind(StrEnum):
        """What happened: one value for each type of event that people see in the feed."""

else:
    # The catalog is the list, so that no type of event can be forgotten here.
    ActivityKind = StrEnum(
        "ActivityKind", {_constant(kind.__name__): kind.__name__ for kind in EVENT_TYPES if kind.FEED}
    )


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]


described(
    ErrorCode,
    "Why a mutation was refused.",
    {
        "VALIDATION_FAILED": "The input breaks a rule; nothing was written.",
        "NOT_FOUND": "There is no such thing, or it belongs to somebody else, which looks the same.",
        "ALREADY_EXISTS": "Something with this name or address exists already.",
        "INVALID_TRANSITION": "What it is doing now does not allow this.",
        "IN_USE": "Something else still needs it.",
        "VERSION_MISMATCH": "It was changed since you read it; its present version is `currentState`.",
        "EXPECTED_STATE_MISMATCH": "It is in another status than you expected: in `currentState`.",
        "RERUN_PRECONDITION_FAILED": "A phase cannot be run anew now; `blockingPhase` is what stands in the way.",
        "IDEMPOTENCY_KEY_REUSED": "You have used this key for another request in the last 24 hours.",
        "SECRET_SHOWN": "It was done when you first sent this key, and what is shown once was in that answer.",
        "FORBIDDEN": "The role of your token does not allow this.",
        "ONESELF": "Nobody may do this to themselves.",
        "UNAVAILABLE": "The database does not answer now; the same may work later.",
    },
)
described(
    OrderDirection,
    "Which end of a list comes first.",
    {"ASC": "The smallest, the oldest, or A.", "DESC": "The greatest, the newest, or Z."},
)
described(
    ActivityKind,
    "What happened: one value for each type of event that people see in the feed.",
    {event.__name__: _first_line(event.__doc__) for event in EVENT_TYPES if event.FEED},
)
described(
    EntityType,
    "The kinds of things that events tell of.",
    {kind.value: f"A {kind.value.lower().replace('_', ' ')}." for kind in EntityType}
    | {
        "PRINCIPAL": "Somebody who may ask.",
        "TOKEN": "A bearer token.",
        "SETTINGS": "The settings that can be changed while the system runs.",
    },
)
described(
    ActorKind,
    "Who caused something.",
    {
        "PRINCIPAL": "Somebody with a token.",
        "WORKER": "A worker, on its own.",
        "SYSTEM": "The command line, or the start of the server.",
    },
)
described(
    Role,
    "What somebody may do; each role may do what the one before it may.",
    {
        "VIEWER": "Look at their own things.",
        "OPERATOR": "Make, change and run their own things.",
        "ADMIN": "See and change everything.",
    },
)
described(
    CampaignStatus,
    "Where a campaign is in its life.",
    {
        "DRAFT": "Made, not started; its configuration may still change.",
        "RUNNING": "A phase is in progress.",
        "WAITING": "A phase has ended, and the next one waits to be started.",
        "PAUSED": "It waits to be resumed.",
        "COMPLETED": "Every phase is completed or was skipped.",
        "FAILED": "A phase could not go on.",
        "CANCELLED": "Ended for good by somebody.",
        "ARCHIVED": "Put away: it can only be deleted or duplicated.",
    },
)
described(
    PhaseKind,
    "The phases of a campaign, in the order in which they run.",
    {
        "DOMAIN_GENERATION": "Enumerates candidate names.",
        "DNS_VALIDATION": "Resolves the names to addresses.",
        "HTTP_KEYWORD_VALIDATION": "Fetches what resolved and looks for keywords.",
        "EXTRACTION": "Takes features out of the pages that were fetched.",
        "ANALYSIS": "Scores the pages.",
        "ENRICHMENT": "Decides which domains are leads.",
    },
)
described(
    CampaignMode,
    "How the phases of a campaign follow one another.",
    {
        "STEP_BY_STEP": "Each phase waits to be started.",
        "FULL_SEQUENCE": "Each phase begins by itself, as soon as the one before has something for it.",
    },
)
described(
    PhaseStart,
    "Why a phase was started.",
    {
        "FIRST": "For the first time.",
        "RETRY": "Again, after it had failed.",
        "RERUN": "Anew, after it had completed or was skipped.",
    },
)
described(
    PhaseStatus,
    "Where a phase is.",
    {
        "NOT_STARTED": "It lacks its configuration.",
        "CONFIGURED": "It has all that it needs to start.",
        "IN_PROGRESS": "Workers are at it.",
        "PAUSED": "It waits to be resumed.",
        "COMPLETED": "Every domain is finished.",
        "SKIPPED": "It was passed over.",
        "FAILED": "It could not go on; `error` says why.",
        "CANCELLED": "Its campaign was cancelled.",
    },
)
described(
    GenerationWarning,
    "What is to be known of a space before a campaign enumerates it.",
    {
        "EXHAUSTED": "Nothing is left: a campaign would generate no names.",
        "CUT": "Something is left, and less than was asked for: the campaign would get only that.",
        "NEARLY_EXHAUSTED": f"Something is left, and it is less than {NEAR:,} offsets.",
        "VERY_LARGE": f"A campaign would reserve more than {LARGE:,} offsets, for good: days of work, and much room.",
    },
)
described(
    PatternType,
    "Where the variable part of a name stands.",
    {
        "PREFIX": "Before the constant.",
        "SUFFIX": "After the constant.",
        "BOTH": "On both sides of the constant.",
    },
)
described(
    CheckStatus,
    "How a check of one domain stands; everything but PENDING is final.",
    {
        "PENDING": "Not finished yet.",
        "OK": "It succeeded.",
        "ERROR": "It failed; `reason` says why.",
        "TIMEOUT": "No answer came in time.",
    },
)
described(
    DnsReason,
    "Why a lookup did not end in an address.",
    {
        "NXDOMAIN": "The name does not exist.",
        "NODATA": "The name exists and has no address.",
        "SERVFAIL": "The server could not answer.",
        "REFUSED": "The server would not answer.",
        "TIMEOUT": "No server answered in time.",
        "ERROR": "Anything else.",
    },
)
described(
    HttpReason,
    "Why a fetch did not end in an accepted page.",
    {
        "TIMEOUT": "The page was not there in time.",
        "CONNECTION_REFUSED": "Nothing listens there.",
        "CONNECTION_RESET": "The other side broke off.",
        "DNS_RESOLVE_ERROR": "The host of a URL did not resolve.",
        "TLS_EXPIRED": "The certificate has expired.",
        "TLS_ERROR": "The TLS handshake failed, or the certificate is not trusted.",
        "PROXY_ERROR": "The proxy failed.",
        "TOO_MANY_REDIRECTS": "There were more redirects than the persona follows.",
        "BLOCKED_ADDRESS": "The address is private, or of no public host.",
        "BODY_ERROR": "The body could not be read or decompressed.",
        "NOT_FOUND": "Status 404.",
        "FORBIDDEN": "Status 403.",
        "UNAUTHORIZED": "Status 401.",
        "GONE": "Status 410.",
        "RATE_LIMIT": "Status 429.",
        "UNAVAILABLE_LEGAL": "Status 451.",
        "UPSTREAM_5XX": "A status from 500 to 599.",
        "STATUS_CODE_MISMATCH": "Another status that the persona does not accept.",
        "ERROR": "Anything else.",
    },
)
described(
    Zone,
    "The part of a page that a keyword was found in.",
    {
        "TITLE": "The title.",
        "META": "The description or the keywords of the head.",
        "HEADING": "A heading.",
        "ANCHOR": "The text of a link.",
        "BODY": "Any other text.",
    },
)
described(
    RuleType,
    "How a rule's pattern is read.",
    {"STRING": "As plain text.", "REGEX": "As a regular expression in the syntax of RE2."},
)
described(
    ContentType,
    "How a text is read.",
    {
        "TEXT": "As it stands; all of it is body.",
        "HTML": "As a page, in its zones, without markup and scripts.",
    },
)
described(
    PersonaType,
    "What a persona is for.",
    {"DNS": "Resolving names.", "HTTP": "Fetching pages."},
)
described(
    ResolverStrategy,
    "Which resolver is asked.",
    {
        "RANDOM_ROTATION": "Any of them, at random.",
        "WEIGHTED_ROTATION": "Any of them, at random by weight.",
        "ROUND_ROBIN": "Each in its turn.",
        "SEQUENTIAL_FAILOVER": "The first that works, in the order of the list.",
    },
)
described(
    CookieMode,
    "What becomes of the cookies that sites set.",
    {
        "NONE": "They are ignored.",
        "SESSION": "They are sent back within one domain's fetch, through its redirects, and forgotten then.",
        "PRESERVE": "They are kept for the next fetch of the same domain, in the worker's memory, within bounds.",
    },
)
described(
    TlsVersion,
    "A version of TLS; older ones are spoken by nobody here (RFC 8996).",
    {"TLS12": "TLS 1.2.", "TLS13": "TLS 1.3."},
)
described(
    ProxyProtocol,
    "How a proxy is spoken to.",
    {
        "HTTP": "HTTP CONNECT, in clear.",
        "HTTPS": "HTTP CONNECT, inside TLS.",
        "SOCKS4": "SOCKS 4: to IPv4 addresses only, with a user but no password.",
        "SOCKS5": "SOCKS 5.",
    },
)
described(
    ProxyHealth,
    "What is known of a proxy.",
    {
        "UNKNOWN": "It was never tested since it was added or its connection changed.",
        "TESTING": "Somebody asked for a test, and it has not ended.",
        "HEALTHY": "It has passed a test, and has not failed too often in a row since.",
        "UNHEALTHY": "It failed its first test, or too often in a row; it is tested again by itself.",
    },
)
described(
    ProxyStrategy,
    "Which proxy of several is taken.",
    {
        "ROUND_ROBIN": "Each in its turn.",
        "RANDOM": "Any of them.",
        "WEIGHTED": "Any of them, one with twice the weight twice as often.",
        "LEAST_USED": "The one with the fewest uses under way, of several such the one used least so far.",
        "FAILOVER": "The first in their order that works.",
    },
)
described(
    ImportOutcome,
    "What became of one line of a list of proxies.",
    {
        "ADDED": "A proxy was added.",
        "WOULD_ADD": "A proxy would be added; this was a dry run.",
        "DUPLICATE_IN_TEXT": "A line above it has the same protocol, host and port.",
        "ALREADY_EXISTS": "You have a proxy with this protocol, host and port; it stays as it is.",
        "INVALID": "It breaks a rule, and the violations say which.",
    },
)
described(
    CampaignOrderField,
    "What campaigns are ordered by.",
    {
        "CREATED_AT": "The time of making.",
        "UPDATED_AT": "The time of the last change; a list in this order may shift between two pages.",
        "NAME": "The name.",
        "STATUS": "The status, by its word; a list in this order may shift between two pages.",
        "PERCENT": "How far they are; a list in this order may shift between two pages.",
    },
)
described(
    DomainOrderField,
    "What domains are ordered by; what is not known yet counts as 0.",
    {
        "OFFSET": "The place in the enumeration.",
        "NAME": "The name.",
        "SCORE": "The score.",
        "RICHNESS": "How rich the page is in keywords.",
        "KEYWORDS_UNIQUE": "How many different keywords were found.",
        "MICROCRAWL_GAIN": "What extra pages added.",
        "CHECKED_AT": "When a phase last decided on them.",
    },
)
described(
    NamedOrderField,
    "What proxies, personas and keyword sets are ordered by.",
    {"NAME": "The name.", "CREATED_AT": "The time of making."},
)
described(
    ResetReason,
    "Why a stream could not go on from where the client was.",
    {
        "RETENTION": "The log no longer holds what followed the cursor.",
        "LOG_REPLACED": "The cursor is of another log: the database was restored or replaced.",
    },
)
