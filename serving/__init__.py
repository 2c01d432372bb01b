"""What people use: photographs in, photographs out."""
