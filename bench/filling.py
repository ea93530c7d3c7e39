"""A database as large as a busy installation's, made by the database itself: a million rows in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    Text,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.sql.selectable import CTE

from core.ids import new_id
from db.engine import Engines, Session
from db.models import (
    BulkItemRow,
    BulkOperationRow,
    CampaignRow,
    DomainRow,
    EventRow,
    KeywordSetRow,
    Model,
    PersonaRow,
    PrincipalRow,
    ProxyPoolMemberRow,
    ProxyPoolRow,
    ProxyRow,
    ScoringProfileRow,
    TokenRow,
)
from db.types import UtcDateTime
from vocabulary.campaigns import CampaignStatus
from vocabulary.checks import DnsReason, HttpReason
from vocabulary.personas import HttpPersonaConfig

START = datetime(2026, 1, 1, tzinfo=UTC)
SMALL_CAMPAIGN = 100
EMPTY_LIST = "[]"
PERSONA = msgspec.json.encode(HttpPersonaConfig(user_agent="bench")).decode()

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Size:
    """How many rows of each kind. The domains are one large campaign's but for those of the small ones."""

    domains: int = 1_000_000
    events: int = 100_000
    proxies: int = 10_000
    campaigns: int = 10_000
    named: int = 10_000


@dataclass(frozen=True)
class Filled:
    """Whose the rows are, the large campaign, and one pool and one bulk operation of many."""

    owner_id: UUID
    campaign_id: UUID
    pool_id: UUID
    bulk_id: UUID


async def fill(engines: Engines, size: Size) -> Filled:
    """Fill an empty, migrated database, and let it gather its statistics."""
    filled = Filled(new_id(), new_id(), _uuid(8, 0), _uuid(9, 0))
    async with engines.writer.connect() as connection, Session(bind=connection) as session:
        # Longer than any transaction of the product, which has a limit: so this is none of its sessions.
        await _principals(session, filled, size)
        await _campaigns(session, filled, size)
        await _domains(session, filled, size)
        await _others(session, filled, size)
        await session.commit()
    await _analyze(engines)
    return filled


async def _analyze(engines: Engines) -> None:
    # PostgreSQL's statistics and its map of visible rows, without which it does not trust its indexes.
    statement = "ANALYZE" if engines.is_sqlite else "VACUUM ANALYZE"
    async with engines.writer.connect() as connection:
        raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await raw.execute(text(statement))


def _numbers(count: int) -> CTE:
    numbers = select(cast(literal(0), BigInteger).label("i")).cte("numbers", recursive=True)
    return numbers.union_all(select(numbers.c.i + 1).where(numbers.c.i + 1 < count))


async def _insert(session: Session, model: type[Model], count: int, columns: Any) -> None:
    """Insert `count` rows; `columns` makes of the number of a row the expression of each of its columns."""
    numbers = _numbers(count)
    values = columns(numbers.c.i, session.get_bind().dialect.name)
    rows = select(*(value.label(name) for name, value in values.items()))
    await session.execute(insert(model).from_select(list(values), rows.select_from(numbers)))


def _moment(i: ColumnElement[int], dialect: str) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return func.strftime("%Y-%m-%d %H:%M:%f000", "2026-01-01", cast(i, String) + " seconds")
    return literal(START, UtcDateTime) + i * literal_column("INTERVAL '1 second'")


def _ident(i: ColumnElement[int], kind: int, dialect: str) -> ColumnElement[Any]:
    """An id of row `i` of a kind of thing, as the dialect stores one."""
    if dialect == "sqlite":
        return func.printf(f"{kind:020x}%012x", i)
    digits = func.lpad(func.to_hex(i), 12, "0")
    return cast(literal(f"{kind:020x}", String) + digits, ProxyRow.id.type)


def _uuid(kind: int, i: int) -> UUID:
    """The id that `_ident` gives."""
    return UUID(f"{kind:020x}{i:012x}")


def _one_of(i: ColumnElement[int], *values: object) -> ColumnElement[Any]:
    """Each value in turn."""
    return case(*((i % len(values) == n, literal(v)) for n, v in enumerate(values)), else_=None)


def _scattered(i: ColumnElement[int], most: int) -> ColumnElement[int]:
    """A number below `most` that says nothing of its neighbours' (7919 is prime to what it is used with)."""
    return (i * 7919) % most


async def _principals(session: Session, filled: Filled, size: Size) -> None:
    session.add(PrincipalRow(id=filled.owner_id, name="owner", role="OPERATOR", created_at=START))
    await session.flush()
    await _insert(
        session,
        PrincipalRow,
        size.named,
        lambda i, dialect: {
            "id": _ident(i, 1, dialect),
            "name": literal("principal ") + cast(i, String),
            "role": _one_of(i, "VIEWER", "OPERATOR", "ADMIN"),
            "created_at": _moment(i, dialect),
        },
    )
    await _insert(
        session,
        TokenRow,
        size.named,
        lambda i, dialect: {
            "id": _ident(i, 2, dialect),
            "principal_id": literal(filled.owner_id),
            "name": literal("token ") + cast(i, String),
            "role": literal("OPERATOR"),
            "digest": cast(i, String),
            "created_at": _moment(i, dialect),
        },
    )


