"""What a pad's screen can do beside showing the text: a file a feature, with its commands and panes."""
