"""The arithmetic of promises: pure functions on plain data; nothing here knows a database."""
