from live.event_text import ALONE, named


def test_an_event_has_its_cursor_as_id() -> None:
    assert ALONE.next(b'{"data":1}', "c7") == b'event: next\nid: c7\ndata: {"data":1}\n\n'


def test_each_line_of_a_result_is_a_line_of_data() -> None:
    assert ALONE.next(b'{\r\n"data":\n1}') == b'event: next\ndata: { \ndata: "data":\ndata: 1}\n\n'


def test_one_of_several_names_itself_and_has_no_id_line() -> None:
    wording = named('a"\n')
    assert wording.next(b'{"data":1}', "c7") == (
        b'event: next\ndata: {"id":"a\\"\\n","payload":{"data":1}}\n\n'
    )
    assert wording.complete == b'event: complete\ndata: {"id":"a\\"\\n"}\n\n'


def test_a_failure_is_a_result_and_the_end() -> None:
    assert named("a").failed([{"message": "no"}]) == (
        b'event: next\ndata: {"id":"a","payload":{"errors":[{"message":"no"}]}}\n\n'
        b'event: complete\ndata: {"id":"a"}\n\n'
    )
