"""What people use: the colorizer, batches, films, the service and export."""
