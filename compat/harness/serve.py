"""`poolhouse serve` as an operator sets it up: configuration file, master key, access key, certificate, mail server."""

import datetime
import glob
import ipaddress
import os
import re
import signal
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.postgres import free_port
from harness.server import REGION, binary, wait_healthy

NAMES = ["localhost", "login.poolhouse.test", f"compat-oidc.auth.{REGION}.amazoncognito.com", f"cognito-idp.{REGION}.amazonaws.com"]


def certificate(directory: Path) -> None:
    """tls.pem and tls-key.pem for NAMES, self-signed: the certificate is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "poolhouse test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName(n) for n in NAMES] + [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256()))
    (directory / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "tls-key.pem").write_bytes(secret)
    (directory / "tls-key.pem").chmod(0o600)


class Process:
    """One running `poolhouse serve`."""

    def __init__(self, deployment: "Deployment", number: int):
        self.deployment = deployment
        self.number = number
        self.http_port, self.https_port, self.console_port = free_port(), free_port(), free_port()
        self.config = deployment.write_config(f"serve-{number}.toml", self.http_port, self.https_port, self.console_port)
        self.log = deployment.directory / f"serve-{number}.log"
        self.process = None
        self.environment = dict(os.environ)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    def start(self) -> "Process":
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([binary(), "serve", "--config", str(self.config)], env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_healthy(self.http, None, self.process, self.log)
        return self

    def clock_off(self, seconds: int) -> "Process":
        """Gives this process's machine a clock that is wrong by so much, from the next start on."""
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        assert library, "libfaketime is needed: cargo xtask test --only install"
        self.environment |= {"LD_PRELOAD": library[0], "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return self

    def kill(self) -> None:
        """SIGKILL to this process alone."""
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        if self.process:
            self.process.wait()


class Deployment:
    """A directory with the keys and any number of processes on one store. Use as a context manager."""

    def __init__(self, directory: Path, store_url: str, smtp_port: int):
        self.directory, self.store_url, self.smtp_port = directory, store_url, smtp_port
        self.processes = []
        certificate(directory)
        self.ca = str(directory / "tls.pem")
        self.command("master-key", "create", str(directory / "master.key"))
        self.config = self.write_config("poolhouse.toml", free_port(), free_port(), free_port())

    def write_config(self, name: str, http: int, https: int, console: int) -> Path:
        """The documented minimal file, with all listeners on loopback, and without limits: faults are provoked in bursts."""
        at = self.directory
        text = f"""public_url = "https://login.poolhouse.test"
region = "{REGION}"
issuer = "aws"
[listen]
http = "127.0.0.1:{http}"
https = "127.0.0.1:{https}"
[tls]
certificate = "{at}/tls.pem"
key = "{at}/tls-key.pem"
[store]
url = "{self.store_url}"
[keys]
master_key_file = "{at}/master.key"
[smtp]
host = "127.0.0.1"
port = {self.smtp_port}
security = "none"
from = "no-reply@poolhouse.test"
[console]
listen = "127.0.0.1:{console}"
[limits]
quotas = "off"
guesses_per_minute_per_address = 1000000
guesses_per_minute_per_client = 1000000
guesses_per_minute_per_pool = 1000000
"""
        (at / name).write_text(text)
        (at / name).chmod(0o600)
        return at / name

    def command(self, *arguments: str) -> str:
        """Output of `poolhouse ARGUMENTS`, which must succeed."""
        done = subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"poolhouse {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def access_key(self, name: str = "admin", allow: str = "*") -> tuple[str, str]:
        """A new key's id and secret, read from lines such as AWS_ACCESS_KEY_ID=… or "SecretAccessKey": "…"."""
        text = self.command("access-key", "create", "--config", str(self.config), "--name", name, "--allow", allow)
        found = [re.search(rf"(?i)(?:aws_)?{word}\W{{1,6}}([\w/+=]+)", text) for word in ("access_?key_?id", "secret_?access_?key")]
        assert all(found), text
        return found[0][1], found[1][1]

    def process(self) -> Process:
        """One that is not started yet."""
        self.processes.append(Process(self, len(self.processes) + 1))
        return self.processes[-1]

    def start(self) -> Process:
        return self.process().start()

    def __enter__(self) -> "Deployment":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
