"""Known columns behind the rows asked for, completed by the slow way."""

import numpy as np

PENALTIES = np.logspace(-4, 5, 10)


def ridge(inputs, outputs, penalty):
    """Weights and intercepts of a ridge regression, by its normal equations."""
    centre, level = inputs.mean(axis=0), outputs.mean(axis=0)
    inputs = inputs - centre
    square = inputs.T @ inputs + penalty * np.eye(inputs.shape[1])
    weights = np.linalg.solve(square, inputs.T @ (outputs - level))
    return weights, level - centre @ weights


def errors_left_out(inputs, outputs, penalty):
    """Mean squared error of each output, each sample predicted from all others."""
    errors = []
    for i in range(len(inputs)):
        kept = np.arange(len(inputs)) != i
        weights, level = ridge(inputs[kept], outputs[kept], penalty)
        errors.append(outputs[i] - inputs[i] @ weights - level)
    return np.square(errors).mean(axis=0)


def whole_blocks_by_hand(seen, x, n_steps, window, horizon):
    """Rows x, of which the last block is completed by a regression.

    Parameters
    ----------
    seen : list of array of shape (window + horizon, n_known)
        Columns of the windows that are learned from, and of the rows they predict.
    x : array of shape (n_rows, n_known)
        Known rows, the last `n_steps` of which are to be predicted.
    """
    x, n_known = np.asarray(x, dtype=float), np.shape(x)[1]
    n_missing = -n_steps % horizon
    if not n_missing or not n_known:
        return x
    seen = np.array(seen, dtype=float)
    before, after = seen[:, :window], seen[:, window : window + horizon - 1]
    mean, std = after.mean(axis=(0, 1)), after.std(axis=(0, 1))
    std[std < 1e-12] = 1
    last = ((x[-window:] - mean) / std).ravel()
    before, after = (
        ((rows - mean) / std).reshape(len(seen), -1) for rows in (before, after)
    )
    errors = [errors_left_out(before, after, penalty) for penalty in PENALTIES]
    best = PENALTIES[np.argmin(errors, axis=0)]
    following = []
    for target, penalty in enumerate(best):
        weights, level = ridge(before, after[:, target], penalty)
        following.append(last @ weights + level)
    following = np.reshape(following, (horizon - 1, n_known)) * std + mean
    return np.vstack([x, following[:n_missing]])
