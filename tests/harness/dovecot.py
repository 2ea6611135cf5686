"""A private Dovecot on free ports of the loopback: IMAP, IMAPS and LMTP, its mail in a temp folder.

It runs as root or as an ordinary user; nothing of the machine's own Dovecot is read or touched.
"""

import getpass
import grp
import os
import shutil
import smtplib
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from tests.harness.require import program

PASSWORD = "kjell-2718"


@dataclass(frozen=True)
class Dovecot:
    """Where the server listens, and how to put mail in behind IMAP's back."""

    folder: Path
    imap_port: int
    imaps_port: int
    lmtp_port: int
    ca_file: Path
    config: Path

    def deliver(self, user: str, *mails: bytes) -> None:
        """Hand mails over by LMTP, as a mail server does."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port, timeout=20) as lmtp:
            for mail in mails:
                refused = lmtp.sendmail("out@example.org", [user], mail)
                assert not refused

    def doveadm(self, *words: str) -> str:
        """Run an administrator's command and return what it prints."""
        done = subprocess.run(
            [program("doveadm", within="/usr/bin"), "-c", self.config, *words],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def uids(self, user: str, folder: str = "INBOX") -> list[int]:
        """Return a folder's UIDs."""
        printed = self.doveadm("fetch", "-u", user, "uid", "mailbox", folder)
        return [int(word) for word in printed.split() if word.isdigit()]

    def flags(self, user: str, uid: int, folder: str = "INBOX") -> str:
        """Return one mail's flags."""
        words = ("fetch", "-u", user, "flags", "mailbox", folder, "uid", str(uid))
        return self.doveadm(*words).strip().removeprefix("flags:").strip()

    def drop_connections(self, user: str) -> None:
        """Throw a user's connections out, as a restart of the server does."""
        self.doveadm("kick", user)

    def spoil(self, user: str, number: int) -> None:
        """Make one of the mails that ``fill`` put in impossible for the server to read."""
        for file in (self.folder / "mail" / user).glob(f"*/1700000000.{number:08d}.fill*"):
            if os.geteuid() == 0:
                shutil.chown(file, "root", "root")
            file.chmod(0)

    def mend(self, user: str, number: int) -> None:
        """Undo what ``spoil`` did."""
        for file in (self.folder / "mail" / user).glob(f"*/1700000000.{number:08d}.fill*"):
            file.chmod(0o644)

    def fill(self, user: str, mails: Sequence[bytes]) -> None:
        """Put many mails into INBOX at once, as files, before anybody looks."""
        new = self.folder / "mail" / user / "new"
        for part in ("cur", "new", "tmp"):
            (new.parent / part).mkdir(parents=True, exist_ok=True)
        for number, mail in enumerate(mails):
            text = mail.replace(b"\r\n", b"\n")
            (new / f"1700000000.{number:08d}.fill").write_bytes(text)
        _own(new.parent.parent)


@contextmanager
def dovecot(*, extra: str = "") -> Generator[Dovecot]:
    """Run a server until the block ends; ``extra`` is appended to its configuration."""
    binary = program("dovecot")
    with TemporaryDirectory(prefix="svartid-dovecot-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "mail").mkdir()
        _own(folder / "mail")
        ports = _free_ports(3)
        ca = trustme.CA()
        ca.cert_pem.write_to_path(folder / "ca.pem")
        ca.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            folder / "server.pem"
        )
        config = folder / "dovecot.conf"
        config.write_text(_configuration(folder, ports) + extra, encoding="utf-8")
        log = folder / "log"
        server = subprocess.Popen(
            [binary, "-F", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_up(server, ports, log)
            yield Dovecot(folder, *ports, ca_file=folder / "ca.pem", config=config)
        finally:
            server.terminate()
            server.wait(20)


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _wait_until_up(server: "subprocess.Popen[bytes]", ports: Sequence[int], log: Path) -> None:
    end = time.monotonic() + 20
    for port in ports:
        while True:
            if server.poll() is not None or time.monotonic() > end:
                text = log.read_text(encoding="utf-8") if log.exists() else ""
                raise RuntimeError(f"Dovecot did not come up: {text}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                break


def _configuration(folder: Path, ports: Sequence[int]) -> str:
    imap, imaps, lmtp = ports
    root = os.geteuid() == 0
    me = getpass.getuser()
    group = grp.getgrgid(os.getgid()).gr_name
    home = "uid=nobody gid=nogroup" if root else f"uid={os.getuid()} gid={os.getgid()}"
    users = ""
    if not root:
        users = (
            f"default_internal_user = {me}\ndefault_internal_group = {group}\n"
            f"default_login_user = {me}\n"
        )
        users += "".join(
            f"service {service} {{\n  chroot =\n}}\n"
            for service in ("imap-login", "anvil", "stats")
        )
    return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
first_valid_uid = 0
first_valid_gid = 0
{users}
mail_location = maildir:{folder}/mail/%n
mail_fsync = never
mail_max_userip_connections = 200
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = {home} home={folder}/mail/%n allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
  process_min_avail = 1
}}
# After a wrong password Dovecot makes everybody at that address wait.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Done {{
    auto = create
  }}
}}
"""
