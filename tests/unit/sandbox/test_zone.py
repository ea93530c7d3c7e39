"""Every behaviour of the zone, asked for by a real client over a real socket."""

import asyncio

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from core.errors import Misconfigured
from sandbox.behaviours import Dns
from sandbox.sandbox import Sandbox
from sandbox.world import ALIAS_CHAIN, UNHEARD, WORLD
from sandbox.zone import Zone


def name(behaviour: Dns) -> str:
    return WORLD.having(behaviour)[0].name


async def udp(box: Sandbox, host: str, kind: str = "A", timeout: float = 2.0) -> dns.message.Message:
    query = dns.message.make_query(host, kind)
    return await dns.asyncquery.udp(query, "127.0.0.1", timeout=timeout, port=box.zone.port)


async def tcp(box: Sandbox, host: str, kind: str = "A", timeout: float = 2.0) -> dns.message.Message:
    query = dns.message.make_query(host, kind)
    return await dns.asyncquery.tcp(query, "127.0.0.1", timeout=timeout, port=box.zone.port)


def addresses(message: dns.message.Message) -> list[str]:
    """In order of text, for the records of a set have no order of their own (RFC 2181 section 5)."""
    return sorted(item.address for rrset in message.answer for item in rrset if hasattr(item, "address"))


@pytest.mark.parametrize(
    ("behaviour", "rcode", "authority"),
    [
        (Dns.NXDOMAIN, dns.rcode.NXDOMAIN, 1),
        (Dns.NODATA, dns.rcode.NOERROR, 1),
        (Dns.SERVFAIL, dns.rcode.SERVFAIL, 0),
        (Dns.REFUSED, dns.rcode.REFUSED, 0),
    ],
)
@pytest.mark.parametrize("kind", ["A", "AAAA"])
async def test_a_name_without_address_is_answered_with_its_code(
    box: Sandbox, behaviour: Dns, rcode: int, authority: int, kind: str
) -> None:
    for ask in (udp, tcp):
        said = await ask(box, name(behaviour), kind)
        assert (said.rcode(), said.answer, len(said.authority)) == (rcode, [], authority)
        assert said.flags & dns.flags.AA


async def test_every_site_is_answered_as_the_world_says(box: Sandbox) -> None:
    """All that answer over TCP at once: 380 queries, each with exactly its addresses."""
    sites = [site for site in WORLD.sites if site.dns is not Dns.SILENT]
    answers = await asyncio.gather(*(tcp(box, site.name, timeout=10) for site in sites))
    for site, said in zip(sites, answers, strict=True):
        assert tuple(addresses(said)) == site.addresses, site


async def test_an_address_has_no_sibling_of_the_other_family(box: Sandbox) -> None:
    said = await udp(box, name(Dns.ADDRESS), "AAAA")
    assert (said.rcode(), said.answer, len(said.authority)) == (dns.rcode.NOERROR, [], 1)


async def test_a_silent_name_is_never_answered(box: Sandbox) -> None:
    for ask in (udp, tcp):
        with pytest.raises(dns.exception.Timeout):
            await ask(box, name(Dns.SILENT), timeout=0.1)


async def test_a_truncated_answer_is_empty_over_udp_and_whole_over_tcp(box: Sandbox) -> None:
    said = await udp(box, name(Dns.TRUNCATED))
    assert said.flags & dns.flags.TC
    assert said.answer == []
    assert addresses(await tcp(box, name(Dns.TRUNCATED))) == ["127.0.0.1"]


async def test_a_lossy_name_drops_the_first_query_for_each_type_once(box: Sandbox) -> None:
    for kind, expected in (("A", ["127.0.0.1"]), ("AAAA", [])):
        with pytest.raises(dns.exception.Timeout):
            await udp(box, name(Dns.LOSSY), kind, timeout=0.1)
        assert addresses(await udp(box, name(Dns.LOSSY), kind)) == expected
        assert addresses(await udp(box, name(Dns.LOSSY), kind)) == expected
    box.zone.forget_losses()
    with pytest.raises(dns.exception.Timeout):
        await udp(box, name(Dns.LOSSY), timeout=0.1)


