"""People: identities and contacts, sealed mail, and what it takes to sign in. Sans-IO."""
