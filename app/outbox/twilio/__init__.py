"""Calls and SMS through Twilio, and the door that its webhooks come in by.

The library is known only in here. ``signature`` and ``webhook`` are what the flows that Twilio
calls stand on; they say no word of tickets.
"""
