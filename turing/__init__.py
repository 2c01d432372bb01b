"""The visual Turing test: trials, answers, statistics, and the window and the page that show them."""
