"""The table of layer choices: who watches what, what fits, who gets which layer."""

from hypothesis import given
from hypothesis import strategies as st

from sfu.layers import Offer, Want, choose

CAMERA = (Offer(150_000, flowing=True), Offer(500_000, flowing=True), Offer(1_500_000, flowing=True))


def want(name: str = "a", **changes: object) -> Want:
    values: dict[str, object] = {
        "id": name,
        "priority": 1,
        "layer_max": 2,
        "current": None,
        "offers": CAMERA,
        "may_rise": True,
    }
    return Want(**{**values, **changes})  # type: ignore[arg-type]  # A table row names what differs.


def test_wishes_alone_decide_without_an_estimate() -> None:
    assert choose([want("a"), want("b", layer_max=0)], None) == {"a": 2, "b": 0}


def test_hidden_video_gets_nothing() -> None:
    assert choose([want(layer_max=None)], 10_000_000) == {"a": None}


def test_everybody_has_the_lowest_layer_before_anybody_has_more() -> None:
    teacher, classmate = want("teacher", priority=9), want("classmate")
    assert choose([teacher, classmate], 400_000) == {"teacher": 0, "classmate": 0}


def test_higher_priority_rises_first() -> None:
    teacher, classmate = want("teacher", priority=9), want("classmate")
    assert choose([classmate, teacher], 1_800_000) == {"teacher": 2, "classmate": 0}


def test_equals_rise_in_turns() -> None:
    assert choose([want("a"), want("b")], 1_700_000) == {"a": 1, "b": 1}


def test_lowest_priority_goes_dark_first() -> None:
    wants = [want("screen", priority=9), want("camera")]
    assert choose(wants, 200_000) == {"screen": 0, "camera": None}


def test_rising_needs_room_to_spare_and_staying_does_not() -> None:
    assert choose([want(current=0)], 510_000) == {"a": 0}
    assert choose([want(current=1)], 510_000) == {"a": 1}
    assert choose([want(current=0)], 600_000) == {"a": 1}


def test_shown_picture_outlives_a_short_dip() -> None:
    assert choose([want(current=0)], 100_000) == {"a": 0}
    assert choose([want(current=None)], 100_000) == {"a": None}
    assert choose([want(current=0)], 50_000) == {"a": None}


def test_fallen_viewer_rests_before_he_rises() -> None:
    assert choose([want(current=0, may_rise=False)], 10_000_000) == {"a": 0}


def test_layer_that_does_not_flow_is_not_chosen() -> None:
    offers = (Offer(150_000, flowing=True), Offer(500_000, flowing=True), Offer(0, flowing=False))
    assert choose([want(offers=offers, current=2)], 10_000_000) == {"a": 1}


def test_only_layer_above_the_wish_is_better_than_none() -> None:
    offers = (Offer(0, flowing=False), Offer(500_000, flowing=True))
    assert choose([want(offers=offers, layer_max=0)], 10_000_000) == {"a": 1}


def test_frozen_camera_keeps_its_layer() -> None:
    offers = (Offer(0, flowing=False),) * 3
    assert choose([want(offers=offers, current=1)], 10_000_000) == {"a": 1}


@given(
    wants=st.lists(
        st.builds(
            Want,
            id=st.uuids().map(str),
            priority=st.integers(0, 3),
            layer_max=st.none() | st.integers(0, 3),
            current=st.none() | st.integers(0, 2),
            offers=st.lists(
                st.builds(Offer, st.integers(0, 3_000_000), flowing=st.booleans()), min_size=1, max_size=3
            ).map(tuple),
            may_rise=st.booleans(),
        ),
        max_size=6,
    ),
    budget=st.none() | st.integers(0, 10_000_000),
)
def test_choice_names_existing_layers_and_answers_everybody(wants: list[Want], budget: int | None) -> None:
    chosen = choose(wants, budget)
    assert chosen.keys() == {want.id for want in wants}
    for each in wants:
        layer = chosen[each.id]
        assert layer is None or 0 <= layer < len(each.offers)
        assert each.layer_max is not None or layer is None
