"""Which addresses are refused; the reference is Python's own reading of the IANA registries, and known addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.port_list import PortList
from probes.addresses import AddressPolicy, Refused, Way

POLICY = AddressPolicy()

REFUSED = {
    "0.0.0.0": "unspecified",
    "10.1.2.3": "private",
    "100.64.0.1": "shared (carrier NAT)",
    "100.100.100.200": "cloud metadata",
    "127.0.0.1": "loopback",
    "127.255.0.1": "loopback",
    "168.63.129.16": "cloud metadata",
    "169.254.1.1": "link-local",
    "169.254.169.254": "cloud metadata",
    "172.31.255.255": "private",
    "192.168.0.1": "private",
    "192.0.0.192": "reserved",
    "224.0.0.1": "multicast",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fd00:ec2::254": "cloud metadata",
    "fd12::1": "private",
    "ff02::1": "multicast",
    "2001:db8::1": "documentation",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:169.254.169.254": "cloud metadata",
    "2002:7f00:1::": "loopback",
    "2002:a9fe:a9fe::1": "cloud metadata",
    "64:ff9b::10.0.0.1": "private",
    "64:ff9b:1::1": "reserved",
    "::10.0.0.1": "private",
    "2001:470::5efe:7f00:1": "loopback",
    "2001:470::200:5efe:10.0.0.1": "private",
    "2002:808:808::5efe:169.254.169.254": "cloud metadata",
    "100::5efe:8.8.8.8": "reserved",
    "100::1": "reserved",
    "2001::1": "reserved",
    "example.com": "not an address",
    "127.1": "not an address",
    "2130706433": "not an address",
    "": "not an address",
}


@pytest.mark.parametrize(("ip", "kind"), REFUSED.items())
def test_what_is_not_public_is_refused_and_named(ip: str, kind: str) -> None:
    assert POLICY.refuses(ip) == kind


@pytest.mark.parametrize(
    "ip",
    [
        "1.1.1.1",
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:470::5efe:8.8.8.8",
        "2001:470::1:5efe:7f00:1",
    ],
)
def test_public_addresses_pass(ip: str) -> None:
    assert POLICY.refuses(ip) is None


def test_an_allowed_network_passes_whatever_it_is_also_when_it_is_carried() -> None:
    policy = AddressPolicy([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("fd00::/8")])
    assert [policy.refuses(ip) for ip in ("127.0.0.5", "::ffff:127.0.0.5", "fd00::1")] == [None] * 3
    assert policy.refuses("10.0.0.1") == "private"
    assert policy.check(["10.0.0.1", "127.0.0.1", "8.8.8.8"], 80, Way.WEB) == ["127.0.0.1", "8.8.8.8"]


def test_a_refusal_says_why_and_is_counted() -> None:
    policy = AddressPolicy()
    for addresses, port, reason, told in (
        (["10.0.0.1"], 80, "private", "10.0.0.1: private"),
        (["::1", "127.0.0.1"], 80, "loopback", "::1: loopback"),
        (["localhost"], 80, "not an address", "localhost: not an address"),
        (["8.8.8.8"], 25, "port", "port 25 is not allowed"),
        ([], 25, "port", "port 25 is not allowed"),
    ):
        with pytest.raises(Refused, match=f"^{told}$") as refusal:
            policy.check(addresses, port, Way.WEB)
        assert refusal.value.reason == reason
    assert policy.check(["10.0.0.1", "8.8.8.8"], 80, Way.WEB) == ["8.8.8.8"]
    assert policy.check([], 80, Way.WEB) == []
    assert policy.refused == {"private": 1, "loopback": 1, "not an address": 1, "port": 2}


def test_each_way_has_its_own_ports() -> None:
    policy = AddressPolicy(ports={Way.WEB: PortList("80"), Way.PROXY: PortList("3128,8000-8001")})
    passing = {
        way: [port for port in (53, 80, 443, 3128, 8001) if not refused(policy, port, way)] for way in Way
    }
    assert passing == {Way.WEB: [80], Way.PROXY: [3128, 8001], Way.RESOLVER: [53, 80, 443, 3128, 8001]}


def refused(policy: AddressPolicy, port: int, way: Way) -> bool:
    try:
        policy.check(["8.8.8.8"], port, way)
    except Refused:
        return True
    return False


@given(st.ip_addresses())
def test_whatever_python_calls_not_global_is_refused(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    carried = isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.sixtofour)
    if not address.is_global and not carried:
        assert POLICY.refuses(str(address)) is not None
