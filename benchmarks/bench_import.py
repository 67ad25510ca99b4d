"""What comes before the first result: imports, and the first network of a process.

Every line is a fresh interpreter, in turn with the others. `import skrnn` loads nothing
else; its names load scikit-learn and pandas when they are first used; the first `fit`
loads TensorFlow and compiles.
"""

import subprocess
import sys

from side_by_side import parse_arguments, print_aims, print_table, take_turns

ESTIMATOR = "from skrnn import LSTMRegressor"
FIT = "LSTMRegressor(epochs=1).fit([[0.0, 1.0], [1.0, 2.0]], [2.0, 3.0])"
PROGRAMS = {
    "an interpreter": "pass",
    "import skrnn": "import skrnn",
    "import sklearn, pandas": "import sklearn, pandas",
    "the name of an estimator": ESTIMATOR,
    "import tensorflow": "import tensorflow",
    "a first fit of one epoch": f"{ESTIMATOR}; {FIT}",
}


def main():
    options = parse_arguments(__doc__)
    rivals = {name: runner(program) for name, program in PROGRAMS.items()}
    best = take_turns(rivals, 1 if options.quick else 5)
    print_table(("s in a fresh interpreter", ""), best.items())
    empty = best["an interpreter"]
    ours, others = (
        max(best[name] - empty, 1e-3)
        for name in ("import skrnn", "import sklearn, pandas")
    )
    fit, tensorflow = best["a first fit of one epoch"], best["import tensorflow"]
    print_aims(
        [
            ("import sklearn, pandas / import skrnn", others / ours, 1),
            ("first fit / import tensorflow", fit / tensorflow, None),
        ]
    )


def runner(program):
    def run():
        subprocess.run(
            [sys.executable, "-c", program], check=True, stderr=subprocess.DEVNULL
        )

    return run


if __name__ == "__main__":
    main()
