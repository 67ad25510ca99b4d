"""Cases of which the everyday run takes some, and `make test-all` takes all."""

from itertools import product

import pytest


def crossed(*axes):
    """Return every combination of the values of several axes, as parameters of a test.

    The everyday run takes the diagonal, so that it sees each value at least once.
    """
    axes = [list(axis) for axis in axes]
    longest = max(map(len, axes))
    diagonal = {tuple(i % len(axis) for axis in axes) for i in range(longest)}
    places = product(*(range(len(axis)) for axis in axes))
    return [
        pytest.param(
            *(axis[i] for axis, i in zip(axes, place, strict=True)),
            marks=[] if place in diagonal else pytest.mark.exhaustive,
        )
        for place in places
    ]


def first_of_many(values, n=1):
    """Return values as parameters of a test, of which the everyday run takes `n`.

    A tuple holds the values of several parameters.
    """
    marks = [pytest.mark.exhaustive]
    return [
        value if i < n else pytest.param(*each, marks=marks)
        for i, value in enumerate(values)
        for each in [value if isinstance(value, tuple) else (value,)]
    ]
