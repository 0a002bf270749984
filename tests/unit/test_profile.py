"""Profiles by name, with single numbers set by hand."""

import dataclasses

import pytest

from twinohm.errors import UsageError
from twinohm.model.profile import LAB, PROFILES, profile_from


def test_a_number_set_by_hand_replaces_that_of_the_profile() -> None:
    assert profile_from("lab", {"noise_V": "0.002"}) == dataclasses.replace(LAB, noise_V=0.002)
    assert profile_from("lab", {"noise_V": "0"}).noise_V == 0
    assert profile_from("lab", {}) == LAB


def test_the_profiles_are_those_of_the_documentation() -> None:
    ideal, quiet = PROFILES["ideal"], PROFILES["quiet"]
    assert (LAB.edge_spread, LAB.twin_sd, LAB.offset_sd_V, LAB.noise_V, LAB.adc_faults) == (0.3, 0.01, 1.35e-3, 5e-3, 1)
    assert (LAB.wiper_low_ohm, LAB.wiper_high_ohm) == (40, 100)
    assert (ideal.edge_spread, ideal.twin_sd, ideal.offset_sd_V, ideal.noise_V, ideal.adc_faults) == (0, 0, 0, 0, 0)
    assert quiet == dataclasses.replace(LAB, noise_V=0.5e-3)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("best", {}, "profile = 'best': no such profile; use ideal, lab, quiet"),
        ("lab", {"noise": "1"}, "no setting 'noise'; use edge_spread"),
        ("lab", {"noise_V": "much"}, "noise_V = 'much': not a number"),
        ("lab", {"noise_V": "-1"}, "noise_V = '-1': must be 0 or more"),
        ("lab", {"noise_V": "nan"}, "noise_V = 'nan': not a number"),
        ("lab", {"noise_V": "inf"}, "noise_V = 'inf': not a number"),
        ("lab", {"wiper_low_ohm": "101"}, "wiper_low_ohm = 101.0: more than wiper_high_ohm = 100.0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, changes: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        profile_from(name, changes)


@pytest.mark.parametrize("name, value", [("adc_faults", "2"), ("averager_sd", "1e9"), ("buffer_sd_V", "100")])
def test_a_number_beyond_its_limit_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{name} = .*: at most "):
        profile_from("lab", {name: value})
