"""Loss terms, one family per file; only `compose.py` weights and reduces them."""
