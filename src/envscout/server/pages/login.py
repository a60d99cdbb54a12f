"""How people come in with a token where nobody else vouches for them: it is kept in a cookie that no script reads."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post

from envscout.errors import EnvscoutError, TooManyRequests
from envscout.server import auth_browser, reading
from envscout.server.auth import COOKIE, TOKEN_COOKIE, Doorkeeper
from envscout.server.auth_login import SESSION_LASTS, local, moved
from envscout.server.pages.serving import MAX_FORM, shown

_PATH = "/login/token"


class Offered(msgspec.Struct, frozen=True):
    """The form. next: where to go then. problem: why the last try failed. issuer: whether people may go there."""

    next: str
    issuer: bool
    problem: str = ""


class _Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str = ""
    next: str = "/"


def handlers(keeper: Doorkeeper) -> list[Any]:
    """Return the handlers of the form."""

    @get(_PATH, name="page login", sync_to_thread=False)
    def offer(request: Request[Any, Any, Any]) -> Response[bytes]:
        return shown(request, "login", Offered(local(request.query_params.get("next", "/")), bool(keeper.door.issuer)))

    @post(_PATH, name="form login", status_code=200, request_max_body_size=MAX_FORM)
    async def come_in(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        auth_browser.check_session("POST", headers)
        fields: _Fields = reading.query(await request.body(), _Fields)
        target = local(fields.next)
        client = request.client.host if request.client else ""
        try:
            keeper.holder(fields.token.strip(), client)
        except TooManyRequests:
            raise
        except EnvscoutError as error:
            return shown(request, "login", Offered(target, bool(keeper.door.issuer), error.cause), 401)
        # Whoever the browser was before, it is not any more: another session would come before the token.
        return moved(target, (TOKEN_COOKIE, fields.token.strip(), SESSION_LASTS), (COOKIE, "", 0))

    return [offer, come_in]
