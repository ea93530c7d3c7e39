"""Connections that were not made, as Prometheus sees them."""

import pytest
from prometheus_client import CollectorRegistry

from probes.addresses import AddressPolicy, Refused, Way
from web.refusal_metrics import RefusedConnections


def test_each_reason_is_a_series() -> None:
    policy, registry = AddressPolicy(), CollectorRegistry()
    registry.register(RefusedConnections(policy))
    for address, port in (("10.0.0.1", 80), ("10.0.0.2", 80), ("::1", 80), ("8.8.8.8", 25)):
        with pytest.raises(Refused):
            policy.check([address], port, Way.WEB)
    policy.check(["8.8.8.8"], 80, Way.WEB)

    def count(reason: str) -> float | None:
        return registry.get_sample_value("heliograph_connections_refused_total", {"reason": reason})

    assert {reason: count(reason) for reason in ("private", "loopback", "port", "link-local")} == {
        "private": 2.0,
        "loopback": 1.0,
        "port": 1.0,
        "link-local": None,
    }
    assert repr(RefusedConnections(policy)) == "<RefusedConnections {'private': 2, 'loopback': 1, 'port': 1}>"
