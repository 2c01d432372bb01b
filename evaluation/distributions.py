"""Two sets of pictures compared by the features of a network: Frechet distance (FID) and kernel distance (KID).

`feature_networks.py` has the networks. Memory does not grow with the number of images: mean and covariance of the
features are running values, and KID keeps at most a block of features. Imports nothing of ours; numpy in float64.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

KID_BLOCK = 1000


class Gaussian:
    """A running mean and covariance of vectors (Chan, Golub and LeVeque 1979: sums about the running mean)."""

    def __init__(self):
        self.count, self.mean, self._scatter = 0, 0.0, 0.0

    def add(self, features):
        """[B, D] float."""
        n, mean = len(features), np.mean(features, axis=0, dtype=np.float64)
        centred = features - mean
        step, total = mean - self.mean, self.count + n
        self._scatter += centred.T @ centred + np.outer(step, step) * (self.count * n / total)
        self.mean = self.mean + step * (n / total)
        self.count = total

    @property
    def covariance(self):
        """[D, D] float64, with N - 1; NaN for a single vector."""
        return self._scatter / (self.count - 1) if self.count > 1 else np.full_like(self._scatter, np.nan)


def frechet_distance(mean_1, covariance_1, mean_2, covariance_2) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Heusel et al. 2017, eq. 6; Dowson and Landau 1982).

    The trace of the root is taken from C1^(1/2) C2 C1^(1/2). It has the same eigenvalues as C1 C2 and is symmetric, so
    its roots are real even for a singular covariance (fewer images than features).

    Args:
        mean_1, mean_2: [D] float. covariance_1, covariance_2: [D, D] float, symmetric, positive semi-definite.

    Returns:
        The distance, at least 0; NaN if a covariance is NaN.
    """
    if not (np.isfinite(covariance_1).all() and np.isfinite(covariance_2).all()):
        return math.nan
    values, vectors = np.linalg.eigh(covariance_1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    mixed = np.linalg.eigvalsh(root @ covariance_2 @ root)
    trace = np.trace(covariance_1) + np.trace(covariance_2) - 2 * np.sqrt(np.maximum(mixed, 0)).sum()
    return float(max(np.sum((np.asarray(mean_1) - mean_2) ** 2) + trace, 0.0))


def polynomial_mmd(x, y) -> float:
    """Estimate without bias the squared maximum mean discrepancy with the kernel (x.y / D + 1)^3; it can be below 0.

    Binkowski et al. 2018, section 4. Terms of a row with its partner are left out (Gretton et al. 2012, eq. 4), because
    they would bias the estimate downwards.

    Args:
        x, y: [N, D] float, paired row by row; N >= 2.
    """
    n, d = x.shape
    kernels = ((one @ other.T / d + 1) ** 3 for one, other in ((x, x), (y, y), (x, y)))
    xx, yy, xy = (kernel.sum() - np.trace(kernel) for kernel in kernels)
    return float((xx + yy - 2 * xy) / (n * (n - 1)))


class Distribution:
    """FID and KID of a stream of results against the truths of the same images.

    Args:
        block: images of a KID block; an incomplete last block is left out, unless it is the only one.
    """

    def __init__(self, *, block=KID_BLOCK):
        self.block, self.truth, self.result = block, Gaussian(), Gaussian()
        self._waiting, self._distances = None, []

    def add(self, truth_features, result_features):
        """[B, D] float64 twice, of the same images."""
        self.truth.add(truth_features)
        self.result.add(result_features)
        new = np.stack([truth_features, result_features])
        pairs = new if self._waiting is None else np.concatenate([self._waiting, new], axis=1)
        while pairs.shape[1] >= self.block:
            self._distances.append(polynomial_mmd(*pairs[:, : self.block]))
            pairs = pairs[:, self.block :]
        self._waiting = pairs

    def results(self) -> dict[str, tuple[float, float, float]]:
        """-> {"fid": (value, nan, nan), "kid": (value, low, high)}; NaN with too few images."""
        one, other = self.truth, self.result
        fid = frechet_distance(one.mean, one.covariance, other.mean, other.covariance)
        distances = self._distances
        if not distances and len(self._waiting[0]) > 1:
            distances = [polynomial_mmd(*self._waiting)]
        value = float(np.mean(distances)) if distances else math.nan
        low, high = math.nan, math.nan
        if len(distances) > 1:
            low, high = stats.norm.interval(0.95, loc=value, scale=stats.sem(distances))
        return {"fid": (fid, math.nan, math.nan), "kid": (value, float(low), float(high))}
