"""The trained weights that ship, each with its card. Data only: `models/colorizer.py` loads them."""
