"""Draw one target: its history, forecast, truth and intervals."""

import numpy as np

FEW_POINTS = 40  # A curve of up to this many points shows each of them.
MANY_POINTS = 500  # A curve of more points is drawn thinner.


def marker_for(n_points):
    """Return the marker of a curve: dots if its points are few, else None."""
    return "." if n_points <= FEW_POINTS else None


def draw_target(ax, history, forecast, truth, ends, paths, band_label, **line_kw):
    """Draw one target, return its three lines, the shading, the band and paths."""
    from matplotlib import rcParams

    # The colour of text is visible on dark styles as well.
    observed = {"color": rcParams["text.color"], "alpha": 0.8}
    history_line = shading = truth_line = band = path_lines = None
    if history is not None:
        label = _label_once(ax, "history")
        history_line = _draw_line(ax, *history, label=label, **observed)
    line = _draw_line(ax, *forecast, **{"zorder": 3, **line_kw})
    _join(ax, history, forecast, line)
    if ends is not None:
        band = _draw_band(ax, forecast[0], ends, line, _label_once(ax, band_label))
    if paths is not None:
        path_lines = _draw_paths(ax, forecast[0], paths, line)
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
    return history_line, line, truth_line, shading, band, path_lines


def _draw_line(ax, x, y, **style):
    width = {"linewidth": 1.0} if len(x) > MANY_POINTS else {}
    (line,) = ax.plot(x, y, **{"marker": marker_for(len(x)), **width, **style})
    return line


def _draw_band(ax, x, ends, line, label):
    """Fill the space between the ends of intervals in the colour of their line."""
    color = line.get_color()
    # A single step has no width to fill, so its edge is what shows.
    width = 4.0 if len(x) == 1 else 0.0
    style = {"alpha": 0.2, "linewidth": width, "zorder": 2, "label": label}
    return ax.fill_between(x, *ends.T, color=color, **style)


def _draw_paths(ax, x, paths, line):
    """Draw paths as thin lines in the colour of the forecast, lighter if many."""
    style = {"color": line.get_color(), "linewidth": 0.6, "zorder": 2.5}
    style["alpha"] = float(np.clip(4 / paths.shape[1], 0.08, 0.5))
    # So light a line would not show in a legend.
    in_legend = {**style, "alpha": 0.6, "label": _label_once(ax, "sample paths")}
    ax.plot([], [], **in_legend)
    return ax.plot(x, paths, label="_path", **style)


def _shade(ax, first, last, label):
    # Opaque, so that a region shaded by two displays is no darker than by one.
    red, green, blue, _ = ax.patch.get_facecolor()
    tint = [0.85 * part + 0.15 * 0.5 for part in (red, green, blue)]
    return ax.axvspan(first, last, color=tint, linewidth=0, zorder=0.5, label=label)


def _label_once(ax, label):
    """Return a label, marked to be left out of the legend if the axes have it."""
    # Several displays may share axes. Matplotlib omits labels that begin with "_".
    return f"_{label}" if label in ax.get_legend_handles_labels()[1] else label


def _join(ax, before, after, line):
    """Draw a thin line from the last training point to the first point after it."""
    if before is None or len(after[0]) == 0 or after[0][0] <= before[0][-1]:
        return
    x, y = (
        np.append(old[-1:], new[:1]) for old, new in zip(before, after, strict=True)
    )
    style = {"color": line.get_color(), "alpha": line.get_alpha()}
    ax.plot(x, y, linewidth=0.7, zorder=line.get_zorder(), label="_join", **style)
