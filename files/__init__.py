"""Picture files: finding and reading them, the meaning of their values, and writing files whole or not at all."""
