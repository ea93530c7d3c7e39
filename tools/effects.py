"""Which settings change what a process does, and which tests show it: the source of docs/settings-effects.md.

A test says so by its mark, `@pytest.mark.effect("dns_persona.attempts")`. Tests are read, not run, so that the
documents can be written and checked without the servers that some of them need.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from core.limit_settings import LimitSettings
from core.settings import CHANGEABLE, Settings
from vocabulary.campaigns import AnalysisConfig, DnsConfig, GenerationConfig, HttpConfig, MicroCrawl
from vocabulary.keywords import KeywordRule
from vocabulary.leads import ScoringConfig, Weights
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint

ROOT = Path(__file__).parents[1]
FOLDERS = ("unit", "integration")

# What an API and a worker stand on. Another value is another place or another log, not another way to work.
NOT_ABOUT_WORK = frozenset(
    {
        "database_url",
        "channel_url",
        "host",
        "port",
        "workers",
        "secret_key_file",
        "bootstrap_token",
        "window_events",
        "log_level",
    }
)

FOLLOWERS = (
    "ping_seconds",
    "slow_client_seconds",
    "slow_sender_seconds",
    "connection_executing",
    "stream_reply_bytes",
    "drain_seconds",
)
LOG = ("log_days", "log_events", "audit_days")
PAGES = ("allowed_origins",)
CLIENT = tuple(LimitSettings.model_fields)


class Group(NamedTuple):
    """Settings that belong together: what they are called in marks, on the page, and in the schema."""

    key: str
    title: str
    fields: tuple[str, ...]
    input_type: str | None = None


def _names(struct: type[msgspec.Struct], *without: str) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(struct) if field.name not in without)


# The columns of a pool that are about work; what names it and tells of it is not.
POOL = (
    "enabled",
    "strategy",
    "health_check_enabled",
    "health_check_interval_seconds",
    "max_retries",
    "timeout_seconds",
)


GROUPS = (
    Group(
        "setting",
        "Workers",
        tuple(
            name
            for name in Settings.model_fields
            if name not in {*NOT_ABOUT_WORK, *FOLLOWERS, *LOG, *CLIENT, *PAGES}
        ),
    ),
    Group("setting", "Who follows something", FOLLOWERS),
    Group("setting", "What the event log keeps", LOG),
    Group("setting", "What one client can take", CLIENT),
    Group("setting", "What pages may do", PAGES),
    Group("override", "Changed while they run", tuple(sorted(CHANGEABLE)), "UpdateSettingsInput"),
    Group("persona", "Every persona", ("enabled",), "CreatePersonaInput"),
    Group("dns_persona", "DNS personas", _names(DnsPersonaConfig), "DnsPersonaConfigInput"),
    Group("http_persona", "HTTP personas", _names(HttpPersonaConfig), "HttpPersonaConfigInput"),
    # How long a proxy may take to be reached is told by its pool.
    Group("proxy", "Proxies", (*_names(ProxyEndpoint, "reach_seconds"), "enabled"), "CreateProxyInput"),
    Group("pool", "Pools of proxies", POOL, "CreateProxyPoolInput"),
    Group("pool", "Members of a pool", ("weight", "active", "position"), "SetProxyPoolMemberInput"),
    Group("keyword_set", "Keyword sets", ("enabled",), "CreateKeywordSetInput"),
    Group("keyword_rule", "Keyword rules", _names(KeywordRule), "KeywordRuleInput"),
    Group("generation", "Phase: domain generation", _names(GenerationConfig), "GenerationConfigInput"),
    Group("dns", "Phase: DNS validation", _names(DnsConfig), "DnsConfigInput"),
    Group("http", "Phase: HTTP keyword validation", _names(HttpConfig), "HttpConfigInput"),
    Group("micro_crawl", "Extra pages of a site", _names(MicroCrawl), "MicroCrawlInput"),
    Group("analysis", "Phase: analysis", _names(AnalysisConfig), "AnalysisConfigInput"),
    Group("scoring", "Scoring profiles", _names(ScoringConfig, "weights"), "ScoringConfigInput"),
    Group("weights", "Weights of a scoring profile", _names(Weights), "ScoringWeightsInput"),
)


def settings() -> list[str]:
    """Every setting that must have an effect, as marks name it."""
    return [f"{group.key}.{field}" for group in GROUPS for field in group.fields]


def shown() -> Mapping[str, tuple[str, ...]]:
    """The tests that show each setting's effect, as `file::test`, in the order of their files."""
    found: dict[str, list[str]] = {}
    paths = [path for folder in FOLDERS for path in (ROOT / "tests" / folder).rglob("test_*.py")]
    for path in sorted(paths):
        for test, names in _marks(ast.parse(path.read_text())):
            for name in names:
                found.setdefault(name, []).append(f"{path.relative_to(ROOT)}::{test}")
    return {name: tuple(tests) for name, tests in found.items()}


def _marks(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.effect":
                    yield node.name, [str(ast.literal_eval(argument)) for argument in decorator.args]
