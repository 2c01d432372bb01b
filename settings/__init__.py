"""Every setting once: the fields, the published systems as rows, the command line made of both."""
