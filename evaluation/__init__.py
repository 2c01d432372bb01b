"""The quality of a colorizer: metrics, the evaluator, and its report."""
