"""IMAP: how mail is fetched from a mailbox, from the socket up to the ledger's door.

The actors:

1. A *connection* (``connection``) speaks to the server through imap-tools, which nothing else in
   the house imports. Whatever goes wrong there comes out as ``TemporaryError`` or
   ``PermanentError`` with the setting's name and what to do.
2. A *watcher* (``watch``) owns one folder of one mailbox and the thread that it runs in. It
   connects, looks, takes what is new, waits, and comes back after whatever breaks.
3. The *ledger* (``ledger``) is a protocol: this package does not know a database.

The phases of one look:

1. Select the folder and compare its UIDVALIDITY with the ledger's. Another value means that every
   UID has lost its meaning, so the whole folder is read again; the processor finds the doubles.
2. Ask for the UIDs above the last one taken. Never the Seen flag (people and phones set it), never
   message numbers (they shift), never a date window (an outage may be longer).
3. Fetch them in batches and hand each batch to the ledger, which commits it.
4. Only then flag, move or delete that batch at the server.
5. Wait for news, and look anyway from time to time.

A *full look*, at every connect and now and then, compares all of the server's UIDs with all of the
ledger's, takes what was missed, and finishes what a crash between 3 and 4 left undone.
"""
