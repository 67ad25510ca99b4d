"""The tables of `accuracy.py`, and whether its aims are reached."""

from __future__ import annotations

import pandas as pd
from side_by_side import print_aims, print_table

CLASSICAL = ("AutoETS", "AutoARIMA", "Theta")
MEASURES = ("MASE", "sMAPE", "seconds")


def print_report(sets, results):
    """Print three tables and the aims of each half."""
    table = pd.DataFrame(results).T.rename_axis(["set", "method", "origin"])
    for half in ("tuning", "report"):
        names = [name for name in sets if sets[name].half == half]
        seasonal = [name for name in names if sets[name].seasonal]
        found = table[table.index.get_level_values("set").isin(names)]
        if len(found):
            print(f"{half}: {len(names)} sets\n")
            print_half(found, names, seasonal)


def print_half(found, names, seasonal):
    """Print what was measured of the sets of a half.

    A method that was tried on some sets only has means over those; ranks are those
    among the methods that were tried on all.
    """
    found, compared = split_methods(found, len(names))
    by_measure = {name: mean_over_origins(compared[name], names) for name in MEASURES}
    for name, table in by_measure.items():
        print_measure(name, table)
    if "skrnn" in by_measure["MASE"]:
        print_verdicts(by_measure["MASE"], seasonal)
    for method in found.index.unique("method").difference(
        compared.index.unique("method")
    ):
        print_beside(found, method)


def split_methods(found, n_sets):
    """Give all results, and those of the methods that were tried everywhere."""
    tried = found.groupby("method").size()
    complete = tried.index[tried == tried.max()]
    return found, found[found.index.get_level_values("method").isin(complete)]


def mean_over_origins(column, names):
    means = column.groupby(["set", "method"]).mean().unstack("method")
    order = column.index.unique("method")
    return means.loc[[name for name in names if name in means.index], order]


def print_measure(measure, table):
    rows = [(name, *row) for name, *row in table.itertuples()]
    rows.append(("mean", *table.mean()))
    if measure != "seconds":
        rows.append(("mean rank", *table.rank(axis=1).mean()))
    print_table((measure, *table.columns), rows)


def print_verdicts(table, seasonal):
    """Print what the recommended set-up should reach, and whether it does."""
    rivals = table.drop(columns="skrnn")
    means, ranks = table.mean(), table.rank(axis=1).mean()
    best = means[[name for name in CLASSICAL if name in table]].min()
    aims = [("mean MASE, best classical", best / means["skrnn"], 1 / 0.9)]
    if "Ridge" in table:
        aims.append(("mean MASE, Ridge", means["Ridge"] / means["skrnn"], 1 / 0.9))
    rank = ranks[rivals.columns].min() / ranks["skrnn"]
    aims.append(("mean rank, best rival", rank, 1.0))
    if "seasonal" in table:
        won = (table["skrnn"] < table["seasonal"])[
            [name for name in seasonal if name in table.index]
        ]
        aims.append(("seasonal sets, share won from seasonal", won.mean(), 1.0))
    for what, names in (
        ("last, seasonal", ["last", "seasonal"]),
        ("those, Theta, Ridge", ["last", "seasonal", "Theta", "Ridge"]),
    ):
        if set(names) <= set(table):
            near = table["skrnn"] <= 1.1 * table[names].min(axis=1)
            aims.append((f"share within 10 % of the best of {what}", near.mean(), 1.0))
    print_aims(aims)


def print_beside(found, method):
    """Compare skrnn with a method at the origins where both were tried."""
    both = found.unstack("method")[list(MEASURES)]
    both = (
        both.xs(method, axis=1, level="method")
        .dropna()
        .join(both.xs("skrnn", axis=1, level="method"), rsuffix=" of skrnn")
    )
    print(f"{method}: {len(both)} forecasts of {both.index.unique('set').size} sets\n")
    rows = [(name, *row) for name, *row in both.groupby("set").mean().itertuples()]
    rows.append(("mean", *both.mean()))
    print_table(("set", *both.columns), rows)
    means = both.mean()
    print_aims(
        [
            (f"MASE, {method}", means["MASE"] / means["MASE of skrnn"], None),
            (f"seconds, {method}", means["seconds"] / means["seconds of skrnn"], 5.0),
        ]
    )
