"""Which addresses a worker may connect to, so that no name leads it into the networks around it (SSRF).

Names, redirects, proxies and test URLs are all chosen by users, so every address is judged here right
before the connection, and the judged address is the one connected to: a name that is resolved again could
answer differently. What is not public unicast is refused, from the special-purpose registries of IANA (RFC
6890 and later), and an IPv6 address that carries an IPv4 one is no better than what it carries. Two clouds keep
their metadata service on addresses that are not special-purpose by themselves; those are named here.

A port says which service is spoken to, so each way out has its own list of them: what speaks HTTP to a mail server or
a database of the public network can do harm there, too.
"""

import ipaddress
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum, auto

from core.errors import HeliographError
from core.port_list import PortList

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_V4 = (
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.100.100.200/32", "cloud metadata"),
    ("100.64.0.0/10", "shared (carrier NAT)"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "cloud metadata"),
    ("169.254.169.254/32", "cloud metadata"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
_V6 = (
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("fd00:ec2::254/128", "cloud metadata"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


PORT = "port"
NOT_AN_ADDRESS = "not an address"


class Way(StrEnum):
    """What a connection is for."""

    WEB = auto()
    RESOLVER = auto()
    PROXY = auto()


ANY_USER_PORT = {
    Way.WEB: PortList("80,443,1024-65535"),
    Way.RESOLVER: PortList("1-65535"),
    Way.PROXY: PortList("1-65535"),
}


class Refused(HeliographError):
    """No connection may be made. `reason` is the kind of address, or `port`.

    The message may hold an address, which is for whoever wrote that address: names of the networks around a worker
    would be looked up for strangers otherwise.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)

    def told_of(self, host: str) -> str:
        """What whoever named `host` is told: the kind of address that it has, and not which."""
        return str(self) if self.reason == PORT else f"{host}: {self.reason}"


class AddressPolicy:
    """Judges where a connection may lead; addresses in `allowed_networks` pass whatever they are, ports do not.

    `refused` counts the connections that were not made, by reason.
    """

    def __init__(
        self, allowed_networks: Sequence[Network] = (), ports: Mapping[Way, PortList] | None = None
    ) -> None:
        self._allowed = tuple(allowed_networks)
        self._ports = {**ANY_USER_PORT, **(ports or {})}
        self.refused: Counter[str] = Counter()
        self._special: dict[int, list[tuple[Network, str]]] = {
            4: [(ipaddress.ip_network(text), kind) for text, kind in _V4],
            6: [(ipaddress.ip_network(text), kind) for text, kind in _V6],
        }

    def __repr__(self) -> str:
        return f"<AddressPolicy, {len(self._allowed)} allowed networks>"

    def refuses(self, ip: str) -> str | None:
        """Why no connection may be made to `ip`, or None if it may."""
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return NOT_AN_ADDRESS
        return self._judge(address)

    def check(self, addresses: Sequence[str], port: int, way: Way) -> list[str]:
        """Those of `addresses` that may be connected to at `port`, in order; none if there was none.

        Raises:
            Refused: the port is not allowed, or all of the addresses are refused.
        """
        if port not in self._ports[way]:
            raise self._refusal(PORT, f"port {port} is not allowed")
        allowed = [address for address in addresses if self.refuses(address) is None]
        if addresses and not allowed:
            kind = self.refuses(addresses[0]) or NOT_AN_ADDRESS
            raise self._refusal(kind, f"{addresses[0]}: {kind}")
        return allowed

    def ports(self, way: Way) -> PortList:
        """The ports that may be connected to."""
        return self._ports[way]

    def _refusal(self, reason: str, detail: str) -> Refused:
        self.refused[reason] += 1
        return Refused(reason, detail)

    def _judge(self, address: Address) -> str | None:
        if any(address in network for network in self._allowed):
            return None
        for network, kind in self._special[address.version]:
            if address in network:
                return kind
        if isinstance(address, ipaddress.IPv4Address):
            return None
        behind = _behind(address)
        if behind is not None and (refused := self._judge(behind)) is not None:
            return refused
        carried = _carried(address)
        if carried is not None:
            return self._judge(carried)
        return None if address in _PUBLIC_V6 else "reserved"


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a mapped, 6to4, NAT64 or IPv4-compatible address stands for (RFC 4291, 3056, 6052)."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _behind(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that ISATAP (RFC 5214, 6.1) would send to, whatever network the address is of."""
    # The bit in which these two differ says whether the IPv4 address is unique in the world.
    is_isatap = (int(address) >> 32) & 0xFFFFFFFF in {0x00005EFE, 0x02005EFE}
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if is_isatap else None
