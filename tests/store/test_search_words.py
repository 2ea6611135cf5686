"""Whatever is typed is a search, and nothing of a database's language comes through."""

import re
import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from app.store.search_words import beginning, for_fts5, for_postgres, parse_search, plain, snippet


def test_words_phrases_and_what_must_not_be_there() -> None:
    search = parse_search('Faktura -betalt "feil beløp" kari@x.no')
    assert [term.words for term in search.wanted] == [
        ("faktura",),
        ("feil", "beløp"),
        ("kari", "x", "no"),
    ]
    assert [term.words for term in search.unwanted] == [("betalt",)]
    assert for_fts5(search) == '("faktur"* AND "feil beløp" AND "kari x no") NOT "betal"*'


def test_only_what_is_unwanted_finds_nothing() -> None:
    search = parse_search("-faktura")
    assert for_fts5(search) == ""
    assert for_postgres(search) == ("", {})


def test_an_ending_is_left_off_where_enough_remains() -> None:
    assert beginning("fakturaene") == "faktura"
    assert beginning("hus") == "hus"
    assert beginning("payments") == "payment"


@given(st.text(max_size=200))
def test_sqlite_takes_whatever_is_typed(query: str) -> None:
    asked = for_fts5(parse_search(query))
    if asked:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5(head, body)")
            connection.execute("SELECT * FROM t WHERE t MATCH ?", (asked,)).fetchall()
        connection.close()


@given(st.text(max_size=200))
def test_postgres_is_asked_with_words_alone(query: str) -> None:
    expression, values = for_postgres(parse_search(query))
    assert not re.sub(
        r"\(|\)|'norwegian'|'english'|\w*to_tsquery|, :term\d+|[&|! ]", "", expression
    )
    for value in values.values():
        assert not re.search(r"[^\w ]", value.removesuffix(":*"))


@given(st.text(max_size=300), st.text(max_size=40))
def test_a_snippet_is_a_piece_of_the_text_and_its_marks_lie_inside(text: str, query: str) -> None:
    piece = snippet(parse_search(query), text, length=50)
    assert piece.text in " ".join(text.split())
    assert all(0 <= start < end <= len(piece.text) for start, end in piece.marks)
    assert plain(text) == plain(plain(text))
