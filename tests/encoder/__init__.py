"""How the encoder of ``app.sla.severity.encoder`` is trained, and what it was taught with.

- ``taught.jsonl``: with ``base.jsonl`` and ``held_out.jsonl``, what the network that ships learned.
- ``validation.jsonl``: what it was chosen by; not taught.
- ``not_yet_taught.jsonl``: by these and one more (38), finished after the last training.
"""
