"""Inspect fitted networks: activations of gates, importance of time steps."""

from ._gate_display import GateDisplay
from ._gates import GateActivations, gate_activations
from ._step_importance import StepImportance, step_importance
from ._step_importance_display import StepImportanceDisplay

__all__ = [
    "GateActivations",
    "GateDisplay",
    "StepImportance",
    "StepImportanceDisplay",
    "gate_activations",
    "step_importance",
]
