"""Runs a Python handler: MODULE.FUNCTION of LAMBDA_TASK_ROOT, by the Lambda
Runtime API."""

import http.client
import importlib
import json
import os
import sys
import time
import traceback

API = "/2018-06-01/runtime/"


class Context:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        client = headers["Lambda-Runtime-Client-Context"]
        self.client_context = json.loads(client) if client else None
        self.identity = None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)


def call(connection, method, what, body=None):
    connection.request(method, API + what, body, {} if body is None else {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.headers, response.read()


def failure(error):
    return json.dumps({
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }).encode()


def load():
    module, dot, name = os.environ["_HANDLER"].rpartition(".")
    if not dot:
        raise ValueError("the handler %s is not MODULE.FUNCTION" % os.environ["_HANDLER"])
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    return getattr(importlib.import_module(module.replace("/", ".")), name)


def main():
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load()
    except BaseException as error:
        traceback.print_exc()
        call(connection, "POST", "init/error", failure(error))
        sys.exit(1)
    while True:
        headers, body = call(connection, "GET", "invocation/next")
        invocation = "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            answer = json.dumps(handler(json.loads(body), Context(headers))).encode()
        except Exception as error:
            traceback.print_exc()
            sys.stderr.flush()
            call(connection, "POST", invocation + "/error", failure(error))
        else:
            sys.stdout.flush()
            call(connection, "POST", invocation + "/response", answer)


main()
