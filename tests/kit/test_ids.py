from app.kit.ids import keyed, new_id, new_token, same


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(200)]
    milliseconds = [one.int >> 80 for one in made]
    assert milliseconds == sorted(milliseconds)
    assert len(set(made)) == 200
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in made)


def test_a_keyed_hash_depends_on_the_key_and_the_text() -> None:
    assert keyed("a" * 32, "198") == keyed("a" * 32, "198")
    assert keyed("a" * 32, "198") != keyed("b" * 32, "198")
    assert keyed("a" * 32, "198") != keyed("a" * 32, "199")
    assert len(keyed("a" * 32, "198")) == 16


def test_tokens_are_recognisable_and_never_the_same() -> None:
    assert new_token("svartid").startswith("svartid_")
    assert not same(new_token("svartid"), new_token("svartid"))
