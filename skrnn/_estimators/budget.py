"""How long to train: a number of updates that grows slowly with the samples."""

from __future__ import annotations

from math import ceil, log2, sqrt

__all__ = ["choose_batch_size", "choose_epochs"]

# Updates for each time that the number of samples doubles.
UPDATES_PER_DOUBLING = 500
# How many times as many a usual number of epochs may take.
MOST_TIMES = 8
SMALLEST_BATCH, LARGEST_BATCH = 16, 512


def choose_batch_size(batch_size: int | str, n_samples: int) -> int:
    """Return the number of samples for one update.

    Parameters
    ----------
    batch_size : int or "auto"
        Number that was asked for. "auto" is the power of two at or below half the
        square root of `n_samples`, between 16 and 512.
    n_samples : int
        Number of training samples.
    """
    if batch_size != "auto":
        return int(batch_size)  # An integer of NumPy could overflow.
    power = 2 ** int(log2(max(1, sqrt(n_samples) / 2)))
    return min(max(power, SMALLEST_BATCH), LARGEST_BATCH)


def choose_epochs(
    epochs: int | str,
    n_samples: int,
    batch_size: int,
    *,
    at_most: float,
    usual: int = 1,
) -> int:
    """Return the number of epochs.

    Parameters
    ----------
    epochs : int or "auto"
        Number that was asked for. "auto" makes about ``500 * log2(n_samples)`` updates,
        in whole epochs.
    n_samples, batch_size : int
        Number of training samples, and how many of them make one update.
    at_most : float
        Largest number of epochs that "auto" chooses; infinity for any.
    usual : int, default=1
        Number of epochs that "auto" chooses if they make more updates than that, up to
        eight times as many.
    """
    if epochs != "auto":
        return int(epochs)
    n_updates = UPDATES_PER_DOUBLING * log2(max(2, n_samples))
    n_batches = ceil(n_samples / batch_size)
    least, most = (
        max(1, round(times * n_updates / n_batches)) for times in (1, MOST_TIMES)
    )
    return int(min(max(least, min(usual, most)), at_most))
