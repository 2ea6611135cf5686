"""The staff's REST API: one file a resource, its schemas beside its routes.

Every route needs a bearer token except health. A handler is short: open a transaction, call one
verb of ``app.desk``, answer with what the ticket is now.
"""
