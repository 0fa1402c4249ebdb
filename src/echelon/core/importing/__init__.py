"""What people have already, as a spec and a backlog: seven formats, each read to the same tasks, built to our documents.

Pure: files come in as path -> text, `Imported` goes out. One module per format reads, `build` maps; what could not be
taken over is a note with its place, never silence.
"""
