"""The staff's REST API: one file a resource, its schemas beside its routes.

A handler is short: open a transaction, call one verb of ``app.desk``, answer with what the thing is
now. Who may call it stands in the type of its ``context``; a route that does not say so
keeps the service from starting (``access``), and ``tests/rules/test_who_may_call_what.py`` has
a line for each. All else is every route's without its handler knowing:

- ``edge``: request ids, limits (``limits``), time-outs.
- ``guard``: one transaction, If-Match and ETag, Idempotency-Key, sparse fields, the audit log.
- ``describe``: all of that in the OpenAPI document. ``problems``: errors. ``paging``: lists.
"""
