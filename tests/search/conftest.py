"""What the tests of this folder share."""

import pytest
from searching import chain, problem_of

from hlsq.search import Problem


@pytest.fixture(scope="session")
def problem() -> Problem:
    return problem_of(chain(6, 4))
