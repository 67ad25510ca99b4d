import os
from importlib.metadata import version

# pytest reads this file before anything else is imported, and test runs in other
# processes inherit these variables.

# No test opens a window, on any machine.
os.environ["MPLBACKEND"] = "Agg"

# Most of a test run is compilation, three quarters of it optimization, which is XLA's
# to test and not ours. `make test-oldest` leaves it on. A flag that XLA does not know
# ends the process, so the releases are those that were tried.
FLAGS = ["--xla_backend_optimization_level=0"]
if version("tensorflow").startswith("2.21."):
    FLAGS += ["--xla_cpu_use_fusion_emitters=false"]
    FLAGS += ["--xla_cpu_parallel_codegen_split_count=1"]
os.environ.setdefault("XLA_FLAGS", " ".join(FLAGS))
