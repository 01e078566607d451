"""As much of a Weights & Biases server as `wandb sync` needs, on loopback; it keeps what it is sent."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that ends without closing its connections is no error here."""


class WandbServer:
    def __init__(self):
        self.runs: dict[str, dict] = {}
        self.history: dict[str, list[dict]] = {}
        self.summary: dict[str, dict] = {}
        self.uploads: dict[str, bytes] = {}
        self.exit_codes: dict[str, int] = {}
        self.server = QuietServer(("127.0.0.1", 0), handler_of(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def graphql(self, query: str, variables: dict) -> dict:
        data = {}
        if "viewer" in query:
            data["viewer"] = {"id": "v", "username": "me", "entity": "me", "flags": "{}", "teams": {"edges": []}}
        if "upsertBucket" in query:
            name = variables.get("name")
            known = self.runs.setdefault(name, {})
            known.update({key: value for key, value in variables.items() if value is not None})
            project = {"id": "p", "name": known.get("project"), "entity": {"id": "e", "name": "me"}}
            bucket = {"id": name, "name": name, "displayName": known.get("displayName"), "description": "", "config": "{}"}
            bucket |= {"sweepName": None, "historyLineCount": 0, "project": project}
            data["upsertBucket"] = {"bucket": bucket, "inserted": True}
        if "createRunFiles" in query:
            run = variables["run"]
            files = [{"name": name, "uploadUrl": f"{self.url}/upload/{run}/{name}"} for name in variables["files"]]
            data["createRunFiles"] = {"runID": run, "uploadHeaders": [], "files": files}
        return {"data": data}

    def stream(self, run: str, body: dict) -> None:
        files = body.get("files", {})
        for line in files.get("wandb-history.jsonl", {}).get("content", []):
            self.history.setdefault(run, []).append(json.loads(line))
        for line in files.get("wandb-summary.json", {}).get("content", []):
            self.summary[run] = json.loads(line)
        if "exitcode" in body:
            self.exit_codes[run] = body["exitcode"]

    def close(self) -> None:
        self.server.shutdown()


def handler_of(server: WandbServer):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def body(self) -> bytes:
            if self.headers.get("transfer-encoding") == "chunked":
                data = b""
                while size := int(self.rfile.readline(), 16):
                    data += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                data = self.rfile.read(int(self.headers.get("content-length") or 0))
            return gzip.decompress(data) if self.headers.get("content-encoding") == "gzip" else data

        def answer(self, value: dict) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self.answer({})

        def do_PUT(self):
            server.uploads[self.path.removeprefix("/upload/")] = self.body()
            self.answer({})

        def do_POST(self):
            body = self.body()
            if self.path == "/graphql":
                request = json.loads(body)
                self.answer(server.graphql(request["query"], request.get("variables") or {}))
                return
            if self.path.endswith("/file_stream"):
                server.stream(self.path.split("/")[-2], json.loads(body))
            self.answer({})

    return Handler
