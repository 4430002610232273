"""Names the doctests of calculator/ use without repeating them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from calculator.model.benefit import Rules


@pytest.fixture(autouse=True)
def _published_parameters(doctest_namespace: dict[str, Any]) -> None:
    """The published 2027 benefit, in the order of Rules' fields."""
    published = (700, 2400, 0.25, 0.10, 0.10, 0.20, 0.20, 0.40, 0.40)
    doctest_namespace["rules_2027"] = Rules(*(np.asarray(x, dtype=float) for x in published))
