"""A page to read, hear and correct a transcript (format html), with its script and style."""
