"""Trusted documents: found by their ids, no others if an installation says so, and checked when a process starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import Misconfigured
from core.limits import Limits
from core.settings import Settings
from graph.core_execution import CORE_SCHEMA
from graph.documents import FORMAT, Documents, read_manifest, sha256_id
from graph.manifest import manifest_of
from graph.plans import Plans
from vocabulary.operations import Rejected, Request

ME = "query Me { me { role } }"
ACTIVITY = "subscription Live { activity { __typename } }"
DOCUMENTS = {sha256_id(ME): ME, "live": ACTIVITY}


def code(plans: Plans, request: Request) -> str:
    """Why a request is refused; nothing if it is not."""
    try:
        plans.of(request)
    except Rejected as rejected:
        (error,) = rejected.errors
        return str(error["extensions"]["code"])
    return ""


def apollo(text: str, query: str = "") -> Request:
    """As Apollo's clients ask."""
    ident = sha256_id(text)
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": ident.partition(":")[2]}}
    return Request(query, extensions=persisted, document_id=ident)


class TestAsking:
    @pytest.fixture
    def plans(self) -> Plans:
        return Plans(CORE_SCHEMA, documents=Documents(DOCUMENTS))

    def test_a_document_is_found_by_its_id_and_parsed_once(self, plans: Plans) -> None:
        found = plans.of(Request("", document_id=sha256_id(ME)))
        assert found is plans.of(Request(ME))
        assert plans.of(Request("", document_id="live")).field == "activity"
        assert plans.of(apollo(ME)) is found

    def test_others_are_carried_out_as_ever(self, plans: Plans) -> None:
        assert code(plans, Request("{ cursor }")) == ""

    @pytest.mark.parametrize(
        ("request_", "why"),
        [
            (Request("", document_id="sha256:0"), "PERSISTED_DOCUMENT_NOT_FOUND"),
            (Request("", document_id=""), "PERSISTED_DOCUMENT_NOT_FOUND"),
            # A client of Apollo's sends the document after this one.
            (apollo("{ cursor }"), "PERSISTED_QUERY_NOT_FOUND"),
            (apollo("{ cursor }", "{ cursor }"), ""),
            (apollo(ME, "{ cursor }"), "PERSISTED_DOCUMENT_MISMATCH"),
        ],
    )
    def test_what_is_unknown_is_refused_and_nothing_is_kept(
        self, plans: Plans, request_: Request, why: str
    ) -> None:
        plans.of(Request("{ cursor }"))
        assert code(plans, request_) == why


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (Request(ME), ""),
        (Request("", document_id=sha256_id(ME)), ""),
        (apollo(ME, ME), ""),
        (Request(ME + " "), "PERSISTED_DOCUMENT_REQUIRED"),
        (Request("{ cursor }"), "PERSISTED_DOCUMENT_REQUIRED"),
        (apollo("{ cursor }", "{ cursor }"), "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
def test_no_others_are_carried_out_if_only_these_are_trusted(request_: Request, why: str) -> None:
    assert code(Plans(CORE_SCHEMA, documents=Documents(DOCUMENTS, only=True)), request_) == why


class TestManifests:
    def test_each_way_to_write_one_is_read(self, tmp_path: Path) -> None:
        file, bare = tmp_path / "manifest.json", sha256_id(ME).partition(":")[2]
        ways: list[Any] = [
            {bare: ME},
            {sha256_id(ME): ME},
            {"format": FORMAT, "version": 1, "operations": [{"id": bare, "name": "Me", "body": ME}]},
        ]
        for way in ways:
            file.write_text(json.dumps(way))
            assert read_manifest(file) == {bare: ME, sha256_id(ME): ME}
        file.write_text(json.dumps({"a1": ME}))
        assert read_manifest(file) == {"a1": ME}

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("[]", "must be a manifest"),
            ('{"a": 1}', "must be a manifest"),
            (json.dumps({"format": FORMAT, "operations": [{"id": "a"}]}), "must be a manifest"),
            (json.dumps({"format": FORMAT}), "must be a manifest"),
            ("{", "is no JSON"),
            (json.dumps({"0" * 64: ME}), "the hash of another document"),
        ],
    )
    def test_what_is_none_is_told(self, tmp_path: Path, text: str, why: str) -> None:
        file = tmp_path / "manifest.json"
        file.write_text(text)
        with pytest.raises(Misconfigured, match=f"HELIOGRAPH_DOCUMENTS_FILE: .*{why}"):
            read_manifest(file)

    def test_a_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(Misconfigured, match=r"HELIOGRAPH_DOCUMENTS_FILE: .* cannot be read"):
            read_manifest(tmp_path / "none.json")

    @pytest.mark.parametrize(
        ("text", "why"),
        [("{", "Syntax Error"), ("{ nothing }", "Cannot query field"), ("{ me { role } }", "nested 2 deep")],
    )
    def test_one_that_cannot_be_carried_out_is_found_at_the_start(self, text: str, why: str) -> None:
        plans = Plans(CORE_SCHEMA, Limits(max_depth=1), Documents({"mine": text}))
        with pytest.raises(Misconfigured, match=f"the document mine cannot be carried out: .*{why}"):
            plans.check_documents()
        Plans(CORE_SCHEMA, documents=Documents(DOCUMENTS)).check_documents()

    def test_it_is_made_of_files_that_share_fragments(self) -> None:
        sources = {
            "a.graphql": f"query B {{ campaigns {{ nodes {{ ...C }} }} }} {ACTIVITY}",
            "b.graphql": "fragment C on Campaign { name }",
        }
        made = manifest_of(sources, CORE_SCHEMA)
        assert [(row["name"], row["type"]) for row in made["operations"]] == [
            ("B", "query"),
            ("Live", "subscription"),
        ]
        (first, second) = made["operations"]
        assert "fragment C" in first["body"]
        assert "fragment C" not in second["body"]
        texts = {row["id"]: row["body"] for row in made["operations"]}
        assert all(sha256_id(text) == f"sha256:{ident}" for ident, text in texts.items())

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("{ cursor }", "has no name"),
            (f"{ME} {ME}", "called Me"),
            ("query A { nothing }", "Cannot query field 'nothing'"),
            ("query A {", r"a.graphql: Syntax Error"),
        ],
    )
    def test_what_cannot_be_in_one_is_told(self, text: str, why: str) -> None:
        with pytest.raises(Misconfigured, match=why):
            manifest_of({"a.graphql": text}, CORE_SCHEMA)

    def test_only_trusted_documents_need_a_manifest(self) -> None:
        with pytest.raises(ValueError, match="set HELIOGRAPH_DOCUMENTS_FILE"):
            Settings(documents_only=True)


class TestIntrospection:
    @pytest.fixture
    def plans(self) -> Plans:
        return Plans(CORE_SCHEMA, introspection=False)

    @pytest.mark.parametrize("field", ["__schema { types { name } }", '__type(name: "Query") { name }'])
    def test_the_schema_is_not_told(self, plans: Plans, field: str) -> None:
        assert code(plans, Request(f"{{ {field} }}")) == "INTROSPECTION_DISABLED"
        assert (
            code(plans, Request(f"{{ ...F }} fragment F on Query {{ {field} }}")) == "INTROSPECTION_DISABLED"
        )
        assert code(Plans(CORE_SCHEMA), Request(f"{{ {field} }}")) == ""

    def test_the_name_of_a_type_is(self, plans: Plans) -> None:
        assert code(plans, Request("{ __typename me { __typename } }")) == ""

    def test_nothing_is_suggested_either(self, plans: Plans) -> None:
        def message(of: Plans) -> str:
            with pytest.raises(Rejected) as info:
                of.of(Request("{ campaignz { totalCount } }"))
            return str(info.value)

        assert "Did you mean" in message(Plans(CORE_SCHEMA))
        assert message(plans) == "Cannot query field 'campaignz' on type 'Query'."
