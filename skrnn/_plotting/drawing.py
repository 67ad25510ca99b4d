"""What the displays draw with: series brought over one index, and their lines.

Matplotlib is optional, so the functions that need it import it themselves.
"""

import numpy as np
import pandas as pd

FEW_POINTS = 40  # A curve of up to this many points shows each of them.
MANY_POINTS = 500  # A curve of more points is drawn thinner.
LONG_SERIES = 10_000  # In more points Matplotlib is slow to find a free place.


def import_pyplot(caller):
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{caller} needs matplotlib; install it with pip install "skrnn[plot]".'
        ) from error
    return plt


def whole_numbers():
    """Return a locator that puts ticks on whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)


def marker_for(n_points):
    return "." if n_points <= FEW_POINTS else None


def _has_index(y):
    return isinstance(y, (pd.Series, pd.DataFrame))


def _holds_dates(index):
    return isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex))


def _rows(start, n_rows):
    return pd.RangeIndex(start, start + n_rows, name="Row")


def align_series(y_train, y_pred, y_true):
    """Return history, forecast and truth as DataFrames over one kind of index."""
    if any(_has_index(y) for y in (y_train, y_pred, y_true)):
        # Forecast and truth stand for the same rows: the index of one serves both.
        train_index = None
        pred_index = getattr(y_true, "index", None)
        true_index = getattr(y_pred, "index", None)
    else:
        n_train, n_pred, n_true = (
            0 if y is None else len(y) for y in (y_train, y_pred, y_true)
        )
        train_index = _rows(0, n_train)
        pred_index, true_index = _rows(n_train, n_pred), _rows(n_train, n_true)
    history = _as_frame(y_train, train_index, "y_train")
    forecast = _as_frame(y_pred, pred_index, "y_pred")
    truth = _as_frame(y_true, true_index, "y_true")
    if len(forecast) == 0:
        raise ValueError("y_pred must hold at least one row. Got none.")
    _check_same_axes("y_train", history, forecast)
    _check_same_axes("y_true", truth, forecast)
    return history, forecast, truth


def _as_frame(y, index, name):
    """Return y as a DataFrame; an array gets the index."""
    if y is None or _has_index(y):
        return None if y is None else pd.DataFrame(y)
    y = np.asarray(y)
    if y.ndim not in (1, 2):
        raise ValueError(f"{name} must have 1 or 2 axes. Got shape {y.shape} instead.")
    if index is None or len(index) != len(y):
        raise ValueError(
            f"{name} must have an index if another part of the plot has one. Got an "
            f"array of shape {y.shape} instead; pass a Series or DataFrame."
        )
    return pd.DataFrame(y, index=index)


def _check_same_axes(name, part, forecast):
    if part is None:
        return
    if part.shape[1] != forecast.shape[1]:
        raise ValueError(
            f"{name} must have as many targets as y_pred, {forecast.shape[1]}. Got "
            f"{part.shape[1]} instead."
        )
    if _holds_dates(part.index) != _holds_dates(forecast.index):
        raise ValueError(
            f"{name} and y_pred must both be indexed by dates or both by numbers. "
            f"Got {type(part.index).__name__} and {type(forecast.index).__name__} "
            "instead; give them stamps of one kind."
        )


def align_interval(y_interval, y_pred, forecast):
    """Return the ends of intervals as an array of shape (n_steps, n_targets, 2)."""
    if y_interval is None:
        return None
    ends = np.asarray(y_interval, dtype=float)
    n_steps, n_targets = forecast.shape
    if ends.shape not in [(n_steps, n_targets, 2), (n_steps, 2 * n_targets)]:
        raise ValueError(
            "y_interval must hold the lower and the upper end for each row and target "
            f"of y_pred, which has the shape {np.shape(y_pred)}. Got the shape "
            f"{ends.shape} instead; pass what predict_interval returns."
        )
    if _has_index(y_interval) and not y_interval.index.equals(forecast.index):
        raise ValueError(
            "y_interval must have the index of y_pred. Got another one; predict both "
            "for the same rows."
        )
    return ends.reshape(n_steps, n_targets, 2)


def name_interval(coverage):
    """Return the label of intervals that hold a share of the observations."""
    return "interval" if coverage is None else f"{100 * coverage:g} % interval"


def place_series(y, y_pred, X, last_stamp, n_train):
    """Return history, forecast and truth with the stamps where they are drawn.

    Parameters
    ----------
    y : {array, Series, DataFrame} or None
        The observed series.
    y_pred : {array, Series, DataFrame}
        The forecast.
    X : {array, DataFrame}
        The rows of the forecast.
    last_stamp : index value or None
        The end of the training rows, if they had an index.
    n_train : int
        The number of training rows.
    """
    if not _has_index(y_pred) and _has_index(X):
        y_pred = pd.DataFrame(y_pred, index=X.index)
    if _has_index(y_pred):
        if y is not None and not _has_index(y):
            raise TypeError(
                "y must be a Series or DataFrame with the stamps of its rows, since "
                f"the forecast has stamps. Got {type(y).__name__} instead."
            )
    else:
        y_pred = pd.DataFrame(y_pred, index=_rows(n_train, len(y_pred)))
        if y is not None:
            _check_covers_training(y, n_train)
            y, last_stamp = pd.DataFrame(y).set_axis(_rows(0, len(y))), n_train - 1
    y_train, y_true = _split_observed(y, last_stamp, n_train)
    return y_train, y_pred, y_true


def _check_covers_training(y, n_train):
    if len(y) < n_train:
        raise ValueError(
            f"y must begin with the {n_train} training rows if the forecaster was "
            f"fitted without stamps. Got {len(y)} rows instead; pass the whole series."
        )


def _split_observed(y, last_stamp, n_train):
    """Split an observed series at the end of training."""
    if y is None:
        return None, None
    if last_stamp is None:
        _check_covers_training(y, n_train)
        return y.iloc[:n_train], y.iloc[n_train:]
    if isinstance(last_stamp, pd.Series):
        return _split_each(y, last_stamp)
    try:
        seen = y.index <= last_stamp
    except TypeError as error:
        raise TypeError(
            "y must have an index of the kind that the forecaster was fitted on, with "
            f"{last_stamp!r} as last stamp. Got {type(y.index).__name__} instead."
        ) from error
    return y[seen], y[~seen]


def _split_each(y, last_stamps):
    """Split series that are columns of y, each at the end of its own training."""
    y = pd.DataFrame(y)
    unknown = [name for name in y.columns if name not in last_stamps.index]
    if unknown:
        raise ValueError(
            f"y must hold the series that the forecaster was fitted on, "
            f"{list(last_stamps.index)}. Got {unknown[0]!r} as well; leave it out."
        )
    stamps = y.index.to_numpy()[:, None]
    seen = stamps <= last_stamps[y.columns].to_numpy()
    rows = seen.any(axis=1), ~seen.all(axis=1)
    return y.where(seen)[rows[0]], y.mask(seen)[rows[1]]


def name_targets(target_name, parts):
    """Return a name for each target: the user's, the columns' or a number."""
    n_targets = parts[1].shape[1]
    columns = [part.columns for part in parts if part is not None]
    named = [names for names in columns if not isinstance(names, pd.RangeIndex)]
    if target_name is not None:
        names = [target_name] if isinstance(target_name, str) else list(target_name)
    elif named:
        names = [str(name) for name in named[0]]
    else:
        names = [f"target {i}" for i in range(n_targets)] if n_targets > 1 else ["y"]
    if len(names) != n_targets:
        raise ValueError(
            f"target_name must name each target, {n_targets}. Got {names} instead."
        )
    return names


def points(part, target):
    """Return the axis values and the numbers of one target, or None."""
    if part is None or len(part) == 0:
        return None
    return axis_values(part.index), part.iloc[:, target].to_numpy(dtype=float)


def axis_values(index):
    """Return an index as dates or numbers that Matplotlib draws unaided."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex) and index.tz is not None:
        return index.as_unit("us").to_pydatetime()  # NumPy's dates have no zone.
    if _holds_dates(index) or pd.api.types.is_numeric_dtype(index):
        return index.to_numpy()
    raise TypeError(
        "A series must be indexed by dates, periods or numbers to be drawn. Got "
        f"{type(index).__name__} instead; select one series or set its index."
    )


