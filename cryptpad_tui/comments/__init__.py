"""Comments on a pad's text: threads with answers, kept in the pad's map of comments."""
