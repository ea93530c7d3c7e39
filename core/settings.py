"""Every setting, typed, in one place; `docs/settings.md` lists the same rows and a test compares the two.

A setting comes from a flag of the command line, else from the environment (`HELIOGRAPH_` and its name), else
from the default below. Nothing else in the code reads the environment.
"""

import ipaddress
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import Misconfigured
from core.limit_settings import LimitSettings
from core.origins import read_origins
from core.port_list import PortList

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Kind = TypeVar("Kind", bound=BaseSettings)

DATABASE_SCHEMES = ("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg")
CHANNEL_SCHEMES = ("memory", "redis", "rediss", "postgres", "postgresql")


class WorkerMode(StrEnum):
    """Where the workers run."""

    EMBEDDED = "embedded"
    NONE = "none"


def _read_networks(value: Any) -> Any:
    """Networks, written with commas between them."""
    if not isinstance(value, str):
        return value
    return [_read_network(part.strip()) for part in value.split(",") if part.strip()]


def _read_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no network such as 127.0.0.0/8 or fd00::/8 ({error})") from error


def _has_scheme(url: str, schemes: tuple[str, ...]) -> bool:
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme in schemes


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    is_plain = url.username is None and url.password is None and text.isascii() and text.isprintable()
    return (
        url.scheme in {"http", "https"} and bool(url.hostname) and port != 0 and " " not in text and is_plain
    )