def make_axes(ax, n_targets):
    """Return one axes for each target and the axes whose place they share, if any."""
    import matplotlib.pyplot as plt

    if ax is None:
        width, height = plt.rcParams["figure.figsize"]
        # Wide, as series are, and with room for the legend beside the axes.
        figure = plt.figure(
            figsize=(1.3 * width, (0.4 + 0.5 * n_targets) * height),
            layout="constrained",
        )
        return figure.subplots(n_targets, sharex=True, squeeze=False).ravel(), None
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) == n_targets:
        return axes, None
    if len(axes) != 1 or axes[0].get_subplotspec() is None:
        raise ValueError(
            "ax must be one subplot or an array of axes, one for each target, "
            f"{n_targets}. Got {len(axes)} instead."
        )
    axes[0].set_axis_off()
    grid = axes[0].get_subplotspec().subgridspec(n_targets, 1)
    return grid.subplots(sharex=True), axes[0]


def draw_target(ax, history, forecast, truth, ends, band_label, **line_kw):
    """Draw one target, return its three lines, the shading and the band."""
    from matplotlib import rcParams

    # The observed series wears the text's colour, which suits dark styles as well.
    observed = {"color": rcParams["text.color"], "alpha": 0.8}
    history_line = shading = truth_line = band = None
    if history is not None:
        label = _label_once(ax, "history")
        history_line = _draw_line(ax, *history, label=label, **observed)
    line = _draw_line(ax, *forecast, **{"zorder": 3, **line_kw})
    _join(ax, history, forecast, line)
    if ends is not None:
        band = _draw_band(ax, forecast[0], ends, line, _label_once(ax, band_label))
    if truth is not None:
        label = _label_once(ax, "truth")
        # On top but thin, so that a forecast that hits it shows as well.
        style = {"linestyle": "--", "linewidth": 1.0, "zorder": 4, "label": label}
        if len(truth[0]) <= FEW_POINTS:
            style |= {"marker": "x", "markersize": 4}
        truth_line = _draw_line(ax, *truth, **style, **observed)
        _join(ax, history, truth, truth_line)
    if history is not None:
        label = _label_once(ax, "training")
        shading = _shade(ax, *history[0][[0, -1]], label=label)
    return history_line, line, truth_line, shading, band