def _campaign(i: ColumnElement[int], dialect: str, filled: Filled) -> Columns:
    return {
        "id": _ident(i, 3, dialect),
        "owner_id": literal(filled.owner_id),
        "name": literal("campaign ") + cast(_scattered(i, 1_000_003), String),
        "status": _one_of(i, *(status.value for status in CampaignStatus)),
        "mode": _one_of(i, "STEP_BY_STEP", "FULL_SEQUENCE"),
        "control_phase": _one_of(i, "DNS_VALIDATION", "HTTP_KEYWORD_VALIDATION", "ANALYSIS"),
        "version": literal(1),
        "percent": _scattered(i, 100) * 1.0,
        "created_at": _moment(i, dialect),
        "updated_at": _moment(_scattered(i, 1_000_003), dialect),
    }


async def _campaigns(session: Session, filled: Filled, size: Size) -> None:
    large = {"id": filled.campaign_id, "owner_id": filled.owner_id, "name": "large", "status": "RUNNING"}
    large |= {"mode": "FULL_SEQUENCE", "created_at": START, "updated_at": START}
    await session.execute(insert(CampaignRow).values(**large))
    await _insert(session, CampaignRow, size.campaigns, lambda i, d: _campaign(i, d, filled))


def _domain(i: ColumnElement[int], dialect: str) -> dict[str, Any]:
    """Six tenths resolve, half of those answer, a fifth of those is a match."""
    tenth, place = i % 10, _scattered(i, 1_000_003)
    resolved, fetched = tenth < 6, tenth < 3
    matched = fetched & (i % 5 == 0)
    scored = case((fetched, place / 1_000_003.0), else_=0.0)
    dns_reason = _one_of(i // 10, *(reason.value for reason in DnsReason))
    http_reason = _one_of(i // 10, *(reason.value for reason in HttpReason))
    ok, error, pending = literal("OK"), literal("ERROR"), literal("PENDING")
    return {
        "offset": i,
        "name": literal("name") + cast(place, String) + "-" + cast(i, String) + ".com",
        "tld": _one_of(i, ".com", ".net", ".org"),
        "checked_at": _moment(place, dialect),
        "dns_status": case((resolved, ok), else_=error),
        "dns_reason": case((resolved, None), else_=dns_reason),
        "dns_addresses": literal(EMPTY_LIST, Text),
        "dns_cnames": literal(EMPTY_LIST, Text),
        "dns_attempts": literal(1),
        "http_status": case((fetched, ok), (resolved, error), else_=pending),
        "http_reason": case((fetched, None), (resolved, http_reason), else_=None),
        "http_content_hash": case((fetched, cast(place, String)), else_=None),
        "http_truncated": literal(value=False),
        "http_attempts": literal(1),
        "matched": matched,
        "hits": case((matched, literal('[{"pattern":"solar","zone":"BODY","count":3}]', Text)), else_="[]"),
        "keywords_unique": case((matched, i % 13), else_=0),
        "extraction_status": case((fetched, ok), else_=pending),
        "analysis_status": case((fetched, ok), else_=pending),
        "enrichment_status": case((fetched, ok), else_=pending),
        "richness": scored,
        "score": scored,
        "microcrawl_gain": case((matched, (i % 7) / 7.0), else_=0.0),
        "has_warnings": matched & (i % 3 == 0),
        "is_parked": fetched & (i % 4 == 0),
        "lead_status": case((matched, literal("MATCH")), (resolved, literal("NO_MATCH")), else_=error),
        "rejection": case(
            (matched, literal("QUALIFIED")),
            (fetched, _one_of(i // 10, "LOW_SCORE", "NO_KEYWORDS", "PARKED")),
            (resolved, literal("HTTP_ERROR")),
            else_=literal("DNS_ERROR"),
        ),
    }


async def _domains(session: Session, filled: Filled, size: Size) -> None:
    many = min(size.campaigns, size.domains // (10 * SMALL_CAMPAIGN))
    large = size.domains - many * SMALL_CAMPAIGN
    await _insert(
        session,
        DomainRow,
        large,
        lambda i, d: {"campaign_id": literal(filled.campaign_id), **_domain(i, d)},
    )
    await _insert(
        session,
        DomainRow,
        many * SMALL_CAMPAIGN,
        lambda i, d: {"campaign_id": _ident(i // SMALL_CAMPAIGN, 3, d), **_domain(i, d)},
    )


def _event(i: ColumnElement[int], dialect: str, filled: Filled) -> Columns:
    kind = _one_of(i, "CampaignProgress", "PhaseStarted", "ProxyStatsChanged", "CampaignUpdated")
    entity = _one_of(i, "CAMPAIGN", "CAMPAIGN", "PROXY", "CAMPAIGN")
    of_campaign = _ident(_scattered(i, 997), 3, dialect)
    return {
        "position": i + 1,
        "type": kind,
        "version": literal(1),
        "occurred_at": _moment(i, dialect),
        "actor_kind": _one_of(i, "WORKER", "PRINCIPAL", "WORKER", "SYSTEM"),
        "actor_id": case((i % 4 == 1, literal(filled.owner_id)), else_=None),
        "actor_name": literal("somebody"),
        "owner_id": literal(filled.owner_id),
        "entity_type": entity,
        "entity_id": case((i % 4 == 2, _ident(_scattered(i, 997), 4, dialect)), else_=of_campaign),
        "campaign_id": case((i % 4 == 2, None), else_=of_campaign),
        "feed": i % 2 == 1,
        "summary": literal("something happened", Text),
        "data": literal("{}", Text),
    }


def _proxy(i: ColumnElement[int], dialect: str, filled: Filled) -> Columns:
    return {
        **_named(i, dialect, filled, 4),
        "protocol": _one_of(i, "HTTP", "HTTPS", "SOCKS4", "SOCKS5"),
        "host": literal("proxy") + cast(i, String) + ".example",
        "port": literal(8080),
        "enabled": i % 10 != 0,
        "health": _one_of(i, "UNKNOWN", "HEALTHY", "HEALTHY", "UNHEALTHY"),
        "latency_ms": case((i % 4 == 0, None), else_=_scattered(i, 5000)),
        "last_checked_at": case((i % 4 == 0, None), else_=_moment(_scattered(i, 100_003), dialect)),
        "success_count": i % 1000,
        "failure_count": i % 100,
        "consecutive_failures": literal(0),
        "failed_probes": literal(0),
        "failure_rate": (i % 100) / 100.0,
        "latency_order_ms": _scattered(i, 5000),
        "checked_order_at": _moment(_scattered(i, 100_003), dialect),
        "pool_ids": literal(EMPTY_LIST, Text),
        "country_code": _one_of(i, "DE", "FR", "US", "JP", None),
    }


def _named(i: ColumnElement[int], dialect: str, filled: Filled, kind: int) -> dict[str, Any]:
    return {
        "id": _ident(i, kind, dialect),
        "owner_id": literal(filled.owner_id),
        "name": literal("thing ") + cast(_scattered(i, 1_000_003), String),
        "version": literal(1),
        "created_at": _moment(i, dialect),
        "updated_at": _moment(i, dialect),
    }


async def _others(session: Session, filled: Filled, size: Size) -> None:
    await _insert(session, EventRow, size.events, lambda i, d: _event(i, d, filled))
    await _insert(session, ProxyRow, size.proxies, lambda i, d: _proxy(i, d, filled))
    persona = {
        "persona_type": literal("HTTP"),
        "config": literal(PERSONA, Text),
        "enabled": literal(value=True),
    }
    await _insert(session, PersonaRow, size.named, lambda i, d: _named(i, d, filled, 5) | persona)
    await _insert(
        session,
        KeywordSetRow,
        size.named,
        lambda i, d: _named(i, d, filled, 6) | {"enabled": literal(value=True)},
    )
    await _insert(session, ScoringProfileRow, size.named, lambda i, d: _named(i, d, filled, 7))
    pool = {
        "enabled": literal(value=True),
        "strategy": literal("ROUND_ROBIN"),
        "health_check_enabled": literal(value=True),
        "health_check_interval_seconds": literal(300),
        "max_retries": literal(3),
        "timeout_seconds": literal(30.0),
    }
    await _insert(session, ProxyPoolRow, size.named, lambda i, d: _named(i, d, filled, 8) | pool)
    await _members(session, size)
    await _bulk(session, filled, size)


async def _members(session: Session, size: Size) -> None:
    """Half of the proxies are in the first pool, the others in as many pools as there are."""
    await _insert(
        session,
        ProxyPoolMemberRow,
        size.proxies,
        lambda i, dialect: {
            "pool_id": _ident(case((i % 2 == 0, 0), else_=i % size.named), 8, dialect),
            "proxy_id": _ident(i, 4, dialect),
            "ordinal": i,
            "weight": literal(1),
            "active": literal(value=True),
            "added_at": _moment(i, dialect),
        },
    )


async def _bulk(session: Session, filled: Filled, size: Size) -> None:
    counts = {"total": literal(100), "succeeded": literal(100), "failed": literal(0)}
    await _insert(
        session,
        BulkOperationRow,
        size.named,
        lambda i, dialect: {
            "id": _ident(i, 9, dialect),
            "owner_id": literal(filled.owner_id),
            "role": literal("OPERATOR"),
            "kind": _one_of(i, "PROXY_TEST", "CAMPAIGN_START"),
            "status": _one_of(i, "COMPLETED", "RUNNING", "CANCELLED"),
            "created_at": _moment(i, dialect),
            **counts,
        },
    )
    await _insert(
        session,
        BulkItemRow,
        size.named * 10,
        lambda i, dialect: {
            "bulk_id": _ident(i // 100, 9, dialect),
            "ordinal": i % 100,
            "label": literal("item "),
            "status": _one_of(i, "OK", "FAILED"),
        },
    )
