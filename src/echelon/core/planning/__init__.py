"""From a brief to a plan: the questions, the answers with every gap in them, and the spec and backlog they become.

`reading` (a filled form) and `scaffold` (arguments of an agent) give a Draft; `checking` makes a Plan of it or says what is
missing; `writing` renders; `placing` decides whether it may be written; `interview` asks a person one thing at a time.
"""
