"""What the demo brings along: a mail server, a few customers, and the story that is told.

All else that runs is the product's own.
"""
