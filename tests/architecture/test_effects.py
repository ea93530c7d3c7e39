"""No phantom settings: whatever can be set has a test that shows that it changes what a worker does."""

import msgspec
import pytest
from graphql import GraphQLInputObjectType, build_schema

from core.settings import Settings
from tests.architecture import house
from tools import effects, settings_page, write_docs

STRUCTS = {group.input_type: group for group in effects.GROUPS if group.input_type}
# What names a thing or tells of it, and what belongs to a thing and is a group of its own.
NOT_WORK = {
    "CreatePersonaInput": {"name", "description", "config", "idempotencyKey"},
    "CreateProxyInput": {
        "name",
        "description",
        "countryCode",
        "city",
        "provider",
        "notes",
        "idempotencyKey",
    },
    "CreateKeywordSetInput": {"name", "description", "rules", "idempotencyKey"},
    "CreateProxyPoolInput": {"name", "description", "idempotencyKey"},
    "SetProxyPoolMemberInput": {"id", "proxyId", "expectedVersion", "idempotencyKey"},
    "UpdateSettingsInput": {"idempotencyKey"},
    # The old way to write `tlds`, of one.
    "GenerationConfigInput": {"tld"},
    # They are a group of their own.
    "ScoringConfigInput": {"weights"},
}


def test_every_setting_has_a_test_that_shows_its_effect() -> None:
    shown = effects.shown()
    assert [name for name in effects.settings() if name not in shown] == []


def test_every_mark_names_a_setting() -> None:
    assert sorted(set(effects.shown()) - set(effects.settings())) == []


@pytest.mark.parametrize("name", STRUCTS)
def test_clients_can_set_exactly_what_has_an_effect(name: str) -> None:
    group = STRUCTS[name]
    schema = build_schema((house.ROOT / "schema.graphql").read_text())
    kind = schema.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    offered = set(kind.fields) - NOT_WORK.get(kind.name, set())
    assert offered == {settings_page.camel(field) for field in group.fields}


def test_every_struct_of_configuration_is_looked_at() -> None:
    modules = ("vocabulary.personas", "vocabulary.campaigns", "vocabulary.keywords")
    structs = {
        name
        for module in modules
        for name, value in vars(__import__(module, fromlist=["*"])).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module
    }
    # A header is a part of `http_persona.headers`, a weight of `dns_persona.weights`; counts are a result.
    assert structs - {"Header", "ResolverWeight", "Counts"} == {
        "DnsPersonaConfig",
        "HttpPersonaConfig",
        "GenerationConfig",
        "DnsConfig",
        "HttpConfig",
        "MicroCrawl",
        "AnalysisConfig",
        "KeywordRule",
    }


def test_what_is_not_about_work_is_a_setting() -> None:
    assert set(Settings.model_fields) >= effects.NOT_ABOUT_WORK


def test_the_generated_parts_of_the_documents_are_up_to_date() -> None:
    assert write_docs.stale() == [], "run `make docs`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default_and_meaning(name: str) -> None:
    field = Settings.model_fields[name]
    (row,) = [
        line
        for line in settings_page.installation().splitlines()
        if line.startswith(f"| `HELIOGRAPH_{name.upper()}` |")
    ]
    assert field.description
    assert field.description.replace("|", "\\|") in row
    assert row in (house.ROOT / "docs/settings.md").read_text()
