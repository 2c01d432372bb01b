"""Films in files: their frames out of any container, and into one that keeps what the film says of itself."""
