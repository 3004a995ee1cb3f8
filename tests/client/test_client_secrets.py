"""Whatever comes back, and whoever echoes it: no secret is shown."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from airflow_dts.api.jobs import ModifyDtsJobPassword
from airflow_dts.client.client import DtsClient
from airflow_dts.errors import DtsError

SECRET = 'key+/="<secret>&'
TOKEN = "token+/=%25abc"
PASSWORD = "pä\"ss w/rd'<&>"
PARTS = (
    "key+",
    "token+",
    "token%",
    "pä",
    "w/rd",
    "w%2Frd",
    "key%2B",
    "secret>",
    "p%C3",
    "p\\u00e4",
    "p%25C3",
)


def echo(handler: Any, seen: Any, form: str, status: int, kind: str) -> None:
    shapes = {
        "raw": form,
        "signed": f"x{quote(form, safe='')}",
        "json": json.dumps({"Code": "Echo", "Message": form, "RequestId": form}),
        "xml": f"<Error><Code>Echo</Code><Message>{escape(form)}</Message></Error>",
        "page": f"<html><title>{escape(form)}</title></html>",
        "broken": '{"RequestId": "' + json.dumps(form),
        "code": json.dumps({"Success": False, "ErrCode": form[-120:], "ErrMessage": "m"}),
    }
    body = shapes[kind].encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def clear_and_encoded(seen: Any) -> list[str]:
    values = [PASSWORD, SECRET, TOKEN]
    return [
        " ".join(values),
        urlencode(seen.form),
        "x" * 150 + " ".join(values),
        json.dumps(seen.form, ensure_ascii=False),
        "\n".join(f"{name}={value}" for name, value in seen.form.items()) + SECRET,
    ]


@pytest.mark.parametrize("status", [200, 302, 400, 500])
@pytest.mark.parametrize("kind", ["raw", "signed", "json", "xml", "page", "broken", "code"])
def test_an_echo_shows_no_secret(
    kind: str, status: int, serve: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    turns = iter(range(99))

    def answer(handler: Any, seen: Any) -> None:
        forms = clear_and_encoded(seen)
        echo(handler, seen, forms[next(turns) % len(forms)], status, kind)

    stub = serve(answer)
    action = ModifyDtsJobPassword.model_construct(**sent_action().__dict__)
    with (
        caplog.at_level(logging.DEBUG),
        DtsClient(
            settings(endpoint=stub.url, access_key_secret=SECRET, security_token=TOKEN), sleep=lambda _: None
        ) as client,
    ):
        for _ in range(5):
            with pytest.raises(DtsError) as caught:
                client.call(action)
            error = caught.value
            shown = "\n".join(
                [
                    str(error),
                    repr(error),
                    repr(vars(error)),
                    "".join(traceback.format_exception(error)),
                    str(pickle.loads(pickle.dumps(error))),
                    repr(client),
                    repr(action),
                ]
            )
            assert [part for part in PARTS if part in shown] == []
    assert [part for part in PARTS if part in caplog.text] == []


def sent_action() -> ModifyDtsJobPassword:
    return ModifyDtsJobPassword(dts_job_id="job1", endpoint="src", user_name="dts", password=PASSWORD)


def test_a_reply_that_is_no_http_shows_no_secret(serve: Any, settings: Any) -> None:
    def babble(handler: Any, seen: Any) -> None:
        handler.wfile.write(f"{PASSWORD} {SECRET} {TOKEN}\r\n\r\n".encode())
        handler.close_connection = True

    stub = serve(babble)
    with (
        DtsClient(
            settings(endpoint=stub.url, access_key_secret=SECRET, security_token=TOKEN, attempts=1)
        ) as client,
        pytest.raises(DtsError) as caught,
    ):
        client.call(sent_action())
    shown = "".join(traceback.format_exception(caught.value))
    assert [part for part in PARTS if part in shown] == []
