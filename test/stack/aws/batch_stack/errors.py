"""Errors as the Batch API answers them."""


class ApiError(Exception):
    """An answer other than 200. `code` is the exception's name on the wire."""

    status = 400
    code = "ClientException"

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


class ClientException(ApiError):
    """The request is wrong: 400."""


class TooManyRequests(ApiError):
    """The account's request rate is exceeded: 429, which the SDKs try again."""

    status = 429
    code = "TooManyRequestsException"


class ServerException(ApiError):
    """The service failed: 500, which the SDKs try again."""

    status = 500
    code = "ServerException"
