"""How good a colorizer is: metrics, the evaluator, its report, and the visual Turing test."""