async def test_an_alias_leads_through_its_chain_to_an_address(box: Sandbox) -> None:
    said = await udp(box, name(Dns.ALIAS))
    chain = [item.target.to_text(omit_final_dot=True) for rrset in said.answer[:-1] for item in rrset]
    assert tuple(chain) == ALIAS_CHAIN
    assert addresses(said) == ["127.0.0.1"]
    assert addresses(await udp(box, ALIAS_CHAIN[0])) == ["127.0.0.1"]
    assert addresses(await udp(box, ALIAS_CHAIN[1])) == ["127.0.0.1"]


async def test_an_alias_without_the_asked_family_ends_in_a_soa(box: Sandbox) -> None:
    said = await udp(box, name(Dns.ALIAS), "AAAA")
    assert [rrset.rdtype for rrset in said.answer] == [dns.rdatatype.CNAME] * 2
    assert [rrset.rdtype for rrset in said.authority] == [dns.rdatatype.SOA]


async def test_helpers_have_several_addresses_and_both_families(box: Sandbox) -> None:
    assert addresses(await udp(box, "many.sandbox.test")) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert addresses(await udp(box, "dual.sandbox.test")) == ["127.0.0.1"]
    assert addresses(await udp(box, "dual.sandbox.test", "AAAA")) == ["::1"]
    assert addresses(await udp(box, "six.sandbox.test")) == []
    assert addresses(await udp(box, "six.sandbox.test", "AAAA")) == ["::1"]


async def test_strangers_are_denied_within_the_zone_and_refused_outside_of_it(box: Sandbox) -> None:
    assert (await udp(box, "nowhere.sandbox.test")).rcode() == dns.rcode.NXDOMAIN
    assert (await udp(box, "example.com")).rcode() == dns.rcode.REFUSED


async def test_the_spelling_of_the_question_comes_back(box: Sandbox) -> None:
    """Clients that mix cases against spoofing compare the question byte for byte."""
    said = await udp(box, "AaBEAcon.TesT")
    assert said.question[0].name.to_text() == "AaBEAcon.TesT."
    assert addresses(said) == ["127.0.0.1"]


async def test_several_queries_share_one_tcp_connection(box: Sandbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", box.zone.port)
    queries = [dns.message.make_query(host, "A") for host in ("aabeacon.test", "nowhere.sandbox.test")]
    for query in queries:
        wire = query.to_wire()
        writer.write(len(wire).to_bytes(2) + wire)
    for query in queries:
        said = dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2))))
        assert query.is_response(said)
    writer.close()
    await writer.wait_closed()


def test_what_is_no_query_is_told_so_or_ignored() -> None:
    zone = Zone(WORLD)
    assert zone.answer(b"", over_tcp=False) is None
    assert zone.answer(b"\1\2\1\0\0\1", over_tcp=False) is None
    response = dns.message.make_response(dns.message.make_query("aabeacon.test", "A")).to_wire()
    assert zone.answer(response, over_tcp=False) is None
    broken = b"\1\2\1\0\0\1\0\0\0\0\0\0\x3fabc"
    assert zone.answer(broken, over_tcp=False) == b"\1\2\x81\1" + bytes(8)
    update = dns.message.make_query("aabeacon.test", "A")
    update.set_opcode(dns.opcode.NOTIFY)
    said = zone.answer(update.to_wire(), over_tcp=False)
    assert said is not None
    assert said[3] & 15 == dns.rcode.NOTIMP


def test_the_refused_hosts_point_where_nobody_listens() -> None:
    assert {site.addresses for site in WORLD.sites if site.web == "UNHEARD"} == {(UNHEARD,)}


async def test_a_port_in_use_is_named(box: Sandbox) -> None:
    other = Zone(WORLD)
    with pytest.raises(Misconfigured, match=f"port {box.zone.port} for DNS over UDP"):
        await other.open(box.zone.port)
    await other.close()
