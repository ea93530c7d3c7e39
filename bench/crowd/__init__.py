"""Thousands of subscribers in a process of their own that costs less than what it measures (`crowd.py`)."""

from bench.crowd.crowd import Crowd, Wronged
from bench.crowd.orders import Heard, Payload

__all__ = ["Crowd", "Heard", "Payload", "Wronged"]
