"""What `subalign heads` does: heads scored, searched and drawn on recordings with known words."""
