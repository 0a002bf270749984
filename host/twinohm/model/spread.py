"""How an error of a part varies from one specimen to the next."""

from dataclasses import dataclass

import numpy as np

from twinohm.model.circuit import Floats


@dataclass(frozen=True)
class Spread:
    """An error that is normal with `sd`; no part that is sold has more than `most`."""

    sd: float
    most: float

    def draw(self, random: np.random.Generator, size: int) -> Floats:
        """Return `size` errors."""
        return np.clip(self.sd * random.standard_normal(size), -self.most, self.most)
