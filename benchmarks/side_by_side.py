"""What the benchmarks share: running rivals in turn, fresh processes, and tables.

Other programs on the machine slow down whoever happens to run. So rivals run in strict
alternation, a round at a time, and the best of the rounds counts: what the machine can
do when it is left alone. Ratios of such numbers hold where the numbers do not.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any


def parse_arguments(description: str, **more: dict[str, Any]) -> argparse.Namespace:
    """Read the command line and say on which machine this runs.

    Parameters
    ----------
    description : str
        The docstring of the script.
    more : dict
        Options beside ``--quick``, by name, as `ArgumentParser.add_argument` has them.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="less of everything, for a first look"
    )
    for name, settings in more.items():
        parser.add_argument("--" + name.replace("_", "-"), **settings)
    options = parser.parse_args()
    print(description.partition("\n")[0])
    print_machine()
    return options


def print_machine() -> None:
    """Print cores, load and versions."""
    packages = ("tensorflow", "keras", "scikeras", "scikit-learn", "numpy")
    versions = (f"{name} {importlib.metadata.version(name)}" for name in packages)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; Python {platform.python_version()},")
    print(", ".join(versions) + "\n", flush=True)


def take_turns(
    rivals: dict[str, Callable[[], float | None]], rounds: int
) -> dict[str, float]:
    """Run rivals one after the other, several rounds.

    Parameters
    ----------
    rivals : dict of str to callable
        What to run; a rival that returns a number has measured itself.
    rounds : int
        How often each one runs.

    Returns
    -------
    best : dict of str to float
        The lowest number of each rival; seconds where it has not measured itself.
    """
    measured: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            start = time.perf_counter()
            own = run()
            elapsed = time.perf_counter() - start
            measured[name].append(elapsed if own is None else own)
    return {name: min(values) for name, values in measured.items()}


def in_fresh_process(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a Python process of its own, where nothing is warm.

    Not one of `multiprocessing.Pool`: those may not start the workers of loky.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(function, *args).result()


def resident_mb() -> float:
    """Memory that this process holds now, in MB; on Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_mb() -> float:
    """Most memory that this process has held since `reset_peak`, in MB; on Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("/proc/self/status has no line VmHWM.")


def reset_peak() -> None:
    """Let `peak_mb` start again from what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def print_table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print rows in columns; floats with three digits."""
    cells = [[_text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]))
    print(flush=True)


def print_aims(ratios: Iterable[tuple[str, float, float | None]]) -> None:
    """Print ratios beside what they should reach."""
    rows = []
    for what, ratio, aim in ratios:
        verdict = "" if aim is None else "reached" if ratio >= aim else "SHORT"
        rows.append((what, f"{ratio:.3g} x", f"{aim:g} x" if aim else "", verdict))
    print_table(("ratio", "measured", "aim", ""), rows)


def _text(cell: Any) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
