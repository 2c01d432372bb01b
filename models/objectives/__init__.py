"""Loss terms, one family per file; `compose.py` alone weighs and reduces them."""
