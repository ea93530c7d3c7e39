"""The tables of the pages on settings: from the settings, the schema's inputs and the marks of tests."""

from collections.abc import Mapping
from enum import Enum

from graphql import GraphQLInputField, GraphQLInputObjectType, GraphQLSchema, build_schema, print_ast
from pydantic.fields import FieldInfo

from cli.setting_flags import SECRET
from core.limit_settings import LimitSettings
from core.settings import ClientSettings, Settings
from tools import effects
from tools.markdown import table

LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def installation() -> str:
    """Every setting of an installation."""
    # What clients may take is a part of its own, and pydantic has the fields of a part first.
    fields = sorted(Settings.model_fields.items(), key=lambda item: item[0] in LimitSettings.model_fields)
    rows = [_installation_row(name, field) for name, field in fields]
    return table(("Variable", "Flag", "Default", "Meaning", "Limits"), rows)


def client() -> str:
    """Every setting of the commands that ask a running server."""
    rows = [_installation_row(name, field)[:-1] for name, field in ClientSettings.model_fields.items()]
    return table(("Variable", "Flag", "Default", "Meaning"), rows)


def effective() -> str:
    """Every setting that changes what a worker does, with the tests that show it."""
    schema = build_schema((effects.ROOT / "schema.graphql").read_text())
    shown = effects.shown()
    return "\n\n".join(_group(group, schema, shown) for group in effects.GROUPS)


def camel(name: str) -> str:
    """A field's name as the schema has it."""
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _installation_row(name: str, field: FieldInfo) -> tuple[str, ...]:
    flag = "" if name in SECRET else f"`--{name.replace('_', '-')}`"
    return f"`HELIOGRAPH_{name.upper()}`", flag, _default(field), field.description or "", _limits(field)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value in (None, []):
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _limits(field: FieldInfo) -> str:
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in field.annotation)
    found = []
    for rule in field.metadata:
        found += [f"{text} {getattr(rule, key)}" for key, text in LIMITS.items() if hasattr(rule, key)]
    return ", ".join(found)


def _group(group: effects.Group, schema: GraphQLSchema, shown: Mapping[str, tuple[str, ...]]) -> str:
    rows = []
    for name in group.fields:
        tests = shown.get(f"{group.key}.{name}", ())
        rows.append((*_described(group, name, schema), "<br>".join(_link(test) for test in tests)))
    source = f" (`{group.input_type}`)" if group.input_type else ""
    rows_of = table(("Setting", "Default", "Meaning", "Shown by"), rows)
    return f"### {group.title}{source}\n\n{rows_of}"


def _described(group: effects.Group, name: str, schema: GraphQLSchema) -> tuple[str, str, str]:
    if group.input_type is None:
        field = Settings.model_fields[name]
        return f"`HELIOGRAPH_{name.upper()}`", _default(field), field.description or ""
    kind = schema.type_map[group.input_type]
    if not isinstance(kind, GraphQLInputObjectType):
        raise TypeError(f"{group.input_type} is no input")
    given = kind.fields[camel(name)]
    return f"`{camel(name)}`", _literal(given), given.description or ""


def _literal(given: GraphQLInputField) -> str:
    node = given.ast_node.default_value if given.ast_node else None
    text = "" if node is None else print_ast(node)
    return "" if text in ("", "null") else f"`{text}`"


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name}](../{path})"
