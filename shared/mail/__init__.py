"""Mails that tell of bills: queued with the bill, sent, refused, and the links in them."""
