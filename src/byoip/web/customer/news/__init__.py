"""What tells an account's programs and people of its events: webhooks and mail."""
