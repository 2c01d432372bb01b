"""The one HTTP stack: which requests a page of ours answers."""
