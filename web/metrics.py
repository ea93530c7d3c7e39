"""What the process counts, for Prometheus: on a registry that is handed in, so that tests have their own.

`Metrics` is the `Meter` that `live/` reports to. It is called for every delivery, so the child of each label is
looked up in a dictionary of ours and not by `labels()`, which validates its arguments each time.
"""

import asyncio

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from vocabulary.streams import FieldCounts
from web.latencies import Latencies
from web.peers import Dropped

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _count(child: Counter | Gauge) -> int:
    """The present value; a counter has a second sample, of when it was made."""
    return int(next(iter(child.collect())).samples[0].value)


class _Series:
    """The series of one subscription field."""

    __slots__ = ("bytes", "frames", "groups", "latency", "replayed", "replays", "resets", "subscriptions")

    def __init__(self, metrics: "Metrics", field: str) -> None:
        self.subscriptions = metrics.subscriptions.labels(field)
        self.groups = metrics.groups.labels(field)
        self.frames = metrics.frames.labels(field)
        self.bytes = metrics.bytes.labels(field)
        self.latency = metrics.latency.of(field)
        self.replays = metrics.replays.labels(field)
        self.replayed = metrics.replayed_frames.labels(field)
        self.resets = metrics.resets.labels(field)


class Metrics:
    """Implements `live.meter.Meter`, and counts HTTP requests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._fields: dict[str, _Series] = {}
        self._answered: dict[tuple[str, str, int], Counter] = {}

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"heliograph_{name}", text, ["field"], registry=registry)

        def counter(name: str, text: str) -> Counter:
            return Counter(f"heliograph_{name}", text, ["field"], registry=registry)

        self.subscriptions = gauge("subscriptions", "Subscriptions that are active.")
        self.groups = gauge("subscription_groups", "Groups of equal subscriptions.")
        self.frames = counter("frames_delivered", "Results handed to sockets.")
        self.bytes = counter("frame_bytes_delivered", "Bytes of the results handed to sockets.")
        self.replays = counter(
            "replays", "Stretches of the log rendered for groups whose members were behind."
        )
        self.replayed_frames = counter(
            "replayed_frames", "Results in those stretches, each rendered once for a group."
        )
        self.resets = counter(
            "stream_resets",
            "Snapshots for those of a group, one or many, that had to begin anew: what followed is not to be had.",
        )
        self.latency = Latencies(
            "heliograph_commit_to_socket_seconds",
            "From the begin of the transaction of an event, which dates it, to its result being handed to a socket.",
            SECONDS,
            registry,
        )
        self.dropped = Counter(
            "heliograph_connections_dropped",
            "Sockets and event streams ended by the server: dead peers, slow clients, and a process that stops.",
            ["reason"],
            registry=registry,
        )
        self.tasks = Gauge(
            "heliograph_tasks",
            "Tasks of the event loop; many more than sockets would be a leak.",
            registry=registry,
        )
        self.requests = Counter(
            "heliograph_http_requests",
            "HTTP requests answered.",
            ["route", "method", "status"],
            registry=registry,
        )

    def by_field(self) -> tuple[FieldCounts, ...]:
        """What was counted of each subscription field that anybody has followed."""
        return tuple(
            FieldCounts(
                field=field,
                subscriptions=_count(series.subscriptions),
                groups=_count(series.groups),
                delivered=_count(series.frames),
                delivered_bytes=_count(series.bytes),
                replayed=_count(series.replayed),
                resets=_count(series.resets),
            )
            for field, series in self._fields.items()
        )

    async def show(self, _request: web.Request) -> web.Response:
        """`/metrics` in the text format of Prometheus."""
        self.tasks.set(len(asyncio.all_tasks()))
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    def count_request(self, request: web.Request, status: int, _seconds: float) -> None:
        """Count a request by route, method and status; an observer of `web/outcomes.py`."""
        resource = request.match_info.route.resource
        # Paths and methods that nobody defined would be as many series as a stranger likes.
        route = "other" if resource is None else resource.canonical
        method = request.method if request.method in METHODS else "other"
        key = (route, method, status)
        answered = self._answered.get(key)
        if answered is None:
            answered = self._answered[key] = self.requests.labels(route, method, str(status))
        answered.inc()

    def count_drop(self, reason: Dropped) -> None:
        """A connection was ended from this side; a listener of `web/peers.py`."""
        self.dropped.labels(reason.value).inc()

    def subscribed(self, field: str) -> None:
        """A subscription began."""
        self._of(field).subscriptions.inc()

    def unsubscribed(self, field: str) -> None:
        """A subscription ended."""
        self._of(field).subscriptions.dec()

    def group_opened(self, field: str) -> None:
        """A group began."""
        self._of(field).groups.inc()

    def group_closed(self, field: str) -> None:
        """A group ended."""
        self._of(field).groups.dec()

    def delivered(self, field: str, frames: int, size: int) -> None:
        """Frames were handed to sockets."""
        series = self._of(field)
        series.frames.inc(frames)
        series.bytes.inc(size)

    def waited(self, field: str, seconds: float, times: int) -> None:
        """A live frame reached so many sockets so long after its commit."""
        self._of(field).latency.observe(max(seconds, 0.0), times)

    def replayed(self, field: str, frames: int) -> None:
        """A stretch of the log was rendered."""
        series = self._of(field)
        series.replays.inc()
        series.replayed.inc(frames)

    def reset(self, field: str) -> None:
        """A snapshot was taken for members that had to begin anew."""
        self._of(field).resets.inc()

    def _of(self, field: str) -> _Series:
        series = self._fields.get(field)
        if series is None:
            series = self._fields[field] = _Series(self, field)
        return series
