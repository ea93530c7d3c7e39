import pytest

from web.negotiation import JSON_TYPES, SUPPORTED, Accept, MediaType


@pytest.mark.parametrize(
    ("header", "best"),
    [
        (None, MediaType.JSON),
        ("", MediaType.JSON),
        ("*/*", MediaType.JSON),
        ("application/*", MediaType.JSON),
        ("text/*", MediaType.EVENTS),
        ("application/json", MediaType.JSON),
        ("application/graphql-response+json", MediaType.GRAPHQL),
        ("application/graphql-response+json, application/json", MediaType.GRAPHQL),
        ("application/json, application/graphql-response+json", MediaType.JSON),
        ("application/json;q=0.5, application/graphql-response+json;q=0.4", MediaType.JSON),
        ("application/graphql-response+json, application/json;q=0.9", MediaType.GRAPHQL),
        ("application/json;q=0.9, application/graphql-response+json", MediaType.GRAPHQL),
        ("APPLICATION/JSON ; Q=1", MediaType.JSON),
        ("application/json; charset=utf-8", MediaType.JSON),
        ('application/json; charset="UTF-8"', MediaType.JSON),
        ("application/json; charset=utf-16, application/graphql-response+json", MediaType.GRAPHQL),
        ("application/json;q=0, */*", MediaType.GRAPHQL),
        ("text/event-stream", MediaType.EVENTS),
        # urql and Apollo list an event stream behind JSON.
        (
            "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
            MediaType.GRAPHQL,
        ),
        ("text/event-stream, application/json", MediaType.EVENTS),
        # Firefox.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", MediaType.HTML),
        ("image/png", None),
        ("application/json;q=0", None),
        ("nonsense", None),
        ("application/json;q=x", None),
    ],
)
def test_best(header: str | None, best: MediaType | None) -> None:
    assert Accept(header).best(*SUPPORTED) is best


def test_best_looks_only_among_what_it_is_given() -> None:
    assert Accept("text/event-stream, application/json;q=0.1").best(*JSON_TYPES) is MediaType.JSON


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("*/*", False),
        (None, False),
        ("text/event-stream", True),
        ("text/*", True),
        ("application/json, text/event-stream;q=0.1", True),
        ("text/event-stream;q=0, */*", False),
        ("text/event-stream;q=0, text/*", False),
    ],
)
def test_names(header: str | None, named: bool) -> None:
    assert Accept(header).names(MediaType.EVENTS) is named
