"""Every query, a named function each; nothing here decides or commits."""
