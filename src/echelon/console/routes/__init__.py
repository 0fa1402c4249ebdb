"""The routes, one module for each kind. A router that is listed here is guarded, published and tested."""

from __future__ import annotations

from echelon.console.routes import evidence, host, interface, level, page, reads, session, stream

ROUTERS = (
    session.router,
    level.router,
    reads.router,
    evidence.router,
    host.router,
    stream.router,
    interface.router,
    page.router,
)
