"""Emails as feedback (contracts 6): a raw RFC 5322 message becomes what `integrations.intake` takes."""