def _draw_line(ax, x, y, **style):
    width = {"linewidth": 1.0} if len(x) > MANY_POINTS else {}
    (line,) = ax.plot(x, y, **{"marker": marker_for(len(x)), **width, **style})
    return line


def _draw_band(ax, x, ends, line, label):
    """Fill what lies between the ends of intervals in the colour of their line."""
    color = line.get_color()
    # A single step has no width to fill, so its edge is what shows.
    width = 4.0 if len(x) == 1 else 0.0
    style = {"alpha": 0.2, "linewidth": width, "zorder": 2, "label": label}
    return ax.fill_between(x, *ends.T, color=color, **style)


def _shade(ax, first, last, label):
    # Opaque, so that a region shaded by two displays is no darker than by one.
    red, green, blue, _ = ax.patch.get_facecolor()
    tint = [0.85 * part + 0.15 * 0.5 for part in (red, green, blue)]
    return ax.axvspan(first, last, color=tint, linewidth=0, zorder=0.5, label=label)


def _label_once(ax, label):
    """Return a label that the legend leaves out if the axes have it already."""
    return f"_{label}" if label in ax.get_legend_handles_labels()[1] else label


def _join(ax, before, after, line):
    """Lead the eye from the last training point to a line that begins behind it."""
    if before is None or len(after[0]) == 0 or after[0][0] <= before[0][-1]:
        return
    x, y = (
        np.append(old[-1:], new[:1]) for old, new in zip(before, after, strict=True)
    )
    style = {"color": line.get_color(), "alpha": line.get_alpha()}
    ax.plot(x, y, linewidth=0.7, zorder=line.get_zorder(), label="_join", **style)


def label_axes(axes, target_names, index):
    """Write the targets, the index and one legend beside what is drawn."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    for ax, name in zip(axes, target_names, strict=True):
        ax.set_ylabel(name)
        if _holds_dates(index):
            format_dates(ax, index)
        elif pd.api.types.is_integer_dtype(index):
            ax.xaxis.set_major_locator(whole_numbers())
    default = "" if _holds_dates(index) else "Index"
    axes[-1].set_xlabel(default if index.name is None else index.name)
    # A constrained layout makes room for a legend outside, where it hides no data.
    if isinstance(axes[0].figure.get_layout_engine(), ConstrainedLayoutEngine):
        axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    else:
        n_points = sum(len(line.get_xdata()) for line in axes[0].lines)
        axes[0].legend(loc="best" if n_points <= LONG_SERIES else "upper left")


def format_dates(ax, index):
    """Write dates as briefly as their range allows."""
    from matplotlib import dates

    tz = getattr(index, "tz", None)
    locator = dates.AutoDateLocator(tz=tz)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=tz))
