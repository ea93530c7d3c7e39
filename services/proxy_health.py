"""When a proxy is healthy: the rules, as functions of its record.

- A failure is a strike; `proxy_strikes` of them in a row make a proxy UNHEALTHY, one success ends the row.
- A test that was never passed since the proxy has its present address and credentials (there is no latency yet)
  and now fails makes the proxy UNHEALTHY at once: nothing speaks for it. One that has been healthy is judged by
  its strikes, so a single bad minute of the test's target does not take it out of use.
- Only a test makes a proxy HEALTHY. Campaigns count for and against it, but what they see is a target's answer.
- An UNHEALTHY proxy is probed again (half-open) after `probe_backoff_seconds`, which doubles with each further
  failed probe up to 12 times that; one success heals it. A HEALTHY one is not probed by itself.
- An active member of an enabled pool with health checks is tested at the pool's interval, whatever its health; of
  several pools the shortest interval counts (`db/repositories/pools.py: check_intervals`).
"""

from datetime import datetime, timedelta

from core.settings import Settings
from db.models import ProxyRow, ShardRow
from db.repositories.shards import make_done, make_ready
from vocabulary.proxies import ProxyHealth, ProxyTestResult
from vocabulary.work import ShardStatus

MAX_BACKOFFS = 12


def note_success(row: ProxyRow) -> None:
    """Count a use of a proxy that worked."""
    row.success_count += 1
    row.consecutive_failures = 0
    _rate(row)


def _note_failure(row: ProxyRow) -> None:
    row.failure_count += 1
    row.consecutive_failures += 1
    _rate(row)


def _rate(row: ProxyRow) -> None:
    row.failure_rate = row.failure_count / (row.success_count + row.failure_count)


def note_strike(row: ProxyRow, error: str | None, strikes: int) -> bool:
    """Count a use that failed by the proxy's fault; whether it has become UNHEALTHY by that.

    While a test is under way its verdict is waited for.
    """
    _note_failure(row)
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
    _note_failure(row)
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


def next_test(row: ProxyRow, interval: int | None, settings: Settings, now: datetime) -> datetime | None:
    """When a proxy that was tested just now is to be tested again by itself; None if it is not.

    `interval` is that of its pools, in seconds.
    """
    due = []
    if row.health is ProxyHealth.UNHEALTHY:
        due.append(next_probe(row, settings, now))
    if interval is not None:
        due.append(now + timedelta(seconds=interval))
    return min(due, default=None)


def reschedule(row: ProxyRow, probe: ShardRow, interval: int | None, now: datetime) -> bool:
    """Move the next test of an enabled proxy to what its pools say now; whether somebody is to be woken for it.

    A test that is under way arranges the next one itself, and one that was asked for stays due. An UNHEALTHY proxy
    may be tested earlier for a pool, but its half-open probe is never put off.
    """
    if probe.status is ShardStatus.LEASED or row.health in (ProxyHealth.TESTING, ProxyHealth.UNKNOWN):
        return False
    if interval is None:
        if row.health is ProxyHealth.HEALTHY:
            make_done(probe)
        return False
    at = max(now, (row.last_checked_at or now) + timedelta(seconds=interval))
    if row.health is ProxyHealth.UNHEALTHY and probe.status is ShardStatus.READY:
        at = min(at, probe.available_at)
    make_ready(probe, at)
    return True
