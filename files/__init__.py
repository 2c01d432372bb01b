"""Files of pictures: which they are, what their values mean, reading them, and writing files whole or not at all."""
