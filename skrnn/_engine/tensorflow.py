"""TensorFlow and Keras, imported without their chatter; the one place that does so."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from skrnn._process.compilation_cache import ProgramFolder, describe_processor
from skrnn._process.config import forget_compilation_cache, get_config
from skrnn._process.fork import check_not_forked, note_start
from skrnn._process.signals import signals_wait

__all__ = [
    "FOLDER_IN_MEMORY",
    "PRECISION",
    "PROGRAM_FOLDER",
    "context",
    "execute",
    "keras",
    "tf",
]

# Of all layers and their inputs, whatever Keras's global floatx and dtype policy are:
# NumPy predicts with the same weights, and must give the same numbers.
PRECISION = "float32"

# Where TensorFlow keeps what it compiles, if asked for: see stored_programs.py.
FOLDER_IN_MEMORY = "ram://skrnn-compiled"

# What the C++ libraries print although nothing is wrong: INFO lines, the remark that
# logging is not initialised yet, the continuation of the one on CPU features, and, as
# errors, that oneDNN leaves a kernel to Eigen, that TensorFlow 2.18 registers plugins
# twice, and that there is no GPU where there is none.
_NO_ERRORS = rb"oneDNN supports DT_BOOL only|Unable to register cu\w+ factory" + (
    b"" if os.path.exists("/dev/nvidiactl") else b"|cuInit"
)
_CHATTER = re.compile(
    rb"^(I\d{4} |\d{4}-\d\d-\d\d [\d:.]+: I |WARNING: All log messages before absl"
    rb"|To enable the following instructions"
    rb"|(E\d{4} |\d{4}-\d\d-\d\d [\d:.]+: E ).*(" + _NO_ERRORS + rb"))"
)


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold back what is written to stderr, then pass on all but the chatter.

    The libraries write to the file descriptor, so that replacing `sys.stderr` does not
    reach them, and before they read any setting.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ or "tensorflow" in sys.modules:
        yield  # The user has chosen, or it is too late.
        return
    try:
        kept = os.dup(2)
    except OSError:  # A process without stderr.
        yield
        return
    with tempfile.TemporaryFile() as held:
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "1"
        try:
            yield
        finally:
            del os.environ["TF_CPP_MIN_LOG_LEVEL"]
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    os.write(2, line)


def _take_our_share_of_cores() -> None:
    """Set the threads of TensorFlow to those that joblib allows a worker.

    joblib says it by a variable that TensorFlow does not read. A TensorFlow that was
    imported before us is set up as its user wants it.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if n_threads.isdigit() and int(n_threads) > 0 and not _IMPORTED_BEFORE:
        tf.config.threading.set_intra_op_parallelism_threads(int(n_threads))


def _hide_gpus() -> None:
    """Hide GPUs from TensorFlow, if it is to compute on the CPU.

    It would take memory on a GPU even if it never computes there. A TensorFlow that was
    imported before us is set up as its user wants it.
    """
    if get_config()["device"] == "cpu" and not _IMPORTED_BEFORE:
        tf.config.set_visible_devices([], "GPU")


@contextlib.contextmanager
def _flags_of_compilation_cache(folder: ProgramFolder | None) -> Iterator[None]:
    """Set the flags, read when TensorFlow starts, by which it keeps what it compiles.

    The comparison that is switched off needs a copy of each program's source in its
    file. The names of files are fingerprints of the same source.
    """
    before = os.environ.get("TF_XLA_FLAGS")
    if folder is None:
        yield
        return
    os.environ["TF_XLA_FLAGS"] = " ".join(
        [
            *([before] if before else []),
            f"--tf_xla_persistent_cache_directory={FOLDER_IN_MEMORY}",
            "--tf_xla_persistent_cache_device_types=CPU",
            "--tf_xla_disable_strict_signature_checks=true",
        ]
    )
    try:
        yield
    finally:
        del os.environ["TF_XLA_FLAGS"]
        if before is not None:
            os.environ["TF_XLA_FLAGS"] = before


def _open_program_folder() -> ProgramFolder | None:
    """Open the folder of the setting `compilation_cache`, if it can be used.

    If not, the setting of this process becomes False.
    """
    path = get_config()["compilation_cache"]
    if not path:
        return None
    flags = [os.environ.get(name, "") for name in ("XLA_FLAGS", "TF_XLA_FLAGS")]
    versions = ["1", version("tensorflow"), *flags, *describe_processor()]
    folder = ProgramFolder(Path(path), versions)
    if _IMPORTED_BEFORE:
        reason = (
            "TensorFlow was imported before skrnn's first network; fit one before "
            "importing TensorFlow or Keras"
        )
    elif "tf_xla_persistent_cache_directory" in flags[1]:
        reason = (
            "TF_XLA_FLAGS names a folder of its own; take "
            "--tf_xla_persistent_cache_directory out of it"
        )
    elif not folder.is_writable():
        reason = "nothing can be written there; choose a folder of your own"
    else:
        return folder
    forget_compilation_cache()
    warnings.warn(
        f"compilation_cache, {path}, is not used, because {reason}.", stacklevel=2
    )
    return None


check_not_forked()
_IMPORTED_BEFORE = "tensorflow" in sys.modules
PROGRAM_FOLDER = _open_program_folder()

with (
    signals_wait(),
    _without_chatter(),
    _flags_of_compilation_cache(PROGRAM_FOLDER),
):
    import keras
    import tensorflow as tf
    from tensorflow.python.eager.context import context
    from tensorflow.python.eager.execute import execute

    _take_our_share_of_cores()
    _hide_gpus()
    # The runtime, the compiler and a kernel that masks need speak up at first use.
    tf.function(lambda: tf.constant(0.0) + 1.0, jit_compile=True, autograph=False)()
    tf.function(tf.transpose, autograph=False)(tf.constant([[True, False]]))

note_start()

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "skrnn needs Keras with the TensorFlow backend, but KERAS_BACKEND or keras.json"
        f" chooses {keras.backend.backend()!r}; set KERAS_BACKEND=tensorflow before "
        "Keras is imported."
    )
