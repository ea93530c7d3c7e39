"""The input of the change of settings."""

import strawberry

from core.settings import CHANGEABLE
from graph.inputs.keyed import KeyedInput


def _meaning(text: str) -> str:
    return f"{text} Null sets it back to what each process was started with."


@strawberry.input(description="Settings to be changed; what is left out stays.")
class UpdateSettingsInput(KeyedInput):
    """Settings to be changed."""

    shard_attempts: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=_meaning("How often a shard may fail before its phase fails."),
    )
    shard_retry_seconds: float | None = strawberry.field(
        default=strawberry.UNSET,
        description=_meaning("The wait before a failed shard is tried again; it doubles each time."),
    )
    phase_backlog_shards: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=_meaning("With how many open shards a phase holds the one before it back."),
    )
    probe_url: str | None = strawberry.field(
        default=strawberry.UNSET, description=_meaning("What a proxy test fetches through the proxy.")
    )
    probe_timeout_seconds: float | None = strawberry.field(
        default=strawberry.UNSET, description=_meaning("The time limit of one proxy test.")
    )
    probe_backoff_seconds: float | None = strawberry.field(
        default=strawberry.UNSET,
        description=_meaning("The wait before an unhealthy proxy is probed again."),
    )
    proxy_strikes: int | None = strawberry.field(
        default=strawberry.UNSET, description=_meaning("How many failures in a row make a proxy unhealthy.")
    )
    log_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=_meaning("For how many days the event log is kept: how far back a cursor resumes."),
    )
    log_events: int | None = strawberry.field(
        default=strawberry.UNSET, description=_meaning("How many events the log keeps.")
    )
    audit_days: int | None = strawberry.field(
        default=strawberry.UNSET, description=_meaning("For how many days the audit log is kept.")
    )

    def values(self) -> dict[str, object | None]:
        """What was given, by the names of the settings."""
        given = {name: getattr(self, name) for name in sorted(CHANGEABLE)}
        return {name: value for name, value in given.items() if value is not strawberry.UNSET}