class Settings(LimitSettings):
    """What the operator of an installation decides."""

    model_config = SettingsConfigDict(env_prefix="HELIOGRAPH_", extra="ignore", frozen=True)

    database_url: str = Field(
        "sqlite+aiosqlite:///heliograph.db",
        description="Where everything is stored: sqlite+aiosqlite:///FILE, postgresql+asyncpg://… or postgresql+psycopg://….",
    )
    channel_url: str = Field(
        "memory://", description="The doorbell between processes: memory://, redis://… or postgres://…."
    )
    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    port: int = Field(
        8000, ge=0, le=65535, description="The port that the API listens on; 0 takes a free one."
    )
    workers: WorkerMode = Field(
        WorkerMode.EMBEDDED,
        description="embedded: workers run in the API process; none: start `heliograph worker` processes.",
    )
    worker_shards: int = Field(
        4,
        ge=1,
        le=64,
        description="How many shards of campaigns one process handles at the same time, and as many proxy tests.",
    )
    lease_seconds: float = Field(
        30.0, ge=0.5, le=3600, description="How long a worker's claim on a shard lasts without a heartbeat."
    )
    sweep_seconds: float = Field(
        300.0,
        ge=300,
        le=86400,
        description="How often a worker looks for lapsed leases that nothing announced.",
    )
    shard_attempts: int = Field(
        3, ge=1, le=20, description="How often a shard may fail before its phase fails."
    )
    shard_retry_seconds: float = Field(
        30.0,
        ge=0.01,
        le=600,
        description="The wait before a failed shard is tried again; it doubles each time, up to 10 minutes.",
    )
    flush_seconds: float = Field(
        0.25, ge=0.01, le=10, description="How long a worker collects results before it writes them."
    )
    phase_backlog_shards: int = Field(
        32,
        ge=1,
        le=10_000,
        description="With how many open shards a phase holds the one before it back, until half of them are done.",
    )
    probe_url: str = Field(
        "https://httpbin.org/ip",
        description="What a proxy test fetches through the proxy: it must answer 200 and JSON with an `origin`.",
    )
    probe_timeout_seconds: float = Field(10.0, gt=0, le=120, description="The time limit of one proxy test.")
    probe_backoff_seconds: float = Field(
        300.0,
        ge=0.05,
        le=86400,
        description="The wait before an unhealthy proxy is probed again; it doubles up to 12 times this.",
    )
    proxy_strikes: int = Field(
        3, ge=1, le=20, description="How many failures in a row make a proxy unhealthy."
    )
    allowed_networks: Annotated[list[Network], NoDecode, BeforeValidator(_read_networks)] = Field(
        default_factory=list,
        description="Private networks that workers may reach all the same, such as 127.0.0.0/8, with commas between.",
    )
    allowed_ports: str = Field(
        "80,443,2052,2053,2082,2083,2086,2087,2095,2096,8000,8008,8080,8081,8443,8880,8888",
        description="The ports that pages, extra pages, redirects, test URLs and resolvers over HTTPS may have.",
    )
    allowed_resolver_ports: str = Field(
        "53,1024-65535", description="The ports that resolvers may have which are asked by UDP and TCP."
    )
    allowed_proxy_ports: str = Field(
        "80-85,88,443,444,800,801,808,888,999,1024-65535", description="The ports that proxies may have."
    )
    allowed_origins: Annotated[list[str], NoDecode, BeforeValidator(read_origins)] = Field(
        default_factory=list,
        description="Origins besides its own whose pages may open sockets and change things, such as "
        "https://heliograph.example in front of a balancer that speaks TLS, with commas between.",
    )
    ca_file: Path | None = Field(
        None, description="A PEM file with authorities that fetches trust beside the system's."
    )
    secret_key_file: Path = Field(
        Path("heliograph.key"),
        description="The key that seals proxy passwords at rest; made on first start with mode 0600.",
    )
    bootstrap_token: SecretStr | None = Field(
        None,
        description="On an empty database an admin token with this value is made; else a random one, shown once.",
    )
    window_events: int = Field(
        10_000, ge=1, le=1_000_000, description="How many of the newest events a process keeps in memory."
    )
    log_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="For how many days the event log is kept: how far back a cursor resumes.",
    )
    log_events: int = Field(
        10_000_000,
        ge=1_000,
        le=2_000_000_000,
        description="How many events the log keeps, if fewer than those of its days.",
    )
    audit_days: int = Field(
        365,
        ge=1,
        le=36_500,
        description="For how many days the audit log is kept, which the log's own bounds do not shorten.",
    )
    ping_seconds: float = Field(
        15.0,
        ge=0.1,
        le=3600,
        description="How often who follows something is pinged; a peer that is silent for two pings is gone.",
    )
    slow_client_seconds: float = Field(
        30.0,
        ge=0.1,
        le=3600,
        description="How long a client may take nothing while something waits for it, before it is closed.",
    )
    slow_sender_seconds: float = Field(
        30.0, ge=0.1, le=3600, description="How long a head, a body or a message may take to arrive."
    )
    connection_executing: int = Field(
        16,
        ge=1,
        le=10_000,
        description="How many operations of one socket, or of one event stream that several share, may be executing at "
        "the same time; more wait their turn. Subscriptions that have begun do not count.",
    )
    stream_reply_bytes: int = Field(
        1 << 20,
        ge=1_024,
        le=1 << 30,
        description="Nothing more is executed for an event stream that several operations share while so many bytes of "
        "answers wait for its reader.",
    )
    drain_seconds: float = Field(
        10.0,
        ge=0,
        le=600,
        description="On SIGTERM, over how long open sockets and event streams are closed; 0 is at once.",
    )
    log_level: str = Field(
        "info",
        pattern="^(debug|info|warning|error)$",
        description="debug, info, warning or error; debug tells each SQL statement, without its values.",
    )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not _has_scheme(value, DATABASE_SCHEMES):
            raise ValueError(f"must begin with one of {', '.join(s + '://' for s in DATABASE_SCHEMES)}")
        return value

    @field_validator("channel_url")
    @classmethod
    def _known_channel(cls, value: str) -> str:
        if not _has_scheme(value, CHANNEL_SCHEMES):
            raise ValueError("must begin with memory://, redis://, rediss:// or postgres://")
        return value

    @field_validator("allowed_ports", "allowed_resolver_ports", "allowed_proxy_ports")
    @classmethod
    def _ports(cls, value: str) -> str:
        return str(PortList(value))

    @field_validator("probe_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        # The value is not repeated: whoever writes a password into it shall not find it in a log.
        if not _is_web_address(value):
            raise ValueError("must be an http:// or https:// URL with a host and without user and password")
        return value

    @model_validator(mode="after")
    def _one_process(self) -> "Settings":
        if self.workers is WorkerMode.NONE and self.channel_url.startswith("memory://"):
            raise ValueError(
                "memory:// cannot reach a worker in another process: "
                "set HELIOGRAPH_CHANNEL_URL to redis://… or postgres://…, or HELIOGRAPH_WORKERS=embedded"
            )
        return self


class ClientSettings(BaseSettings):
    """What the commands are told that ask a running server."""

    model_config = SettingsConfigDict(env_prefix="HELIOGRAPH_", extra="ignore", frozen=True)

    url: str = Field(
        "http://127.0.0.1:8000/graphql",
        description="Where the server's GraphQL API is; an address without a path means `/graphql` there.",
    )
    token: SecretStr | None = Field(
        None, description="Who asks; `heliograph token create` makes one. Every user can read a flag's value."
    )

    @field_validator("url")
    @classmethod
    def _api_address(cls, value: str) -> str:
        if not _is_web_address(value):
            raise ValueError("must be an http:// or https:// URL with a host and without user and password")
        url = urlsplit(value)
        return url._replace(path="/graphql").geturl() if url.path in {"", "/"} else value

    @field_validator("token")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        # A token from a file ends with a line break now and then, and a header must not.
        text = "" if value is None else value.get_secret_value()
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("must be a token as `heliograph token create` printed it, without spaces")
        return value if text else None


CHANGEABLE = frozenset(
    {
        "shard_attempts",
        "shard_retry_seconds",
        "phase_backlog_shards",
        "probe_url",
        "probe_timeout_seconds",
        "probe_backoff_seconds",
        "proxy_strikes",
        "log_days",
        "log_events",
        "audit_days",
    }
)
"""What an admin may change while the system runs: workers read each of these anew for every use."""


def changed(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """`settings` with other values for some of CHANGEABLE, which `check_change` has let pass."""
    return settings.model_copy(update={name: values[name] for name in values if name in CHANGEABLE})


def check_change(settings: Settings, values: Mapping[str, Any]) -> tuple[Settings, list[tuple[str, str]]]:
    """The same for values that nobody has checked, and what is wrong with them, as names and reasons."""
    try:
        whole = {name: getattr(settings, name) for name in Settings.model_fields}
        return Settings(**{**whole, **values}), []
    except ValidationError as error:
        rows: list[dict[str, Any]] = [dict(row) for row in error.errors()]
        return settings, [(str(row["loc"][0]), _reason(row)) for row in rows]


def shown_url(url: str) -> str:
    """A URL of a database or a channel without its password and its options, which may hold one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        # What is no URL may have a password anywhere.
        return f"{url.partition('://')[0]}://…"
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{host}{parts.path}"


def load(**flags: Any) -> Settings:
    """Settings from flags (those that are not None), the environment and the defaults.

    Raises:
        Misconfigured: one line that names each wrong setting and says what it must be.
    """
    return _load(Settings, flags)


def load_client(**flags: Any) -> ClientSettings:
    """The same for the commands that ask a running server.

    Raises:
        Misconfigured: one line that names each wrong setting and says what it must be.
    """
    return _load(ClientSettings, flags)


def _load(kind: type[Kind], flags: Mapping[str, Any]) -> Kind:
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        raise Misconfigured("; ".join(_explain(dict(row)) for row in error.errors())) from error


def _explain(row: dict[str, Any]) -> str:
    where = row["loc"][0] if row["loc"] else ""
    reason = _reason(row)
    return f"HELIOGRAPH_{str(where).upper()}: {reason}" if where else reason


def _reason(row: Mapping[str, Any]) -> str:
    return str(row["msg"]).removeprefix("Value error, ")
