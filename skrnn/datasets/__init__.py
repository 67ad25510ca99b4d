"""Small series that ship with the package, loaded as in scikit-learn."""

from ._coupled_cluster import load_coupled_cluster

__all__ = ["load_coupled_cluster"]
