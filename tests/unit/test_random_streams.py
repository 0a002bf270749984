"""The words of the random streams are part of every recorded result: another word is another result."""

from itertools import combinations

from twinohm.model.random_streams import STREAMS


def test_every_stream_keeps_its_words() -> None:
    assert {stream.name: stream.words for stream in STREAMS} == {
        "components": (),
        "adc_curves": (1,),
        "regression": (2,),
        "iris": (3,),
        "user_task": (4,),
        "ensemble_noise": (5,),
        "power_on_taps": (6,),
        "dac_curves": (7,),
        "analogue_paths": (8,),
        "temperature": (9,),
        "graphs": (10,),
        "user_split": (11,),
        "user_placement": (12,),
        "diodes": (13,),
        "xor": (14,),
        "curves": (15,),
        "points": (19,),
        "placed_diodes": (17,),
        "mosfets": (18,),
        "descent": (16,),
        "placements": (),
        "resampling": (),
        "supply_noise": (),
        "benchmark": (),
    }


def test_streams_with_other_words_draw_other_numbers() -> None:
    drawn = {stream.words: stream.generator(3).integers(2**60) for stream in STREAMS}
    assert all(drawn[a] != drawn[b] for a, b in combinations(drawn, 2))
