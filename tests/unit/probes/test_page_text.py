"""The zones of a page: what a person sees, word by word, and nothing of scripts and attributes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.markup import bounded
from probes.page_text import from_html, from_plain
from vocabulary.checks import Zone


def body(html: str) -> str:
    return from_html(html).zones.get(Zone.BODY, "")


def test_the_zones_of_a_page() -> None:
    page = from_html(
        "<html><head><title> A \n title </title><meta name=Description content='what  it is'>"
        "<meta name=keywords content=words><meta name=robots content=none></head>"
        "<body><h1>Head <a href=x>line</a></h1><p>Some <b>bold</b> text</p><a>One</a><a>Two</a></body>"
    )
    assert page.zones == {
        Zone.TITLE: "A title",
        Zone.META: "what it is words",
        Zone.HEADING: "Head line",
        Zone.ANCHOR: "line One Two",
        Zone.BODY: "Head line Some bold text OneTwo",
    }
    assert page.title == "A title"


@pytest.mark.parametrize("tag", ["script", "style", "noscript", "template", "iframe"])
def test_what_is_not_seen_is_skipped(tag: str) -> None:
    assert body(f"<p>before</p><{tag}>hidden</{tag}><p>after</p>") == "before after"


def test_comments_and_attributes_are_skipped() -> None:
    assert body("<p title=hidden>a<!-- hidden -->b</p><input value=hidden>") == "ab"


@pytest.mark.parametrize("tag", ["p", "div", "li", "dd", "h2", "section", "custom-element"])
def test_blocks_separate_words(tag: str) -> None:
    assert body(f"one<{tag}>two</{tag}>three") == "one two three"


def test_a_line_break_separates_and_inline_elements_do_not() -> None:
    assert body("one<br>two t<b>h</b>r<span>e</span>e") == "one two three"


def test_white_space_is_collapsed_and_text_composed() -> None:
    assert body("<p>  cafe\u0301\n\t&nbsp; x </p>") == "café x"


def test_entities_are_read() -> None:
    assert body("<p>&lt;b&gt; &amp; &#xe9;</p>") == "<b> & é"


def test_every_heading_level_counts_and_nesting_ends_where_it_ends() -> None:
    page = from_html("".join(f"<h{n}>t{n}</h{n}>" for n in range(1, 8)) + "<p>after</p>")
    assert page.zones[Zone.HEADING] == "t1 t2 t3 t4 t5 t6"


def test_a_title_of_a_drawing_is_not_the_page_s() -> None:
    page = from_html("<body><svg><title>drawing</title></svg>text</body>")
    assert page.title is None


def test_a_title_is_cut_and_its_zone_is_not() -> None:
    page = from_html(f"<title>{'x' * 600}</title>")
    assert (page.title, len(page.zones[Zone.TITLE])) == ("x" * 512, 600)


@pytest.mark.parametrize("html", ["", " ", "<", "</p>", "<title>", "<body", "plain"])
def test_broken_markup_is_read_as_far_as_it_goes(html: str) -> None:
    assert from_html(html).zones in ({}, {Zone.BODY: html.strip()}) or html == "<"


def test_cells_of_a_table_are_separate_words() -> None:
    assert body("<table><tr><td>one<td>two<tr><td>three</table>") == "one two three"


def test_deep_nesting_is_no_recursion() -> None:
    assert body("<div>" * 1900 + "deep") == "deep"


BOMBS = {
    "nested": "<div>" * 400_000,
    "nested and self-closed": "<svg><p>" + "<x/>" * 400_000,
    "nested in a description": "<svg><desc>" + "<x/>" * 400_000,
    "cloned": "<p>" + "".join(f"<b id={n}>" for n in range(1000)) + "<p>x" * 200_000,
    "cloned behind comments": "<p>"
    + "".join(f"<b id={n}><!--</b>-->" for n in range(1000))
    + "<p>x" * 200_000,
    "cloned behind quotes": "<p>" + "".join(f"<b id={n} x='</b>'>" for n in range(1000)) + "<p>x" * 200_000,
    "cloned behind false quotes": "<i a=b='>"
    + "".join(f"<b id={n}>" for n in range(1000))
    + "<p>x" * 200_000,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_markup_that_would_explode_is_cut(kind: str) -> None:
    started = time.process_time()
    assert body("seen first " + BOMBS[kind]).startswith("seen first")
    assert time.process_time() - started < 5


def test_an_honest_large_page_is_read_to_its_end() -> None:
    row = "<li><a href='/x?a=1&b=\"2\"'><b>Item</b></a><br><img src=x><svg><path d=x /></svg><p>text"
    page = "<div><div><ul>" + row * 15_000 + "</ul></div></div><p>the end"
    assert body(page).endswith("the end")
    assert bounded(page) == page


def test_plain_text_is_all_body() -> None:
    assert from_plain("a\n b <b>").zones == {Zone.BODY: "a b <b>"}
    assert from_plain(" \n").zones == {}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_is_read_without_an_error(html: str) -> None:
    for text in from_html(html).zones.values():
        assert text == " ".join(text.split())
