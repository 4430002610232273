"""The pages, one file each with one `render()`. Nothing is calculated here."""
