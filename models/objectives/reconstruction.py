"""Losses against the true colours, unreduced. Pure functions; imports nothing of ours."""

from __future__ import annotations

from keras import ops


def l1(predicted, truth):
    """|predicted - truth| (Nazeri et al. 2018, eq. (5)). [B, H, W, C] float32 each, scaled colour -> [B, H, W, C]."""
    return ops.abs(predicted - truth)
