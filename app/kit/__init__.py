"""What knows no word of the trade: clock, database, errors, ids, text, translations, logs."""
