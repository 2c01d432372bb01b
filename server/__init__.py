"""The one HTTP stack: which requests a page of ours answers, where it listens and how it ends."""
