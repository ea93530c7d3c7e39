"""Many official clients in one Node process, and what they received: `Fleet`."""

from bench.fleet.fleet import ClientTask, Fleet, GaveUp

__all__ = ["ClientTask", "Fleet", "GaveUp"]
