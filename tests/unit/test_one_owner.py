"""Facts that stand in one module of the host each; all others import them."""

import io
import re
import tokenize
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import twinohm
from twinohm.model.random_streams import COMPONENTS, ENSEMBLE_NOISE, REGRESSION_DATA, STREAMS, RandomStream

HOST = Path(twinohm.__file__).parent
POSITIONS = r"[*/] ?128|128 ?[*/]|\b127\b(?!\.)|TOP_TAP ="


@cache
def code_lines(path: Path) -> list[str]:
    """Lines of a file without comments and docstrings."""
    lines: dict[int, list[str]] = {}
    first_of_line = True
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        text = token.type == tokenize.STRING and first_of_line
        if token.type != tokenize.COMMENT and not text:
            lines.setdefault(token.start[0], []).append(token.string)
        if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.NL):
            first_of_line = True
        elif token.type != tokenize.DEDENT:
            first_of_line = False
    return [" ".join(words) for words in lines.values()]


def modules_with(pattern: str) -> set[str]:
    found = (path for path in HOST.rglob("*.py") if any(re.search(pattern, line) for line in code_lines(path)))
    return {path.relative_to(HOST).as_posix() for path in found}


@pytest.mark.parametrize(
    ("pattern", "modules"),
    [
        (r"TASK_SPAN_V =", {"model/codes.py"}),
        (r"\b5 / \(|/ 5 \* board|\* 5 / board|code_span / 5\b", set()),  # the span as a bare number
        (r"[\"']clamped[\"']", {"model/networks.py"}),
        (POSITIONS, {"sim/line_editor.py"}),  # there 127 is the key DEL
        (r"\b128\b", {"model/pot_parts.py", "benchmarks/chip.py"}),  # there a number of edges
        (r"default_rng|SeedSequence", {"model/random_streams.py"}),
        (r"removeprefix \( \"GP\"", set()),
        (r"\bTIE_V =", {"model/components.py"}),
        (r"click \. Path", {"cli/path_type.py"}),
    ],
)
def test_a_fact_stands_in_one_module(pattern: str, modules: set[str]) -> None:
    assert modules_with(pattern) == modules


def test_random_streams_that_can_have_one_seed_differ() -> None:
    """numpy fills a SeedSequence with zeros: [seed] and [seed, 0] would be one stream."""
    assert all(stream.words and 0 not in stream.words for stream in STREAMS if stream.words != COMPONENTS.words)
    named = [stream for stream in STREAMS if stream.words]
    for one, other in combinations([COMPONENTS, *named], 2):
        assert one.words != other.words, f"{one.name} and {other.name}"
    assert len({stream.name for stream in STREAMS}) == len(STREAMS)


@pytest.mark.parametrize("stream", [COMPONENTS, REGRESSION_DATA], ids=lambda stream: stream.name)
def test_a_stream_is_that_of_recorded_runs(stream: RandomStream) -> None:
    expected = np.random.default_rng([7, *stream.words]).uniform(size=3)
    np.testing.assert_array_equal(stream.generator(7).uniform(size=3), expected)


def test_the_ensembles_noise_is_not_the_data_of_regression() -> None:
    states = [stream.sequence(7).generate_state(2).tolist() for stream in (ENSEMBLE_NOISE, REGRESSION_DATA)]
    assert states[0] != states[1]
