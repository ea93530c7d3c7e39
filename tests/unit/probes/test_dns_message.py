"""Messages in wire form, compared with dnspython, which shares nothing with our parser."""

import ipaddress

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.dns_message import (
    Family,
    Malformed,
    answers,
    encode_name,
    identify,
    parse,
    query,
    question,
)

LABELS = st.lists(st.text("abcXYZ019-_", min_size=1, max_size=12), min_size=1, max_size=5)
ASKED = question(encode_name("a.test"), Family.A)


@given(LABELS, st.sampled_from(Family), st.integers(0, 65535))
def test_a_query_reads_back_as_what_was_asked(labels: list[str], family: Family, ident: int) -> None:
    name = ".".join(labels)
    message = dns.message.from_wire(query(ident, question(encode_name(name), family)))
    asked = message.question[0]
    assert (message.id, asked.name, int(asked.rdtype)) == (ident, dns.name.from_text(name), int(family))


@given(st.lists(st.ip_addresses(v=4), max_size=20), st.lists(st.ip_addresses(v=6), max_size=10))
def test_the_addresses_are_those_that_another_library_wrote(four: list[object], six: list[object]) -> None:
    for family, found in ((Family.A, four), (Family.AAAA, six)):
        asked = question(encode_name("www.a.test"), family)
        reply = dns.message.make_response(dns.message.make_query("www.a.test", family.name))
        reply.answer.append(dns.rrset.from_text("www.a.test.", 60, "IN", "CNAME", "b.a.test."))
        reply.answer.append(dns.rrset.from_text("b.a.test.", 60, "IN", "TXT", '"text"'))
        texts = [str(address) for address in found]
        if texts:
            reply.answer.append(dns.rrset.from_text("b.a.test.", 60, "IN", family.name, *texts))
        # The two spell the IPv4 part of a mapped address differently.
        read = {ipaddress.ip_address(text) for text in parse(reply.to_wire(), asked).addresses}
        assert read == set(found)


@given(st.binary(max_size=100))
def test_whatever_bytes_come_reading_ends_and_raises_only_malformed(noise: bytes) -> None:
    packet = query(1, ASKED)[:2] + b"\x81\x80\x00\x01\x00\x05\0\0\0\0" + ASKED + noise
    assert identify(packet) == 1
    assert answers(packet, ASKED)
    try:
        parse(packet, ASKED)
    except Malformed:
        return


@pytest.mark.parametrize("pointer", [b"\xc0\x18", b"\xc0\xff", b"\xff\xff", b"\x80", b"\x05abc"])
def test_a_pointer_that_does_not_go_back_is_malformed(pointer: bytes) -> None:
    packet = query(1, ASKED)[:2] + b"\x81\x80\x00\x01\x00\x01\0\0\0\0" + ASKED + pointer + b"\0" * 12
    with pytest.raises(Malformed):
        parse(packet, ASKED)


def test_a_record_longer_than_the_message_is_malformed() -> None:
    record = b"\xc0\x0c\x00\x01\x00\x01\0\0\0\0\x00\x04\x01\x02\x03"
    with pytest.raises(Malformed, match="longer than the message"):
        parse(query(1, ASKED)[:2] + b"\x81\x80\x00\x01\x00\x01\0\0\0\0" + ASKED + record, ASKED)


def test_names_are_compared_without_case() -> None:
    reply = dns.message.make_response(dns.message.make_query("A.TeSt", "A"))
    reply.answer.append(dns.rrset.from_text("A.tEsT.", 60, "IN", "A", "192.0.2.1"))
    packet = reply.to_wire()
    assert answers(packet, ASKED)
    assert parse(packet, ASKED).addresses == ("192.0.2.1",)


def test_an_error_without_a_question_is_an_answer_and_a_success_without_one_is_not() -> None:
    assert answers(b"\0\1\x81\x81" + b"\0" * 8, ASKED)
    assert not answers(b"\0\1\x81\x80" + b"\0" * 8, ASKED)


@pytest.mark.parametrize("packet", [b"", b"\0" * 11, query(1, ASKED)])
def test_what_is_no_response_has_no_id(packet: bytes) -> None:
    assert identify(packet) is None
