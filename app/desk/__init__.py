"""The verbs: everything that changes a ticket is a function in this package.

Mail, phone, console, portal, API and command line call these and nothing else, so there are never
two ways to write a ticket. A verb takes the session of its caller's transaction and never commits;
it takes ``now`` and never asks for the time; it writes the change, the event that tells of it and
the audit entry together.
"""
