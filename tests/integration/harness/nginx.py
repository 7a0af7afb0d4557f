"""nginx as an origin: a server that nobody here wrote."""
import os
import shutil
import signal
import socket

from harness.ports import free_port
from harness.process import Process
from harness.wait import wait_until

CONF = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type text/plain;
  client_max_body_size 0;
  keepalive_timeout {keep_alive}s;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    {server}
  }}
}}
"""


class Nginx:
    def __init__(self, folder, server="", keep_alive=60):
        self.folder, self.port = str(folder), free_port()
        self.www = os.path.join(self.folder, "www")
        os.makedirs(self.www, exist_ok=True)
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w") as file:
            file.write(CONF.format(folder=self.folder, port=self.port, server=server, keep_alive=keep_alive))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = Process("nginx", [nginx, "-p", self.folder, "-c", path, "-e", "stderr"], self.folder)
        wait_until(self._accepts, "nginx", detail=self.process.tail)

    def _accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def write(self, name, data):
        with open(os.path.join(self.www, name), "wb") as file:
            file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.running():
            self.process.signal(signal.SIGTERM)
            self.process.wait_exit()
