#!/usr/bin/env python3
"""S3 Control's GetAccessPoint, as AWS documents it: NAME=BUCKET... says what lies behind.

Prints its port and serves on loopback until it is ended. `control.py BUCKET_FILE`: the file holds
lines NAME=BUCKET and is read at each request, so that a test can change what an access point means.
"""
import http.server
import os
import re
import sys

NOT_FOUND = ("<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchAccessPoint</Code><Message>"
             "The specified accesspoint does not exist</Message></Error></ErrorResponse>")
FOUND = ('<?xml version="1.0" encoding="UTF-8"?><GetAccessPointResult xmlns='
         '"http://awss3control.amazonaws.com/doc/2018-08-20/"><Name>{name}</Name>'
         "<Bucket>{bucket}</Bucket><BucketAccountId>{account}</BucketAccountId>"
         "</GetAccessPointResult>")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[1], encoding="utf-8") as file:
            points = dict(line.strip().split("=", 1) for line in file if "=" in line)
        match = re.fullmatch(r"/v20180820/accesspoint/([a-z0-9-]+)", self.path)
        name = match.group(1) if match else ""
        account = self.headers.get("x-amz-account-id", "")
        signed = self.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 ")
        status = 200 if signed and account and name in points else 404
        body = FOUND.format(name=name, bucket=points.get(name), account=account)
        data = (body if status == 200 else NOT_FOUND).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    os.chdir("/")
    main()
