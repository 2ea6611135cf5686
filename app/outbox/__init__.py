"""What is to leave the house.

``put`` writes a row in the transaction of its cause; ``deliver`` claims rows, sends them outside
any transaction and settles each while its lease is still held. At least once: a process killed
between the other side's "250" and our commit sends that one mail again, under the same Message-ID.
"""
