"""Settings: each limit at both ends, and one line in words for whatever is wrong."""

import ipaddress
from pathlib import Path
from typing import Any

import pytest

from core.errors import Misconfigured
from core.settings import ClientSettings, Settings, WorkerMode, load, load_client


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings are none of these tests' business."""
    for name in (*Settings.model_fields, *ClientSettings.model_fields):
        monkeypatch.delenv(f"HELIOGRAPH_{name.upper()}", raising=False)


def complaint(**flags: Any) -> str:
    """What is said of settings that are wrong."""
    with pytest.raises(Misconfigured) as refused:
        load(**flags)
    text = str(refused.value)
    assert "\n" not in text
    return text


def test_the_defaults_are_those_of_the_design() -> None:
    settings = load()
    assert (settings.database_url, settings.channel_url) == ("sqlite+aiosqlite:///heliograph.db", "memory://")
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, WorkerMode.EMBEDDED)
    assert (settings.sweep_seconds, settings.proxy_strikes, settings.probe_timeout_seconds) == (300, 3, 10)
    assert (settings.shard_attempts, settings.shard_retry_seconds) == (3, 30)
    assert settings.bootstrap_token is None
    assert settings.allowed_networks == []


def test_a_flag_goes_before_the_environment_and_that_before_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HELIOGRAPH_PORT", "8001")
    assert load().port == 8001
    assert load(port=8002).port == 8002
    assert load(port=None).port == 8001


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("port", ["0", "65535"], ["-1", "65536", "http", "1.5"]),
        ("worker_shards", ["1", "64"], ["0", "65"]),
        ("lease_seconds", ["0.5", "3600"], ["0.4", "3601", "nan", "inf", "soon"]),
        ("sweep_seconds", ["300", "86400"], ["299", "86401", "nan", "inf"]),
        ("shard_attempts", ["1", "20"], ["0", "21"]),
        ("shard_retry_seconds", ["0.01", "600"], ["0", "601", "nan"]),
        ("flush_seconds", ["0.01", "10"], ["0", "11", "nan"]),
        ("probe_timeout_seconds", ["0.1", "120"], ["0", "121", "nan"]),
        ("probe_backoff_seconds", ["0.05", "86400"], ["0", "86401", "nan"]),
        ("proxy_strikes", ["1", "20"], ["0", "21"]),
        ("window_events", ["1", "1000000"], ["0", "1000001"]),
        ("log_days", ["1", "3650"], ["0", "3651", "1.5"]),
        ("log_events", ["1000", "2000000000"], ["999", "2000000001"]),
        ("audit_days", ["1", "36500"], ["0", "36501"]),
        ("log_level", ["debug", "error"], ["loud", "INFO", ""]),
        ("workers", ["embedded"], ["many", ""]),
        ("database_url", ["sqlite+aiosqlite:///x", "postgresql+psycopg://h/x"], ["", "sqlite://x", "sqlite+aiosqlite"]),
        ("channel_url", ["memory://", "rediss://h", "postgresql://h"], ["", "kafka://h", "redis"]),
        ("probe_url", ["http://127.0.0.1:81/ip", "https://[::1]/"], ["", "ip.example", "ftp://h/", "http://", "//h"]),
        ("allowed_ports", ["80", "80,8000-8099"], ["", "0", "80,,443", "web", "2-1"]),
        ("allowed_resolver_ports", ["53", "1-65535"], ["", "65536", "53;54"]),
        ("allowed_proxy_ports", ["3128", "1080,8000-8099"], ["", "-1", "all"]),
        ("allowed_networks", ["", "10.0.0.0/8, ::1"], ["10.0.0.1/8", "here", "10.0.0.0/8;::1"]),
    ],
)  # fmt: skip
def test_a_limit_is_held_at_both_ends_and_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, inside: list[str], outside: list[str]
) -> None:
    variable = f"HELIOGRAPH_{name.upper()}"
    for value in inside:
        monkeypatch.setenv(variable, value)
        load()
    for value in outside:
        monkeypatch.setenv(variable, value)
        assert complaint().startswith(f"{variable}: "), value


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert complaint(port="x", workers="y") == (
        "HELIOGRAPH_PORT: Input should be a valid integer, unable to parse string as an integer; "
        "HELIOGRAPH_WORKERS: Input should be 'embedded' or 'none'"
    )


def test_networks_are_read_between_commas() -> None:
    networks = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")]
    assert load(allowed_networks=" 10.0.0.0/8,,::1 ").allowed_networks == networks


def test_a_network_with_bits_of_a_host_is_told_so() -> None:
    assert complaint(allowed_networks="::1,10.0.0.1/8") == (
        "HELIOGRAPH_ALLOWED_NETWORKS: '10.0.0.1/8' is no network such as 127.0.0.0/8 or fd00::/8 "
        "(10.0.0.1/8 has host bits set)"
    )


@pytest.mark.parametrize("url", ["http://user:secret@host/ip", "http://secret@host/", "http://a secret/"])
def test_a_probe_url_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    assert complaint(probe_url=url) == (
        "HELIOGRAPH_PROBE_URL: must be an http:// or https:// URL with a host and without user and password"
    )


@pytest.mark.parametrize(
    ("given", "api"),
    [
        ("http://host:8000", "http://host:8000/graphql"),
        ("https://host/", "https://host/graphql"),
        ("http://[::1]:8000/", "http://[::1]:8000/graphql"),
        ("http://host/graphql", "http://host/graphql"),
        ("http://host/heliograph/", "http://host/heliograph/"),
        ("https://host?key=1", "https://host/graphql?key=1"),
    ],
)
def test_a_server_without_a_path_has_its_api_at_graphql(
    given: str, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_client(url=given).url == api
    monkeypatch.setenv("HELIOGRAPH_URL", given)
    assert load_client().url == api


def test_memory_reaches_no_worker_of_another_process() -> None:
    assert complaint(workers="none").startswith("memory:// cannot reach a worker in another process")
    assert load(workers="none", channel_url="redis://127.0.0.1").workers is WorkerMode.NONE


def test_no_secret_is_in_the_repr() -> None:
    assert "hidden" not in repr(load(bootstrap_token="hidden"))


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1  # type: ignore[misc]


def test_files_are_paths() -> None:
    assert load(ca_file="a.pem").ca_file == Path("a.pem")
