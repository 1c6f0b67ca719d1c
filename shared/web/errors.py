"""One page for whatever went wrong, in the reader's language and without details."""

from http import HTTPStatus

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException, InternalServerError

from shared.doors.throttle import TooManyFailures
from shared.errors import NotFound
from shared.web.request import roll_back_database


def handle_errors(app: Flask) -> None:
    """Answer refusals and faults of an app with pages."""
    app.register_error_handler(HTTPException, answer_error)
    app.register_error_handler(NotFound, _answer_not_found)
    app.register_error_handler(TooManyFailures, _answer_too_many)


def answer_error(error: HTTPException) -> ResponseReturnValue:
    """Keep status and headers (as Allow), replace the body."""
    roll_back_database()
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    title, text = error_words(error.code)
    headers = [(name, text) for name, text in error.get_headers() if name != "Content-Type"]
    return render_template("error.html", title=title, text=text), error.code, headers


def _answer_not_found(_error: NotFound) -> ResponseReturnValue:
    """Answer alike what is not yours and what does not exist (security.md T7)."""
    roll_back_database()
    title, text = error_words(404)
    return render_template("error.html", title=title, text=text), 404


def _answer_too_many(error: TooManyFailures) -> ResponseReturnValue:
    """Say how long to wait."""
    roll_back_database()
    title, text = error_words(429)
    page = render_template("error.html", title=title, text=text)
    return page, 429, {"Retry-After": str(error.retry_after_s)}


def error_words(code: int) -> tuple[str, str]:
    """Return the heading and the sentence for a status."""
    words = {
        400: (
            _("送信を受け取れませんでした"),
            _(
                "ページが古くなったか、ほかのサイトから送られました。前のページを開き直してください。"
            ),
        ),
        403: (_("このページは開けません"), _("あなたの役割では、この操作はできません。")),
        404: (_("ページが見つかりません"), _("アドレスが違うか、見ることのできないページです。")),
        405: (_("この操作はできません"), _("前のページに戻って、もう一度お試しください。")),
        413: (_("ファイルが大きすぎます"), _("小さく分けて、もう一度お試しください。")),
        429: (
            _("しばらくお待ちください"),
            _("ログインの失敗が続きました。少し時間をおいて、もう一度お試しください。"),
        ),
    }
    if code >= InternalServerError.code:
        return _("ただいま表示できません"), _("少し時間をおいて、もう一度お試しください。")
    return words.get(code, words[400])
