"""`twinohm place` sorts out placements by the Jacobian: none that learns, and none of a task that it cannot judge."""

import numpy as np
import pytest

from twinohm.model.board_file import load_board
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES
from twinohm.studies import placement_search as place
from twinohm.studies.candidates import Candidate, candidates
from twinohm.studies.reachable import LEAST_ORDERS, can_sort_out, reachable_orders, sort_out
from twinohm.tasks import find_task

LAB16 = load_board("lab16")


def test_a_placement_that_cannot_learn_is_sorted_out_and_a_good_one_is_not() -> None:
    good, bad = Placement(("B", "D", "I"), ("F", "G", "H")), Placement(("F", "E", "H"), ("C", "D", "B"))
    orders = reachable_orders(find_task("allostery"), LAB16, [good, bad])
    assert orders[0] > LEAST_ORDERS > orders[1]
    assert sort_out(find_task("allostery"), LAB16, [Candidate(bad), Candidate(good)]) == [Candidate(good)]


def test_tasks_that_it_cannot_judge_keep_all_placements() -> None:
    judged = {name for name in ("allostery", "regression", "divider", "iris", "xor", "vee") if _judges(name)}
    assert judged == {"allostery", "regression"}
    tried = candidates(find_task("divider"), LAB16, 20)
    assert sort_out(find_task("divider"), LAB16, tried) == tried


def _judges(name: str) -> bool:
    return can_sort_out(find_task(name), LAB16)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["allostery", "regression"])
def test_no_random_placement_that_learns_is_sorted_out(name: str) -> None:
    task = find_task(name)
    tried = candidates(task, LAB16, 400, seed=5)
    found = place.evaluate(place.Search(task, LAB16, PROFILES["lab"]), tried, range(8))
    learns = np.array([one.lower_quartile >= 1 for one in found])
    out = reachable_orders(task, LAB16, [one.placement for one in tried]) < LEAST_ORDERS
    assert out.sum() > 20 and not (out & learns).any()
