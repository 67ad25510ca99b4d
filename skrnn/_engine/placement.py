"""Which device runs a network, and by which kernels: the rules stand here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from skrnn._networks.description import Network
from skrnn._process.config import get_config

from .stored_programs import keep_compiled
from .tensorflow import tf

__all__ = ["Placement", "choose_placement", "on_cpu"]

# Multiplications of one call up to which the CPU computes. A GPU takes a millisecond or
# more to start the kernels of a call, whatever its size; in a millisecond two cores do
# some 25 million multiplications of an epoch. Reckoned, not measured on a GPU.
SMALL_CALL = 3e7

# An update of the weights multiplies in the network once, and for gradients twice more.
PASSES_OF_UPDATE = 3


class Placement(NamedTuple):
    """Where and how a network is computed.

    Parameters
    ----------
    on_gpu : bool
        Whether a GPU computes, and not the CPU.
    by_xla : bool
        Whether XLA compiles the kernels; otherwise they are TensorFlow's own.
    by_cudnn : bool
        Whether Keras may run recurrent layers by cuDNN, which XLA cannot call.
    """

    on_gpu: bool = False
    by_xla: bool = True
    by_cudnn: bool = False

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which TensorFlow creates and computes on the device.

        Where there is one, a GPU is its default.
        """
        return on_cpu() if _has_gpu() and not self.on_gpu else contextlib.nullcontext()

    def compile(self, function: Callable[..., Any], *inputs: Any) -> Callable[..., Any]:
        """Trace a function that returns one tensor, and compile it when it is called.

        Parameters
        ----------
        function : callable
            A function of tensors.
        *inputs : tensor, TensorSpec, or structures of them
            Examples of what it is called with.
        """
        # Nothing of ours needs AutoGraph, which writes a file for each function that it
        # converts. And a concrete function never traces again, and does not lock up
        # threads when an input does not fit.
        traced = tf.function(function, jit_compile=self.by_xla, autograph=False)
        concrete = traced.get_concrete_function(*inputs)
        kept = self.by_xla and not self.on_gpu
        return keep_compiled(concrete) if kept else concrete


def choose_placement(
    network: Network,
    batch_size: int,
    *,
    masked: bool,
    training: bool = False,
    compiles: bool = True,
) -> Placement:
    """Choose a device and kernels by the settings and, if they are "auto", by size.

    Parameters
    ----------
    network : Network
        The network.
    batch_size : int
        Samples of one call or of one update.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    training : bool, default=False
        Whether calls update the weights.
    compiles : bool, default=True
        Whether XLA can compile, which it cannot in Keras's own loop.

    Raises
    ------
    RuntimeError
        If the setting `device` is "gpu", and TensorFlow has none.
    """
    config = get_config()
    n_passes = PASSES_OF_UPDATE if training else 1
    on_gpu = _chooses_gpu(config["device"], network, n_passes * batch_size)
    # Masks begin with missing steps; cuDNN takes only those that end with them.
    takes_cudnn = on_gpu and not masked
    faster = takes_cudnn and _has_cells_of_cudnn(network)
    execution = config["execution"]
    by_xla = execution == "xla" or (execution == "auto" and not faster)
    by_xla = by_xla and compiles
    return Placement(on_gpu, by_xla, takes_cudnn and not by_xla)


def on_cpu() -> contextlib.AbstractContextManager[Any]:
    """Return a context in which TensorFlow creates and computes on the CPU."""
    return tf.device("/CPU:0")


def _chooses_gpu(device: str, network: Network, n_samples: int) -> bool:
    if device == "gpu" and not _has_gpu():
        why = _why_none()
        raise RuntimeError(
            f"device='gpu' needs a GPU that TensorFlow can use. Got none, {why}."
        )
    if device == "auto" and _has_gpu():
        return n_samples * _count_multiplications(network) > SMALL_CALL
    return device == "gpu"


def _has_gpu() -> bool:
    return bool(tf.config.list_logical_devices("GPU"))


def _why_none() -> str:
    if tf.config.list_physical_devices("GPU"):
        return (
            "because those of this machine were hidden when TensorFlow started; set "
            "the device in a new process, before the first network is used"
        )
    return (
        "and TensorFlow says why when it is imported; install skrnn[gpu] on a machine "
        "with a GPU by NVIDIA, or set device='auto'"
    )


def _count_multiplications(network: Network) -> int:
    """Estimate the multiplications for one sample, as if each step passed all layers.

    A step of a network of rows is a row.
    """
    n_steps = network.n_steps // getattr(network, "segment", 1)
    return n_steps * network.n_weights


def _has_cells_of_cudnn(network: Network) -> bool:
    """Return whether cuDNN knows the recurrent layers of a network, if it has any."""
    cells = [layer for layer in network.layers if layer.kind in ("LSTM", "GRU")]
    drops_states = getattr(network, "recurrent_dropout", 0) > 0
    known = all(layer.shares or layer.activation == "tanh" for layer in cells)
    return bool(cells) and known and not drops_states
