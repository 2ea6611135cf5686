"""How the encoder of ``app.sla.severity.encoder`` is trained: see ``train``, docs/severity.md."""
