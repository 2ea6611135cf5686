"""Calls on their way in.

1. A *telephone system* tells of a call: Twilio by its webhooks (``intake.phone.line`` says what the
   caller hears, ``intake.phone.twilio`` takes the callbacks), any other by posting its log
   (``intake.phone.generic``, with a field map a system as data).
2. Whatever it was becomes a ``CallReport``, and the desk's verb ``record_call`` makes a ticket of
   it, or lets it join one, in one transaction a report.
3. What is slow is done by a loop and never while somebody holds a telephone: fetching recordings,
   and asking Twilio for calls that we did not hear of (``intake.phone.recordings``, ``reconcile``).

Every report may come twice, late and in any order.
"""
