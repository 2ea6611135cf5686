"""The arithmetic of promises, held against slower and independent counting."""
