"""The coupled-cluster correlation energies of the lecture on recurrent networks."""

from importlib import resources

import pandas as pd
from sklearn.utils import Bunch

from skrnn._serialization.names import set_module

DATA_MODULE = "skrnn.datasets.data"


@set_module("skrnn.datasets")
def load_coupled_cluster(as_frame=False, *, return_X_y=False):
    """Load the coupled-cluster energies, a short smooth series to extrapolate.

    The 20 rows are in the order of the model space, whose size grows in steps
    of 2. Networks are usually trained on the first 12 rows and continue the
    series over the other 8.

    =================   ==================
    Samples total       20
    Dimensionality      1
    Features            real, 2 to 40
    Targets             real -1.71 - -0.03
    =================   ==================

    Parameters
    ----------
    as_frame : bool, default=False
        If True, the data is a pandas DataFrame, the target a pandas Series, and
        the Bunch holds both as one DataFrame, `frame`.
    return_X_y : bool, default=False
        If True, returns ``(data, target)`` instead of a Bunch object.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : {ndarray, DataFrame} of shape (20, 1)
            Size of the model space, dimensionless, float64.
        target : {ndarray, Series} of shape (20,)
            Correlation energy of coupled-cluster theory with double excitations.
        feature_names : list
            The name of the column of `data`, ``["n_particle_hole"]``.
        target_names : list
            The name of the target, ``["ccd_corr_energy"]``.
        frame : DataFrame of shape (20, 2)
            `data` and `target` side by side with `as_frame=True`, otherwise None.
        DESCR : str
            The full description of the data set.
        filename : str
            The name of the CSV file inside `data_module`.
        data_module : str
            The package that holds the CSV file, for :mod:`importlib.resources`.

    (data, target) : tuple if `return_X_y` is True
        The two as described above.

    References
    ----------
    M. Hjorth-Jensen, lectures on advanced machine learning for the physical
    sciences, University of Oslo, March 2023.

    Examples
    --------
    >>> from skrnn.datasets import load_coupled_cluster
    >>> energies = load_coupled_cluster(as_frame=True)
    >>> energies.frame.head(3)
       n_particle_hole  ccd_corr_energy
    0              2.0        -0.030776
    1              4.0        -0.083362
    2              6.0        -0.144673
    """
    folder = resources.files(DATA_MODULE)
    filename = "coupled_cluster.csv"
    with folder.joinpath(filename).open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype="float64")
    data, target = frame[["n_particle_hole"]], frame["ccd_corr_energy"]
    if not as_frame:  # Copied, because pandas 3 returns read-only arrays otherwise.
        data, target, frame = data.to_numpy(copy=True), target.to_numpy(copy=True), None
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        feature_names=["n_particle_hole"],
        target_names=["ccd_corr_energy"],
        DESCR=folder.joinpath("coupled_cluster.rst").read_text(encoding="utf-8"),
        filename=filename,
        data_module=DATA_MODULE,
    )
