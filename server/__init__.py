"""The HTTP stack of all pages: accepted requests, addresses, and the end of a server."""
