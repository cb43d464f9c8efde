"""Mailboxes in a store."""
