"""What people read: sentences, figures, files."""
