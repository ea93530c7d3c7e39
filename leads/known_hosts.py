"""Hosts of parking networks and of market places for domains, matched by whole labels from the right.

The parking networks are what `parking-domain-ns` of the MISP warning lists names (version 2022-10-24, CC0), less the
entries that are registrars or brand keepers with customers of every kind (bookmyname.com, day.biz, freenom.com,
gname.net, markmonitor.com), and the hosts that pages of those networks load their advertisements from. The market
places are the sites to which the "for sale" pages of the large sellers lead.
"""

from collections.abc import Iterable

PARKING_NETWORKS = frozenset(
    {
        *("above.com", "bodis.com", "bodiscdn.com", "dnsowl.com", "dsredirection.com", "dsredirects.com"),
        *("parkingcrew.net", "parklogic.com", "parking1.ovh.net", "parking2.ovh.net", "sedoparking.com"),
        *("uniregistrymarket.link", "ztomy.com", "cashparking.com", "skenzo.com", "voodoo.com"),
    }
)
MARKETPLACES = frozenset(
    {
        *("afternic.com", "atom.com", "brandbucket.com", "buydomains.com", "dan.com", "domainmarket.com"),
        *("dynadot.com", "efty.com", "epik.com", "flippa.com", "godaddy.com", "hugedomains.com"),
        *("namecheap.com", "sav.com", "sedo.com", "spaceship.com", "squadhelp.com", "undeveloped.com"),
    }
)


def known(host: str, table: frozenset[str]) -> str | None:
    """The entry of `table` that `host` is or is below, or None: www.sedo.com is below sedo.com, notsedo.com is not."""
    labels = host.rstrip(".").lower().split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        if name in table:
            return name
    return None


def listed(hosts: Iterable[str]) -> tuple[str, ...]:
    """Those of `hosts` that belong to a parking network or a market place, each once, in their order."""
    found = (host for host in hosts if known(host, PARKING_NETWORKS) or known(host, MARKETPLACES))
    return tuple(dict.fromkeys(found))
