"""Requests that are large, or small and laborious: what `bench/big_document.py` sends.

Those of 900 KiB no server has to read. The others are as large as the limits of ours allow, each of a shape that some
part of reading a document, of holding it against the rules or of telling what breaks them takes long for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from graph.schema import schema

BYTES = 900 * 1024
NEWLINES = 58_000
TOKENS = 1_400

Sent = Mapping[str, Any]


def for_any_server() -> Mapping[str, Sent]:
    """What every server can read, and has as much to do with, whatever its schema; it refuses it or not."""
    return _as_requests({**_unbounded(), **_of_text()})


def for_ours(campaign_id: str) -> Mapping[str, Sent]:
    """What has to do with our schema. The campaign is one of many domains."""
    return {**_as_requests({**_wrong(), **_right(), **_of_many_rows(campaign_id)}), **_of_variables()}


def _as_requests(documents: Mapping[str, str]) -> Mapping[str, Sent]:
    return {what: {"query": document} for what, document in documents.items()}


def _unbounded() -> Mapping[str, str]:
    return {
        "900 KiB of fields": _in_braces(_many("a#:__typename", BYTES // 19)),
        "900 KiB of fields that do not exist": _in_braces(_many("a#", BYTES // 8)),
        "900 KiB in one comment": "#" + "x" * BYTES + "\n{ __typename }",
        "900 KiB in one string": '{ a(b: "' + "x" * BYTES + '") }',
    }


def _of_text() -> Mapping[str, str]:
    return {
        "9 KiB of one field": _in_braces("__schema { description } " * 370),
        "7 KiB of fields that do not exist": _in_braces(_many("a#", 1_490)),
        "40 KiB of fields that do not exist": _in_braces(_many("campaignEventsOfDomains#", 1_490)),
        "62 KiB in one string": '{ a(b: "' + "x" * 63_000 + '") }',
        "60 KiB, with many errors after 58,000 empty lines": (
            "\n" * NEWLINES + "{ campaigns(" + "a: 1 " * 300 + ") { totalCount } }"
        ),
        "8 KiB of directives that do not exist": _in_braces("__typename " + _many("@include#", 740)),
        "fragments that spread all that follow": _fragments(20),
    }


def _wrong() -> Mapping[str, str]:
    create = "mutation { createCampaign(input: INPUT) { __typename } }"
    unknown = _in_braces(_many("campaignEventsOfDomains#: 1", 480))
    types = _many("$a#: CreateCampaignSettingsInputOf#", 370)
    return {
        "14 KiB of fields of an input that do not exist": create.replace("INPUT", unknown),
        "14 KiB of variables of types that do not exist": f"query ({types}) {{ __typename }}",
        "4 KiB that reads the schema 90 times": _in_braces(
            _many("a#: __schema { types { name fields { name } } }", 90)
        ),
    }


def _right() -> Mapping[str, str]:
    return {
        "62 KiB of lines in one string": '{ node(id: """' + "\n x" * 21_000 + '""") { id } }',
        "fields that are one": _in_braces("campaigns { edges { node { name status } } } " * 30),
        f"{TOKENS:,} tokens that are all right": _valid(),
        "the introspection query of tools": get_introspection_query(),
    }


def _of_many_rows(campaign_id: str) -> Mapping[str, str]:
    domains = "edges { cursor node { id name offset dns { status } http { status } } }"
    pages = _many(f"a#: domains(first: 1000) {{ {domains} }}", 19)
    others = " ".join(f"a{less}: domains(first: {1000 - less}) {{ {domains} }}" for less in range(19))
    campaign = f'{{ campaign(id: "{campaign_id}") {{ PAGES }} }}'
    return {
        "19 times the same 1,000 rows": campaign.replace("PAGES", pages),
        "19 pages of about 1,000 rows": campaign.replace("PAGES", others),
        "100 campaigns, and 100 domains of each": (
            f"{{ campaigns(first: 100) {{ nodes {{ id domains(first: 100) {{ {domains} }} }} }} }}"
        ),
    }


def _of_variables() -> Mapping[str, Sent]:
    create = "mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { __typename } }"
    listed = "query ($of: [CampaignStatus!]) { campaigns(filter: { statuses: $of }) { totalCount } }"
    rules = """mutation ($of: [KeywordRuleInput!]!) {
      createKeywordSet(input: { name: "a", rules: $of }) { __typename }
    }"""
    wrong = {f"campaignEvents{number}": 1 for number in range(9_900)}
    texts = [{"pattern": f"wind {number}"} for number in range(4_900)]
    return {
        "a variable of 9,900 fields that do not exist": {"query": create, "variables": {"input": wrong}},
        "a variable of 9,900 values": {"query": listed, "variables": {"of": ["DRAFT"] * 9_900}},
        "a variable of 4,900 rules": {"query": rules, "variables": {"of": texts}},
    }


def _many(what: str, count: int) -> str:
    return " ".join(what.replace("#", str(number)) for number in range(count))


def _in_braces(what: str) -> str:
    return "{ " + what + " }"


def _fragments(count: int) -> str:
    spreads = _many("...F#", count).split()
    bodies = (" ".join(["__typename", *spreads[number + 1 :]]) for number in range(count))
    fragments = (f"fragment F{number} on Query {{ {body} }}" for number, body in enumerate(bodies))
    return "{ ...F0 } " + " ".join(fragments)


def _valid() -> str:
    """A query of many different fields, deep and wide, which takes all rules their longest; nothing of it is read."""
    root = schema._schema.query_type  # noqa: SLF001
    assert root is not None
    return _in_braces("__typename ... @skip(if: true) " + _in_braces(" ".join(_selected(root, 6, [TOKENS]))))


def _selected(of: GraphQLObjectType, depth: int, left: list[int]) -> Iterator[str]:
    for name, field in of.fields.items():
        if left[0] > 0 and not any(map(is_required_argument, field.args.values())):
            left[0] -= 1
            yield from _field(name, field, depth, left)


def _field(name: str, field: GraphQLField, depth: int, left: list[int]) -> Iterator[str]:
    inner = get_named_type(field.type)
    if is_leaf_type(inner):
        yield name
    elif isinstance(inner, GraphQLObjectType) and depth > 1:
        left[0] -= 2
        inside = " ".join(_selected(inner, depth - 1, left))
        yield f"{name} {{ __typename {inside} }}"
