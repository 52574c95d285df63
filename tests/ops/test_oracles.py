"""Convolutions and poolings against naive loops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Spy
from tests.ops.oracles import ORACLES
from tests.ops.test_gradients import KERNELS


@pytest.mark.parametrize("name", ORACLES)
@given(data=st.data())
def test_agrees_with_the_loops(backend: Spy, name: str, data: st.DataObject) -> None:
    ORACLES[name](lambda low, high: data.draw(st.integers(low, high)))
    backend.assert_ran(KERNELS[name][0])
