"""A selection, compiled once: which fields are read from each object, in which order, and how each is completed.

What is *plain* is compiled: a field that is an attribute of its object or a function of it, with all that is selected
inside of it. The rest needs a context, arguments or time, and stays with graphql-core. Which is which is decided from
the schema. Fields are collected by graphql-core's own functions, so that fragments, merged fields, `@include`, `@skip`
and the order of keys are what they are there.

A compiled function is only ever right or of no opinion: it raises for whatever value it does not know, for a null that
must not be and for a scalar that does not fit, and whoever called it lets graphql-core complete the object, which says
what is wrong in its own words.
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, cast
from weakref import ref

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import (
    FieldDetailsList,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)

from graph.compiling.counting import current, items_per_row
from graph.compiling.leaves import Complete, NotPlain, complete_leaf, short_way
from graph.compiling.reading import Get, attribute_of, classes_of, getter, straight_way, types_by_class
from graph.compiling.writing import Plain, written

_leaf = cache(complete_leaf)
_short = cache(short_way)
_classes = cache(classes_of)
_members = cache(types_by_class)

TYPE_NAME = "__typename"


class Selection:
    """What is selected of objects of one type: all fields in their order, the plain ones, and the rest."""

    __slots__ = ("_read", "fields", "plain", "rest")

    def __init__(self, fields: GroupedFieldSet, plain: tuple[Plain, ...]) -> None:
        self._read: Complete | None = None
        self.fields = fields
        self.plain = plain
        compiled = {each.key for each in plain}
        self.rest = {key: details for key, details in fields.items() if key not in compiled}

    def __repr__(self) -> str:
        return f"<Selection of {len(self.plain)} plain fields and {len(self.rest)} others>"

    @property
    def read(self) -> Complete:
        """From an object to its plain fields, whatever its class."""
        if self._read is None:
            self._read = written(self.plain)
        return self._read


class Selections:
    """The selections of one operation, for one set of values of the variables that its directives use.

    It keeps what it has compiled. Lists of fields are known by identity, so they are kept with what was made of them.
    """

    def __init__(self, executor: Executor[Any]) -> None:
        self._schema = executor.schema
        self._fragments = executor.fragments
        self._variables = executor.variable_values
        self._operation = executor.operation
        self._root: Selection | None = None
        self._known: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, Selection]] = {}
        self._items: dict[tuple[GraphQLOutputType, int], tuple[FieldDetailsList, Complete | None]] = {}

    def __repr__(self) -> str:
        return f"<Selections of {len(self._known)} kinds of objects>"

    def __len__(self) -> int:
        """How many lists of fields were collected."""
        return len(self._known)

    @property
    def root_type(self) -> GraphQLObjectType:
        """The type of the operation's root."""
        type_ = self._schema.get_root_type(self._operation.operation)
        if type_ is None:
            raise TypeError(f"The schema has no {self._operation.operation.value}.")
        return type_

    def root(self) -> GroupedFieldSet:
        """The root fields; the same lists each time, so that what is inside of them is found again."""
        if self._root is None:
            type_ = self.root_type
            found = collect_fields(self._schema, self._fragments, self._variables, type_, self._operation)
            self._root = self._compiled(type_, found.grouped_field_set)
        return self._root.fields

    def roots(self) -> Selection:
        """What is selected of the root."""
        self.root()
        return cast("Selection", self._root)

    def data(self) -> Complete | None:
        """From the value of the only root field, which is a subscription's, to the data of a result.

        None if something of it is not plain, whatever the value is.
        """
        ((key, details),) = self.root().items()
        root = self._schema.get_root_type(self._operation.operation)
        field = None if root is None else root.fields.get(details[0].node.name.value)
        complete = None if field is None else self.value(field.type, details)
        if complete is None:
            return None
        # Members of an abstract type are compiled as they come, by these selections: so they are kept.
        return partial(_under, self, key, complete)

    def of(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        """What is selected of an object of this type by the fields that led to it.

        Raises:
            GraphQLError: a directive has no value.
        """
        key = (type_, id(details))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (details, self._collected(type_, details))
        return known[1]

    def value(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Complete | None:
        """How values of this type are completed; None if something of it is not plain."""
        key = (type_, id(details))
        known = self._items.get(key)
        if known is None:
            known = self._items[key] = (details, self._value(type_, details))
        return known[1]

    def _collected(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        found = collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, type_, details
        )
        return self._compiled(type_, dict(found.grouped_field_set))

    def _compiled(self, type_: GraphQLObjectType, fields: GroupedFieldSet) -> Selection:
        each = (self._field(key, type_, inner) for key, inner in fields.items())
        return Selection(fields, tuple(field for field in each if field is not None))

    def _field(self, key: str, type_: GraphQLObjectType, details: FieldDetailsList) -> Plain | None:
        name = details[0].node.name.value
        if name == TYPE_NAME:
            return Plain(key, lambda _object: type_.name, _same, is_constant=True)
        field = type_.fields.get(name)
        get = None if field is None else getter(field)
        if field is None or get is None:
            return None
        complete = self.value(field.type, details)
        if complete is None:
            return None
        inner: Any = get_nullable_type(field.type)
        way, item = straight_way(field), get_named_type(inner)
        if way is not None and is_object_type(item):
            items = self.of(item, details)
            return Plain(key, _same, _straight(way(items.plain), get, complete))
        short = _short(inner) if is_leaf_type(inner) else None
        return Plain(key, get, complete, attribute_of(field), short)

    def _value(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Complete | None:
        if is_non_null_type(type_):
            return self._present(type_.of_type, details)
        present = self._present(type_, details)
        return None if present is None else _nullable(present)

    def _present(self, type_: Any, details: FieldDetailsList) -> Complete | None:
        """How values of a type are completed that are never null."""
        if is_leaf_type(type_):
            return _leaf(type_)
        if is_list_type(type_):
            item = self.value(type_.of_type, details)
            return None if item is None else _many(item, items_per_row(type_))
        if is_abstract_type(type_):
            return self._member(type_, details)
        return self._object(type_, details) if is_object_type(type_) else None

    def _object(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Complete | None:
        try:
            selection = self.of(type_, details)
        except GraphQLError:
            # graphql-core comes to the same, and says where it happened.
            return None
        return None if selection.rest else written(selection.plain, _classes(type_))

    def _member(self, type_: GraphQLAbstractType, details: FieldDetailsList) -> Complete:
        """The members are compiled as they come: a union of twenty, of which two ever come, costs two."""
        types = _members(self._schema, type_)
        known: dict[type, Complete] = {}
        # What is kept here may not keep what keeps it: a forgotten document would stay until the collector comes by.
        # Whoever completes values has these selections.
        kept = ref(self)

        def complete(value: Any) -> Any:
            found = known.get(type(value))
            if found is None:
                selections = kept()
                found = _refuse if selections is None else selections.member(types, type(value), details)
                known[type(value)] = found
            return found(value)

        return complete

    def member(
        self, types: Mapping[type, GraphQLObjectType], class_: type, details: FieldDetailsList
    ) -> Complete:
        """How a member of an abstract type is completed that is of this class."""
        type_ = types.get(class_)
        found = None if type_ is None else self._object(type_, details)
        return _refuse if found is None else found


def _under(_selections: Selections, key: str, complete: Complete, value: Any) -> Any:
    return {key: complete(value)}


def _straight(way: Complete, get: Get, complete: Complete) -> Complete:
    """The straight way from an object to a list, or the other one for what it does not know."""

    def told(value: Any) -> Any:
        try:
            found = way(value)
        except Exception:  # noqa: BLE001  The other way comes to it too, if it is amiss.
            return complete(get(value))
        current().give(len(found))
        return found

    return told


def _same(value: Any) -> Any:
    return value


def _refuse(_value: Any) -> Any:
    raise NotPlain


def _nullable(present: Complete) -> Complete:
    def complete(value: Any) -> Any:
        return None if value is None else present(value)

    return complete


def _many(item: Complete, per_row: int) -> Complete:
    def complete(value: Any) -> Any:
        if type(value) is not list and type(value) is not tuple:
            raise NotPlain
        if len(value) >= per_row:
            current().give(len(value) // per_row)
        return [item(each) for each in value]

    return complete
