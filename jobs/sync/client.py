"""One HTTP client for every live source: patient, bounded, and careful with tokens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from random import Random
from types import TracebackType
from typing import Any

import httpx2

from jobs.importers.loose_json import loose_json
from jobs.sync import waits
from jobs.sync.live import Access, Refused
from service.errors import BadSetting, SyncFailed
from service.ingest.fields import BadRecord

BODY_LIMIT = 64 << 20
BODY_SECONDS = 300.0
READ_SECONDS, CONNECT_SECONDS = 30.0, 15.0
REDIRECTS = 3
LOCAL = ("127.0.0.1", "localhost", "::1")
LATER = "run `groundswell sync` again later, it goes on from here"
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a client waits, by which clock and which dice.

    `attempts` is how often one request is sent, `patience` the longest of its waits in seconds,
    `most` what one sync waits in all; `limit` is the size of an answer in bytes.
    """

    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    dice: Random = field(default_factory=Random)
    attempts: int = 6
    patience: float = 900.0
    most: float = 7_200.0
    limit: int = BODY_LIMIT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform answered. `headers` are in lower case; `next` is that of the Link header."""

    status: int
    data: Any
    headers: Mapping[str, str]
    next: str | None = None


class Faulty(Exception):
    """A try that came to nothing, and may come to something when it is made again."""


class Client:
    """Asks one API, whose root is `api`. `requests` counts what was sent, `waited` seconds.

    Requests are sent again after faults of the network, 5xx and 429, as late as the platform asks
    for. The token goes to `api` alone: other hosts are not asked at all. Nothing that is raised or
    logged holds the token, a query or a body.
    """

    def __init__(self, api: str, access: Access, pace: Pace) -> None:
        # It would log each address with its query, where some platforms want their key.
        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.api = httpx2.URL(api.rstrip("/"))
        self.access = access
        self.pace = pace
        self.requests = 0
        self.waited = 0.0
        if access.secret and self.api.scheme != "https" and self.api.host not in LOCAL:
            raise SyncFailed(f"a token is not sent to {self.host} by http: write https://")
        self._http = httpx2.Client(
            headers={
                "User-Agent": f"groundswell/{version('groundswell')}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                **_checked(access),
            },
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    @property
    def host(self) -> str:
        """The host of the API, with its port where one is named."""
        return self.api.netloc.decode("ascii")

    def get(
        self, path: str, params: Params | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return the answer to GET; `path` is under the API's root, or an address on its host.

        Raises Refused for 4xx, SyncFailed where every try failed. 304 has no data.
        """
        return self._ask("GET", path, params, None, headers)

    def post(self, path: str, body: Any) -> Answer:
        """Return the answer to a POST of JSON that asks and changes nothing, as GraphQL does."""
        return self._ask("POST", path, None, body, None)

    def rest(self, seconds: float) -> None:
        """Wait; raise SyncFailed where that is longer than this sync may take."""
        seconds = max(seconds, 0.0)
        if seconds > self.pace.patience:
            minutes = max(1, round(seconds / 60))
            raise SyncFailed(
                f"{self.host} asks to wait {minutes} min: run `groundswell sync` again then, it "
                f"goes on from here{self.hint()}"
            )
        if self.waited + seconds > self.pace.most:
            minutes = max(1, round(self.waited / 60))
            raise SyncFailed(f"{self.host} has made us wait {minutes} min: {LATER}{self.hint()}")
        self.waited += seconds
        self.pace.sleep(seconds)

    def _ask(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: Any,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        url = self._url(path, params)
        place = url.path
        for attempt in range(self.pace.attempts):
            wait: float | None = None
            try:
                answer = self._follow(method, url, body, headers)
                if answer.status < 400:
                    return answer
                wait = waits.asked(answer.headers, answer.data, self.pace.clock())
                if not _passing(answer.status, wait):
                    raise Refused(self._refusal(answer.status, place), answer.status, answer.data)
                fault = f"answered {answer.status}"
            except Faulty as error:
                fault = str(error)
            if attempt + 1 < self.pace.attempts:
                self.rest(wait or waits.backoff(attempt, self.pace.dice))
        raise SyncFailed(f"{self.host} {fault} at {place}, {self.pace.attempts} times: {LATER}")

    def _url(self, path: str, params: Params | None) -> httpx2.URL:
        try:
            url = httpx2.URL(path if "://" in path else f"{self.api}{path}")
        except httpx2.InvalidURL:
            raise SyncFailed(f"{self.host} names a page that is no address: {LATER}") from None
        if _origin(url) != _origin(self.api):
            raise SyncFailed(f"{self.host} names a page on {url.host}, which is not asked")
        given = {**(params or {}), **self.access.params}
        return url.copy_merge_params(given) if given else url

    def _follow(
        self, method: str, url: httpx2.URL, body: Any, headers: Mapping[str, str] | None
    ) -> Answer:
        """Return the answer, where need be after redirects that stay on the host."""
        for _ in range(REDIRECTS + 1):
            answer = self._send(method, url, body, headers)
            location = answer.headers.get("location")
            if not 300 <= answer.status < 400 or answer.status == 304:
                return answer
            try:
                url = url.join(location or "")
            except httpx2.InvalidURL:
                location = None
            if location is None or _origin(url) != _origin(self.api) or method != "GET":
                raise SyncFailed(
                    f"{self.host} sends on to {url.host or 'nowhere'}: sync the address where "
                    "the community is now"
                )
        raise SyncFailed(f"{self.host} redirects in a ring: check the address")

    def _send(
        self, method: str, url: httpx2.URL, body: Any, headers: Mapping[str, str] | None
    ) -> Answer:
        """Return the answer to one request, read to its end; raise Faulty for what may pass."""
        self.requests += 1
        request = self._http.build_request(method, url, json=body, headers=dict(headers or {}))
        try:
            response = self._http.send(request, stream=True)
            try:
                raw = self._read(response)
            finally:
                response.close()
        except httpx2.TimeoutException:
            raise Faulty("gave no answer in time") from None
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            if "CERTIFICATE" in str(error).upper():
                raise SyncFailed(
                    f"the certificate of {self.host} is not trusted: check the address, or let "
                    "SSL_CERT_FILE name your authority"
                ) from None
            opening = isinstance(error, httpx2.ConnectError)
            raise Faulty("cannot be reached" if opening else "cut the answer") from None
        found = {name.lower(): value for name, value in response.headers.items()}
        onward = response.links.get("next", {}).get("url")
        return Answer(response.status_code, _json(raw, response.status_code), found, onward)

    def _read(self, response: httpx2.Response) -> bytes:
        raw = bytearray()
        end = time.monotonic() + BODY_SECONDS
        for piece in response.iter_bytes():
            raw += piece
            if len(raw) > self.pace.limit:
                raise SyncFailed(
                    f"{self.host} answered more than {self.pace.limit >> 20} MB to "
                    f"{response.url.path}: check the address"
                )
            if time.monotonic() > end:
                raise Faulty("gave no answer in time")
        return bytes(raw)

    def _refusal(self, status: int, place: str) -> str:
        token = self.access.variable
        if status in (401, 403) and not self.access.secret:
            return f"{self.host} shows {place} to nobody without a token: set {token}"
        if status == 401:
            return f"{self.host} does not accept the token: check {token}"
        if status == 403:
            return f"{self.host} does not allow {place}: check what {token} may read"
        if status in (404, 410):
            return f"{self.host} has no {place}: check the address and what {token} may read"
        return f"{self.host} refused {place} with {status}: check the address and {token}"

    def hint(self) -> str:
        """Return the end of an error about limits: what a token would change."""
        return "" if self.access.secret else f"; {self.access.variable} gives you more requests"


def _passing(status: int, wait: float | None) -> bool:
    """Return whether a refusal may be over by the next try; GitHub says 403 for its limits."""
    return status in (408, 429) or status >= 500 or (status == 403 and wait is not None)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _json(raw: bytes, status: int) -> Any:
    if not raw or status == 304:
        return None
    try:
        return loose_json(raw)
    except BadRecord:
        if status >= 300:
            return None
        raise Faulty("sent no valid JSON") from None


def _checked(access: Access) -> dict[str, str]:
    for value in access.headers.values():
        if not (value.isascii() and value.isprintable()):
            raise BadSetting(f"{access.variable} holds characters that no token has: set it anew")
    return dict(access.headers)
