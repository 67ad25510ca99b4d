"""A service that predicts one row a request: threads, spawned and forked workers.

A Pipeline (windows of 24 rows, an LSTM of 32 units) answers requests that carry the
newest row each, by NumPy and by a compiled program of TensorFlow's. Threads share one
estimator in one process. Processes are spawned, and load a pickle, or are forked from a
parent that has loaded it, as gunicorn does with `preload`. Each worker says how many
requests it answered in a second, and how much memory is its own. What a fork of a
process that has used TensorFlow does, is in the last rows.
"""

import itertools
import multiprocessing
import os
import pickle
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from side_by_side import in_fresh_process, parse_arguments, print_table
from sklearn.pipeline import make_pipeline

from skrnn import LSTMRegressor, SlidingWindow

WINDOW, UNITS, N_ROWS = 24, 32, 300
BACKENDS = ("numpy", "tensorflow")


def main():
    options = parse_arguments(__doc__)
    seconds = 1.0 if options.quick else 5.0
    with tempfile.TemporaryDirectory() as folder:
        paths = {b: store_model(Path(folder) / b, b) for b in BACKENDS}
        rows = [
            (backend, *row)
            for backend, path in paths.items()
            for row in measure(path, seconds, backend)
        ]
    header = ("backend", "workers", "requests/s", "ms, half of them", "ms, 99 %", "MB")
    print_table(header, rows)


def store_model(path, backend):
    rows = np.random.default_rng(0).normal(size=(N_ROWS, 3)).cumsum(axis=0)
    network = LSTMRegressor(UNITS, epochs=1, predict_backend=backend, random_state=0)
    model = make_pipeline(SlidingWindow(WINDOW, context="always"), network)
    path.write_bytes(pickle.dumps(model.fit(rows, rows[:, 0])))
    return path


def measure(path, seconds, backend):
    for n_threads in (1, 4):
        yield (
            f"{n_threads} thread(s)",
            *in_fresh_process(threads_of_one_process, path, seconds, n_threads),
        )
    yield "2 spawned", *in_fresh_process(two_processes, path, seconds, "spawn", False)
    yield "2 forked", *in_fresh_process(two_processes, path, seconds, "fork", False)
    if backend == "numpy":
        yield (
            "2 forked, TensorFlow used before",
            *in_fresh_process(two_processes, path, seconds, "fork", True),
        )


def threads_of_one_process(path, seconds, n_threads):
    model = pickle.loads(path.read_bytes())
    answers = [[] for _ in range(n_threads)]
    answer(model, 0.2)  # The first one compiles.
    threads = [
        threading.Thread(target=lambda own=own: own.extend(answer(model, seconds)))
        for own in answers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return *summary(itertools.chain(*answers), seconds), own_megabytes()


def two_processes(path, seconds, method, use_before):
    model = pickle.loads(path.read_bytes())
    if use_before:
        LSTMRegressor(2, epochs=1).fit(np.zeros((9, 2, 1)), np.arange(9))
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    given = model if method == "fork" else path
    workers = [
        context.Process(target=work, args=(queue, given, seconds)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    said = [queue.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    times = itertools.chain.from_iterable(times for times, _ in said)
    return *summary(times, seconds), sum(megabytes for _, megabytes in said)


def work(queue, model, seconds):
    if isinstance(model, Path):
        model = pickle.loads(model.read_bytes())
    answer(model, 0.2)
    queue.put((answer(model, seconds), own_megabytes()))


def answer(model, seconds):
    """Answer requests for some seconds; give the seconds that each one took."""
    row, times, end = np.zeros((1, 3)), [], time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        model.predict(row)
        times.append(time.perf_counter() - start)
    return times


def summary(times, seconds):
    times = np.fromiter(times, float)
    return len(times) / seconds, *(1e3 * np.quantile(times, q) for q in (0.5, 0.99))


def own_megabytes():
    """Memory of this process, pages that it shares counted in part; on Linux."""
    lines = Path(f"/proc/{os.getpid()}/smaps_rollup").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main()
