"""Starts the built server and reads what it promises: addresses, inbox, pages. Holds no test."""
