"""How good a colorizer is: metrics, the evaluator, and its report."""
