"""Films in files: reading frames from any container, and writing a container that keeps the film's metadata."""
