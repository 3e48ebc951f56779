"""Each test starts with an empty ledger."""

import pytest

from rlcourse.proof import ledger


@pytest.fixture(autouse=True)
def empty_ledger():
    ledger.clear()
    yield
    ledger.clear()
