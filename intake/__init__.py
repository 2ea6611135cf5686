"""Mail and calls on their way in.

The actors of the mail's path, in order:

1. A *watcher* (``intake.imap``) sits on one folder of one mailbox and hands on what is new, in
   batches.
2. The *ledger* (``intake.receive``) commits the raw bytes and the server's receipt time before
   anything looks inside. Only after that commit does the watcher flag or move the mail.
3. The *processor* (``intake.process``) takes ledger rows, parses them outside any transaction, and
   walks the steps of ``intake.process.STEPS`` in one transaction a batch. Each row ends in exactly
   one state. If anything in a batch raises, the batch is rolled back and each row is done again
   alone; the one that raises by itself is quarantined, which still opens a minimal ticket.
4. The *desk* (``app.desk``) opens or extends the ticket and puts the acknowledgement into the
   outbox, in that same transaction.

A crash between two of these loses nothing and doubles nothing: a row not yet ended is done again,
and a UID that the ledger knows is not taken twice.
"""
