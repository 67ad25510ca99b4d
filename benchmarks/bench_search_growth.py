"""What grows with a search and with a panel: bytes, memory and compilations.

The numbers that docs/guide/scaling_out.rst reckons with. Bytes of tasks are those of
their pickles, with all that they need, as loky sends them. Memory is that of a process
of its own, before and after: networks of new widths one after the other, kept
(`program_cache_size` of 32) or given up at once (of 1). The slope is that of a line
through the last points. Linux only.
"""

import pickle
import time
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
from bench_panel import N_ROWS, learn_and_forecast
from joblib.parallel import ThreadingBackend
from side_by_side import in_fresh_process, parse_arguments, print_table, resident_mb
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

import skrnn

WINDOW, N_FEATURES = 48, 4


class WeighingThread(ThreadingBackend):
    """Runs tasks in a thread, and weighs what a process would be sent and give back."""

    def __init__(self):
        super().__init__()
        self.sent, self.returned = [], []

    def submit(self, func, callback=None):
        self.sent.append(len(cloudpickle.dumps(func)))
        return super().submit(lambda: self.weigh(func()), callback)

    def weigh(self, result):
        self.returned.append(len(cloudpickle.dumps(result)))
        return result


def main():
    quick = parse_arguments(__doc__).quick
    show_tasks((1000, 10_000) if quick else (1000, 10_000, 100_000))
    show_results((10, 100) if quick else (10, 100, 500))
    show_architectures(4 if quick else 12)
    show_panels((250, 500) if quick else (500, 1000, 2000))


def show_tasks(numbers):
    rows = []
    for n_rows in numbers:
        backend = WeighingThread()
        X = np.random.default_rng(0).normal(size=(n_rows, N_FEATURES))
        search = search_over(np.logspace(-3, 3, 4))
        with joblib.parallel_config(backend, n_jobs=2):
            search.fit(X, X[:, 0])
        rows.append((n_rows, X.nbytes, max(backend.sent), max(backend.returned)))
    print_table(("rows", "bytes of X", "of a task", "of its result"), rows)


def search_over(constants):
    """Give a search whose networks are left out: only its own costs count."""
    model = make_pipeline(
        skrnn.SlidingWindow(WINDOW, gap=1, flatten=True),
        DummyRegressor(strategy="constant", constant=0.0),
    )
    grid = {"dummyregressor__constant": constants}
    return GridSearchCV(model, grid, cv=TimeSeriesSplit(5), refit=False)


def show_results(numbers):
    X = np.random.default_rng(0).normal(size=(300, N_FEATURES))
    rows = []
    for n_candidates in numbers:
        search = search_over(np.arange(float(n_candidates))).fit(X, X[:, 0])
        n_bytes = len(pickle.dumps(search.cv_results_))
        rows.append((n_candidates, n_bytes, n_bytes / n_candidates))
    print_table(("candidates", "bytes of cv_results_", "for each"), rows)


def show_architectures(n_widths):
    rows = []
    for size in (32, 1):
        found = in_fresh_process(fit_widths, n_widths, size)
        half = n_widths // 2
        growth, maps = (
            float(np.polyfit(range(half, n_widths), found[name][half:], 1)[0])
            for name in ("after", "maps")
        )
        ends = (found["start"], found["imported"], found["after"][0])
        rows.append((size, *ends, growth, maps, float(np.median(found["seconds"]))))
    print_table(
        (
            "programs kept",
            "MB at the start",
            "with TensorFlow",
            "after a fit",
            "MB a network",
            "memory maps",
            "CPU s to compile",
        ),
        rows,
    )


def fit_widths(n_widths, size):
    """Fit and predict with networks of one width after the other."""
    skrnn.set_config(program_cache_size=size)
    found = {"start": resident_mb(), "seconds": [], "after": [], "maps": []}
    from skrnn._engine.tensorflow import tf  # noqa: F401 -- Its memory is what is measured.

    found["imported"] = resident_mb()
    X = np.random.default_rng(0).normal(size=(500, WINDOW, N_FEATURES))
    for units in range(4, 4 + n_widths):
        network = skrnn.GRURegressor(units, epochs=1, random_state=0)
        first = seconds_of(network, X)
        found["seconds"].append(first - seconds_of(network, X) if size > 1 else first)
        found["after"].append(resident_mb())
        found["maps"].append(len(Path("/proc/self/maps").read_text().splitlines()))
    return found


def seconds_of(network, X):
    """Give seconds of the processor, which other programs lengthen little."""
    start = time.process_time()
    network.fit(X, X[:, -1, 0]).predict(X)
    return time.process_time() - start


def show_panels(numbers):
    rows = []
    for n_series in numbers:
        measured = in_fresh_process(learn_panel, n_series)
        peaks = (measured["fit"], measured["forecast"], measured["seconds"])
        rows.append((n_series, *peaks))
    n, *peaks = np.array(rows).T
    slopes = [float(np.polyfit(n, peak, 1)[0]) * 1e3 for peak in peaks]
    rows.append(("slope: kB, kB, ms a series", *slopes))
    header = (
        f"series of {N_ROWS} steps",
        "MB of fit",
        "of forecast",
        "CPU s of all",
    )
    print_table(header, rows)


def learn_panel(n_series):
    """Give the peaks of a panel, and seconds of the processor as well."""
    start = time.process_time()
    measured = learn_and_forecast(n_series)
    return {**measured, "seconds": time.process_time() - start}


if __name__ == "__main__":
    main()
