"""What a person set in the one settings file. It must never hold a secret, and never stop the app."""
