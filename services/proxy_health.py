"""When a proxy is healthy: the rules, as functions of its record.

- A failure is a strike; `proxy_strikes` of them in a row make a proxy UNHEALTHY, one success ends the row.
- A test that was never passed since the proxy has its present address and credentials (there is no latency yet)
  and now fails makes the proxy UNHEALTHY at once: nothing speaks for it. One that has been healthy is judged by
  its strikes, so a single bad minute of the test's target does not take it out of use.
- Only a test makes a proxy HEALTHY. Campaigns count for and against it, but what they see is a target's answer.
- An UNHEALTHY proxy is probed again (half-open) after `probe_backoff_seconds`, which doubles with each further
  failed probe up to 12 times that; one success heals it. A HEALTHY one is not probed by itself.
"""

from datetime import datetime, timedelta

from core.settings import Settings
from db.models import ProxyRow
from vocabulary.proxies import ProxyHealth, ProxyTestResult

MAX_BACKOFFS = 12


def note_success(row: ProxyRow) -> None:
    """Count a use of a proxy that worked."""
    row.success_count += 1
    row.consecutive_failures = 0


def note_strike(row: ProxyRow, error: str | None, strikes: int) -> bool:
    """Count a use that failed by the proxy's fault; whether it has become UNHEALTHY by that.

    While a test is under way its verdict is waited for.
    """
    row.failure_count += 1
    row.consecutive_failures += 1
    row.last_error = error
    if row.consecutive_failures < strikes or row.health in (ProxyHealth.UNHEALTHY, ProxyHealth.TESTING):
        return False
    row.health = ProxyHealth.UNHEALTHY
    return True


def note_test(row: ProxyRow, result: ProxyTestResult, strikes: int, now: datetime) -> None:
    """Set the health by what a real test found."""
    row.last_checked_at = now
    row.last_error = result.error
    if result.success:
        note_success(row)
        row.latency_ms = result.duration_ms
        row.failed_probes = 0
        row.health = ProxyHealth.HEALTHY
        return
    row.failure_count += 1
    row.consecutive_failures += 1
    known_good = row.latency_ms is not None
    if known_good and row.consecutive_failures < strikes:
        row.health = ProxyHealth.HEALTHY
    else:
        row.health = ProxyHealth.UNHEALTHY
        row.failed_probes += 1


def next_probe(row: ProxyRow, settings: Settings, now: datetime) -> datetime:
    """When an UNHEALTHY proxy is to be probed again."""
    doublings = min(max(row.failed_probes - 1, 0), MAX_BACKOFFS)
    return now + timedelta(seconds=settings.probe_backoff_seconds * min(2**doublings, MAX_BACKOFFS))
