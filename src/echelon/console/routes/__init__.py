"""The routes, one module for each kind. A router that is listed here is guarded, published and tested."""

from __future__ import annotations

from echelon.console.routes import host, interface, level, page, proving, reads, rework, session, stream

ROUTERS = (
    session.router,
    level.router,
    reads.router,
    host.router,
    proving.router,
    rework.router,
    stream.router,
    interface.router,
    page.router,
)
