"""Files of pictures: what they are and what their values mean."""
