"""Pages: one self-contained HTML file with pictures, made from data of the core. Nothing here opens a file for writing."""
