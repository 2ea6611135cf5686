"""Svartid: a support desk that answers before the promise is broken.

The map, from the ground up. A package imports only from those above it in this list;
``lint-imports`` holds that.

- ``app.kit``: what knows no word of the trade: the machine's clock, the database, errors, ids.
- ``app.config``: the settings, every one documented.
- ``app.sla``: the arithmetic of promises, pure: calendars, policies, clocks, severity.
- ``app.models``: the tables. ``app.store``: every query, a named function each.
- ``app.outbox``: what is to leave the house, and the senders that take it out.
- ``app.desk``: the verbs. Everything that changes a ticket is a function here.
- ``app.reports``: what was promised and what was kept.
- ``intake``: mail and calls on their way in. ``escalation``: the ladder. ``app.api``: the REST
  face. The three are strangers to one another; rows in the database are the seams between them.
- ``app.worker``, ``app.main``, ``app.cli``: the edge: loops run, requests end, commits happen.
"""

__version__ = "0.1.0"
