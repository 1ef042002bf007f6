"""One command that runs everything on one machine: Redis, web, worker, beat and dispatch under one parent.

`preflight` looks before anything is started, `prepare` brings the database up to date, `children` says what runs,
`loop` keeps it running, `guard` is a tiny second process that cleans up when the parent is killed.
"""
