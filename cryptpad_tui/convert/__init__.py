"""Rich text and markdown to other formats and back: pure conversions that say what they had to leave out."""
