import subprocess
import sys

import pytest

# Windows of 12 500 steps over 200 000 rows: 18.7 GB if they were copied. A process of
# its own, because the peak of resident memory never comes down again. The weights
# choose few windows to train on, because the time is that of the windows.
CODE = """
import resource
import numpy as np
from skrnn import RNNRegressor, SlidingWindow


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


rng = np.random.default_rng(0)
rows = rng.normal(size=(200_000, 1))
y, weight = rows[:, 0], np.zeros(len(rows))
weight[-64:] = 1
model = RNNRegressor(2, segment=2500, epochs=1, batch_size=8, random_state=0)
small = SlidingWindow(12_500).fit_transform(rows[:12_600])
model.fit(small, y[:12_600], sample_weight=np.r_[np.zeros(12_500), np.ones(100)])
model.predict(small)
before = peak()
X = SlidingWindow(12_500).fit_transform(rows)
model.fit(X, y, sample_weight=weight).predict(X[-3000:])
print(X.nbytes / 2**30, peak() - before)
"""


@pytest.mark.slow
def test_memory_grows_with_the_rows_and_not_with_the_windows():
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    gigabytes, grown_by_megabytes = map(float, done.stdout.split())
    assert gigabytes > 18
    assert grown_by_megabytes < 200
